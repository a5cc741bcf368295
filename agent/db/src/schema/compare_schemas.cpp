#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <quell/db/schema.hpp>
#include <quell/db/statement.hpp>

namespace quell::db {
namespace {

/// Words that no table or column may be called without quotes (the manual, appendix C).
constexpr std::array<std::string_view, 97> kReserved{"all",
                                                     "analyse",
                                                     "analyze",
                                                     "and",
                                                     "any",
                                                     "array",
                                                     "as",
                                                     "asc",
                                                     "asymmetric",
                                                     "authorization",
                                                     "binary",
                                                     "both",
                                                     "case",
                                                     "cast",
                                                     "check",
                                                     "collate",
                                                     "collation",
                                                     "column",
                                                     "concurrently",
                                                     "constraint",
                                                     "create",
                                                     "cross",
                                                     "current_catalog",
                                                     "current_date",
                                                     "current_role",
                                                     "current_schema",
                                                     "current_time",
                                                     "current_timestamp",
                                                     "current_user",
                                                     "default",
                                                     "deferrable",
                                                     "desc",
                                                     "distinct",
                                                     "do",
                                                     "else",
                                                     "end",
                                                     "except",
                                                     "false",
                                                     "fetch",
                                                     "for",
                                                     "foreign",
                                                     "freeze",
                                                     "from",
                                                     "full",
                                                     "grant",
                                                     "group",
                                                     "having",
                                                     "ilike",
                                                     "in",
                                                     "initially",
                                                     "inner",
                                                     "intersect",
                                                     "into",
                                                     "is",
                                                     "isnull",
                                                     "join",
                                                     "lateral",
                                                     "leading",
                                                     "left",
                                                     "like",
                                                     "limit",
                                                     "localtime",
                                                     "localtimestamp",
                                                     "natural",
                                                     "not",
                                                     "notnull",
                                                     "null",
                                                     "offset",
                                                     "on",
                                                     "only",
                                                     "or",
                                                     "order",
                                                     "outer",
                                                     "overlaps",
                                                     "placing",
                                                     "primary",
                                                     "references",
                                                     "returning",
                                                     "right",
                                                     "select",
                                                     "session_user",
                                                     "similar",
                                                     "some",
                                                     "symmetric",
                                                     "system_user",
                                                     "table",
                                                     "tablesample",
                                                     "then",
                                                     "to",
                                                     "trailing",
                                                     "true",
                                                     "union",
                                                     "unique",
                                                     "user",
                                                     "using",
                                                     "variadic",
                                                     "verbose"};
constexpr std::array<std::string_view, 4> kReservedToo{"when", "where", "window", "with"};

std::string identifier(std::string_view name) {
  const bool plain = !name.empty() &&
                     name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_") == std::string::npos &&
                     (name.front() < '0' || name.front() > '9');
  const bool reserved = std::find(kReserved.begin(), kReserved.end(), name) != kReserved.end() ||
                        std::find(kReservedToo.begin(), kReservedToo.end(), name) != kReservedToo.end();
  return plain && !reserved ? std::string(name) : quote_identifier(name);
}

std::string list(const std::vector<std::string>& names) {
  std::vector<std::string> quoted;
  for (const std::string& name : names) quoted.push_back(identifier(name));
  return fmt::format("({})", fmt::join(quoted, ", "));
}

template <class Named>
const Named* find(const std::vector<Named>& all, std::string_view name) {
  const auto found = std::find_if(all.begin(), all.end(), [&](const Named& one) { return one.name == name; });
  return found == all.end() ? nullptr : &*found;
}

// One statement each, with its semicolon and line end.

std::string column_definition(const ColumnSchema& column) {
  std::string text = fmt::format("{} {}", identifier(column.name), column.type);
  if (column.identity) text += " generated by default as identity";
  // A sequence of a serial column is gone with it.
  if (!column.default_sql.empty() && !column.default_sql.starts_with("nextval("))
    text += " default " + column.default_sql;
  if (!column.nullable && !column.identity) text += " not null";
  return text;
}

std::string create_table(const TableSchema& table) {
  std::vector<std::string> lines;
  for (const ColumnSchema& column : table.columns) lines.push_back("  " + column_definition(column));
  if (!table.primary_key.empty()) lines.push_back("  primary key " + list(table.primary_key));
  return fmt::format("create table {} (\n{}\n);\n", identifier(table.name), fmt::join(lines, ",\n"));
}

std::string alter(const TableSchema& table, std::string_view action) {
  return fmt::format("alter table {} {};\n", identifier(table.name), action);
}

std::string create_index(const TableSchema& table, const IndexSchema& index) {
  if (index.constraint)
    return alter(table, fmt::format("add constraint {} unique {}", identifier(index.name), list(index.columns)));
  if (!index.definition.empty()) return index.definition + ";\n";
  return fmt::format("create {}index {} on {} {};\n", index.unique ? "unique " : "", identifier(index.name),
                     identifier(table.name), list(index.columns));
}

std::string drop_index(const TableSchema& table, const IndexSchema& index) {
  return index.constraint ? alter(table, "drop constraint " + identifier(index.name))
                          : fmt::format("drop index {};\n", identifier(index.name));
}

std::string add_foreign_key(const TableSchema& table, const ForeignKeySchema& key) {
  const std::string definition = !key.definition.empty()
                                     ? key.definition
                                     : fmt::format("foreign key {} references {} {}", list(key.columns),
                                                   identifier(key.table), list(key.target_columns));
  return alter(table, fmt::format("add constraint {} {}", identifier(key.name), definition));
}

std::string drop_foreign_key(const TableSchema& table, const ForeignKeySchema& key) {
  return alter(table, "drop constraint " + identifier(key.name));
}

bool same(const ForeignKeySchema& a, const ForeignKeySchema& b) {
  return a.columns == b.columns && a.table == b.table && a.target_columns == b.target_columns;
}
bool same(const IndexSchema& a, const IndexSchema& b) {
  return a.name == b.name && a.columns == b.columns && a.unique == b.unique;
}

template <class Part>
bool contains(const std::vector<Part>& all, const Part& wanted) {
  return std::any_of(all.begin(), all.end(), [&](const Part& one) { return same(one, wanted); });
}

class Comparison {
 public:
  Comparison(const Schema& from, const Schema& to, const std::vector<std::string>& keep)
      : from_(from), to_(to), keep_(keep) {}

