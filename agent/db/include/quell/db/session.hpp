#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include <quell/db/connection.hpp>
#include <quell/db/detail/arena.hpp>
#include <quell/db/detail/statement_text.hpp>
#include <quell/db/select.hpp>
#include <quell/db/write.hpp>

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

namespace detail {
/// What sum() of a column gives, as the server has it.
template <class V>
struct SumOf {
  using Type = V;
};
template <>
struct SumOf<std::int16_t> {
  using Type = std::int64_t;
};
template <>
struct SumOf<std::int32_t> {
  using Type = std::int64_t;
};
template <>
struct SumOf<std::int64_t> {
  using Type = Numeric;
};
/// What avg() gives.
template <class V>
using AverageOf = std::conditional_t<std::is_floating_point_v<V>, double, Numeric>;

/// What a column is read as outside of its object.
template <class Member>
struct ColumnValue {
  using Type = Member;
};
template <class V>
struct ColumnValue<Deferrable<V>> {
  using Type = V;
};
template <class Member>
using ColumnValueOf = typename ColumnValue<Member>::Type;

template <class T>
std::vector<const T*> pointers_to(const std::vector<T>& objects) {
  std::vector<const T*> pointers;
  pointers.reserve(objects.size());
  for (const T& object : objects) pointers.push_back(&object);
  return pointers;
}
template <class T>
std::vector<const T*> pointers_to(const ObjectRange<T>& objects) {
  return {RelationAccess::objects(objects).begin(), RelationAccess::objects(objects).end()};
}
template <class T>
std::vector<KeyOf<T>> keys_of(const std::vector<const T*>& objects) {
  std::vector<KeyOf<T>> keys;
  keys.reserve(objects.size());
  for (const T* object : objects) keys.push_back(key_of(*object));
  return keys;
}
}  // namespace detail

/// Loads mapped objects over one connection, one object for each table and key (identity map): an object read again
/// keeps the values it has. Lives as long as a unit of work, such as a request. Same thread and same one-at-a-time rule
/// as its connection, which must outlive it.
class Session {
 public:
  explicit Session(Connection& connection) : connection_(&connection), arena_(std::make_shared<detail::Arena>()) {}

  /// Every object the select finds, each once, with the relations it asks for. One round trip, and one more for each
  /// level of selectin relations, however many there are on a level.
  template <Mapped T>
  [[nodiscard]] Awaitable<Objects<T>> all(Select<T> select, CallSite site = CallSite::current());
  /// The first object, null where there is none.
  template <Mapped T>
  [[nodiscard]] Awaitable<T*> first(Select<T> select, CallSite site = CallSite::current());
  /// By key; without a query where the session has it already. Null where there is none.
  template <Mapped T>
  [[nodiscard]] Awaitable<T*> get(detail::KeyOf<T> key, CallSite site = CallSite::current());
  /// The objects in the rows of a statement of your own, each once. A missing column is a DecodeError naming it unless
  /// it is Deferrable, and so is one that is not mapped.
  template <Mapped T, class... Values>
  [[nodiscard]] Awaitable<Objects<T>> query(Call call, const Values&... values) {
    return query_bound<T>(call, Parameters::of(values...));
  }

  /// Rows that match, whatever limit and offset say.
  template <Mapped T>
  [[nodiscard]] Awaitable<std::int64_t> count(Select<T> select, CallSite site = CallSite::current());
  /// Whether there are rows that match; stops at the first.
  template <Mapped T>
  [[nodiscard]] Awaitable<bool> exists(Select<T> select, CallSite site = CallSite::current());
  /// Rows that match for each value of a column, in its order: what there are none of is not there. The counts of all
  /// parents' children in one statement.
  template <Mapped T, class Member>
  [[nodiscard]] Awaitable<std::vector<std::pair<detail::ColumnValueOf<Member>, std::int64_t>>> count_by(
      Select<T> select, Member T::*member, CallSite site = CallSite::current());
  /// One column instead of objects.
  template <Mapped T, class Member>
  [[nodiscard]] Awaitable<std::vector<detail::ColumnValueOf<Member>>> values(Select<T> select, Member T::*member,
                                                                             CallSite site = CallSite::current());
  /// Over the rows that match, whatever limit and offset say; nothing where there are none but NULLs.
  template <Mapped T, class Member>
  [[nodiscard]] Awaitable<std::optional<detail::BoundValue<Member>>> min(Select<T> select, Member T::*member,
                                                                         CallSite site = CallSite::current()) {
    return aggregate<detail::BoundValue<Member>>("min", std::move(select), col(member).fragment(), site);
  }
  template <Mapped T, class Member>
  [[nodiscard]] Awaitable<std::optional<detail::BoundValue<Member>>> max(Select<T> select, Member T::*member,
                                                                         CallSite site = CallSite::current()) {
    return aggregate<detail::BoundValue<Member>>("max", std::move(select), col(member).fragment(), site);
  }
  /// Exact: the sum of int8 is numeric.
  template <Mapped T, class Member>
  [[nodiscard]] auto sum(Select<T> select, Member T::*member, CallSite site = CallSite::current()) {
    using Sum = typename detail::SumOf<detail::BoundValue<Member>>::Type;
    return aggregate<Sum>("sum", std::move(select), col(member).fragment(), site);
  }
  template <Mapped T, class Member>
  [[nodiscard]] auto avg(Select<T> select, Member T::*member, CallSite site = CallSite::current()) {
    return aggregate<detail::AverageOf<detail::BoundValue<Member>>>("avg", std::move(select), col(member).fragment(),
                                                                    site);
  }

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

