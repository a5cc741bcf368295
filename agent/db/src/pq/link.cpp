#include "agent/db/src/pq/link.hpp"

#include <cstdlib>
#include <cstring>
#include <utility>

#include <fcntl.h>
#include <unistd.h>

#include <fmt/format.h>
#include <libpq-fe.h>
#include <boost/asio/deferred.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/experimental/parallel_group.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>

namespace quell::db::detail {
namespace {

namespace asio = boost::asio;
using Descriptor = asio::posix::stream_descriptor;

trace::TransactionState state_of(const PGconn* connection) {
  switch (PQtransactionStatus(connection)) {
    case PQTRANS_IDLE:
      return trace::TransactionState::idle;
    case PQTRANS_INTRANS:
      return trace::TransactionState::in_transaction;
    case PQTRANS_INERROR:
      return trace::TransactionState::failed;
    case PQTRANS_ACTIVE:
    case PQTRANS_UNKNOWN:
      break;
  }
  return trace::TransactionState::unknown;
}

std::string name_of(const Statement& statement) {
  return statement.name().empty() ? std::string("the statement") : fmt::format("statement '{}'", statement.name());
}

tracer::ColumnOrigin view_column(const void* result, std::uint32_t index) {
  const auto* pg = static_cast<const PGresult*>(result);
  const int column = static_cast<int>(index);
  tracer::ColumnOrigin origin;
  origin.name = PQfname(pg, column);
  origin.table_oid = PQftable(pg, column);
  origin.attribute_number = static_cast<std::int16_t>(PQftablecol(pg, column));
  origin.type_oid = PQftype(pg, column);
  origin.format = static_cast<trace::Format>(PQfformat(pg, column));
  return origin;
}

std::string_view view_value(const void* result, std::uint64_t row, std::uint32_t column) {
  const auto* pg = static_cast<const PGresult*>(result);
  const int r = static_cast<int>(row);
  const int c = static_cast<int>(column);
  if (PQgetisnull(pg, r, c) != 0) return {};
  return {PQgetvalue(pg, r, c), static_cast<std::size_t>(PQgetlength(pg, r, c))};
}

/// The values' own bytes, without lengths and headers.
std::uint64_t value_bytes(const PGresult* result) {
  std::uint64_t bytes = 0;
  const int rows = PQntuples(result);
  const int columns = PQnfields(result);
  for (int row = 0; row < rows; ++row)
    for (int column = 0; column < columns; ++column)
      bytes += static_cast<std::uint64_t>(PQgetlength(result, row, column));
  return bytes;
}

std::uint64_t row_count(const PGresult* result) {
  if (PQresultStatus(result) == PGRES_TUPLES_OK) return static_cast<std::uint64_t>(PQntuples(result));
  return std::strtoull(PQcmdTuples(const_cast<PGresult*>(result)), nullptr, 10);
}

}  // namespace

Link::Running::Running(Link& link, Execution* execution) : link_(link), execution_(execution) {
  if (link.used_)
    throw UsageError(
        "two statements at once on one connection: acquire a second connection, await the first statement, or end the "
        "stream, cursor or COPY that is open");
  link.used_ = true;
}

Link::Running::~Running() {
  link_.used_ = false;
  link_.watched_ = Deadline::none();
  if (execution_ != nullptr && execution_->sent && execution_->observed && !execution_->reported)
    link_.report(*execution_, nullptr, trace::query_flag::kNoEndSeen);
  if (link_.running_) link_.abandon_running();
}

Link::Link(asio::any_io_executor executor, ConnectParams params)
    : params_(std::move(params)),
      socket_(executor),
      watchdog_(executor),
      pause_(executor),
      cache_(params_.statement_cache) {}

Link::~Link() {
  close({});
}

void Link::close(std::string_view reason) noexcept {
  if (connection_ == nullptr) return;
  lost_reason_ = reason;
  if (socket_.is_open()) socket_.release();  // the descriptor is libpq's to close
  PQfinish(std::exchange(connection_, nullptr));
  running_ = false;
  watchdog_.cancel();
  if (trace_id_ != 0 && params_.observer != nullptr && params_.observer->connection_closed != nullptr)
    params_.observer->connection_closed(params_.observer->context, trace_id_, reason);
}

void Link::forget() noexcept {
  if (connection_ == nullptr) return;
  // libpq says goodbye into whatever is under its descriptor.
  if (socket_.is_open()) socket_.release();
  const int nowhere = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  if (nowhere < 0 || dup2(nowhere, PQsocket(connection_)) < 0) std::abort();
  ::close(nowhere);
  trace_id_ = 0;  // the parent's trace goes on
  close("left to the parent process");
}

trace::Time Link::now() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(Deadline::Clock::now().time_since_epoch()).count();
}

