#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>

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
};

template <class Parent, class Holder, class... Nested>
class Load {
 public:
  Load(Strategy strategy, Holder Parent::*member, std::tuple<Nested...> nested)
      : strategy_(strategy), member_(member), nested_(std::move(nested)) {}

  /// How the loaded objects' own relations are loaded.
  template <class... More>
  [[nodiscard]] Load<Parent, Holder, Nested..., More...> with(More... more) const {
    return {strategy_, member_, std::tuple_cat(nested_, std::tuple<More...>(std::move(more)...))};
  }

  [[nodiscard]] Strategy strategy() const { return strategy_; }
  [[nodiscard]] Holder Parent::*member() const { return member_; }
  [[nodiscard]] const std::tuple<Nested...>& nested() const { return nested_; }

 private:
  Strategy strategy_;
  Holder Parent::*member_;
  std::tuple<Nested...> nested_;
};

template <class Parent, class Holder>
[[nodiscard]] Load<Parent, Holder> selectin(Holder Parent::*member) {
  return {Strategy::selectin, member, {}};
}
template <class Parent, class Holder>
[[nodiscard]] Load<Parent, Holder> joined(Holder Parent::*member) {
  return {Strategy::joined, member, {}};
}
template <class Parent, class Holder>
[[nodiscard]] Load<Parent, Holder> raise(Holder Parent::*member) {
  return {Strategy::raise, member, {}};
}
/// The default; takes a relation out of a strategy chosen elsewhere.
template <class Parent, class Holder>
[[nodiscard]] Load<Parent, Holder> lazy(Holder Parent::*member) {
  return {Strategy::lazy, member, {}};
}

namespace detail {

/// Placeholders in the text of conditions, replaced when the whole statement is put together.
inline constexpr char kParameterMark = '\1';
inline constexpr char kAliasMark = '\2';

/// `\2."name"`
[[nodiscard]] std::string aliased_column(std::string_view name);

template <class Parent>
class LoadStep;
template <class Parent, class Holder, class... Nested>
std::shared_ptr<const LoadStep<Parent>> make_relation_step(Load<Parent, Holder, Nested...> load);

}  // namespace detail
}  // namespace quell::db
