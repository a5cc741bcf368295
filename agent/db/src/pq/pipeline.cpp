#include <quell/db/pipeline.hpp>

#include <deque>
#include <span>

#include <libpq-fe.h>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "agent/db/src/core/pipeline_ledger.hpp"
#include "agent/db/src/pq/link.hpp"

namespace quell::db {
namespace detail {

using Kind = core::PipelineLedger::Kind;

void throw_not_run() {
  throw UsageError("the pipeline has not been run since this statement was added");
}

/// The state of one run; lives in the coroutine's frame.
class Link::PipelineRun {
 public:
  PipelineRun(Link& link, std::span<const std::unique_ptr<PipelineItem>> items, bool atomic)
      : link_(link), items_(items), atomic_(atomic), batch_(++link.pipeline_batches_) {
    for (const auto& item : items) {
      executions_.emplace_back(item->call, &item->parameters);
      executions_.back().batch = batch_;
      names_.emplace_back();
    }
  }

  [[nodiscard]] bool all_sent() const { return next_ == items_.size(); }
  [[nodiscard]] bool finished() const { return all_sent() && ledger_.empty(); }
  [[nodiscard]] bool can_send() const { return !all_sent() && ledger_.has_room(); }

  /// False where libpq refuses.
  bool send_next() {
    PGconn* connection = link_.connection_;
    PipelineItem& item = *items_[next_];
    Execution& execution = executions_[next_];
    link_.fill_arrays(item.parameters);
    execution.observed = link_.observed();
    if (execution.observed) execution.times.start = Link::now();
    const int count = static_cast<int>(item.parameters.size());
    std::size_t bytes = item.call.statement().text().size();
    for (std::size_t i = 0; i < item.parameters.size(); ++i) bytes += item.parameters.bytes(i).size();
    bool sent = true;
    if (!link_.cache_.enabled()) {
      sent = PQsendQueryParams(connection, item.call.statement().text().data(), count, link_.types_.data(),
                               link_.values_.data(), link_.lengths_.data(), link_.formats_.data(), 1) != 0;
    } else {
      core::StatementCache::Entry* entry = link_.cache_.find(item.call.statement(), item.parameters);
      execution.was_prepared = entry != nullptr;
      if (entry == nullptr) {
        entry = &link_.cache_.add(item.call.statement(), item.parameters);
        sent = PQsendPrepare(connection, entry->name.c_str(), entry->text.c_str(), count, link_.types_.data()) != 0;
        ledger_.sent(Kind::prepare, next_, 0);
      }
      names_[next_] = entry->name;
      sent = sent && PQsendQueryPrepared(connection, entry->name.c_str(), count, link_.values_.data(),
                                         link_.lengths_.data(), link_.formats_.data(), 1) != 0;
    }
    ledger_.sent(Kind::execute, next_, bytes);
    link_.count_sent(execution, /*with_text=*/!execution.was_prepared);
    execution.sent = true;
    link_.unsynced_ = true;
    ++next_;
    if (sent && (!atomic_ || all_sent())) sent = sync();
    return sent;
  }

  /// Takes one result that is not null.
  void take(ResultHandle result) {
    const auto sent = ledger_.answered();
    if (sent.kind == Kind::sync) {
      --link_.syncs_;
      return;
    }
    PipelineItem& item = *items_[sent.item];
    Execution& execution = executions_[sent.item];
    const ExecStatusType status = PQresultStatus(result.get());
    const bool ok = status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK || status == PGRES_EMPTY_QUERY;
    if (sent.kind == Kind::prepare) {
      if (!ok) link_.cache_.forget(names_[sent.item]);
      if (status == PGRES_FATAL_ERROR) keep_error(item, execution, std::move(result));
      return;
    }
    if (execution.observed) execution.times.first_byte = execution.times.complete = execution.times.ready = Link::now();
    execution.entry = link_.cache_.find(item.call.statement(), item.parameters);
    if (ok) {
      item.result = link_.finish(execution, std::move(result));
      item.done = true;
    } else if (status == PGRES_FATAL_ERROR) {
      keep_error(item, execution, std::move(result));
    } else if (!item.error) {  // skipped after an earlier failure
      ServerDiagnostics diagnostics;
      diagnostics.sqlstate = "25P02";
      diagnostics.message = "skipped: an earlier statement of the atomic pipeline failed";
      keep_thrown(item, std::move(diagnostics));
      if (execution.observed) link_.report(execution, nullptr, trace::query_flag::kSkippedAfterError);
    }
    if (item.error && !first_error_) first_error_ = item.error;
  }

