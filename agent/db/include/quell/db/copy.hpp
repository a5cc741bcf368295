#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include <quell/db/awaitable.hpp>
#include <quell/db/codec.hpp>
#include <quell/db/result.hpp>
#include <quell/db/statement.hpp>

/// COPY: the fastest way of many rows into and out of a table. Each object here holds its connection, which refuses
/// other statements until the end; dropped before the end, the COPY is undone (in) or cancelled (out) and the
/// connection recovers before its next statement. Deadlines count for the whole COPY.
namespace quell::db {

class Connection;

/// Where rows are copied to. The names are quoted by the layer. Not an aggregate (g++ 12, see types.hpp).
class CopyTarget {
 public:
  /// No columns: all of the table, in its order.
  explicit CopyTarget(std::string table, std::vector<std::string> columns = {}, std::string schema = {})
      : table_(std::move(table)), columns_(std::move(columns)), schema_(std::move(schema)) {}
  /// The columns are the members of a described struct.
  template <detail::Described T>
  static CopyTarget of(std::string table, std::string schema = {}) {
    std::vector<std::string> columns;
    boost::mp11::mp_for_each<boost::describe::describe_members<T, boost::describe::mod_public>>(
        [&](auto member) { columns.emplace_back(member.name); });
    return CopyTarget(std::move(table), std::move(columns), std::move(schema));
  }

  [[nodiscard]] const std::vector<std::string>& columns() const { return columns_; }
  /// "schema"."table"
  [[nodiscard]] std::string quoted_table() const;
  /// "a", "b"; empty for all.
  [[nodiscard]] std::string quoted_columns() const;

 private:
  std::string table_;
  std::vector<std::string> columns_;
  std::string schema_;
};

namespace detail {

class CopyState;

enum class Encoded : std::uint8_t { yes, wrong_type, out_of_range };

/// An integer as the bytes of an integer column of any size.
[[nodiscard]] Encoded encode_integer_as(std::uint32_t type_oid, std::int64_t value, std::string& out);
[[nodiscard]] Encoded encode_text_as(std::uint32_t type_oid, std::string_view value, std::string& out);

/// `value` in the binary form of the column's type; appends nothing where it does not fit.
template <class T>
[[nodiscard]] Encoded encode_as(std::uint32_t type_oid, const T& value, std::string& out) {
  if constexpr (std::is_convertible_v<const T&, std::string_view>) {
    return encode_text_as(type_oid, value, out);
  } else if constexpr (std::signed_integral<T>) {
    return encode_integer_as(type_oid, value, out);
  } else if constexpr (std::same_as<T, Numeric>) {
    if (type_oid != oid::kNumeric) return Encoded::wrong_type;
    wire::append_numeric(out, value.text());
    return Encoded::yes;
  } else if constexpr (std::same_as<T, Jsonb>) {
    if (type_oid != oid::kJson && type_oid != oid::kJsonb) return Encoded::wrong_type;
    return encode_text_as(type_oid, value.text(), out);
  } else {
    static_assert(Encodable<T>, "no quell::db::Codec for this type");
    if constexpr (std::same_as<T, float>) {
      if (type_oid == oid::kFloat8) return encode_as(type_oid, static_cast<double>(value), out);
    }
    const bool fits = Codec<T>::kOid == oid::kUnspecified ? Codec<T>::accepts(type_oid) : Codec<T>::kOid == type_oid;
    if (!fits) return Encoded::wrong_type;
    Codec<T>::encode(value, out);
    return Encoded::yes;
  }
}

template <class T>
inline constexpr char kTypeTag = 0;

/// The fields of one row of COPY's binary format.
class CopyRow {
 public:
  enum class Kind : std::uint8_t { row, end, malformed };
  /// `bytes` starts with the number of fields.
  Kind parse(std::string_view bytes, std::size_t columns);
  /// data() == nullptr is NULL.
  [[nodiscard]] std::string_view field(std::size_t column) const { return fields_[column]; }

 private:
  std::vector<std::string_view> fields_;
};

/// The signature, flags and extension before the first row. False where `bytes` does not begin with it; else it is
/// taken off.
[[nodiscard]] bool skip_copy_header(std::string_view& bytes);
void append_copy_header(std::string& out);

/// What a CopyReader<T> does without knowing T.
class CopySource {
 public:
  CopySource(std::unique_ptr<CopyState> state, Result shape);
  CopySource(CopySource&& other) noexcept;
  CopySource& operator=(CopySource&&) = delete;
  ~CopySource();

  [[nodiscard]] bool try_advance();
  [[nodiscard]] Awaitable<bool> advance();
  [[nodiscard]] const CopyRow& row() const { return row_; }
  [[nodiscard]] std::uint64_t index() const { return rows_ - 1; }
  [[nodiscard]] const Result& shape() const { return shape_; }

 private:
  bool take(std::string_view chunk);

  std::unique_ptr<CopyState> state_;
  Result shape_;  ///< no rows, the columns' names and types
  CopyRow row_;
  std::uint64_t rows_ = 0;
  bool header_seen_ = false;
};

}  // namespace detail

/// Raw bytes into COPY … FROM STDIN, in whatever format its text says.
class CopyIn {
 public:
  CopyIn(CopyIn&& other) noexcept;
  CopyIn& operator=(CopyIn&&) = delete;
  ~CopyIn();

  /// Rows may be cut anywhere. Returns once the bytes are on their way, so that a slow server slows the program down.
  [[nodiscard]] Awaitable<void> write(std::string_view bytes);
  /// The rows copied. Here, too, the server's errors are thrown: it reads on to the end after one.
  [[nodiscard]] Awaitable<std::uint64_t> finish();

