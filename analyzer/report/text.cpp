#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "analyzer/report/report.hpp"
#include "analyzer/report/safe_text.hpp"
#include "analyzer/report/text_plan.hpp"
#include "analyzer/report/text_writer.hpp"
#include "analyzer/report/wording.hpp"

namespace quell::report {
namespace {

constexpr std::size_t kStatementLines = 4;  ///< longer SQL is cut; the JSON report has all of it

Style style_of(detect::Severity severity) {
  switch (severity) {
    case detect::Severity::high:
      return Style::red;
    case detect::Severity::medium:
      return Style::yellow;
    case detect::Severity::low:
      return Style::cyan;
    case detect::Severity::info:
      return Style::dim;
  }
  return Style::plain;
}

class TextReport : private TextWriter {
 public:
  TextReport(const Report& report, const RenderParams& params) : TextWriter(params), report_(report), params_(params) {}

  std::string render() {
    if (params_.plans_only) {
      write_plans();
      return take();
    }
    if (params_.indexes_only) {
      write_index_advice();
      write_removals();
      write_rejected_indexes();
      return take();
    }
    write_verdict();
    for (std::size_t i = 0; i < report_.findings.size(); ++i) write_finding(i);
    write_index_advice();
    write_plans();
    write_scopes();
    write_statements();
    write_silences();
    return take();
  }

 private:
  void write_verdict() {
    for (const std::string& text : wrap(verdict(report_), params_.width))
      line(styled(report_.findings.empty() ? Style::green : Style::strong, text));
    if (report_.findings.empty()) {
      for (const std::string& text : wrap(checked(report_), params_.width)) line(text);
    }
    const std::string trace = fmt::format("Trace {}, {}", report_.trace_path, completeness(report_));
    for (const std::string& text : wrap(printable(trace), params_.width))
      line(styled(report_.trace.complete() ? Style::dim : Style::red, text));
  }

  void write_statement(std::string_view label, model::StatementIndex index,
                       const std::vector<detect::LocatedCallSite>& sites, detect::LocatedCallSite::Role role) {
    if (index == model::kNone) return;
    labelled(label, report_.statements[index].text, Style::plain, kStatementLines);
    for (const detect::LocatedCallSite& site : sites) {
      if (site.role == role)
        labelled("", fmt::format("at {} ({})", located(site.site), counted(site.executions, "execution")), Style::cyan);
    }
  }

  void write_finding(std::size_t index) {
    const detect::Finding& finding = report_.findings[index];
    std::string severity(detect::to_string(finding.severity));
    std::transform(severity.begin(), severity.end(), severity.begin(),
                   [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; });
    line();
    line(fmt::format("{} {}  {}, {}  {}", styled(Style::strong, fmt::format("{}.", index + 1)),
                     styled(style_of(finding.severity), severity), title(finding.kind),
                     detect::to_string(finding.confidence),
                     styled(Style::strong, shorten(printable(finding.scope_name), params_.width))));
    labelled("seen", evidence(report_, finding));
    labelled("", extent(report_, finding));
    write_statement("parent", finding.parent, finding.call_sites, detect::LocatedCallSite::Role::parent);
    write_statement(finding.parent == model::kNone ? "statement" : "child", finding.child, finding.call_sites,
                    detect::LocatedCallSite::Role::child);
    if (finding.edge) labelled("edge", edge_words(*finding.edge));
    if (finding.scaling && finding.scaling->sizes > 1) labelled("grows", growth(*finding.scaling));
    labelled("costs", saving(report_, finding), Style::strong);
    for (const detect::Advice& advice : finding.advice) {
      labelled("do", advice.sentence);
      code_lines(advice.code);
    }
    if (params_.show_values) write_example(index);
    labelled("identity", finding.identity, Style::dim);
  }

  void write_example(std::size_t index) {
    if (index >= report_.examples.size()) return;
    for (const ExampleExecution& execution : report_.examples[index]) {
      if (execution.statement == model::kNone) continue;
      std::string text =
          fmt::format("+{} {} ({}, {})", milliseconds(execution.at_ms), report_.statements[execution.statement].id,
                      milliseconds(execution.ms), counted(execution.rows, "row"));
      for (std::size_t i = 0; i < execution.parameters.size(); ++i)
        text += fmt::format("{}${} = {}", i == 0 ? " " : ", ", i + 1, execution.parameters[i]);
      labelled(&execution == &report_.examples[index].front() ? "example" : "", text);
    }
  }

  void write_index_advice() {
    heading("Index advice");
    if (const std::string none = no_index_advice(report_); !none.empty()) line("   " + none);
    for (const advise::IndexAdvice& advice : report_.index_advice) {
      line("   " + styled(Style::green, printable(advice.ddl)));
      const bool verified = advice.verification != advise::Verification::not_verified;
      const double gain = advice.cost_before > 0 ? 1 - advice.cost_after / advice.cost_before : 0;
      labelled("cost", verified ? fmt::format("{} -> {} over the trace ({} less)", estimate(advice.cost_before),
                                              estimate(advice.cost_after), percent(gain))
                                : estimate(advice.cost_before) + " over the trace");
      if (const auto time = measured(advice))
        labelled("time", fmt::format("{} -> {} over the trace", milliseconds(time->before), milliseconds(time->after)),
                 Style::strong);
      labelled("checked", how_checked(advice));
      if (advice.size_bytes > 0) {
        const bool built = advice.verification == advise::Verification::measured;
        labelled("size", (built ? "" : "about ") + bytes(advice.size_bytes));
      }
      for (const advise::ServedStatement& served : advice.statements) {
        if (served.statement == model::kNone) continue;
        labelled("serves",
                 fmt::format("{} ({}, {}) {}", report_.statements[served.statement].id,
                             counted(served.executions, "execution"), gain_words(served),
                             report_.statements[served.statement].text),
                 Style::plain, 2);
      }
    }
    for (const std::string& sentence : report_.not_planned) labelled("left out", sentence, Style::dim);
  }

