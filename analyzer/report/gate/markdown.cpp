#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "analyzer/report/gate/outputs.hpp"
#include "analyzer/report/gate/wording.hpp"
#include "analyzer/report/safe_text.hpp"
#include "analyzer/report/wording.hpp"

namespace quell::report {
namespace {

/// A GitHub comment holds 65,536 characters.
constexpr std::size_t kCommentBytes = 60'000;
/// A job summary of more than 1 MiB is dropped without a word.
constexpr std::size_t kSummaryBytes = 900 * 1024;
/// Room for the line that says what was left out.
constexpr std::size_t kReserve = 300;
constexpr std::size_t kTableRows = 20;
constexpr std::size_t kNameColumns = 160;
constexpr std::size_t kSentenceColumns = 240;

std::string name_code(std::string_view text, bool in_table) {
  return markdown_code(shorten(printable(text), kNameColumns), in_table);
}

std::string sentence(std::string_view text) {
  return markdown_words(shorten(printable(text), kSentenceColumns));
}

std::string_view sign(gate::Level level) {
  switch (level) {
    case gate::Level::failure:
      return "fails";
    case gate::Level::warning:
      return "warning";
    case gate::Level::note:
      return "note";
  }
  return "";
}

/// By which a bot finds its comment again; the suites are file names, so nothing in them ends the HTML comment.
std::string marker(const gate::GateResult& result) {
  std::set<std::string_view> suites;
  for (const gate::CheckedUnit& unit : result.units) suites.insert(unit.suite);
  return fmt::format("<!-- quell-gate {} -->\n", fmt::join(suites, " "));
}

std::string table(const gate::GateResult& result) {
  std::string out = "\n| | unit | queries | rule |\n|---|---|---|---|\n";
  std::size_t rows = 0;
  std::size_t all = 0;
  for (const gate::Breach& breach : result.breaches) {
    if (breach.level == gate::Level::note) continue;
    ++all;
    if (++rows > kTableRows) continue;
    out += fmt::format("| {} | {} | {} | {} |\n", sign(breach.level), name_code(breach.unit, true),
                       sentence(breach.sentence), gate::to_string(breach.rule));
  }
  if (all == 0) return "";
  if (all > kTableRows) out += fmt::format("\n{} below.\n", counted(all - kTableRows, "more row"));
  return out;
}

std::string block(const gate::Breach& breach, const GateRenderParams& params) {
  return fmt::format("\n<details><summary>{}: {}</summary>\n\n{}\n</details>\n", sign(breach.level),
                     markdown_words(shorten(printable(breach.unit), kNameColumns)),
                     markdown_block(breach_message(breach, params), "text"));
}

std::string render(const gate::GateResult& result, const GateRenderParams& params, std::string out, std::size_t most) {
  out += fmt::format("## Quell gate: {}\n", sentence(gate_verdict(result)));
  for (const std::string& problem : result.problems) out += fmt::format("\n{}\n", sentence(problem));
  out += table(result);
  std::size_t left_out = 0;
  for (const gate::Breach& breach : result.breaches) {
    const std::string text = block(breach, params);
    if (left_out > 0 || out.size() + text.size() + kReserve > most) {
      ++left_out;
    } else {
      out += text;
    }
  }
  if (left_out > 0)
    out += fmt::format("\n{} left out to fit; the JSON output has all of it.\n", counted(left_out, "section"));
  if (const std::string ignored = ignored_words(result); !ignored.empty() && out.size() + kReserve <= most)
    out += fmt::format("\n<sub>not counted as queries: {}</sub>\n", sentence(ignored));
  return out;
}

}  // namespace

std::string gate_markdown(const gate::GateResult& result, const GateRenderParams& params) {
  return render(result, params, marker(result), kCommentBytes);
}

std::string gate_summary(const gate::GateResult& result, const GateRenderParams& params) {
  return render(result, params, "", kSummaryBytes);
}

}  // namespace quell::report
