#include <quell/db/stream.hpp>

#include <deque>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <libpq-fe.h>

#include "agent/db/src/pq/open_statement.hpp"

namespace quell::db::detail {
namespace {

/// Rows of a stream or cursor kept for the observer, which records as many by default.
constexpr std::size_t kHeldRows = 256;

/// Tells the observer what a stream or cursor delivered: the caller decodes every column of each row.
void tell_consumption(const tracer::Observer* observer, trace::QueryId query, std::uint64_t rows, std::size_t columns) {
  if (query == 0 || observer == nullptr || observer->result_consumed == nullptr || columns == 0) return;
  const std::vector<std::uint8_t> all(columns, 1);
  tracer::ResultConsumed consumed;
  consumed.query = query;
  consumed.rows_read = rows;
  consumed.total_rows = rows;
  consumed.columns_read = all;
  observer->result_consumed(observer->context, consumed);
}

/// The first rows of an execution whose rows do not stay in memory; what the observer sees of it.
class HeldRows {
 public:
  HeldRows() = default;
  HeldRows(const HeldRows&) = delete;
  HeldRows& operator=(const HeldRows&) = delete;

  [[nodiscard]] bool full() const { return rows_.size() >= kHeldRows; }
  /// Where it is from now on.
  const Result* add(Result result) {
    results_.push_back(std::move(result));
    const Result& added = results_.back();
    for (std::uint64_t row = 0; row < added.size(); ++row) rows_.emplace_back(&added, row);
    return &added;
  }
  /// Null where there are no columns.
  const tracer::ResultView* view(std::uint64_t total) {
    if (results_.empty() || results_.front().columns() == 0) return nullptr;
    view_.result = this;
    view_.columns = static_cast<std::uint32_t>(results_.front().columns());
    view_.rows = total;
    view_.held = rows_.size();
    view_.column = [](const void* self, std::uint32_t column) { return of(self).results_.front().origin(column); };
    view_.value = [](const void* self, std::uint64_t row, std::uint32_t column) {
      const auto& [result, line] = of(self).rows_[row];
      return result->value(line, column);
    };
    return &view_;
  }

 private:
  static const HeldRows& of(const void* self) { return *static_cast<const HeldRows*>(self); }

  std::deque<Result> results_;
  std::vector<std::pair<const Result*, std::uint64_t>> rows_;
  tracer::ResultView view_;
};

std::uint64_t bytes_of(const Result& result) {
  std::uint64_t bytes = 0;
  for (std::uint64_t row = 0; row < result.size(); ++row)
    for (std::size_t column = 0; column < result.columns(); ++column) bytes += result.value(row, column).size();
  return bytes;
}

}  // namespace

class StreamState : private OpenStatement {
 public:
  StreamState(std::shared_ptr<Link> link, Call call, Parameters parameters)
      : OpenStatement(std::move(link), call, std::move(parameters)) {}
  ~StreamState() { finish(); }

  /// Comes back with the first row or the end.
  Awaitable<void> start() {
    co_await begin();
    send_extended();
    PQsetSingleRowMode(connection());
    first_waits_ = co_await advance();
  }

  bool try_advance() {
    if (std::exchange(first_waits_, false)) return true;
    if (!open() || PQisBusy(connection()) != 0) return false;
    return take(ResultHandle(PQgetResult(connection())));
  }

  Awaitable<bool> advance() {
    if (std::exchange(first_waits_, false)) co_return true;
    while (open()) {
      ResultHandle result;
      try {
        result = co_await next_result();
      } catch (...) {
        finish();
        throw;
      }
      if (take(std::move(result))) co_return true;
    }
    co_return false;
  }

  [[nodiscard]] const Result& row() const { return *row_; }
  [[nodiscard]] std::uint64_t index() const { return rows_ - 1; }

 private:
  /// True for a row; at the end the connection is free again.
  bool take(ResultHandle result) {
    if (!result) {
      const Finishing finishing(*this);
      sum_up();
      if (error_) fail(std::move(error_));
      complete(last_.get());
      return false;
    }
    switch (PQresultStatus(result.get())) {
      case PGRES_SINGLE_TUPLE:
        ++rows_;
        keep(Result(result.release(), nullptr, 0));
        return true;
      case PGRES_FATAL_ERROR:
        if (!error_) error_ = std::move(result);
        return false;
      case PGRES_COPY_IN:
      case PGRES_COPY_OUT:
      case PGRES_COPY_BOTH:
        finish();
        throw UsageError("COPY runs through copy_in and copy_out only");
      default:
        if (PQnfields(result.get()) == 0) {
          last_ = std::move(result);
        } else if (rows_ == 0) {
          keep(Result(result.release(), nullptr, 0));  // no row, but the columns
        }
        return false;
    }
  }

  void keep(Result row) {
    if (execution().observed) execution().bytes_received += bytes_of(row);
    if (execution().observed && !held_.full()) {
      row_ = held_.add(std::move(row));
    } else {
      current_ = std::move(row);
      row_ = &current_;
    }
  }

  struct Finishing {
    explicit Finishing(StreamState& s) : state(s) {}
    ~Finishing() { state.finish(); }
    StreamState& state;
  };

  void sum_up() {
    execution().held = held_.view(rows_);
    execution().rows = rows_;
  }

