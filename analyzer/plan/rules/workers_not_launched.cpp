#include <fmt/format.h>

#include "analyzer/plan/rules/rule.hpp"

namespace quell::plan {

/// A parallel plan that did not get its processes.
void rule_workers_not_launched(const PlacedPlan& plan, std::vector<Insight>& out) {
  for (std::size_t i = 0; i < plan.nodes().size(); ++i) {
    const Node& node = *plan.nodes()[i].node;
    const double planned = node.workers_planned.value_or(0);
    if (!node.workers_launched || *node.workers_launched >= planned) continue;
    out.push_back({"workers_not_launched", i, plan.share(plan.nodes()[i].subtree_ms),
                   "The plan was made for more parallel workers than the server had.",
                   fmt::format("{:.0f} planned, {:.0f} launched", planned, *node.workers_launched),
                   "Raise max_parallel_workers (and max_worker_processes), or ask for fewer workers a statement.", ""});
  }
}

}  // namespace quell::plan
