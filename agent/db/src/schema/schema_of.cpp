#include <quell/db/schema_of.hpp>

#include <algorithm>
#include <cctype>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace quell::db::detail {
namespace {

struct TypeName {
  std::string_view written;
  std::string_view canonical;
};

/// Spellings that format_type() replaces.
constexpr std::array<TypeName, 18> kAliases{{{"int", "integer"},
                                             {"int2", "smallint"},
                                             {"int4", "integer"},
                                             {"int8", "bigint"},
                                             {"bool", "boolean"},
                                             {"float", "double precision"},
                                             {"float4", "real"},
                                             {"float8", "double precision"},
                                             {"decimal", "numeric"},
                                             {"dec", "numeric"},
                                             {"varchar", "character varying"},
                                             {"char", "character"},
                                             {"bpchar", "character"},
                                             {"varbit", "bit varying"},
                                             {"timestamp", "timestamp without time zone"},
                                             {"timestamptz", "timestamp with time zone"},
                                             {"time", "time without time zone"},
                                             {"timetz", "time with time zone"}}};

}  // namespace

std::string sql_type(std::uint32_t type_oid) {
  return type_oid == oid::kUnspecified || type_oid >= 16384 ? std::string() : canonical_type(type_name(type_oid));
}

std::string canonical_type(std::string_view type) {
  std::string lower;
  for (const char c : type) lower += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  const std::size_t end = lower.find_first_of("([");
  std::string base = lower.substr(0, end);
  std::string rest = end == std::string::npos ? "" : lower.substr(end);
  while (!base.empty() && base.back() == ' ') base.pop_back();
  std::erase(rest, ' ');
  for (const TypeName& alias : kAliases) {
    if (alias.written != base) continue;
    // The precision of a time stands inside its name: timestamp(3) without time zone.
    const std::size_t space = alias.canonical.find(' ');
    if (rest.starts_with('(') && base.starts_with("time")) {
      const std::size_t close = rest.find(')') + 1;
      return fmt::format("{}{}{}{}", alias.canonical.substr(0, space), rest.substr(0, close),
                         alias.canonical.substr(space), rest.substr(close));
    }
    return std::string(alias.canonical) + rest;
  }
  return base + rest;
}

ForeignKeySchema make_foreign_key(std::string_view table, std::vector<std::string> columns, std::string_view target,
                                  std::vector<std::string> target_columns) {
  ForeignKeySchema key;
  key.name = fmt::format("{}_{}_fkey", table, fmt::join(columns, "_"));
  key.columns = std::move(columns);
  key.table = std::string(target);
  key.target_columns = std::move(target_columns);
  return key;
}

void add_foreign_key(TableSchema& table, ForeignKeySchema key) {
  const bool known = std::any_of(table.foreign_keys.begin(), table.foreign_keys.end(), [&](const auto& other) {
    return other.columns == key.columns && other.table == key.table;
  });
  if (!known) table.foreign_keys.push_back(std::move(key));
  for (ColumnSchema& column : table.columns)
    for (const ForeignKeySchema& known_key : table.foreign_keys)
      if (known_key.columns == std::vector<std::string>{column.name}) column.identity = false;
}

void add_join_table(Schema& schema, TableSchema table) {
  if (find_table(schema, table.name) == nullptr) schema.tables.push_back(std::move(table));
}

std::string table_name(std::string_view table) {
  constexpr std::string_view kPublic = "public.";
  if (table.starts_with(kPublic)) table.remove_prefix(kPublic.size());
  if (table.find('.') != std::string_view::npos)
    throw UsageError(
        fmt::format("table '{}' is not in the schema public, the only one that models are compared with", table));
  return std::string(table);
}

void throw_no_type(std::string_view table, std::string_view column) {
  throw UsageError(
      fmt::format("column '{}' of '{}' has a C++ type with no SQL type of its own: name it in kTypes", column, table));
}

}  // namespace quell::db::detail
