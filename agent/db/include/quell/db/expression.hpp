#pragma once

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include <quell/db/model.hpp>
#include <quell/db/parameters.hpp>

/// Conditions, values and orders over the columns of a mapped table. Every value is bound, so the text is the same
/// whatever the values are; nothing here takes text that is not a literal.
///
///     col(&Post::author_id) == id && (col(&Post::title).ilike(pattern) || col(&Post::tags).contains({"pg"}))
namespace quell::db {

/// Text known at compile time: a name, or a piece of SQL that no user can have written.
class Literal {
 public:
  template <std::size_t N>
  consteval Literal(const char (&text)[N]) : text_(text, N - 1) {}  // NOLINT: implicit by intent
  [[nodiscard]] constexpr std::string_view text() const { return text_; }

 private:
  std::string_view text_;
};

namespace detail {

/// Placeholders in the text of expressions, replaced when the whole statement is put together: a bound value, and the
/// table the expression is about.
inline constexpr char kParameterMark = '\1';
inline constexpr char kAliasMark = '\2';

/// A piece of SQL with the values of its marks, in their order.
class Fragment {
 public:
  Fragment() = default;
  explicit Fragment(std::string text, Parameters parameters = {}, int depth = 0)
      : text_(std::move(text)), parameters_(std::move(parameters)), depth_(depth) {}
  template <class Value>
  static Fragment bound(const Value& value) {
    return Fragment(std::string(1, kParameterMark), Parameters::of(value));
  }

  [[nodiscard]] const std::string& text() const { return text_; }
  [[nodiscard]] const Parameters& parameters() const { return parameters_; }
  /// How deep `exists` is nested in it: names of inner tables must differ from those around them.
  [[nodiscard]] int depth() const { return depth_; }
  [[nodiscard]] bool empty() const { return text_.empty(); }

  Fragment& operator<<(std::string_view text) {
    text_ += text;
    return *this;
  }
  Fragment& operator<<(const Fragment& other) {
    text_ += other.text_;
    parameters_.append(other.parameters_);
    depth_ = std::max(depth_, other.depth_);
    return *this;
  }

 private:
  std::string text_;
  Parameters parameters_;
  int depth_ = 0;
};

/// `\2."name"`
[[nodiscard]] Fragment aliased_column(std::string_view name);

/// The only way to make conditions and expressions, for this layer's own functions.
struct ExpressionAccess {
  template <class Made>
  static Made make(Fragment fragment) {
    return Made(std::move(fragment));
  }
};

template <class T>
struct ArrayElement {
  using Type = void;
};
template <class E>
struct ArrayElement<std::vector<E>> {
  using Type = E;
};

}  // namespace detail

/// A Boolean expression over the columns of T.
template <class T>
class Condition {
 public:
  friend Condition operator&&(const Condition& a, const Condition& b) { return a.combined(" and ", b); }
  friend Condition operator||(const Condition& a, const Condition& b) { return a.combined(" or ", b); }
  friend Condition operator!(const Condition& a) {
    detail::Fragment negated("not (");
    negated << a.fragment_ << ")";
    return Condition(std::move(negated));
  }

  [[nodiscard]] const detail::Fragment& fragment() const { return fragment_; }

 private:
  friend struct detail::ExpressionAccess;
  explicit Condition(detail::Fragment fragment) : fragment_(std::move(fragment)) {}
  [[nodiscard]] Condition combined(std::string_view word, const Condition& other) const {
    detail::Fragment both("(");
    both << fragment_ << word << other.fragment_ << ")";
    return Condition(std::move(both));
  }
  detail::Fragment fragment_;
};

/// An expression over the columns of T whose value is a V (or NULL).
template <class T, class V>
class Expression {
 public:
  using Value = V;
  using Element = typename detail::ArrayElement<V>::Type;
  static constexpr bool kJson = std::same_as<V, Jsonb>;
  static constexpr bool kText = std::same_as<V, std::string>;
  static constexpr bool kArray = !std::is_void_v<Element>;

