#include <fmt/format.h>

#include "analyzer/plan/rules/rule.hpp"

namespace quell::plan {

namespace {
constexpr double kMemoryForDisk = 3;
}  // namespace

/// A hash aggregate that went to disk (PostgreSQL 13 and later).
void rule_aggregate_spill(const PlacedPlan& plan, std::vector<Insight>& out) {
  for (std::size_t i = 0; i < plan.nodes().size(); ++i) {
    const Node& node = *plan.nodes()[i].node;
    const double disk = number_of(node, "Disk Usage");
    if (node.type != "Aggregate" || disk == 0) continue;
    const double peak = number_of(node, "Peak Memory Usage");
    out.push_back({"aggregate_spill", i, plan.share(node.self_ms),
                   "The groups did not fit into memory and went to disk.",
                   fmt::format("{:.0f} batches, {:.0f} kB in memory, {:.0f} kB on disk",
                               number_of(node, "HashAgg Batches"), peak, disk),
                   "Group fewer rows, or raise work_mem for this statement.",
                   fmt::format("SET work_mem = '{}'", work_mem(peak + kMemoryForDisk * disk))});
  }
}

}  // namespace quell::plan
