#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "analyzer/model/workload.hpp"
#include "analyzer/plan/run_request.hpp"

namespace quell::advise {

/// One execution's text and values, with the executions it stands for.
struct SampledExecution {
  plan::RunRequest request;
  double weight = 1;
};

/// What the advisor needs of one statement of a workload.
struct SampledStatement {
  model::StatementIndex statement = model::kNone;
  const sql::StatementFacts* facts = nullptr;  ///< lives as long as the workload
  std::uint64_t executions = 0;
  std::vector<SampledExecution> samples;
};

/// Text and values of one execution, ready for EXPLAIN. Mode ANALYZE; writes and volatile functions are marked.
[[nodiscard]] plan::RunRequest run_request(const model::Workload& workload, model::QueryIndex query);

/// Up to three executions whose values are frequent, usual and rare: a skewed value can need another plan. Executions
/// of equal values count together; failed ones only where there are no others. Deterministic.
[[nodiscard]] SampledStatement sample_statement(const model::Workload& workload, model::StatementIndex statement);

}  // namespace quell::advise
