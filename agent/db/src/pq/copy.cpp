#include <quell/db/copy.hpp>

#include <algorithm>
#include <memory>
#include <utility>

#include <fmt/format.h>
#include <libpq-fe.h>

#include <quell/db/connection.hpp>

#include "agent/db/src/pq/open_statement.hpp"

namespace quell::db {
namespace {

/// What gathers before it is sent: large enough for few calls, small enough for two buffers of it to stay in the cache.
constexpr std::size_t kChunk = 64 * 1024;

}  // namespace

namespace detail {

struct FreeCopyData {
  void operator()(char* data) const { PQfreemem(data); }
};

class CopyState : private OpenStatement {
 public:
  CopyState(std::shared_ptr<Link> link, Call call) : OpenStatement(std::move(link), call, Parameters()) {
    execution().copy = true;
  }

  /// Throws UsageError where the statement is no COPY in this direction.
  Awaitable<void> start(ExecStatusType expected) {
    co_await begin();
    send_simple();
    ResultHandle result = co_await next_result();
    const ExecStatusType status = result ? PQresultStatus(result.get()) : PGRES_EMPTY_QUERY;
    if (status == expected) co_return;
    if (status == PGRES_FATAL_ERROR) {
      while (co_await next_result()) continue;
      fail(std::move(result));
    }
    end();  // a COPY the other way is undone, of any other statement the end is awaited before the next one
    throw UsageError(expected == PGRES_COPY_IN ? "copy_in needs a COPY … FROM STDIN; what ran was something else"
                                               : "copy_out needs a COPY … TO STDOUT; what ran was something else");
  }

  Awaitable<void> write(std::string_view bytes) {
    require_open();
    const Guard guard(*this);
    while (!bytes.empty()) {
      const std::string_view chunk = bytes.substr(0, kChunk);
      const int put = PQputCopyData(connection(), chunk.data(), static_cast<int>(chunk.size()));
      if (put < 0) lost();
      if (put > 0) {
        bytes.remove_prefix(chunk.size());
        execution().bytes_sent += chunk.size();
      }
      if (PQflush(connection()) != 0) co_await flush();
    }
    guard.disarm();
  }

  Awaitable<std::uint64_t> finish() {
    require_open();
    const Guard guard(*this);
    for (int put = 0; put == 0;) {
      put = PQputCopyEnd(connection(), nullptr);
      if (put < 0) lost();
      if (put == 0) co_await flush();
    }
    const Result result = co_await collect();
    guard.disarm();
    co_return result.affected();
  }

  /// The next message, null where none is here yet or there are no more.
  bool try_read() {
    if (!open()) return false;
    char* data = nullptr;
    const int size = PQgetCopyData(connection(), &data, /*async=*/1);
    data_.reset(data);
    size_ = size > 0 ? static_cast<std::size_t>(size) : 0;
    ended_ = size < 0;
    execution().bytes_received += size_;
    return size > 0;
  }

  /// False at the end.
  Awaitable<bool> read() {
    const Guard guard(*this);
    while (open()) {
      if (try_read()) {
        guard.disarm();
        co_return true;
      }
      if (ended_) {
        co_await collect();
      } else {
        co_await receive();
      }
    }
    guard.disarm();
    co_return false;
  }

  [[nodiscard]] std::string_view data() const { return {data_.get(), size_}; }
  /// Breaks it off.
  void abandon() { end(); }

 private:
  /// Left by an exception or by a coroutine that is destroyed: then the COPY is over.
  class Guard {
   public:
    explicit Guard(CopyState& state) : state_(&state) {}
    Guard(const Guard&) = delete;
    Guard& operator=(const Guard&) = delete;
    ~Guard() {
      if (state_ != nullptr) state_->end();
    }
    void disarm() const { state_ = nullptr; }

   private:
    mutable CopyState* state_;
  };

  void require_open() const {
    if (!open()) throw UsageError("the COPY has ended already");
  }

