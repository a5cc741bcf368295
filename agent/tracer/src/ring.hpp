#pragma once

#include <array>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>

#include <quell/trace/event.hpp>

namespace quell::tracer {

/// The events of one producing thread on their way to the flusher: a byte ring for one producer and one consumer.
/// Records are contiguous and aligned to 8 bytes. Both ends are wait-free.
class Ring {
 public:
  /// `bytes` is a power of two.
  explicit Ring(std::size_t bytes)
      : capacity_(bytes), memory_(std::make_unique_for_overwrite<std::uint64_t[]>(bytes / 8)) {}

  // The producer's end.

  /// Room for a record of `bytes`, aligned to 8; null where the ring is full. Nothing is visible before `commit`.
  [[nodiscard]] unsigned char* reserve(trace::EventKind kind, std::size_t bytes) noexcept {
    const std::uint64_t size = kHeadBytes + ((bytes + 7) & ~std::uint64_t{7});
    const std::uint64_t to_end = capacity_ - (head_ & (capacity_ - 1));
    const bool wraps = size > to_end;
    const std::uint64_t need = wraps ? to_end + size : size;
    if (head_ + need - seen_tail_ > capacity_) {
      seen_tail_ = tail_.load(std::memory_order_acquire);
      if (head_ + need - seen_tail_ > capacity_) return nullptr;
    }
    if (wraps) {
      put_head({.size = static_cast<std::uint32_t>(to_end), .kind = 0});
      head_ += to_end;
    }
    put_head({.size = static_cast<std::uint32_t>(size), .kind = static_cast<std::uint32_t>(kind)});
    reserved_ = size;
    return at(head_) + kHeadBytes;
  }
  void commit() noexcept {
    head_ += reserved_;
    published_.store(head_, std::memory_order_release);
    // The consumer's core holds these lines: fetch them before the next event is in a hurry.
    for (std::uint64_t line = 64; line <= 256; line += 64) __builtin_prefetch(at(head_ + line), 1);
  }

  void count_lost(trace::EventKind kind) noexcept {
    std::atomic<std::uint64_t>& count = lost_[static_cast<std::size_t>(kind)];
    count.store(count.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
  }

  /// The producer is inside the recorder (asymmetric_fence.hpp).
  std::atomic<bool> busy{false};
  /// The producing thread has ended.
  std::atomic<bool> ended{false};

  // The consumer's end.

  /// Calls `take(kind, record)` for each record committed so far.
  template <typename Take>
  void drain(Take take) {
    const std::uint64_t published = published_.load(std::memory_order_acquire);
    std::uint64_t tail = tail_.load(std::memory_order_relaxed);
    while (tail != published) {
      Head head;
      std::memcpy(&head, at(tail), sizeof head);
      if (head.kind != 0) take(static_cast<trace::EventKind>(head.kind), at(tail) + kHeadBytes);
      tail += head.size;
      tail_.store(tail, std::memory_order_release);
    }
  }

  /// Events lost since the last call.
  [[nodiscard]] std::uint64_t take_lost(trace::EventKind kind) noexcept {
    const auto index = static_cast<std::size_t>(kind);
    const std::uint64_t total = lost_[index].load(std::memory_order_relaxed);
    const std::uint64_t fresh = total - reported_[index];
    reported_[index] = total;
    return fresh;
  }

  [[nodiscard]] std::size_t capacity() const noexcept { return capacity_; }

 private:
  struct Head {
    std::uint32_t size = 0;  ///< with this head
    std::uint32_t kind = 0;  ///< an EventKind; 0: fills the ring to its end
  };
  static constexpr std::size_t kHeadBytes = sizeof(Head);

  [[nodiscard]] unsigned char* at(std::uint64_t position) const noexcept {
    return reinterpret_cast<unsigned char*>(memory_.get()) + (position & (capacity_ - 1));
  }
  void put_head(const Head& head) noexcept { std::memcpy(at(head_), &head, sizeof head); }

  const std::uint64_t capacity_;
  std::unique_ptr<std::uint64_t[]> memory_;

  // Two cache lines apart, against the adjacent-line prefetcher.
  alignas(128) std::atomic<std::uint64_t> published_{0};
  std::uint64_t head_ = 0;       ///< the producer's
  std::uint64_t seen_tail_ = 0;  ///< the producer's last look at tail_
  std::uint64_t reserved_ = 0;
  std::array<std::atomic<std::uint64_t>, trace::kEventKinds> lost_{};

  alignas(128) std::atomic<std::uint64_t> tail_{0};
  std::array<std::uint64_t, trace::kEventKinds> reported_{};
};

}  // namespace quell::tracer
