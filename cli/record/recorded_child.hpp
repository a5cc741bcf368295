#pragma once

#include <csignal>
#include <string>
#include <vector>

#include "cli/record/environment.hpp"

namespace quell::cli {

/// Runs the recorded command in the foreground, as if it had been started without us: it keeps the terminal, gets every
/// signal, and its end is ours. Made before the proxy's threads, so that none of them takes a signal.
class RecordedChild {
 public:
  RecordedChild();
  RecordedChild(const RecordedChild&) = delete;
  RecordedChild& operator=(const RecordedChild&) = delete;
  /// Signals do again what they did before.
  ~RecordedChild();

  /// Its exit code, 128 + the signal that ended it, or 127 where it cannot be run (`problem` then says why). SIGINT,
  /// SIGTERM, SIGHUP and SIGQUIT that were sent to us alone are passed on; what the terminal sends reaches it anyway.
  int run(const std::vector<std::string>& command, const Environment& environment, std::string& problem);

 private:
  sigset_t waited_{};
  sigset_t previous_{};
};

}  // namespace quell::cli