// --- waiting -------------------------------------------------------------------------------------------------------

void Link::watch(Deadline limit) {
  watched_ = limit;
  deadline_hit_ = false;
  if (limit.at() >= watchdog_at_) return;  // the timer runs already; it looks at `watched_` when it fires
  watchdog_at_ = limit.at();
  watchdog_.expires_at(limit.at());
  watchdog_.async_wait([weak = weak_from_this()](boost::system::error_code error) {
    if (error) return;
    if (const auto link = weak.lock()) link->on_watchdog();
  });
}

void Link::on_watchdog() {
  watchdog_at_ = Deadline::Clock::time_point::max();
  if (watched_.is_none()) return;
  if (!watched_.passed()) {
    watch(watched_);
    return;
  }
  deadline_hit_ = true;
  if (socket_.is_open()) socket_.cancel();
  pause_.cancel();
}

void Link::stop_watching() {
  watchdog_at_ = Deadline::Clock::time_point::max();
  watchdog_.cancel();
}

void Link::check_wait(boost::system::error_code error) {
  if (deadline_hit_)
    throw DeadlineExceeded("the deadline passed before the server answered; the statement is being cancelled");
  if (error) throw boost::system::system_error(error);
}

Awaitable<boost::system::error_code> Link::readable_or_writable() {
  const auto [order, read_error, write_error] =
      co_await asio::experimental::make_parallel_group(socket_.async_wait(Descriptor::wait_read, asio::deferred),
                                                       socket_.async_wait(Descriptor::wait_write, asio::deferred))
          .async_wait(asio::experimental::wait_for_one(), asio::use_awaitable);
  co_return order[0] == 0 ? read_error : write_error;
}

Awaitable<void> Link::flush() {
  for (int left = PQflush(connection_); left != 0; left = PQflush(connection_)) {
    if (left < 0) lost();
    check_wait({});
    check_wait(co_await readable_or_writable());
    if (PQconsumeInput(connection_) == 0) lost();
  }
}

Awaitable<void> Link::receive(Execution& execution) {
  check_wait({});
  boost::system::error_code failure;
  co_await socket_.async_wait(Descriptor::wait_read, asio::redirect_error(asio::use_awaitable, failure));
  check_wait(failure);
  if (execution.observed && execution.times.first_byte == 0) execution.times.first_byte = now();
  PQconsumeInput(connection_);  // where it fails the connection is no longer busy, and the result says why
}

void Link::lost() {
  const std::string reason = connection_message(connection_);
  close(reason);
  throw ConnectError("the connection to the server was lost: " + reason);
}

// --- running -------------------------------------------------------------------------------------------------------

Awaitable<Result> Link::run(Call call, Parameters parameters) {
  Execution execution(call, &parameters);
  check(execution);
  if (needs_recovery()) co_await recover(execution.deadline);
  const Running running(*this, &execution);
  start(execution);
  send(execution);
  Result result = co_await collect(execution);
  co_return result;
}

