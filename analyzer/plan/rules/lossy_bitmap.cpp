#include <fmt/format.h>

#include "analyzer/plan/rules/rule.hpp"

namespace quell::plan {

namespace {
constexpr double kShare = 0.1;
constexpr double kBytesAPage = 64;  // nodes/tidbitmap.c: an entry of the hash table, exact
}  // namespace

/// A bitmap that forgot single rows for want of memory: every row of those pages is checked again.
void rule_lossy_bitmap(const PlacedPlan& plan, std::vector<Insight>& out) {
  for (std::size_t i = 0; i < plan.nodes().size(); ++i) {
    const Node& node = *plan.nodes()[i].node;
    const double lossy = number_of(node, "Lossy Heap Blocks");
    const double exact = number_of(node, "Exact Heap Blocks");
    if (lossy <= kShare * (lossy + exact)) continue;
    out.push_back({"lossy_bitmap", i, plan.share(node.self_ms),
                   "The bitmap did not fit into work_mem: it knows only pages, and every row on them is checked again.",
                   fmt::format("{:.0f} of {:.0f} pages lossy, {} rows removed by the recheck", lossy, lossy + exact,
                               node.detail("Rows Removed by Index Recheck")),
                   "Raise work_mem for this statement.",
                   fmt::format("SET work_mem = '{}'", work_mem(kBytesAPage * (lossy + exact) / 1024 * 2))});
  }
}

}  // namespace quell::plan
