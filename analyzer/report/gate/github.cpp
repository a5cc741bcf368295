#include <fmt/format.h>

#include "analyzer/report/gate/outputs.hpp"
#include "analyzer/report/gate/wording.hpp"
#include "analyzer/report/safe_text.hpp"

namespace quell::report {
namespace {

/// GitHub keeps ten of each for a step and drops the rest silently; the tenth error says how many there are more.
constexpr std::size_t kMost = 9;

/// A workflow command ends at a line feed; `%` escapes.
std::string command_data(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '%') {
      out += "%25";
    } else if (c == '\r') {
      out += "%0D";
    } else if (c == '\n') {
      out += "%0A";
    } else {
      out += c;
    }
  }
  return out;
}

/// In a property, `:` and `,` end it.
std::string command_property(std::string_view text) {
  std::string out;
  for (const char c : command_data(text)) {
    if (c == ':') {
      out += "%3A";
    } else if (c == ',') {
      out += "%2C";
    } else {
      out += c;
    }
  }
  return out;
}

}  // namespace

std::string gate_annotations(const gate::GateResult& result, const GateRenderParams& params) {
  std::string out;
  if (!result.problems.empty())
    out += fmt::format("::error title=Quell gate::{}\n", command_data(printable(result.problems.front())));
  for (const gate::Level level : {gate::Level::failure, gate::Level::warning}) {
    const std::string_view command = level == gate::Level::failure ? "error" : "warning";
    std::size_t written = level == gate::Level::failure && !result.problems.empty() ? 1 : 0;
    std::size_t left_out = 0;
    for (const gate::Breach& breach : result.breaches) {
      if (breach.level != level) continue;
      if (written == kMost) {
        ++left_out;
        continue;
      }
      ++written;
      const GateLocation location = gate_location(breach, params);
      std::string message = breach_message(breach, params);
      message.pop_back();
      out += fmt::format("::{} file={},line={},title={}::{}\n", command, command_property(location.file), location.line,
                         command_property("Quell gate: " + std::string(gate::to_string(breach.rule))),
                         command_data(message));
    }
    if (left_out > 0)
      out += fmt::format("::{} title=Quell gate::and {} more; the job summary and the report have them\n", command,
                         left_out);
  }
  return out;
}

}  // namespace quell::report
