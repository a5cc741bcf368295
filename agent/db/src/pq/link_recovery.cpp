// Leaving a statement early, and bringing its connection back to a known state.

#include <algorithm>
#include <utility>

#include <fmt/format.h>
#include <libpq-fe.h>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>

#include "agent/db/src/pq/link.hpp"

namespace quell::db::detail {
namespace {

namespace asio = boost::asio;
using Descriptor = asio::posix::stream_descriptor;

/// A server that has not answered a cancel request by then has lost its connection.
constexpr std::chrono::milliseconds kRecoveryTime{2'000};
/// Between looks at whether the helper thread has sent a request.
constexpr std::chrono::milliseconds kCancelPoll{1};
/// Until a request is repeated.
constexpr std::chrono::milliseconds kCancelAgain{200};

}  // namespace

void Link::abandon_running() noexcept {
  if (is_broken() || cancelled_) return;
  recover_until_ = Deadline::after(kRecoveryTime);
  request_cancel();
}

void Link::request_cancel() noexcept {
  PGcancel* cancel = PQgetCancel(connection_);
  cancelled_ = cancel != nullptr ? CancelService::instance().submit(cancel) : nullptr;
  if (!cancelled_) close("too many statements wait to be cancelled");
}

std::uint32_t Link::open_savepoint() {
  open_savepoints_.push_back(++savepoints_);
  return savepoints_;
}

void Link::close_savepoint(std::uint32_t number) {
  std::erase_if(open_savepoints_, [&](std::uint32_t open) { return open >= number; });
}

void Link::abandon_savepoint(std::uint32_t number) {
  if (is_broken()) return;
  // The end of the transaction or of an outer savepoint has ended it too.
  if (number != 0 && std::find(open_savepoints_.begin(), open_savepoints_.end(), number) == open_savepoints_.end())
    return;
  abandoned_savepoint_ = abandoned_savepoint_ ? std::min(*abandoned_savepoint_, number) : number;
}

Awaitable<void> Link::recover(Deadline limit) {
  if (running_) co_await drain(limit);
  if (abandoned_savepoint_ && in_transaction()) {
    const std::uint32_t number = *abandoned_savepoint_;
    const UnsafeStatement undo(number == 0 ? std::string("rollback")
                                           : fmt::format("rollback to savepoint s{0}; release savepoint s{0}", number));
    co_await run_simple(Call(Statement(undo), limit, CallSite()));
    close_savepoint(number);
  }
  abandoned_savepoint_.reset();
  while (!unlisten_.empty() && !in_transaction()) {
    const UnsafeStatement statement("unlisten " + quote_identifier(unlisten_.back()));
    unlisten_.pop_back();
    co_await run_simple(Call(Statement(statement), limit, CallSite()));
  }
}

Awaitable<void> Link::reset(bool commit, Deadline limit) {
  co_await recover(limit);
  if (!in_transaction()) co_return;
  const UnsafeStatement end(commit && !in_failed_transaction() ? "commit" : "rollback");
  co_await run_simple(Call(Statement(end), limit, CallSite()));
  close_savepoint(0);
}

Awaitable<void> Link::drain(Deadline limit) {
  const Running running(*this);
  if (std::exchange(unsynced_, false)) {  // without a Sync the server would wait for more
    ++syncs_;
    if (PQpipelineSync(connection_) == 0) lost();
  }
  for (bool ended = false; !ended;) {
    const int unsent = PQflush(connection_);
    if (unsent < 0) lost();
    if (PQisBusy(connection_) != 0) {
      co_await wait_draining(limit, unsent > 0);
      if (PQconsumeInput(connection_) == 0) lost();
      continue;
    }
    const ResultHandle result(PQgetResult(connection_));
    if (PQstatus(connection_) == CONNECTION_BAD) lost();
    const ExecStatusType status = result ? PQresultStatus(result.get()) : PGRES_EMPTY_QUERY;
    if (status == PGRES_COPY_IN || status == PGRES_COPY_OUT || status == PGRES_COPY_BOTH) {
      if (!leave_copy(status)) co_await wait_draining(limit, /*unsent=*/status == PGRES_COPY_IN);
      if (PQconsumeInput(connection_) == 0) lost();
      continue;
    }
    if (status == PGRES_PIPELINE_SYNC && --syncs_ == 0) {
      ended = true;
    } else if (!result && syncs_ == 0) {
      ended = true;
    }
  }
  if (PQpipelineStatus(connection_) != PQ_PIPELINE_OFF) PQexitPipelineMode(connection_);
  // A request still on its way would hit the next statement.
  while (cancelled_ && !cancelled_->load(std::memory_order_acquire)) {
    check_patience(limit);
    pause_.expires_after(kCancelPoll);
    boost::system::error_code error;
    co_await pause_.async_wait(asio::redirect_error(asio::use_awaitable, error));
  }
  cancelled_.reset();
  running_ = false;
  if (preparing_ != nullptr) cache_.discard(*std::exchange(preparing_, nullptr));
}

/// False where the socket has to be waited for first.
bool Link::leave_copy(ExecStatusType status) {
  if (status == PGRES_COPY_IN) return PQputCopyEnd(connection_, "left unfinished by the program") != 0;
  for (;;) {
    char* data = nullptr;
    const int size = PQgetCopyData(connection_, &data, /*async=*/1);
    if (size <= 0) return size < 0;  // 0: nothing has arrived; else the result says how it ended
    PQfreemem(data);
  }
}

Awaitable<void> Link::wait_draining(Deadline limit, bool unsent) {
  check_patience(limit);
  // The server ignores a request that overtakes the statement it is meant for, so ask again after a while.
  watch(limit.earlier(recover_until_).earlier(Deadline::after(kCancelAgain)));
  boost::system::error_code error;
  if (unsent) {
    error = co_await readable_or_writable();
  } else {
    co_await socket_.async_wait(Descriptor::wait_read, asio::redirect_error(asio::use_awaitable, error));
  }
  if (!error) co_return;
  if (!deadline_hit_) throw boost::system::system_error(error);
  check_patience(limit);
  if (!cancelled_ || cancelled_->load(std::memory_order_acquire)) request_cancel();
}

void Link::check_patience(Deadline limit) {
  if (recover_until_.passed()) {
    close("the server did not answer a cancel request");
    throw ConnectError("the connection was closed: the server did not answer a cancel request in time");
  }
  // The caller's patience has ended, ours has not: the next one goes on.
  if (limit.passed()) throw DeadlineExceeded("the deadline passed while an earlier statement was being cancelled");
}

}  // namespace quell::db::detail
