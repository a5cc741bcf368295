#include "agent/db/src/migrate/version_table.hpp"

#include <charconv>

#include <fmt/format.h>

#include <quell/db/statement.hpp>

namespace quell::db::migrate {
namespace {

std::string literal(std::string_view text) {
  std::string quoted = "'";
  for (const char c : text) quoted += c == '\'' ? std::string("''") : std::string(1, c);
  return quoted + "'";
}

}  // namespace

std::string checksum_of(const Revision& revision) {
  return fmt::format("{:016x}", statement_hash(revision.up_sql));
}

VersionTable::VersionTable(const std::string& name) {
  const std::size_t dot = name.find('.');
  quoted_ = dot == std::string::npos
                ? quote_identifier(name)
                : quote_identifier(name.substr(0, dot)) + "." + quote_identifier(name.substr(dot + 1));
}

std::string VersionTable::create_sql() const {
  return fmt::format(
      "create table if not exists {} (id text primary key, name text not null, checksum text not null, "
      "finished boolean not null, applied_at timestamptz not null default now(), going text not null default 'up', "
      "parts_done integer not null default 0)",
      quoted_);
}

std::vector<VersionTable::Row> VersionTable::rows(SyncConnection& connection) const {
  std::vector<Row> rows;
  if (connection.query("select to_regclass($1)", {{0, trace::Format::text, quoted_}}).is_null(0, 0)) return rows;
  const SyncResult result = connection.query(
      fmt::format("select id, name, checksum, finished, to_char(applied_at at time zone 'UTC', "
                  "'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"'), going, parts_done from {} order by applied_at, id",
                  quoted_));
  for (std::size_t at = 0; at < result.rows(); ++at) {
    Row& row = rows.emplace_back();
    row.id = result.value(at, 0);
    row.name = result.value(at, 1);
    row.checksum = result.value(at, 2);
    row.finished = result.value(at, 3) == "t";
    row.applied_at = result.value(at, 4);
    row.going = result.value(at, 5) == "up" ? Direction::up : Direction::down;
    const std::string_view parts = result.value(at, 6);
    std::from_chars(parts.data(), parts.data() + parts.size(), row.parts_done);
  }
  return rows;
}

std::string VersionTable::add_sql(const Revision& revision, bool finished) const {
  return fmt::format(
      "insert into {} (id, name, checksum, finished, applied_at) values ({}, {}, {}, {}, clock_timestamp())", quoted_,
      literal(revision.id), literal(revision.name), literal(checksum_of(revision)), finished);
}
std::string VersionTable::start_removal_sql(const std::string& id) const {
  return fmt::format("update {} set finished = false, going = 'down', parts_done = 0 where id = {}", quoted_,
                     literal(id));
}
std::string VersionTable::progress_sql(const std::string& id, std::size_t parts_done) const {
  return fmt::format("update {} set parts_done = {} where id = {}", quoted_, parts_done, literal(id));
}
std::string VersionTable::finish_sql(const std::string& id) const {
  return fmt::format("update {} set finished = true, going = 'up' where id = {}", quoted_, literal(id));
}
std::string VersionTable::remove_sql(const std::string& id) const {
  return fmt::format("delete from {} where id = {}", quoted_, literal(id));
}

void VersionTable::change(SyncConnection& connection, const std::string& sql, const std::string& id) const {
  if (connection.query(sql).affected() != 1)
    throw MigrationError(
        fmt::format("the entry of revision '{}' changed meanwhile: somebody else migrates this database", id));
}

}  // namespace quell::db::migrate
