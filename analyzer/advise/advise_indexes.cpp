#include "analyzer/advise/index_advisor.hpp"
#include "analyzer/advise/proof.hpp"

namespace quell::advise {

AdviseResult advise_indexes(const model::Workload& workload, const AdviseParams& params) {
  std::vector<SampledStatement> statements;
  for (std::size_t i = 0; i < workload.statements().size(); ++i) {
    statements.push_back(sample_statement(workload, static_cast<model::StatementIndex>(i)));
  }
  AdviseResult result = advise_statements(statements, params);
  if (params.prove) prove(statements, params, result.advice);
  return result;
}

}  // namespace quell::advise
