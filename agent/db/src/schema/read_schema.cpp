#include <quell/db/schema.hpp>
#include <quell/db/sync_connection.hpp>

namespace quell::db {
namespace {

/// Tables of the schema $1 that no extension made.
constexpr std::string_view kTables =
    "pg_class c join pg_namespace n on n.oid = c.relnamespace and n.nspname = $1 and c.relkind in ('r', 'p') and not "
    "c.relispartition and not exists (select from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = "
    "c.oid and d.deptype = 'e') ";

SyncResult ask(SyncConnection& connection, std::string_view schema, std::string_view columns, std::string_view more) {
  std::string text = "select ";
  text.append(columns).append(" from ").append(kTables).append(more);
  return connection.query(text, {{0, trace::Format::text, std::string(schema)}});
}

/// The rows of one result belong to tables in the order of their names.
TableSchema& table_named(Schema& schema, std::string_view name) {
  for (TableSchema& table : schema.tables)
    if (table.name == name) return table;
  return schema.tables.emplace_back(TableSchema{std::string(name), {}, {}, {}, {}});
}

void read_columns(SyncConnection& connection, std::string_view name, Schema& schema) {
  const SyncResult rows =
      ask(connection, name,
          "c.relname, a.attname, format_type(a.atttypid, a.atttypmod), not a.attnotnull, "
          "a.attidentity <> '', coalesce(pg_get_expr(d.adbin, d.adrelid), ''), a.attgenerated <> ''",
          "left join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped "
          "left join pg_attrdef d on d.adrelid = c.oid and d.adnum = a.attnum order by c.relname, a.attnum");
  for (std::size_t row = 0; row < rows.rows(); ++row) {
    TableSchema& table = table_named(schema, rows.value(row, 0));
    if (rows.is_null(row, 1)) continue;  // a table without columns
    ColumnSchema& column = table.columns.emplace_back();
    column.name = rows.value(row, 1);
    column.type = rows.value(row, 2);
    column.nullable = rows.value(row, 3) == "t";
    column.identity = rows.value(row, 4) == "t";
    column.default_sql = rows.value(row, 5);
    column.generated = rows.value(row, 6) == "t";
  }
}

void read_keys(SyncConnection& connection, std::string_view name, Schema& schema) {
  const SyncResult rows =
      ask(connection, name,
          "c.relname, k.conname, k.contype, a.attname, coalesce(t.relname, ''), coalesce(b.attname, ''), "
          "pg_get_constraintdef(k.oid)",
          "join pg_constraint k on k.conrelid = c.oid and k.contype in ('p', 'f') "
          "cross join lateral unnest(k.conkey) with ordinality as u (number, place) "
          "join pg_attribute a on a.attrelid = c.oid and a.attnum = u.number "
          "left join pg_class t on t.oid = k.confrelid "
          "left join pg_attribute b on b.attrelid = k.confrelid and b.attnum = k.confkey[u.place] "
          "order by c.relname, k.conname, u.place");
  for (std::size_t row = 0; row < rows.rows(); ++row) {
    TableSchema& table = table_named(schema, rows.value(row, 0));
    if (rows.value(row, 2) == "p") {
      table.primary_key.emplace_back(rows.value(row, 3));
      continue;
    }
    if (table.foreign_keys.empty() || table.foreign_keys.back().name != rows.value(row, 1)) {
      ForeignKeySchema& key = table.foreign_keys.emplace_back();
      key.name = rows.value(row, 1);
      key.table = rows.value(row, 4);
      key.definition = rows.value(row, 6);
    }
    table.foreign_keys.back().columns.emplace_back(rows.value(row, 3));
    table.foreign_keys.back().target_columns.emplace_back(rows.value(row, 5));
  }
}

void read_indexes(SyncConnection& connection, std::string_view name, Schema& schema) {
  const SyncResult rows = ask(
      connection, name,
      "c.relname, ic.relname, a.attname, i.indisunique, exists (select from pg_constraint k where k.conindid = "
      "i.indexrelid and k.contype = 'u' and k.conrelid = c.oid), pg_get_indexdef(i.indexrelid)",
      "join pg_index i on i.indrelid = c.oid and not i.indisprimary and not i.indisexclusion and i.indpred is null and "
      "i.indexprs is null join pg_class ic on ic.oid = i.indexrelid "
      "cross join lateral unnest(i.indkey) with ordinality as u (number, place) "
      "join pg_attribute a on a.attrelid = c.oid and a.attnum = u.number "
      "where u.place <= i.indnkeyatts order by c.relname, ic.relname, u.place");
  for (std::size_t row = 0; row < rows.rows(); ++row) {
    TableSchema& table = table_named(schema, rows.value(row, 0));
    if (table.indexes.empty() || table.indexes.back().name != rows.value(row, 1)) {
      IndexSchema& index = table.indexes.emplace_back();
      index.name = rows.value(row, 1);
      index.unique = rows.value(row, 3) == "t";
      index.constraint = rows.value(row, 4) == "t";
      index.definition = rows.value(row, 5);
    }
    table.indexes.back().columns.emplace_back(rows.value(row, 2));
  }
}

}  // namespace

Schema read_schema(SyncConnection& connection, std::string_view name) {
  Schema schema;
  read_columns(connection, name, schema);
  read_keys(connection, name, schema);
  read_indexes(connection, name, schema);
  return schema;
}

}  // namespace quell::db
