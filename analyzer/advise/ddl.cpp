#include <algorithm>
#include <array>
#include <cmath>
#include <string_view>

#include <fmt/format.h>
#include <quell/db/statement.hpp>

#include "analyzer/advise/candidate.hpp"

namespace quell::advise {

namespace {

// PostgreSQL's keywords that cannot name a column or table bare (manual, appendix C: "reserved" with and without
// "can be function or type").
constexpr std::array kReserved = std::to_array<std::string_view>({"all",
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
                                                                  "verbose",
                                                                  "when",
                                                                  "where",
                                                                  "window",
                                                                  "with"});

constexpr std::size_t kLongestName = 63;

bool is_bare(std::string_view name) {
  const auto lower = [](char c) { return (c >= 'a' && c <= 'z') || c == '_'; };
  const auto digit = [](char c) { return c >= '0' && c <= '9'; };
  return !name.empty() && lower(name[0]) &&
         std::all_of(name.begin(), name.end(), [&](char c) { return lower(c) || digit(c); }) &&
         std::find(kReserved.begin(), kReserved.end(), name) == kReserved.end();
}

void cut_to(std::string& name, std::size_t size) {
  if (name.size() <= size) return;
  while (size > 0 && (static_cast<unsigned char>(name[size]) & 0xC0) == 0x80) --size;  // inside a UTF-8 character
  name.resize(size);
}

double align(double size, double to) {
  return std::ceil(size / to) * to;
}

}  // namespace

std::string quote_if_needed(const std::string& identifier) {
  return is_bare(identifier) ? identifier : db::quote_identifier(identifier);
}

std::string index_name(const CatalogTable& table, const std::vector<KeyColumn>& keys, int serial) {
  const std::string suffix = "_idx" + (serial > 0 ? std::to_string(serial) : std::string());
  std::string name = table.name;
  for (const KeyColumn& key : keys) name += "_" + key.column;
  cut_to(name, kLongestName - suffix.size());
  return name + suffix;
}

std::string key_sql(const KeyColumn& key) {
  std::string sql = quote_if_needed(key.column);
  if (key.pattern) sql += " text_pattern_ops";
  if (key.descending) sql += " DESC";
  if (key.nulls_first != key.descending) sql += key.nulls_first ? " NULLS FIRST" : " NULLS LAST";
  return sql;
}

std::string create_index_sql(const CatalogTable& table, const std::vector<KeyColumn>& keys, const std::string& name,
                             bool concurrently) {
  std::string columns;
  for (const KeyColumn& key : keys) columns += (columns.empty() ? "" : ", ") + key_sql(key);
  return fmt::format("CREATE INDEX {}{}ON {}.{} ({})", concurrently && !table.partitioned ? "CONCURRENTLY " : "",
                     name.empty() ? "" : quote_if_needed(name) + " ", quote_if_needed(table.schema),
                     quote_if_needed(table.name), columns);
}

std::uint64_t estimated_size(const CatalogTable& table, const std::vector<KeyColumn>& keys, int server_version) {
  // Numbers from access/nbtree: a page has 8192 bytes less 24 of header and 16 of special space, CREATE INDEX fills
  // leaves to 90 %; each tuple has a 4-byte line pointer and an 8-byte header.
  constexpr double kUsable = (8192 - 24 - 16) * 0.9;
  constexpr double kLinePointer = 4;
  constexpr double kHeader = 8;
  constexpr double kTuplePointer = 6;
  constexpr double kPosting = 808;  // a posting list of CREATE INDEX: a tenth of a page, aligned down
  if (table.rows <= 0) return 0;
  double key = 0;
  double distinct = 1;
  bool known = true;
  for (const KeyColumn& column : keys) {
    const CatalogColumn* have = table.column(column.column);
    if (!have) return 0;
    key = align(key, static_cast<double>(have->alignment)) + have->average_width;
    known = known && have->n_distinct.has_value();
    distinct *= have->n_distinct.value_or(1);
  }
  distinct = known ? std::clamp(distinct, 1.0, table.rows) : table.rows;
  const double plain = align(kHeader + key, 8) + kLinePointer;
  double bytes = table.rows * plain;
  const double repeats = table.rows / distinct;
  if (server_version >= 130000 && repeats > 1.5) {
    const double head = align(kHeader + key, 8);
    const double per_list = std::floor(std::max(kTuplePointer, kPosting - head) / kTuplePointer);
    const double lists = std::ceil(repeats / per_list);
    const double deduplicated = distinct * (lists * (head + kLinePointer) + align(repeats * kTuplePointer, 8));
    bytes = std::min(bytes, deduplicated);
  }
  const double leaves = std::ceil(bytes / kUsable);
  double pages = leaves + 1;  // the metapage
  for (double level = leaves; level > 1;) {
    level = std::ceil(level * plain / (kUsable / 0.9 * 0.7));  // inner pages are filled to 70 %
    pages += level;
  }
  return static_cast<std::uint64_t>(pages) * 8192;
}

}  // namespace quell::advise
