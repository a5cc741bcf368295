#include <set>

#include <fmt/format.h>
#include <boost/json.hpp>

#include "analyzer/report/gate/outputs.hpp"
#include "analyzer/report/gate/wording.hpp"
#include "analyzer/report/json_text.hpp"
#include "analyzer/report/safe_text.hpp"

namespace quell::report {
namespace {

namespace json = boost::json;

std::string_view severity(gate::Level level) {
  switch (level) {
    case gate::Level::failure:
      return "major";
    case gate::Level::warning:
      return "minor";
    case gate::Level::note:
      return "info";
  }
  return "info";
}

std::string_view rdjson_severity(gate::Level level) {
  switch (level) {
    case gate::Level::failure:
      return "ERROR";
    case gate::Level::warning:
      return "WARNING";
    case gate::Level::note:
      return "INFO";
  }
  return "INFO";
}

}  // namespace

std::string gate_code_quality(const gate::GateResult& result, const GateRenderParams& params) {
  json::array out;
  std::set<std::string> fingerprints;
  const auto add = [&](const std::string& description, std::string_view check, std::string fingerprint,
                       std::string_view how_bad, const GateLocation& location) {
    // GitLab shows one entry for each fingerprint.
    const std::string base = fingerprint;
    for (int i = 2; !fingerprints.insert(fingerprint).second; ++i) fingerprint = fmt::format("{}-{}", base, i);
    out.push_back(
        {{"description", description},
         {"check_name", check},
         {"fingerprint", fingerprint},
         {"severity", how_bad},
         {"location", json::object{{"path", location.file}, {"lines", json::object{{"begin", location.line}}}}}});
  };
  for (const std::string& problem : result.problems)
    add(printable(problem), gate::to_string(result.outcome), "problem", "blocker", {params.fallback_file, 1, false});
  for (const gate::Breach& breach : result.breaches)
    add(breach_message(breach, params), gate::to_string(breach.rule), breach_identity(breach), severity(breach.level),
        gate_location(breach, params));
  return json_text(out);
}

std::string gate_rdjson(const gate::GateResult& result, const GateRenderParams& params) {
  json::array diagnostics;
  const auto add = [&](const std::string& message, std::string_view code, std::string_view how_bad,
                       const GateLocation& location) {
    diagnostics.push_back(
        {{"message", message},
         {"location", json::object{{"path", location.file},
                                   {"range", json::object{{"start", json::object{{"line", location.line}}}}}}},
         {"severity", how_bad},
         {"code", json::object{{"value", code}}}});
  };
  for (const std::string& problem : result.problems)
    add(printable(problem), gate::to_string(result.outcome), "ERROR", {params.fallback_file, 1, false});
  for (const gate::Breach& breach : result.breaches)
    add(breach_message(breach, params), gate::to_string(breach.rule), rdjson_severity(breach.level),
        gate_location(breach, params));
  return json_text({{"source", json::object{{"name", "quell"}}}, {"diagnostics", std::move(diagnostics)}});
}

}  // namespace quell::report
