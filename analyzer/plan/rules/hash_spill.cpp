#include <fmt/format.h>

#include "analyzer/plan/rules/rule.hpp"

namespace quell::plan {

/// A hash table that did not fit and was split over disk.
void rule_hash_spill(const PlacedPlan& plan, std::vector<Insight>& out) {
  for (std::size_t i = 0; i < plan.nodes().size(); ++i) {
    const Node& node = *plan.nodes()[i].node;
    const double batches = number_of(node, "Hash Batches");
    if (node.type != "Hash" || batches <= 1 || !node.analyzed) continue;
    const double peak = number_of(node, "Peak Memory Usage");
    const std::size_t join = plan.nodes()[i].parent;
    const double join_ms = join == kNoParent ? 0 : plan.nodes()[join].node->self_ms;
    out.push_back({"hash_spill", i, plan.share(node.self_ms + join_ms),
                   "The hash table of a join did not fit into memory and was split over disk.",
                   fmt::format("{:.0f} batches (planned {:.0f}), {:.0f} kB each", batches,
                               number_of(node, "Original Hash Batches"), peak),
                   "Hash fewer or narrower rows, or raise work_mem for this statement.",
                   fmt::format("SET work_mem = '{}'", work_mem(batches * peak))});
  }
}

}  // namespace quell::plan
