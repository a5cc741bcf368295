#include <fmt/format.h>

#include "analyzer/plan/rules/rule.hpp"

namespace quell::plan {

namespace {
constexpr double kShare = 0.15;
constexpr double kWorthMs = 10;
}  // namespace

/// Compilation that takes more than it can give back.
void rule_jit_time(const PlacedPlan& plan, std::vector<Insight>& out) {
  const double share = plan.share(plan.plan().jit_ms);
  if (share < kShare || plan.plan().jit_ms < kWorthMs) return;
  out.push_back({"jit_time", 0, share, "Just-in-time compilation takes a large part of the time.",
                 fmt::format("{:.1f} ms of {:.1f} ms", plan.plan().jit_ms, plan.plan().execution_ms.value_or(0)),
                 "Turn it off for this statement, or raise jit_above_cost above its cost.", "SET jit = off"});
}

}  // namespace quell::plan