Awaitable<Result> Link::run_unseen(Call call, Parameters parameters) {
  Execution execution(call, &parameters);
  check(execution);
  if (needs_recovery()) co_await recover(execution.deadline);
  const Running running(*this, &execution);
  watch(execution.deadline);
  fill_arrays(parameters);
  running_ = execution.sent = true;
  if (!send_unprepared(execution)) lost();
  Result result = co_await collect(execution);
  co_return result;
}

Awaitable<Result> Link::run_script(Call call) {
  if (needs_recovery()) co_await recover(call.deadline().earlier(deadline));
  Result result = co_await run_simple(call);
  co_return result;
}

Awaitable<Result> Link::run_simple(Call call) {
  Execution execution(call, nullptr);
  check(execution);
  const Running running(*this, &execution);
  start(execution);
  if (PQsendQuery(connection_, call.statement().text().data()) == 0) lost();
  running_ = execution.sent = true;
  count_sent(execution, /*with_text=*/true);
  Result result = co_await collect(execution);
  co_return result;
}

Awaitable<void> Link::ping(Deadline limit) {
  Execution execution(Call(Statement(""), limit), nullptr);
  check(execution);
  const Running running(*this);
  watch(limit);
  if (PQsendQuery(connection_, "") == 0) lost();
  running_ = true;
  co_await collect(execution);
}

void Link::check(Execution& execution) const {
  if (is_broken())
    throw ConnectError(lost_reason_.empty() ? "the connection is closed" : "the connection is closed: " + lost_reason_);
  execution.deadline = execution.call.deadline().earlier(deadline);
  if (execution.deadline.passed())
    throw DeadlineExceeded(
        fmt::format("the deadline had passed before {} was sent", name_of(execution.call.statement())));
}

void Link::start(Execution& execution) {
  watch(execution.deadline);
  execution.observed = observed();
  if (execution.observed) execution.times.start = now();
}

void Link::fill_arrays(const Parameters& parameters) {
  const std::size_t count = parameters.size();
  types_.resize(count);
  values_.resize(count);
  lengths_.resize(count);
  formats_.resize(count);
  for (std::size_t i = 0; i < count; ++i) {
    const std::string_view bytes = parameters.bytes(i);
    const Format format = parameters.format(i);
    if (format == Format::text && bytes.data() != nullptr && std::memchr(bytes.data(), '\0', bytes.size()) != nullptr)
      throw UsageError(fmt::format("parameter ${} holds a zero byte, which PostgreSQL's text cannot", i + 1));
    types_[i] = parameters.type_oid(i);
    values_[i] = bytes.data();
    lengths_[i] = static_cast<int>(bytes.size());
    formats_[i] = static_cast<int>(format);
  }
}

void Link::send(Execution& execution) {
  const Statement& statement = execution.call.statement();
  const Parameters& parameters = *execution.parameters;
  if (parameters.size() > PQ_QUERY_PARAM_MAX_LIMIT)
    throw UsageError(fmt::format("{} has {} parameters, the protocol's limit is {}: pass an array instead",
                                 name_of(statement), parameters.size(), PQ_QUERY_PARAM_MAX_LIMIT));
  fill_arrays(parameters);
  const int count = static_cast<int>(parameters.size());
  int sent = 0;
  if (!cache_.enabled()) {
    sent = send_unprepared(execution) ? 1 : 0;
  } else if (execution.entry = cache_.find(statement, parameters); execution.entry != nullptr) {
    execution.was_prepared = true;
    sent = PQsendQueryPrepared(connection_, execution.entry->name.c_str(), count, values_.data(), lengths_.data(),
                               formats_.data(), /*resultFormat=*/1);
  } else {
    sent = prepare_and_send(execution) ? 1 : 0;
  }
  running_ = execution.sent = true;
  if (sent == 0) lost();
  count_sent(execution, /*with_text=*/!execution.was_prepared);
}

bool Link::send_unprepared(const Execution& execution) {
  return PQsendQueryParams(connection_, execution.call.statement().text().data(),
                           static_cast<int>(execution.parameters->size()), types_.data(), values_.data(),
                           lengths_.data(), formats_.data(), /*resultFormat=*/1) != 0;
}

