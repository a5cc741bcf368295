#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <quell/db/connection.hpp>

namespace quell::db {

enum class ResetOnReturn : std::uint8_t {
  rollback,  ///< an open transaction is rolled back; nothing is sent where there is none
  commit,    ///< an open transaction is committed
  none,      ///< the next holder gets it as it is
};

enum class PoolKind : std::uint8_t {
  queue,   ///< SQLAlchemy's QueuePool
  null,    ///< nothing is kept and there is no limit: for a pooler outside, such as pgbouncer
  single,  ///< one connection that all callers take turns with and that is never recycled
};

/// What happens in a pool, for logs and metrics.
struct PoolNotice {
  enum class Kind : std::uint8_t {
    first_connect,    ///< before the `connect` of the pool's first connection
    connect,          ///< `time`: connecting
    connect_failed,   ///< `text`: why; `time`: connecting
    checkout,         ///< `time`: until it was there, connecting included
    checkin,          ///< `time`: held
    reset,            ///< something was left open and has been ended
    ping,             ///< answered; `time`: pinging
    invalidate,       ///< it will not be given out again; `text`: why
    soft_invalidate,  ///< it will be replaced before its next use
    close,            ///< `text`: why
    detach,
    timeout,        ///< `time`: waited in vain
    leak,           ///< held for `leak_after`, once for each lease; `time`: held so far
    leak_returned,  ///< a connection reported as a leak came back; `time`: held
  };
  Kind kind = Kind::checkout;
  std::string_view pool{};
  std::uint32_t backend_pid = 0;  ///< 0: no connection, or none any more
  CallSite site{};                ///< of the acquire(), where there is one
  std::chrono::nanoseconds time{0};
  std::string_view text{};
};
[[nodiscard]] std::string_view to_string(PoolNotice::Kind kind);

/// SQLAlchemy's QueuePool, names and defaults.
struct PoolParams {
  ConnectParams connect;
  std::string name = "pool";  ///< in errors and traces
  PoolKind kind = PoolKind::queue;
  /// Connections kept open; the pool starts empty. 0: no limit.
  std::size_t pool_size = 5;
  /// More connections when all are out, closed on return. -1: no limit.
  int max_overflow = 10;
  /// How long acquire() waits for a connection when all are out.
  std::chrono::milliseconds timeout{30'000};
  /// Callers that may wait at the same time; the next one fails at once. A longer queue only makes everybody late.
  std::size_t max_waiting = 200;
  /// Age at which a connection is replaced at checkout. 0: never.
  std::chrono::milliseconds recycle{0};
  /// Ask a connection whether it lives before it is given out. A failed answer replaces it and marks all older ones.
  bool pre_ping = false;
  /// No ping for a connection used less than this ago.
  std::chrono::milliseconds ping_after_idle{500};
  /// How long a ping, and the clean-up of a returned connection, may take before the connection is closed.
  std::chrono::milliseconds reset_timeout{2'000};
  /// The last returned goes out first, so that the others grow idle and can be closed by the server or a proxy.
  bool use_lifo = false;
  ResetOnReturn reset_on_return = ResetOnReturn::rollback;
  /// After a failed connect callers wait this long for the next attempt, which one of them makes; doubled with each
  /// failure in a row, so that a server that comes back is not met by everybody at once. 0: no pause.
  std::chrono::milliseconds connect_backoff{100};
  std::chrono::milliseconds connect_backoff_max{5'000};
  /// A lease held longer is told to `on_notice` with the call site that took it. 0: none is.
  std::chrono::milliseconds leak_after{0};
  /// Runs on each new connection before anybody gets it, for settings; what it throws, the caller of acquire() gets.
  std::function<Awaitable<void>(Connection&)> on_connect{};
  /// Called on the pool's thread; must not throw, nor call the pool.
  std::function<void(const PoolNotice&)> on_notice{};
};

struct AcquireOptions {
  trace::ScopeId scope = 0;  ///< every statement on the lease belongs to it
  Deadline deadline = {};    ///< for waiting and for every statement on the lease
};

struct PoolStatus {
  std::size_t size = 0;         ///< pool_size
  std::size_t checked_in = 0;   ///< idle
  std::size_t checked_out = 0;  ///< held, being opened or being reset
  std::size_t overflow = 0;     ///< open beyond pool_size
  std::size_t waiting = 0;
  /// "pool size 5, checked in 2, overflow 0, checked out 3, waiting 0"
  [[nodiscard]] std::string to_string() const;
};

namespace detail {
class PoolState;
}

/// A connection on loan. Move-only. Destroyed it goes back to the pool, which rolls back what was left open in the
/// background, or closes it when it is broken. Dropping it inside a cancelled coroutine is safe.
class Lease {
 public:
  Lease(Lease&& other) noexcept;
  Lease& operator=(Lease&& other) noexcept;
  ~Lease();

  [[nodiscard]] Connection& operator*() { return connection_; }
  [[nodiscard]] Connection* operator->() { return &connection_; }
  /// Closes the connection now: its state cannot be trusted.
  void invalidate();
  /// It may be used on, and is closed on return instead of kept.
  void invalidate_softly();
  /// Takes the connection out of the pool for good; its slot is free again.
  [[nodiscard]] Connection detach() &&;

 private:
  friend class detail::PoolState;
  Lease(std::shared_ptr<detail::PoolState> pool, std::uint64_t slot, Connection connection);

  std::shared_ptr<detail::PoolState> pool_;  ///< null: moved from or detached
  std::uint64_t slot_ = 0;
  bool keep_ = true;
  Connection connection_;
};

/// Belongs to one executor that runs on one thread: one pool for each io_context. Every member is called on that
/// thread.
class Pool {
 public:
  Pool(boost::asio::any_io_executor executor, PoolParams params);
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;
  ~Pool();  ///< as dispose()

  /// Throws PoolTimeout, DeadlineExceeded where `options.deadline` was the earlier one, or ConnectError.
  [[nodiscard]] Awaitable<Lease> acquire(AcquireOptions options = {}, CallSite site = CallSite::current());

  [[nodiscard]] PoolStatus status() const;
  /// Every connection opened before now is replaced before its next use.
  void invalidate_all();
  /// Closes the idle ones; leased ones are closed when they come back, waiting callers get a UsageError.
  void dispose();
  /// In a child process after fork(), and after its io_context::notify_fork: lets go of the idle connections, which are
  /// the parent's, without a word to the server. As dispose() otherwise.
  void forget_after_fork();

 private:
  std::shared_ptr<detail::PoolState> state_;
};

}  // namespace quell::db
