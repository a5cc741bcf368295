#include "analyzer/advise/catalog.hpp"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>
#include <quell/db/statement.hpp>
#include <quell/db/sync_connection.hpp>

namespace quell::advise {

namespace {

constexpr const char* kTableSql = R"(
  SELECT c.oid, n.nspname, c.relname, c.relkind,
         CASE WHEN c.relkind = 'p' THEN leaves.tuples ELSE c.reltuples END,
         CASE WHEN c.relkind = 'p' THEN leaves.pages ELSE pg_catalog.pg_relation_size(c.oid) / 8192 END,
         n.nspname IN ('pg_catalog', 'information_schema') OR n.nspname LIKE 'pg\_toast%'
  FROM pg_catalog.pg_class c
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  LEFT JOIN LATERAL (
    WITH RECURSIVE tree(oid) AS (
      SELECT c.oid UNION ALL
      SELECT i.inhrelid FROM pg_catalog.pg_inherits i JOIN tree ON i.inhparent = tree.oid)
    SELECT pg_catalog.sum(CASE WHEN p.reltuples > 0 THEN p.reltuples ELSE 0 END) AS tuples,
           pg_catalog.sum(pg_catalog.pg_relation_size(p.oid)) / 8192 AS pages
    FROM tree JOIN pg_catalog.pg_class p ON p.oid = tree.oid WHERE p.relkind = 'r') leaves ON c.relkind = 'p'
  WHERE c.oid = pg_catalog.to_regclass($1))";

constexpr const char* kColumnSql = R"(
  SELECT a.attname, pg_catalog.format_type(a.atttypid, a.atttypmod),
         EXISTS (SELECT 1 FROM pg_catalog.pg_opclass o JOIN pg_catalog.pg_am m ON m.oid = o.opcmethod
                 WHERE m.amname = 'btree' AND o.opcdefault
                   AND (o.opcintype = b.oid OR (b.typtype = 'e' AND o.opcintype = 'pg_catalog.anyenum'::regtype)
                        OR (b.typcategory = 'A' AND o.opcintype = 'pg_catalog.anyarray'::regtype)
                        OR (b.typtype = 'r' AND o.opcintype = 'pg_catalog.anyrange'::regtype)
                        OR (b.oid = 'pg_catalog.varchar'::regtype AND o.opcintype = 'pg_catalog.text'::regtype))),
         b.oid IN ('pg_catalog.text'::regtype, 'pg_catalog.varchar'::regtype, 'pg_catalog.bpchar'::regtype),
         coalesce(l.collcollate IN ('C', 'POSIX')
                  OR (l.collname = 'default' AND d.datcollate IN ('C', 'POSIX')), true),
         coalesce(s.avg_width, CASE WHEN b.typlen > 0 THEN b.typlen ELSE 32 END),
         CASE WHEN b.typlen < 0 THEN 1 WHEN b.typalign = 'd' THEN 8 WHEN b.typalign = 'i' THEN 4
              WHEN b.typalign = 's' THEN 2 ELSE 1 END,
         s.n_distinct, coalesce(s.null_frac, 0)
  FROM pg_catalog.pg_attribute a
  JOIN pg_catalog.pg_class c ON c.oid = a.attrelid
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
  JOIN pg_catalog.pg_type b ON b.oid = CASE WHEN t.typtype = 'd' THEN t.typbasetype ELSE t.oid END
  JOIN pg_catalog.pg_database d ON d.datname = pg_catalog.current_database()
  LEFT JOIN pg_catalog.pg_collation l ON l.oid = a.attcollation
  LEFT JOIN LATERAL (
    SELECT * FROM pg_catalog.pg_stats s WHERE s.schemaname = n.nspname AND s.tablename = c.relname
      AND s.attname = a.attname ORDER BY s.inherited DESC LIMIT 1) s ON true
  WHERE a.attrelid = $1 AND a.attnum > 0 AND NOT a.attisdropped
  ORDER BY a.attnum)";

constexpr const char* kIndexSql = R"(
  SELECT i.indexrelid, x.relname, m.amname, i.indisunique, i.indisvalid, i.indpred IS NOT NULL,
         coalesce(a.attname, ''), i.indoption[k.position - 1], o.opcdefault
  FROM pg_catalog.pg_index i
  JOIN pg_catalog.pg_class x ON x.oid = i.indexrelid
  JOIN pg_catalog.pg_am m ON m.oid = x.relam
  CROSS JOIN LATERAL pg_catalog.generate_series(1, {key_count}) AS k(position)
  JOIN pg_catalog.pg_opclass o ON o.oid = i.indclass[k.position - 1]
  LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[k.position - 1] AND a.attnum <> 0
  WHERE i.indrelid = $1
  ORDER BY x.relname, k.position)";

