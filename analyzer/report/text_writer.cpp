#include "analyzer/report/text_writer.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "analyzer/report/safe_text.hpp"
#include "analyzer/report/text_plan.hpp"
#include "analyzer/report/wording.hpp"

namespace quell::report {
namespace {

constexpr std::size_t kLabelColumns = 11;

std::string_view code(Style style) {
  switch (style) {
    case Style::plain:
      return "";
    case Style::strong:
      return "\x1b[1m";
    case Style::dim:
      return "\x1b[2m";
    case Style::red:
      return "\x1b[1;31m";
    case Style::yellow:
      return "\x1b[1;33m";
    case Style::cyan:
      return "\x1b[36m";
    case Style::green:
      return "\x1b[32m";
  }
  return "";
}

}  // namespace

std::string TextWriter::styled(Style style, std::string_view text) const {
  if (!params_.colour || style == Style::plain || text.empty()) return std::string(text);
  return fmt::format("{}{}\x1b[0m", code(style), text);
}

void TextWriter::line(std::string_view text) {
  (out_ += text) += '\n';
}

void TextWriter::heading(std::string_view text) {
  line();
  line(styled(Style::strong, text));
}

void TextWriter::labelled(std::string_view label, std::string_view text, Style style, std::size_t most) {
  const std::size_t room = std::max<std::size_t>(params_.width, 40) - kLabelColumns - 3;
  std::vector<std::string> lines = wrap(printable(text), room);
  if (lines.empty()) lines.emplace_back();
  if (lines.size() > most) {
    lines.resize(most);
    lines.back() += " ...";
  }
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const std::string head = fmt::format("   {:<{}}", i == 0 ? label : "", kLabelColumns);
    line(styled(Style::dim, head) + styled(style, lines[i]));
  }
}

void TextWriter::code_lines(std::string_view text) {
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view one = text.substr(0, end);
    const std::size_t indent = std::min(one.find_first_not_of(' '), one.size());
    line(fmt::format("   {:<{}}  {}", "", kLabelColumns,
                     std::string(indent, ' ') + styled(Style::green, printable(one.substr(indent)))));
    text.remove_prefix(std::min(text.size(), end + 1));
  }
}

void TextWriter::plan(const plan::Plan& plan) {
  for (const PlanLine& each : plan_lines(plan, params_)) {
    Style style = each.condition ? Style::dim : Style::plain;
    if (each.misestimated) style = Style::yellow;
    if (each.costliest) style = Style::red;
    line("   " + styled(style, each.text));
  }
}

void TextWriter::insights(const std::vector<plan::Insight>& insights) {
  for (const plan::Insight& insight : insights) {
    line();
    labelled(insight_share(insight), insight.cause, Style::strong);
    labelled("", insight_evidence(insight, params_), Style::dim);
    labelled("do", insight.fix);
    code_lines(insight.sql);
  }
}

}  // namespace quell::report
