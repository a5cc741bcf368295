#include "agent/db/src/migrate/version_table.hpp"

#include <fmt/format.h>

#include <quell/db/statement.hpp>

namespace quell::db::migrate {
namespace {

SyncParameter text(std::string value) {
  return {0, trace::Format::text, std::move(value)};
}

void expect_one(const SyncResult& result, const std::string& id) {
  if (result.affected() != 1)
    throw MigrationError(
        fmt::format("the entry of revision '{}' changed meanwhile: somebody else migrates this database", id));
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

void VersionTable::create_if_missing(SyncConnection& connection) const {
  connection.execute(
      fmt::format("create table if not exists {} (id text primary key, name text not null, checksum text not null, "
                  "finished boolean not null, applied_at timestamptz not null default now())",
                  quoted_));
}

std::vector<VersionTable::Row> VersionTable::rows(SyncConnection& connection) const {
  std::vector<Row> rows;
  if (connection.query("select to_regclass($1)", {text(quoted_)}).is_null(0, 0)) return rows;
  const SyncResult result =
      connection.query(fmt::format("select id, name, checksum, finished, to_char(applied_at at time zone 'UTC', "
                                   "'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"') from {} order by applied_at, id",
                                   quoted_));
  for (std::size_t row = 0; row < result.rows(); ++row)
    rows.push_back({std::string(result.value(row, 0)), std::string(result.value(row, 1)),
                    std::string(result.value(row, 2)), result.value(row, 3) == "t", std::string(result.value(row, 4))});
  return rows;
}

void VersionTable::add(SyncConnection& connection, const Revision& revision, bool finished) const {
  connection.query(
      fmt::format(
          "insert into {} (id, name, checksum, finished, applied_at) values ($1, $2, $3, $4, clock_timestamp())",
          quoted_),
      {text(revision.id), text(revision.name), text(checksum_of(revision)), text(finished ? "t" : "f")});
}

void VersionTable::finish(SyncConnection& connection, const std::string& id) const {
  expect_one(connection.query(fmt::format("update {} set finished = true where id = $1", quoted_), {text(id)}), id);
}

void VersionTable::start_removal(SyncConnection& connection, const std::string& id) const {
  expect_one(connection.query(fmt::format("update {} set finished = false where id = $1", quoted_), {text(id)}), id);
}

void VersionTable::remove(SyncConnection& connection, const std::string& id) const {
  expect_one(connection.query(fmt::format("delete from {} where id = $1", quoted_), {text(id)}), id);
}

}  // namespace quell::db::migrate
