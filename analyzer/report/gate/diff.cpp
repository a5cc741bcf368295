#include "analyzer/report/gate/diff.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <boost/json.hpp>

#include "analyzer/report/gate/wording.hpp"
#include "analyzer/report/json_text.hpp"
#include "analyzer/report/safe_text.hpp"
#include "analyzer/report/text_writer.hpp"
#include "analyzer/report/wording.hpp"

namespace quell::report {
namespace {

namespace json = boost::json;

constexpr std::size_t kStatementLines = 3;
/// A GitHub comment holds 65,536 characters.
constexpr std::size_t kCommentBytes = 60'000;

std::string verdict(const gate::TraceDiff& diff) {
  if (diff.statements.empty() && diff.units.empty() && diff.new_findings.empty() && diff.mended_findings.empty())
    return fmt::format("{} runs what {} runs.", diff.after, diff.before);
  return fmt::format("{} compared with {}: {} and {} changed, {} new, {} mended.", diff.after, diff.before,
                     counted(diff.statements.size(), "statement"), counted(diff.units.size(), "unit"),
                     counted(diff.new_findings.size(), "finding"), grouped(diff.mended_findings.size()));
}

std::string statement_words(const gate::StatementChange& change) {
  switch (change.change) {
    case gate::Change::added:
      return fmt::format("{} of {}", counted(change.now.executions, "execution"), milliseconds(change.now.median_ms));
    case gate::Change::gone:
      return fmt::format("was {} of {}", counted(change.was.executions, "execution"),
                         milliseconds(change.was.median_ms));
    case gate::Change::more:
    case gate::Change::fewer:
      return fmt::format("{}, was {}", counted(change.now.executions, "execution"), grouped(change.was.executions));
    case gate::Change::slower:
    case gate::Change::faster:
      break;
  }
  return fmt::format("{}, was {}, median of {}", milliseconds(change.now.median_ms), milliseconds(change.was.median_ms),
                     counted(change.now.executions, "execution"));
}

std::string unit_words(const gate::UnitChange& change) {
  if (change.is_new) return fmt::format("new, {}", counted(change.now, "query"));
  if (change.is_gone) return fmt::format("not run any more, was {}", counted(change.was, "query"));
  return fmt::format("{}, was {}", counted(change.now, "query"), grouped(change.was));
}

class DiffText {
 public:
  DiffText(const gate::TraceDiff& diff, const DiffRenderParams& params) : diff_(diff), params_(params) {
    style_.width = params.width;
  }

  std::string render() {
    for (const std::string& text : wrap(printable(verdict(diff_)), params_.width)) out_.line(text);
    for (const std::string& problem : diff_.problems) out_.line("INCOMPLETE: " + printable(problem));
    section("Statements", diff_.statements, [&](const gate::StatementChange& change) {
      out_.labelled(gate::to_string(change.change),
                    fmt::format("{} ({})", statement_words(change), sql::to_hex(change.fingerprint)));
      out_.labelled("", change.text, Style::plain, kStatementLines);
      const auto& sites = change.now.executions > 0 ? change.now.sites : change.was.sites;
      for (const model::CallSite& site : sites) out_.labelled("", "at " + gate_site(site, params_.repository));
    });
    section("Units", diff_.units, [&](const gate::UnitChange& change) {
      out_.line(fmt::format("   {}: {}", printable(change.unit), unit_words(change)));
      for (const gate::StatementDelta& delta : change.statements)
        out_.labelled(change_name(delta),
                      fmt::format("{} ({}) {}", change_counts(delta), sql::to_hex(delta.fingerprint), delta.text),
                      Style::plain, 1);
    });
    const auto finding = [&](const gate::MeasuredFinding& f) {
      out_.line(fmt::format("   {}: {}", printable(f.unit), printable(finding_words(f))));
    };
    section("New findings", diff_.new_findings, finding);
    section("Mended findings", diff_.mended_findings, finding);
    return out_.take();
  }

 private:
  template <typename List, typename Write>
  void section(std::string_view heading, const List& list, const Write& write) {
    if (list.empty()) return;
    out_.heading(heading);
    const std::size_t shown = std::min(params_.most, list.size());
    for (std::size_t i = 0; i < shown; ++i) write(list[i]);
    if (list.size() > shown)
      out_.line(fmt::format("   and {} more; --format json has all", grouped(list.size() - shown)));
  }

