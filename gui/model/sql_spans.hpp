#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace quell::gui {

/// A stretch of SQL that is drawn in its own colour.
struct SqlSpan {
  enum class Kind : std::uint8_t { keyword, string, number, parameter, comment };
  std::size_t begin = 0;
  std::size_t length = 0;
  Kind kind = Kind::keyword;
  friend bool operator==(const SqlSpan&, const SqlSpan&) = default;
};

/// For highlighting only: knows strings, dollar quotes, quoted names, comments, numbers, $n and the common key words.
/// Offsets count UTF-16 units, as Qt does. Never fails; what is not closed ends with the text.
[[nodiscard]] std::vector<SqlSpan> sql_spans(std::u16string_view sql);

}  // namespace quell::gui
