#include <fmt/format.h>

#include "analyzer/plan/rules/rule.hpp"

namespace quell::plan {

namespace {
constexpr double kManyLoops = 1000;
constexpr double kShare = 0.4;
}  // namespace

/// A nested loop whose inner side runs very often and takes much of the time.
void rule_looping_join(const PlacedPlan& plan, std::vector<Insight>& out) {
  for (std::size_t i = 0; i < plan.nodes().size(); ++i) {
    const Node& node = *plan.nodes()[i].node;
    if (node.type != "Nested Loop" || !node.timed) continue;
    for (std::size_t j = i + 1; j < plan.nodes().size(); ++j) {
      const PlacedNode& inner = plan.nodes()[j];
      if (inner.parent != i || inner.node->parent_relationship != "Inner" || inner.node->loops < kManyLoops) continue;
      if (inner.node->type == "Memoize") continue;  // rule_memoize_misses judges it
      // The loop's own time belongs to it: much of it is rounding of the inner times and the call itself.
      const double share = plan.share(node.self_ms + inner.subtree_ms);
      if (share < kShare) continue;
      const bool scan = inner.node->type == "Seq Scan" || inner.node->type == "Materialize";
      out.push_back(
          {"looping_join", j, share,
           fmt::format("The inner side of a nested loop, {}, runs once for every outer row.", title(*inner.node)),
           fmt::format("{:.0f} loops, {:.1f} ms", inner.node->loops, node.self_ms + inner.subtree_ms),
           scan ? "An index on the inner join column ends the repeated scans."
                : "Correct the outer estimate, so that the planner takes a hash join, or join fewer rows.",
           ""});
    }
  }
}

}  // namespace quell::plan
