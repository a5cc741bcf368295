#pragma once

#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include <sys/types.h>

namespace quell::demo {

struct ChildParams {
  std::vector<std::string> arguments;  ///< the first one is the program's path
  /// Added to this process's environment.
  std::vector<std::pair<std::string, std::string>> environment;
  /// Gets both outputs, appended.
  std::string log_path;
};

/// A program started by us, ended by its pid on destruction at the latest: SIGTERM, then SIGKILL. It stands in a
/// process group of its own, so that a Ctrl-C at the terminal is for us alone, and the kernel ends it when we die. Not
/// thread-safe; start it from the main thread.
class ChildProcess {
 public:
  /// Throws Error where no process can be made. A program that cannot be executed exits with 127.
  static ChildProcess start(ChildParams params);
  ChildProcess(ChildProcess&& other) noexcept;
  ChildProcess& operator=(ChildProcess&&) = delete;
  ~ChildProcess();

  [[nodiscard]] bool running();
  /// Waits for its end; throws Error with the last lines of its log where it does not exit with 0 or not in time, and
  /// cli::Interrupted on Ctrl-C.
  void wait_for_success(std::chrono::seconds limit);
  /// SIGTERM, then as wait_for_success; a Ctrl-C does not cut it short.
  void terminate(std::chrono::seconds limit);
  /// Throws Error: it ended or failed, with the last lines of its log.
  [[noreturn]] void throw_failed(const std::string& how) const;

 private:
  explicit ChildProcess(ChildParams params) : params_(std::move(params)) {}
  void wait(std::chrono::seconds limit, bool interruptible);

  ChildParams params_;
  pid_t pid_ = -1;
  int status_ = 0;
};

}  // namespace quell::demo
