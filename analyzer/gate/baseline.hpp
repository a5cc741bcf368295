#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "analyzer/gate/combine.hpp"

namespace quell::gate {

/// The statements that each unit of a suite is known to run, the most in one run: a file for each suite, made to be
/// merged by git (docs/gate.md). No totals, times or dates: two branches that each add a statement must not agree on a
/// sum that is wrong.
struct Baseline {
  struct Line {
    std::uint64_t count = 0;
    std::string comment;  ///< the statement as the file's comment shows it: for messages, never for a verdict
  };
  using Block = std::map<sql::Fingerprint, Line>;

  std::map<std::string, Block> units;

  /// Null where it does not have the unit.
  [[nodiscard]] const Block* unit(const std::string& name) const;
};

/// Throws FileError with line and column. `file` is for messages.
[[nodiscard]] Baseline parse_baseline(std::string_view text, const std::string& file);
/// The file: LF, sorted, a block a unit with a blank line between.
[[nodiscard]] std::string render_baseline(const Baseline& baseline);

/// What a suite measured, as a baseline.
[[nodiscard]] Baseline baseline_of(const Suite& suite);

/// A statement of one unit, in the baseline and now.
struct StatementDelta {
  sql::Fingerprint fingerprint = 0;
  std::string text;
  std::uint64_t was = 0;
  std::uint64_t now = 0;
  std::vector<model::CallSite> sites;
};

/// Every statement of `block` and `unit` whose count differs; what grew most first, then by fingerprint. Either may be
/// null.
[[nodiscard]] std::vector<StatementDelta> deltas(const Baseline::Block* block, const MeasuredUnit* unit,
                                                 const StatementTexts& texts);

struct UpdateParams {
  std::string unit = "*";   ///< glob
  bool only_lower = false;  ///< take what is less or gone, nothing that is more or new
};

/// Takes over what was measured; returns the units that changed. Units that were not measured stay as they are.
std::vector<std::string> update(Baseline& baseline, const Suite& suite, const UpdateParams& params);

/// Removes the units that match and were not measured; returns them.
std::vector<std::string> prune(Baseline& baseline, const Suite& suite, const std::string& unit_glob);

}  // namespace quell::gate
