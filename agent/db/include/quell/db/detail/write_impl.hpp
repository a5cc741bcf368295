#pragma once

// The templates of session.hpp that write.

#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include <quell/db/detail/write_text.hpp>
#include <quell/db/pipeline.hpp>
#include <quell/db/session.hpp>

namespace quell::db::detail {

/// Columns of T as positions among the mapped ones.
using Positions = std::vector<std::size_t>;

template <class Declared>
Positions positions_of(const Declared& members) {
  return std::apply([](auto... member) { return Positions{column_position(member)...}; }, as_tuple(members));
}

template <class T>
Positions generated_columns() {
  if constexpr (requires { Model<T>::kGenerated; }) {
    return positions_of(Model<T>::kGenerated);
  } else {
    return {};
  }
}

/// All mapped columns but those of `left_out`.
template <class T>
Positions columns_without(const Positions& left_out) {
  Positions columns;
  for (std::size_t i = 0; i < kColumnCount<T>; ++i)
    if (std::find(left_out.begin(), left_out.end(), i) == left_out.end()) columns.push_back(i);
  return columns;
}

template <class T>
std::vector<std::string_view> names_of(const Positions& columns) {
  std::vector<std::string_view> names;
  for (const std::size_t column : columns) names.push_back(column_names<T>()[column]);
  return names;
}

template <class T>
std::vector<WrittenColumn> written(const Positions& columns) {
  std::vector<WrittenColumn> written;
  for (const std::size_t column : columns) written.emplace_back(column_names<T>()[column], declared_type<T>(column));
  return written;
}

/// Calls `visit` with the member pointer of one column.
template <class T, class Visit>
void with_column(std::size_t position, Visit&& visit) {
  std::size_t next = 0;
  boost::mp11::mp_for_each<MembersOf<T>>([&](auto member) {
    if (next++ == position) visit(member.pointer);
  });
}

template <class Member>
const ColumnValueOf<Member>& column_value(const Member& member) {
  if constexpr (IsDeferrable<Member>::value) {
    return member.get();
  } else {
    return member;
  }
}

/// One row's values as one parameter each.
template <class T>
void add_row(Parameters& parameters, const T& object, const Positions& columns) {
  for (const std::size_t column : columns)
    with_column<T>(column, [&](auto member) { parameters.add(column_value(object.*member)); });
}

/// What one value is as an element of an array parameter; text is not copied.
template <class V>
struct ArrayValue {
  using Type = V;
};
template <>
struct ArrayValue<std::string> {
  using Type = std::string_view;
};
template <>
struct ArrayValue<std::optional<std::string>> {
  using Type = std::optional<std::string_view>;
};
/// The server's unnest takes arrays of arrays apart into single elements.
template <class Member>
inline constexpr bool kFitsArray = std::is_void_v<typename ArrayElement<BoundValue<Member>>::Type>;

/// All rows' values as one array parameter for each column.
template <class T>
void add_columns(Parameters& parameters, const std::vector<const T*>& objects, const Positions& columns) {
  for (const std::size_t column : columns) {
    with_column<T>(column, [&](auto member) {
      using Member = std::remove_cvref_t<decltype(std::declval<T&>().*member)>;
      if constexpr (kFitsArray<Member>) {
        std::vector<typename ArrayValue<ColumnValueOf<Member>>::Type> values;
        values.reserve(objects.size());
        for (const T* object : objects) values.emplace_back(column_value(object->*member));
        parameters.add(values);
      }
    });
  }
}

template <class T>
bool fit_arrays(const Positions& columns) {
  bool fit = !columns.empty();
  for (const std::size_t column : columns) {
    with_column<T>(column, [&](auto member) {
      fit = fit && kFitsArray<std::remove_cvref_t<decltype(std::declval<T&>().*member)>>;
    });
  }
  return fit;
}

/// Writes one row of a RETURNING back into its object.
template <class T>
void take_row(T& object, const Result& result, std::uint64_t row, const Positions& columns) {
  std::size_t next = 0;
  for (const std::size_t column : columns) {
    with_column<T>(column, [&](auto member) {
      using Member = std::remove_cvref_t<decltype(object.*member)>;
      object.*member = Field(result, row, next).template as<ColumnValueOf<Member>>();
    });
    ++next;
  }
}

template <class T>
std::vector<T*> pointers_to(std::vector<T>& objects) {
  std::vector<T*> pointers;
  pointers.reserve(objects.size());
  for (T& object : objects) pointers.push_back(&object);
  return pointers;
}
template <class T>
WriteParts write_parts(const Positions& columns) {
  WriteParts parts;
  parts.table = Model<T>::kTable;
  parts.key = key_columns<T>();
  parts.columns = written<T>(columns);
  return parts;
}

template <class T>
std::string write_name(std::string_view what) {
  return std::string(Model<T>::kTable) + " " + std::string(what);
}

/// "t0.a, t0.b" for all mapped columns.
template <class T>
std::string all_columns() {
  std::string columns;
  append_columns<T>(columns, "t0", {});
  return columns;
}

}  // namespace quell::db::detail

