#include "reference_app/migrations/migrations.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <quell/db/sync_connection.hpp>

#include "reference_app/service.hpp"
#include "tests/pg/support/cluster.hpp"

namespace quell::test {
namespace {

using testing::HasSubstr;

std::int64_t tables(const std::string& dsn) {
  auto connection = db::SyncConnection::open(dsn);
  const auto result = connection.query(
      "select count(*) from pg_class join pg_namespace n on n.oid = relnamespace"
      " where n.nspname = 'public' and relkind = 'r' and relname <> 'quell_migrations'");
  return std::stoll(std::string(result.value(0, 0)));
}

TEST(Migrations, UpDownAndUpAgain) {
  const auto dsn = fresh_database();
  db::Migrator migrator(dsn, reference::migrations());
  migrator.upgrade();
  EXPECT_EQ(tables(dsn), 8);
  migrator.downgrade("base");
  EXPECT_EQ(tables(dsn), 0);
  migrator.upgrade();
  EXPECT_EQ(tables(dsn), 8);
}

TEST(Migrations, AServiceOnAnOldSchemaSaysWhatToRun) {
  const auto dsn = fresh_database();
  try {
    reference::require_current_schema(dsn);
    FAIL() << "did not throw";
  } catch (const db::MigrationError& error) {
    EXPECT_THAT(error.what(), HasSubstr("run quell-reference migrate"));
  }
  db::Migrator(dsn, reference::migrations()).upgrade();
  EXPECT_NO_THROW(reference::require_current_schema(dsn));
}

TEST(Seed, FillsAnEmptyDatabaseOnce) {
  const auto dsn = fresh_database();
  db::Migrator(dsn, reference::migrations()).upgrade();
  reference::seed_database(dsn, reference::SeedSize::scaled(0.01));
  auto connection = db::SyncConnection::open(dsn);
  const auto counts = connection.query(
      "select (select count(*) from users) || ' ' || (select count(*) from posts)"
      " || ' ' || (select count(*) from comments)");
  EXPECT_EQ(counts.value(0, 0), "10 200 400");
  EXPECT_THROW(reference::seed_database(dsn, reference::SeedSize::scaled(0.01)), db::UsageError);
}

TEST(Seed, RowsAddedLaterGetFreeIds) {
  const auto dsn = fresh_database();
  db::Migrator(dsn, reference::migrations()).upgrade();
  reference::seed_database(dsn, reference::SeedSize::scaled(0.01));
  auto connection = db::SyncConnection::open(dsn);
  const auto added = connection.query("insert into users (name, email) values ('A', 'a@example.net') returning id");
  EXPECT_EQ(added.value(0, 0), "11");
}

}  // namespace
}  // namespace quell::test
