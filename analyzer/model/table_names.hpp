#pragma once

#include "analyzer/model/workload_state.hpp"

namespace quell::model {

/// Learns which table an OID in result columns is: of statements with one table at once, of those with several where
/// all but one are known.
void learn_table_names(WorkloadState& state);

}  // namespace quell::model
