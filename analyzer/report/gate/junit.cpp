#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "analyzer/report/gate/outputs.hpp"
#include "analyzer/report/gate/wording.hpp"
#include "analyzer/report/safe_text.hpp"

namespace quell::report {
namespace {

/// For text and attributes. XML 1.0 has no way to write most controls, nor U+FFFE and U+FFFF: those become U+FFFD.
std::string xml(std::string_view text) {
  std::string out;
  const std::string valid = valid_utf8(text);
  for (std::string_view rest = valid; !rest.empty();) {
    const sql::CodePoint next = sql::decode_utf8(rest);
    switch (next.value) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\n':
        out += "&#10;";
        break;
      case '\t':
        out += "&#9;";
        break;
      default: {
        const bool illegal = next.value < 0x20 || next.value == 0xFFFE || next.value == 0xFFFF;
        out += illegal ? std::string_view("\xEF\xBF\xBD") : rest.substr(0, next.bytes);
      }
    }
    rest.remove_prefix(next.bytes);
  }
  return out;
}

std::string first_line(std::string_view text) {
  return std::string(text.substr(0, text.find('\n')));
}

struct SuiteCases {
  std::string xml;
  std::size_t tests = 0;
  std::size_t failures = 0;
  double seconds = 0;
};

/// A unit is one case, or one for each rule it fails.
void add_unit(const gate::CheckedUnit& unit, const std::vector<const gate::Breach*>& breaches,
              const GateRenderParams& params, SuiteCases& out) {
  const double seconds = unit.milliseconds / 1000;
  out.seconds += seconds;
  const std::string head =
      fmt::format("    <testcase classname=\"{}\" name=\"{}\"", xml(unit.suite), xml(printable(unit.name)));
  std::string warnings;
  std::size_t failures = 0;
  for (const gate::Breach* breach : breaches) {
    const std::string message = breach_message(*breach, params);
    if (breach->level != gate::Level::failure) {
      warnings += fmt::format("{}: {}", gate::to_string(breach->level), message);
      continue;
    }
    // The same unit may fail several rules: each case has a name of its own.
    const GateLocation location = gate_location(*breach, params);
    out.xml += fmt::format(
        "    <testcase classname=\"{}\" name=\"{} [{}]\" file=\"{}\" line=\"{}\" time=\"{:.6f}\">\n"
        "      <failure message=\"{}\" type=\"{}\">{}</failure>\n    </testcase>\n",
        xml(unit.suite), xml(printable(unit.name)), gate::to_string(breach->rule), xml(location.file), location.line,
        failures == 0 ? seconds : 0.0, xml(first_line(message)), gate::to_string(breach->rule), xml(message));
    ++failures;
  }
  out.tests += std::max<std::size_t>(1, failures);
  out.failures += failures;
  if (failures > 0) return;
  out.xml += fmt::format("{} time=\"{:.6f}\"", head, seconds);
  out.xml +=
      warnings.empty() ? "/>\n" : fmt::format(">\n      <system-out>{}</system-out>\n    </testcase>\n", xml(warnings));
}

}  // namespace

std::string gate_junit(const gate::GateResult& result, const GateRenderParams& params) {
  std::map<std::pair<std::string_view, std::string_view>, std::vector<const gate::Breach*>> by_unit;
  for (const gate::Breach& breach : result.breaches) by_unit[{breach.suite, breach.unit}].push_back(&breach);
  std::map<std::string_view, SuiteCases> suites;
  for (const gate::CheckedUnit& unit : result.units) {
    const auto breaches = by_unit.extract({unit.suite, unit.name});
    add_unit(unit, breaches ? breaches.mapped() : std::vector<const gate::Breach*>(), params, suites[unit.suite]);
  }
  // Units that were not run, and exceptions that ended.
  for (const auto& [key, breaches] : by_unit) {
    gate::CheckedUnit unit;
    unit.suite = key.first;
    unit.name = key.second;
    add_unit(unit, breaches, params, suites[key.first]);
  }
  std::size_t tests = result.problems.size();
  std::size_t failures = 0;
  std::string body;
  for (const auto& [name, suite] : suites) {
    tests += suite.tests;
    failures += suite.failures;
    body += fmt::format(
        "  <testsuite name=\"{}\" tests=\"{}\" failures=\"{}\" errors=\"0\" skipped=\"0\" time=\"{:.6f}\">\n{}"
        "  </testsuite>\n",
        xml(name), suite.tests, suite.failures, suite.seconds, suite.xml);
  }
  if (!result.problems.empty()) {
    body += fmt::format(
        "  <testsuite name=\"quell gate\" tests=\"{0}\" failures=\"0\" errors=\"{0}\" skipped=\"0\" time=\"0\">\n",
        result.problems.size());
    for (std::size_t i = 0; i < result.problems.size(); ++i) {
      const std::string problem = xml(printable(result.problems[i]));
      body += fmt::format(
          "    <testcase classname=\"quell gate\" name=\"problem {}\" time=\"0\">\n"
          "      <error message=\"{}\" type=\"{}\"/>\n    </testcase>\n",
          i + 1, problem, gate::to_string(result.outcome));
    }
    body += "  </testsuite>\n";
  }
  return fmt::format(
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
      "<testsuites name=\"quell gate\" tests=\"{}\" failures=\"{}\" errors=\"{}\">\n{}</testsuites>\n",
      tests, failures, result.problems.size(), body);
}

}  // namespace quell::report
