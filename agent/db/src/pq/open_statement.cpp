#include "agent/db/src/pq/open_statement.hpp"

#include <utility>

#include <libpq-fe.h>

namespace quell::db::detail {

OpenStatement::OpenStatement(std::shared_ptr<Link> link, Call call, Parameters parameters)
    : link_(std::move(link)),
      text_(std::string(call.statement().text()), std::string(call.statement().name())),
      parameters_(std::move(parameters)),
      execution_(Call(Statement(text_), call.deadline(), call.site()), &parameters_) {}

Awaitable<void> OpenStatement::begin() {
  link_->check(execution_);
  if (link_->needs_recovery()) co_await link_->recover(execution_.deadline);
  running_.emplace(*link_, &execution_);
  link_->start(execution_);
}

void OpenStatement::send_simple() {
  const int sent = PQsendQuery(connection(), text_.text().c_str());
  link_->running_ = execution_.sent = true;
  if (sent == 0) link_->lost();
  link_->count_sent(execution_, /*with_text=*/true);
}

void OpenStatement::send_extended() {
  link_->fill_arrays(parameters_);
  execution_.entry = link_->cache_.find(execution_.call.statement(), parameters_);
  execution_.was_prepared = execution_.entry != nullptr;
  const bool sent = execution_.was_prepared
                        ? PQsendQueryPrepared(connection(), execution_.entry->name.c_str(),
                                              static_cast<int>(parameters_.size()), link_->values_.data(),
                                              link_->lengths_.data(), link_->formats_.data(), /*resultFormat=*/1) != 0
                        : link_->send_unprepared(execution_);
  link_->running_ = execution_.sent = true;
  if (!sent) link_->lost();
  link_->count_sent(execution_, /*with_text=*/!execution_.was_prepared);
}

Awaitable<void> OpenStatement::receive() {
  return link_->receive(execution_);
}

Awaitable<void> OpenStatement::flush() {
  return link_->flush();
}

Awaitable<Result> OpenStatement::collect() {
  Result result = co_await link_->collect(execution_);
  end();
  co_return result;
}

Awaitable<ResultHandle> OpenStatement::next_result() {
  if (PQflush(connection()) != 0) co_await flush();
  while (PQisBusy(connection()) != 0) co_await receive();
  ResultHandle result(PQgetResult(connection()));
  if (!result && PQstatus(connection()) == CONNECTION_BAD) link_->lost();
  co_return result;
}

void OpenStatement::fail(ResultHandle error) {
  link_->running_ = false;
  if (execution_.observed) execution_.times.complete = execution_.times.ready = Link::now();
  link_->fail(execution_, std::move(error));
}

void OpenStatement::complete(const PGresult* last) {
  link_->running_ = false;
  if (!execution_.observed) return;
  execution_.times.complete = execution_.times.ready = Link::now();
  link_->report(execution_, last, 0);
}

PGconn* OpenStatement::connection() const {
  if (link_->is_broken())
    throw ConnectError(link_->lost_reason_.empty() ? "the connection is closed"
                                                   : "the connection is closed: " + link_->lost_reason_);
  return link_->connection_;
}

}  // namespace quell::db::detail
