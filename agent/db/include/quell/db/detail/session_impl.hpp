#pragma once

// The templates of session.hpp: one LoadStep for each relation a select asks for.

#include <string>
#include <string_view>
#include <tuple>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include <quell/db/session.hpp>

namespace quell::db::detail {

/// The parts of one select, put together by `assemble`.
struct SelectParts {
  SelectParts() = default;
  std::string columns;
  std::string_view table;
  std::string_view key;
  std::string inner_columns;  ///< of the table alone, for the subquery of a limit over joined collections
  std::string condition;      ///< with kAliasMark and kParameterMark; empty: none
  std::string order;          ///< with kAliasMark; empty: none
  bool limit = false;
  bool offset = false;
  std::string joins;
  std::string join_order;  ///< keys of joined collections: children come in the order of their key
};

/// The statement's text; parameters are numbered condition first, then limit, then offset.
[[nodiscard]] std::string assemble(const SelectParts& parts);

/// "select COLUMNS from TABLE t0 [join] where COLUMN = $1 | = any($1) [order by]".
struct KeyedSelect {
  KeyedSelect() = default;
  std::string columns;
  std::string from;
  std::string key_column;
  std::string order;
  std::string name;
};
[[nodiscard]] UnsafeStatement keyed_statement(const KeyedSelect& select, bool single);

[[noreturn]] void throw_raise(std::string_view table, std::string_view relation, const CallSite& site);
[[noreturn]] void throw_no_key(std::string_view table);

[[nodiscard]] std::string qualified(std::string_view alias, std::string_view column);
[[nodiscard]] std::string table_as(std::string_view table, std::string_view alias);

template <class T>
std::string_view key_column() {
  return column_name(Model<T>::kKey);
}

/// Tells what one joined query attached from what was loaded before it, and drops the repeats of a product of joins.
class JoinState {
 public:
  enum class Verdict { attach, skip };
  template <class Holder, class Child>
  Verdict judge(const void* step, const Holder& holder, Child* child) {
    const bool mine = !holder.is_loaded() || started_.contains(Seen{step, &holder, nullptr});
    if (!mine) return Verdict::skip;
    started_.insert(Seen{step, &holder, nullptr});
    return attached_.insert(Seen{step, &holder, child}).second ? Verdict::attach : Verdict::skip;
  }