  void write_plans() {
    if (report_.plans.empty()) {
      if (params_.plans_only) line("No statement of this trace can be explained.");
      return;
    }
    if (!params_.plans_only) heading("Plans of the costliest statements");
    for (const StatementPlan& plan : report_.plans) {
      if (plan.statement == model::kNone) continue;
      const StatementSummary& statement = report_.statements[plan.statement];
      if (&plan != &report_.plans.front()) line();
      line(fmt::format("   {}  {}, {} in all", styled(Style::strong, statement.id),
                       counted(statement.executions, "execution"), milliseconds(statement.total_ms)));
      labelled("statement", statement.text, Style::plain, kStatementLines);
      labelled("plan", plan_heading(plan, params_));
      if (const std::string with = plan_parameters(plan, params_); !with.empty()) labelled("", with);
      if (!plan.run.ok) continue;
      TextWriter::plan(plan.run.plan);
      insights(plan.insights);
    }
  }

  void write_scopes() {
    if (report_.scopes.empty()) return;
    heading("Scopes");
    std::size_t width = 5;
    for (const ScopeSummary& scope : report_.scopes)
      width = std::max(width, std::min<std::size_t>(48, display_width(printable(scope.name))));
    line(styled(Style::dim, fmt::format("   {:<{}}  {:>6}  {:>17}  {:>24}  {:>12}", "scope", width, "count", "queries",
                                        "ms", "database")));
    line(styled(Style::dim, fmt::format("   {:<{}}  {:>6}  {:>17}  {:>24}  {:>12}", "", width, "", "min/median/max",
                                        "min/median/max", "in all")));
    for (const ScopeSummary& scope : report_.scopes) {
      const std::string name = shorten(printable(scope.name), width);
      line(fmt::format("   {}{}  {:>6}  {:>17}  {:>24}  {:>12}", name, std::string(width - display_width(name), ' '),
                       grouped(scope.count),
                       fmt::format("{:.0f}/{:.0f}/{:.0f}", scope.queries.min, scope.queries.median, scope.queries.max),
                       fmt::format("{:.2f}/{:.2f}/{:.2f}", scope.milliseconds.min, scope.milliseconds.median,
                                   scope.milliseconds.max),
                       milliseconds(scope.database_milliseconds)));
    }
  }

  void write_statements() {
    if (report_.statements.empty()) return;
    heading(fmt::format("Statements (the costliest {} of {})", std::min(params_.top, report_.statements.size()),
                        report_.statements.size()));
    line(styled(Style::dim, fmt::format("   {:<16}  {:>7}  {:>7}  {:>9}  {:>7}  {:>7}  {}", "fingerprint", "count",
                                        "rows", "total ms", "p50", "p95", "statement")));
    for (const model::StatementIndex index : costliest(report_, params_.top)) {
      const StatementSummary& statement = report_.statements[index];
      const std::string head = fmt::format("   {:<16}  {:>7}  {:>7}  {:>9.1f}  {:>7.3f}  {:>7.3f}  ", statement.id,
                                           grouped(statement.executions), grouped(statement.rows), statement.total_ms,
                                           statement.p50_ms, statement.p95_ms);
      const std::size_t room = params_.width > head.size() + 20 ? params_.width - head.size() : 20;
      line(head + shorten(printable(statement.text), room));
    }
  }

  void write_silences() {
    if (!params_.explain_silence) return;
    heading("Repetitions that are no findings");
    if (report_.silences.empty()) line("   none");
    for (const detect::Silence& silence : report_.silences) {
      labelled("scope", silence.scope_name, Style::strong);
      labelled("", fmt::format("{}: {}", counted(silence.executions, "execution"), silence.reason));
      if (silence.statement != model::kNone) labelled("", report_.statements[silence.statement].text, Style::dim, 1);
    }
    write_rejected_indexes();
  }

  void write_rejected_indexes() {
    if (!params_.explain_silence || report_.rejected_indexes.empty()) return;
    heading("Indexes that are not advised");
    for (const advise::RejectedIndex& each : report_.rejected_indexes) {
      labelled("index", each.ddl);
      labelled("", each.reason, Style::dim);
    }
  }

  void write_removals() {
    if (!report_.removals) return;
    heading("Indexes that could go");
    if (report_.removals->advice.empty()) line("   none");
    for (const advise::IndexRemoval& each : report_.removals->advice) {
      line("   " + styled(Style::green, printable(each.ddl)));
      labelled(name(each.kind), each.reason);
      labelled("frees", bytes(each.size_bytes));
    }
    if (!params_.explain_silence || report_.removals->kept.empty()) return;
    heading("Indexes that look superfluous and stay");
    for (const advise::IndexRemoval& each : report_.removals->kept)
      labelled("index", fmt::format("{}.{}: {}", each.schema, each.index, each.reason), Style::dim);
  }

  const Report& report_;
  const RenderParams& params_;
};

}  // namespace

std::string render_text(const Report& report, const RenderParams& params) {
  return TextReport(report, params).render();
}

}  // namespace quell::report
