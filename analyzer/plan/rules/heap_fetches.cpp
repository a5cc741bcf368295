#include <fmt/format.h>

#include "analyzer/plan/rules/rule.hpp"

namespace quell::plan {

namespace {
constexpr double kWorthAFetch = 100;
constexpr double kShare = 0.05;
}  // namespace

/// An index-only scan that still goes to the table, because the visibility map is stale.
void rule_heap_fetches(const PlacedPlan& plan, std::vector<Insight>& out) {
  for (std::size_t i = 0; i < plan.nodes().size(); ++i) {
    const Node& node = *plan.nodes()[i].node;
    const double fetches = number_of(node, "Heap Fetches");
    if (node.type != "Index Only Scan" || fetches < kWorthAFetch || fetches < kShare * rows_of(node)) continue;
    out.push_back({"heap_fetches", i, plan.share(node.self_ms),
                   fmt::format("{} goes to the table for rows whose visibility it does not know.", title(node)),
                   fmt::format("{:.0f} heap fetches for {:.0f} rows", fetches, rows_of(node)),
                   "Vacuum the table, and let autovacuum come more often.", "VACUUM " + table_sql(node)});
  }
}

}  // namespace quell::plan
