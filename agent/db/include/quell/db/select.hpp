#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <quell/db/detail/relation.hpp>
#include <quell/db/expression.hpp>
#include <quell/db/loading.hpp>
#include <quell/db/model.hpp>

/// Builds a select over one mapped table. Values are always bound; the text has only declared names in it.
///
///     select<Post>()
///         .where(col(&Post::author_id) == id && col(&Post::title).like("%pg%"))
///         .order_by(desc(&Post::id))
///         .limit(20)
///         .with(selectin(&Post::author))
namespace quell::db {

enum class RowLock : std::uint8_t { none, for_update, for_no_key_update, for_share };
/// What to do about rows that others have locked.
enum class LockWait : std::uint8_t { wait, skip_locked, no_wait };

/// The row has at least one object at the other end of a relation; with a condition, one that meets it.
///
///     select<Post>().where(exists(&Post::tags, col(&Tag::name) == "pg"))
template <class Parent, class Holder>
[[nodiscard]] Condition<Parent> exists(Holder Parent::*member) {
  detail::RelationShape shape;
  detail::with_relation(member, [&](const auto& relation) { shape = detail::shape_of(relation); });
  return detail::ExpressionAccess::make<Condition<Parent>>(detail::exists_text(shape, {}));
}
template <class Parent, class Holder>
[[nodiscard]] Condition<Parent> exists(
    Holder Parent::*member, const Condition<std::type_identity_t<typename detail::ChildOf<Holder>::Type>>& condition) {
  detail::RelationShape shape;
  detail::with_relation(member, [&](const auto& relation) { shape = detail::shape_of(relation); });
  return detail::ExpressionAccess::make<Condition<Parent>>(detail::exists_text(shape, condition.fragment()));
}

template <Mapped T>
class Select {
 public:
  Select() = default;

  /// Several calls are joined by AND.
  Select& where(const Condition<T>& condition) {
    detail::append_condition(condition_, condition.fragment());
    return *this;
  }
  /// Orders (asc, desc) and keysets.
  template <class... Terms>
  Select& order_by(const Terms&... terms) {
    (add_order(order_, terms, /*backward=*/false), ...);
    return *this;
  }
  Select& limit(std::int64_t rows) {
    limit_ = rows;
    return *this;
  }
  Select& offset(std::int64_t rows) {
    offset_ = rows;
    return *this;
  }
  /// Keyset paging: only rows after `values` in the keyset's order, which becomes the first order.
  template <class... V>
  Select& after(const Keyset<T, V...>& keyset, const std::type_identity_t<V>&... values) {
    return from(keyset, /*backward=*/false, values...);
  }
  /// Rows before `values`, nearest first: the order is the reverse of the keyset's.
  template <class... V>
  Select& before(const Keyset<T, V...>& keyset, const std::type_identity_t<V>&... values) {
    return from(keyset, /*backward=*/true, values...);
  }
  /// By one column, ascending.
  template <class Member>
  Select& after(Member T::*member, const detail::BoundValue<Member>& value) {
    return after(keyset(asc(member)), value);
  }
  template <class Member>
  Select& before(Member T::*member, const detail::BoundValue<Member>& value) {
    return before(keyset(asc(member)), value);
  }
  /// Each value once: for session.values().
  Select& distinct() {
    distinct_ = true;
    return *this;
  }
  /// The first row of each group of equal values, by an order that starts with the same columns.
  template <class... Members>
  Select& distinct_on(Members T::*... members) {
    (detail::append_term(distinct_on_, col(members).fragment()), ...);
    return *this;
  }
  /// Locks the rows of this table, not those of joined relations. Needs a transaction.
  Select& lock(RowLock how, LockWait others = LockWait::wait) {
    lock_ = how;
    lock_wait_ = others;
    return *this;
  }
  /// How relations are loaded; the others stay lazy.
  template <class... Loads>
  Select& with(Loads... loads) {
    (loads_.push_back(detail::make_relation_step(std::move(loads))), ...);
    return *this;
  }
  /// Every relation that `with` does not name, at every level, is as under raise().
  Select& strict() {
    strict_ = true;
    return *this;
  }
  /// Only the key and these columns. A column left out must be declared Deferrable.
  template <class... Members>
  Select& load_only(Members T::*... members) {
    columns_ = detail::only_columns<T>(members...);
    return *this;
  }
  /// All columns but these.
  template <class... V>
  Select& defer(Deferrable<V> T::*... members) {
    if (columns_.empty()) columns_.assign(detail::kColumnCount<T>, true);
    ((columns_[detail::column_position(members)] = false), ...);
    return *this;
  }
  /// Objects the session has already take the values that are read now, and forget their relations.
  Select& refresh() {
    refresh_ = true;
    return *this;
  }

  [[nodiscard]] const detail::Fragment& condition() const { return condition_; }
  [[nodiscard]] const detail::Fragment& order() const { return order_; }
  [[nodiscard]] std::optional<std::int64_t> row_limit() const { return limit_; }
  [[nodiscard]] std::optional<std::int64_t> row_offset() const { return offset_; }
  [[nodiscard]] bool is_distinct() const { return distinct_; }
  [[nodiscard]] const detail::Fragment& distinct_columns() const { return distinct_on_; }
  [[nodiscard]] RowLock row_lock() const { return lock_; }
  [[nodiscard]] LockWait lock_wait() const { return lock_wait_; }
  [[nodiscard]] bool is_strict() const { return strict_; }
  [[nodiscard]] bool is_refresh() const { return refresh_; }
  [[nodiscard]] const detail::ColumnSet& columns() const { return columns_; }
  [[nodiscard]] const std::vector<std::shared_ptr<const detail::LoadStep<T>>>& loads() const { return loads_; }

 private:
  template <class V>
  static void add_order(detail::Fragment& terms, const Order<T, V>& order, bool backward) {
    detail::append_term(terms,
                        detail::order_term(order.expression().fragment(), order.descending(), order.nulls(), backward));
  }
  template <class... V>
  static void add_order(detail::Fragment& terms, const Keyset<T, V...>& keyset, bool backward) {
    std::apply([&](const auto&... order) { (add_order(terms, order, backward), ...); }, keyset.orders());
  }
  template <class... V>
  Select& from(const Keyset<T, V...>& keyset, bool backward, const V&... values) {
    detail::Fragment terms;
    add_order(terms, keyset, backward);
    if (!order_.empty()) detail::append_term(terms, order_);
    order_ = std::move(terms);
    std::vector<detail::KeysetPart> parts;
    std::apply(
        [&](const auto&... order) {
          (parts.emplace_back(order.expression().fragment(), detail::Fragment::bound(values),
                              order.descending() == backward),
           ...);
        },
        keyset.orders());
    detail::append_condition(condition_, detail::keyset_condition(parts));
    return *this;
  }

  detail::Fragment condition_;
  detail::Fragment order_;
  std::optional<std::int64_t> limit_;
  std::optional<std::int64_t> offset_;
  bool distinct_ = false;
  detail::Fragment distinct_on_;
  RowLock lock_ = RowLock::none;
  LockWait lock_wait_ = LockWait::wait;
  bool strict_ = false;
  bool refresh_ = false;
  detail::ColumnSet columns_;
  std::vector<std::shared_ptr<const detail::LoadStep<T>>> loads_;
};

template <Mapped T>
[[nodiscard]] Select<T> select() {
  return {};
}

}  // namespace quell::db
