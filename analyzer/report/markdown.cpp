#include <algorithm>
#include <string>
#include <string_view>

#include <fmt/format.h>

#include "analyzer/report/plan_report.hpp"
#include "analyzer/report/report.hpp"
#include "analyzer/report/safe_text.hpp"
#include "analyzer/report/text_plan.hpp"
#include "analyzer/report/wording.hpp"

namespace quell::report {
namespace {

/// A GitHub comment holds 65,536 characters; what surrounds the report needs some of them.
constexpr std::size_t kMaxBytes = 60'000;
/// Room for the line that says what was left out.
constexpr std::size_t kReserve = 300;
/// Longer statements and conditions are cut: one of them must not use up the comment.
constexpr std::size_t kMaxStatement = 2'000;
constexpr std::size_t kMaxName = 200;
constexpr std::size_t kMaxPlanLines = 60;

std::string name_code(std::string_view text, bool in_table = false) {
  return markdown_code(shorten(printable(text), kMaxName), in_table);
}

std::string cut(std::string_view text) {
  return shorten(printable(text), kMaxStatement);
}

std::string words_of(std::string_view text) {
  return markdown_words(cut(text));
}

std::string finding_block(const Report& report, std::size_t index, const RenderParams& params) {
  const detect::Finding& finding = report.findings[index];
  std::string out = fmt::format("\n### {}. {}, {}: {} ({})\n\n", index + 1, title(finding.kind),
                                detect::to_string(finding.confidence), name_code(finding.scope_name),
                                detect::to_string(finding.severity));
  out += fmt::format("- {}\n- {}\n", words_of(evidence(report, finding)), words_of(extent(report, finding)));
  if (finding.edge) out += fmt::format("- value edge: {}\n", name_code(edge_words(*finding.edge)));
  if (finding.scaling && finding.scaling->sizes > 1)
    out += fmt::format("- grows: {}\n", words_of(growth(*finding.scaling)));
  out += fmt::format("- **costs {}**\n", words_of(saving(report, finding)));
  for (const detect::LocatedCallSite& site : finding.call_sites)
    out += fmt::format("- {} at {}\n", site.role == detect::LocatedCallSite::Role::parent ? "parent" : "child",
                       name_code(located(site.site)));
  std::string sql;
  for (const model::StatementIndex statement : {finding.parent, finding.child}) {
    if (statement != model::kNone) sql += cut(report.statements[statement].text) + ";\n";
  }
  out += "\n" + markdown_block(sql, "sql");
  for (const detect::Advice& advice : finding.advice) {
    out += "\n" + words_of(advice.sentence) + "\n";
    if (!advice.code.empty())
      out += "\n" + markdown_block(advice.code, advice.kind == detect::Advice::Kind::eager_load ? "cpp" : "sql");
  }
  if (params.show_values && index < report.examples.size()) {
    std::string examples;
    for (const ExampleExecution& each : report.examples[index]) {
      std::vector<std::string> values;
      for (const std::string& value : each.parameters) values.push_back(shorten(printable(value), kMaxName));
      examples += fmt::format("+{} {} ({}) {}\n", milliseconds(each.at_ms), report.statements[each.statement].id,
                              milliseconds(each.ms), fmt::join(values, ", "));
    }
    if (!examples.empty()) out += "\nExample:\n\n" + markdown_block(examples, "");
  }
  out += fmt::format("\n<sub>identity {}</sub>\n", finding.identity);
  return out;
}

std::string index_block(const advise::IndexAdvice& advice) {
  std::string out = "\n" + markdown_block(cut(advice.ddl) + ";", "sql");
  out += "\ncost " + estimate(advice.cost_before);
  if (advice.verification != advise::Verification::not_verified)
    out += fmt::format(" before, {} after", estimate(advice.cost_after));
  out += ", over the trace; ";
  if (const auto time = measured(advice))
    out += fmt::format("{} before, {} after; ", milliseconds(time->before), milliseconds(time->after));
  return out + words_of(how_checked(advice)) + "\n";
}

std::string insights_list(const std::vector<plan::Insight>& insights, const RenderParams& params) {
  std::string out;
  for (const plan::Insight& insight : insights) {
    out += fmt::format("- **{}** {} {} {}\n", insight_share(insight), words_of(insight.cause),
                       words_of(insight_evidence(insight, params)) + ".", words_of(insight.fix));
    if (!insight.sql.empty()) out += "\n" + markdown_block(cut(insight.sql), "sql") + "\n";
  }
  return out;
}

std::string plan_lines_block(const plan::Plan& plan, const RenderParams& params) {
  std::string out;
  const std::vector<PlanLine> lines = plan_lines(plan, params);
  for (std::size_t i = 0; i < std::min(lines.size(), kMaxPlanLines); ++i)
    out += shorten(lines[i].text, kMaxName) + "\n";
  if (lines.size() > kMaxPlanLines) out += "...\n";
  return out;
}

std::string plan_block(const Report& report, const StatementPlan& plan, const RenderParams& params) {
  const StatementSummary& statement = report.statements[plan.statement];
  std::string body = cut(statement.text) + "\n" + cut(plan_heading(plan, params)) + "\n";
  if (const std::string with = plan_parameters(plan, params); !with.empty()) body += cut(with) + "\n";
  if (plan.run.ok) body += plan_lines_block(plan.run.plan, params);
  return fmt::format(
      "\n<details><summary>Plan of {}: {}, {}</summary>\n\n{}\n</details>\n", statement.id,
      counted(statement.executions, "execution"), milliseconds(statement.total_ms),
      markdown_block(body, "") + (plan.insights.empty() ? "" : "\n" + insights_list(plan.insights, params)));
}

std::string scopes_block(const Report& report) {
  std::string out =
      "\n<details><summary>Scopes</summary>\n\n| scope | count | queries min/median/max | ms min/median/max |\n"
      "|---|---:|---:|---:|\n";
  for (const ScopeSummary& scope : report.scopes)
    out += fmt::format("| {} | {} | {:.0f}/{:.0f}/{:.0f} | {:.2f}/{:.2f}/{:.2f} |\n", name_code(scope.name, true),
                       grouped(scope.count), scope.queries.min, scope.queries.median, scope.queries.max,
                       scope.milliseconds.min, scope.milliseconds.median, scope.milliseconds.max);
  return out + "\n</details>\n";
}

std::string statements_block(const Report& report, const RenderParams& params) {
  std::string out =
      "\n<details><summary>Statements</summary>\n\n| statement | executions | rows | total | p50 | p95 |\n"
      "|---|---:|---:|---:|---:|---:|\n";
  for (const model::StatementIndex index : costliest(report, params.top)) {
    const StatementSummary& statement = report.statements[index];
    out += fmt::format("| {} | {} | {} | {} | {} | {} |\n", name_code(statement.text, true),
                       grouped(statement.executions), grouped(statement.rows), milliseconds(statement.total_ms),
                       milliseconds(statement.p50_ms), milliseconds(statement.p95_ms));
  }
  return out + "\n</details>\n";
}

std::string index_advice_block(const Report& report) {
  const std::string none = no_index_advice(report);
  return "\n### Index advice\n" + (none.empty() ? "" : "\n" + words_of(none) + "\n");
}

std::string rejected_block(const Report& report) {
  if (report.rejected_indexes.empty()) return {};
  std::string out = "\n### Indexes that are not advised\n\n";
  for (const advise::RejectedIndex& each : report.rejected_indexes)
    out += fmt::format("- {}: {}\n", name_code(each.ddl), words_of(each.reason));
  return out;
}

std::string removals_block(const advise::RemovalResult& removals) {
  std::string out = "\n### Indexes that could go\n\n";
  if (removals.advice.empty()) out += "none\n";
  for (const advise::IndexRemoval& each : removals.advice)
    out += fmt::format("- {}: {}, {}; {}\n", name_code(each.ddl), name(each.kind), words_of(each.reason),
                       bytes(each.size_bytes));
  return out;
}

std::string silences_block(const Report& report) {
  std::string out = "\n### Repetitions that are no findings\n\n";
  if (report.silences.empty()) out += "none\n";
  for (const detect::Silence& silence : report.silences)
    out += fmt::format("- {}: {}: {}\n", name_code(silence.scope_name), counted(silence.executions, "execution"),
                       words_of(silence.reason));
  return out + rejected_block(report);
}

/// Adds whole blocks as long as there is room, and counts what found none.
class CappedText {
 public:
  void add(const std::string& block) {
    if (left_out_ == 0 && text_.size() + block.size() + kReserve <= kMaxBytes) {
      text_ += block;
    } else {
      ++left_out_;
    }
  }

