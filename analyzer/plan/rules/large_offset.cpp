#include <fmt/format.h>

#include "analyzer/plan/rules/rule.hpp"

namespace quell::plan {

namespace {
constexpr double kWorthARow = 1000;
constexpr double kSkipped = 0.9;
}  // namespace

/// OFFSET reads and throws away everything before the page.
void rule_large_offset(const PlacedPlan& plan, std::vector<Insight>& out) {
  for (std::size_t i = 0; i < plan.nodes().size(); ++i) {
    const Node& node = *plan.nodes()[i].node;
    if (node.type != "Limit" || !node.analyzed || node.loops == 0) continue;
    for (const Node& child : node.children) {
      const double read = rows_of(child);
      const double skipped = read - rows_of(node);
      if (child.parent_relationship != "Outer" || skipped < kWorthARow || skipped < kSkipped * read) continue;
      out.push_back({"large_offset", i, plan.share(plan.nodes()[i].subtree_ms),
                     "OFFSET reads the rows before the page and throws them away.",
                     fmt::format("{:.0f} rows read, {:.0f} returned", read, rows_of(node)),
                     "Page by key: WHERE key > last seen ORDER BY key LIMIT n.", ""});
    }
  }
}

}  // namespace quell::plan
