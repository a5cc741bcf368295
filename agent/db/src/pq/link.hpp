#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>

#include <quell/db/connection.hpp>

#include "agent/db/src/core/statement_cache.hpp"
#include "agent/db/src/pq/cancel_service.hpp"
#include "agent/db/src/pq/diagnostics.hpp"

namespace quell::db::detail {

struct PipelineItem;
class OpenStatement;
class CursorState;

/// One libpq connection on one executor. What makes it safe to leave at any point: a statement whose coroutine ends
/// early (deadline, cancellation, destruction) marks the link; `recover` brings it back to a known state or closes it.
class Link : public std::enable_shared_from_this<Link> {
 public:
  Link(boost::asio::any_io_executor executor, ConnectParams params);
  ~Link();
  Link(const Link&) = delete;
  Link& operator=(const Link&) = delete;

  Awaitable<void> connect(Deadline deadline);
  Awaitable<Result> run(Call call, Parameters parameters);
  /// Neither prepared nor told to the observer.
  Awaitable<Result> run_unseen(Call call, Parameters parameters);
  /// By the simple protocol. The last result.
  Awaitable<Result> run_script(Call call);
  Awaitable<void> run_pipeline(std::span<const std::unique_ptr<PipelineItem>> items, bool atomic);
  /// An empty statement; unseen by the observer.
  Awaitable<void> ping(Deadline deadline);
  /// Cancels and drains what was left running, rolls back (or commits) what was left open.
  Awaitable<void> recover(Deadline deadline);
  Awaitable<void> reset(bool commit, Deadline deadline);

  /// A transaction or a savepoint was dropped without an end; 0 is the whole transaction.
  void abandon_savepoint(std::uint32_t number);
  /// The number of a new savepoint. They nest: closing one closes those opened after it, closing 0 closes all.
  std::uint32_t open_savepoint();
  void close_savepoint(std::uint32_t number);

  /// Once for each Listener of the channel; true where the server has to be told.
  bool add_listener(const std::string& channel);
  void remove_listener(const std::string& channel);
  /// Waits for a notification; nothing at the deadline.
  Awaitable<std::optional<Notification>> next_notification(const std::string& channel, Deadline deadline);
  /// As a literal of SQL, for statements that take no parameters.
  [[nodiscard]] std::string quote_literal(std::string_view text) const;

  [[nodiscard]] bool is_broken() const { return connection_ == nullptr; }
  [[nodiscard]] bool in_transaction() const;
  [[nodiscard]] bool in_failed_transaction() const;
  /// Something has to be done before the next holder can use it.
  [[nodiscard]] bool needs_recovery() const {
    return running_ || abandoned_savepoint_.has_value() || (!unlisten_.empty() && !in_transaction());
  }
  void close(std::string_view reason) noexcept;
  /// As close, but the server is not told: after fork() the connection is the parent's.
  void forget() noexcept;
  /// No timer may keep an event loop alive for an idle connection.
  void stop_watching();

  [[nodiscard]] std::uint32_t backend_pid() const;
  [[nodiscard]] int server_version() const;
  [[nodiscard]] trace::ConnectionId trace_id() const { return trace_id_; }
  [[nodiscard]] const tracer::Observer* observer() const { return params_.observer; }
  [[nodiscard]] bool observed() const {
    return params_.observer != nullptr &&
           (params_.observer->active == nullptr || params_.observer->active(params_.observer->context));
  }
  void announce(trace::Duration connect_duration);

  Deadline deadline;  ///< for every call that brings no earlier one
  trace::ScopeId scope = 0;

 private:
  friend class OpenStatement;
  friend class CursorState;
  class PipelineRun;
  struct Times {
    trace::Time start = 0, first_byte = 0, complete = 0, ready = 0;
  };
  /// One execution on its way, for the observer and for errors.
  struct Execution {
    Execution(const Call& c, const Parameters* p) : call(c), parameters(p) {}
    Call call;
    const Parameters* parameters;  ///< null for the simple protocol
    core::StatementCache::Entry* entry = nullptr;
    Deadline deadline;
    Times times;
    bool observed = false;
    bool reported = false;
    bool sent = false;
    bool was_prepared = false;
    std::uint64_t batch = 0;
    bool copy = false;
    std::uint64_t bytes_sent = 0;              ///< statement text where it was sent, values of parameters, COPY data
    std::uint64_t bytes_received = 0;          ///< values of the result, COPY data
    std::uint64_t rows = 0;                    ///< of a stream or a COPY, which have no result to count them
    const tracer::ResultView* held = nullptr;  ///< the first rows of a stream
    std::string failed_with;                   ///< SQLSTATE, where there is no result to tell it
    trace::QueryId query = 0;                  ///< once reported
  };

