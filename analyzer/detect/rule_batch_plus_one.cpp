#include "analyzer/detect/loop_finding.hpp"
#include "analyzer/detect/rules.hpp"

namespace quell::detect {

void batch_plus_one(const Unit& unit, const UnitFacts& facts, const DetectParams&, Collector& collector) {
  for (const Repetition& repetition : facts.repetitions) {
    if (repetition.shape != Repetition::Shape::small_chunks) continue;
    Occurrence occurrence = occurrence_of(unit, facts, repetition, Kind::batch_plus_one);
    occurrence.information = true;
    collector.add(unit, std::move(occurrence));
  }
}

}  // namespace quell::detect
