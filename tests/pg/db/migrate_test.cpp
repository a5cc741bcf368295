#include <quell/db/migrate.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <fstream>
#include <future>
#include <thread>

#include <quell/db/sync_connection.hpp>

#include "tests/pg/support/cluster.hpp"

namespace quell::db {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class MigrateTest : public testing::Test {
 protected:
  MigrateTest() {
    char pattern[] = "/tmp/quell-migrate-XXXXXX";
    folder_ = mkdtemp(pattern);
    write("0001_create_users.up.sql", "create table users (id bigint primary key, name text);");
    write("0001_create_users.down.sql", "drop table users;");
    write("0002_add_email.up.sql",
          "alter table users add column email text; create unique index users_email on users (email);");
    write("0002_add_email.down.sql", "alter table users drop column email;");
  }
  ~MigrateTest() override { std::filesystem::remove_all(folder_); }

  void write(const std::string& file, const std::string& text) { std::ofstream(folder_ / file) << text; }
  Migrator migrator(MigrationParams params = {}) { return {dsn_, load_revisions(folder_), std::move(params)}; }

  /// Every table, column and index but those of the version table.
  std::string schema() {
    return std::string(SyncConnection::open(dsn_)
                           .query("select coalesce(string_agg(x, '; ' order by x), '') from ("
                                  "select table_name || '.' || column_name || ' ' || data_type as x "
                                  "from information_schema.columns where table_schema = 'public' "
                                  "union all select indexdef from pg_indexes where schemaname = 'public') v "
                                  "where x not like '%quell_migrations%'")
                           .value(0, 0));
  }

  template <class Function>
  static std::string error_of(Function function) {
    try {
      function();
    } catch (const MigrationError& error) {
      return error.what();
    }
    return "no error";
  }

