#include <boost/json.hpp>

#include "analyzer/report/gate/outputs.hpp"
#include "analyzer/report/gate/wording.hpp"
#include "analyzer/report/json_text.hpp"
#include "analyzer/report/safe_text.hpp"

namespace quell::report {
namespace {

namespace json = boost::json;

json::array sites_of(const gate::StatementDelta& delta) {
  json::array out;
  for (const model::CallSite& site : delta.sites)
    out.push_back({{"file", valid_utf8(site.file)}, {"line", site.line}, {"function", valid_utf8(site.function)}});
  return out;
}

json::object breach_json(const gate::Breach& breach, const GateRenderParams& params) {
  json::array statements;
  for (const gate::StatementDelta& delta : breach.statements)
    statements.push_back({{"fingerprint", sql::to_hex(delta.fingerprint)},
                          {"change", change_name(delta)},
                          {"was", delta.was},
                          {"now", delta.now},
                          {"text", valid_utf8(delta.text)},
                          {"call_sites", sites_of(delta)}});
  json::array findings;
  for (const gate::MeasuredFinding& finding : breach.findings)
    findings.push_back({{"identity", finding.identity},
                        {"kind", detect::to_string(finding.kind)},
                        {"confidence", detect::to_string(finding.confidence)},
                        {"statement", sql::to_hex(finding.child)},
                        {"executions", finding.executions},
                        {"distinct_values", finding.distinct_values},
                        {"edge_from", valid_utf8(finding.edge)},
                        {"advice", valid_utf8(finding.advice)},
                        {"advice_code", valid_utf8(finding.advice_code)}});
  const GateLocation location = gate_location(breach, params);
  return {
      {"rule", gate::to_string(breach.rule)},
      {"level", gate::to_string(breach.level)},
      {"identity", breach_identity(breach)},
      {"suite", breach.suite},
      {"unit", valid_utf8(breach.unit)},
      {"sentence", valid_utf8(breach.sentence)},
      {"was", breach.was},
      {"now", breach.now},
      {"location", json::object{{"file", location.file}, {"line", location.line}, {"call_site", location.call_site}}},
      {"statements", std::move(statements)},
      {"findings", std::move(findings)},
      {"differs", replacement_words(breach)},
      {"owner", valid_utf8(breach.owner)},
      {"allowed", valid_utf8(breach.allowed)},
      {"accept", valid_utf8(breach.accept)}};
}

json::object unit_json(const gate::CheckedUnit& unit) {
  json::object ignored;
  for (const auto& [kind, count] : unit.ignored) ignored[kind] = count;
  return {{"suite", unit.suite},
          {"name", valid_utf8(unit.name)},
          {"runs", unit.runs},
          {"queries", unit.queries},
          {"was", unit.was ? json::value(*unit.was) : json::value(nullptr)},
          {"milliseconds", unit.milliseconds},
          {"level", gate::to_string(unit.level)},
          {"ignored", std::move(ignored)}};
}

template <typename List>
json::array strings(const List& list) {
  json::array out;
  for (const std::string& each : list) out.push_back(json::value(valid_utf8(each)));
  return out;
}

}  // namespace

std::string gate_json(const gate::GateResult& result, const GateRenderParams& params) {
  json::array traces;
  for (const gate::Suite::Trace& trace : result.traces)
    traces.push_back({{"path", valid_utf8(trace.path)},
                      {"complete", gate::losses(trace.summary).empty()},
                      {"losses", strings(gate::losses(trace.summary))}});
  json::array units;
  for (const gate::CheckedUnit& unit : result.units) units.push_back(unit_json(unit));
  json::array breaches;
  for (const gate::Breach& breach : result.breaches) breaches.push_back(breach_json(breach, params));
  return json_text({{"gate_version", kGateVersion},
                    {"outcome", gate::to_string(result.outcome)},
                    {"exit_code", static_cast<int>(result.outcome)},
                    {"problems", strings(result.problems)},
                    {"compared_with", strings(result.compared_with)},
                    {"not_counted", strings(result.ignored)},
                    {"outside", result.outside},
                    {"traces", std::move(traces)},
                    {"units", std::move(units)},
                    {"breaches", std::move(breaches)}});
}

const std::vector<NamedGateOutput>& gate_outputs() {
  static const std::vector<NamedGateOutput> outputs = {
      {"text", gate_text},           {"markdown", gate_markdown}, {"summary", gate_summary},
      {"github", gate_annotations},  {"sarif", gate_sarif},       {"junit", gate_junit},
      {"gitlab", gate_code_quality}, {"rdjson", gate_rdjson},     {"json", gate_json}};
  return outputs;
}

}  // namespace quell::report
