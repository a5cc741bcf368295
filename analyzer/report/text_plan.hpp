#pragma once

#include <string>
#include <vector>

#include "analyzer/plan/insight.hpp"
#include "analyzer/report/report.hpp"

namespace quell::report {

/// One line of a plan drawn as a table with the tree in its last column.
struct PlanLine {
  std::string text;
  bool costliest = false;     ///< the node with the most self time
  bool misestimated = false;  ///< rows are off by a factor of ten or more
  bool condition = false;     ///< belongs to the node above
};

/// The annotated tree: self time, rows estimated and actual, loops, buffers, node. The first line is the heading. Plain
/// text for a terminal and for a Markdown block alike.
[[nodiscard]] std::vector<PlanLine> plan_lines(const plan::Plan& plan, const RenderParams& params);

/// "EXPLAIN (ANALYZE, BUFFERS), planning 0.120 ms, execution 4.10 ms".
[[nodiscard]] std::string plan_heading(const StatementPlan& plan, const RenderParams& params);

/// "86 %", or "note" where no share of the time is known.
[[nodiscard]] std::string insight_share(const plan::Insight& insight);

/// The plan's numbers, and the expression that is meant: "29,940 of 30,000 rows removed by filter: (price = ?)".
[[nodiscard]] std::string insight_evidence(const plan::Insight& insight, const RenderParams& params);

/// "with $1 = 42, $2 = 'x'", or "with 2 captured parameters (--show-values shows them)"; empty where there are none.
[[nodiscard]] std::string plan_parameters(const StatementPlan& plan, const RenderParams& params);

}  // namespace quell::report
