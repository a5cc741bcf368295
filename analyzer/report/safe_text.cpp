#include "analyzer/report/safe_text.hpp"

#include <algorithm>
#include <cctype>
#include <cstdint>

namespace quell::report {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

struct CodePoint {
  char32_t value = 0;
  std::size_t bytes = 1;
  bool valid = false;
};

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

bool is_name_character(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '$' || static_cast<unsigned char>(c) >= 0x80;
}

/// The Unicode Standard, table 3-7: no overlong forms, no surrogates, nothing above U+10FFFF.
CodePoint decode(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(text[i]); };
  const std::uint8_t lead = byte(0);
  if (lead < 0x80) return {lead, 1, true};
  std::size_t length = 0;
  char32_t value = 0;
  if (lead >= 0xC2 && lead <= 0xDF) {
    length = 2;
    value = lead & 0x1FU;
  } else if (lead >= 0xE0 && lead <= 0xEF) {
    length = 3;
    value = lead & 0x0FU;
  } else if (lead >= 0xF0 && lead <= 0xF4) {
    length = 4;
    value = lead & 0x07U;
  } else {
    return {};
  }
  if (text.size() < length) return {};
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0U) != 0x80) return {};
    value = (value << 6U) | (byte(i) & 0x3FU);
  }
  const bool overlong = (length == 3 && value < 0x800) || (length == 4 && value < 0x10000);
  if (overlong || (value >= 0xD800 && value <= 0xDFFF) || value > 0x10FFFF) return {};
  return {value, length, true};
}

/// Controls, and marks that change the direction or the width of what follows.
bool is_unshowable(char32_t c) {
  return c < 0x20 || (c >= 0x7F && c < 0xA0) || (c >= 0x200B && c <= 0x200F) || (c >= 0x2028 && c <= 0x202E) ||
         (c >= 0x2066 && c <= 0x2069) || c == 0xFEFF;
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

std::string valid_utf8(std::string_view bytes) {
  std::string out;
  out.reserve(bytes.size());
  while (!bytes.empty()) {
    const CodePoint next = decode(bytes);
    out += next.valid ? bytes.substr(0, next.bytes) : kReplacement;
    bytes.remove_prefix(next.bytes);
  }
  return out;
}

std::string printable(std::string_view bytes) {
  std::string out;
  out.reserve(bytes.size());
  bool space = false;
  while (!bytes.empty()) {
    const CodePoint next = decode(bytes);
    if (next.valid && (next.value == ' ' || (next.value >= '\t' && next.value <= '\r'))) {
      space = !out.empty();
    } else {
      if (space) out += ' ';
      space = false;
      out += next.valid && !is_unshowable(next.value) ? bytes.substr(0, next.bytes) : kReplacement;
    }
    bytes.remove_prefix(next.bytes);
  }
  return out;
}

std::size_t display_width(std::string_view utf8) {
  return static_cast<std::size_t>(
      std::count_if(utf8.begin(), utf8.end(), [](char c) { return (static_cast<std::uint8_t>(c) & 0xC0U) != 0x80; }));
}

std::string shorten(std::string_view utf8, std::size_t columns) {
  if (display_width(utf8) <= columns) return std::string(utf8);
  const std::size_t keep = columns > 3 ? columns - 3 : 0;
  std::size_t bytes = 0;
  for (std::size_t column = 0; column < keep; ++column) bytes += decode(utf8.substr(bytes)).bytes;
  return std::string(utf8.substr(0, bytes)) + std::string(std::min<std::size_t>(columns, 3), '.');
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
