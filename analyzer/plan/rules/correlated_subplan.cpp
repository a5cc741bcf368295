#include <fmt/format.h>

#include "analyzer/plan/rules/rule.hpp"

namespace quell::plan {

namespace {
constexpr double kManyLoops = 100;
constexpr double kShare = 0.1;
}  // namespace

/// The N+1 inside the database: a subquery run again for every row.
void rule_correlated_subplan(const PlacedPlan& plan, std::vector<Insight>& out) {
  for (std::size_t i = 0; i < plan.nodes().size(); ++i) {
    const Node& node = *plan.nodes()[i].node;
    if (node.parent_relationship != "SubPlan" || node.loops < kManyLoops) continue;
    const double share = plan.share(plan.nodes()[i].subtree_ms);
    if (share < kShare) continue;
    out.push_back({"correlated_subplan", i, share,
                   "A subquery depends on the outer row and runs again for each: an N+1 inside the database.",
                   fmt::format("{} ran {:.0f} times", node.subplan_name, node.loops),
                   "Write it as a join with a grouped subquery, or LATERAL with an index on the compared column.", ""});
  }
}

}  // namespace quell::plan
