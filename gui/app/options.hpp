#pragma once

#include <cstddef>
#include <optional>
#include <string>

namespace quell::gui {

struct Options {
  std::string trace;  ///< empty: the window opens without one
  std::string dsn;
  std::string screenshot;  ///< empty: an interactive window
  int width = 1280;
  int height = 800;
  std::string theme;       ///< "desktop", "light" or "dark"
  std::size_t select = 0;  ///< the finding to jump to, counted from 1; 0: none
  std::string tab;         ///< "statements", "queries" or "scopes"
  std::string page;        ///< "finding", "statement" or "plan"
};

/// Reads the command line. Prints help, the version or the fault, and then returns the exit code instead: 0 or 2.
[[nodiscard]] std::optional<int> parse_options(int argc, char** argv, Options& options);

}  // namespace quell::gui
