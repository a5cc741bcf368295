#pragma once

// The templates of session.hpp.

#include <memory>
#include <string>
#include <string_view>
#include <tuple>
#include <unordered_set>
#include <utility>
#include <vector>

#include <quell/db/detail/load_plan.hpp>
#include <quell/db/detail/statement_text.hpp>
#include <quell/db/session.hpp>

namespace quell::db::detail {

[[noreturn]] void throw_raise(std::string_view table, std::string_view relation, const CallSite& site);
[[noreturn]] void throw_no_key(std::string_view table);
[[noreturn]] void throw_cannot_join(std::string_view table, std::string_view relation);
/// For each mapped column its place among the result's, SIZE_MAX where it is not there. Throws DecodeError naming a
/// missing or an extra column.
void match_columns(const Result& result, std::string_view table, const std::string_view* names, const bool* may_lack,
                   std::size_t* places, std::size_t count);

template <class Parent, class Holder, class... Nested>
std::shared_ptr<const LoadStep<Parent>> make_relation_step(Load<Parent, Holder, Nested...> load) {
  std::shared_ptr<const LoadStep<Parent>> step;
  with_relation(load.member(), [&](const auto& relation) {
    using Relation = std::remove_cvref_t<decltype(relation)>;
    typename RelationStep<Relation>::Nested nested;
    std::apply([&](const auto&... inner) { (nested.push_back(make_relation_step(inner)), ...); }, load.nested());
    step = std::make_shared<RelationStep<Relation>>(relation, load.options(), std::move(nested));
  });
  return step;
}

/// All but what is selected.
template <class T>
SelectParts select_parts(const Select<T>& select) {
  SelectParts parts;
  parts.table = Model<T>::kTable;
  parts.key = key_columns<T>();
  parts.condition = select.condition();
  parts.order = select.order();
  parts.limit = select.row_limit();
  parts.offset = select.row_offset();
  parts.distinct = select.is_distinct();
  parts.distinct_on = select.distinct_columns();
  parts.lock = select.row_lock();
  parts.lock_wait = select.lock_wait();
  return parts;
}

template <class T>
RowShape<T> named_columns(const Result& result) {
  static const auto kMayLack = [] {
    std::array<bool, kColumnCount<T>> may_lack{};
    std::size_t next = 0;
    boost::mp11::mp_for_each<MembersOf<T>>([&](auto described) {
      may_lack[next++] = IsDeferrable<std::remove_cvref_t<decltype(std::declval<T&>().*described.pointer)>>::value;
    });
    return may_lack;
  }();
  std::array<std::size_t, kColumnCount<T>> places{};
  match_columns(result, Model<T>::kTable, column_names<T>().data(), kMayLack.data(), places.data(), places.size());
  return RowShape<T>(places);
}

}  // namespace quell::db::detail

