#include <fmt/format.h>

#include "analyzer/plan/rules/rule.hpp"

namespace quell::plan {

namespace {
constexpr double kWorthARow = 1000;
constexpr double kDiscarded = 0.9;
constexpr double kShare = 0.1;
}  // namespace

/// An index that finds many rows which a filter then throws away.
void rule_inefficient_index(const PlacedPlan& plan, std::vector<Insight>& out) {
  for (std::size_t i = 0; i < plan.nodes().size(); ++i) {
    const Node& node = *plan.nodes()[i].node;
    const bool by_index =
        node.type == "Index Scan" || node.type == "Index Only Scan" || node.type == "Bitmap Heap Scan";
    if (!by_index || !node.timed) continue;
    const double removed = node.rows_removed_by_filter.value_or(0) * node.loops;
    const double kept = rows_of(node);
    const double share = plan.share(plan.nodes()[i].subtree_ms);
    if (removed < kWorthARow || removed < kDiscarded * (removed + kept) || share < kShare) continue;
    out.push_back({"inefficient_index", i, share,
                   fmt::format("{} fetches rows that a filter then throws away.", title(node)),
                   fmt::format("{:.0f} of {:.0f} fetched rows removed by filter", removed, removed + kept),
                   "Add the filter's columns to the index, after the ones compared for equality.", "",
                   std::string(node.detail("Filter"))});
  }
}

}  // namespace quell::plan