  // Writes. Values that are given stay the caller's: they do not become objects of the session. Objects of the session
  // that an update is not about keep the values they have; read them again with Select::refresh.

  /// Model<T>::kGenerated columns are filled in from the new row.
  template <Mapped T>
  [[nodiscard]] Awaitable<void> insert(T& object, CallSite site = CallSite::current());
  /// All of them or none, in one statement: one array a column, through unnest. A table with array columns, which
  /// unnest would take apart, goes as one statement a row in one round trip.
  template <Mapped T>
  [[nodiscard]] Awaitable<void> insert(std::vector<T>& objects, CallSite site = CallSite::current());
  /// As insert, for rows that may be there already; returns how many were inserted or updated. The generated columns
  /// are filled in where the conflict updates. Two objects that conflict with each other are an error of the server.
  template <Mapped T>
  [[nodiscard]] Awaitable<std::uint64_t> upsert(std::vector<T>& objects, OnConflict<T> conflict,
                                                CallSite site = CallSite::current());
  /// By key, every column that is neither generated nor an unloaded Deferrable. False where there is no such row.
  template <Mapped T>
  [[nodiscard]] Awaitable<bool> update(const T& object, CallSite site = CallSite::current());
  /// Writes the named columns of all objects by key, in one statement; returns how many rows there were. No key twice.
  template <Mapped T>
  [[nodiscard]] Awaitable<std::uint64_t> update(const std::vector<T>& objects, Columns<T> columns,
                                                CallSite site = CallSite::current()) {
    return update_rows(detail::pointers_to(objects), columns.positions(), site);
  }
  template <Mapped T>
  [[nodiscard]] Awaitable<std::uint64_t> update(const ObjectRange<T>& objects, Columns<T> columns,
                                                CallSite site = CallSite::current()) {
    return update_rows(detail::pointers_to(objects), columns.positions(), site);
  }
  /// Deletes by key, in one statement; returns how many rows there were. The session forgets them.
  template <Mapped T>
  [[nodiscard]] Awaitable<std::uint64_t> erase(const T& object, CallSite site = CallSite::current()) {
    return erase_keys<T>({detail::key_of(object)}, site);
  }
  template <Mapped T>
  [[nodiscard]] Awaitable<std::uint64_t> erase(const std::vector<T>& objects, CallSite site = CallSite::current()) {
    return erase_keys<T>(detail::keys_of(detail::pointers_to(objects)), site);
  }
  template <Mapped T>
  [[nodiscard]] Awaitable<std::uint64_t> erase(const ObjectRange<T>& objects, CallSite site = CallSite::current()) {
    return erase_keys<T>(detail::keys_of(detail::pointers_to(objects)), site);
  }
  template <Mapped T>
  [[nodiscard]] Awaitable<std::uint64_t> erase_keys(std::vector<detail::KeyOf<T>> keys,
                                                    CallSite site = CallSite::current());
  /// By condition; returns how many rows were written.
  template <Mapped T>
  [[nodiscard]] Awaitable<std::uint64_t> execute(Update<T> update, CallSite site = CallSite::current());
  template <Mapped T>
  [[nodiscard]] Awaitable<std::uint64_t> execute(Erase<T> erase, CallSite site = CallSite::current());
  /// The rows as they are now, or were; objects the session has take their values.
  template <Mapped T>
  [[nodiscard]] Awaitable<Objects<T>> returning(Update<T> update, CallSite site = CallSite::current());
  template <Mapped T>
  [[nodiscard]] Awaitable<Objects<T>> returning(Erase<T> erase, CallSite site = CallSite::current());

  /// More than `queries` lazy loads of one relation from one line are an N+1: from then on they throw UsageError that
  /// names relation and line. 0, the default, allows any number.
  void limit_lazy_loads(std::size_t queries) { lazy_limit_ = queries; }

  [[nodiscard]] Connection& connection() { return *connection_; }

 private:
  template <Mapped T>
  [[nodiscard]] Awaitable<Objects<T>> query_bound(Call call, Parameters parameters);
  template <class V, Mapped T>
  [[nodiscard]] Awaitable<std::optional<V>> aggregate(std::string_view function, Select<T> select,
                                                      detail::Fragment expression, CallSite site);
  template <Mapped T>
  [[nodiscard]] Awaitable<std::uint64_t> write_rows(std::vector<T*> objects, const OnConflict<T>* conflict,
                                                    CallSite site);
  template <Mapped T>
  [[nodiscard]] Awaitable<std::uint64_t> update_rows(std::vector<const T*> objects, std::vector<std::size_t> columns,
                                                     CallSite site);
  template <Mapped T>
  [[nodiscard]] Awaitable<Objects<T>> returned(detail::BoundStatement bound, bool erased, CallSite site);
  [[nodiscard]] Awaitable<Result> run(detail::BoundStatement bound, CallSite site);
  void count_lazy_load(std::string_view table, const std::string_view& relation, const CallSite& site);

  Connection* connection_;
  std::shared_ptr<detail::Arena> arena_;
  std::size_t lazy_limit_ = 0;
  std::map<std::tuple<const void*, std::string_view, std::uint32_t>, std::size_t> lazy_loads_;
};

}  // namespace quell::db

#include <quell/db/detail/session_impl.hpp>
#include <quell/db/detail/write_impl.hpp>
