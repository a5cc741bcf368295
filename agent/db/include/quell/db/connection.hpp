#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <quell/db/awaitable.hpp>
#include <quell/db/copy.hpp>
#include <quell/db/deadline.hpp>
#include <quell/db/error.hpp>
#include <quell/db/notify.hpp>
#include <quell/db/parameters.hpp>
#include <quell/db/result.hpp>
#include <quell/db/statement.hpp>
#include <quell/db/stream.hpp>
#include <quell/db/types.hpp>
#include <quell/tracer/observer.hpp>

namespace quell::db {

namespace detail {
class Link;
class PoolState;
struct PipelineItem;
}  // namespace detail

class Lease;

/// How to connect. Not an aggregate (g++ 12, see types.hpp): name a variable, set what differs.
struct ConnectParams {
  ConnectParams() = default;
  explicit ConnectParams(std::string connection_string) : dsn(std::move(connection_string)) {}

  /// libpq's: "host=… dbname=…" or "postgresql://…"; TLS by its own options. Never shown in errors.
  std::string dsn;
  /// From the first packet to ready. libpq's own default waits for ever.
  std::chrono::milliseconds connect_timeout{10'000};
  /// Prepared statements kept on each connection, least recently used dropped first. 0 prepares nothing, for
  /// transaction poolers that do not know prepared statements.
  std::size_t statement_cache = 100;
  /// The server's own limit, the last resort behind deadlines. 0 leaves the server's setting.
  std::chrono::milliseconds statement_timeout{0};
  /// Sees every statement; null: nobody does and nothing is gathered.
  const tracer::Observer* observer = nullptr;
};

enum class Isolation : std::uint8_t { server_default, read_committed, repeatable_read, serializable };

struct TransactionOptions {
  Isolation isolation = Isolation::server_default;
  bool read_only = false;
  /// With serializable and read only: waits for a moment at which it cannot fail.
  bool deferrable = false;
};

/// A transaction that waits for the second phase (pg_prepared_xacts).
struct PreparedTransaction {
  std::string id;
  Timestamp prepared_at;
  std::string owner;
};

class Connection;

/// A block from BEGIN to COMMIT. Move-only; must not outlive its connection. Destroyed without commit or rollback it
/// marks the connection, which rolls back before its next statement or on its way back into the pool.
class Transaction {
 public:
  Transaction(Transaction&& other) noexcept;
  Transaction& operator=(Transaction&&) = delete;
  ~Transaction();

  Awaitable<void> commit(CallSite site = CallSite::current());
  Awaitable<void> rollback(CallSite site = CallSite::current());
  /// The first phase of two: the transaction leaves this connection and waits on the server, over restarts too, for
  /// commit_prepared or rollback_prepared of any connection to the same database. `id` has at most 199 bytes and must
  /// be unused. The server's max_prepared_transactions is 0 unless it was set.
  Awaitable<void> prepare(std::string id, CallSite site = CallSite::current());

 private:
  friend class Connection;
  explicit Transaction(std::shared_ptr<detail::Link> link) : link_(std::move(link)) {}
  std::shared_ptr<detail::Link> link_;  ///< null after the end
};

/// A point inside a transaction to fall back to. Destroyed without release or rollback it marks the connection like a
/// transaction does, but only back to this point.
class Savepoint {
 public:
  Savepoint(Savepoint&& other) noexcept;
  Savepoint& operator=(Savepoint&&) = delete;
  ~Savepoint();

  /// Keeps what was done since.
  Awaitable<void> release(CallSite site = CallSite::current());
  /// Undoes what was done since; the transaction goes on, also after an error.
  Awaitable<void> rollback(CallSite site = CallSite::current());

 private:
  friend class Connection;
  Savepoint(std::shared_ptr<detail::Link> link, std::uint32_t number) : link_(std::move(link)), number_(number) {}
  std::shared_ptr<detail::Link> link_;
  std::uint32_t number_ = 0;
};

/// One connection to one server, used by one coroutine at a time from one thread. Move-only. Every call may throw
/// ConnectError, ServerError (by SQLSTATE, see error.hpp), DeadlineExceeded and UsageError; after an error, a deadline
/// or a cancelled coroutine the connection recovers before its next statement or says is_broken().
class Connection {
 public:
  /// Connects on the current coroutine's executor.
  static Awaitable<Connection> open(ConnectParams params, Deadline deadline = {});

  Connection(Connection&& other) noexcept;
  Connection& operator=(Connection&& other) noexcept;
  ~Connection();  ///< closes at once

  /// Runs one statement with its $1, $2, …; prepares it on first use. The arguments are copied before this returns.
  template <class... Values>
  [[nodiscard]] Awaitable<Result> query(Call call, const Values&... values) {
    return run(call, Parameters::of(values...));
  }
  [[nodiscard]] Awaitable<Result> query(Call call, Parameters parameters) { return run(call, std::move(parameters)); }