  friend Condition<T> operator==(const Expression& e, const V& value) { return e.compare(" = ", value); }
  friend Condition<T> operator!=(const Expression& e, const V& value) { return e.compare(" <> ", value); }
  friend Condition<T> operator<(const Expression& e, const V& value) { return e.compare(" < ", value); }
  friend Condition<T> operator<=(const Expression& e, const V& value) { return e.compare(" <= ", value); }
  friend Condition<T> operator>(const Expression& e, const V& value) { return e.compare(" > ", value); }
  friend Condition<T> operator>=(const Expression& e, const V& value) { return e.compare(" >= ", value); }
  friend Condition<T> operator==(const Expression& a, const Expression& b) { return a.compare_with(" = ", b); }
  friend Condition<T> operator!=(const Expression& a, const Expression& b) { return a.compare_with(" <> ", b); }
  friend Condition<T> operator<(const Expression& a, const Expression& b) { return a.compare_with(" < ", b); }
  friend Condition<T> operator<=(const Expression& a, const Expression& b) { return a.compare_with(" <= ", b); }
  friend Condition<T> operator>(const Expression& a, const Expression& b) { return a.compare_with(" > ", b); }
  friend Condition<T> operator>=(const Expression& a, const Expression& b) { return a.compare_with(" >= ", b); }
  friend Expression operator+(const Expression& e, const V& value) { return e.calculate(" + ", value); }
  friend Expression operator-(const Expression& e, const V& value) { return e.calculate(" - ", value); }

  /// = ANY($n): one text for any number of values; none of them match where there are none.
  [[nodiscard]] Condition<T> in(const std::vector<V>& values) const {
    return call(" = any(", values, array_cast() + ")");
  }
  [[nodiscard]] Condition<T> not_in(const std::vector<V>& values) const {
    return call(" <> all(", values, array_cast() + ")");
  }
  /// Both ends belong to it.
  [[nodiscard]] Condition<T> between(const V& low, const V& high) const {
    detail::Fragment text = fragment_;
    text << " between " << detail::Fragment::bound(low) << " and " << detail::Fragment::bound(high);
    return condition(std::move(text));
  }
  [[nodiscard]] Condition<T> is_null() const { return condition(suffixed(" is null")); }
  [[nodiscard]] Condition<T> is_not_null() const { return condition(suffixed(" is not null")); }

  // Text. In a pattern % and _ are wildcards, also in what a user typed.
  [[nodiscard]] Condition<T> like(std::string_view pattern) const requires kText { return compare(" like ", pattern); }
  [[nodiscard]] Condition<T> ilike(std::string_view pattern) const requires kText {
    return compare(" ilike ", pattern);
  }

  // jsonb. Keys and paths are bound like every other value.
  /// `-> key`: the member of an object.
  [[nodiscard]] Expression<T, Jsonb> at(std::string_view key) const requires kJson {
    return path<Jsonb>(" -> ", key, "text");
  }
  /// `-> index`: the element of an array, from 0; negative from the end.
  [[nodiscard]] Expression<T, Jsonb> at(std::int32_t index) const requires kJson {
    return path<Jsonb>(" -> ", index, "int4");
  }
  /// `->> key`: the member as text.
  [[nodiscard]] Expression<T, std::string> text(std::string_view key) const requires kJson {
    return path<std::string>(" ->> ", key, "text");
  }
  /// `#>> path`: what stands at the end of the path, as text.
  [[nodiscard]] Expression<T, std::string> text_at(const std::vector<std::string>& keys) const requires kJson {
    return path<std::string>(" #>> ", keys, "text[]");
  }
  /// `@>`
  [[nodiscard]] Condition<T> contains(const Jsonb& part) const requires kJson { return compare(" @> ", part); }
  /// `?`
  [[nodiscard]] Condition<T> has_key(std::string_view key) const requires kJson { return compare(" ? ", key); }
  /// `?|`
  [[nodiscard]] Condition<T> has_any_key(const std::vector<std::string>& keys) const requires kJson {
    return compare(" ?| ", keys);
  }
  /// `?&`
  [[nodiscard]] Condition<T> has_all_keys(const std::vector<std::string>& keys) const requires kJson {
    return compare(" ?& ", keys);
  }
  /// `||`: with the members of `other` added or replaced; for updates.
  [[nodiscard]] Expression merged(const Jsonb& other) const requires kJson { return calculate(" || ", other); }

  // Arrays.
  /// `@>`: has all of them; a GIN index serves it.
  [[nodiscard]] Condition<T> contains(const V& elements) const requires kArray { return compare(" @> ", elements); }
  /// `<@`: has no others.
  [[nodiscard]] Condition<T> contained_in(const V& elements) const requires kArray { return compare(" <@ ", elements); }
  /// `&&`: has one of them; a GIN index serves it.
  [[nodiscard]] Condition<T> overlaps(const V& elements) const requires kArray { return compare(" && ", elements); }
  /// `$n = any(column)`; no index serves it.
  template <class E>
  requires(kArray&& std::convertible_to<const E&, Element>) [[nodiscard]] Condition<T> has(const E& element) const {
    detail::Fragment text = detail::Fragment::bound(Element(element));
    text << " = any(" << fragment_ << ")";
    return condition(std::move(text));
  }

