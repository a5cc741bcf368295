#pragma once

#include "analyzer/model/workload_state.hpp"

namespace quell::model {

/// Gives queries that no recorded scope holds a derived one, by the strongest rule that tells: tags in a comment; a
/// session variable or application_name that names a request, job or test; an explicit transaction on their connection;
/// a run of queries on one connection between pauses. What drivers and pools send for the session's sake is in no
/// scope of the last two and parts them. Appends to `state.scopes`; a query alone between pauses stays outside.
void derive_scopes(WorkloadState& state);

/// Queries without a call site get the one that their comment names.
void read_tagged_call_sites(WorkloadState& state);

/// The pause, in nanoseconds, that ends an idle-gap scope on a connection whose queries are `gaps` apart. The widest
/// step between neighbours of the sorted gaps, where it is at least fourfold and lies between 1 ms and 10 s, parts the
/// pauses within a request from those between requests; otherwise 20 ms: a program that works on one request answers
/// the database faster, and a person slower.
[[nodiscard]] trace::Duration idle_gap_threshold(std::vector<trace::Duration> gaps);

}  // namespace quell::model