namespace quell::db {

template <Mapped T>
Awaitable<void> Session::insert(T& object, CallSite site) {
  const auto generated = detail::generated_columns<T>();
  const auto columns = detail::columns_without<T>(generated);
  detail::WriteParts parts = detail::write_parts<T>(columns);
  parts.returning = detail::names_of<T>(generated);
  const UnsafeStatement statement(detail::insert_text(parts), detail::write_name<T>("insert"));
  Parameters parameters;
  detail::add_row(parameters, object, columns);
  const Result result = co_await connection_->query(Call(statement, site), std::move(parameters));
  if (generated.empty()) co_return;
  if (result.size() != 1) detail::throw_row_count(Model<T>::kTable, 1, result.size());
  detail::take_row(object, result, 0, generated);
}

template <Mapped T>
Awaitable<void> Session::insert(std::vector<T>& objects, CallSite site) {
  co_await write_rows<T>(detail::pointers_to(objects), nullptr, site);
}

template <Mapped T>
Awaitable<std::uint64_t> Session::upsert(std::vector<T>& objects, OnConflict<T> conflict, CallSite site) {
  co_return co_await write_rows<T>(detail::pointers_to(objects), &conflict, site);
}

template <Mapped T>
Awaitable<std::uint64_t> Session::write_rows(std::vector<T*> objects, const OnConflict<T>* conflict, CallSite site) {
  if (objects.empty()) co_return 0;
  const auto generated = detail::generated_columns<T>();
  const auto columns = detail::columns_without<T>(generated);
  // A row that an upsert drops returns nothing, and then nobody knows which one the others are.
  const bool returns = !generated.empty() && (conflict == nullptr || !conflict->updated().empty());
  detail::WriteParts parts = detail::write_parts<T>(columns);
  if (returns) parts.returning = detail::names_of<T>(generated);
  if (conflict != nullptr) {
    parts.has_conflict = true;
    parts.conflict = conflict->columns();
    parts.updated = conflict->updated();
  }
  const std::string name = detail::write_name<T>(conflict == nullptr ? "insert" : "upsert");

  if (detail::fit_arrays<T>(columns)) {
    const UnsafeStatement statement(detail::bulk_insert_text(parts), name);
    Parameters parameters;
    const std::vector<const T*> read(objects.begin(), objects.end());
    detail::add_columns(parameters, read, columns);
    const Result result = co_await connection_->query(Call(statement, site), std::move(parameters));
    if (!returns) co_return result.affected();
    if (result.size() != objects.size()) detail::throw_row_count(Model<T>::kTable, objects.size(), result.size());
    for (std::uint64_t row = 0; row < result.size(); ++row) detail::take_row(*objects[row], result, row, generated);
    co_return result.size();
  }

  const UnsafeStatement statement(detail::insert_text(parts), name);
  Pipeline pipeline(*connection_);
  std::vector<PipelineSlot<Result>> slots;
  for (const T* object : objects) {
    Parameters parameters;
    detail::add_row(parameters, *object, columns);
    slots.push_back(pipeline.add(Call(statement, site), std::move(parameters)));
  }
  co_await pipeline.run(PipelineMode::atomic);
  std::uint64_t affected = 0;
  for (std::size_t i = 0; i < slots.size(); ++i) {
    const Result& result = slots[i].get();
    affected += result.affected();
    if (!returns) continue;
    if (result.size() != 1) detail::throw_row_count(Model<T>::kTable, 1, result.size());
    detail::take_row(*objects[i], result, 0, generated);
  }
  co_return affected;
}

template <Mapped T>
Awaitable<bool> Session::update(const T& object, CallSite site) {
  detail::Positions fixed = detail::positions_of(Model<T>::kKey);
  const detail::Positions key = fixed;
  for (const std::size_t column : detail::generated_columns<T>()) fixed.push_back(column);
  detail::Positions columns;
  for (const std::size_t column : detail::columns_without<T>(fixed)) {
    detail::with_column<T>(column, [&](auto member) {
      using Member = std::remove_cvref_t<decltype(object.*member)>;
      if constexpr (detail::IsDeferrable<Member>::value) {
        if (!(object.*member).is_loaded()) return;
      }
      columns.push_back(column);
    });
  }
  const UnsafeStatement statement(detail::update_text(detail::write_parts<T>(columns)),
                                  detail::write_name<T>("update"));
  Parameters parameters;
  detail::add_row(parameters, object, columns);
  detail::add_row(parameters, object, key);
  const Result result = co_await connection_->query(Call(statement, site), std::move(parameters));
  co_return result.affected() > 0;
}

template <Mapped T>
Awaitable<std::uint64_t> Session::update_rows(std::vector<const T*> objects, std::vector<std::size_t> columns,
                                              CallSite site) {
  if (objects.empty()) co_return 0;
  const detail::Positions key = detail::positions_of(Model<T>::kKey);
  const detail::WriteParts parts = detail::write_parts<T>(columns);
  const std::string name = detail::write_name<T>("bulk update");
  if (detail::fit_arrays<T>(columns)) {
    const UnsafeStatement statement(detail::bulk_update_text(parts, detail::written<T>(key)), name);
    Parameters parameters;
    detail::add_columns(parameters, objects, columns);
    detail::add_columns(parameters, objects, key);
    const Result result = co_await connection_->query(Call(statement, site), std::move(parameters));
    co_return result.affected();
  }
  const UnsafeStatement statement(detail::update_text(parts), name);
  Pipeline pipeline(*connection_);
  std::vector<PipelineSlot<Result>> slots;
  for (const T* object : objects) {
    Parameters parameters;
    detail::add_row(parameters, *object, columns);
    detail::add_row(parameters, *object, key);
    slots.push_back(pipeline.add(Call(statement, site), std::move(parameters)));
  }
  co_await pipeline.run(PipelineMode::atomic);
  std::uint64_t affected = 0;
  for (const auto& slot : slots) affected += slot.get().affected();
  co_return affected;
}

template <Mapped T>
Awaitable<std::uint64_t> Session::erase_keys(std::vector<detail::KeyOf<T>> keys, CallSite site) {
  if (keys.empty()) co_return 0;
  const UnsafeStatement statement(detail::erase_text(Model<T>::kTable, detail::key_columns<T>()),
                                  detail::write_name<T>("erase"));
  const Result result = co_await connection_->query(Call(statement, site), detail::key_arrays(keys));
  for (const auto& key : keys) arena_->template forget<T>(key);
  co_return result.affected();
}

template <Mapped T>
Awaitable<std::uint64_t> Session::execute(Update<T> update, CallSite site) {
  detail::BoundStatement bound =
      detail::assemble_update(Model<T>::kTable, update.assignments(), update.condition(), update.is_about_all(), {});
  const Result result = co_await run(std::move(bound), site);
  co_return result.affected();
}

template <Mapped T>
Awaitable<std::uint64_t> Session::execute(Erase<T> erase, CallSite site) {
  detail::BoundStatement bound = detail::assemble_erase(Model<T>::kTable, erase.condition(), erase.is_about_all(), {});
  const Result result = co_await run(std::move(bound), site);
  co_return result.affected();
}

template <Mapped T>
Awaitable<Objects<T>> Session::returning(Update<T> update, CallSite site) {
  return returned<T>(detail::assemble_update(Model<T>::kTable, update.assignments(), update.condition(),
                                             update.is_about_all(), detail::all_columns<T>()),
                     /*erased=*/false, site);
}

template <Mapped T>
Awaitable<Objects<T>> Session::returning(Erase<T> erase, CallSite site) {
  return returned<T>(
      detail::assemble_erase(Model<T>::kTable, erase.condition(), erase.is_about_all(), detail::all_columns<T>()),
      /*erased=*/true, site);
}

template <Mapped T>
Awaitable<Objects<T>> Session::returned(detail::BoundStatement bound, bool erased, CallSite site) {
  const Result result = co_await run(std::move(bound), site);
  const CallSite& origin = arena_->keep(site);
  const detail::RowShape<T> shape(0);
  Objects<T> objects;
  objects.arena_ = arena_;
  auto& found = detail::RelationAccess::objects(static_cast<ObjectRange<T>&>(objects));
  for (std::uint64_t row = 0; row < result.size(); ++row) {
    T* object = arena_->template refresh<T>(result, row, shape, origin);
    if (object == nullptr) detail::throw_no_key(Model<T>::kTable);
    found.push_back(object);
    if (erased) arena_->template forget<T>(detail::key_of(*object));
  }
  co_return objects;
}

}  // namespace quell::db
