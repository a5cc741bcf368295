#include <fmt/format.h>

#include "analyzer/plan/rules/rule.hpp"

namespace quell::plan {

namespace {
constexpr double kWorthALookUp = 1000;
}  // namespace

/// A cache of inner rows that hardly ever hits, or is too small for its keys.
void rule_memoize_misses(const PlacedPlan& plan, std::vector<Insight>& out) {
  for (std::size_t i = 0; i < plan.nodes().size(); ++i) {
    const Node& node = *plan.nodes()[i].node;
    if (node.type != "Memoize" || !node.analyzed) continue;
    const double hits = number_of(node, "Cache Hits");
    const double misses = number_of(node, "Cache Misses");
    const double evictions = number_of(node, "Cache Evictions");
    if (hits + misses < kWorthALookUp || (hits >= misses && evictions == 0)) continue;
    out.push_back({"memoize_misses", i, plan.share(node.self_ms),
                   evictions > 0 ? "The cache of inner rows is too small: keys are thrown out before they come again."
                                 : "The cache of inner rows is of no use: hardly a key comes twice.",
                   fmt::format("{:.0f} hits, {:.0f} misses, {:.0f} evictions", hits, misses, evictions),
                   evictions > 0 ? "Raise work_mem for this statement." : "Try the statement without it.",
                   evictions > 0 ? "" : "SET enable_memoize = off"});
  }
}

}  // namespace quell::plan