  /// In an order that never meets what is not there yet or still needed; the way back is the reverse.
  SchemaChanges run() {
    for (const TableSchema& old : from_.tables) drop_foreign_keys(old);
    for_each_pair([&](const TableSchema& old, const TableSchema& wanted) { drop_indexes(old, wanted); });
    for (const TableSchema& old : from_.tables)
      if (goes(old.name)) drop_table(old);
    for_each_pair([&](const TableSchema& old, const TableSchema& wanted) { drop_columns(old, wanted); });
    for (const TableSchema& wanted : to_.tables)
      if (find(from_.tables, wanted.name) == nullptr)
        change("create table " + wanted.name, create_table(wanted),
               fmt::format("drop table {};\n", identifier(wanted.name)));
    for_each_pair([&](const TableSchema& old, const TableSchema& wanted) { add_columns(old, wanted); });
    for_each_pair([&](const TableSchema& old, const TableSchema& wanted) { alter_columns(old, wanted); });
    for (const TableSchema& wanted : to_.tables) create_indexes(wanted);
    for (const TableSchema& wanted : to_.tables) add_foreign_keys(wanted);
    return std::move(changes_);
  }

 private:
  bool goes(const std::string& table) const {
    return find(to_.tables, table) == nullptr && std::find(keep_.begin(), keep_.end(), table) == keep_.end();
  }

  static bool loses_column(const std::vector<std::string>& columns, const TableSchema& wanted) {
    return std::any_of(columns.begin(), columns.end(),
                       [&](const std::string& column) { return find(wanted.columns, column) == nullptr; });
  }

  template <class Visit>
  void for_each_pair(Visit visit) const {
    for (const TableSchema& old : from_.tables)
      if (const TableSchema* wanted = find(to_.tables, old.name)) visit(old, *wanted);
  }

  void change(const std::string& summary, const std::string& up, const std::string& down) {
    changes_.summary.push_back(summary);
    changes_.up_sql += up;
    changes_.down_sql = down + changes_.down_sql;
  }

  void drop_foreign_keys(const TableSchema& old) {
    const TableSchema* wanted = find(to_.tables, old.name);
    for (const ForeignKeySchema& key : old.foreign_keys) {
      const bool unwanted = wanted != nullptr && (loses_column(key.columns, *wanted) ||
                                                  (wanted->all_foreign_keys && !contains(wanted->foreign_keys, key)));
      if (goes(old.name) || goes(key.table) || unwanted)
        change(fmt::format("drop foreign key {}.{}", old.name, key.name), drop_foreign_key(old, key),
               add_foreign_key(old, key));
    }
  }

