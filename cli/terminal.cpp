#include "cli/terminal.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string_view>

namespace quell::cli {

bool wants_colour() {
  const char* no_colour = std::getenv("NO_COLOR");
  const char* term = std::getenv("TERM");
  return isatty(STDOUT_FILENO) == 1 && !(no_colour && *no_colour) && term && std::string_view(term) != "dumb";
}

std::size_t terminal_width() {
  winsize size{};
  if (isatty(STDOUT_FILENO) != 1 || ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return 100;
  return std::clamp<std::size_t>(size.ws_col, 60, 160);
}

Progress::Progress(Elsewhere elsewhere) : terminal_(isatty(STDERR_FILENO) == 1), elsewhere_(elsewhere) {}

Progress::~Progress() {
  clear();
}

void Progress::step(const std::string& sentence) {
  if (terminal_) {
    std::fprintf(stderr, "\r\x1b[K%s", sentence.c_str());
    std::fflush(stderr);
    shown_ = true;
  } else if (elsewhere_ == Elsewhere::lines) {
    std::fprintf(stderr, "%s\n", sentence.c_str());
  }
}

void Progress::clear() {
  if (!shown_) return;
  std::fputs("\r\x1b[K", stderr);
  std::fflush(stderr);
  shown_ = false;
}

}  // namespace quell::cli
