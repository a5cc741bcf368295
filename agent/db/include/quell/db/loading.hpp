#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include <quell/db/expression.hpp>
#include <quell/db/model.hpp>

/// How a relation is loaded. Said for each query:
///
///     select<Post>().with(selectin(&Post::author), joined(&Post::comments).with(selectin(&Comment::author)))
namespace quell::db {

enum class Strategy : std::uint8_t {
  lazy,      ///< by session.load() for one object at a time: one query a parent (N+1 in a loop)
  selectin,  ///< one more query for all parents: … where key = any($1)
  joined,    ///< in the same query, by LEFT JOIN
  raise,     ///< not at all: reading or loading it is a UsageError
  noload,    ///< not at all: it reads as nothing
};

namespace detail {

/// Which of the mapped columns a query has; empty: all of them.
using ColumnSet = std::vector<bool>;

/// The key and the named columns of T. Throws UsageError where another one is left out that is no Deferrable: it would
/// look like a value.
template <class T, class... Members>
ColumnSet only_columns(Members T::*... members);

template <class Holder>
struct ChildOf;
template <class Child>
struct ChildOf<One<Child>> {
  using Type = Child;
};
template <class Child>
struct ChildOf<Many<Child>> {
  using Type = Child;
};

struct LoadOptions {
  LoadOptions() = default;
  explicit LoadOptions(Strategy how) : strategy(how) {}
  Strategy strategy = Strategy::lazy;
  std::size_t chunk = 0;
  int depth = 1;
  Fragment condition;
  Fragment order;
  ColumnSet columns;
};

void append_condition(Fragment& condition, const Fragment& other);
void append_term(Fragment& list, const Fragment& term);

}  // namespace detail

template <class Parent, class Holder, class... Nested>
class Load {
 public:
  using Child = typename detail::ChildOf<Holder>::Type;

  Load(Holder Parent::*member, detail::LoadOptions options, std::tuple<Nested...> nested = {})
      : member_(member), options_(std::move(options)), nested_(std::move(nested)) {}

  /// How the loaded objects' own relations are loaded.
  template <class... More>
  [[nodiscard]] Load<Parent, Holder, Nested..., More...> with(More... more) const {
    return {member_, options_, std::tuple_cat(nested_, std::tuple<More...>(std::move(more)...))};
  }
  /// Only these objects. A collection that was loaded so holds no others until it is loaded anew.
  [[nodiscard]] Load where(const Condition<Child>& condition) const {
    Load copy = *this;
    detail::append_condition(copy.options_.condition, condition.fragment());
    return copy;
  }
  /// The order inside each collection, instead of by key.
  template <class... V>
  [[nodiscard]] Load order_by(const Order<Child, V>&... terms) const {
    Load copy = *this;
    (detail::append_term(copy.options_.order,
                         detail::order_term(terms.expression().fragment(), terms.descending(), terms.nulls())),
     ...);
    return copy;
  }
  /// As Select::load_only, for the loaded objects.
  template <class... Members>
  [[nodiscard]] Load load_only(Members Child::*... members) const {
    Load copy = *this;
    copy.options_.columns = detail::only_columns<Child>(members...);
    return copy;
  }
  /// Selectin asks for at most so many keys a statement, as SQLAlchemy does with 500. 0, the default, asks for all at
  /// once: one array is one parameter however long it is.
  [[nodiscard]] Load chunk(std::size_t keys) const {
    Load copy = *this;
    copy.options_.chunk = keys;
    return copy;
  }
  /// For relations of a table to itself: loads so many levels, or until there are no more. One query a level.
  [[nodiscard]] Load depth(int levels) const {
    static_assert(std::is_same_v<Parent, Child>, "depth is for relations of a table to itself");
    Load copy = *this;
    copy.options_.depth = levels;
    return copy;
  }

  [[nodiscard]] Holder Parent::*member() const { return member_; }
  [[nodiscard]] const detail::LoadOptions& options() const { return options_; }
  [[nodiscard]] const std::tuple<Nested...>& nested() const { return nested_; }

 private:
  Holder Parent::*member_;
  detail::LoadOptions options_;
  std::tuple<Nested...> nested_;
};

template <class Parent, class Holder>
[[nodiscard]] Load<Parent, Holder> selectin(Holder Parent::*member) {
  return {member, detail::LoadOptions(Strategy::selectin)};
}
template <class Parent, class Holder>
[[nodiscard]] Load<Parent, Holder> joined(Holder Parent::*member) {
  return {member, detail::LoadOptions(Strategy::joined)};
}
template <class Parent, class Holder>
[[nodiscard]] Load<Parent, Holder> raise(Holder Parent::*member) {
  return {member, detail::LoadOptions(Strategy::raise)};
}
template <class Parent, class Holder>
[[nodiscard]] Load<Parent, Holder> noload(Holder Parent::*member) {
  return {member, detail::LoadOptions(Strategy::noload)};
}
/// The default; takes a relation out of Select::strict.
template <class Parent, class Holder>
[[nodiscard]] Load<Parent, Holder> lazy(Holder Parent::*member) {
  return {member, detail::LoadOptions(Strategy::lazy)};
}

namespace detail {

template <class Parent>
class LoadStep;
template <class Parent, class Holder, class... Nested>
std::shared_ptr<const LoadStep<Parent>> make_relation_step(Load<Parent, Holder, Nested...> load);

[[noreturn]] void throw_left_out(std::string_view table, std::string_view column);

template <class T, class... Members>
ColumnSet only_columns(Members T::*... members) {
  ColumnSet columns(kColumnCount<T>, false);
  ((columns[column_position(members)] = true), ...);
  std::apply([&](auto... key) { ((columns[column_position(key)] = true), ...); }, as_tuple(Model<T>::kKey));
  std::size_t next = 0;
  boost::mp11::mp_for_each<MembersOf<T>>([&](auto described) {
    using Member = std::remove_cvref_t<decltype(std::declval<T&>().*described.pointer)>;
    if (!columns[next++] && !IsDeferrable<Member>::value) throw_left_out(Model<T>::kTable, described.name);
  });
  return columns;
}

}  // namespace detail
}  // namespace quell::db