 private:
  struct Seen {
    const void* step;
    const void* holder;
    const void* child;
    friend bool operator==(const Seen&, const Seen&) = default;
  };
  struct Hash {
    std::size_t operator()(const Seen& seen) const {
      const std::hash<const void*> hash;
      return hash(seen.step) ^ (hash(seen.holder) * 31) ^ (hash(seen.child) * 1009);
    }
  };
  std::unordered_set<Seen, Hash> started_;
  std::unordered_set<Seen, Hash> attached_;
};

struct JoinText {
  JoinText() = default;
  std::string columns;
  std::string joins;
  std::string order;
  int aliases = 1;
  bool has_collection = false;
  std::string next_alias() { return "t" + std::to_string(aliases++); }
};

template <class Parent>
class LoadStep {
 public:
  virtual ~LoadStep() = default;
  [[nodiscard]] virtual Strategy strategy() const = 0;
  /// Adds this relation's columns and joins, then those of its nested joined relations.
  virtual void join(JoinText& text, std::string_view parent_alias) const = 0;
  /// Reads this relation's columns of one row, in the order `join` wrote them. `parent` is null in a row without one.
  virtual void attach(Arena& arena, const Result& result, std::uint64_t row, std::size_t& column, Parent* parent,
                      JoinState& state) const = 0;
  /// Everything that needs statements of its own, for this relation and those nested in it.
  [[nodiscard]] virtual Awaitable<void> finish(Session& session, std::vector<Parent*> parents, CallSite site) const = 0;
};

template <class P, class C, class K>
void append_join(JoinText& text, const ManyToOne<P, C, K>& relation, std::string_view parent, std::string_view child) {
  text.joins += " left join " + table_as(Model<C>::kTable, child) + " on " + qualified(child, key_column<C>()) + " = " +
                qualified(parent, column_name(relation.foreign_key));
}
template <class P, class C, class K>
void append_join(JoinText& text, const OneToMany<P, C, K>& relation, std::string_view parent, std::string_view child) {
  text.joins += " left join " + table_as(Model<C>::kTable, child) + " on " +
                qualified(child, column_name(relation.foreign_key)) + " = " + qualified(parent, key_column<P>());
}
template <class P, class C>
void append_join(JoinText& text, const ManyToMany<P, C>& relation, std::string_view parent, std::string_view child) {
  const std::string link = "j" + std::string(child.substr(1));
  text.joins += " left join (" + table_as(relation.join_table, link) + " join " + table_as(Model<C>::kTable, child) +
                " on " + qualified(child, key_column<C>()) + " = " + qualified(link, relation.child_column) + ") on " +
                qualified(link, relation.parent_column) + " = " + qualified(parent, key_column<P>());
}

template <class Relation>
std::string step_name(std::string_view how, const Relation& relation) {
  std::string name(Model<typename Relation::ParentType>::kTable);
  return name.append(".").append(relation.name).append(" ").append(how);
}

template <class Key>
Awaitable<Result> run_keyed(Connection& connection, KeyedSelect select, std::vector<Key> keys, bool single,
                            CallSite site) {
  const UnsafeStatement statement = keyed_statement(select, single);
  Parameters parameters = single ? Parameters::of(keys.front()) : Parameters::of(keys);
  Result result = co_await connection.query(Call(statement, site), std::move(parameters));
  co_return result;
}

/// The key a foreign key refers to; nothing for NULL.
template <class Child, class Key>
std::optional<KeyOf<Child>> referred_key(const Key& foreign_key) {
  if constexpr (Nullable<Key>::kIs) {
    if (!foreign_key) return std::nullopt;
    return KeyOf<Child>(*foreign_key);
  } else {
    return KeyOf<Child>(foreign_key);
  }
}

// load_children: one statement for all `parents`, whose relation is not loaded yet; `single` for the lazy form.

template <class P, class C, class K>
Awaitable<void> load_children(Session& session, const ManyToOne<P, C, K> relation, std::vector<P*> parents, bool single,
                              CallSite site) {
  std::vector<KeyOf<C>> missing;
  std::unordered_set<KeyOf<C>> asked;
  for (P* parent : parents) {
    const auto key = referred_key<C>(parent->*relation.foreign_key);
    if (!key) {
      RelationAccess::set(parent->*relation.member, static_cast<C*>(nullptr));
    } else if (C* known = session.arena().template find<C>(*key)) {
      RelationAccess::set(parent->*relation.member, known);
    } else if (asked.insert(*key).second) {
      missing.push_back(*key);
    }
  }
  if (missing.empty()) co_return;
  KeyedSelect select;
  append_columns<C>(select.columns, "t0");
  select.from = table_as(Model<C>::kTable, "t0");
  select.key_column = qualified("t0", key_column<C>());
  select.name = step_name(single ? "lazy" : "selectin", relation);
  const Result result =
      co_await run_keyed<KeyOf<C>>(session.connection(), std::move(select), std::move(missing), single, site);
  for (std::uint64_t row = 0; row < result.size(); ++row) session.arena().template materialise<C>(result, row, 0);
  for (P* parent : parents) {
    if ((parent->*relation.member).is_loaded()) continue;
    RelationAccess::set(parent->*relation.member,
                        session.arena().template find<C>(*referred_key<C>(parent->*relation.foreign_key)));
  }
}

template <class P>
std::vector<KeyOf<P>> keys_of(const std::vector<P*>& parents) {
  std::vector<KeyOf<P>> keys;
  keys.reserve(parents.size());
  for (const P* parent : parents) keys.push_back(parent->*Model<P>::kKey);
  return keys;
}

template <class P>
std::unordered_map<KeyOf<P>, P*> by_key(const std::vector<P*>& parents) {
  std::unordered_map<KeyOf<P>, P*> map;
  map.reserve(parents.size());
  for (P* parent : parents) map.emplace(parent->*Model<P>::kKey, parent);
  return map;
}

template <class P, class C, class K>
Awaitable<void> load_children(Session& session, const OneToMany<P, C, K> relation, std::vector<P*> parents, bool single,
                              CallSite site) {
  KeyedSelect select;
  append_columns<C>(select.columns, "t0");
  select.from = table_as(Model<C>::kTable, "t0");
  select.key_column = qualified("t0", column_name(relation.foreign_key));
  select.order = qualified("t0", key_column<C>());
  select.name = step_name(single ? "lazy" : "selectin", relation);
  const Result result =
      co_await run_keyed<KeyOf<P>>(session.connection(), std::move(select), keys_of(parents), single, site);
  const auto owners = by_key(parents);
  for (std::uint64_t row = 0; row < result.size(); ++row) {
    C* child = session.arena().template materialise<C>(result, row, 0);
    if (child == nullptr) continue;
    const auto key = referred_key<P>(child->*relation.foreign_key);
    if (!key) continue;
    if (const auto owner = owners.find(*key); owner != owners.end())
      RelationAccess::add(owner->second->*relation.member, child);
  }
  for (P* parent : parents) RelationAccess::mark_loaded(parent->*relation.member);
}

template <class P, class C>
Awaitable<void> load_children(Session& session, const ManyToMany<P, C> relation, std::vector<P*> parents, bool single,
                              CallSite site) {
  KeyedSelect select;
  select.columns = qualified("j0", relation.parent_column);
  append_columns<C>(select.columns, "t0");
  select.from = table_as(relation.join_table, "j0") + " join " + table_as(Model<C>::kTable, "t0") + " on " +
                qualified("t0", key_column<C>()) + " = " + qualified("j0", relation.child_column);
  select.key_column = qualified("j0", relation.parent_column);
  select.order = qualified("t0", key_column<C>());
  select.name = step_name(single ? "lazy" : "selectin", relation);
  const Result result =
      co_await run_keyed<KeyOf<P>>(session.connection(), std::move(select), keys_of(parents), single, site);
  const auto owners = by_key(parents);
  for (std::uint64_t row = 0; row < result.size(); ++row) {
    C* child = session.arena().template materialise<C>(result, row, 1);
    const auto owner = owners.find(Field(result, row, 0).as<KeyOf<P>>());
    if (owner != owners.end()) RelationAccess::add(owner->second->*relation.member, child);
  }
  for (P* parent : parents) RelationAccess::mark_loaded(parent->*relation.member);
}

template <class Relation>
class RelationStep final : public LoadStep<typename Relation::ParentType> {
 public:
  using Parent = typename Relation::ParentType;
  using Child = typename Relation::ChildType;
  using Nested = std::vector<std::shared_ptr<const LoadStep<Child>>>;
  static constexpr bool kCollection =
      std::is_same_v<std::remove_cvref_t<decltype(std::declval<Parent&>().*std::declval<Relation>().member)>,
                     Many<Child>>;

