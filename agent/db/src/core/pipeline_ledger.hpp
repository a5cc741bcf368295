#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>

namespace quell::db::core {

/// Remembers what was sent in a pipeline, so that each answer finds its statement. The server answers in order; after a
/// failure it skips everything up to the next Sync.
class PipelineLedger {
 public:
  enum class Kind : std::uint8_t { deallocate, prepare, execute, sync };
  struct Sent {
    Kind kind;
    std::size_t item;
    std::size_t bytes;
  };

  void sent(Kind kind, std::size_t item, std::size_t bytes) {
    queue_.push_back({kind, item, bytes});
    bytes_ += bytes;
  }
  /// What the next answer belongs to; the ledger must not be empty.
  [[nodiscard]] Sent answered() {
    const Sent first = queue_.front();
    queue_.pop_front();
    bytes_ -= first.bytes;
    return first;
  }

  [[nodiscard]] const Sent& front() const { return queue_.front(); }
  [[nodiscard]] bool empty() const { return queue_.empty(); }
  /// More may be sent before answers have to be read.
  [[nodiscard]] bool has_room() const { return queue_.size() < kMaxMessages && bytes_ < kMaxBytes; }

 private:
  /// A few round trips' worth; beyond it only memory grows.
  static constexpr std::size_t kMaxMessages = 768;
  static constexpr std::size_t kMaxBytes = std::size_t{1} << 20;

  std::deque<Sent> queue_;
  std::size_t bytes_ = 0;
};

}  // namespace quell::db::core
