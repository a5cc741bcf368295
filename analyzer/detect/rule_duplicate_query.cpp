#include "analyzer/detect/loop_finding.hpp"
#include "analyzer/detect/rules.hpp"
#include "analyzer/detect/silence.hpp"

namespace quell::detect {

void duplicate_query(const Unit& unit, const UnitFacts& facts, const DetectParams& params, Collector& collector) {
  for (const Repetition& repetition : facts.repetitions) {
    if (repetition.shape != Repetition::Shape::equal_values) continue;
    if (repetition.steps.size() < params.duplicate_threshold) {
      collector.silence(unit, repetition.statement, silence::kTooFew, repetition.steps.size());
      continue;
    }
    Occurrence occurrence = occurrence_of(unit, facts, repetition, Kind::duplicate_query);
    occurrence.confidence = Confidence::proved;  // equal values are a fact, not a guess
    // Each different value needs one execution.
    occurrence.round_trips = repetition.steps.size() - repetition.distinct;
    collector.add(unit, std::move(occurrence));
  }
}

}  // namespace quell::detect
