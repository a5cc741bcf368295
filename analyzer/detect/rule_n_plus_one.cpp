#include "analyzer/detect/loop_finding.hpp"
#include "analyzer/detect/rules.hpp"

namespace quell::detect {

void n_plus_one(const Unit& unit, const UnitFacts& facts, const DetectParams& params, Collector& collector) {
  for (const Repetition& repetition : facts.repetitions) {
    if (repetition.shape != Repetition::Shape::varying_values || unit.facts(repetition.statement).is_write()) continue;
    collect_loop(unit, facts, repetition, Kind::n_plus_one, params, collector);
  }
}

}  // namespace quell::detect
