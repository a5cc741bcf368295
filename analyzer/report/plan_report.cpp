#include "analyzer/report/plan_report.hpp"

#include <utility>

#include <fmt/format.h>

#include "analyzer/report/safe_text.hpp"
#include "analyzer/report/text_writer.hpp"
#include "analyzer/report/wording.hpp"

namespace quell::report {

PlanReport inspect_plans(std::string_view bytes, std::string source) {
  plan::ReadResult read = plan::read_any(bytes);
  PlanReport report;
  report.source = std::move(source);
  report.diagnostics = std::move(read.diagnostics);
  for (plan::Plan& plan : read.plans) {
    std::vector<plan::Insight> insights = plan::inspect(plan);
    report.plans.push_back({std::move(plan), std::move(insights)});
  }
  return report;
}

void compare_with(PlanReport& report, const plan::Plan& older) {
  const plan::Plan& newer = report.plans.at(0).plan;
  report.comparison = PlanComparison{older, newer, plan::compare(older, newer)};
}

std::string change_words(const plan::PlanChange& change) {
  using Kind = plan::PlanChange::Kind;
  const bool counted_nodes = change.kind == Kind::node_added || change.kind == Kind::node_gone;
  if (counted_nodes && change.after.empty()) return change.subject + " is gone";
  if (counted_nodes && change.before.empty()) return change.subject + " is new";
  const std::string before = change.before.empty() ? "none" : change.before;
  const std::string after = change.after.empty() ? "none" : change.after;
  const std::string subject = change.kind == Kind::join_order ? "join order" : change.subject;
  std::string out = fmt::format("{}: {} -> {}", subject, before, after);
  if (change.before_ms > 0 || change.after_ms > 0)
    out += fmt::format(", {} -> {}", milliseconds(change.before_ms), milliseconds(change.after_ms));
  return out;
}

std::string comparison_words(const PlanComparison& comparison) {
  const plan::Plan& before = comparison.before;
  const plan::Plan& after = comparison.after;
  std::string out = comparison.changes.empty() ? "the same plan" : counted(comparison.changes.size(), "change");
  if (before.execution_ms && after.execution_ms)
    out += fmt::format(", execution {} -> {}", milliseconds(*before.execution_ms), milliseconds(*after.execution_ms));
  if (before.root.costed && after.root.costed)
    out += fmt::format(", cost {} -> {}", estimate(before.root.total_cost), estimate(after.root.total_cost));
  return out;
}

std::string read_plan_heading(const plan::Plan& plan) {
  std::string out = plan.analyzed ? "EXPLAIN (ANALYZE)" : "EXPLAIN, not executed: no times, no actual rows";
  if (plan.planning_ms) out += ", planning " + milliseconds(*plan.planning_ms);
  if (!plan.execution_ms) return out;
  out += ", execution " + milliseconds(*plan.execution_ms);
  double triggers = 0;
  for (const plan::Trigger& trigger : plan.triggers) triggers += trigger.ms;
  if (triggers > 0) out += fmt::format(", of it triggers {}", milliseconds(triggers));
  if (plan.root.timed && plan.unaccounted_ms > 0) out += ", outside the nodes " + milliseconds(plan.unaccounted_ms);
  return out;
}

std::string render_text(const PlanReport& report, const RenderParams& params) {
  TextWriter out(params);
  if (report.comparison) {
    out.labelled("compared", comparison_words(*report.comparison), Style::strong);
    for (const plan::PlanChange& change : report.comparison->changes) out.labelled("", change_words(change));
    out.line();
  }
  for (const InspectedPlan& each : report.plans) {
    if (&each != &report.plans.front()) out.line();
    if (!each.plan.query_text.empty())
      out.labelled("statement", params.show_values ? each.plan.query_text : mask_values(each.plan.query_text),
                   Style::plain, 4);
    out.labelled("plan", read_plan_heading(each.plan));
    out.plan(each.plan);
    out.insights(each.insights);
    if (each.insights.empty()) {
      out.line();
      out.labelled("rules", each.plan.analyzed ? "nothing is wrong with this plan by the rules of docs/plans.md"
                                               : "most rules need EXPLAIN (ANALYZE, BUFFERS); nothing else was seen");
    }
  }
  if (!report.diagnostics.empty()) out.line();
  for (const plan::Diagnostic& diagnostic : report.diagnostics)
    out.labelled("unread", fmt::format("{}, byte {}: {}", report.source, diagnostic.offset, diagnostic.sentence),
                 Style::yellow);
  return out.take();
}

}  // namespace quell::report
