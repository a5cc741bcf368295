#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace quell::cli {

/// stdout is a terminal that shows colours, and NO_COLOR (no-color.org) is not set.
[[nodiscard]] bool wants_colour();

/// Columns of the terminal on stdout, at least 60 and at most 160; 100 where it is none.
[[nodiscard]] std::size_t terminal_width();

/// What is being done, on stderr.
class Progress {
 public:
  enum class Elsewhere : std::uint8_t { silent, lines };

  /// On a terminal one line that is overwritten. `elsewhere`: what to do where stderr is no terminal.
  explicit Progress(Elsewhere elsewhere);
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  /// Clears the line.
  ~Progress();

  void step(const std::string& sentence);
  void clear();

 private:
  bool terminal_;
  Elsewhere elsewhere_;
  bool shown_ = false;
};

}  // namespace quell::cli
