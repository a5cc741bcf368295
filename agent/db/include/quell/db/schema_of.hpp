#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include <quell/db/model.hpp>
#include <quell/db/schema.hpp>

/// The tables that models want. Beside what the mapping needs, a Model may say:
///
///     static constexpr auto kTypes = std::tuple(column_type(&User::name, "varchar(80)"));
///     static constexpr auto kIndexes = std::tuple(index("users_name_idx", &User::name),
///                                                 unique_index("users_email_key", &User::email));
namespace quell::db {

template <class... Members>
struct Index {
  std::string_view name;
  std::tuple<Members...> members;
  bool unique;
};
template <class... Members>
constexpr Index<Members...> index(std::string_view name, Members... members) {
  return {name, {members...}, false};
}
template <class... Members>
constexpr Index<Members...> unique_index(std::string_view name, Members... members) {
  return {name, {members...}, true};
}

namespace detail {

/// The server's name of the type of a C++ value; empty where it has none of its own.
[[nodiscard]] std::string sql_type(std::uint32_t type_oid);
/// "varchar(80)" as the server writes it.
[[nodiscard]] std::string canonical_type(std::string_view type);
/// Puts a table made by a many-to-many relation beside the models', once.
void add_join_table(Schema& schema, TableSchema table);
[[nodiscard]] ForeignKeySchema make_foreign_key(std::string_view table, std::vector<std::string> columns,
                                                std::string_view target, std::vector<std::string> target_columns);
/// Appends what is not there yet: both ends of a relation may declare it.
void add_foreign_key(TableSchema& table, ForeignKeySchema key);
/// Without `public.`. Throws UsageError where it is in another schema: read_schema would not see it.
[[nodiscard]] std::string table_name(std::string_view table);
[[noreturn]] void throw_no_type(std::string_view table, std::string_view column);

template <class T>
struct IsVector : std::false_type {};
template <class T>
struct IsVector<std::vector<T>> : std::true_type {
  using Element = typename Nullable<T>::Value;
};

template <class Value>
std::string sql_type_of() {
  if constexpr (std::is_same_v<Value, std::string>) {
    return "text";
  } else if constexpr (IsVector<Value>::value) {
    const std::string element = sql_type_of<typename IsVector<Value>::Element>();
    return element.empty() ? element : element + "[]";
  } else {
    return sql_type(Codec<Value>::kOid);
  }
}

/// columns_of as strings.
template <class Members>
std::vector<std::string> member_columns(const Members& members) {
  const auto columns = columns_of(members);
  return {columns.begin(), columns.end()};
}

/// Fills in the type of the column that `member` is mapped to.
template <class T, class Member>
void describe_type(ColumnSchema& column, Member T::*member) {
  using Value = BoundValue<Member>;
  column.type = sql_type_of<Value>();
  column.exact_type = !std::is_same_v<Value, std::string> && !std::is_same_v<Value, std::vector<std::string>>;
  if constexpr (requires { Model<T>::kTypes; }) {
    const auto declared = [&](const auto& type) {
      if (column_name(type.member) != column_name(member)) return;
      column.type = canonical_type(type.type);
      column.exact_type = true;
    };
    std::apply([&](const auto&... type) { (declared(type), ...); }, Model<T>::kTypes);
  }
  if (column.type.empty()) throw_no_type(Model<T>::kTable, column_name(member));
}

/// The columns of a join table, and the types of the keys they refer to.
template <class T>
void add_join_columns(TableSchema& table, const std::vector<std::string>& names) {
  std::size_t next = 0;
  const auto add = [&](auto member) {
    ColumnSchema column;
    column.name = names[next++];
    describe_type<T>(column, member);
    table.columns.push_back(std::move(column));
  };
  std::apply([&](auto... member) { (add(member), ...); }, as_tuple(Model<T>::kKey));
  table.primary_key.insert(table.primary_key.end(), names.begin(), names.end());
  add_foreign_key(table,
                  make_foreign_key(table.name, names, table_name(Model<T>::kTable), member_columns(Model<T>::kKey)));
}

template <class T>
TableSchema table_of() {
  TableSchema table;
  table.name = table_name(Model<T>::kTable);
  table.primary_key = member_columns(Model<T>::kKey);
  table.of_model = true;
  boost::mp11::mp_for_each<MembersOf<T>>([&](auto described) {
    using Member = decltype(member_type(described.pointer));
    ColumnSchema column;
    column.name = described.name;
    column.nullable = Nullable<Member>::kIs;
    describe_type<T>(column, described.pointer);
    column.identity =
        std::is_integral_v<BoundValue<Member>> && table.primary_key == std::vector<std::string>{column.name};
    if constexpr (requires { Model<T>::kGenerated; }) {
      const auto generated = member_columns(Model<T>::kGenerated);
      column.identity = column.identity && std::count(generated.begin(), generated.end(), column.name) > 0;
    }
    table.columns.push_back(std::move(column));
  });
  table.all_indexes = requires {
    Model<T>::kIndexes;
  };
  if constexpr (requires { Model<T>::kIndexes; }) {
    std::apply(
        [&](const auto&... index) {
          (table.indexes.push_back({std::string(index.name), member_columns(index.members), index.unique, false, {}}),
           ...);
        },
        Model<T>::kIndexes);
  }
  return table;
}

inline TableSchema* find_table(Schema& schema, std::string_view name) {
  for (TableSchema& table : schema.tables)
    if (table.name == name) return &table;
  return nullptr;
}

template <class Parent, class Child, class ForeignKey>
void add_relation(Schema& schema, const ManyToOne<Parent, Child, ForeignKey>& relation) {
  add_foreign_key(*find_table(schema, table_name(Model<Parent>::kTable)),
                  make_foreign_key(table_name(Model<Parent>::kTable), member_columns(relation.foreign_key),
                                   table_name(Model<Child>::kTable), member_columns(Model<Child>::kKey)));
}

template <class Parent, class Child, class ForeignKey>
void add_relation(Schema& schema, const OneToMany<Parent, Child, ForeignKey>& relation) {
  if (TableSchema* child = find_table(schema, table_name(Model<Child>::kTable)))
    add_foreign_key(*child, make_foreign_key(table_name(Model<Child>::kTable), member_columns(relation.foreign_key),
                                             table_name(Model<Parent>::kTable), member_columns(Model<Parent>::kKey)));
}

template <class Parent, class Child, std::size_t ParentColumns, std::size_t ChildColumns>
void add_relation(Schema& schema, const ManyToMany<Parent, Child, ParentColumns, ChildColumns>& relation) {
  TableSchema table;
  table.name = table_name(relation.join_table);
  table.of_model = true;
  table.all_indexes = false;
  add_join_columns<Parent>(table, {relation.parent_columns.begin(), relation.parent_columns.end()});
  add_join_columns<Child>(table, {relation.child_columns.begin(), relation.child_columns.end()});
  add_join_table(schema, std::move(table));
}

}  // namespace detail

/// The tables of `Models`, with a foreign key for each relation and a table for each many-to-many. A single integer key
/// is an identity column, unless Model<T>::kGenerated is declared without it. Throws UsageError where a column's C++
/// type has no SQL type and Model names none.
template <class... Models>
[[nodiscard]] Schema schema_of() {
  Schema schema;
  (schema.tables.push_back(detail::table_of<Models>()), ...);
  (detail::for_each_relation<Models>([&](const auto& relation) { detail::add_relation(schema, relation); }), ...);
  return schema;
}

}  // namespace quell::db
