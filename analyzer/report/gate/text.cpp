#include <algorithm>

#include <fmt/format.h>

#include "analyzer/report/gate/outputs.hpp"
#include "analyzer/report/gate/wording.hpp"
#include "analyzer/report/safe_text.hpp"
#include "analyzer/report/text_writer.hpp"
#include "analyzer/report/wording.hpp"

namespace quell::report {
namespace {

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
  GateText(const gate::GateResult& result, const GateRenderParams& params) : result_(result), params_(params) {
    style_.colour = params.colour;
    style_.width = params.width;
  }

  std::string render() {
    const Style style = result_.outcome == gate::Outcome::passed ? Style::green : Style::red;
    for (const std::string& text : wrap(printable(gate_verdict(result_)), params_.width))
      out_.line(out_.styled(style, text));
    for (const std::string& problem : result_.problems) {
      for (const std::string& text : wrap(printable(problem), params_.width)) out_.line(text);
    }
    for (const gate::Breach& breach : result_.breaches) {
      if (breach.level != gate::Level::note) write_breach(breach);
    }
    write_notes();
    write_footer();
    return out_.take();
  }

 private:
  void write_breach(const gate::Breach& breach) {
    out_.line();
    const Style style = breach.level == gate::Level::failure ? Style::red : Style::yellow;
    out_.line(fmt::format("{}  {}  ({})", out_.styled(style, mark(breach)),
                          out_.styled(Style::strong, printable(breach.unit)), gate::to_string(breach.rule)));
    out_.labelled("", breach.sentence);
    const std::size_t shown = std::min(kMostStatements, breach.statements.size());
    for (std::size_t i = 0; i < shown; ++i) write_statement(breach.statements[i]);
    if (breach.statements.size() > shown)
      out_.labelled("", fmt::format("and {}", counted(breach.statements.size() - shown, "more statement")));
    if (const std::string words = replacement_words(breach); !words.empty())
      out_.labelled("differs", "the new statement has " + words);
    for (const gate::MeasuredFinding& finding : breach.findings) {
      out_.labelled("finding", finding_words(finding));
      if (!finding.advice.empty()) out_.labelled("do", finding.advice);
      out_.code_lines(finding.advice_code);
    }
    if (!breach.owner.empty()) out_.labelled("owner", breach.owner);
    // A command is one line: it is there to be copied.
    if (!breach.accept.empty()) out_.line(out_.styled(Style::dim, "   accept     ") + printable(breach.accept));
  }

  void write_statement(const gate::StatementDelta& delta) {
    out_.labelled(change_name(delta), fmt::format("{} ({})", change_counts(delta), sql::to_hex(delta.fingerprint)));
    out_.labelled("", delta.text, Style::plain, kStatementLines);
    for (const model::CallSite& site : delta.sites) out_.labelled("", "at " + gate_site(site, params_.repository));
  }

  void write_notes() {
    std::size_t written = 0;
    for (const gate::Breach& breach : result_.breaches) {
      if (breach.level != gate::Level::note) continue;
      if (written == 0) out_.line();
      if (++written > kMostNotes) continue;
      std::string text = fmt::format("{}: {}", breach.unit, breach.sentence);
      if (!breach.allowed.empty()) text += fmt::format(" (excused: {})", breach.allowed);
      if (breach.rule == gate::Rule::improved) text += "; " + breach.accept;
      out_.labelled("note", text);
    }
    if (written > kMostNotes) out_.labelled("", fmt::format("and {}", counted(written - kMostNotes, "more note")));
  }

  void write_footer() {
    out_.line();
    if (const std::string ignored = ignored_words(result_); !ignored.empty())
      out_.line(printable("Not counted as queries: " + ignored + "."));
    if (result_.outside > 0)
      out_.line(fmt::format("Outside every request, test and job: {}.", counted(result_.outside, "execution")));
    for (const gate::Suite::Trace& trace : result_.traces)
      out_.line(printable(
          fmt::format("Trace {}, {}.", trace.path, gate::losses(trace.summary).empty() ? "complete" : "INCOMPLETE")));
  }

  const gate::GateResult& result_;
  const GateRenderParams& params_;
  RenderParams style_;
  TextWriter out_{style_};
};

}  // namespace

std::string gate_text(const gate::GateResult& result, const GateRenderParams& params) {
  return GateText(result, params).render();
}

}  // namespace quell::report
