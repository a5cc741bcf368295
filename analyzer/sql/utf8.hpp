#pragma once

#include <cstddef>
#include <string>
#include <string_view>

/// Statements, routes and names in a trace are untrusted bytes.
namespace quell::sql {

struct CodePoint {
  char32_t value = 0;
  std::size_t bytes = 1;
  bool valid = false;
};

/// The first code point of `text`, which is not empty. What is not well-formed is one invalid byte.
[[nodiscard]] CodePoint decode_utf8(std::string_view text);

/// The same text with every byte that is not part of well-formed UTF-8 replaced by U+FFFD.
[[nodiscard]] std::string valid_utf8(std::string_view bytes);

/// One line for a terminal: valid UTF-8, runs of white space as one space, control characters (escape sequences) and
/// direction marks as U+FFFD.
[[nodiscard]] std::string printable(std::string_view bytes);

/// Columns a text takes on a terminal, one for each code point.
[[nodiscard]] std::size_t display_width(std::string_view utf8);

/// The first `columns` columns, ending in "..." where something was cut.
[[nodiscard]] std::string shorten(std::string_view utf8, std::size_t columns);

}  // namespace quell::sql