 private:
  friend class Connection;
  friend class CopyWriter;
  explicit CopyIn(std::unique_ptr<detail::CopyState> state);
  std::unique_ptr<detail::CopyState> state_;
};

/// Rows of values into a table, in COPY's binary format. The columns' types were asked of the server: integers fit any
/// integer column that can hold their value, everything else needs its own type; what does not fit is an EncodeError
/// that names the column, and the row it stands in is not sent.
class CopyWriter {
 public:
  /// One row of as many values as there are columns.
  template <class... Values>
  [[nodiscard]] Awaitable<void> write(const Values&... values) {
    check_count(sizeof...(values));
    (add(values), ...);
    return end_row();
  }
  /// One row: a tuple by position, a described struct whose members are the columns in their order.
  template <class Row>
  [[nodiscard]] Awaitable<void> write_row(const Row& row) {
    add_row(row);
    return end_row();
  }
  /// Every row of a range; one coroutine for all of them.
  template <class Rows>
  [[nodiscard]] Awaitable<void> write_rows(const Rows& rows) {
    for (const auto& row : rows) {
      add_row(row);
      close_row();
      if (is_full()) co_await send();
    }
  }

  /// The next field of the current row, for rows whose shape is known at run time: as many as `columns()`, then
  /// `end_row`.
  template <class T>
  CopyWriter& add(const T& value) {
    if constexpr (Nullable<T>::kIs) {
      if (value) return add(*value);
      return add_null();
    } else {
      const std::uint32_t type_oid = begin_field();
      const std::size_t start = buffer_.size();
      try {
        const detail::Encoded encoded = detail::encode_as(type_oid, value, buffer_);
        if (encoded != detail::Encoded::yes) throw_unfit(encoded, detail::pretty_type<T>());
      } catch (...) {
        drop_row();
        throw;
      }
      end_field(start);
      return *this;
    }
  }
  CopyWriter& add(std::nullopt_t) { return add_null(); }
  CopyWriter& add_null();
  /// Throws UsageError where fields are missing. Sends what has gathered once it is enough.
  [[nodiscard]] Awaitable<void> end_row();

  [[nodiscard]] std::size_t columns() const { return shape_.columns(); }
  [[nodiscard]] std::uint32_t type_oid(std::size_t column) const { return shape_.type_oid(column); }
  /// The rows copied. Throws the server's errors.
  [[nodiscard]] Awaitable<std::uint64_t> finish();

 private:
  friend class Connection;
  CopyWriter(CopyIn copy, Result shape);

  template <class Row>
  void add_row(const Row& row) {
    if constexpr (detail::IsTuple<Row>::value) {
      check_count(std::tuple_size_v<Row>);
      std::apply([&](const auto&... values) { (add(values), ...); }, row);
    } else if constexpr (detail::Described<Row>) {
      if (checked_ != &detail::kTypeTag<Row>) check_names(CopyTarget::of<Row>({}).columns());
      checked_ = &detail::kTypeTag<Row>;
      boost::mp11::mp_for_each<boost::describe::describe_members<Row, boost::describe::mod_public>>(
          [&](auto member) { add(row.*member.pointer); });
    } else {
      add(row);
    }
  }
  std::uint32_t begin_field();
  void end_field(std::size_t start);
  void close_row();
  void drop_row();
  void check_count(std::size_t values) const;
  void check_names(const std::vector<std::string>& names) const;
  [[nodiscard]] bool is_full() const;
  [[nodiscard]] Awaitable<void> send();
  [[noreturn]] void throw_unfit(detail::Encoded why, const char* cpp_type) const;

  CopyIn copy_;
  Result shape_;  ///< no rows, the columns' names and types
  std::string buffer_;
  std::size_t row_start_ = 0;
  std::size_t field_ = 0;
  const char* checked_ = nullptr;  ///< the struct whose members are known to be the columns
};

/// Raw bytes out of COPY … TO STDOUT.
class CopyOut {
 public:
  CopyOut(CopyOut&& other) noexcept;
  CopyOut& operator=(CopyOut&&) = delete;
  ~CopyOut();

  /// One row in COPY's format, newline and all, valid until the next call; nothing at the end. The binary format has
  /// its header before the first row and a trailer after the last.
  [[nodiscard]] Awaitable<std::optional<std::string_view>> next();

 private:
  friend class Connection;
  explicit CopyOut(std::unique_ptr<detail::CopyState> state);
  std::unique_ptr<detail::CopyState> state_;
};

/// Rows of a query through COPY's binary format: the fastest way of many rows out of the server, at the price of no
/// parameters.
template <class T>
class CopyReader {
 public:
  /// The next row, nothing at the end.
  [[nodiscard]] Awaitable<std::optional<T>> next() {
    std::optional<T> row;
    if (source_.try_advance() || co_await source_.advance()) row.emplace(current());
    co_return row;
  }
  /// Up to `most` rows, fewer only at the end, none after it.
  [[nodiscard]] Awaitable<std::vector<T>> next_batch(std::size_t most) {
    std::vector<T> rows;
    while (rows.size() < most) {
      if (!source_.try_advance() && !co_await source_.advance()) break;
      rows.push_back(current());
    }
    co_return rows;
  }

 private:
  friend class Connection;
  explicit CopyReader(detail::CopySource source)
      : source_(std::move(source)), columns_(detail::columns_of<T>(source_.shape())) {}
  [[nodiscard]] T current() const {
    return detail::decode_row<T>(source_.shape(), source_.index(), columns_,
                                 [this](std::size_t column) { return source_.row().field(column); });
  }

  detail::CopySource source_;
  std::vector<std::size_t> columns_;
};

}  // namespace quell::db
