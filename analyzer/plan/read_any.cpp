#include <string>

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
    if (text.ends_with('+')) text.pop_back();  // no line of JSON ends so: psql's mark of the widest line
    text += '\n';
  }
  return text;
}

}  // namespace

ReadResult read_any(std::string_view bytes) {
  const std::vector<TextLine> lines = plan_lines(bytes);
  const char first = lines.empty() ? '\0' : lines.front().text.front();
  if (first != '[' && first != '{') return read_text(bytes);
  ReadResult result = read_json(bytes);
  if (!result.plans.empty()) return result;
  ReadResult without_frame = read_json(unframed(lines));
  return without_frame.plans.empty() ? std::move(result) : std::move(without_frame);
}

}  // namespace quell::plan
