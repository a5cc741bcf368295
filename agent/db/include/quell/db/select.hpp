#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <quell/db/loading.hpp>
#include <quell/db/model.hpp>
#include <quell/db/parameters.hpp>

/// Builds a select over one mapped table. Values are always bound; the text has only declared names in it.
///
///     select<Post>()
///         .where(col(&Post::author_id) == id && col(&Post::title).like("%pg%"))
///         .order_by(desc(&Post::id))
///         .limit(20)
///         .with(selectin(&Post::author))
namespace quell::db {

/// A Boolean expression over the columns of T.
template <class T>
class Condition {
 public:
  Condition(std::string text, Parameters parameters) : text_(std::move(text)), parameters_(std::move(parameters)) {}

  friend Condition operator&&(const Condition& a, const Condition& b) { return a.combined(" and ", b); }
  friend Condition operator||(const Condition& a, const Condition& b) { return a.combined(" or ", b); }
  friend Condition operator!(const Condition& a) { return {"not (" + a.text_ + ")", a.parameters_}; }

  /// kParameterMark stands for each bound value, kAliasMark for the table.
  [[nodiscard]] const std::string& text() const { return text_; }
  [[nodiscard]] const Parameters& parameters() const { return parameters_; }

 private:
  [[nodiscard]] Condition combined(const char* word, const Condition& other) const {
    Parameters both = parameters_;
    both.append(other.parameters_);
    return {"(" + text_ + word + other.text_ + ")", std::move(both)};
  }

  std::string text_;
  Parameters parameters_;
};

/// A column of T in an expression.
template <class T, class Member>
class Column {
 public:
  using Value = typename Nullable<Member>::Value;
  explicit Column(Member T::*member) : name_(detail::aliased_column(detail::column_name(member))) {}

  friend Condition<T> operator==(const Column& c, const Value& value) { return c.compare(" = ", value); }
  friend Condition<T> operator!=(const Column& c, const Value& value) { return c.compare(" <> ", value); }
  friend Condition<T> operator<(const Column& c, const Value& value) { return c.compare(" < ", value); }
  friend Condition<T> operator<=(const Column& c, const Value& value) { return c.compare(" <= ", value); }
  friend Condition<T> operator>(const Column& c, const Value& value) { return c.compare(" > ", value); }
  friend Condition<T> operator>=(const Column& c, const Value& value) { return c.compare(" >= ", value); }

  /// = ANY($n): one text for any number of values.
  [[nodiscard]] Condition<T> in(const std::vector<Value>& values) const {
    return {name_ + " = any(" + detail::kParameterMark + ")", Parameters::of(values)};
  }
  [[nodiscard]] Condition<T> is_null() const { return {name_ + " is null", {}}; }
  [[nodiscard]] Condition<T> is_not_null() const { return {name_ + " is not null", {}}; }
  [[nodiscard]] Condition<T> like(std::string_view pattern) const { return compare(" like ", pattern); }
  [[nodiscard]] Condition<T> ilike(std::string_view pattern) const { return compare(" ilike ", pattern); }

 private:
  template <class Operand>
  [[nodiscard]] Condition<T> compare(const char* op, const Operand& operand) const {
    return {name_ + op + detail::kParameterMark, Parameters::of(operand)};
  }
  std::string name_;
};

template <class T, class Member>
[[nodiscard]] Column<T, Member> col(Member T::*member) {
  return Column<T, Member>(member);
}

template <class T>
struct OrderTerm {
  OrderTerm(std::string column_text, bool down) : column(std::move(column_text)), descending(down) {}
  std::string column;
  bool descending;
};

template <class T, class Member>
[[nodiscard]] OrderTerm<T> asc(Member T::*member) {
  return {detail::aliased_column(detail::column_name(member)), false};
}
template <class T, class Member>
[[nodiscard]] OrderTerm<T> desc(Member T::*member) {
  return {detail::aliased_column(detail::column_name(member)), true};
}

template <Mapped T>
class Select {
 public:
  Select() = default;

  /// Several calls are joined by AND.
  Select& where(const Condition<T>& condition) {
    condition_ = condition_ ? *condition_ && condition : condition;
    return *this;
  }
  template <class... Terms>
  Select& order_by(Terms... terms) {
    (order_.push_back(std::move(terms)), ...);
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
  /// Keyset paging: only rows after `value` in the order of `member`, which becomes the first order term. Unlike
  /// offset, the hundredth page costs what the first does.
  template <class Member>
  Select& after(Member T::*member, const typename Nullable<Member>::Value& value) {
    order_.insert(order_.begin(), asc(member));
    return where(col(member) > value);
  }
  template <class Member>
  Select& before(Member T::*member, const typename Nullable<Member>::Value& value) {
    order_.insert(order_.begin(), desc(member));
    return where(col(member) < value);
  }
  /// How relations are loaded; the others stay lazy.
  template <class... Loads>
  Select& with(Loads... loads) {
    (loads_.push_back(detail::make_relation_step(std::move(loads))), ...);
    return *this;
  }

  [[nodiscard]] const std::optional<Condition<T>>& condition() const { return condition_; }
  [[nodiscard]] const std::vector<OrderTerm<T>>& order() const { return order_; }
  [[nodiscard]] std::optional<std::int64_t> row_limit() const { return limit_; }
  [[nodiscard]] std::optional<std::int64_t> row_offset() const { return offset_; }
  [[nodiscard]] const std::vector<std::shared_ptr<const detail::LoadStep<T>>>& loads() const { return loads_; }

 private:
  std::optional<Condition<T>> condition_;
  std::vector<OrderTerm<T>> order_;
  std::optional<std::int64_t> limit_;
  std::optional<std::int64_t> offset_;
  std::vector<std::shared_ptr<const detail::LoadStep<T>>> loads_;
};

template <Mapped T>
[[nodiscard]] Select<T> select() {
  return {};
}

}  // namespace quell::db
