#include <algorithm>
#include <array>
#include <cstdint>
#include <ctime>
#include <optional>
#include <string>
#include <string_view>

#include <fmt/format.h>
#include <boost/json.hpp>

#include "analyzer/report/json_text.hpp"
#include "analyzer/report/plan_report.hpp"
#include "analyzer/report/report.hpp"
#include "analyzer/report/safe_text.hpp"
#include "analyzer/report/wording.hpp"

namespace quell::report {
namespace {

namespace json = boost::json;

json::string text(std::string_view bytes) {
  return json::string(valid_utf8(bytes));
}

/// "2026-01-31T12:00:00Z".
std::string utc(std::int64_t unix_ns) {
  const std::time_t seconds = unix_ns / 1'000'000'000;
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z", parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday,
                     parts.tm_hour, parts.tm_min, parts.tm_sec);
}

/// "transaction control" -> "transaction_control"
json::string machine_name(std::string_view words) {
  json::string out(words);
  std::replace(out.begin(), out.end(), ' ', '_');
  return out;
}

json::object by_kind(const std::array<std::uint64_t, trace::kEventKinds>& counts) {
  json::object out;
  for (std::size_t kind = 1; kind < counts.size(); ++kind) {
    if (counts[kind] > 0) out[name(static_cast<trace::EventKind>(kind))] = counts[kind];
  }
  return out;
}

json::object trace_json(const Report& report) {
  json::array damage;
  for (const trace::Damage& each : report.trace.damage)
    damage.push_back(json::object{{"kind", name(each.kind)},
                                  {"offset", each.offset},
                                  {"length", each.length},
                                  {"sentence", text(each.sentence)}});
  return {{"path", text(report.trace_path)},
          {"program", text(report.header.program)},
          {"agent", text(report.header.agent)},
          {"created", utc(report.header.created_unix_ns)},
          {"format_version", report.header.version},
          {"redacted", report.header.redacted},
          {"complete", report.trace.complete()},
          {"closed", report.trace.closed},
          {"bytes", report.trace.file_bytes},
          {"span_ms", report.span_ms},
          {"events", by_kind(report.trace.events)},
          {"dropped", by_kind(report.trace.lost)},
          {"damage", std::move(damage)}};
}

json::object spread_json(const Spread& spread) {
  return {{"min", spread.min}, {"median", spread.median}, {"max", spread.max}};
}

json::array scopes_json(const Report& report) {
  json::array out;
  for (const ScopeSummary& scope : report.scopes)
    out.push_back(json::object{{"name", text(scope.name)},
                               {"kind", scope.kind},
                               {"count", scope.count},
                               {"queries", spread_json(scope.queries)},
                               {"ms", spread_json(scope.milliseconds)},
                               {"database_ms", scope.database_milliseconds}});
  return out;
}

json::object call_site_json(const model::CallSite& site) {
  return {{"file", text(site.file)}, {"line", site.line}, {"function", text(site.function)}};
}

json::array statements_json(const Report& report) {
  json::array out;
  for (const StatementSummary& statement : report.statements) {
    json::array sites;
    for (const model::CallSite& site : statement.call_sites) sites.push_back(call_site_json(site));
    out.push_back(json::object{
        {"id", statement.id},
        {"text", text(statement.text)},
        {"kind", machine_name(statement.kind)},
        {"executions", statement.executions},
        {"errors", statement.errors},
        {"rows", statement.rows},
        {"ms", json::object{{"total", statement.total_ms}, {"p50", statement.p50_ms}, {"p95", statement.p95_ms}}},
        {"call_sites", std::move(sites)}});
  }
  return out;
}

json::value statement_reference(const Report& report, model::StatementIndex index) {
  if (index == model::kNone) return nullptr;
  return json::object{{"id", report.statements[index].id}, {"text", text(report.statements[index].text)}};
}

json::value edge_json(const std::optional<detect::ValueEdge>& edge) {
  if (!edge) return nullptr;
  return json::object{{"from_table", text(edge->from_table)},
                      {"from_column", text(edge->from_column)},
                      {"to_parameter", text(edge->to_parameter)},
                      {"to_table", text(edge->to_table)},
                      {"to_column", text(edge->to_column)},
                      {"covered", edge->covered},
                      {"executions", edge->executions},
                      {"parent_rows", edge->parent_rows},
                      {"row_order", edge->row_order}};
}

json::value scaling_json(const std::optional<detect::Scaling>& scaling) {
  if (!scaling) return nullptr;
  return json::object{{"slope", scaling->slope},
                      {"r_squared", scaling->r_squared},
                      {"scopes", scaling->scopes},
                      {"sizes", scaling->sizes}};
}

json::array strings_json(const std::vector<std::string>& strings) {
  json::array out;
  for (const std::string& each : strings) out.emplace_back(text(each));
  return out;
}

json::array examples_json(const Report& report, std::size_t finding, const RenderParams& params) {
  json::array out;
  if (finding >= report.examples.size()) return out;
  for (const ExampleExecution& each : report.examples[finding]) {
    json::object example{{"statement", report.statements[each.statement].id},
                         {"at_ms", each.at_ms},
                         {"ms", each.ms},
                         {"rows", each.rows}};
    if (params.show_values) example["parameters"] = strings_json(each.parameters);
    out.push_back(std::move(example));
  }
  return out;
}

json::object finding_json(const Report& report, std::size_t index, const RenderParams& params) {
  const detect::Finding& finding = report.findings[index];
  json::array sites;
  for (const detect::LocatedCallSite& located : finding.call_sites) {
    json::object site = call_site_json(located.site);
    site["role"] = located.role == detect::LocatedCallSite::Role::parent ? "parent" : "child";
    site["executions"] = located.executions;
    sites.push_back(std::move(site));
  }
  json::array advice;
  for (const detect::Advice& each : finding.advice)
    advice.push_back(json::object{{"kind", detect::to_string(each.kind)},
                                  {"sentence", text(each.sentence)},
                                  {"code", text(each.code)},
                                  {"stack", text(each.stack)}});
  return {{"identity", finding.identity},
          {"kind", detect::to_string(finding.kind)},
          {"confidence", detect::to_string(finding.confidence)},
          {"severity", detect::to_string(finding.severity)},
          {"scope", text(finding.scope_name)},
          {"scopes_affected", finding.scopes_affected},
          {"scopes_total", finding.scopes_total},
          {"executions", finding.executions},
          {"distinct_values", finding.distinct_values},
          {"total_executions", finding.total_executions},
          {"parent", statement_reference(report, finding.parent)},
          {"child", statement_reference(report, finding.child)},
          {"edge", edge_json(finding.edge)},
          {"scaling", scaling_json(finding.scaling)},
          {"call_sites", std::move(sites)},
          {"cost", json::object{{"round_trips", finding.cost.round_trips},
                                {"ms", finding.cost.milliseconds},
                                {"total_round_trips", finding.cost.total_round_trips},
                                {"total_ms", finding.cost.total_milliseconds},
                                {"share", finding.cost.share}}},
          {"advice", std::move(advice)},
          {"examples", examples_json(report, index, params)}};
}

json::object node_json(const plan::Node& node, const RenderParams& params) {
  json::object out{{"type", text(node.type)},           {"relation", text(node.relation)},
                   {"alias", text(node.alias)},         {"index", text(node.index)},
                   {"join_type", text(node.join_type)}, {"startup_cost", node.startup_cost},
                   {"total_cost", node.total_cost},     {"plan_rows", node.plan_rows}};
  if (node.analyzed) {
    out["actual_rows"] = node.actual_rows;
    out["loops"] = node.loops;
  }
  if (node.timed) {
    out["total_ms"] = node.total_ms();
    out["self_ms"] = node.self_ms;
  }
  if (node.rows_removed_by_filter) out["rows_removed_by_filter"] = *node.rows_removed_by_filter;
  if (node.buffers)
    out["buffers"] = json::object{{"shared_hit", node.buffers->shared_hit},
                                  {"shared_read", node.buffers->shared_read},
                                  {"temp_read", node.buffers->temp_read},
                                  {"temp_written", node.buffers->temp_written}};
  json::array details;
  for (const auto& [key, value] : node.details)
    details.push_back(
        json::object{{"name", text(key)}, {"value", text(params.show_values ? value : mask_values(value))}});
  out["details"] = std::move(details);
  json::array children;
  for (const plan::Node& child : node.children) children.push_back(node_json(child, params));
  out["children"] = std::move(children);
  return out;
}

json::array insights_json(const std::vector<plan::Insight>& insights, const RenderParams& params) {
  json::array out;
  for (const plan::Insight& insight : insights) {
    const std::string condition = params.show_values ? insight.condition : mask_values(insight.condition);
    out.push_back(json::object{{"rule", text(insight.rule)},
                               {"node", insight.node},
                               {"share", insight.share},
                               {"cause", text(insight.cause)},
                               {"evidence", text(insight.evidence)},
                               {"condition", text(condition)},
                               {"fix", text(insight.fix)},
                               {"sql", text(insight.sql)}});
  }
  return out;
}

std::string_view change_kind(plan::PlanChange::Kind kind) {
  using Kind = plan::PlanChange::Kind;
  switch (kind) {
    case Kind::access_path:
      return "access_path";
    case Kind::join_method:
      return "join_method";
    case Kind::join_order:
      return "join_order";
    case Kind::node_added:
      return "node_added";
    case Kind::node_gone:
      return "node_gone";
  }
  return "";
}

json::value number_or_null(const std::optional<double>& number) {
  return number ? json::value(*number) : json::value(nullptr);
}

json::array plans_json(const Report& report, const RenderParams& params) {
  json::array out;
  for (const StatementPlan& each : report.plans) {
    json::object plan{{"statement", report.statements[each.statement].id},
                      {"ok", each.run.ok},
                      {"mode", each.run.mode == plan::RunMode::analyze ? "analyze" : "explain"},
                      {"generic", each.run.generic},
                      {"note", text(params.show_values ? each.run.note : mask_message(each.run.note))}};
    plan["planning_ms"] = number_or_null(each.run.plan.planning_ms);
    plan["execution_ms"] = number_or_null(each.run.plan.execution_ms);
    plan["root"] = each.run.ok ? json::value(node_json(each.run.plan.root, params)) : json::value(nullptr);
    plan["insights"] = insights_json(each.insights, params);
    if (params.show_values) plan["parameters"] = strings_json(each.parameters);
    out.push_back(std::move(plan));
  }
  return out;
}

json::array index_advice_json(const Report& report) {
  json::array out;
  for (const advise::IndexAdvice& advice : report.index_advice) {
    json::array served;
    for (const advise::ServedStatement& each : advice.statements)
      served.push_back(json::object{{"statement", report.statements[each.statement].id},
                                    {"executions", each.executions},
                                    {"cost_before", each.cost_before},
                                    {"cost_after", each.cost_after},
                                    {"ms_before", number_or_null(each.ms_before)},
                                    {"ms_after", number_or_null(each.ms_after)}});
    out.push_back(json::object{{"ddl", text(advice.ddl)},
                               {"schema", text(advice.schema)},
                               {"table", text(advice.table)},
                               {"columns", strings_json(advice.columns)},
                               {"cost_before", advice.cost_before},
                               {"cost_after", advice.cost_after},
                               {"size_bytes", advice.size_bytes > 0 ? json::value(advice.size_bytes) : json::value()},
                               {"verification", name(advice.verification)},
                               {"note", text(advice.note)},
                               {"statements", std::move(served)}});
  }
  return out;
}

json::array removals_json(const std::vector<advise::IndexRemoval>& removals) {
  json::array out;
  for (const advise::IndexRemoval& each : removals)
    out.push_back(json::object{{"kind", name(each.kind)},
                               {"ddl", text(each.ddl)},
                               {"schema", text(each.schema)},
                               {"index", text(each.index)},
                               {"reason", text(each.reason)},
                               {"size_bytes", each.size_bytes}});
  return out;
}

json::array silences_json(const Report& report) {
  json::array out;
  for (const detect::Silence& silence : report.silences)
    out.push_back(json::object{{"scope", text(silence.scope_name)},
                               {"statement", statement_reference(report, silence.statement)},
                               {"reason", text(silence.reason)},
                               {"executions", silence.executions}});
  return out;
}

json::array rejected_json(const Report& report) {
  json::array out;
  for (const advise::RejectedIndex& each : report.rejected_indexes)
    out.push_back(json::object{{"ddl", text(each.ddl)}, {"reason", text(each.reason)}});
  return out;
}

}  // namespace

