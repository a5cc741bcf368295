#include <quell/db/result.hpp>

#include <algorithm>
#include <charconv>

#include <fmt/format.h>
#include <libpq-fe.h>

namespace quell::db {

namespace detail {

/// What was read so far; only where something records.
struct Consumption {
  const tracer::Observer* observer;
  trace::QueryId query;
  std::uint64_t rows_read = 0;  ///< up to the last row that was read
  std::vector<std::uint8_t> columns_read;
};

namespace {

std::string where(const Result& result, std::size_t column, std::uint64_t row) {
  return fmt::format("column '{}' of row {}", result.column_name(column), row);
}

}  // namespace

// "… [with T = long int]" of g++, "… [T = long]" of clang.
std::string_view cpp_name(std::string_view pretty) {
  const std::size_t start = pretty.find("T = ");
  if (start == std::string_view::npos) return pretty;
  pretty.remove_prefix(start + 4);
  return pretty.substr(0, std::min(pretty.rfind(']'), pretty.find(';')));
}

void throw_type_mismatch(const Result& result, std::size_t column, std::uint64_t row, std::uint32_t expected,
                         const char* cpp_type) {
  const std::string actual = type_name(result.type_oid(column));
  throw DecodeError(fmt::format("{} is {}, which cannot be read as {} (made for {})", where(result, column, row),
                                actual, cpp_name(cpp_type), type_name(expected)),
                    std::string(result.column_name(column)), std::string(cpp_name(cpp_type)), actual, row);
}

void throw_malformed(const Result& result, std::size_t column, std::uint64_t row, const char* cpp_type) {
  const std::string actual = type_name(result.type_oid(column));
  throw DecodeError(fmt::format("{} ({}) holds a value outside of what {} can hold, or with a NULL element",
                                where(result, column, row), actual, cpp_name(cpp_type)),
                    std::string(result.column_name(column)), std::string(cpp_name(cpp_type)), actual, row);
}

void throw_null(const Result& result, std::size_t column, std::uint64_t row, const char* cpp_type) {
  throw DecodeError(
      fmt::format("{} is NULL: read it as std::optional<{}>", where(result, column, row), cpp_name(cpp_type)),
      std::string(result.column_name(column)), std::string(cpp_name(cpp_type)), "NULL", row);
}

void throw_column_count(const Result& result, std::size_t expected) {
  throw DecodeError(fmt::format("the result has {} columns where {} are read", result.columns(), expected), "",
                    std::to_string(expected) + " columns", std::to_string(result.columns()) + " columns",
                    DecodeError::kNoRow);
}

}  // namespace detail

namespace {

const PGresult* as_result(const void* result) {
  return static_cast<const PGresult*>(result);
}

tracer::ColumnOrigin column_of(const PGresult* result, int column) {
  tracer::ColumnOrigin origin;
  origin.name = PQfname(result, column);
  origin.table_oid = PQftable(result, column);
  origin.attribute_number = static_cast<std::int16_t>(PQftablecol(result, column));
  origin.type_oid = PQftype(result, column);
  origin.format = static_cast<trace::Format>(PQfformat(result, column));
  return origin;
}

}  // namespace

bool Field::is_null() const {
  return bytes().data() == nullptr;
}
std::uint32_t Field::type_oid() const {
  return result_->type_oid(column_);
}
std::string_view Field::bytes() const {
  return result_->value(row_, column_);
}

Field Row::operator[](std::string_view column) const {
  const auto index = result_->column_index(column);
  if (!index)
    throw DecodeError(fmt::format("the result has no column '{}'", column), std::string(column), "", "", row_);
  return {*result_, row_, *index};
}

Result::Result() noexcept = default;

Result::Result(pg_result* raw, const tracer::Observer* observer, trace::QueryId query)
    : raw_(raw), rows_(static_cast<std::uint64_t>(PQntuples(raw))), columns_(static_cast<std::size_t>(PQnfields(raw))) {
  if (observer == nullptr || query == 0 || observer->result_consumed == nullptr || columns_ == 0) return;
  consumption_ = std::make_unique<detail::Consumption>();
  consumption_->observer = observer;
  consumption_->query = query;
  consumption_->columns_read.resize(columns_);
}

Result::Result(Result&& other) noexcept
    : raw_(std::exchange(other.raw_, nullptr)),
      rows_(std::exchange(other.rows_, 0)),
      columns_(std::exchange(other.columns_, 0)),
      consumption_(std::move(other.consumption_)) {}

Result& Result::operator=(Result&& other) noexcept {
  std::swap(raw_, other.raw_);
  std::swap(rows_, other.rows_);
  std::swap(columns_, other.columns_);
  std::swap(consumption_, other.consumption_);
  return *this;
}

Result::~Result() {
  if (consumption_) {
    tracer::ResultConsumed consumed;
    consumed.query = consumption_->query;
    consumed.rows_read = consumption_->rows_read;
    consumed.total_rows = rows_;
    consumed.columns_read = consumption_->columns_read;
    consumption_->observer->result_consumed(consumption_->observer->context, consumed);
  }
  PQclear(raw_);
}

std::uint64_t Result::affected() const {
  const std::string_view count = raw_ != nullptr ? PQcmdTuples(raw_) : "";
  std::uint64_t value = 0;
  std::from_chars(count.data(), count.data() + count.size(), value);
  return value;
}

std::string_view Result::command() const {
  return raw_ != nullptr ? PQcmdStatus(raw_) : "";
}

std::string_view Result::column_name(std::size_t column) const {
  const char* name = PQfname(raw_, static_cast<int>(column));
  return name != nullptr ? name : "";
}

std::optional<std::size_t> Result::column_index(std::string_view name) const {
  for (std::size_t column = 0; column < columns_; ++column)
    if (column_name(column) == name) return column;
  return std::nullopt;
}

tracer::ColumnOrigin Result::origin(std::size_t column) const {
  return column_of(as_result(raw_), static_cast<int>(column));
}

std::uint32_t Result::type_oid(std::size_t column) const {
  return PQftype(raw_, static_cast<int>(column));
}

std::string_view Result::value(std::uint64_t row, std::size_t column) const {
  if (consumption_) {
    consumption_->columns_read[column] = 1;
    consumption_->rows_read = std::max(consumption_->rows_read, row + 1);
  }
  const int r = static_cast<int>(row);
  const int c = static_cast<int>(column);
  const int length = PQgetlength(raw_, r, c);
  if (length == 0 && PQgetisnull(raw_, r, c) != 0) return {};
  return {PQgetvalue(raw_, r, c), static_cast<std::size_t>(length)};
}

std::vector<std::size_t> Result::match_columns(const std::vector<std::string_view>& names) const {
  std::vector<std::size_t> columns;
  columns.reserve(names.size());
  std::vector<bool> used(columns_);
  for (const std::string_view name : names) {
    const auto column = column_index(name);
    if (!column)
      throw DecodeError(fmt::format("the result has no column '{}', which the struct it is read into needs", name),
                        std::string(name), std::string(name), "", DecodeError::kNoRow);
    used[*column] = true;
    columns.push_back(*column);
  }
  for (std::size_t column = 0; column < columns_; ++column)
    if (!used[column])
      throw DecodeError(fmt::format("the result has a column '{}', for which the struct it is read into has no member",
                                    column_name(column)),
                        std::string(column_name(column)), "", std::string(column_name(column)), DecodeError::kNoRow);
  return columns;
}

void Result::throw_row_count() const {
  throw DecodeError(fmt::format("one row was expected, the result has {}", rows_), "", "1 row",
                    fmt::format("{} rows", rows_), DecodeError::kNoRow);
}

}  // namespace quell::db