  /// As another type, converted by the server; the value must be spelled as one, or the statement fails.
  template <class Other>
  [[nodiscard]] Expression<T, Other> cast() const {
    detail::Fragment text("(");
    text << fragment_ << ")::" << type_name(Codec<Other>::kOid);
    return detail::ExpressionAccess::make<Expression<T, Other>>(std::move(text));
  }

  [[nodiscard]] const detail::Fragment& fragment() const { return fragment_; }

 protected:
  explicit Expression(detail::Fragment fragment, std::string_view type = {})
      : fragment_(std::move(fragment)), type_(type) {}

 private:
  friend struct detail::ExpressionAccess;

  /// An array of text is not compared with an enum, as a single value is.
  [[nodiscard]] std::string array_cast() const { return type_.empty() ? "" : "::" + std::string(type_) + "[]"; }
  static Condition<T> condition(detail::Fragment text) {
    return detail::ExpressionAccess::make<Condition<T>>(std::move(text));
  }
  [[nodiscard]] detail::Fragment suffixed(std::string_view suffix) const {
    detail::Fragment text = fragment_;
    text << suffix;
    return text;
  }
  template <class Operand>
  [[nodiscard]] Condition<T> call(std::string_view open, const Operand& operand, std::string_view close) const {
    detail::Fragment text = suffixed(open);
    text << detail::Fragment::bound(operand) << close;
    return condition(std::move(text));
  }
  template <class Operand>
  [[nodiscard]] Condition<T> compare(std::string_view op, const Operand& operand) const {
    return call(op, operand, "");
  }
  [[nodiscard]] Condition<T> compare_with(std::string_view op, const Expression& other) const {
    detail::Fragment text = suffixed(op);
    text << other.fragment_;
    return condition(std::move(text));
  }
  template <class Operand>
  [[nodiscard]] Expression calculate(std::string_view op, const Operand& operand) const {
    detail::Fragment text("(");
    text << fragment_ << op << detail::Fragment::bound(operand) << ")";
    return Expression(std::move(text));
  }
  template <class Made, class Key>
  [[nodiscard]] Expression<T, Made> path(std::string_view op, const Key& key, std::string_view type) const {
    detail::Fragment text("(");
    text << fragment_ << op << detail::Fragment::bound(key) << "::" << type << ")";
    return detail::ExpressionAccess::make<Expression<T, Made>>(std::move(text));
  }

  detail::Fragment fragment_;
  std::string_view type_;  ///< the server's, where the model declares it
};

/// A column of T.
template <class T, class Member>
class Column : public Expression<T, detail::BoundValue<Member>> {
 public:
  explicit Column(Member T::*member)
      : Expression<T, detail::BoundValue<Member>>(detail::aliased_column(detail::column_name(member)),
                                                  detail::declared_type<T>(detail::column_position(member))) {}
};

template <class T, class Member>
[[nodiscard]] Column<T, Member> col(Member T::*member) {
  return Column<T, Member>(member);
}

/// lower(e), for names that do not care about case.
template <class T>
[[nodiscard]] Expression<T, std::string> lower(const Expression<T, std::string>& e) {
  detail::Fragment text("lower(");
  text << e.fragment() << ")";
  return detail::ExpressionAccess::make<Expression<T, std::string>>(std::move(text));
}
template <class T, class Member>
[[nodiscard]] Expression<T, std::string> lower(Member T::*member) {
  return lower<T>(col(member));
}

/// What the builder has no word for. `text` is a literal with $1, $2, … for the values; the table's name is t0:
///
///     sql<Post>("length(t0.body) > $1", 1000)
template <Mapped T, class... Values>
[[nodiscard]] Condition<T> sql(Literal text, const Values&... values);

/// One term of ORDER BY.
template <class T, class V>
class Order {
 public:
  Order(Expression<T, V> expression, bool descending) : expression_(std::move(expression)), descending_(descending) {}
  [[nodiscard]] Order nulls_first() const { return with(" nulls first"); }
  [[nodiscard]] Order nulls_last() const { return with(" nulls last"); }

  [[nodiscard]] const Expression<T, V>& expression() const { return expression_; }
  [[nodiscard]] bool descending() const { return descending_; }
  [[nodiscard]] std::string_view nulls() const { return nulls_; }

