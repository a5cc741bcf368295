#include <algorithm>
#include <string>
#include <utility>

#include "analyzer/plan/auto_explain_log.hpp"
#include "analyzer/plan/plan.hpp"
#include "analyzer/plan/text_lines.hpp"

namespace quell::plan {

namespace {

/// The text of a structured format without psql's borders.
std::string unframed(const std::vector<TextLine>& lines) {
  std::string text;
  for (const TextLine& line : lines) {
    text.append(line.column, ' ');
    text += line.text;
    if (text.ends_with('+')) text.pop_back();  // no line of these formats ends so: psql's mark of the widest line
    text += '\n';
  }
  return text;
}

bool looks_like_yaml(const std::vector<TextLine>& lines) {
  constexpr std::size_t kHead = 8;  // auto_explain puts the statement and its parameters before the plan
  return std::any_of(lines.begin(), lines.begin() + static_cast<std::ptrdiff_t>(std::min(lines.size(), kHead)),
                     [](const TextLine& line) { return line.text == "- Plan:" || line.text == "Plan:"; });
}

ReadResult read_document(std::string_view bytes) {
  const std::vector<TextLine> lines = plan_lines(bytes);
  const char first = lines.empty() ? '\0' : lines.front().text.front();
  if (first == '[' || first == '{' || first == '<') {
    const auto read = first == '<' ? read_xml : read_json;
    ReadResult result = read(bytes);
    if (!result.plans.empty() && result.diagnostics.empty()) return result;
    ReadResult without_frame = read(unframed(lines));
    return without_frame.plans.size() <= result.plans.size() ? std::move(result) : std::move(without_frame);
  }
  return looks_like_yaml(lines) ? read_yaml(bytes) : read_text(bytes);
}

}  // namespace

ReadResult read_any(std::string_view bytes) {
  const std::vector<LogEntry> entries = auto_explain_entries(bytes);
  if (entries.empty()) return read_document(bytes);
  ReadResult all;
  for (const LogEntry& entry : entries) {
    ReadResult one = read_document(entry.text);
    for (Plan& plan : one.plans) all.plans.push_back(std::move(plan));
    for (Diagnostic& diagnostic : one.diagnostics) {
      diagnostic.offset = entry.offset;  // inside the entry it would count bytes that the log wrote differently
      all.diagnostics.push_back(std::move(diagnostic));
    }
  }
  return all;
}

}  // namespace quell::plan
