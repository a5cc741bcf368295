#include "analyzer/plan/plan.hpp"

#include <algorithm>

namespace quell::plan {

Interval Node::total_rows() const {
  // With one loop an average is the number itself; only PostgreSQL 18 prints fractions, and rounds them.
  const double error = loops <= 1 ? 0 : rows_rounding * loops;
  const double total = actual_rows * loops;
  return {std::max(0.0, total - error), total + error};
}

std::string_view Node::detail(std::string_view key) const {
  const auto found =
      std::find_if(details.begin(), details.end(), [&](const auto& entry) { return entry.first == key; });
  return found == details.end() ? std::string_view{} : std::string_view(found->second);
}

}  // namespace quell::plan
