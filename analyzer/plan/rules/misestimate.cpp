#include <fmt/format.h>
#include <algorithm>

#include "analyzer/plan/rules/rule.hpp"

namespace quell::plan {

namespace {

constexpr double kOff = 10;
constexpr double kWorthARow = 1000;

double ratio(const Node& node) {
  return std::max(node.actual_rows, 1.0) / std::max(node.plan_rows, 1.0);
}

bool is_off(const Node& node) {
  if (!node.analyzed || !node.costed || node.loops == 0) return false;
  const double error = ratio(node);
  return (error >= kOff || error <= 1 / kOff) && std::max(node.actual_rows, node.plan_rows) * node.loops >= kWorthARow;
}

std::size_t node_above(const PlacedPlan& plan, std::size_t index) {
  return plan.nodes()[index].parent == kNoParent ? index : plan.nodes()[index].parent;
}

}  // namespace

/// Where a wrong row estimate begins: off by ten, while its inputs were right. Only where the node ran to its end.
void rule_misestimate(const PlacedPlan& plan, std::vector<Insight>& out) {
  for (std::size_t i = 0; i < plan.nodes().size(); ++i) {
    const Node& node = *plan.nodes()[i].node;
    if (!plan.nodes()[i].completed || !is_off(node)) continue;
    bool inherited = false;
    for (const Node& child : node.children) inherited = inherited || is_off(child);
    if (inherited) continue;
    const double error = ratio(node);
    const bool table = !node.relation.empty();
    out.push_back(
        {"misestimate", i, plan.share(plan.nodes()[node_above(plan, i)].subtree_ms),
         fmt::format("The planner expected {} rows of {} than came: everything above is planned for that.",
                     error > 1 ? "far fewer" : "far more", title(node)),
         fmt::format("estimated {:.0f}, actual {:.0f} a loop ({:.0f} times off)", node.plan_rows, node.actual_rows,
                     error > 1 ? error : 1 / error),
         table ? "Refresh the statistics; where several columns depend on each other, create extended statistics."
               : "Create extended statistics on the columns compared or grouped here.",
         table ? "ANALYZE " + table_sql(node) : ""});
  }
}

}  // namespace quell::plan
