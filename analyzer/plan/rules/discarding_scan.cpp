#include <fmt/format.h>

#include "analyzer/plan/rules/rule.hpp"

namespace quell::plan {

namespace {
constexpr double kWorthARow = 1000;  // fewer rows are read in a fraction of a millisecond
constexpr double kDiscarded = 0.9;
constexpr double kShare = 0.1;
}  // namespace

/// A sequential scan that throws nearly everything away, and takes a tenth of the time.
void rule_discarding_scan(const PlacedPlan& plan, std::vector<Insight>& out) {
  for (std::size_t i = 0; i < plan.nodes().size(); ++i) {
    const Node& node = *plan.nodes()[i].node;
    if (node.type != "Seq Scan" || !node.timed) continue;
    const double removed = node.rows_removed_by_filter.value_or(0) * node.loops;
    const double kept = rows_of(node);
    const double share = plan.share(node.self_ms);
    if (removed < kWorthARow || removed < kDiscarded * (removed + kept) || share < kShare) continue;
    out.push_back({"discarding_scan", i, share,
                   fmt::format("{} reads the whole table and throws away nearly all of it.", title(node)),
                   fmt::format("{:.0f} of {:.0f} rows removed by filter", removed, removed + kept),
                   "An index on the filter's columns would read only the rows it keeps; index advice checks the gain.",
                   "", std::string(node.detail("Filter"))});
  }
}

}  // namespace quell::plan