  /// `command` gives all of it.
  std::string finish(const std::string& command) && {
    if (left_out_ > 0)
      text_ += fmt::format("\n{} left out to fit into a comment. All of it: {}\n", counted(left_out_, "section"),
                           name_code(command));
    return std::move(text_);
  }

 private:
  std::string text_;
  std::size_t left_out_ = 0;
};

}  // namespace

std::string render_markdown(const PlanReport& report, const RenderParams& params) {
  CappedText out;
  out.add(fmt::format("## Quell: {} in {}\n", counted(report.plans.size(), "plan"), name_code(report.source)));
  if (report.comparison) {
    std::string changes = "\nCompared: " + words_of(comparison_words(*report.comparison)) + "\n\n";
    for (const plan::PlanChange& change : report.comparison->changes)
      changes += "- " + words_of(change_words(change)) + "\n";
    out.add(changes);
  }
  for (const plan::Diagnostic& diagnostic : report.diagnostics)
    out.add(fmt::format("\nat byte {}: {}\n", diagnostic.offset, words_of(diagnostic.sentence)));
  for (const InspectedPlan& each : report.plans) {
    out.add("\n" + markdown_block(read_plan_heading(each.plan) + "\n" + plan_lines_block(each.plan, params), "") +
            "\n" +
            (each.insights.empty() ? std::string("Nothing wrong with it by the rules.\n")
                                   : insights_list(each.insights, params)));
  }
  return std::move(out).finish("quell explain --read " + report.source);
}

std::string render_markdown(const Report& report, const RenderParams& params) {
  CappedText out;
  if (params.indexes_only) {
    out.add(index_advice_block(report));
    for (const advise::IndexAdvice& advice : report.index_advice) out.add(index_block(advice));
    if (report.removals) out.add(removals_block(*report.removals));
    if (params.explain_silence) out.add(rejected_block(report));
    return std::move(out).finish("quell advise " + report.trace_path);
  }
  if (!params.plans_only) {
    out.add(fmt::format("## Quell: {}\n\n", words_of(verdict(report))));
    if (report.findings.empty()) out.add(words_of(checked(report)) + "\n\n");
    out.add(fmt::format("Trace {}, {}\n", name_code(report.trace_path), words_of(completeness(report))));
    for (std::size_t i = 0; i < report.findings.size(); ++i) out.add(finding_block(report, i, params));
    out.add(index_advice_block(report));
    for (const advise::IndexAdvice& advice : report.index_advice) out.add(index_block(advice));
    if (params.explain_silence) out.add(silences_block(report));
  }
  for (const StatementPlan& plan : report.plans) out.add(plan_block(report, plan, params));
  if (!params.plans_only) {
    out.add(scopes_block(report));
    out.add(statements_block(report, params));
  }
  return std::move(out).finish("quell report " + report.trace_path);
}

}  // namespace quell::report