  /// Every row as a T (Row::as).
  template <class T, class... Values>
  [[nodiscard]] Awaitable<std::vector<T>> fetch(Call call, const Values&... values) {
    return decode_all<T>(run(call, Parameters::of(values...)));
  }
  /// The only row as a T, nothing where there is none.
  template <class T, class... Values>
  [[nodiscard]] Awaitable<std::optional<T>> fetch_optional(Call call, const Values&... values) {
    return decode_optional<T>(run(call, Parameters::of(values...)));
  }
  /// The only row as a T.
  template <class T, class... Values>
  [[nodiscard]] Awaitable<T> fetch_one(Call call, const Values&... values) {
    return decode_one<T>(run(call, Parameters::of(values...)));
  }
  /// The number of affected rows.
  template <class... Values>
  [[nodiscard]] Awaitable<std::uint64_t> execute(Call call, const Values&... values) {
    return count_affected(run(call, Parameters::of(values...)));
  }
  /// The rows one after the other as they arrive (see Stream). Returns with the first row, so errors of the statement
  /// are thrown here. Not prepared, unless query() has prepared the statement already.
  template <class T, class... Values>
  [[nodiscard]] Awaitable<Stream<T>> stream(Call call, const Values&... values) {
    return read_as<T>(open_stream(call, Parameters::of(values...)));
  }
  /// Declares a cursor for a select (see Cursor); inside a transaction.
  template <class T, class... Values>
  [[nodiscard]] Awaitable<Cursor<T>> cursor(Call call, const Values&... values) {
    return fetch_as<T>(open_cursor(call, Parameters::of(values...)));
  }
  /// COPY … FROM STDIN of raw bytes, in the format the text says (see CopyIn).
  [[nodiscard]] Awaitable<CopyIn> copy_in(Call call);
  /// Rows of values into a table (see CopyWriter). Asks the server for the columns' types first.
  [[nodiscard]] Awaitable<CopyWriter> copy_rows(const CopyTarget& target, Deadline deadline = {},
                                                CallSite site = CallSite::current());
  /// COPY … TO STDOUT as raw bytes (see CopyOut).
  [[nodiscard]] Awaitable<CopyOut> copy_out(Call call);
  /// The rows of a select without parameters (see CopyReader). Asks the server for the columns' types first.
  template <class T>
  [[nodiscard]] Awaitable<CopyReader<T>> copy_out_rows(Call select) {
    return copied_as<T>(open_copy_out(select));
  }
  /// LISTEN (see Listener); inside a transaction it counts from the commit on.
  [[nodiscard]] Awaitable<Listener> listen(std::string channel, CallSite site = CallSite::current());

  /// The second phase of Transaction::prepare; outside of a transaction.
  [[nodiscard]] Awaitable<void> commit_prepared(std::string id, CallSite site = CallSite::current());
  [[nodiscard]] Awaitable<void> rollback_prepared(std::string id, CallSite site = CallSite::current());
  /// Those of this database, oldest first.
  [[nodiscard]] Awaitable<std::vector<PreparedTransaction>> prepared_transactions(CallSite site = CallSite::current());
  /// Several statements in one text, without values, by the simple protocol; one implicit transaction.
  [[nodiscard]] Awaitable<void> execute_script(Call call);

  [[nodiscard]] Awaitable<Transaction> begin(TransactionOptions options = {}, CallSite site = CallSite::current());
  /// Inside a transaction.
  [[nodiscard]] Awaitable<Savepoint> savepoint(CallSite site = CallSite::current());

  /// For every later call that brings no earlier one.
  void set_deadline(Deadline deadline);
  [[nodiscard]] Deadline deadline() const;
  /// The trace scope every later statement belongs to; 0: none.
  void set_scope(trace::ScopeId scope);
  [[nodiscard]] trace::ScopeId scope() const;

  /// The connection is gone or in an unknown state; every call throws ConnectError.
  [[nodiscard]] bool is_broken() const;
  [[nodiscard]] bool in_transaction() const;
  [[nodiscard]] std::uint32_t backend_pid() const;
  [[nodiscard]] int server_version() const;  ///< 150020 is 15.20
  [[nodiscard]] trace::ConnectionId trace_id() const;
  void close() noexcept;

 private:
  friend class detail::PoolState;
  friend class Lease;
  friend class Pipeline;
  explicit Connection(std::shared_ptr<detail::Link> link);
  [[nodiscard]] Awaitable<Result> run(Call call, Parameters parameters);
  [[nodiscard]] Awaitable<void> run_pipeline(std::span<const std::unique_ptr<detail::PipelineItem>> items, bool atomic);
  [[nodiscard]] static Awaitable<std::uint64_t> count_affected(Awaitable<Result> running);
  [[nodiscard]] Awaitable<detail::RowSource> open_stream(Call call, Parameters parameters);
  [[nodiscard]] Awaitable<detail::CursorSource> open_cursor(Call call, Parameters parameters);

  [[nodiscard]] Awaitable<detail::CopySource> open_copy_out(Call select);
  [[nodiscard]] Awaitable<void> end_prepared(const char* how, std::string id, CallSite site);

  template <class T>
  static Awaitable<CopyReader<T>> copied_as(Awaitable<detail::CopySource> opening) {
    co_return CopyReader<T>(co_await std::move(opening));
  }
  template <class T>
  static Awaitable<Stream<T>> read_as(Awaitable<detail::RowSource> opening) {
    co_return Stream<T>(co_await std::move(opening));
  }
  template <class T>
  static Awaitable<Cursor<T>> fetch_as(Awaitable<detail::CursorSource> opening) {
    co_return Cursor<T>(co_await std::move(opening));
  }

  template <class T>
  static Awaitable<std::vector<T>> decode_all(Awaitable<Result> running) {
    const Result result = co_await std::move(running);
    co_return result.as<T>();
  }
  template <class T>
  static Awaitable<std::optional<T>> decode_optional(Awaitable<Result> running) {
    const Result result = co_await std::move(running);
    co_return result.optional<T>();
  }
  template <class T>
  static Awaitable<T> decode_one(Awaitable<Result> running) {
    const Result result = co_await std::move(running);
    co_return result.one<T>();
  }

  std::shared_ptr<detail::Link> link_;
};

}  // namespace quell::db
