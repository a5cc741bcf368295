#include <fmt/format.h>

#include "analyzer/plan/rules/rule.hpp"

namespace quell::plan {

namespace {
constexpr double kWorthMs = 5;
}  // namespace

/// Planning that takes longer than running.
void rule_planning_time(const PlacedPlan& plan, std::vector<Insight>& out) {
  const double planning = plan.plan().planning_ms.value_or(0);
  const double execution = plan.plan().execution_ms.value_or(0);
  if (!plan.plan().execution_ms || planning < kWorthMs || planning <= execution) return;
  out.push_back({"planning_time", 0, 0, "Planning takes longer than running the statement.",
                 fmt::format("planning {:.1f} ms, execution {:.1f} ms", planning, execution),
                 "Prepare the statement once and run it often; look for many partitions, joins or indexes.", ""});
}

}  // namespace quell::plan