  RelationStep(const Relation& relation, Strategy strategy, Nested nested)
      : relation_(relation), strategy_(strategy), nested_(std::move(nested)) {}

  [[nodiscard]] Strategy strategy() const override { return strategy_; }

  void join(JoinText& text, std::string_view parent_alias) const override {
    const std::string alias = text.next_alias();
    append_columns<Child>(text.columns, alias);
    append_join(text, relation_, parent_alias, alias);
    if (kCollection) {
      text.has_collection = true;
      text.order += ", " + qualified(alias, key_column<Child>());
    }
    for (const auto& step : nested_)
      if (step->strategy() == Strategy::joined) step->join(text, alias);
  }

  void attach(Arena& arena, const Result& result, std::uint64_t row, std::size_t& column, Parent* parent,
              JoinState& state) const override {
    Child* child = arena.materialise<Child>(result, row, column);
    column += kColumnCount<Child>;
    if (parent != nullptr) {
      auto& holder = parent->*relation_.member;
      if (state.judge(this, holder, child) == JoinState::Verdict::attach) {
        if (child != nullptr || !kCollection) {
          RelationAccess::add(holder, child);
        } else {
          RelationAccess::mark_loaded(holder);
        }
      }
    }
    for (const auto& step : nested_)
      if (step->strategy() == Strategy::joined) step->attach(arena, result, row, column, child, state);
  }

