#pragma once

#include <csignal>

namespace quell::demo {

/// While one lives, SIGINT, SIGTERM and SIGHUP only set a flag, so that what was started can be stopped in order.
/// SIGPIPE is ignored. One at a time.
class InterruptGuard {
 public:
  InterruptGuard();
  InterruptGuard(const InterruptGuard&) = delete;
  InterruptGuard& operator=(const InterruptGuard&) = delete;
  ~InterruptGuard();

  [[nodiscard]] static bool requested();
  /// Throws cli::Interrupted if a signal came.
  static void check();

 private:
  struct sigaction previous_[4]{};
};

}  // namespace quell::demo
