#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace quell::plan {

/// One line of a paste without what the client put around it.
struct TextLine {
  std::size_t offset = 0;  ///< of the line in the input
  std::size_t column = 0;  ///< of its first character
  std::string text;        ///< without leading and trailing space
};

/// Lines with psql's borders ("|", "+" at the end of a wrapped cell), its heading and row count, and empty lines
/// removed, tabs as eight columns. A line that ends inside "(cost=" or "(actual" is joined with the next.
[[nodiscard]] std::vector<TextLine> plan_lines(std::string_view bytes);

}  // namespace quell::plan