 private:
  [[nodiscard]] Order with(std::string_view nulls) const {
    Order copy = *this;
    copy.nulls_ = nulls;
    return copy;
  }
  Expression<T, V> expression_;
  bool descending_;
  std::string_view nulls_;
};

template <class T, class Member>
[[nodiscard]] Order<T, detail::BoundValue<Member>> asc(Member T::*member) {
  return {col(member), false};
}
template <class T, class Member>
[[nodiscard]] Order<T, detail::BoundValue<Member>> desc(Member T::*member) {
  return {col(member), true};
}
template <class T, class V>
[[nodiscard]] Order<T, V> asc(const Expression<T, V>& expression) {
  return {expression, false};
}
template <class T, class V>
[[nodiscard]] Order<T, V> desc(const Expression<T, V>& expression) {
  return {expression, true};
}

/// The order of pages that start after a row instead of after a number of rows: the hundredth costs what the first
/// does. Together the columns must be unique. Rows with a NULL among them are on no page but perhaps the first: leave
/// them out with a condition.
///
///     const auto newest = keyset(desc(&Post::published), desc(&Post::id));
///     select<Post>().order_by(newest).limit(20)                     // the first page
///     select<Post>().after(newest, last.published, last.id).limit(20)
template <class T, class... V>
class Keyset {
 public:
  explicit Keyset(Order<T, V>... orders) : orders_(std::move(orders)...) {}
  [[nodiscard]] const std::tuple<Order<T, V>...>& orders() const { return orders_; }

 private:
  std::tuple<Order<T, V>...> orders_;
};

template <class T, class... V>
[[nodiscard]] Keyset<T, V...> keyset(Order<T, V>... orders) {
  return Keyset<T, V...>(std::move(orders)...);
}

namespace detail {

/// `backward`: the reverse order, that of the NULLs included.
[[nodiscard]] Fragment order_term(const Fragment& expression, bool descending, std::string_view nulls,
                                  bool backward = false);

/// One column of a keyset and the value of the row to start from.
class KeysetPart {
 public:
  KeysetPart(Fragment expression, Fragment value, bool ascending)
      : expression_(std::move(expression)), value_(std::move(value)), ascending_(ascending) {}
  [[nodiscard]] const Fragment& expression() const { return expression_; }
  [[nodiscard]] const Fragment& value() const { return value_; }
  [[nodiscard]] bool ascending() const { return ascending_; }

 private:
  Fragment expression_;
  Fragment value_;
  bool ascending_;
};
/// Rows after the given one: a row comparison where all columns go one way, else nested ones that an index on the first
/// column still serves.
[[nodiscard]] Fragment keyset_condition(std::span<const KeysetPart> parts);

/// `text` with each $n replaced by the mark, and its value at that place.
[[nodiscard]] Fragment renumbered(std::string_view text, const std::vector<Parameters>& values);

[[nodiscard]] Fragment search_document(std::string_view configuration, const std::vector<std::string_view>& columns);
[[nodiscard]] Fragment search_query(std::string_view configuration, std::string_view words);

}  // namespace detail

template <Mapped T, class... Values>
Condition<T> sql(Literal text, const Values&... values) {
  return detail::ExpressionAccess::make<Condition<T>>(
      detail::renumbered(text.text(), std::vector<Parameters>{Parameters::of(values)...}));
}

/// Full-text search by words as people type them (websearch_to_tsquery: quotes, or, -).
template <class T>
class FullText {
 public:
  FullText(detail::Fragment document, detail::Fragment query)
      : document_(std::move(document)), query_(std::move(query)) {}
  /// document @@ query
  [[nodiscard]] Condition<T> matches() const {
    detail::Fragment text = document_;
    text << " @@ " << query_;
    return detail::ExpressionAccess::make<Condition<T>>(std::move(text));
  }
  /// ts_rank(document, query), for order_by(desc(…)).
  [[nodiscard]] Expression<T, float> rank() const {
    detail::Fragment text("ts_rank(");
    text << document_ << ", " << query_ << ")";
    return detail::ExpressionAccess::make<Expression<T, float>>(std::move(text));
  }

 private:
  detail::Fragment document_;
  detail::Fragment query_;
};

/// Searches text columns. An index serves it where it is on the same expression: to_tsvector('english', title), or for
/// several columns to_tsvector('english', coalesce(title, '') || ' ' || coalesce(body, '')).
template <class T, class... Members>
requires(sizeof...(Members) > 0)
    [[nodiscard]] FullText<T> full_text(Literal configuration, std::string_view words, Members T::*... columns) {
  return {detail::search_document(configuration.text(), {detail::column_name(columns)...}),
          detail::search_query(configuration.text(), words)};
}
/// Searches a tsvector column of the table, which need not be mapped.
template <Mapped T>
[[nodiscard]] FullText<T> full_text_in(Literal configuration, std::string_view words, Literal tsvector_column) {
  return {detail::aliased_column(tsvector_column.text()), detail::search_query(configuration.text(), words)};
}

}  // namespace quell::db
