#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <quell/trace/source_location.hpp>
#include <string_view>
#include <vector>

#include <quell/tracer/tracer.hpp>

#include "agent/tracer/src/recording.hpp"

namespace quell::tracer {

/// What one thread keeps between its events of one recording. The caches save the lock and the search of `Names`.
struct ThreadState {
  struct CachedText {
    std::uint64_t hash = 0;
    std::size_t size = 0;  ///< 0: unused
    trace::TextId id = 0;
  };
  struct CachedSite {
    const char* file = nullptr;
    const char* function = nullptr;
    std::uint32_t line = 0;
    trace::StackId id = 0;
  };
  struct CachedResult {
    trace::QueryId query = 0;
    trace::ShapeId shape = 0;
  };

  std::shared_ptr<Ring> ring;
  Recording* recording = nullptr;
  std::uint64_t epoch = 0;
  trace::QueryId next_query = 0;
  trace::QueryId query_block_end = 0;
  std::array<CachedText, 512> texts{};
  std::array<CachedSite, 256> sites{};
  std::array<CachedResult, 256> results{};  ///< shapes of the latest queries, for their consumption
  std::vector<trace::Column> columns;       ///< scratch
};

/// The calling thread inside the recorder, for one event. While it exists, stop() waits, so it lasts for a copy only.
class ThreadSession {
 public:
  /// Empty where nothing records, and where this thread can have no ring: then an event of `kind` counts as lost.
  explicit ThreadSession(trace::EventKind kind) noexcept;
  ~ThreadSession() {
    if (state_ != nullptr) state_->ring->busy.store(false, std::memory_order_release);
  }
  ThreadSession(const ThreadSession&) = delete;
  ThreadSession& operator=(const ThreadSession&) = delete;

  explicit operator bool() const noexcept { return state_ != nullptr; }
  [[nodiscard]] Recording& recording() const noexcept { return *state_->recording; }
  [[nodiscard]] ThreadState& state() const noexcept { return *state_; }
  [[nodiscard]] Ring& ring() const noexcept { return *state_->ring; }

  [[nodiscard]] trace::QueryId new_query_id() noexcept;
  /// These throw std::bad_alloc.
  [[nodiscard]] trace::TextId text(std::string_view bytes);
  /// Of a statement: without passwords, and without literals where the recording redacts.
  [[nodiscard]] trace::TextId statement_text(std::string_view bytes);
  [[nodiscard]] trace::StackId call_site(const trace::SourceLocation& location);

  /// Copies an event with nothing behind it into the ring. False, and counted, where that is full.
  template <typename Event>
  bool push(trace::EventKind kind, const Event& event) noexcept {
    unsigned char* to = ring().reserve(kind, sizeof event);
    if (to == nullptr) {
      ring().count_lost(kind);
      return false;
    }
    std::memcpy(to, &event, sizeof event);
    ring().commit();
    return true;
  }

 private:
  template <typename Intern>
  trace::TextId cached_text(std::string_view bytes, std::uint64_t salt, const Intern& intern);

  ThreadState* state_ = nullptr;
};

}  // namespace quell::tracer
