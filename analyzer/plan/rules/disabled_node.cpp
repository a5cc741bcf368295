#include <fmt/format.h>
#include <algorithm>

#include "analyzer/plan/rules/rule.hpp"

namespace quell::plan {

namespace {
constexpr double kForbidden = 1e10;
}  // namespace

/// The only way left was one that a setting forbids.
void rule_disabled_node(const PlacedPlan& plan, std::vector<Insight>& out) {
  for (std::size_t i = 0; i < plan.nodes().size(); ++i) {
    const Node& node = *plan.nodes()[i].node;
    double below = 0;
    for (const Node& child : node.children) below = std::max(below, child.total_cost);
    // PostgreSQL 18 says so; before, a forbidden node costs 1e10 more than its inputs.
    const bool disabled = node.detail("Disabled") == "true" || (node.total_cost >= kForbidden && below < kForbidden);
    if (!disabled) continue;
    out.push_back({"disabled_node", i, plan.share(node.self_ms),
                   fmt::format("{} is disabled by a setting, but there was no other way.", title(node)),
                   fmt::format("cost {:.0f}", node.total_cost),
                   "Reset the enable_* setting, or give the planner what it needs for another plan (an index).", ""});
  }
}

}  // namespace quell::plan
