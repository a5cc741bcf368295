#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <list>
#include <optional>
#include <unordered_map>
#include <vector>

namespace quell::db::core {

/// Who gets which connection, as a state machine without connections, clocks or waiting: events in, grants out. After
/// each event call `next` until it gives nothing.
class PoolPolicy {
 public:
  using Time = std::chrono::steady_clock::time_point;
  using Duration = std::chrono::steady_clock::duration;
  using Slot = std::uint64_t;
  using Waiter = std::uint64_t;

  struct Params {
    std::size_t pool_size = 5;  ///< 0: no limit
    int max_overflow = 10;      ///< -1: no limit
    Duration recycle{0};        ///< 0: never
    bool pre_ping = false;
    Duration ping_after_idle{0};
    bool use_lifo = false;
    bool keep = true;         ///< false: every connection is closed on return, and there is no limit
    Duration backoff{0};      ///< after a failed connect, doubled with each that follows; 0: no pause
    Duration backoff_max{0};  ///< the longest pause
  };

  enum class Need : std::uint8_t {
    nothing,
    ping,     ///< and `ping_failed` when it fails
    connect,  ///< closing the slot's old connection first, where it has one; `connect_failed` when it fails
  };
  struct Grant {
    Waiter waiter;
    Slot slot;
    Need need;
  };
  enum class Fate : std::uint8_t { keep, close };

  explicit PoolPolicy(Params params) : params_(params) {}

  /// Joins the queue.
  void enqueue(Waiter waiter) { waiters_.push_back(waiter); }
  /// Leaves the queue; false where it is not in it (any more).
  bool leave(Waiter waiter);
  /// The next waiter that can be served. The slot is out from now on.
  [[nodiscard]] std::optional<Grant> next(Time now);

  /// The slot that needed it has a new connection.
  void connected(Slot slot, Time now);
  /// The slot stays out, and its holder removes it. Until connecting works again one slot at a time tries it, with
  /// pauses between.
  void connect_failed(Slot slot, Time now);
  /// When to call `next` again, where somebody waits for the end of such a pause.
  [[nodiscard]] std::optional<Time> retry_at() const;
  /// The slot's ping failed: it needs a connection, and whatever is as old as it was is not trusted either.
  void ping_failed(Slot slot, Time now);
  /// A slot that is out comes back. `close`: its connection is to be closed and the slot is gone.
  [[nodiscard]] Fate give_back(Slot slot, bool usable, Time now);
  /// A slot that is out is gone: it has no connection, or it was detached.
  void remove(Slot slot);

  void invalidate(Slot slot);
  /// All connections opened up to `now` are replaced at their next checkout.
  void invalidate_all(Time now) { stale_until_ = now; }
  /// The idle slots, which are gone now.
  [[nodiscard]] std::vector<Slot> take_idle();

  [[nodiscard]] std::size_t idle() const { return idle_.size(); }
  [[nodiscard]] std::size_t out() const { return slots_.size() - idle_.size(); }
  [[nodiscard]] std::size_t open() const { return slots_.size(); }
  [[nodiscard]] std::size_t waiting() const { return waiters_.size(); }
  [[nodiscard]] std::size_t overflow() const {
    return !params_.keep || params_.pool_size == 0 || open() <= params_.pool_size ? 0 : open() - params_.pool_size;
  }
  /// The last attempt to connect failed.
  [[nodiscard]] bool failing() const { return failures_ > 0; }
  [[nodiscard]] bool is_out(Slot slot) const;

 private:
  struct State {
    Time born{};
    Time returned{};
    bool out = true;
    bool connected = false;
    bool connecting = false;
    bool invalid = false;
  };

  [[nodiscard]] bool may_open() const;
  [[nodiscard]] bool may_connect(Time now) const { return !failing() || (connecting_ == 0 && now >= connect_after_); }
  /// The idle slot whose turn it is; past those that need a connection while there is none to be had.
  [[nodiscard]] std::deque<Slot>::iterator pick_idle(Time now);
  void start_connecting(State& state);
  void end_connecting(State& state);
  [[nodiscard]] bool is_stale(const State& state, Time now) const;
  [[nodiscard]] Need need_of(const State& state, Time now) const;

  Params params_;
  std::unordered_map<Slot, State> slots_;
  std::deque<Slot> idle_;  ///< in the order they came back
  std::deque<Waiter> waiters_;
  Slot next_slot_ = 1;
  Time stale_until_ = Time::min();
  std::size_t connecting_ = 0;
  std::uint32_t failures_ = 0;  ///< in a row
  Time connect_after_ = Time::min();
};

}  // namespace quell::db::core
