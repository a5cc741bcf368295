#pragma once

#include <linux/membarrier.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>

/// A store-load barrier whose cost is all on the rare side: the recorder's threads announce themselves with a plain
/// store, and stop() makes the kernel put a barrier into each of them (membarrier(2), Linux 4.14).
namespace quell::tracer {

/// Whether the kernel can; where not, the threads must use a full barrier themselves.
inline const bool kHasHeavyFence = [] {
  return ::syscall(__NR_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0) == 0;
}();

/// Stores `true` before anything that follows, as seen by a thread after its `heavy_fence`.
inline void announce(std::atomic<bool>& flag) noexcept {
  if (kHasHeavyFence) {
    flag.store(true, std::memory_order_relaxed);
    std::atomic_signal_fence(std::memory_order_seq_cst);
  } else {
    flag.exchange(true, std::memory_order_seq_cst);
  }
}

inline void heavy_fence() noexcept {
  if (kHasHeavyFence) {
    ::syscall(__NR_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0);
  } else {
    std::atomic_thread_fence(std::memory_order_seq_cst);
  }
}

}  // namespace quell::tracer