namespace quell::db {

template <Mapped T>
Awaitable<Objects<T>> Session::all(Select<T> select, CallSite site) {
  const detail::LoadContext context(*arena_, site, select.is_strict());
  detail::SelectParts parts = detail::select_parts(select);
  std::string columns;
  detail::append_columns<T>(columns, "t0", select.columns());
  parts.what = detail::Fragment(std::move(columns));
  parts.name = std::string(Model<T>::kTable) + " select";
  detail::join_all(select.loads(), parts.joined, "t0");
  const Result result = co_await run(detail::assemble(parts), site);

  Objects<T> objects;
  objects.arena_ = arena_;
  auto& found = detail::RelationAccess::objects(static_cast<ObjectRange<T>&>(objects));
  const detail::RowShape<T> shape(0, select.columns());
  std::unordered_set<T*> seen;
  detail::JoinState state;
  for (std::uint64_t row = 0; row < result.size(); ++row) {
    T* object = arena_->template materialise<T>(result, row, shape, *context.origin);
    if (object == nullptr) detail::throw_no_key(Model<T>::kTable);
    if (seen.insert(object).second) {
      found.push_back(object);
      if (select.is_refresh()) arena_->template refresh<T>(result, row, shape, *context.origin);
    }
    std::size_t column = shape.end();
    detail::attach_all(select.loads(), context, result, row, column, object, state);
  }
  detail::LoadLevel level;
  detail::plan_all(select.loads(), context, found, level);
  co_await detail::run_levels(*connection_, std::move(level), site);
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
  std::apply(
      [&](auto... member) {
        if constexpr (sizeof...(member) == 1) {
          (select.where(col(member) == key), ...);
        } else {
          std::apply([&](const auto&... part) { (select.where(col(member) == part), ...); }, key);
        }
      },
      detail::as_tuple(Model<T>::kKey));
  const Objects<T> objects = co_await all(std::move(select), site);
  co_return objects.empty() ? nullptr : &objects[0];
}

template <Mapped T>
Awaitable<Objects<T>> Session::query_bound(Call call, Parameters parameters) {
  const detail::LoadContext context(*arena_, call.site(), /*is_strict=*/false);
  const Result result = co_await connection_->query(call, std::move(parameters));
  const detail::RowShape<T> shape = detail::named_columns<T>(result);
  Objects<T> objects;
  objects.arena_ = arena_;
  auto& found = detail::RelationAccess::objects(static_cast<ObjectRange<T>&>(objects));
  std::unordered_set<T*> seen;
  for (std::uint64_t row = 0; row < result.size(); ++row) {
    T* object = arena_->template materialise<T>(result, row, shape, *context.origin);
    if (object == nullptr) detail::throw_no_key(Model<T>::kTable);
    if (seen.insert(object).second) found.push_back(object);
  }
  co_return objects;
}

template <Mapped T>
Awaitable<std::int64_t> Session::count(Select<T> select, CallSite site) {
  detail::SelectParts parts = detail::select_parts(select);
  parts.name = std::string(Model<T>::kTable) + " count";
  const Result result = co_await run(detail::assemble_count(parts), site);
  co_return result.template one<std::int64_t>();
}

template <Mapped T>
Awaitable<bool> Session::exists(Select<T> select, CallSite site) {
  detail::SelectParts parts = detail::select_parts(select);
  parts.name = std::string(Model<T>::kTable) + " exists";
  const Result result = co_await run(detail::assemble_exists(parts), site);
  co_return result.template one<bool>();
}

template <Mapped T, class Member>
Awaitable<std::vector<std::pair<detail::ColumnValueOf<Member>, std::int64_t>>> Session::count_by(Select<T> select,
                                                                                                 Member T::*member,
                                                                                                 CallSite site) {
  detail::SelectParts parts;
  parts.table = Model<T>::kTable;
  parts.condition = select.condition();
  parts.what = parts.group = parts.order = col(member).fragment();
  parts.what << ", count(*)";
  parts.name = std::string(Model<T>::kTable) + " count by";
  const Result result = co_await run(detail::assemble(parts), site);
  co_return result.template as<std::pair<detail::ColumnValueOf<Member>, std::int64_t>>();
}

template <Mapped T, class Member>
Awaitable<std::vector<detail::ColumnValueOf<Member>>> Session::values(Select<T> select, Member T::*member,
                                                                      CallSite site) {
  detail::SelectParts parts = detail::select_parts(select);
  parts.what = col(member).fragment();
  parts.name = std::string(Model<T>::kTable) + " values";
  const Result result = co_await run(detail::assemble(parts), site);
  co_return result.template as<detail::ColumnValueOf<Member>>();
}

template <class V, Mapped T>
Awaitable<std::optional<V>> Session::aggregate(std::string_view function, Select<T> select, detail::Fragment expression,
                                               CallSite site) {
  detail::SelectParts parts;
  parts.table = Model<T>::kTable;
  parts.condition = select.condition();
  parts.what << function << "(" << expression << ")";
  parts.name = std::string(Model<T>::kTable) + " " + std::string(function);
  const Result result = co_await run(detail::assemble(parts), site);
  co_return result.template one<std::optional<V>>();
}

template <Mapped Parent, class Holder>
requires std::derived_from<Holder, detail::RelationHolder> Awaitable<void> Session::load(Parent& parent,
                                                                                         Holder Parent::*member,
                                                                                         CallSite site) {
  if ((parent.*member).is_loaded()) co_return;
  const detail::LoadContext context(*arena_, site, /*is_strict=*/false);
  std::shared_ptr<const void> step;  // outlives the level
  detail::LoadLevel level;
  detail::with_relation(member, [&](const auto& relation) {
    using Relation = std::remove_cvref_t<decltype(relation)>;
    if (detail::RelationAccess::is_forbidden(parent.*member))
      detail::throw_raise(Model<Parent>::kTable, relation.name, site);
    const auto lazy_step = std::make_shared<const detail::RelationStep<Relation>>(
        relation, detail::LoadOptions(Strategy::lazy), typename detail::RelationStep<Relation>::Nested());
    const std::vector<Parent*> parents{&parent};
    level.push_back(std::make_unique<detail::RelationTask<Relation>>(context, *lazy_step, parents, /*depth=*/1));
    if (!level.back()->is_ready()) count_lazy_load(Model<Parent>::kTable, relation.name, site);
    step = lazy_step;
  });
  co_await detail::run_levels(*connection_, std::move(level), site);
}

template <Mapped Parent, class Holder>
requires std::derived_from<Holder, detail::RelationHolder> Awaitable<void> Session::load(
    const ObjectRange<Parent>& parents, Holder Parent::*member, CallSite site) {
  return load(parents, selectin(member), site);
}

template <Mapped Parent, class Holder, class... Nested>
Awaitable<void> Session::load(const ObjectRange<Parent>& parents, Load<Parent, Holder, Nested...> load, CallSite site) {
  if (load.options().strategy == Strategy::joined) {
    detail::with_relation(
        load.member(), [&](const auto& relation) { detail::throw_cannot_join(Model<Parent>::kTable, relation.name); });
  }
  const detail::LoadContext context(*arena_, site, /*is_strict=*/false);
  const auto step = detail::make_relation_step(std::move(load));
  detail::LoadLevel level;
  step->plan(context, detail::RelationAccess::objects(parents), level);
  co_await detail::run_levels(*connection_, std::move(level), site);
}

}  // namespace quell::db