  std::filesystem::path folder_;
  std::string dsn_ = quell::test::fresh_database();
};

TEST_F(MigrateTest, UpDownUpGivesTheSameSchema) {
  Migrator migrations = migrator();
  EXPECT_THAT(migrations.current(), IsEmpty());
  EXPECT_THAT(migrations.upgrade(), ElementsAre("0001", "0002"));
  EXPECT_THAT(migrations.current(), ElementsAre("0002"));
  const std::string up = schema();
  EXPECT_THAT(up, HasSubstr("users.email text"));
  EXPECT_THAT(migrations.downgrade("-1"), ElementsAre("0002"));
  EXPECT_THAT(schema(), testing::Not(HasSubstr("email")));
  EXPECT_THAT(migrations.downgrade("base"), ElementsAre("0001"));
  EXPECT_EQ(schema(), "");
  EXPECT_THAT(migrations.upgrade(), ElementsAre("0001", "0002"));
  EXPECT_EQ(schema(), up);
  EXPECT_THAT(migrations.upgrade(), IsEmpty()) << "nothing left to do";
}

TEST_F(MigrateTest, AppliedRevisionsAreListedWithTheirTime) {
  Migrator migrations = migrator();
  migrations.upgrade("0001");
  const auto applied = migrations.applied();
  ASSERT_EQ(applied.size(), 1U);
  EXPECT_EQ(applied[0].name, "create_users");
  EXPECT_THAT(applied[0].applied_at, testing::MatchesRegex("20..-..-..T..:..:..Z"));
  EXPECT_EQ(migrations.history().size(), 2U);
}

TEST_F(MigrateTest, FailedRevisionLeavesNothingBehindAndTheOthersStay) {
  write("0003_broken.up.sql", "create table half (id int); select 1 / 0;");
  write("0003_broken.down.sql", "drop table half");
  Migrator migrations = migrator();
  EXPECT_THAT(error_of([&] { migrations.upgrade(); }),
              testing::AllOf(HasSubstr("'0003' (broken)"), HasSubstr("division by zero")));
  EXPECT_THAT(migrations.current(), ElementsAre("0002"));
  EXPECT_THAT(schema(), testing::Not(HasSubstr("half")));
}

TEST_F(MigrateTest, ProgressIsToldBeforeEachStep) {
  std::vector<std::string> told;
  MigrationParams params;
  params.progress = [&](std::string_view step) { told.emplace_back(step); };
  Migrator migrations = migrator(params);
  migrations.upgrade();
  migrations.downgrade("-1");
  EXPECT_THAT(told, ElementsAre("upgrade 0001 create_users", "upgrade 0002 add_email", "downgrade 0002 add_email"));
}

TEST_F(MigrateTest, IrreversibleRevisionStopsTheWholeWayDown) {
  write("0003_drop_name.up.sql", "-- quell: irreversible\nalter table users drop column name;");
  Migrator migrations = migrator();
  migrations.upgrade();
  EXPECT_THAT(error_of([&] { migrations.downgrade("base"); }), HasSubstr("'0003' (drop_name) is irreversible"));
  EXPECT_THAT(migrations.current(), ElementsAre("0003"));
}

TEST_F(MigrateTest, ConcurrentIndexRunsOutsideOfATransaction) {
  write("0003_index.up.sql", "-- quell: no-transaction\ncreate index concurrently users_name on users (name);");
  write("0003_index.down.sql", "drop index concurrently users_name;");
  Migrator migrations = migrator();
  migrations.upgrade();
  EXPECT_THAT(schema(), HasSubstr("users_name"));
  migrations.downgrade("-1");
  EXPECT_THAT(schema(), testing::Not(HasSubstr("users_name")));
}

TEST_F(MigrateTest, InterruptedRevisionIsNamedUntilItIsMended) {
  write("0003_index.up.sql", "-- quell: no-transaction\ncreate index concurrently users_x on users (no_such_column);");
  write("0003_index.down.sql", "drop index concurrently users_x;");
  Migrator migrations = migrator();
  EXPECT_THAT(error_of([&] { migrations.upgrade(); }), HasSubstr("no_such_column"));
  EXPECT_THAT(error_of([&] { migrations.upgrade(); }), HasSubstr("'0003' was interrupted"));
  SyncConnection::open(dsn_).execute("delete from quell_migrations where id = '0003'");
  EXPECT_THAT(migrations.downgrade("-1"), ElementsAre("0002"));
}

TEST_F(MigrateTest, ChangedRevisionIsRefused) {
  migrator().upgrade();
  write("0001_create_users.up.sql", "create table users (id int);");
  EXPECT_THAT(error_of([&] { migrator().upgrade(); }), HasSubstr("'0001' (create_users) was changed"));
}

TEST_F(MigrateTest, DatabaseNewerThanTheProgramIsRefused) {
  migrator().upgrade();
  std::filesystem::remove(folder_ / "0002_add_email.up.sql");
  std::filesystem::remove(folder_ / "0002_add_email.down.sql");
  EXPECT_THAT(error_of([&] { migrator().upgrade(); }), HasSubstr("'0002' (add_email)"));
}

TEST_F(MigrateTest, CommitInsideARevisionIsRefused) {
  write("0003_commit.up.sql", "create table c (id int); commit;");
  write("0003_commit.down.sql", "drop table c");
  EXPECT_THAT(error_of([&] { migrator().upgrade(); }), HasSubstr("ends the transaction it runs in"));
}

TEST_F(MigrateTest, TwoAtOnceTakeTurns) {
  write("0003_slow.up.sql", "create table slow (id int); select pg_sleep(0.5);");
  write("0003_slow.down.sql", "drop table slow");
  const auto upgrade = [&] { return migrator().upgrade().size(); };
  auto first = std::async(std::launch::async, upgrade);
  auto second = std::async(std::launch::async, upgrade);
  EXPECT_EQ(first.get() + second.get(), 3U) << "each revision ran once";
}

TEST_F(MigrateTest, LockHeldTooLongIsAnError) {
  write("0003_slow.up.sql", "select pg_sleep(1.5);");
  write("0003_slow.down.sql", "");
  auto first = std::async(std::launch::async, [&] { return migrator().upgrade().size(); });
  std::this_thread::sleep_for(300ms);
  MigrationParams impatient;
  impatient.lock_timeout = 100ms;
  EXPECT_THAT(error_of([&] { migrator(impatient).upgrade(); }), HasSubstr("another process"));
  EXPECT_EQ(first.get(), 3U);
}

TEST_F(MigrateTest, RevisionGivesUpOnALockOfOthers) {
  migrator().upgrade("0001");
  SyncConnection other = SyncConnection::open(dsn_);
  other.execute("begin; lock table users in access exclusive mode");
  MigrationParams impatient;
  impatient.ddl_lock_timeout = 50ms;
  EXPECT_THAT(error_of([&] { migrator(impatient).upgrade(); }), HasSubstr("lock timeout"));
}

TEST_F(MigrateTest, CodeRunsInTheSameTransaction) {
  std::vector<Revision> revisions = load_revisions(folder_);
  Revision fill;
  fill.id = "0003";
  fill.name = "fill";
  fill.parents = {"0002"};
  fill.down_sql = "";
  fill.up_code = [](SyncConnection& connection) {
    connection.query("insert into users select i, 'user ' || i from generate_series(1, 10) i");
    if (connection.query("select count(*) from users").value(0, 0) != "10") throw MigrationError("wrong count");
  };
  fill.down_code = [](SyncConnection& connection) { connection.query("delete from users"); };
  revisions.push_back(fill);
  Migrator migrations(dsn_, revisions);
  migrations.upgrade();
  SyncConnection connection = SyncConnection::open(dsn_);
  EXPECT_EQ(connection.query("select count(*) from users").value(0, 0), "10");
  migrations.downgrade("-1");
  EXPECT_EQ(connection.query("select count(*) from users").value(0, 0), "0");
}

TEST_F(MigrateTest, MalformedFolderIsNamed) {
  EXPECT_THAT(error_of([] { (void)load_revisions("/nonexistent"); }), HasSubstr("'/nonexistent' is not a folder"));
  const auto fault = [&](const std::string& file, const std::string& text) {
    write(file, text);
    std::string error = error_of([&] { (void)load_revisions(folder_); });
    std::filesystem::remove(folder_ / file);
    return error;
  };
  EXPECT_THAT(fault("oops.sql", ""), HasSubstr("'oops.sql' is not named like"));
  EXPECT_THAT(fault("0003_x.up.sql", ""), HasSubstr("has no 0003_x.down.sql"));
  EXPECT_THAT(fault("0003_x.down.sql", ""), HasSubstr("no up file"));
  EXPECT_THAT(fault("0002_other.up.sql", ""), HasSubstr("different names"));
  EXPECT_THAT(fault("0003_x.up.sql", "-- quell: sometimes\n"), HasSubstr("unknown directive 'sometimes'"));
  EXPECT_EQ(load_revisions(folder_).size(), 2U);
}

TEST_F(MigrateTest, VersionTableMayHaveASchemaAndAName) {
  SyncConnection::open(dsn_).execute("create schema ops");
  MigrationParams params;
  params.version_table = "ops.schema history";
  Migrator migrations = migrator(params);
  migrations.upgrade();
  EXPECT_EQ(SyncConnection::open(dsn_).query("select count(*) from ops.\"schema history\"").value(0, 0), "2");
}

}  // namespace
}  // namespace quell::db
