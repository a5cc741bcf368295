#include "analyzer/advise/batch_sql.hpp"
#include "analyzer/advise/index_advice.hpp"
#include "analyzer/advise/loading_advice.hpp"

namespace quell::advise {

void advise_loading(const model::Workload& workload, std::vector<detect::Finding>& findings) {
  // Only our layer feeds the tracer's observer; the proxy sees whatever speaks the protocol.
  const Layer layer = workload.header().agent.starts_with("quell-tracer") ? Layer::quell_db : Layer::unknown;
  for (detect::Finding& finding : findings) {
    if (finding.child == model::kNone) continue;
    const auto queries = workload.queries_of_statement(finding.child);
    std::vector<std::string> types;
    if (!queries.empty()) {
      for (const model::Bind& bind : workload.binds(queries.front())) {
        types.push_back(sql_type(bind.type_oid, bind.value.kind() == trace::Value::Kind::integer));
      }
    }
    for (detect::Advice& advice : loading_advice(finding, workload.statements()[finding.child].facts, types, layer)) {
      finding.advice.push_back(std::move(advice));
    }
  }
}

}  // namespace quell::advise