db::SyncParameter text_parameter(std::string value) {
  db::SyncParameter parameter;
  parameter.bytes = std::move(value);
  return parameter;
}

double to_double(std::string_view text, double otherwise) {
  double number = otherwise;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

bool is_true(std::string_view text) {
  return text == "t";
}

std::vector<CatalogColumn> load_columns(db::SyncConnection& connection, std::uint32_t oid, double rows) {
  const auto result = connection.query(kColumnSql, {text_parameter(std::to_string(oid))});
  std::vector<CatalogColumn> columns;
  for (std::size_t row = 0; row < result.rows(); ++row) {
    CatalogColumn& column = columns.emplace_back();
    column.name = result.value(row, 0);
    column.type = result.value(row, 1);
    column.btree = is_true(result.value(row, 2));
    column.textual = is_true(result.value(row, 3));
    column.plain_order = is_true(result.value(row, 4));
    column.average_width = to_double(result.value(row, 5), 4);
    column.alignment = static_cast<std::size_t>(to_double(result.value(row, 6), 1));
    if (!result.is_null(row, 7)) {
      const double distinct = to_double(result.value(row, 7), 0);  // negative: a share of the rows
      column.n_distinct = std::max(1.0, distinct < 0 ? -distinct * rows : distinct);
    }
    column.null_fraction = to_double(result.value(row, 8), 0);
  }
  return columns;
}

std::vector<CatalogIndex> load_indexes(db::SyncConnection& connection, std::uint32_t oid) {
  // INCLUDE came with 11, and with it indnkeyatts.
  const char* key_count = connection.server_version() >= 110000 ? "i.indnkeyatts" : "i.indnatts";
  const auto result =
      connection.query(fmt::format(kIndexSql, fmt::arg("key_count", key_count)), {text_parameter(std::to_string(oid))});
  std::vector<CatalogIndex> indexes;
  std::string previous;
  for (std::size_t row = 0; row < result.rows(); ++row) {
    if (row == 0 || result.value(row, 0) != previous) {
      previous = result.value(row, 0);
      CatalogIndex& index = indexes.emplace_back();
      index.name = result.value(row, 1);
      index.method = result.value(row, 2);
      index.unique = is_true(result.value(row, 3));
      index.valid = is_true(result.value(row, 4));
      index.partial = is_true(result.value(row, 5));
    }
    const int option =
        static_cast<int>(to_double(result.value(row, 7), 0));  // INDOPTION_DESC 1, INDOPTION_NULLS_FIRST 2
    indexes.back().keys.push_back(
        {std::string(result.value(row, 6)), (option & 1) != 0, (option & 2) != 0, is_true(result.value(row, 8))});
  }
  return indexes;
}

}  // namespace

const CatalogColumn* CatalogTable::column(std::string_view column_name) const {
  const auto found = std::find_if(columns.begin(), columns.end(),
                                  [&](const CatalogColumn& column) { return column.name == column_name; });
  return found == columns.end() ? nullptr : &*found;
}

TableLookup look_up_table(db::SyncConnection& connection, const std::string& schema, const std::string& name) {
  const std::string full = (schema.empty() ? "" : db::quote_identifier(schema) + ".") + db::quote_identifier(name);
  const auto result = connection.query(kTableSql, {text_parameter(full)});
  if (result.rows() == 0) return {{}, fmt::format("table {} is not in this database", full)};
  if (is_true(result.value(0, 6))) return {{}, fmt::format("{} is a system table", full)};
  const std::string_view kind = result.value(0, 3);
  if (kind == "v") return {{}, fmt::format("{} is a view", full)};
  if (kind == "f") return {{}, fmt::format("{} is a foreign table", full)};
  if (kind != "r" && kind != "p" && kind != "m") return {{}, fmt::format("{} is not a table", full)};
  CatalogTable table;
  table.oid = static_cast<std::uint32_t>(to_double(result.value(0, 0), 0));
  table.schema = result.value(0, 1);
  table.name = result.value(0, 2);
  table.partitioned = kind == "p";
  const double tuples = to_double(result.value(0, 4), -1);
  table.rows = std::max(0.0, tuples);
  table.pages = to_double(result.value(0, 5), 0);
  table.analysed = tuples > 0 || table.pages == 0;
  table.columns = load_columns(connection, table.oid, table.rows);
  table.indexes = load_indexes(connection, table.oid);
  return {std::move(table), {}};
}

}  // namespace quell::advise
