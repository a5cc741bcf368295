#include <fmt/format.h>

#include "analyzer/plan/rules/rule.hpp"

namespace quell::plan {

/// The planner proved that there is nothing to find; everything below is dead.
void rule_never_runs(const PlacedPlan& plan, std::vector<Insight>& out) {
  for (std::size_t i = 0; i < plan.nodes().size(); ++i) {
    const Node& node = *plan.nodes()[i].node;
    if (node.detail("One-Time Filter") != "false") continue;
    out.push_back({"never_runs", i, 0, "A condition is always false: this part of the statement can return nothing.",
                   "One-Time Filter: false", "Look for contradicting conditions, or a comparison with NULL.", ""});
  }
}

}  // namespace quell::plan
