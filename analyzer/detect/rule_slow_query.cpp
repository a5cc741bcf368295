#include <map>

#include "analyzer/detect/rules.hpp"

namespace quell::detect {

void slow_query(const Unit& unit, const UnitFacts&, const DetectParams& params, Collector& collector) {
  if (params.slow_milliseconds <= 0) return;
  std::map<model::StatementIndex, Occurrence> slow;
  for (const Step& step : unit.steps) {
    const trace::Duration duration = step.end - step.start;
    if (step.plumbing || static_cast<double>(duration) < params.slow_milliseconds * 1e6) continue;
    Occurrence& occurrence = slow[step.statement];
    occurrence.kind = Kind::slow_query;
    occurrence.confidence = Confidence::proved;
    occurrence.child = step.statement;
    ++occurrence.executions;
    occurrence.saved += duration;
    occurrence.children.push_back(step.query);
  }
  for (auto& [statement, occurrence] : slow) collector.add(unit, std::move(occurrence));
}

}  // namespace quell::detect