std::string render_json(const Report& report, const RenderParams& params) {
  json::array findings;
  for (std::size_t i = 0; i < report.findings.size(); ++i) findings.push_back(finding_json(report, i, params));
  json::object document{{"report_version", kReportVersion},
                        {"trace", trace_json(report)},
                        {"thresholds", json::object{{"n_plus_one", report.thresholds.n_plus_one_threshold},
                                                    {"duplicate_query", report.thresholds.duplicate_threshold},
                                                    {"slow_ms", report.thresholds.slow_milliseconds}}},
                        {"scopes", scopes_json(report)},
                        {"statements", statements_json(report)},
                        {"findings", std::move(findings)},
                        {"database_used", report.database_used},
                        {"plans", plans_json(report, params)},
                        {"index_advice", index_advice_json(report)},
                        {"not_planned", strings_json(report.not_planned)}};
  if (report.removals) {
    document["index_removals"] = removals_json(report.removals->advice);
    if (params.explain_silence) document["indexes_kept"] = removals_json(report.removals->kept);
  }
  if (params.explain_silence) {
    document["silences"] = silences_json(report);
    document["rejected_indexes"] = rejected_json(report);
  }
  return json_text(document);
}

std::string render_json(const PlanReport& report, const RenderParams& params) {
  json::array plans;
  for (const InspectedPlan& each : report.plans) {
    json::array triggers;
    for (const plan::Trigger& trigger : each.plan.triggers)
      triggers.push_back(json::object{{"name", text(trigger.constraint.empty() ? trigger.name : trigger.constraint)},
                                      {"ms", trigger.ms},
                                      {"calls", trigger.calls}});
    plans.push_back(json::object{{"planning_ms", number_or_null(each.plan.planning_ms)},
                                 {"execution_ms", number_or_null(each.plan.execution_ms)},
                                 {"unaccounted_ms", each.plan.unaccounted_ms},
                                 {"triggers", std::move(triggers)},
                                 {"root", node_json(each.plan.root, params)},
                                 {"insights", insights_json(each.insights, params)}});
  }
  json::array diagnostics;
  for (const plan::Diagnostic& each : report.diagnostics)
    diagnostics.push_back(json::object{{"offset", each.offset}, {"sentence", text(each.sentence)}});
  json::object out{
      {"source", text(report.source)}, {"plans", std::move(plans)}, {"diagnostics", std::move(diagnostics)}};
  if (report.comparison) {
    json::array changes;
    for (const plan::PlanChange& change : report.comparison->changes)
      changes.push_back(json::object{{"kind", change_kind(change.kind)},
                                     {"subject", text(change.subject)},
                                     {"before", text(change.before)},
                                     {"after", text(change.after)},
                                     {"before_ms", change.before_ms},
                                     {"after_ms", change.after_ms}});
    out["comparison"] = json::object{{"before_ms", number_or_null(report.comparison->before.execution_ms)},
                                     {"after_ms", number_or_null(report.comparison->after.execution_ms)},
                                     {"before_cost", report.comparison->before.root.total_cost},
                                     {"after_cost", report.comparison->after.root.total_cost},
                                     {"changes", std::move(changes)}};
  }
  return json_text(out);
}

}  // namespace quell::report
