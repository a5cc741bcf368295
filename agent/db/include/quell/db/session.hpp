#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <quell/db/connection.hpp>
#include <quell/db/detail/arena.hpp>
#include <quell/db/select.hpp>

namespace quell::db {

class Session;

/// Objects a session loaded, in the order of the query. Keeps every object of its session alive, so it may outlive it.
template <class T>
class Objects : public ObjectRange<T> {
 public:
  Objects() = default;

 private:
  friend class Session;
  std::shared_ptr<detail::Arena> arena_;
};

/// Loads mapped objects over one connection, one object for each table and key (identity map): an object read again
/// keeps the values it has. Lives as long as a unit of work, such as a request. Same thread and same one-at-a-time rule
/// as its connection, which must outlive it.
class Session {
 public:
  explicit Session(Connection& connection) : connection_(&connection), arena_(std::make_shared<detail::Arena>()) {}

  /// Every object the select finds, each once, with the relations it asks for.
  template <Mapped T>
  [[nodiscard]] Awaitable<Objects<T>> all(Select<T> select, CallSite site = CallSite::current());
  /// The first object, null where there is none.
  template <Mapped T>
  [[nodiscard]] Awaitable<T*> first(Select<T> select, CallSite site = CallSite::current());
  /// By key; without a query where the session has it already. Null where there is none.
  template <Mapped T>
  [[nodiscard]] Awaitable<T*> get(detail::KeyOf<T> key, CallSite site = CallSite::current());
  /// Rows that match, whatever limit and offset say.
  template <Mapped T>
  [[nodiscard]] Awaitable<std::int64_t> count(Select<T> select, CallSite site = CallSite::current());

  /// Loads one relation of one object: lazy loading, one query unless it is loaded or its object is here already. In a
  /// loop this is the N+1; load the whole range instead.
  template <Mapped Parent, class Holder>
  requires std::derived_from<Holder, detail::RelationHolder>
  [[nodiscard]] Awaitable<void> load(Parent& parent, Holder Parent::*member, CallSite site = CallSite::current());
  /// Loads one relation of all objects with one query (selectin).
  template <Mapped Parent, class Holder>
  requires std::derived_from<Holder, detail::RelationHolder>
  [[nodiscard]] Awaitable<void> load(const ObjectRange<Parent>& parents, Holder Parent::*member,
                                     CallSite site = CallSite::current());
  /// The same with nested relations: load(posts, selectin(&Post::comments).with(selectin(&Comment::author))).
  template <Mapped Parent, class Holder, class... Nested>
  [[nodiscard]] Awaitable<void> load(const ObjectRange<Parent>& parents, Load<Parent, Holder, Nested...> load,
                                     CallSite site = CallSite::current());

  [[nodiscard]] Connection& connection() { return *connection_; }
  [[nodiscard]] detail::Arena& arena() { return *arena_; }

 private:
  Connection* connection_;
  std::shared_ptr<detail::Arena> arena_;
};

}  // namespace quell::db

#include <quell/db/detail/session_impl.hpp>
