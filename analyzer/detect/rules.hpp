#pragma once

#include <array>

#include "analyzer/detect/collector.hpp"
#include "analyzer/detect/repetition.hpp"

namespace quell::detect {

/// A rule looks at one unit and hands what it finds to the collector. One file a rule, one page in docs/rules/.
using Rule = void (*)(const Unit& unit, const UnitFacts& facts, const DetectParams& params, Collector& collector);

void n_plus_one(const Unit&, const UnitFacts&, const DetectParams&, Collector&);
void n_plus_one_write(const Unit&, const UnitFacts&, const DetectParams&, Collector&);
void duplicate_query(const Unit&, const UnitFacts&, const DetectParams&, Collector&);
void batch_plus_one(const Unit&, const UnitFacts&, const DetectParams&, Collector&);
void slow_query(const Unit&, const UnitFacts&, const DetectParams&, Collector&);

inline constexpr std::array<Rule, 5> kRules{n_plus_one, n_plus_one_write, duplicate_query, batch_plus_one, slow_query};

}  // namespace quell::detect
