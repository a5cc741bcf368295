#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "analyzer/sql/utf8.hpp"

/// Texts of a trace (SQL, routes, file names, server messages) are untrusted bytes. These functions make them fit to
/// show.
namespace quell::report {

using sql::display_width;
using sql::printable;
using sql::shorten;
using sql::valid_utf8;

/// Breaks at spaces so that no line is wider than `columns`; a longer word stands alone.
[[nodiscard]] std::vector<std::string> wrap(std::string_view text, std::size_t columns);

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
