#include "analyzer/report/safe_text.hpp"

#include <algorithm>
#include <cctype>
#include <cstdint>

namespace quell::report {
namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

bool is_name_character(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '$' || static_cast<unsigned char>(c) >= 0x80;
}

std::size_t longest_run(std::string_view text, char wanted) {
  std::size_t longest = 0;
  std::size_t run = 0;
  for (const char c : text) {
    run = c == wanted ? run + 1 : 0;
    longest = std::max(longest, run);
  }
  return longest;
}

bool is_number(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789.") == std::string_view::npos;
}

}  // namespace

std::vector<std::string> wrap(std::string_view text, std::size_t columns) {
  std::vector<std::string> lines;
  std::string line;
  while (!text.empty()) {
    const std::size_t space = std::min(text.find(' '), text.size());
    const std::string_view word = text.substr(0, space);
    if (!line.empty() && display_width(line) + 1 + display_width(word) > columns) {
      lines.push_back(std::move(line));
      line.clear();
    }
    if (!line.empty()) line += ' ';
    line += word;
    text.remove_prefix(std::min(text.size(), space + 1));
  }
  if (!line.empty()) lines.push_back(std::move(line));
  return lines;
}

std::string mask_values(std::string_view expression) {
  if (is_number(expression)) return std::string(expression);
  std::string out;
  std::size_t i = 0;
  while (i < expression.size()) {
    const char c = expression[i];
    if (c == '\'' || c == '"') {
      // A doubled quote closes and opens again: the text between is masked all the same.
      std::size_t end = expression.find(c, i + 1);
      if (end == std::string_view::npos) end = expression.size() - 1;
      out += c == '\'' ? std::string_view("'?'") : expression.substr(i, end - i + 1);
      i = end + 1;
    } else if (is_digit(c)) {
      while (i < expression.size() && (is_name_character(expression[i]) || expression[i] == '.')) ++i;
      out += '?';
    } else if (is_name_character(c)) {
      while (i < expression.size() && is_name_character(expression[i])) out += expression[i++];
    } else {
      out += c;
      ++i;
    }
  }
  return out;
}

std::string mask_message(std::string_view message) {
  std::string out(message);
  for (const std::string_view before : {": \"", "value \""}) {
    for (std::size_t at = 0; (at = out.find(before, at)) != std::string::npos;) {
      at += before.size();
      const std::size_t end = std::min(out.find('"', at), out.size());
      out.replace(at, end - at, "?");
      at = std::min(at + 2, out.size());
    }
  }
  return out;
}

std::string markdown_code(std::string_view text, bool in_table) {
  std::string line = printable(text);
  if (line.empty()) return "(empty)";
  const std::string fence(longest_run(line, '`') + 1, '`');
  if (in_table) {
    std::string escaped;
    for (const char c : line) escaped += c == '|' ? std::string("\\|") : std::string(1, c);
    line = std::move(escaped);
  }
  const bool pad = line.front() == '`' || line.back() == '`';
  return fence + (pad ? " " : "") + line + (pad ? " " : "") + fence;
}

std::string markdown_block(std::string_view text, std::string_view language) {
  const std::string fence(std::max<std::size_t>(3, longest_run(text, '`') + 1), '`');
  std::string body = valid_utf8(text);
  while (!body.empty() && body.back() == '\n') body.pop_back();
  return fence + std::string(language) + "\n" + body + "\n" + fence + "\n";
}

std::string markdown_words(std::string_view text) {
  const std::string line = printable(text);
  std::string out;
  for (std::size_t i = 0; i < line.size(); ++i) {
    const char c = line[i];
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      // An empty comment after the sign keeps GitHub from making a mention, a reference or a link.
      case '@':
      case '#':
        (out += c) += "<!-- -->";
        break;
      case ':':
        out += line.compare(i, 3, "://") == 0 ? ":<!-- -->" : ":";
        break;
      case '\\':
      case '`':
      case '*':
      case '_':
      case '[':
      case ']':
      case '(':
      case ')':
      case '!':
      case '|':
      case '~':
      case '$':
        (out += '\\') += c;
        break;
      default:
        out += c;
    }
  }
  // "www." is linked without a colon.
  for (std::size_t at = 0; (at = out.find("www.", at)) != std::string::npos; at += 12) out.insert(at + 3, "<!-- -->");
  return out;
}

}  // namespace quell::report
