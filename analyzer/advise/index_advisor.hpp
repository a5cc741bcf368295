#pragma once

#include <vector>

#include "analyzer/advise/index_advice.hpp"
#include "analyzer/advise/statement_sample.hpp"

namespace quell::advise {

/// The advisor on statements from anywhere; advise_indexes() takes them from a trace.
[[nodiscard]] AdviseResult advise_statements(const std::vector<SampledStatement>& statements,
                                             const AdviseParams& params);

}  // namespace quell::advise
