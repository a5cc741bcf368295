#include <quell/db/connection.hpp>

#include <fmt/format.h>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <quell/db/pipeline.hpp>
#include <quell/db/transact.hpp>

#include "agent/db/src/pq/link.hpp"
#include "agent/db/src/pq/open_statement.hpp"

namespace quell::db {
namespace {

std::string begin_text(const TransactionOptions& options) {
  std::string text = "begin";
  switch (options.isolation) {
    case Isolation::server_default:
      break;
    case Isolation::read_committed:
      text += " isolation level read committed";
      break;
    case Isolation::repeatable_read:
      text += " isolation level repeatable read";
      break;
    case Isolation::serializable:
      text += " isolation level serializable";
      break;
  }
  if (options.read_only) text += " read only";
  if (options.deferrable) text += " deferrable";
  return text;
}

/// The end or the beginning of a transaction that is itself interrupted leaves it open or not, nobody knows: then it is
/// rolled back before the next statement.
class Unfinished {
 public:
  explicit Unfinished(detail::Link& link) : link_(&link) {}
  Unfinished(const Unfinished&) = delete;
  Unfinished& operator=(const Unfinished&) = delete;
  ~Unfinished() {
    if (link_ != nullptr) link_->abandon_savepoint(0);
  }
  void finished() { link_ = nullptr; }

 private:
  detail::Link* link_;
};

std::shared_ptr<detail::Link> take(std::shared_ptr<detail::Link>& link, const char* what) {
  if (!link) throw UsageError(fmt::format("the {} has ended already", what));
  return std::exchange(link, nullptr);
}

[[noreturn]] void throw_rolled_back(const char* instead_of) {
  ServerDiagnostics diagnostics;
  diagnostics.sqlstate = "25P02";
  diagnostics.message = fmt::format("the transaction had failed: it was rolled back, not {}", instead_of);
  throw_server_error(std::move(diagnostics));
}

}  // namespace

Connection::Connection(std::shared_ptr<detail::Link> link) : link_(std::move(link)) {}
Connection::Connection(Connection&& other) noexcept = default;
Connection& Connection::operator=(Connection&& other) noexcept {
  std::swap(link_, other.link_);
  return *this;
}
Connection::~Connection() {
  if (link_) close();
}

Awaitable<Connection> Connection::open(ConnectParams params, Deadline deadline) {
  auto link = std::make_shared<detail::Link>(co_await boost::asio::this_coro::executor, std::move(params));
  co_await link->connect(deadline);
  co_return Connection(std::move(link));
}

Awaitable<detail::RowSource> Connection::open_stream(Call call, Parameters parameters) {
  return detail::open_stream(link_, call, std::move(parameters));
}
Awaitable<detail::CursorSource> Connection::open_cursor(Call call, Parameters parameters) {
  return detail::open_cursor(link_, call, std::move(parameters));
}

Awaitable<Result> Connection::run(Call call, Parameters parameters) {
  return link_->run(call, std::move(parameters));
}

Awaitable<void> Connection::run_pipeline(std::span<const std::unique_ptr<detail::PipelineItem>> items, bool atomic) {
  return link_->run_pipeline(items, atomic);
}

Awaitable<std::uint64_t> Connection::count_affected(Awaitable<Result> running) {
  const Result result = co_await std::move(running);
  co_return result.affected();
}

Awaitable<void> Connection::execute_script(Call call) {
  co_await link_->run_script(call);
}

Awaitable<Transaction> Connection::begin(TransactionOptions options, CallSite site) {
  if (link_->needs_recovery()) co_await link_->recover(link_->deadline);
  if (link_->in_transaction()) throw UsageError("a transaction is open already: use savepoint() inside it");
  const UnsafeStatement statement(begin_text(options));
  Unfinished unfinished(*link_);
  co_await link_->run_script(Call(statement, site));
  unfinished.finished();
  co_return Transaction(link_);
}

Awaitable<Savepoint> Connection::savepoint(CallSite site) {
  if (link_->needs_recovery()) co_await link_->recover(link_->deadline);
  if (!link_->in_transaction()) throw UsageError("a savepoint needs a transaction: call begin() first");
  const std::uint32_t number = link_->open_savepoint();
  const UnsafeStatement statement(fmt::format("savepoint s{}", number));
  co_await link_->run_script(Call(statement, site));
  co_return Savepoint(link_, number);
}

void Connection::set_deadline(Deadline deadline) {
  link_->deadline = deadline;
}
Deadline Connection::deadline() const {
  return link_->deadline;
}
void Connection::set_scope(trace::ScopeId scope) {
  link_->scope = scope;
}
trace::ScopeId Connection::scope() const {
  return link_->scope;
}
bool Connection::is_broken() const {
  return !link_ || link_->is_broken();
}
bool Connection::in_transaction() const {
  return link_->in_transaction();
}
std::uint32_t Connection::backend_pid() const {
  return link_->backend_pid();
}
int Connection::server_version() const {
  return link_->server_version();
}
trace::ConnectionId Connection::trace_id() const {
  return link_->trace_id();
}
void Connection::close() noexcept {
  link_->close({});
}

Transaction::Transaction(Transaction&& other) noexcept = default;
Transaction::~Transaction() {
  if (link_) link_->abandon_savepoint(0);
}

Awaitable<void> Transaction::commit(CallSite site) {
  const auto link = take(link_, "transaction");
  Unfinished unfinished(*link);
  const Result result = co_await link->run_script(Call(Statement("commit"), site));
  unfinished.finished();
  link->close_savepoint(0);
  // The server answers COMMIT of a failed transaction with ROLLBACK and calls it success.
  if (result.command() == "ROLLBACK") throw_rolled_back("committed");
}

Awaitable<void> Transaction::rollback(CallSite site) {
  const auto link = take(link_, "transaction");
  Unfinished unfinished(*link);
  co_await link->run_script(Call(Statement("rollback"), site));
  unfinished.finished();
  link->close_savepoint(0);
}

Awaitable<void> Transaction::prepare(std::string id, CallSite site) {
  if (!link_) throw UsageError("the transaction has ended already");
  const UnsafeStatement statement(fmt::format("prepare transaction {}", link_->quote_literal(id)));
  const auto link = take(link_, "transaction");
  Unfinished unfinished(*link);
  const Result result = co_await link->run_script(Call(statement, site));
  unfinished.finished();
  link->close_savepoint(0);
  if (result.command() == "ROLLBACK") throw_rolled_back("prepared");
}

Savepoint::Savepoint(Savepoint&& other) noexcept = default;
Savepoint::~Savepoint() {
  if (link_) link_->abandon_savepoint(number_);
}

Awaitable<void> Savepoint::release(CallSite site) {
  const auto link = take(link_, "savepoint");
  const UnsafeStatement statement(fmt::format("release savepoint s{}", number_));
  co_await link->run_script(Call(statement, site));
  link->close_savepoint(number_);
}

Awaitable<void> Savepoint::rollback(CallSite site) {
  const auto link = take(link_, "savepoint");
  const UnsafeStatement statement(fmt::format("rollback to savepoint s{0}; release savepoint s{0}", number_));
  co_await link->run_script(Call(statement, site));
  link->close_savepoint(number_);
}

Awaitable<void> detail::pause(std::chrono::milliseconds time) {
  boost::asio::steady_timer timer(co_await boost::asio::this_coro::executor, time);
  co_await timer.async_wait(boost::asio::use_awaitable);
}

}  // namespace quell::db
