#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "analyzer/plan/compare.hpp"
#include "analyzer/plan/insight.hpp"
#include "analyzer/plan/plan.hpp"
#include "analyzer/report/report.hpp"

namespace quell::report {

struct InspectedPlan {
  plan::Plan plan;
  std::vector<plan::Insight> insights;
};

/// Two plans of one statement, older first.
struct PlanComparison {
  plan::Plan before;
  plan::Plan after;
  std::vector<plan::PlanChange> changes;
};

/// Plans from elsewhere: a paste, a file, a server's log.
struct PlanReport {
  std::string source;  ///< what it is called in the report
  std::vector<InspectedPlan> plans;
  std::optional<PlanComparison> comparison;  ///< of the first plan with an older one
  std::vector<plan::Diagnostic> diagnostics;
};

/// Reads `bytes` in any format and inspects each plan. Never throws on any bytes: what cannot be read is a diagnostic.
[[nodiscard]] PlanReport inspect_plans(std::string_view bytes, std::string source);

/// Adds the comparison of the report's first plan with `older`. The report has a plan.
void compare_with(PlanReport& report, const plan::Plan& older);

/// "EXPLAIN (ANALYZE), planning 0.120 ms, execution 4.10 ms, outside the nodes 0.031 ms".
[[nodiscard]] std::string read_plan_heading(const plan::Plan& plan);

/// "posts p: Seq Scan -> Index Scan using posts_pkey, 12.3 ms -> 0.042 ms".
[[nodiscard]] std::string change_words(const plan::PlanChange& change);
/// "execution 12.3 ms -> 0.042 ms, cost 980 -> 8.3".
[[nodiscard]] std::string comparison_words(const PlanComparison& comparison);

[[nodiscard]] std::string render_text(const PlanReport& report, const RenderParams& params);
[[nodiscard]] std::string render_markdown(const PlanReport& report, const RenderParams& params);
[[nodiscard]] std::string render_json(const PlanReport& report, const RenderParams& params);

}  // namespace quell::report
