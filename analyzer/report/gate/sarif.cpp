#include <algorithm>
#include <cctype>
#include <map>

#include <fmt/format.h>
#include <boost/json.hpp>

#include "analyzer/report/gate/outputs.hpp"
#include "analyzer/report/gate/wording.hpp"
#include "analyzer/report/json_text.hpp"
#include "analyzer/report/safe_text.hpp"

namespace quell::report {
namespace {

namespace json = boost::json;

/// GitHub shows no more.
constexpr std::size_t kMostResults = 5'000;
constexpr std::size_t kMostRelated = 100;

std::string_view level_name(gate::Level level) {
  switch (level) {
    case gate::Level::failure:
      return "error";
    case gate::Level::warning:
      return "warning";
    case gate::Level::note:
      return "note";
  }
  return "none";
}

/// RFC 3986: everything but unreserved characters and `/` is escaped.
std::string uri(std::string_view path) {
  std::string out;
  for (const char c : path) {
    const bool plain =
        std::isalnum(static_cast<unsigned char>(c)) || std::string_view("-._~/").find(c) != std::string_view::npos;
    out += plain ? std::string(1, c) : fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return out;
}

json::object place(const std::string& file, std::uint32_t line) {
  json::object artifact{{"uri", (file.starts_with('/') ? "file://" : "") + uri(file)}};
  if (!file.starts_with('/')) artifact["uriBaseId"] = "%SRCROOT%";
  return {{"artifactLocation", std::move(artifact)}, {"region", json::object{{"startLine", line}}}};
}

/// The other call sites of the statements to blame.
json::array related(const gate::Breach& breach, const GateLocation& first, const GateRenderParams& params) {
  json::array out;
  for (const gate::StatementDelta& delta : breach.statements) {
    for (const model::CallSite& site : delta.sites) {
      gate::Breach alone;
      alone.statements = {delta};
      alone.statements.front().was = 0;
      alone.statements.front().sites = {site};
      const GateLocation location = gate_location(alone, params);
      const bool known = location.file == first.file && location.line == first.line;
      if (!location.call_site || known || out.size() == kMostRelated) continue;
      const std::string words = fmt::format("{}: {}", change_name(delta), shorten(printable(delta.text), 300));
      out.push_back({{"id", out.size()},
                     {"physicalLocation", place(location.file, location.line)},
                     {"message", json::object{{"text", words}}}});
    }
  }
  return out;
}

json::object result_of(const gate::Breach& breach, std::size_t rule, const GateRenderParams& params) {
  const GateLocation location = gate_location(breach, params);
  json::object out{
      {"ruleId", gate::to_string(breach.rule)},
      {"ruleIndex", rule},
      {"level", level_name(breach.level)},
      {"message", json::object{{"text", breach_message(breach, params)}}},
      {"locations", json::array{json::object{
                        {"physicalLocation", place(location.file, location.line)},
                        {"logicalLocations",
                         json::array{json::object{{"fullyQualifiedName", printable(breach.suite + ": " + breach.unit)},
                                                  {"kind", "function"}}}}}}},
      {"partialFingerprints", json::object{{"quellGate/v1", breach_identity(breach)}}}};
  json::array others = related(breach, location, params);
  if (!others.empty()) out["relatedLocations"] = std::move(others);
  const bool changed = breach.was != 0 && breach.rule != gate::Rule::new_unit;
  if (breach.was != breach.now) out["baselineState"] = changed ? "updated" : "new";
  if (!breach.allowed.empty())
    out["suppressions"] = json::array{{{"kind", "external"}, {"justification", printable(breach.allowed)}}};
  return out;
}

}  // namespace

std::string gate_sarif(const gate::GateResult& result, const GateRenderParams& params) {
  json::array rules;
  std::map<gate::Rule, std::size_t> index;
  for (const gate::Rule rule : gate::rules()) {
    index[rule] = rules.size();
    rules.push_back({{"id", gate::to_string(rule)},
                     {"shortDescription", json::object{{"text", gate::describe(rule)}}},
                     {"help", json::object{{"text", "docs/gate.md explains the rules of the gate."}}}});
  }
  json::array results;
  for (const gate::Breach& breach : result.breaches) {
    if (results.size() == kMostResults) break;
    results.push_back(result_of(breach, index.at(breach.rule), params));
  }
  const bool successful = result.outcome == gate::Outcome::passed || result.outcome == gate::Outcome::failed;
  json::object invocation{{"executionSuccessful", successful}, {"exitCode", static_cast<int>(result.outcome)}};
  json::array notifications;
  for (const std::string& problem : result.problems)
    notifications.push_back({{"level", "error"}, {"message", json::object{{"text", printable(problem)}}}});
  if (!notifications.empty()) invocation["toolExecutionNotifications"] = std::move(notifications);
  json::object driver{{"name", "Quell"}, {"rules", std::move(rules)}};
  if (!params.version.empty()) driver["semanticVersion"] = params.version;
  json::object run{{"tool", json::object{{"driver", std::move(driver)}}},
                   {"columnKind", "utf16CodeUnits"},
                   {"invocations", json::array{std::move(invocation)}},
                   {"results", std::move(results)}};
  return json_text({{"$schema", "https://json.schemastore.org/sarif-2.1.0.json"},
                    {"version", "2.1.0"},
                    {"runs", json::array{std::move(run)}}});
}

}  // namespace quell::report
