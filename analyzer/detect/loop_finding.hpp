#pragma once

#include "analyzer/detect/collector.hpp"
#include "analyzer/detect/repetition.hpp"

namespace quell::detect {

/// What n_plus_one and n_plus_one_write share: from a repetition with varying values to an occurrence, or to a silence.
void collect_loop(const Unit& unit, const UnitFacts& facts, const Repetition& repetition, Kind kind,
                  const DetectParams& params, Collector& collector);

/// The occurrence of a repetition: steps, parent, edge and cost, without confidence.
[[nodiscard]] Occurrence occurrence_of(const Unit& unit, const UnitFacts& facts, const Repetition& repetition,
                                       Kind kind);

}  // namespace quell::detect
