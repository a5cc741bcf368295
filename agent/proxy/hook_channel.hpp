#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "agent/proxy/descriptor.hpp"

namespace quell::proxy {

/// The named pipe that call-site hooks write lines to. Whole lines of at most PIPE_BUF bytes do not mix, however many
/// processes write; a writer finds the pipe full rather than wait.
class HookChannel {
 public:
  /// Makes the pipe, for our own user only. Throws ProxyError naming the path.
  explicit HookChannel(std::string path);
  HookChannel(const HookChannel&) = delete;
  HookChannel& operator=(const HookChannel&) = delete;
  ~HookChannel();

  /// Takes all that was written so far; never waits. The lines are valid until the next call.
  [[nodiscard]] const std::vector<std::string_view>& read();

 private:
  std::string path_;
  Descriptor pipe_;
  std::string bytes_;
  std::size_t used_ = 0;  ///< of `bytes_`, by the lines of the last call
  std::vector<std::string_view> lines_;
};

}  // namespace quell::proxy
