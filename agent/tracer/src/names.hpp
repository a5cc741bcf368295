#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include <quell/trace/event.hpp>
#include <quell/trace/writer.hpp>

namespace quell::tracer {

/// The texts, call sites and result shapes of one recording under ids that any thread can have at once; the flusher
/// turns them into the ids of the trace. Safe from any thread but for `Translation`.
class Names {
 public:
  /// Texts, stacks and shapes beyond `bytes` get id 0 and are counted.
  explicit Names(std::size_t bytes) : limit_(bytes) {}

  /// 0 for the empty text, and where the limit is reached. Throws std::bad_alloc.
  [[nodiscard]] trace::TextId text(std::string_view bytes);
  [[nodiscard]] trace::StackId call_site(const trace::Frame& frame);
  [[nodiscard]] trace::ShapeId shape(std::span<const trace::Column> columns);

  /// How often an id was refused since the last call.
  [[nodiscard]] std::uint64_t take_refused() { return refused_.exchange(0, std::memory_order_relaxed); }

  /// The ids of these names in a trace. For the flusher only.
  class Translation {
   public:
    Translation(Names& names, trace::Writer& writer) : names_(names), writer_(writer) {}
    [[nodiscard]] trace::TextId text(trace::TextId id) { return look_up(texts_, id); }
    [[nodiscard]] trace::StackId stack(trace::StackId id) { return look_up(stacks_, id); }
    [[nodiscard]] trace::ShapeId shape(trace::ShapeId id) { return look_up(shapes_, id); }

   private:
    std::uint32_t look_up(std::vector<std::uint32_t>& ids, std::uint32_t id) {
      if (id >= ids.size()) catch_up();
      return ids[id];
    }
    void catch_up();

    Names& names_;
    trace::Writer& writer_;
    std::vector<std::uint32_t> texts_{0};  ///< by the recording's id
    std::vector<std::uint32_t> stacks_{0};
    std::vector<std::uint32_t> shapes_{0};
  };

 private:
  template <typename Stored>
  struct Table {
    std::unordered_map<std::string_view, std::uint32_t> ids;
    std::deque<std::pair<std::string, Stored>> entries;  ///< key and value by id - 1; references stay valid
  };
  struct Nothing {};

  template <typename Stored>
  std::uint32_t intern(Table<Stored>& table, std::string_view key, const Stored& value);

  const std::size_t limit_;
  std::mutex mutex_;
  std::size_t bytes_ = 0;
  Table<Nothing> texts_;
  Table<trace::Frame> stacks_;
  Table<std::vector<trace::Column>> shapes_;
  std::atomic<std::uint64_t> refused_{0};
};

}  // namespace quell::tracer
