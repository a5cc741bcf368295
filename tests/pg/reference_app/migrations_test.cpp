#include "reference_app/migrations/migrations.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <quell/db/sync_connection.hpp>

#include "reference_app/naive/missing_indexes.hpp"
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
  EXPECT_EQ(tables(dsn), 11);
  migrator.downgrade("base");
  EXPECT_EQ(tables(dsn), 0);
  migrator.upgrade();
  EXPECT_EQ(tables(dsn), 11);
}

TEST(Migrations, TheOrderTotalsOfAnOlderSchemaAreFilledIn) {
  const auto dsn = fresh_database();
  db::Migrator migrator(dsn, reference::migrations());
  migrator.upgrade("0011");
  auto connection = db::SyncConnection::open(dsn);
  connection.query("insert into users (name, email) values ('A', 'a@example.net')");
  connection.query(
      "insert into products (sku, name, description, price, stock) values ('P', 'P', '', 9, 1), ('Q', 'Q', '', 9, 1)");
  connection.query("insert into orders (customer_id) values (1), (1)");
  connection.query(
      "insert into order_items (order_id, product_id, quantity, unit_price) values (1, 1, 3, 2.50), (1, 2, 1, 0.49)");
  migrator.upgrade();
  const auto totals = connection.query("select string_agg(total::text, ' ' order by id) from orders");
  EXPECT_EQ(totals.value(0, 0), "7.99 0.00");
}

std::int64_t indexes(const std::string& dsn) {
  auto connection = db::SyncConnection::open(dsn);
  const auto result = connection.query("select count(*) from pg_indexes where schemaname = 'public'");
  return std::stoll(std::string(result.value(0, 0)));
}

TEST(Migrations, TheNaiveBranchTakesSixIndexesAwayAndGivesThemBack) {
  const auto dsn = fresh_database();
  db::Migrator migrator(dsn, reference::naive::with_missing_indexes(reference::migrations()));
  migrator.upgrade(reference::migrations().back().id);
  const auto before = indexes(dsn);
  migrator.upgrade(reference::naive::kMissingIndexes);
  EXPECT_EQ(indexes(dsn), before - 6);
  EXPECT_NO_THROW(reference::require_current_schema(dsn));
  migrator.downgrade("-1");
  EXPECT_EQ(indexes(dsn), before);
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
      " || ' ' || (select count(*) from comments) || ' ' || (select count(*) from products)"
      " || ' ' || (select count(*) from orders)");
  EXPECT_EQ(counts.value(0, 0), "10 200 400 20 100");
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

TEST(Seed, AnOrderCostsWhatItsItemsCost) {
  const auto dsn = fresh_database();
  db::Migrator(dsn, reference::migrations()).upgrade();
  reference::seed_database(dsn, reference::SeedSize::scaled(0.01));
  auto connection = db::SyncConnection::open(dsn);
  const auto wrong = connection.query(
      "select count(*) from orders where total is distinct from"
      " (select sum(quantity * unit_price) from order_items where order_id = orders.id)");
  EXPECT_EQ(wrong.value(0, 0), "0");
}

}  // namespace
}  // namespace quell::test
