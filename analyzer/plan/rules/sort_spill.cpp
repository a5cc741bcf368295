#include <fmt/format.h>
#include <algorithm>

#include "analyzer/plan/rules/rule.hpp"

namespace quell::plan {

namespace {
constexpr double kMemoryForDisk = 3;
}  // namespace

/// A sort that went to disk. In memory a sort takes two to three times the space.
void rule_sort_spill(const PlacedPlan& plan, std::vector<Insight>& out) {
  for (std::size_t i = 0; i < plan.nodes().size(); ++i) {
    const Node& node = *plan.nodes()[i].node;
    double disk = node.detail("Sort Space Type") == "Disk" ? number_of(node, "Sort Space Used") : 0;
    for (const Worker& worker : node.workers) {
      Node part;
      part.details = worker.details;
      if (part.detail("Sort Space Type") == "Disk") disk = std::max(disk, number_of(part, "Sort Space Used"));
    }
    if (disk == 0) continue;
    out.push_back({"sort_spill", i, plan.share(node.self_ms), "The sort did not fit into work_mem and went to disk.",
                   fmt::format("{}, {:.0f} kB on disk", node.detail("Sort Method"), disk),
                   "Sort fewer or narrower rows, give it an index in this order, or raise work_mem for this statement.",
                   fmt::format("SET work_mem = '{}'", work_mem(kMemoryForDisk * disk))});
  }
}

}  // namespace quell::plan
