#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include <boost/describe/members.hpp>
#include <boost/mp11/algorithm.hpp>

#include <quell/db/codec.hpp>
#include <quell/db/error.hpp>
#include <quell/tracer/observer.hpp>

struct pg_result;

namespace quell::db {

class Result;

namespace detail {
struct Consumption;
[[noreturn]] void throw_type_mismatch(const Result& result, std::size_t column, std::uint64_t row,
                                      std::uint32_t expected, const char* cpp_type);
[[noreturn]] void throw_malformed(const Result& result, std::size_t column, std::uint64_t row, const char* cpp_type);
[[noreturn]] void throw_null(const Result& result, std::size_t column, std::uint64_t row, const char* cpp_type);
[[noreturn]] void throw_column_count(const Result& result, std::size_t expected);
/// The name of T as the compiler spells it: "[with T = long int]".
template <class T>
constexpr const char* pretty_type() {
  return __PRETTY_FUNCTION__;
}
/// "long int" out of that.
[[nodiscard]] std::string_view cpp_name(std::string_view pretty);

template <class T>
struct IsTuple : std::false_type {};
template <class... T>
struct IsTuple<std::tuple<T...>> : std::true_type {};
template <class A, class B>
struct IsTuple<std::pair<A, B>> : std::true_type {};

template <class T>
concept Described = boost::describe::has_describe_members<T>::value;

/// One value in binary form as a T. `shape` has the column and `row` is told in errors.
template <class T>
[[nodiscard]] T decode_value(const Result& shape, std::uint64_t row, std::size_t column, std::string_view raw);
/// The column of `shape` for each member of a described struct; empty for other types. Throws DecodeError.
template <class T>
[[nodiscard]] std::vector<std::size_t> columns_of(const Result& shape);
/// One row as a T; `cell(column)` gives the bytes.
template <class T, class Cell>
[[nodiscard]] T decode_row(const Result& shape, std::uint64_t row, const std::vector<std::size_t>& columns,
                           const Cell& cell);
}  // namespace detail

/// One value of a result. A view; valid as long as its Result.
class Field {
 public:
  Field(const Result& result, std::uint64_t row, std::size_t column) : result_(&result), row_(row), column_(column) {}

  [[nodiscard]] bool is_null() const;
  [[nodiscard]] std::uint32_t type_oid() const;
  /// The wire bytes, binary form; data() == nullptr is NULL.
  [[nodiscard]] std::string_view bytes() const;
  /// Throws DecodeError where the column's type does not fit T or a NULL meets a T that is no std::optional.
  template <class T>
  [[nodiscard]] T as() const;

 private:
  const Result* result_;
  std::uint64_t row_;
  std::size_t column_;
};

/// One row. A view; valid as long as its Result.
class Row {
 public:
  Row(const Result& result, std::uint64_t row) : result_(&result), row_(row) {}

  /// The column must exist (assertion).
  [[nodiscard]] Field operator[](std::size_t column) const { return {*result_, row_, column}; }
  /// Throws DecodeError naming the column where there is none of this name.
  [[nodiscard]] Field operator[](std::string_view column) const;
  [[nodiscard]] std::uint64_t index() const { return row_; }
  /// std::tuple or std::pair by position; a described struct by name; anything else is the only column.
  template <class T>
  [[nodiscard]] T as() const;

 private:
  const Result* result_;
  std::uint64_t row_;
};

/// The rows of one execution, in memory. Move-only. Remembers which columns and rows the program read and tells the
/// observer on destruction, only where something records.
class Result {
 public:
  Result() noexcept;  ///< no rows, no columns
  Result(Result&& other) noexcept;
  Result& operator=(Result&& other) noexcept;
  ~Result();
  /// Takes `raw`, a result in binary format. `observer` may be null, `query` 0: then nothing is remembered.
  Result(pg_result* raw, const tracer::Observer* observer, trace::QueryId query);

  [[nodiscard]] std::uint64_t size() const { return rows_; }
  [[nodiscard]] bool empty() const { return rows_ == 0; }
  [[nodiscard]] std::size_t columns() const { return columns_; }
  /// Rows inserted, updated, deleted or moved; of a select, the rows returned.
  [[nodiscard]] std::uint64_t affected() const;
  /// "INSERT 0 1".
  [[nodiscard]] std::string_view command() const;

  [[nodiscard]] std::string_view column_name(std::size_t column) const;
  [[nodiscard]] std::optional<std::size_t> column_index(std::string_view name) const;
  [[nodiscard]] tracer::ColumnOrigin origin(std::size_t column) const;
  /// data() == nullptr is NULL. Counts as read.
  [[nodiscard]] std::string_view value(std::uint64_t row, std::size_t column) const;
  [[nodiscard]] std::uint32_t type_oid(std::size_t column) const;

  [[nodiscard]] Row operator[](std::uint64_t row) const { return {*this, row}; }

