#pragma once

#include <string>

namespace quell::gui {

class MainWindow;
struct Options;

/// Opens the trace of the options in the window, as if a user did, and draws it into the file. Empty, or the sentence
/// of what went wrong. Needs a running QApplication; runs an event loop of its own.
[[nodiscard]] std::string take_screenshot(MainWindow& window, const Options& options);

/// Shows what the options ask for in a window that has settled.
void show_what_is_asked(MainWindow& window, const Options& options);

}  // namespace quell::gui
