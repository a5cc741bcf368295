#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "analyzer/model/workload.hpp"

namespace quell::detect {

enum class Kind : std::uint8_t { n_plus_one, n_plus_one_write, duplicate_query, batch_plus_one, slow_query };
enum class Confidence : std::uint8_t { possible, likely, proved };
/// From cost: what is saved, and its share of the scope.
enum class Severity : std::uint8_t { info, low, medium, high };

[[nodiscard]] std::string_view to_string(Kind kind);
[[nodiscard]] std::string_view to_string(Confidence confidence);
[[nodiscard]] std::string_view to_string(Severity severity);

/// Where the binds of the child came from: the heart of a proof.
struct ValueEdge {
  std::string from_table;         ///< "posts"; empty where the trace does not tell
  std::string from_column;        ///< "author_id"
  std::string to_parameter;       ///< "$1"
  std::string to_table;           ///< "users"; empty where the statement does not tell
  std::string to_column;          ///< "id": the column the parameter is compared with
  std::uint64_t covered = 0;      ///< executions whose value stands in a parent row, in the example scope
  std::uint64_t executions = 0;   ///< executions in the example scope
  std::uint64_t parent_rows = 0;  ///< rows of the parent's result in the example scope
  bool row_order = false;         ///< execution i took row i's value (after removing repeats)
};

/// How executions grow with the parent's distinct values over the scopes of one name: least squares over (distinct
/// values in the parent's column, executions) of each scope where the parent ran.
struct Scaling {
  double slope = 0;  ///< near 1: one execution a value; near 0: does not grow
  double r_squared = 0;
  std::uint64_t scopes = 0;
  std::uint64_t sizes = 0;  ///< different numbers of parent values seen; under 3 the slope says little
};

struct LocatedCallSite {
  enum class Role : std::uint8_t { parent, child };
  Role role = Role::child;
  model::CallSite site;
  std::uint64_t executions = 0;
};

/// What the finding costs now, and would no longer cost, per scope of this name (median) and over the whole trace.
///
/// Saved round trips of one scope: its executions less the one that stays (executions of one pipeline batch share a
/// trip). Saved milliseconds: each saved trip saves the *floor* of the group, the lower quartile of its measured
/// durations (network and per-statement overhead; the work above it stays in the batched query), and the shortest
/// pause between two of the executions where it is no longer than the floor (the driver's own work; longer pauses are
/// the program's). For executions that overlap, the floor counts once for each stretch of time they cover together. A
/// slow query saves nothing by itself: its milliseconds are the time spent in it.
struct Cost {
  std::uint64_t round_trips = 0;  ///< saved, in the median affected scope
  double milliseconds = 0;        ///< saved, in the median affected scope
  std::uint64_t total_round_trips = 0;
  double total_milliseconds = 0;
  double share = 0;  ///< of the affected scopes' time, 0 to 1
};

struct Advice {
  enum class Kind : std::uint8_t { eager_load, rewrite, memoize, index, investigate };
  Kind kind = Kind::investigate;
  std::string sentence;  ///< what to do, one sentence
  std::string code;      ///< the call or the SQL to write; may be empty
  std::string stack;     ///< whose terms: "quell::db", "sql", ...
};

[[nodiscard]] std::string_view to_string(Advice::Kind kind);

struct Finding {
  std::string identity;  ///< 16 hexadecimal digits of kind + scope name + parent + child + edge columns
  Kind kind = Kind::n_plus_one;
  Confidence confidence = Confidence::likely;
  Severity severity = Severity::info;
  std::string scope_name;  ///< "GET /posts"; "(outside any scope)" where there is none
  std::uint64_t scopes_affected = 0;
  std::uint64_t scopes_total = 0;  ///< scopes of this name in the trace
  model::StatementIndex parent = model::kNone;
  model::StatementIndex child = model::kNone;
  /// In the example scope (the affected scope with the most executions; the first of equals).
  std::uint64_t executions = 0;
  std::uint64_t distinct_values = 0;
  std::uint64_t total_executions = 0;  ///< over all affected scopes
  std::optional<ValueEdge> edge;
  std::optional<Scaling> scaling;           ///< only with an edge
  std::vector<LocatedCallSite> call_sites;  ///< parents first
  model::ScopeIndex example_scope = model::kNone;
  std::vector<model::QueryIndex> example_queries;  ///< parent first, then up to 5 children
  Cost cost;
  std::vector<Advice> advice;  ///< filled by analyzer/advise
};

/// A repetition that is not a finding, and why (`quell report --explain-silence`). The reasons stand in silence.hpp and
/// docs/detection.md.
struct Silence {
  std::string scope_name;
  model::StatementIndex statement = model::kNone;
  std::string reason;  ///< a named reason, e.g. "several foreign keys of one row"
  std::uint64_t executions = 0;
};

struct DetectParams {
  /// Executions in one scope from which a repetition is an N+1. Two do not show growth.
  std::uint32_t n_plus_one_threshold = 3;
  /// Equal executions in one scope from which a repetition is a duplicate.
  std::uint32_t duplicate_threshold = 2;
  /// A single execution at least this long is slow; milliseconds. 0: none is.
  double slow_milliseconds = 100;
  /// Keys of one chunk up to which chunked loading is reported (batch_plus_one); larger chunks are as they should be.
  std::uint32_t small_chunk = 32;
};

struct Detection {
  std::vector<Finding> findings;  ///< by severity, then cost, then identity: a total order
  std::vector<Silence> silences;
};

/// A pure function: same workload, same result, whatever the number of threads.
[[nodiscard]] Detection detect(const model::Workload& workload, const DetectParams& params = {});

}  // namespace quell::detect
