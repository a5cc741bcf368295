#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "analyzer/plan/plan.hpp"

namespace quell::plan {

/// Something wrong with a plan: what, by which numbers, and one thing to do about it.
struct Insight {
  std::string rule;      ///< "sort_spill"; docs/plans.md has a paragraph for each
  std::size_t node = 0;  ///< in pre-order; 0 (the root) for what concerns the whole statement
  double share = 0;      ///< of the execution time that is at stake, 0 to 1; 0 where the plan has no times
  std::string cause;     ///< a sentence
  std::string evidence;  ///< the plan's numbers
  std::string fix;       ///< a sentence
  std::string sql;       ///< a statement to try, where there is one
  /// The plan's expression that is meant, where there is one. May hold values: reports mask it.
  std::string condition = {};
};

/// All rules over one plan whose self times are attributed. By share, then in the order of rules and nodes. Most rules
/// need EXPLAIN ANALYZE and are silent without. Pure.
[[nodiscard]] std::vector<Insight> inspect(const Plan& plan);

}  // namespace quell::plan
