#pragma once

#include <array>
#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include <quell/trace/value.hpp>
#include <quell/trace/writer.hpp>
#include <quell/tracer/tracer.hpp>

#include "agent/tracer/src/names.hpp"
#include "agent/tracer/src/ring.hpp"

namespace quell::tracer {

/// One recording: the rings of its threads and the flusher that empties them into a trace.
class Recording {
 public:
  /// Creates the file and starts the flusher. Throws trace::TraceError.
  Recording(TracerParams params, std::uint64_t epoch);
  ~Recording() = default;
  Recording(const Recording&) = delete;
  Recording& operator=(const Recording&) = delete;

  /// A ring for a thread that records its first event. Throws std::bad_alloc.
  [[nodiscard]] std::shared_ptr<Ring> attach();

  /// Waits until no thread is inside the recorder, empties the rings, ends the trace. `detail::recording_epoch` must be
  /// 0 before.
  TracerStatus finish();

  /// For an event that has no ring to stand in.
  void count_lost(trace::EventKind kind) noexcept {
    lost_without_ring_[static_cast<std::size_t>(kind)].fetch_add(1, std::memory_order_relaxed);
  }

  [[nodiscard]] std::uint64_t epoch() const noexcept { return epoch_; }
  [[nodiscard]] const TracerParams& params() const noexcept { return params_; }
  [[nodiscard]] const trace::Canonicalizer& canonicalizer() const noexcept { return canonicalizer_; }
  [[nodiscard]] Names& names() noexcept { return names_; }

  /// The flusher throws at its next turn. For the test of what then happens.
  void fail_flusher() noexcept { flusher_must_fail_.store(true); }

  std::atomic<std::uint64_t> next_query{1};
  std::atomic<std::uint64_t> next_scope{1};
  std::atomic<std::uint32_t> next_connection{1};

 private:
  void run_flusher();
  void flush_rings();
  void discard_rings();
  void flush_ring(Ring& ring);
  void report_losses(Ring& ring);
  void write_loss(trace::LossReason reason, trace::EventKind kind, std::uint64_t count);
  void report_write_failure();
  void write(trace::EventKind kind, const unsigned char* record);
  void write_query(const unsigned char* record);
  void write_values(const unsigned char* record);
  void write_consumption(const unsigned char* record);

  const TracerParams params_;
  const std::uint64_t epoch_;
  std::unique_ptr<trace::Writer> writer_;
  trace::Canonicalizer canonicalizer_;
  Names names_;
  Names::Translation translation_;
  std::array<std::atomic<std::uint64_t>, trace::kEventKinds> lost_without_ring_{};

  std::mutex rings_mutex_;
  std::vector<std::shared_ptr<Ring>> rings_;
  std::vector<std::shared_ptr<Ring>> free_rings_;  ///< of ended threads

  // Of the flusher, and of finish() once it has ended.
  std::vector<trace::Parameter> parameters_;
  std::uint64_t queries_ = 0;
  std::uint64_t lost_ = 0;
  std::string failure_;
  bool write_failure_told_ = false;

  std::mutex wake_mutex_;
  std::condition_variable wake_;
  bool stopping_ = false;
  std::atomic<bool> flusher_must_fail_{false};
  std::thread flusher_;
};

}  // namespace quell::tracer
