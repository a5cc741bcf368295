#pragma once

#include <array>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include <quell/trace/writer.hpp>

#include "agent/proxy/hook_channel.hpp"
#include "agent/proxy/hook_marks.hpp"
#include "agent/proxy/session_event.hpp"

namespace quell::proxy {

struct RecorderParams {
  /// Events one lane holds until the recorder comes by. 50 times a second it takes all: enough for 800,000 executions
  /// a second on one loop.
  std::size_t lane_events = 16'384;
  /// Bytes of them, texts and values included. The bound on the recorder's memory is this times the number of loops.
  std::size_t lane_bytes = std::size_t{16} << 20;
  /// Between two rounds of the recorder over the lanes.
  std::chrono::nanoseconds interval = std::chrono::milliseconds(20);
};

/// What was recorded, and what was not.
struct RecorderStats {
  std::uint64_t connections = 0;
  std::uint64_t queries = 0;
  std::uint64_t dropped = 0;     ///< events of any kind: a lane was full
  std::uint64_t untracked = 0;   ///< sessions that were only relayed, replication apart
  std::uint64_t hook_calls = 0;  ///< calls that hooks told of
  std::uint64_t hook_lost = 0;   ///< lines they had to drop
  std::string write_error;       ///< the writer's last, or empty
};

/// Writes what the loops see into the trace, on a thread of its own, so that a slow or full disk never holds up a
/// session: lanes are bounded, and what does not fit is dropped and counted.
class Recorder {
 public:
  /// The end of one loop. `push` may be called by one thread; it takes an uncontended lock and never waits for the
  /// disk.
  class Lane {
   public:
    explicit Lane(RecorderParams params) : params_(params) {}
    /// Moves the events out. `peer`: the server's address.
    void push(trace::ConnectionId connection, const std::shared_ptr<const std::string>& peer,
              std::vector<SessionEvent>& events);

   private:
    friend class Recorder;
    struct Item {
      trace::ConnectionId connection = 0;
      std::shared_ptr<const std::string> peer;
      SessionEvent event;
    };
    RecorderParams params_;
    std::mutex mutex_;
    std::vector<Item> items_;
    std::size_t bytes_ = 0;
    std::array<std::uint64_t, trace::kEventKinds> dropped_{};
  };

  /// `hooks` null: no call sites are looked for.
  explicit Recorder(std::unique_ptr<trace::Writer> writer, RecorderParams params = {},
                    std::unique_ptr<HookChannel> hooks = nullptr);
  Recorder(const Recorder&) = delete;
  Recorder& operator=(const Recorder&) = delete;
  /// As stop().
  ~Recorder();

  /// Before start() only. Lives as long as the recorder.
  Lane& add_lane();
  void start();
  /// Writes what the lanes hold and closes the trace. Idempotent.
  void stop();

  [[nodiscard]] RecorderStats stats() const;

 private:
  void run();
  void collect();
  void read_hooks();
  void write(const Lane::Item& item);
  void write_execution(trace::ConnectionId connection, const Executed& event);
  void write_losses(const std::array<std::uint64_t, trace::kEventKinds>& dropped);
  trace::ShapeId shape_id(const ResultShapePtr& shape);

  std::unique_ptr<trace::Writer> writer_;
  RecorderParams params_;
  std::unique_ptr<HookChannel> hooks_;
  HookMarks marks_;
  std::vector<std::unique_ptr<Lane>> lanes_;
  std::vector<std::vector<Lane::Item>> taken_;  ///< by lane
  std::vector<trace::Parameter> parameters_;
  std::vector<trace::Column> columns_;
  trace::QueryId next_query_ = 1;
  std::thread thread_;
  std::mutex stop_mutex_;
  std::condition_variable stop_;
  bool stopping_ = false;  ///< guarded by stop_mutex_
  mutable std::mutex stats_mutex_;
  RecorderStats stats_;
};

}  // namespace quell::proxy
