#include <algorithm>

#include <fmt/format.h>

#include "analyzer/report/gate/outputs.hpp"
#include "analyzer/report/gate/wording.hpp"
#include "analyzer/report/safe_text.hpp"
#include "analyzer/report/wording.hpp"

namespace quell::report {
namespace {

constexpr std::size_t kLabelColumns = 11;
constexpr std::size_t kStatementLines = 4;
constexpr std::size_t kMostStatements = 12;
constexpr std::size_t kMostNotes = 10;

std::string_view mark(const gate::Breach& breach) {
  switch (breach.level) {
    case gate::Level::failure:
      return "FAIL";
    case gate::Level::warning:
      return "WARN";
    case gate::Level::note:
      return "note";
  }
  return "";
}

class GateText {
 public:
  GateText(const gate::GateResult& result, const GateRenderParams& params) : result_(result), params_(params) {}

  std::string render() {
    const bool good = result_.outcome == gate::Outcome::passed;
    for (const std::string& text : wrap(printable(gate_verdict(result_)), params_.width))
      line(styled(good ? "\x1b[1;32m" : "\x1b[1;31m", text));
    for (const std::string& problem : result_.problems) {
      for (const std::string& text : wrap(printable(problem), params_.width)) line(text);
    }
    for (const gate::Breach& breach : result_.breaches) {
      if (breach.level != gate::Level::note) write_breach(breach);
    }
    write_notes();
    write_footer();
    return std::move(out_);
  }

 private:
  std::string styled(std::string_view code, std::string_view text) const {
    return params_.colour ? fmt::format("{}{}\x1b[0m", code, text) : std::string(text);
  }
  void line(std::string_view text = {}) { (out_ += text) += '\n'; }

  /// `label` in its column, the words wrapped beside it.
  void labelled(std::string_view label, std::string_view text, std::size_t most = 100) {
    std::vector<std::string> lines =
        wrap(printable(text), std::max<std::size_t>(params_.width, 40) - kLabelColumns - 3);
    if (lines.size() > most) {
      lines.resize(most);
      lines.back() += " ...";
    }
    for (std::size_t i = 0; i < lines.size(); ++i) {
      const std::string head = fmt::format("   {:<{}}", i == 0 ? label : "", kLabelColumns);
      line(styled("\x1b[2m", head) + lines[i]);
    }
  }

  void write_breach(const gate::Breach& breach) {
    line();
    const bool failure = breach.level == gate::Level::failure;
    line(styled(failure ? "\x1b[1;31m" : "\x1b[1;33m", mark(breach)) + "  " +
         styled("\x1b[1m", printable(breach.unit)) + fmt::format("  ({})", gate::to_string(breach.rule)));
    labelled("", breach.sentence);
    const std::size_t shown = std::min(kMostStatements, breach.statements.size());
    for (std::size_t i = 0; i < shown; ++i) write_statement(breach.statements[i]);
    if (breach.statements.size() > shown)
      labelled("", fmt::format("and {}", counted(breach.statements.size() - shown, "more statement")));
    if (const std::string words = replacement_words(breach); !words.empty())
      labelled("differs", "the new statement has " + words);
    for (const gate::MeasuredFinding& finding : breach.findings) {
      labelled("finding", finding_words(finding));
      if (!finding.advice.empty()) labelled("do", finding.advice);
      if (!finding.advice_code.empty()) write_code(finding.advice_code);
    }
    if (!breach.owner.empty()) labelled("owner", breach.owner);
    // A command is one line: it is there to be copied.
    if (!breach.accept.empty())
      line(styled("\x1b[2m", fmt::format("   {:<{}}", "accept", kLabelColumns)) + printable(breach.accept));
  }

  void write_statement(const gate::StatementDelta& delta) {
    labelled(change_name(delta), fmt::format("{} ({})", change_counts(delta), sql::to_hex(delta.fingerprint)));
    labelled("", delta.text, kStatementLines);
    for (const model::CallSite& site : delta.sites) labelled("", "at " + gate_site(site, params_.repository));
  }

  void write_code(std::string_view code) {
    while (!code.empty()) {
      const std::size_t end = std::min(code.find('\n'), code.size());
      const std::string_view one = code.substr(0, end);
      const std::size_t indent = std::min(one.find_first_not_of(' '), one.size());
      line(fmt::format("   {:<{}}  {}{}", "", kLabelColumns, std::string(indent, ' '), printable(one.substr(indent))));
      code.remove_prefix(std::min(code.size(), end + 1));
    }
  }

  void write_notes() {
    std::size_t written = 0;
    for (const gate::Breach& breach : result_.breaches) {
      if (breach.level != gate::Level::note) continue;
      if (written == 0) line();
      if (++written > kMostNotes) continue;
      std::string text = fmt::format("{}: {}", breach.unit, breach.sentence);
      if (!breach.allowed.empty()) text += fmt::format(" (excused: {})", breach.allowed);
      if (breach.rule == gate::Rule::improved) text += "; " + breach.accept;
      labelled("note", text);
    }
    if (written > kMostNotes) labelled("", fmt::format("and {}", counted(written - kMostNotes, "more note")));
  }

  void write_footer() {
    line();
    if (const std::string ignored = ignored_words(result_); !ignored.empty())
      line(printable("Not counted as queries: " + ignored + "."));
    if (result_.outside > 0)
      line(fmt::format("Outside every request, test and job: {}.", counted(result_.outside, "execution")));
    for (const gate::Suite::Trace& trace : result_.traces)
      line(printable(
          fmt::format("Trace {}, {}.", trace.path, gate::losses(trace.summary).empty() ? "complete" : "INCOMPLETE")));
  }

  const gate::GateResult& result_;
  const GateRenderParams& params_;
  std::string out_;
};

}  // namespace

std::string gate_text(const gate::GateResult& result, const GateRenderParams& params) {
  return GateText(result, params).render();
}

}  // namespace quell::report