  std::unique_ptr<char, FreeCopyData> data_;
  std::size_t size_ = 0;
  bool ended_ = false;
};

CopySource::CopySource(std::unique_ptr<CopyState> state, Result shape)
    : state_(std::move(state)), shape_(std::move(shape)) {}
CopySource::CopySource(CopySource&& other) noexcept = default;
CopySource::~CopySource() = default;

bool CopySource::try_advance() {
  return state_->try_read() && take(state_->data());
}

Awaitable<bool> CopySource::advance() {
  for (;;) {
    const bool more = co_await state_->read();
    if (!more) co_return false;
    if (take(state_->data())) co_return true;
  }
}

/// False for the trailer, and for a header alone.
bool CopySource::take(std::string_view chunk) {
  const auto refuse = [this] {
    state_->abandon();
    throw DecodeError("the server sent COPY data that is not PostgreSQL's binary format", "", "a row of COPY's format",
                      "other bytes", rows_);
  };
  if (!header_seen_ && !skip_copy_header(chunk)) refuse();
  header_seen_ = true;
  if (chunk.empty()) return false;
  switch (row_.parse(chunk, shape_.columns())) {
    case CopyRow::Kind::row:
      ++rows_;
      return true;
    case CopyRow::Kind::end:
      return false;
    case CopyRow::Kind::malformed:
      break;
  }
  refuse();
  return false;
}

Awaitable<std::unique_ptr<CopyState>> open_copy(std::shared_ptr<Link> link, Call call, bool in) {
  auto state = std::make_unique<CopyState>(std::move(link), call);
  co_await state->start(in ? PGRES_COPY_IN : PGRES_COPY_OUT);
  co_return state;
}

}  // namespace detail

// --- raw -----------------------------------------------------------------------------------------------------------

CopyIn::CopyIn(std::unique_ptr<detail::CopyState> state) : state_(std::move(state)) {}
CopyIn::CopyIn(CopyIn&& other) noexcept = default;
CopyIn::~CopyIn() = default;
Awaitable<void> CopyIn::write(std::string_view bytes) {
  return state_->write(bytes);
}
Awaitable<std::uint64_t> CopyIn::finish() {
  return state_->finish();
}

CopyOut::CopyOut(std::unique_ptr<detail::CopyState> state) : state_(std::move(state)) {}
CopyOut::CopyOut(CopyOut&& other) noexcept = default;
CopyOut::~CopyOut() = default;
Awaitable<std::optional<std::string_view>> CopyOut::next() {
  std::optional<std::string_view> chunk;
  if (state_->try_read() || co_await state_->read()) chunk = state_->data();
  co_return chunk;
}

// --- rows ----------------------------------------------------------------------------------------------------------

std::string CopyTarget::quoted_table() const {
  return schema_.empty() ? quote_identifier(table_) : quote_identifier(schema_) + "." + quote_identifier(table_);
}

std::string CopyTarget::quoted_columns() const {
  std::string text;
  for (const std::string& column : columns_) text.append(text.empty() ? "" : ", ").append(quote_identifier(column));
  return text;
}

CopyWriter::CopyWriter(CopyIn copy, Result shape) : copy_(std::move(copy)), shape_(std::move(shape)) {
  detail::append_copy_header(buffer_);
  row_start_ = buffer_.size();
}

std::uint32_t CopyWriter::begin_field() {
  if (field_ == columns()) {
    drop_row();
    throw UsageError(fmt::format("a row has more values than the {} columns that are copied", columns()));
  }
  if (field_ == 0) wire::append(buffer_, static_cast<std::int16_t>(columns()));
  wire::append(buffer_, std::int32_t{0});  // the length, known in end_field
  return shape_.type_oid(field_);
}

void CopyWriter::end_field(std::size_t start) {
  std::string length;
  wire::append(length, static_cast<std::int32_t>(buffer_.size() - start));
  length.copy(buffer_.data() + start - length.size(), length.size());
  ++field_;
}

CopyWriter& CopyWriter::add_null() {
  begin_field();
  buffer_.replace(buffer_.size() - 4, 4, 4, '\xff');
  ++field_;
  return *this;
}

void CopyWriter::close_row() {
  if (field_ != columns()) {
    const std::size_t had = field_;
    drop_row();
    check_count(had);
  }
  field_ = 0;
  row_start_ = buffer_.size();
}

void CopyWriter::drop_row() {
  buffer_.resize(row_start_);
  field_ = 0;
}

bool CopyWriter::is_full() const {
  return buffer_.size() >= kChunk;
}

Awaitable<void> CopyWriter::send() {
  co_await copy_.write(buffer_);
  buffer_.clear();
  row_start_ = 0;
}

Awaitable<void> CopyWriter::end_row() {
  close_row();
  if (is_full()) co_await send();
}

Awaitable<std::uint64_t> CopyWriter::finish() {
  if (field_ != 0) close_row();
  wire::append(buffer_, std::int16_t{-1});
  co_await send();
  const std::uint64_t rows = co_await copy_.finish();
  co_return rows;
}

void CopyWriter::check_count(std::size_t values) const {
  if (values != columns())
    throw UsageError(fmt::format("a row has {} values for the {} columns that are copied", values, columns()));
}

void CopyWriter::check_names(const std::vector<std::string>& names) const {
  for (std::size_t i = 0; i < std::max(names.size(), columns()); ++i) {
    if (i < names.size() && i < columns() && names[i] == shape_.column_name(i)) continue;
    throw UsageError(fmt::format("member {} of the struct is '{}' where column '{}' is copied: use CopyTarget::of",
                                 i + 1, i < names.size() ? names[i] : "nothing",
                                 i < columns() ? shape_.column_name(i) : "nothing"));
  }
}

void CopyWriter::throw_unfit(detail::Encoded why, const char* cpp_type) const {
  const std::string column(shape_.column_name(field_));
  const std::string type = type_name(shape_.type_oid(field_));
  const std::string given(detail::cpp_name(cpp_type));
  throw EncodeError(why == detail::Encoded::out_of_range
                        ? fmt::format("the value for column '{}' is outside of what {} can hold", column, type)
                        : fmt::format("column '{}' is {}, which a {} cannot be copied into", column, type, given),
                    column);
}

// --- opening -------------------------------------------------------------------------------------------------------

Awaitable<CopyIn> Connection::copy_in(Call call) {
  co_return CopyIn(co_await detail::open_copy(link_, call, /*in=*/true));
}

Awaitable<CopyOut> Connection::copy_out(Call call) {
  co_return CopyOut(co_await detail::open_copy(link_, call, /*in=*/false));
}

Awaitable<CopyWriter> Connection::copy_rows(const CopyTarget& target, Deadline deadline, CallSite site) {
  const std::string columns = target.quoted_columns();
  const std::string table = target.quoted_table();
  const UnsafeStatement shape_text(
      fmt::format("select {} from {} where false", columns.empty() ? "*" : columns, table));
  Result shape = co_await link_->run(Call(Statement(shape_text), deadline, site), Parameters());
  const UnsafeStatement copy_text(
      fmt::format("copy {}{} from stdin (format binary)", table, columns.empty() ? "" : " (" + columns + ")"));
  auto state = co_await detail::open_copy(link_, Call(Statement(copy_text), deadline, site), /*in=*/true);
  co_return CopyWriter(CopyIn(std::move(state)), std::move(shape));
}

Awaitable<detail::CopySource> Connection::open_copy_out(Call select) {
  const std::string text(select.statement().text());
  const UnsafeStatement shape_text(fmt::format("select * from ({}) copied where false", text));
  Result shape = co_await link_->run(Call(Statement(shape_text), select.deadline(), select.site()), Parameters());
  const UnsafeStatement copy_text(fmt::format("copy ({}) to stdout (format binary)", text));
  auto state =
      co_await detail::open_copy(link_, Call(Statement(copy_text), select.deadline(), select.site()), /*in=*/false);
  co_return detail::CopySource(std::move(state), std::move(shape));
}

}  // namespace quell::db
