#include "analyzer/advise/index_advisor.hpp"

namespace quell::advise {

AdviseResult advise_indexes(const model::Workload& workload, const AdviseParams& params) {
  std::vector<SampledStatement> statements;
  for (std::size_t i = 0; i < workload.statements().size(); ++i) {
    statements.push_back(sample_statement(workload, static_cast<model::StatementIndex>(i)));
  }
  return advise_statements(statements, params);
}

}  // namespace quell::advise
