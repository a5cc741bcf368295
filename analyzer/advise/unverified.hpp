#pragma once

#include <vector>

#include "analyzer/advise/candidate.hpp"
#include "analyzer/plan/plan.hpp"

namespace quell::advise {

/// Without what-if costs: for each sequential scan with a filter in a statement's plan, over a table of some size, the
/// candidate that should leave the fewest rows, where that is a small share of the table. Of equals the narrowest. Rows
/// are estimated from the number of distinct values. Pure.
[[nodiscard]] std::vector<Candidate> likely_candidates(const plan::Node& root, const std::vector<CatalogTable>& tables,
                                                       const std::vector<Candidate>& candidates);

}  // namespace quell::advise
