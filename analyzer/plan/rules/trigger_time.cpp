#include <fmt/format.h>

#include "analyzer/plan/rules/rule.hpp"

namespace quell::plan {

namespace {
constexpr double kShare = 0.1;
constexpr double kWorthMs = 1;
}  // namespace

/// Constraint triggers that take a tenth of the time: mostly a foreign key whose referencing column has no index.
void rule_trigger_time(const PlacedPlan& plan, std::vector<Insight>& out) {
  for (const Trigger& trigger : plan.plan().triggers) {
    const double share = plan.share(trigger.ms);
    if (share < kShare || trigger.ms < kWorthMs) continue;
    const bool foreign_key = !trigger.constraint.empty();
    out.push_back({"trigger_time", 0, share,
                   foreign_key ? fmt::format("Checking the foreign key {} takes much of the time.", trigger.constraint)
                               : fmt::format("The trigger {} takes much of the time.", trigger.name),
                   fmt::format("{:.1f} ms in {:.0f} calls", trigger.ms, trigger.calls),
                   foreign_key ? "Where rows are deleted or keys changed, index the referencing column."
                               : "See what the trigger's function does for each row.",
                   ""});
  }
}

}  // namespace quell::plan