void Link::count_sent(Execution& execution, bool with_text) const {
  if (!execution.observed) return;
  if (with_text) execution.bytes_sent += execution.call.statement().text().size();
  if (execution.parameters == nullptr) return;
  for (std::size_t i = 0; i < execution.parameters->size(); ++i)
    execution.bytes_sent += execution.parameters->bytes(i).size();
}

bool Link::prepare_and_send(Execution& execution) {
  // One round trip: Parse, Bind, Execute and a single Sync. Statements dropped from the cache go along, each before a
  // Sync of its own, so that a failure there is nobody's.
  execution.entry = &cache_.add(execution.call.statement(), *execution.parameters);
  preparing_ = execution.entry;
  const core::StatementCache::Entry& entry = *execution.entry;
  const int count = static_cast<int>(execution.parameters->size());
  if (PQenterPipelineMode(connection_) == 0) return false;
  if (!in_failed_transaction()) {
    for (const std::string& name : cache_.evicted()) {
      const std::string deallocate = "deallocate " + name;
      if (PQsendQueryParams(connection_, deallocate.c_str(), 0, nullptr, nullptr, nullptr, nullptr, 0) == 0 ||
          PQpipelineSync(connection_) == 0)
        return false;
      ++syncs_;
    }
    cache_.clear_evicted();
  }
  ++syncs_;
  return PQsendPrepare(connection_, entry.name.c_str(), entry.text.c_str(), count, types_.data()) != 0 &&
         PQsendQueryPrepared(connection_, entry.name.c_str(), count, values_.data(), lengths_.data(), formats_.data(),
                             /*resultFormat=*/1) != 0 &&
         PQpipelineSync(connection_) != 0;
}

Awaitable<Result> Link::collect(Execution& execution) {
  if (PQflush(connection_) != 0) co_await flush();
  ResultHandle last;
  ResultHandle error;
  for (bool ended = false; !ended;) {
    while (PQisBusy(connection_) != 0) co_await receive(execution);
    ResultHandle result(PQgetResult(connection_));
    if (!result) {
      if (PQstatus(connection_) == CONNECTION_BAD && !error) lost();
      ended = syncs_ == 0 || PQstatus(connection_) == CONNECTION_BAD;
      continue;
    }
    switch (PQresultStatus(result.get())) {
      case PGRES_PIPELINE_SYNC:
        ended = --syncs_ == 0;
        break;
      case PGRES_FATAL_ERROR:
        if (syncs_ <= 1 && !error) error = std::move(result);  // else of a deallocate
        break;
      case PGRES_COPY_IN:
      case PGRES_COPY_OUT:
      case PGRES_COPY_BOTH:
        close("COPY outside of copy_in and copy_out");
        throw UsageError("COPY runs through copy_in and copy_out only; the connection was closed");
      case PGRES_COMMAND_OK:
        if (syncs_ == 1 && preparing_ != nullptr) preparing_ = nullptr;  // Parse is done; Execute's result follows
        last = std::move(result);
        break;
      case PGRES_TUPLES_OK:
      case PGRES_EMPTY_QUERY:
        last = std::move(result);
        break;
      case PGRES_PIPELINE_ABORTED:
      case PGRES_BAD_RESPONSE:
      case PGRES_NONFATAL_ERROR:
      case PGRES_SINGLE_TUPLE:
        break;
    }
  }
  if (PQpipelineStatus(connection_) != PQ_PIPELINE_OFF) PQexitPipelineMode(connection_);
  running_ = false;
  syncs_ = 0;
  if (execution.observed) execution.times.complete = execution.times.ready = now();
  if (error) fail(execution, std::move(error));
  co_return finish(execution, std::move(last));
}

Result Link::finish(Execution& execution, ResultHandle result) {
  if (!result) return {};
  trace::QueryId query = 0;
  if (execution.observed) query = report(execution, result.get(), 0);
  return {result.release(), params_.observer, query};
}

