#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "analyzer/detect/finding.hpp"
#include "analyzer/detect/unit.hpp"
#include "analyzer/detect/value_edges.hpp"

namespace quell::detect {

/// Executions of one statement in one unit that belong together, and what they are.
struct Repetition {
  enum class Shape : std::uint8_t {
    benign,          ///< `reason` says why it is nothing
    equal_values,    ///< the same call again
    varying_values,  ///< one call for each of several values
    small_chunks,    ///< lists of a few keys
  };
  Shape shape = Shape::benign;
  std::string_view reason;
  model::StatementIndex statement = 0;
  std::vector<std::uint32_t> steps;
  std::uint64_t distinct = 0;     ///< different bind tuples
  bool bounded = false;           ///< not more than information, however often
  bool chain = false;             ///< a walk of one execution a level
  std::optional<EdgeMatch> edge;  ///< only where it is proved
};

/// Everything the rules look at in one unit: computed once, read by each rule.
struct UnitFacts {
  ValueIndex values;
  std::vector<Repetition> repetitions;  ///< in a fixed order
};

[[nodiscard]] UnitFacts study(const Unit& unit, const DetectParams& params);

}  // namespace quell::detect
