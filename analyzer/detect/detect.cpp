#include <vector>

#include "analyzer/detect/collector.hpp"
#include "analyzer/detect/finding.hpp"
#include "analyzer/detect/repetition.hpp"
#include "analyzer/detect/rules.hpp"
#include "analyzer/detect/unit.hpp"

namespace quell::detect {
namespace {

void inspect(const Unit& unit, const DetectParams& params, Collector& collector) {
  const UnitFacts facts = study(unit, params);
  for (const Repetition& repetition : facts.repetitions) {
    if (repetition.shape != Repetition::Shape::benign) continue;
    collector.silence(unit, repetition.statement, repetition.reason, repetition.steps.size());
  }
  for (const Rule rule : kRules) rule(unit, facts, params, collector);
}

}  // namespace

Detection detect(const model::Workload& workload, const DetectParams& params) {
  const StatementTraits traits(workload);
  Collector collector(workload);
  Unit unit;
  std::vector<model::QueryIndex> buffer;
  for (const std::vector<model::ScopeIndex>& scopes : unit_scopes(workload)) {
    load_unit(workload, traits, scopes.front(), unit_queries(workload, scopes, buffer), unit);
    inspect(unit, params, collector);
  }
  load_unit(workload, traits, model::kNone, workload.queries_without_scope(), unit);
  inspect(unit, params, collector);
  return std::move(collector).finish(params);
}

}  // namespace quell::detect