void Link::fail(Execution& execution, ResultHandle error) {
  ServerDiagnostics diagnostics = diagnostics_of(error.get());
  if (execution.observed) report(execution, error.get(), 0);
  if (preparing_ != nullptr) cache_.forget(*std::exchange(preparing_, nullptr));
  if (PQstatus(connection_) == CONNECTION_BAD && diagnostics.sqlstate.empty()) lost();
  try {
    throw_server_error(std::move(diagnostics));
  } catch (const StalePlan&) {
    cache_.clear();
    throw;
  } catch (const ServerError& thrown) {
    if (thrown.is_disconnect()) close(thrown.diagnostics().message);
    throw;
  }
}

trace::QueryId Link::report(Execution& execution, const PGresult* result, std::uint16_t flags) {
  execution.reported = true;
  const tracer::Observer& observer = *params_.observer;
  if (observer.statement_finished == nullptr) return 0;
  if (trace_id_ == 0 && !is_broken()) announce(0);  // it was opened before the recording began
  tracer::StatementFinished finished;
  finished.start = execution.times.start;
  finished.first_byte = execution.times.first_byte;
  finished.complete = execution.times.complete;
  finished.ready = execution.times.ready;
  finished.connection = trace_id_;
  finished.scope = scope;
  finished.text = execution.call.statement().text();
  finished.statement_name = execution.call.statement().name();
  finished.slot = execution.entry != nullptr ? &execution.entry->slot : nullptr;
  finished.protocol = execution.copy                    ? trace::Protocol::copy
                      : execution.batch != 0            ? trace::Protocol::pipelined
                      : execution.parameters != nullptr ? trace::Protocol::extended
                                                        : trace::Protocol::simple;
  finished.pipeline_batch = execution.batch;
  finished.transaction_state = is_broken() ? trace::TransactionState::unknown : state_of(connection_);
  finished.flags = flags;
  if (execution.was_prepared) finished.flags |= trace::query_flag::kPrepared;
  finished.call_site = execution.call.site();
  bound_.clear();
  if (execution.parameters != nullptr) {
    for (std::size_t i = 0; i < execution.parameters->size(); ++i)
      bound_.push_back(
          {execution.parameters->type_oid(i), execution.parameters->format(i), execution.parameters->bytes(i)});
  }
  finished.parameters = bound_;
  finished.rows = execution.rows;
  finished.bytes_sent = execution.bytes_sent;
  finished.bytes_received = execution.bytes_received;
  finished.result = execution.held;
  finished.sqlstate = execution.failed_with;
  tracer::ResultView view;
  if (result != nullptr) {
    if (const char* state = PQresultErrorField(result, PG_DIAG_SQLSTATE); state != nullptr) finished.sqlstate = state;
  }
  if (result != nullptr && execution.held == nullptr) {
    if (finished.sqlstate.empty()) finished.rows = row_count(result);
    finished.bytes_received += value_bytes(result);
    view.result = result;
    view.columns = static_cast<std::uint32_t>(PQnfields(result));
    view.rows = static_cast<std::uint64_t>(PQntuples(result));
    view.column = view_column;
    view.value = view_value;
    if (view.columns > 0) finished.result = &view;
  }
  return execution.query = observer.statement_finished(observer.context, finished);
}

// --- what it is ----------------------------------------------------------------------------------------------------

bool Link::in_transaction() const {
  if (is_broken()) return false;
  const PGTransactionStatusType status = PQtransactionStatus(connection_);
  return status == PQTRANS_INTRANS || status == PQTRANS_INERROR;
}
bool Link::in_failed_transaction() const {
  return !is_broken() && PQtransactionStatus(connection_) == PQTRANS_INERROR;
}
std::uint32_t Link::backend_pid() const {
  return is_broken() ? 0 : static_cast<std::uint32_t>(PQbackendPID(connection_));
}
int Link::server_version() const {
  return is_broken() ? 0 : PQserverVersion(connection_);
}

}  // namespace quell::db::detail