  class Iterator {
   public:
    using value_type = Row;
    using difference_type = std::ptrdiff_t;
    Iterator() = default;
    Iterator(const Result& result, std::uint64_t row) : result_(&result), row_(row) {}
    Row operator*() const { return {*result_, row_}; }
    Iterator& operator++() {
      ++row_;
      return *this;
    }
    Iterator operator++(int) {
      Iterator before = *this;
      ++row_;
      return before;
    }
    friend bool operator==(const Iterator& a, const Iterator& b) { return a.row_ == b.row_; }

   private:
    const Result* result_ = nullptr;
    std::uint64_t row_ = 0;
  };
  [[nodiscard]] Iterator begin() const { return {*this, 0}; }
  [[nodiscard]] Iterator end() const { return {*this, rows_}; }
  [[nodiscard]] const Result& rows() const { return *this; }

  /// Every row as a T (see Row::as). A described struct needs exactly the result's columns: a missing or an extra one
  /// is a DecodeError naming it.
  template <class T>
  [[nodiscard]] std::vector<T> as() const;
  /// The only row. Throws DecodeError where there are none or several.
  template <class T>
  [[nodiscard]] T one() const;
  /// The only row, nothing where there are none. Throws DecodeError where there are several.
  template <class T>
  [[nodiscard]] std::optional<T> optional() const;

 private:
  template <class T>
  friend std::vector<std::size_t> detail::columns_of(const Result& shape);
  /// For each name the column that has it. Throws DecodeError naming a missing or an extra column.
  [[nodiscard]] std::vector<std::size_t> match_columns(const std::vector<std::string_view>& names) const;
  [[noreturn]] void throw_row_count() const;

  pg_result* raw_ = nullptr;
  std::uint64_t rows_ = 0;
  std::size_t columns_ = 0;
  std::unique_ptr<detail::Consumption> consumption_;
};

template <class T>
T detail::decode_value(const Result& shape, std::uint64_t row, std::size_t column, std::string_view raw) {
  using Value = typename Nullable<T>::Value;
  if (raw.data() == nullptr) {
    if constexpr (Nullable<T>::kIs) {
      return std::nullopt;
    } else {
      throw_null(shape, column, row, pretty_type<T>());
    }
  }
  const std::uint32_t type = shape.type_oid(column);
  if (!Codec<Value>::accepts(type)) throw_type_mismatch(shape, column, row, Codec<Value>::kOid, pretty_type<Value>());
  Value value{};
  if (!Codec<Value>::decode(type, raw, value)) throw_malformed(shape, column, row, pretty_type<Value>());
  return value;
}

template <class T>
std::vector<std::size_t> detail::columns_of(const Result& shape) {
  std::vector<std::string_view> names;
  if constexpr (Described<T>) {
    boost::mp11::mp_for_each<boost::describe::describe_members<T, boost::describe::mod_public>>(
        [&](auto member) { names.emplace_back(member.name); });
    return shape.match_columns(names);
  } else {
    return {};
  }
}

template <class T, class Cell>
T detail::decode_row(const Result& shape, std::uint64_t row, const std::vector<std::size_t>& columns,
                     const Cell& cell) {
  if constexpr (Described<T>) {
    T object{};
    std::size_t next = 0;
    boost::mp11::mp_for_each<boost::describe::describe_members<T, boost::describe::mod_public>>([&](auto member) {
      auto& target = object.*member.pointer;
      const std::size_t column = columns[next++];
      target = decode_value<std::remove_reference_t<decltype(target)>>(shape, row, column, cell(column));
    });
    return object;
  } else if constexpr (IsTuple<T>::value) {
    if (shape.columns() != std::tuple_size_v<T>) throw_column_count(shape, std::tuple_size_v<T>);
    return [&]<std::size_t... I>(std::index_sequence<I...>) {
      return T{decode_value<std::tuple_element_t<I, T>>(shape, row, I, cell(I))...};
    }
    (std::make_index_sequence<std::tuple_size_v<T>>());
  } else {
    if (shape.columns() != 1) throw_column_count(shape, 1);
    return decode_value<T>(shape, row, 0, cell(0));
  }
}

template <class T>
T Field::as() const {
  return detail::decode_value<T>(*result_, row_, column_, bytes());
}

template <class T>
T Row::as() const {
  return detail::decode_row<T>(*result_, row_, detail::columns_of<T>(*result_),
                               [this](std::size_t column) { return result_->value(row_, column); });
}

template <class T>
std::vector<T> Result::as() const {
  const std::vector<std::size_t> columns = detail::columns_of<T>(*this);
  std::vector<T> out;
  out.reserve(rows_);
  for (std::uint64_t row = 0; row < rows_; ++row)
    out.push_back(detail::decode_row<T>(*this, row, columns, [&](std::size_t column) { return value(row, column); }));
  return out;
}

template <class T>
T Result::one() const {
  if (rows_ != 1) throw_row_count();
  return Row(*this, 0).as<T>();
}

template <class T>
std::optional<T> Result::optional() const {
  if (rows_ == 0) return std::nullopt;
  return one<T>();
}

}  // namespace quell::db
