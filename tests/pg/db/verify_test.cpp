#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <quell/db/migrate.hpp>
#include <quell/db/scratch_database.hpp>
#include <quell/db/sync_connection.hpp>

#include "tests/pg/support/cluster.hpp"

namespace quell::db {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::vector<std::string> faults_of(const std::vector<Revision>& revisions, const VerifyParams& params = {}) {
  std::vector<std::string> sentences;
  for (const auto& fault : verify_migrations(quell::test::fresh_database(), revisions, params))
    sentences.push_back(fault.sentence);
  return sentences;
}

Revision users() {
  return make_revision("1", "users", "create table users (id bigint primary key, name text not null);",
                       "drop table users;", "");
}
Revision second(const std::string& up, const std::string& down) {
  return make_revision("2", "second", up, down, "1");
}

TEST(Verify, InverseStepsHaveNoFaults) {
  EXPECT_THAT(faults_of({users(), second("alter table users add column email text; create index on users (email);",
                                         "alter table users drop column email;")}),
              IsEmpty());
}

TEST(Verify, WhatTheWayDownForgetsIsNamed) {
  EXPECT_THAT(faults_of({users(), second("alter table users add column email text; create index users_name on users "
                                         "(name);",
                                         "alter table users drop column email;")}),
              ElementsAre("revision '2' (second): after going up and down `index public.users_name: CREATE INDEX "
                          "users_name ON public.users USING btree (name)` is there",
                          HasSubstr("relation \"users_name\" already exists")));
}

TEST(Verify, WhatTheWayDownTakesTooMuchIsNamed) {
  EXPECT_THAT(faults_of({users(), second("alter table users alter column name drop not null",
                                         "alter table users drop column name; alter table users add name varchar(9) "
                                         "not null")}),
              ElementsAre(AllOf(HasSubstr("'2' (second)"), HasSubstr("after going up and down"),
                                HasSubstr("column public.users.name")),
                          HasSubstr("after going up, down and up")));
}

TEST(Verify, DifferencesOfEveryKindAreSeen) {
  // What goes up and does not come down.
  const std::vector<std::pair<std::string, std::string>> steps{
      {"create schema s", "schema s"},
      {"create type mood as enum ('a')", "enum mood of 'a'"},
      {"create domain d as int check (value > 0)", "domain d"},
      {"create view v as select name from users", "view public.v"},
      {"create sequence s increment 5", "sequence public.s"},
      {"create function f() returns int language sql as 'select 1'", "function f()"},
      {"alter table users add constraint c check (name <> '')", "constraint c of public.users"},
      {"alter table users alter column name set default 'x'", "column public.users.name text not null default"},
      {"alter table users enable row level security", "table public.users row security"},
      {"create policy p on users using (true)", "policy p"},
      {"comment on column users.name is 'x'", "comment on column name of table users: x"},
      {"grant select on users to public", "table public.users granted SELECT to -"},
      {"create trigger t before update on users for each row execute function suppress_redundant_updates_trigger()",
       "trigger t of public.users"},
      {"create statistics st on id, name from users", "statistics CREATE STATISTICS public.st"},
      {"create rule r as on delete to users do instead nothing", "rule r"},
  };
  for (const auto& [up, line] : steps) {
    const auto faults = faults_of({users(), second(up, "select 1")});
    ASSERT_FALSE(faults.empty()) << up;
    EXPECT_THAT(faults.front(), HasSubstr("`" + line)) << up;
  }
}

TEST(Verify, FailingStepIsNamedAndEndsTheRun) {
  EXPECT_THAT(
      faults_of({users(), second("select 1", "drop table no_such_table"), make_revision("3", "x", "", "", "2")}),
      ElementsAre(HasSubstr("revision '2' (second) failed on its way down: ")));
}

TEST(Verify, IrreversibleRevisionsOnlyGoUp) {
  EXPECT_THAT(
      faults_of({users(), make_revision("2", "x", "-- quell: irreversible\ndrop table users", std::nullopt, "1")}),
      IsEmpty());
}

TEST(Verify, BranchesMergesAndAutocommitBlocksAreTaken) {
  EXPECT_THAT(
      faults_of({users(),
                 make_revision("2", "a", "-- quell: no-transaction\ncreate index concurrently a on users (name)",
                               "drop index concurrently a", "1"),
                 make_revision("3", "b", "-- quell: parents 1\ncreate table b (id int)", "drop table b", "2"),
                 make_revision("4", "m", "-- quell: parents 2 3\nselect 1", "select 1", "3")}),
      IsEmpty());
}

TEST(Verify, MadeDatabaseIsGoneAfterwards) {
  const std::string dsn = quell::test::fresh_database();
  (void)verify_migrations(dsn, {users()});
  EXPECT_EQ(SyncConnection::open(dsn)
                .query("select count(*) from pg_database where datname like 'quell_scratch%'")
                .value(0, 0),
            "0");
}

TEST(Verify, GivenScratchDatabaseMustBeEmptyAndIsLeftEmpty) {
  VerifyParams params;
  params.scratch_dsn = quell::test::fresh_database();
  EXPECT_THAT(faults_of({users()}, params), IsEmpty());
  SyncConnection scratch = SyncConnection::open(params.scratch_dsn);
  EXPECT_EQ(scratch.query("select count(*) from pg_class where relnamespace = 'public'::regnamespace").value(0, 0),
            "0");
  scratch.execute("create table precious (id int)");
  try {
    (void)faults_of({users()}, params);
    FAIL() << "it is not empty";
  } catch (const MigrationError& error) {
    EXPECT_THAT(error.what(), HasSubstr("not empty: it has `column public.precious.id integer`"));
  }
}

}  // namespace
}  // namespace quell::db