  void finish() {
    if (!open()) return;
    sum_up();
    end();
    tell_consumption(link().observer(), execution().query, rows_, row_->columns());
  }

  Result current_;
  const Result* row_ = &current_;
  std::uint64_t rows_ = 0;
  bool first_waits_ = false;  ///< the current row has not been given out
  ResultHandle error_;
  ResultHandle last_;
  HeldRows held_;
};

RowSource::RowSource(std::unique_ptr<StreamState> state) : state_(std::move(state)) {}
RowSource::RowSource(RowSource&& other) noexcept = default;
RowSource::~RowSource() = default;
bool RowSource::try_advance() {
  return state_->try_advance();
}
Awaitable<bool> RowSource::advance() {
  return state_->advance();
}
const Result& RowSource::row() const {
  return state_->row();
}
std::uint64_t RowSource::index() const {
  return state_->index();
}

/// The cursor's own statements are not told to the observer one by one: the cursor is one execution of its select,
/// which ends with the last fetch.
class CursorState {
 public:
  CursorState(std::shared_ptr<Link> link, Call call, Parameters parameters)
      : link_(std::move(link)),
        text_(std::string(call.statement().text()), std::string(call.statement().name())),
        parameters_(std::move(parameters)),
        execution_(Call(Statement(text_), call.deadline(), call.site()), &parameters_),
        name_(fmt::format("quell_{}", ++link_->cursors_)) {}
  CursorState(const CursorState&) = delete;
  CursorState& operator=(const CursorState&) = delete;
  ~CursorState() { report(); }

  Awaitable<void> declare() {
    execution_.observed = link_->observed();
    execution_.times.start = Link::now();
    link_->count_sent(execution_, /*with_text=*/true);
    co_await run(fmt::format("declare {} no scroll cursor for {}", name_, text_.text()), parameters_);
  }

  Awaitable<const Result*> fetch(std::size_t most) {
    if (most == 0) throw UsageError("a cursor fetches at least one row");
    if (closed_) throw UsageError("the cursor is closed");
    if (at_end_) {
      current_ = Result();
      co_return &current_;
    }
    Result rows = co_await run(fmt::format("fetch forward {} from {}", most, name_), Parameters());
    at_end_ = rows.size() < most;
    rows_ += rows.size();
    columns_ = rows.columns();
    if (execution_.observed) execution_.bytes_received += bytes_of(rows);
    if (execution_.observed && !held_.full()) co_return held_.add(std::move(rows));
    current_ = std::move(rows);
    co_return &current_;
  }

  Awaitable<void> close() {
    if (closed_) co_return;
    closed_ = true;
    report();
    co_await run("close " + name_, Parameters());
  }

 private:
  Awaitable<Result> run(std::string text, Parameters parameters) {
    const UnsafeStatement statement(std::move(text));
    try {
      Result result = co_await link_->run_unseen(Call(Statement(statement), execution_.call.deadline(), CallSite()),
                                                 std::move(parameters));
      execution_.times.complete = execution_.times.ready = Link::now();
      if (execution_.times.first_byte == 0) execution_.times.first_byte = execution_.times.complete;
      co_return result;
    } catch (const ServerError& error) {
      execution_.times.complete = execution_.times.ready = Link::now();
      execution_.failed_with = error.sqlstate();
      closed_ = true;
      throw;
    }
  }

  void report() {
    if (!execution_.observed || execution_.reported) return;
    execution_.held = held_.view(rows_);
    execution_.rows = rows_;
    link_->report(execution_, nullptr, 0);
    tell_consumption(link_->observer(), execution_.query, rows_, columns_);
  }

  std::shared_ptr<Link> link_;
  UnsafeStatement text_;  // the caller's may be gone by then
  Parameters parameters_;
  Link::Execution execution_;
  std::string name_;
  Result current_;
  std::uint64_t rows_ = 0;
  std::size_t columns_ = 0;
  bool at_end_ = false;
  bool closed_ = false;
  HeldRows held_;
};

CursorSource::CursorSource(std::unique_ptr<CursorState> state) : state_(std::move(state)) {}
CursorSource::CursorSource(CursorSource&& other) noexcept = default;
CursorSource::~CursorSource() = default;
Awaitable<const Result*> CursorSource::fetch(std::size_t most) {
  return state_->fetch(most);
}
Awaitable<void> CursorSource::close() {
  return state_->close();
}

Awaitable<RowSource> open_stream(std::shared_ptr<Link> link, Call call, Parameters parameters) {
  auto state = std::make_unique<StreamState>(std::move(link), call, std::move(parameters));
  co_await state->start();
  co_return RowSource(std::move(state));
}

Awaitable<CursorSource> open_cursor(std::shared_ptr<Link> link, Call call, Parameters parameters) {
  if (link->needs_recovery()) co_await link->recover(call.deadline().earlier(link->deadline));
  if (!link->is_broken() && !link->in_transaction())
    throw UsageError("a cursor needs a transaction: call begin() first, or use stream()");
  auto state = std::make_unique<CursorState>(std::move(link), call, std::move(parameters));
  co_await state->declare();
  co_return CursorSource(std::move(state));
}

}  // namespace quell::db::detail
