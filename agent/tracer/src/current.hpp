#pragma once

#include <memory>
#include <mutex>

#include "agent/tracer/src/recording.hpp"

namespace quell::tracer {

/// The recording of this process. Lives as long as the process, so that threads may end after main().
struct Current {
  static Current& instance();

  std::mutex lifecycle;  ///< held over all of start() and stop(); taken before `mutex`
  std::mutex mutex;      ///< guards `recording` and changes of detail::recording_epoch; held for a moment only
  std::unique_ptr<Recording> recording;
  std::uint64_t last_epoch = 0;
};

}  // namespace quell::tracer