  [[nodiscard]] Awaitable<void> finish(Session& session, std::vector<Parent*> parents, CallSite site) const override {
    if (strategy_ == Strategy::lazy) co_return;
    if (strategy_ == Strategy::raise) {
      for (Parent* parent : parents) RelationAccess::forbid(parent->*relation_.member);
      co_return;
    }
    if (strategy_ == Strategy::selectin) {
      std::vector<Parent*> pending;
      for (Parent* parent : parents)
        if (!(parent->*relation_.member).is_loaded()) pending.push_back(parent);
      if (!pending.empty()) co_await load_children(session, relation_, std::move(pending), /*single=*/false, site);
    }
    if (nested_.empty()) co_return;
    const std::vector<Child*> children = loaded_children(parents);
    if (children.empty()) co_return;
    if (strategy_ == Strategy::selectin) {
      for (const auto& step : nested_)
        if (step->strategy() == Strategy::joined)
          throw UsageError("a joined relation inside a selectin one is not supported: make '" +
                           std::string(relation_.name) + "' joined or the nested one selectin");
    }
    for (const auto& step : nested_) co_await step->finish(session, children, site);
  }

 private:
  std::vector<Child*> loaded_children(const std::vector<Parent*>& parents) const {
    std::vector<Child*> children;
    std::unordered_set<Child*> seen;
    const auto take = [&](Child* child) {
      if (child != nullptr && seen.insert(child).second) children.push_back(child);
    };
    for (const Parent* parent : parents) {
      const auto& holder = parent->*relation_.member;
      if constexpr (kCollection) {
        for (Child* child : RelationAccess::objects(holder)) take(child);
      } else {
        take(RelationAccess::object(holder));
      }
    }
    return children;
  }

  Relation relation_;
  Strategy strategy_;
  Nested nested_;
};

template <class Parent, class Holder, class... Nested>
std::shared_ptr<const LoadStep<Parent>> make_relation_step(Load<Parent, Holder, Nested...> load) {
  std::shared_ptr<const LoadStep<Parent>> step;
  with_relation(load.member(), [&](const auto& relation) {
    using Relation = std::remove_cvref_t<decltype(relation)>;
    typename RelationStep<Relation>::Nested nested;
    std::apply([&](const auto&... inner) { (nested.push_back(make_relation_step(inner)), ...); }, load.nested());
    step = std::make_shared<RelationStep<Relation>>(relation, load.strategy(), std::move(nested));
  });
  return step;
}

template <class T>
SelectParts select_parts(const Select<T>& select) {
  SelectParts parts;
  parts.table = Model<T>::kTable;
  parts.key = key_column<T>();
  if (select.condition()) parts.condition = select.condition()->text();
  for (const auto& term : select.order()) {
    if (!parts.order.empty()) parts.order += ", ";
    parts.order += term.column + (term.descending ? " desc" : "");
  }
  parts.limit = select.row_limit().has_value();
  parts.offset = select.row_offset().has_value();
  return parts;
}

template <class T>
Parameters select_parameters(const Select<T>& select) {
  Parameters parameters;
  if (select.condition()) parameters.append(select.condition()->parameters());
  if (select.row_limit()) parameters.add(*select.row_limit());
  if (select.row_offset()) parameters.add(*select.row_offset());
  return parameters;
}

}  // namespace quell::db::detail

