#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "analyzer/gate/baseline.hpp"
#include "analyzer/gate/measure.hpp"

namespace quell::gate {

enum class Rule : std::uint8_t {
  max_queries,
  max_duplicates,
  max_repeat,
  max_findings,
  growth,
  changed_statement,
  new_finding,
  new_unit,
  missing_unit,
  unstable_unit,
  improved,   ///< runs less than the baseline: it should follow
  allowance,  ///< an [[allow]] is about to end, ended, or does nothing
};
/// "max_queries": stands in outputs that other programs match on.
[[nodiscard]] std::string_view to_string(Rule rule);
[[nodiscard]] const std::vector<Rule>& rules();
/// What the rule says, one sentence.
[[nodiscard]] std::string_view describe(Rule rule);

enum class Level : std::uint8_t { note, warning, failure };
[[nodiscard]] std::string_view to_string(Level level);

/// One rule in one unit that something is to be said about.
struct Breach {
  Rule rule = Rule::growth;
  Level level = Level::note;
  std::string suite;
  std::string unit;
  std::string sentence;  ///< "5 queries in one run, 12 allowed (quell.toml:9)"
  std::uint64_t was = 0;
  std::uint64_t now = 0;
  std::vector<StatementDelta> statements;  ///< what is to blame, most of it first
  std::vector<MeasuredFinding> findings;   ///< on those statements
  std::string owner;
  std::string allowed;  ///< the reason of the [[allow]] that made a note of it
  std::string accept;   ///< what to run or write so that the gate takes it
};

}  // namespace quell::gate
