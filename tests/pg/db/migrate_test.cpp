#include <quell/db/migrate.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
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

  std::string read(const std::string& file) {
    std::ifstream in(folder_ / file);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  /// What check() says, "kind: sentence".
  std::vector<std::string> problems() {
    std::vector<std::string> said;
    for (const auto& problem : migrator().check())
      said.push_back(std::string(to_string(problem.kind)) + ": " + problem.sentence);
    return said;
  }

  /// Runs a script as its first line says.
  void psql(const std::string& dsn, const std::string& script) {
    write("script", script);
    const std::string command = quell::test::cluster().bin_directory() +
                                "/psql --no-psqlrc --quiet --set ON_ERROR_STOP=1 " + "--dbname \"" + dsn +
                                "\" --file " + (folder_ / "script").string() + " >/dev/null";
    ASSERT_EQ(std::system(command.c_str()), 0);
  }
  /// pg_dump of the schema, but for the key that it makes up (CVE-2025-8714).
  std::string dump(const std::string& dsn) {
    const std::string command = quell::test::cluster().bin_directory() + "/pg_dump --schema-only --dbname \"" + dsn +
                                "\" | grep -v restrict >" + (folder_ / "dump").string();
    EXPECT_EQ(std::system(command.c_str()), 0);
    return read("dump");
  }

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

TEST_F(MigrateTest, ErrorNamesTheLine) {
  write("0003_typo.up.sql", "create table t (id int);\n\nselect 'ä',\n  no_such_column;");
  write("0003_typo.down.sql", "drop table t");
  EXPECT_THAT(error_of([&] { migrator().upgrade(); }),
              testing::AllOf(HasSubstr("way up: line 4: "), HasSubstr("no_such_column")));
}

TEST_F(MigrateTest, AutocommitBlockStandsBetweenTransactions) {
  write("0003_index.up.sql",
        "create table notes (id int);\n"
        "-- quell: begin autocommit\n"
        "create index concurrently notes_id on notes (id);\n"
        "create index concurrently users_name on users (name);\n"
        "-- quell: end autocommit\n"
        "alter table notes add column body text;");
  write("0003_index.down.sql",
        "-- quell: begin autocommit\ndrop index concurrently users_name;\n-- quell: end autocommit\ndrop table notes;");
  Migrator migrations = migrator();
  migrations.upgrade();
  EXPECT_THAT(schema(), testing::AllOf(HasSubstr("notes_id"), HasSubstr("users_name"), HasSubstr("notes.body")));
  EXPECT_THAT(migrations.check(), IsEmpty());
  migrations.downgrade("-1");
  EXPECT_THAT(schema(), testing::Not(testing::AnyOf(HasSubstr("notes"), HasSubstr("users_name"))));
}

TEST_F(MigrateTest, FailureBeforeTheFirstAutocommitBlockLeavesNothingBehind) {
  write("0003_index.up.sql",
        "select 1 / 0;\n-- quell: begin autocommit\ncreate index concurrently x on users (name);\n"
        "-- quell: end autocommit");
  write("0003_index.down.sql", "drop index x");
  Migrator migrations = migrator();
  EXPECT_THAT(error_of([&] { migrations.upgrade(); }), HasSubstr("division by zero"));
  EXPECT_THAT(migrations.current(), ElementsAre("0002"));
  EXPECT_THAT(migrations.downgrade("-1"), ElementsAre("0002"));
}

TEST_F(MigrateTest, InterruptedRevisionIsExplainedUntilItIsMended) {
  migrator().upgrade();
  SyncConnection::open(dsn_).execute("insert into users values (1, 'a'), (2, 'a')");
  write("0003_index.up.sql",
        "create table done (id int);\n-- quell: begin autocommit\n"
        "create unique index concurrently users_twice on users (name);\n-- quell: end autocommit");
  write("0003_index.down.sql", "drop index users_twice; drop table done");
  Migrator migrations = migrator();
  EXPECT_THAT(error_of([&] { migrations.upgrade(); }),
              testing::AllOf(HasSubstr("could not create unique index"), HasSubstr("1 of its 2 parts are done")));
  EXPECT_THAT(error_of([&] { migrations.upgrade(); }), HasSubstr("'0003' (index) was interrupted"));
  EXPECT_THAT(
      problems(),
      ElementsAre(
          "interrupted: revision '0003' (index) was interrupted on its way up after 1 of its 2 parts, before or "
          "in line 3, `create unique index concurrently users_twice on users (name)`. Mend the schema by hand, "
          "then record what it is: `stamp 0003` with this revision, `stamp 0002` without it",
          "invalid_index: index users_twice of users is invalid, a CREATE INDEX CONCURRENTLY failed: drop index "
          "concurrently users_twice"));
  SyncConnection::open(dsn_).execute("drop index users_twice; drop table done; delete from users where id = 2");
  EXPECT_THAT(migrations.stamp({"0002"}), ElementsAre("0003"));
  EXPECT_THAT(problems(), ElementsAre("pending: revision '0003' (index) is not applied"));
  EXPECT_THAT(migrations.upgrade(), ElementsAre("0003"));
  EXPECT_THAT(problems(), IsEmpty());
}

TEST_F(MigrateTest, KilledProcessIsExplainedAndItsLockIsGone) {
  write("0003_slow.up.sql",
        "create table half (id int);\n-- quell: begin autocommit\nselect pg_sleep(60);\n-- quell: end autocommit");
  write("0003_slow.down.sql", "drop table half");
  const pid_t child = fork();
  if (child == 0) {
    try {
      migrator().upgrade();
    } catch (...) {
    }
    _exit(0);
  }
  SyncConnection connection = SyncConnection::open(dsn_);
  const std::string asleep = "select count(*) from pg_stat_activity where query like 'select pg_sleep(60)%'";
  while (connection.query(asleep).value(0, 0) != "1") std::this_thread::sleep_for(20ms);
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
  EXPECT_THAT(problems(), ElementsAre(testing::AllOf(HasSubstr("'0003' (slow) was interrupted"),
                                                     HasSubstr("1 of its 2 parts"), HasSubstr("select pg_sleep(60)"))));
  MigrationParams impatient;
  impatient.lock_timeout = 2s;
  EXPECT_THAT(migrator(impatient).stamp({"heads"}), ElementsAre("0003"));
  EXPECT_THAT(problems(), IsEmpty());
  // The server notices that nobody waits any more (client_connection_check_interval).
  for (int i = 0; i < 100 && connection.query(asleep).value(0, 0) != "0"; ++i) std::this_thread::sleep_for(50ms);
  EXPECT_EQ(connection.query(asleep).value(0, 0), "0");
}

TEST_F(MigrateTest, StampRecordsWithoutRunning) {
  Migrator migrations = migrator();
  EXPECT_THAT(migrations.stamp({"heads"}), ElementsAre("0001", "0002"));
  EXPECT_EQ(schema(), "");
  EXPECT_THAT(migrations.upgrade(), IsEmpty());
  EXPECT_THAT(migrations.stamp({"0001"}), ElementsAre("0002"));
  EXPECT_THAT(migrations.current(), ElementsAre("0001"));
  EXPECT_THAT(migrations.stamp({"base"}), ElementsAre("0001"));
  EXPECT_THAT(migrations.current(), IsEmpty());
}

TEST_F(MigrateTest, StampAcceptsAChangedRevision) {
  migrator().upgrade();
  write("0001_create_users.up.sql", "-- A comment.\ncreate table users (id bigint primary key, name text);");
  EXPECT_THAT(problems(), ElementsAre(HasSubstr("changed: revision '0001' (create_users) was changed")));
  EXPECT_THAT(migrator().stamp({"head"}), ElementsAre("0001"));
  EXPECT_THAT(problems(), IsEmpty());
}

TEST_F(MigrateTest, CheckNamesTwoHeadsAndWhatIsPending) {
  migrator().upgrade();
  write("0003_a.up.sql", "-- quell: parents 0002\nselect 1;");
  write("0003_a.down.sql", "select 1;");
  write("0004_b.up.sql", "-- quell: parents 0002\nselect 1;");
  write("0004_b.down.sql", "select 1;");
  EXPECT_THAT(problems(), ElementsAre("several_heads: the revisions have 2 heads (0003, 0004): merge them",
                                      "pending: revision '0003' (a) is not applied",
                                      "pending: revision '0004' (b) is not applied"));
  EXPECT_THAT(error_of([&] { migrator().upgrade(); }), HasSubstr("2 heads (0003, 0004)"));
  EXPECT_THAT(migrator().upgrade("heads"), ElementsAre("0003", "0004"));
  EXPECT_THAT(migrator().current(), ElementsAre("0003", "0004"));
  EXPECT_THAT(error_of([&] { migrator().downgrade("-1"); }), HasSubstr("2 branches are applied (0003, 0004)"));
}

TEST_F(MigrateTest, TimeoutsOfARevisionReplaceTheUsualOnes) {
  write("0003_patient.up.sql",
        "-- quell: lock_timeout 250ms\n-- quell: statement_timeout 2min\n"
        "create table seen as select current_setting('lock_timeout') as lock, current_setting('statement_timeout') as "
        "s;");
  write("0003_patient.down.sql", "drop table seen");
  migrator().upgrade();
  EXPECT_EQ(SyncConnection::open(dsn_).query("select lock || ' ' || s from seen").value(0, 0), "250ms 2min");
}

TEST_F(MigrateTest, OfflineScriptGivesTheSameSchemaAsOnline) {
  write(
      "0003_index.up.sql",
      "create type mood as enum ('fine', 'it''s; bad');\n-- quell: begin autocommit\n"
      "create index concurrently users_name on users (name);\n-- quell: end autocommit\n"
      "create function twice(n int) returns int language sql begin atomic; select n * 2; end;\n"
      "create function thrice(n int) returns int language plpgsql as $f$ begin return n * 3; end; $f$ -- no semicolon");
  write("0003_index.down.sql", "drop function twice(int), thrice(int); drop index users_name; drop type mood");
  migrator().upgrade();
  const std::string offline = quell::test::fresh_database();
  psql(offline, migrator().upgrade_sql("head"));
  EXPECT_EQ(dump(offline), dump(dsn_));
  EXPECT_THAT(dump(dsn_), testing::AllOf(HasSubstr("CREATE FUNCTION public.thrice"), HasSubstr("users_name")));
  const std::string records =
      "select string_agg(id || name || checksum || finished, ',' order by id) from quell_migrations";
  EXPECT_EQ(SyncConnection::open(offline).query(records).value(0, 0),
            SyncConnection::open(dsn_).query(records).value(0, 0));

  migrator().downgrade("0001");
  psql(offline, migrator().downgrade_sql("head:0001"));
  EXPECT_EQ(dump(offline), dump(dsn_));
  psql(offline, migrator().upgrade_sql("0001:0002"));
  migrator().upgrade("0002");
  EXPECT_EQ(dump(offline), dump(dsn_));
}

TEST_F(MigrateTest, OfflineScriptRefusesWhatItCannotWrite) {
  EXPECT_THAT(error_of([&] { (void)migrator().downgrade_sql("0001"); }), HasSubstr("write from:to"));
  std::vector<Revision> revisions = load_revisions(folder_);
  revisions[1].up_code = [](SyncConnection&) {};
  EXPECT_THAT(error_of([&] { (void)Migrator(dsn_, revisions).upgrade_sql("head"); }),
              HasSubstr("'0002' (add_email) has code on its way up"));
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
  std::vector<std::string> told;
  impatient.progress = [&](std::string_view step) { told.emplace_back(step); };
  EXPECT_THAT(error_of([&] { migrator(impatient).upgrade(); }), HasSubstr("another process"));
  EXPECT_THAT(told, ElementsAre("waiting for another process that migrates this database"));
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

TEST_F(MigrateTest, RevisionThatNeedsCodeIsNotRunWithoutIt) {
  write("0003_fill.up.sql", "-- quell: code\ninsert into users values (1, 'Ada');");
  write("0003_fill.down.sql", "delete from users;");
  EXPECT_THAT(error_of([&] { migrator().upgrade(); }), HasSubstr("'0003' (fill) failed on its way up: it has code"));
  EXPECT_THAT(error_of([&] { (void)migrator().upgrade_sql("head"); }), HasSubstr("has code on its way up"));
  auto revisions = load_revisions(folder_);
  revisions.back().up_code = [](SyncConnection& connection) { connection.query("update users set name = 'Bob'"); };
  EXPECT_THAT(Migrator(dsn_, revisions).upgrade(), ElementsAre("0003"));
  EXPECT_EQ(SyncConnection::open(dsn_).query("select name from users").value(0, 0), "Bob");
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
  write("0003_x.down.sql", "");
  EXPECT_THAT(fault("0003_x.up.sql", "-- quell: sometimes\n"), HasSubstr("line 1: unknown directive 'sometimes'"));
  EXPECT_THAT(fault("0003_x.up.sql", "-- quell: lock_timeout soon\n"), HasSubstr("'lock_timeout' takes a time"));
  EXPECT_THAT(fault("0003_x.up.sql", "select 1;\n-- quell: no-transaction\n"),
              HasSubstr("line 2: '-- quell: no-transaction' belongs before the first statement"));
  EXPECT_THAT(fault("0003_x.up.sql", "\n-- quell: begin autocommit\nselect 1;"),
              HasSubstr("revision '0003_x': line 3: an autocommit block is opened but not closed"));
  EXPECT_THAT(fault("0003_x.up.sql", "-- quell: irreversible\n"), HasSubstr("irreversible but has a down file"));
  std::filesystem::remove(folder_ / "0003_x.down.sql");
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
