#include <fmt/format.h>

#include "analyzer/plan/rules/rule.hpp"

namespace quell::plan {

namespace {
constexpr double kShare = 0.3;
constexpr double kWorthMs = 5;
}  // namespace

/// Waiting for the disk, where the server measures it (track_io_timing).
void rule_slow_reads(const PlacedPlan& plan, std::vector<Insight>& out) {
  for (std::size_t i = 0; i < plan.nodes().size(); ++i) {
    const Node& node = *plan.nodes()[i].node;
    if (i != 0 || !node.buffers || !node.timed) continue;
    const double share = plan.share(node.buffers->io_read_ms);
    if (share < kShare || node.buffers->io_read_ms < kWorthMs) continue;
    out.push_back({"slow_reads", i, share, "The statement waits for blocks that were not in memory.",
                   fmt::format("{} blocks read in {:.1f} ms, {} found in memory", node.buffers->shared_read,
                               node.buffers->io_read_ms, node.buffers->shared_hit),
                   "Read fewer blocks (an index), or see whether shared_buffers holds what is used all the time.", ""});
  }
}

}  // namespace quell::plan
