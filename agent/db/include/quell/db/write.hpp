#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <quell/db/expression.hpp>
#include <quell/db/loading.hpp>
#include <quell/db/model.hpp>

/// What Session::insert, upsert, update, erase, execute and returning are given.
///
/// Columns that the server fills in, an identity or a default, are named in Model<T>::kGenerated: inserts leave them
/// out and read them back. Columns whose C++ type does not tell the server's, such as text for an enum, are named with
/// their type in Model<T>::kTypes:
///
///     static constexpr auto kGenerated = std::tuple(&Post::id, &Post::created);
///     static constexpr auto kTypes = std::tuple(column_type(&Post::state, "post_state"));
namespace quell::db {

/// What an insert does about rows that are there already.
template <class T>
class OnConflict {
 public:
  /// Of the unique index that decides.
  [[nodiscard]] const std::vector<std::string_view>& columns() const { return columns_; }
  /// Those that take the new values; empty: the row stays as it is.
  [[nodiscard]] const std::vector<std::string_view>& updated() const { return updated_; }

 private:
  template <class U>
  friend class ConflictTarget;
  OnConflict(std::vector<std::string_view> columns, std::vector<std::string_view> updated)
      : columns_(std::move(columns)), updated_(std::move(updated)) {}
  std::vector<std::string_view> columns_;
  std::vector<std::string_view> updated_;
};

template <class T>
class ConflictTarget {
 public:
  explicit ConflictTarget(std::vector<std::string_view> columns) : columns_(std::move(columns)) {}
  /// The row that is there takes these columns of the new one.
  template <class... Members>
  requires(sizeof...(Members) > 0) [[nodiscard]] OnConflict<T> update(Members T::*... members) const {
    return {columns_, {detail::column_name(members)...}};
  }
  /// The new row is dropped.
  [[nodiscard]] OnConflict<T> do_nothing() const { return {columns_, {}}; }

 private:
  std::vector<std::string_view> columns_;
};

/// on_conflict(&Tag::name).update(&Tag::color): there must be a unique index on exactly these columns.
template <class T, class... Members>
[[nodiscard]] ConflictTarget<T> on_conflict(Members T::*... members) {
  return ConflictTarget<T>({detail::column_name(members)...});
}

/// Columns to write: session.update(posts, columns(&Post::title, &Post::body)).
template <class T>
class Columns {
 public:
  explicit Columns(std::vector<std::size_t> positions) : positions_(std::move(positions)) {}
  /// Among the mapped columns.
  [[nodiscard]] const std::vector<std::size_t>& positions() const { return positions_; }

 private:
  std::vector<std::size_t> positions_;
};
template <class T, class... Members>
requires(sizeof...(Members) > 0) [[nodiscard]] Columns<T> columns(Members T::*... members) {
  return Columns<T>({detail::column_position(members)...});
}

namespace detail {
/// Which rows an update or delete is about. Nothing is written before one of the two was said.
template <class T, class Builder>
class Rows {
 public:
  /// Several calls are joined by AND.
  Builder& where(const Condition<T>& condition) {
    append_condition(condition_, condition.fragment());
    return static_cast<Builder&>(*this);
  }
  Builder& all_rows() {
    all_rows_ = true;
    return static_cast<Builder&>(*this);
  }

  [[nodiscard]] const Fragment& condition() const { return condition_; }
  [[nodiscard]] bool is_about_all() const { return all_rows_; }

 private:
  Fragment condition_;
  bool all_rows_ = false;
};
}  // namespace detail

///     co_await session.execute(update<Post>().set(&Post::views, col(&Post::views) + 1).where(col(&Post::id) == id));
template <Mapped T>
class Update : public detail::Rows<T, Update<T>> {
 public:
  template <class Member>
  Update& set(Member T::*member, const std::type_identity_t<Member>& value) {
    if constexpr (detail::IsDeferrable<Member>::value) {
      return assign(member, detail::Fragment::bound(value.get()));
    } else {
      return assign(member, detail::Fragment::bound(value));
    }
  }
  template <class Member>
  Update& set(Member T::*member, const Expression<T, detail::BoundValue<Member>>& value) {
    return assign(member, value.fragment());
  }

  [[nodiscard]] const detail::Fragment& assignments() const { return assignments_; }

 private:
  template <class Member>
  Update& assign(Member T::*member, const detail::Fragment& value) {
    detail::Fragment assignment(quote_identifier(detail::column_name(member)) + " = ");
    assignment << value;
    detail::append_term(assignments_, assignment);
    return *this;
  }
  detail::Fragment assignments_;
};

///     co_await session.execute(erase<Visit>().where(col(&Visit::at) < last_year));
template <Mapped T>
class Erase : public detail::Rows<T, Erase<T>> {};

template <Mapped T>
[[nodiscard]] Update<T> update() {
  return {};
}
template <Mapped T>
[[nodiscard]] Erase<T> erase() {
  return {};
}

}  // namespace quell::db