  [[nodiscard]] std::exception_ptr first_error() const { return first_error_; }

  /// What was sent and never answered, for the observer.
  void report_unfinished() noexcept {
    for (std::size_t i = 0; i < next_; ++i)
      if (executions_[i].observed && !executions_[i].reported)
        link_.report(executions_[i], nullptr, trace::query_flag::kNoEndSeen);
    // Nobody knows which of them the server has prepared.
    while (!ledger_.empty()) {
      const auto sent = ledger_.answered();
      if (sent.kind == Kind::prepare) link_.cache_.discard(names_[sent.item]);
    }
  }

  bool send_deallocations() {
    if (link_.in_failed_transaction()) return true;
    for (const std::string& name : link_.cache_.evicted()) {
      const std::string deallocate = "deallocate " + name;
      ledger_.sent(Kind::deallocate, 0, deallocate.size());
      if (PQsendQueryParams(link_.connection_, deallocate.c_str(), 0, nullptr, nullptr, nullptr, nullptr, 0) == 0 ||
          !sync())
        return false;
    }
    link_.cache_.clear_evicted();
    return true;
  }

  void take_any(ResultHandle result) {
    if (ledger_.empty()) return;
    if (ledger_.front().kind == Kind::deallocate) {
      (void)ledger_.answered();
      return;
    }
    take(std::move(result));
  }

 private:
  bool sync() {
    ledger_.sent(Kind::sync, next_, 0);
    ++link_.syncs_;
    link_.unsynced_ = false;
    return PQpipelineSync(link_.connection_) != 0;
  }

  void keep_error(PipelineItem& item, Execution& execution, ResultHandle error) {
    if (execution.observed) {
      execution.times.complete = execution.times.ready = Link::now();
      link_.report(execution, error.get(), 0);
    }
    keep_thrown(item, diagnostics_of(error.get()));
    if (!first_error_) first_error_ = item.error;
  }

  static void keep_thrown(PipelineItem& item, ServerDiagnostics diagnostics) {
    try {
      throw_server_error(std::move(diagnostics));
    } catch (...) {
      item.error = std::current_exception();
    }
  }

  Link& link_;
  std::span<const std::unique_ptr<PipelineItem>> items_;
  bool atomic_;
  std::uint64_t batch_;
  core::PipelineLedger ledger_;
  std::deque<Execution> executions_;
  std::deque<std::string> names_;
  std::size_t next_ = 0;
  std::exception_ptr first_error_;
};

Awaitable<void> Link::run_pipeline(std::span<const std::unique_ptr<PipelineItem>> items, bool atomic) {
  if (items.empty()) co_return;
  Execution whole(items.front()->call, nullptr);
  check(whole);
  for (const auto& item : items) fill_arrays(item->parameters);  // refuses what cannot be sent before anything is
  if (needs_recovery()) co_await recover(whole.deadline);
  const Running running(*this);
  PipelineRun run(*this, items, atomic);
  struct ReportUnfinished {
    explicit ReportUnfinished(PipelineRun& r) : run(r) {}
    ~ReportUnfinished() { run.report_unfinished(); }
    PipelineRun& run;
  };
  const ReportUnfinished report_unfinished(run);
  watch(whole.deadline);
  if (PQenterPipelineMode(connection_) == 0) lost();
  running_ = true;
  if (!run.send_deallocations()) lost();
  while (!run.finished()) {
    while (run.can_send())
      if (!run.send_next()) lost();
    const int unsent = PQflush(connection_);
    if (unsent < 0) lost();
    if (PQisBusy(connection_) != 0) {
      check_wait({});
      boost::system::error_code error;
      if (unsent > 0) {
        error = co_await readable_or_writable();
      } else {
        co_await socket_.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                                    boost::asio::redirect_error(boost::asio::use_awaitable, error));
      }
      check_wait(error);
      if (PQconsumeInput(connection_) == 0) lost();
      continue;
    }
    ResultHandle result(PQgetResult(connection_));
    if (PQstatus(connection_) == CONNECTION_BAD) lost();
    if (result) run.take_any(std::move(result));
  }
  PQexitPipelineMode(connection_);
  running_ = false;
  syncs_ = 0;
  if (atomic && run.first_error()) std::rethrow_exception(run.first_error());
}

}  // namespace detail

Awaitable<void> Pipeline::run(PipelineMode mode) {
  const std::span<const std::unique_ptr<detail::PipelineItem>> items(items_);
  const auto pending = items.subspan(finished_);
  finished_ = items_.size();
  return connection_->run_pipeline(pending, mode == PipelineMode::atomic);
}

}  // namespace quell::db
