#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include <quell/db/awaitable.hpp>
#include <quell/db/result.hpp>
#include <quell/db/statement.hpp>

namespace quell::db {

class Connection;

namespace detail {

class StreamState;
class CursorState;

/// What a Stream<T> does without knowing T.
class RowSource {
 public:
  explicit RowSource(std::unique_ptr<StreamState> state);
  RowSource(RowSource&& other) noexcept;
  RowSource& operator=(RowSource&&) = delete;
  ~RowSource();

  /// True where the next row is here already; false says nothing.
  [[nodiscard]] bool try_advance();
  /// False at the end.
  [[nodiscard]] Awaitable<bool> advance();
  /// The current row as a result of one row; before the first one it has the columns at least.
  [[nodiscard]] const Result& row() const;
  /// Counts from 0.
  [[nodiscard]] std::uint64_t index() const;

 private:
  std::unique_ptr<StreamState> state_;
};

/// What a Cursor<T> does without knowing T.
class CursorSource {
 public:
  explicit CursorSource(std::unique_ptr<CursorState> state);
  CursorSource(CursorSource&& other) noexcept;
  CursorSource& operator=(CursorSource&&) = delete;
  ~CursorSource();

  /// Valid until the next call; no rows and no columns after the end.
  [[nodiscard]] Awaitable<const Result*> fetch(std::size_t most);
  [[nodiscard]] Awaitable<void> close();

 private:
  std::unique_ptr<CursorState> state_;
};

}  // namespace detail

/// The rows of one execution as they arrive (libpq's single-row mode): memory does not grow with the result, and a
/// program that stops reading stops the server, by the socket's own back-pressure. Move-only; holds its connection,
/// which refuses other statements until the end. Dropped before the end it has the statement cancelled, and the
/// connection recovers before its next statement. The call's deadline counts for the whole stream.
template <class T>
class Stream {
 public:
  /// The next row, nothing at the end.
  [[nodiscard]] Awaitable<std::optional<T>> next() {
    std::optional<T> row;
    if (source_.try_advance() || co_await source_.advance()) row.emplace(current());
    co_return row;
  }
  /// Up to `most` rows, fewer only at the end, none after it. One coroutine for all of them: for large results.
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
  explicit Stream(detail::RowSource source)
      : source_(std::move(source)), columns_(detail::columns_of<T>(source_.row())) {}
  [[nodiscard]] T current() const {
    const Result& row = source_.row();
    return detail::decode_row<T>(row, source_.index(), columns_,
                                 [&](std::size_t column) { return row.value(0, column); });
  }

  detail::RowSource source_;
  std::vector<std::size_t> columns_;
};

/// A cursor on the server, inside a transaction: rows come when they are asked for, and other statements run in
/// between. Move-only; ends with its transaction at the latest. For programs that
/// work on the same connection between the rows; a Stream needs fewer round trips.
template <class T>
class Cursor {
 public:
  /// Up to `most` rows (at least 1), fewer only at the end, none after it.
  [[nodiscard]] Awaitable<std::vector<T>> fetch(std::size_t most) {
    const Result* rows = co_await source_.fetch(most);
    co_return rows->columns() == 0 ? std::vector<T>() : rows->template as<T>();
  }
  /// Frees what it holds on the server before the transaction ends.
  [[nodiscard]] Awaitable<void> close() { return source_.close(); }

 private:
  friend class Connection;
  explicit Cursor(detail::CursorSource source) : source_(std::move(source)) {}
  detail::CursorSource source_;
};

}  // namespace quell::db