  const gate::TraceDiff& diff_;
  const DiffRenderParams& params_;
  RenderParams style_;
  TextWriter out_{style_};
};

json::object use_json(const gate::StatementUse& use) {
  json::array sites;
  for (const model::CallSite& site : use.sites)
    sites.push_back({{"file", valid_utf8(site.file)}, {"line", site.line}, {"function", valid_utf8(site.function)}});
  return {{"executions", use.executions}, {"median_ms", use.median_ms}, {"call_sites", std::move(sites)}};
}

json::array findings_json(const std::vector<gate::MeasuredFinding>& findings) {
  json::array out;
  for (const gate::MeasuredFinding& finding : findings)
    out.push_back({{"identity", finding.identity},
                   {"kind", detect::to_string(finding.kind)},
                   {"confidence", detect::to_string(finding.confidence)},
                   {"unit", finding.unit},
                   {"statement", sql::to_hex(finding.child)},
                   {"executions", finding.executions}});
  return out;
}

}  // namespace

std::string diff_text(const gate::TraceDiff& diff, const DiffRenderParams& params) {
  return DiffText(diff, params).render();
}

std::string diff_markdown(const gate::TraceDiff& diff) {
  std::string out = fmt::format("## Quell: {}\n", markdown_words(shorten(printable(verdict(diff)), 400)));
  for (const std::string& problem : diff.problems) out += "\nINCOMPLETE: " + markdown_words(problem) + "\n";
  std::size_t left_out = 0;
  const auto row = [&](const std::string& text) {
    if (left_out > 0 || out.size() + text.size() + 200 > kCommentBytes) {
      ++left_out;
    } else {
      out += text;
    }
  };
  const auto name = [](std::string_view text) { return markdown_code(shorten(printable(text), 160), true); };
  if (!diff.statements.empty()) row("\n| | statement | executions and time |\n|---|---|---|\n");
  for (const gate::StatementChange& change : diff.statements)
    row(fmt::format("| {} | {} | {} |\n", gate::to_string(change.change), name(change.text),
                    markdown_words(statement_words(change))));
  if (!diff.units.empty()) row("\n| unit | queries |\n|---|---|\n");
  for (const gate::UnitChange& change : diff.units)
    row(fmt::format("| {} | {} |\n", name(change.unit), markdown_words(unit_words(change))));
  for (const auto& [heading, findings] :
       {std::pair("New", &diff.new_findings), std::pair("Mended", &diff.mended_findings)}) {
    if (!findings->empty()) row(fmt::format("\n{} findings:\n\n", heading));
    for (const gate::MeasuredFinding& finding : *findings)
      row(fmt::format("- {}: {}\n", name(finding.unit), markdown_words(printable(finding_words(finding)))));
  }
  if (left_out > 0) out += fmt::format("\n{} left out to fit into a comment.\n", counted(left_out, "row"));
  return out;
}

std::string diff_json(const gate::TraceDiff& diff) {
  json::array problems;
  for (const std::string& problem : diff.problems) problems.push_back(json::value(valid_utf8(problem)));
  json::array statements;
  for (const gate::StatementChange& change : diff.statements)
    statements.push_back({{"change", gate::to_string(change.change)},
                          {"fingerprint", sql::to_hex(change.fingerprint)},
                          {"text", valid_utf8(change.text)},
                          {"was", use_json(change.was)},
                          {"now", use_json(change.now)}});
  json::array units;
  for (const gate::UnitChange& change : diff.units) {
    json::array changed;
    for (const gate::StatementDelta& delta : change.statements)
      changed.push_back({{"fingerprint", sql::to_hex(delta.fingerprint)}, {"was", delta.was}, {"now", delta.now}});
    units.push_back({{"unit", change.unit},
                     {"was", change.is_new ? json::value(nullptr) : json::value(change.was)},
                     {"now", change.is_gone ? json::value(nullptr) : json::value(change.now)},
                     {"statements", std::move(changed)}});
  }
  return json_text({{"diff_version", 1},
                    {"before", valid_utf8(diff.before)},
                    {"after", valid_utf8(diff.after)},
                    {"problems", std::move(problems)},
                    {"statements", std::move(statements)},
                    {"units", std::move(units)},
                    {"new_findings", findings_json(diff.new_findings)},
                    {"mended_findings", findings_json(diff.mended_findings)}});
}

}  // namespace quell::report