  void drop_indexes(const TableSchema& old, const TableSchema& wanted) {
    for (const IndexSchema& index : old.indexes) {
      const bool renewed = find(wanted.indexes, index.name) != nullptr;
      if (!contains(wanted.indexes, index) && (wanted.all_indexes || renewed || loses_column(index.columns, wanted)))
        change(fmt::format("drop index {}", index.name), drop_index(old, index), create_index(old, index));
    }
  }

  void drop_table(const TableSchema& old) {
    std::string back = create_table(old);
    for (const IndexSchema& index : old.indexes) back += create_index(old, index);
    change(
        "drop table " + old.name,
        fmt::format("-- Loses the rows of {0}; the way back makes it empty and without its checks and triggers. If it "
                    "was renamed: alter table {0} rename to ...\ndrop table {0};\n",
                    identifier(old.name)),
        back);
  }

  void drop_columns(const TableSchema& old, const TableSchema& wanted) {
    for (const ColumnSchema& column : old.columns) {
      if (find(wanted.columns, column.name) != nullptr) continue;
      std::string comment = fmt::format("-- Loses the values of {}.{}.", old.name, column.name);
      for (const ColumnSchema& added : wanted.columns)
        if (find(old.columns, added.name) == nullptr && added.type == column.type)
          comment += fmt::format(" If it was renamed: alter table {} rename column {} to {}", identifier(old.name),
                                 identifier(column.name), identifier(added.name));
      change(fmt::format("drop column {}.{}", old.name, column.name),
             comment + "\n" + alter(old, "drop column " + identifier(column.name)),
             alter(old, "add column " + column_definition(column)));
    }
  }

  void add_columns(const TableSchema& old, const TableSchema& wanted) {
    for (const ColumnSchema& column : wanted.columns) {
      if (find(old.columns, column.name) != nullptr) continue;
      const bool required = !column.nullable && !column.identity && column.default_sql.empty();
      change(fmt::format("add column {}.{}", old.name, column.name),
             (required ? "-- Fails where the table has rows: give it a default, or fill it before it is NOT NULL.\n"
                       : "") +
                 alter(old, "add column " + column_definition(column)),
             alter(old, "drop column " + identifier(column.name)));
    }
  }

  void alter_columns(const TableSchema& old, const TableSchema& wanted) {
    if (old.primary_key != wanted.primary_key)
      change(fmt::format("primary key of {}", old.name),
             fmt::format("-- The primary key of {} is {}, the models want {}: write this step by hand.\n", old.name,
                         list(old.primary_key), list(wanted.primary_key)),
             "");
    for (const ColumnSchema& column : wanted.columns) {
      const ColumnSchema* before = find(old.columns, column.name);
      if (before == nullptr) continue;
      const std::string name = identifier(column.name);
      const auto change_type = [&](const std::string& type) {
        return alter(old, fmt::format("alter column {0} type {1} using {0}::{1}", name, type));
      };
      const auto change_null = [&](bool nullable) {
        return alter(old, fmt::format("alter column {} {} not null", name, nullable ? "drop" : "set"));
      };
      if (column.exact_type && before->type != column.type)
        change(fmt::format("change type of {}.{} from {} to {}", old.name, column.name, before->type, column.type),
               change_type(column.type), change_type(before->type));
      if (before->nullable != column.nullable)
        change(fmt::format("make {}.{} {}", old.name, column.name, column.nullable ? "nullable" : "not null"),
               change_null(column.nullable), change_null(before->nullable));
    }
  }

  void create_indexes(const TableSchema& wanted) {
    const TableSchema* old = find(from_.tables, wanted.name);
    for (const IndexSchema& index : wanted.indexes)
      if (old == nullptr || !contains(old->indexes, index))
        change(fmt::format("create index {}", index.name), create_index(wanted, index),
               old == nullptr ? "" : drop_index(wanted, index));
  }

  void add_foreign_keys(const TableSchema& wanted) {
    const TableSchema* old = find(from_.tables, wanted.name);
    for (const ForeignKeySchema& key : wanted.foreign_keys)
      if (old == nullptr || !contains(old->foreign_keys, key))
        change(fmt::format("add foreign key {}.{}", wanted.name, key.name), add_foreign_key(wanted, key),
               drop_foreign_key(wanted, key));
  }

  const Schema& from_;
  const Schema& to_;
  const std::vector<std::string>& keep_;
  SchemaChanges changes_;
};

}  // namespace

SchemaChanges compare_schemas(const Schema& from, const Schema& to, const std::vector<std::string>& keep) {
  return Comparison(from, to, keep).run();
}

}  // namespace quell::db