  /// One coroutine inside the link. Left early, it sees to it that the statement is cancelled and reported without an
  /// end.
  class Running {
   public:
    explicit Running(Link& link, Execution* execution = nullptr);
    Running(const Running&) = delete;
    Running& operator=(const Running&) = delete;
    ~Running();

   private:
    Link& link_;
    Execution* execution_;
  };
  static trace::Time now();

  /// Looks up host names without blocking the event loop; every address of a name in the resolver's order.
  Awaitable<std::vector<core::HostEntry>> resolve(std::vector<core::HostEntry> hosts);
  /// Ends connecting where the deadline has passed.
  void check_connecting(Deadline own, Deadline limit);

  /// As run_script, without recovering first.
  Awaitable<Result> run_simple(Call call);
  std::optional<Notification> take_notification(const std::string& channel);
  void check(Execution& execution) const;
  void start(Execution& execution);
  void send(Execution& execution);
  bool prepare_and_send(Execution& execution);
  bool send_unprepared(const Execution& execution);
  void count_sent(Execution& execution, bool with_text) const;
  void fill_arrays(const Parameters& parameters);
  Awaitable<Result> collect(Execution& execution);
  Result finish(Execution& execution, ResultHandle result);
  [[noreturn]] void fail(Execution& execution, ResultHandle error);
  trace::QueryId report(Execution& execution, const PGresult* result, std::uint16_t flags);
  Awaitable<void> drain(Deadline deadline);
  Awaitable<void> wait_draining(Deadline deadline, bool unsent);
  bool leave_copy(ExecStatusType status);
  void check_patience(Deadline deadline);

  Awaitable<boost::system::error_code> readable_or_writable();
  /// Sends what libpq has buffered, reading meanwhile so that neither side waits for the other for ever.
  Awaitable<void> flush();
  void check_wait(boost::system::error_code error);
  /// Waits until there is something to read and reads it.
  Awaitable<void> receive(Execution& execution);
  [[noreturn]] void lost();

  void watch(Deadline deadline);
  void on_watchdog();
  void abandon_running() noexcept;
  void request_cancel() noexcept;
  void assign_socket();

  ConnectParams params_;
  boost::asio::posix::stream_descriptor socket_;
  boost::asio::steady_timer watchdog_;
  boost::asio::steady_timer pause_;
  PGconn* connection_ = nullptr;
  core::StatementCache cache_;
  const core::StatementCache::Entry* preparing_ = nullptr;  ///< sent, and whether the server has it is not known yet

  Deadline watched_;  ///< of the statement that runs
  Deadline::Clock::time_point watchdog_at_ = Deadline::Clock::time_point::max();
  bool deadline_hit_ = false;
  bool running_ = false;  ///< a statement was sent and its end not seen
  bool used_ = false;     ///< a coroutine is inside
  std::uint64_t pipeline_batches_ = 0;
  std::uint64_t cursors_ = 0;      ///< for their names
  int syncs_ = 0;                  ///< of a pipeline, not seen yet
  bool unsynced_ = false;          ///< of a pipeline: sent, and no Sync yet
  CancelService::Done cancelled_;  ///< a cancel request is on its way
  Deadline recover_until_;         ///< then the connection is closed
  std::optional<std::uint32_t> abandoned_savepoint_;
  std::uint32_t savepoints_ = 0;
  std::vector<std::uint32_t> open_savepoints_;
  std::map<std::string, int> listeners_;    ///< how many of each channel
  std::vector<std::string> unlisten_;       ///< channels without a listener that the server still serves
  std::deque<Notification> notifications_;  ///< arrived, of channels with listeners
  trace::ConnectionId trace_id_ = 0;
  std::string lost_reason_;

  std::vector<Oid> types_;
  std::vector<const char*> values_;
  std::vector<int> lengths_;
  std::vector<int> formats_;
  std::vector<tracer::BoundParameter> bound_;
};

}  // namespace quell::db::detail