namespace quell::db {

template <Mapped T>
Awaitable<Objects<T>> Session::all(Select<T> select, CallSite site) {
  detail::SelectParts parts = detail::select_parts(select);
  detail::JoinText text;
  detail::append_columns<T>(text.columns, "t0");
  parts.inner_columns = text.columns;
  for (const auto& step : select.loads())
    if (step->strategy() == Strategy::joined) step->join(text, "t0");
  parts.columns = text.columns;
  parts.joins = text.joins;
  if (text.has_collection) parts.join_order = text.order;
  const UnsafeStatement statement(detail::assemble(parts), std::string(Model<T>::kTable) + " select");
  const Result result = co_await connection_->query(Call(statement, site), detail::select_parameters(select));

  Objects<T> objects;
  objects.arena_ = arena_;
  auto& found = detail::RelationAccess::objects(static_cast<ObjectRange<T>&>(objects));
  std::unordered_set<T*> seen;
  detail::JoinState state;
  for (std::uint64_t row = 0; row < result.size(); ++row) {
    T* object = arena_->template materialise<T>(result, row, 0);
    if (object == nullptr) detail::throw_no_key(Model<T>::kTable);
    std::size_t column = detail::kColumnCount<T>;
    for (const auto& step : select.loads())
      if (step->strategy() == Strategy::joined) step->attach(*arena_, result, row, column, object, state);
    if (seen.insert(object).second) found.push_back(object);
  }
  for (const auto& step : select.loads()) co_await step->finish(*this, found, site);
  co_return objects;
}

template <Mapped T>
Awaitable<T*> Session::first(Select<T> select, CallSite site) {
  select.limit(1);
  const Objects<T> objects = co_await all(std::move(select), site);
  co_return objects.empty() ? nullptr : &objects[0];
}

template <Mapped T>
Awaitable<T*> Session::get(detail::KeyOf<T> key, CallSite site) {
  if (T* known = arena_->template find<T>(key)) co_return known;
  Select<T> select;
  select.where(col(Model<T>::kKey) == key);
  const Objects<T> objects = co_await all(std::move(select), site);
  co_return objects.empty() ? nullptr : &objects[0];
}

template <Mapped T>
Awaitable<std::int64_t> Session::count(Select<T> select, CallSite site) {
  detail::SelectParts parts = detail::select_parts(select);
  parts.columns = "count(*)";
  parts.order.clear();
  parts.limit = parts.offset = false;
  const UnsafeStatement statement(detail::assemble(parts), std::string(Model<T>::kTable) + " count");
  Parameters parameters;
  if (select.condition()) parameters.append(select.condition()->parameters());
  const Result result = co_await connection_->query(Call(statement, site), std::move(parameters));
  co_return result.template one<std::int64_t>();
}

template <Mapped Parent, class Holder>
requires std::derived_from<Holder, detail::RelationHolder> Awaitable<void> Session::load(Parent& parent,
                                                                                         Holder Parent::*member,
                                                                                         CallSite site) {
  if ((parent.*member).is_loaded()) co_return;
  Awaitable<void> loading;
  detail::with_relation(member, [&](const auto& relation) {
    if (detail::RelationAccess::is_forbidden(parent.*member))
      detail::throw_raise(Model<Parent>::kTable, relation.name, site);
    loading = detail::load_children(*this, relation, std::vector<Parent*>{&parent}, /*single=*/true, site);
  });
  co_await std::move(loading);
}

template <Mapped Parent, class Holder>
requires std::derived_from<Holder, detail::RelationHolder> Awaitable<void> Session::load(
    const ObjectRange<Parent>& parents, Holder Parent::*member, CallSite site) {
  return load(parents, selectin(member), site);
}

template <Mapped Parent, class Holder, class... Nested>
Awaitable<void> Session::load(const ObjectRange<Parent>& parents, Load<Parent, Holder, Nested...> load, CallSite site) {
  const auto step = detail::make_relation_step(std::move(load));
  if (step->strategy() == Strategy::joined)
    throw UsageError("objects that are here already cannot be joined: load them with selectin");
  std::vector<Parent*> objects = detail::RelationAccess::objects(parents);
  co_await step->finish(*this, std::move(objects), site);
}

}  // namespace quell::db
