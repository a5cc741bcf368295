#pragma once

#include <string>
#include <string_view>

/// Texts of a trace (SQL, routes, file names, server messages) are untrusted bytes. These functions make them fit to
/// show.
namespace quell::report {

/// The same text with every byte that is not part of well-formed UTF-8 replaced by U+FFFD.
[[nodiscard]] std::string valid_utf8(std::string_view bytes);

/// One line for a terminal: valid UTF-8, runs of white space as one space, control characters (escape sequences) and
/// direction marks as U+FFFD.
[[nodiscard]] std::string printable(std::string_view bytes);

/// Columns a text takes on a terminal, one for each code point.
[[nodiscard]] std::size_t display_width(std::string_view utf8);

/// The first `columns` columns, ending in "..." where something was cut.
[[nodiscard]] std::string shorten(std::string_view utf8, std::size_t columns);

/// An expression of a plan without the values in it: '...' becomes '?', a number ?; $1 and names stay. A text that is a
/// number as a whole is a measure of the plan and stays.
[[nodiscard]] std::string mask_values(std::string_view expression);

/// A server's message without the value it complains of: `invalid input syntax for type integer: "?"`, `value "?" is
/// out of range`. Names of tables and columns stay.
[[nodiscard]] std::string mask_message(std::string_view message);

/// An inline code span that no text can leave; with `in_table`, also safe between the bars of a table.
[[nodiscard]] std::string markdown_code(std::string_view text, bool in_table = false);

/// A fenced block that no text can leave, ending in a line feed.
[[nodiscard]] std::string markdown_block(std::string_view text, std::string_view language);

/// Plain words in Markdown: no markup, no HTML, no mention, no reference to an issue, no link comes out of them.
[[nodiscard]] std::string markdown_words(std::string_view text);

}  // namespace quell::report
