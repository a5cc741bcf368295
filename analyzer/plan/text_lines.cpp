#include "analyzer/plan/text_lines.hpp"

#include <algorithm>

namespace quell::plan {

namespace {

bool is_rule(std::string_view text) {
  if (text.starts_with("-[ RECORD ")) return true;
  return text.size() >= 3 && text.find_first_not_of("-+|=") == std::string_view::npos;
}

bool is_row_count(std::string_view text) {
  return text.starts_with('(') && (text.ends_with(" rows)") || text.ends_with(" row)"));
}

constexpr std::string_view kHeading = "QUERY PLAN";

/// Takes off psql's border on the left, with the heading before it where records are expanded ("QUERY PLAN | …").
bool remove_left_border(std::string_view& line) {
  std::string_view rest = line;
  if (rest.starts_with(kHeading)) rest.remove_prefix(kHeading.size());
  rest.remove_prefix(std::min(rest.find_first_not_of(' '), rest.size()));
  for (const std::string_view bar : {std::string_view("|"), std::string_view("\xe2\x94\x82")}) {
    if (!rest.starts_with(bar)) continue;
    line = rest.substr(bar.size());
    return true;
  }
  return false;
}

/// A line without borders; `column` moves with what is cut on the left.
std::string_view without_borders(std::string_view line, std::size_t& column) {
  if (remove_left_border(line)) {
    ++column;
    while (line.ends_with(' ')) line.remove_suffix(1);
    for (const std::string_view bar : {std::string_view("|"), std::string_view("\xe2\x94\x82")}) {
      if (line.ends_with(bar)) line.remove_suffix(bar.size());
    }
  }
  while (!line.empty() && (line.back() == ' ' || line.back() == '\r' || line.back() == '\t')) line.remove_suffix(1);
  // psql marks a newline inside a cell with "+" in the last column, after the text and its padding.
  if (line.size() > 1 && line.ends_with('+') && line[line.size() - 2] == ' ') line.remove_suffix(1);
  return line;
}

bool ends_inside_numbers(std::string_view text) {
  const std::size_t open = std::max(text.rfind("(cost=") + 1, text.rfind("(actual ") + 1);  // npos + 1 is 0
  return open > 0 && text.find(')', open) == std::string_view::npos;
}

}  // namespace

std::vector<TextLine> plan_lines(std::string_view bytes) {
  std::vector<TextLine> lines;
  bool join = false;
  for (std::size_t begin = 0; begin < bytes.size();) {
    const std::size_t end = std::min(bytes.find('\n', begin), bytes.size());
    std::size_t column = 0;
    std::string_view line = without_borders(bytes.substr(begin, end - begin), column);
    while (!line.empty() && (line.front() == ' ' || line.front() == '\t')) {
      column += line.front() == '\t' ? 8 : 1;
      line.remove_prefix(1);
    }
    while (!line.empty() && line.back() == ' ') line.remove_suffix(1);
    if (!line.empty() && line != kHeading && !is_rule(line) && !is_row_count(line)) {
      if (join) {
        lines.back().text += ' ';
        lines.back().text += line;
      } else {
        lines.push_back({begin, column, std::string(line)});
      }
      // A join ends with the first bracket, so an unfinished one costs each line once.
      join = lines.back().text.size() < 4096 && ends_inside_numbers(lines.back().text);
    }
    begin = end + 1;
  }
  return lines;
}

}  // namespace quell::plan
