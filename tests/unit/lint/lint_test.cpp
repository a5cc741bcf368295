#include "analyzer/lint/lint.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <map>

#include "analyzer/lint/rules.hpp"

namespace quell::lint {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

db::Revision revision(const std::string& up, const std::string& id = "0001", const std::string& down = "") {
  return db::make_revision(id, "step", up, down, "");
}

/// "rule at line" for each finding.
std::vector<std::string> findings(const std::vector<db::Revision>& revisions, const LintParams& params = {}) {
  std::vector<std::string> said;
  for (const Finding& finding : lint(revisions, params))
    said.push_back(finding.rule + " at " + std::to_string(finding.line));
  return said;
}
std::vector<std::string> findings(const std::string& up) {
  return findings(std::vector{revision(up)});
}

struct Example {
  std::string unsafe, safe;
};

/// The two examples below each "### rule" of the page.
std::map<std::string, Example> documented_examples() {
  std::ifstream in(std::string(QUELL_SOURCE_DIR) + "/docs/migration-lint.md");
  const std::string page{std::istreambuf_iterator<char>(in), {}};
  const auto block = [&](std::size_t& at) {
    at = page.find("```sql\n", at) + 7;
    const std::size_t end = page.find("```", at);
    const std::string text = page.substr(at, end - at);
    at = end + 3;
    return text;
  };
  std::map<std::string, Example> examples;
  for (std::size_t at = page.find("\n### "); at != std::string::npos; at = page.find("\n### ", at)) {
    const std::string rule = page.substr(at + 5, page.find('\n', at + 1) - at - 5);
    std::string unsafe = block(at);
    examples[rule] = {std::move(unsafe), block(at)};
  }
  return examples;
}

TEST(Lint, EveryRuleIsDocumentedWithAnExampleThatBreaksItAndOneThatDoesNot) {
  const auto examples = documented_examples();
  EXPECT_EQ(examples.size(), rules().size());
  for (const Rule& rule : rules()) {
    const auto found = examples.find(std::string(rule.id));
    ASSERT_NE(found, examples.end()) << rule.id;
    EXPECT_THAT(findings(found->second.unsafe), Contains(HasSubstr(std::string(rule.id) + " at")))
        << found->second.unsafe;
    EXPECT_THAT(findings(found->second.safe), Not(Contains(HasSubstr(std::string(rule.id) + " at"))))
        << found->second.safe;
  }
}

TEST(Lint, SafeAlternativesOfLocksBreakNoOtherRule) {
  const auto examples = documented_examples();
  for (const char* rule :
       {"foreign-key-without-not-valid", "check-without-not-valid", "set-not-null", "unique-constraint-in-place",
        "index-without-concurrently", "drop-index-without-concurrently", "reindex-without-concurrently",
        "detach-without-concurrently"})
    EXPECT_THAT(findings(examples.at(rule).safe), IsEmpty()) << rule;
}

TEST(Lint, WhatARevisionMakesItselfMayBeChangedFreely) {
  EXPECT_THAT(
      findings("create table t (id bigint primary key, a text);\n"
               "create index i on public.t (a);\n"
               "alter table t add constraint c check (a <> ''), add foreign key (id) references users (id), add "
               "unique (a), alter column a set not null, alter column a type bytea using a::bytea;\n"
               "alter table t add column b uuid not null default gen_random_uuid();\n"
               "alter table t drop column b; alter table t rename column a to c; alter table t rename to u;\n"
               "update u set c = ''; drop table u;\n"
               "create table copy as select 1 as x; create index on copy (x);"),
      IsEmpty());
}

TEST(Lint, WhatAnEarlierRevisionMadeMayNot) {
  EXPECT_THAT(findings({revision("create table t (id bigint primary key, a text);"),
                        revision("create index i on t (a);", "0002")}),
              ElementsAre("index-without-concurrently at 1"));
  EXPECT_THAT(findings("create table a.t (id bigint); create index i on t (id);"),
              ElementsAre("index-without-concurrently at 1"))
      << "another schema's table";
}

TEST(Lint, CheckValidatedEarlierMakesNotNullSafe) {
  const std::vector<db::Revision> steps{revision("alter table t add constraint c check (a is not null) not valid;"),
                                        revision("alter table t validate constraint c;", "0002"),
                                        revision("alter table t alter column a set not null;", "0003"),
                                        revision("alter table t alter column b set not null;", "0004")};
  EXPECT_THAT(findings(steps), ElementsAre("set-not-null at 1"));
  EXPECT_THAT(findings({steps[0], steps[2]}), ElementsAre("set-not-null at 1")) << "never validated";
}

TEST(Lint, StableDefaultsAreFine) {
  EXPECT_THAT(findings("alter table t add a timestamptz not null default now();"
                       "alter table t add b timestamptz default current_timestamp;"
                       "alter table t add c text default lower('X') || 'y';"),
              IsEmpty());
  EXPECT_THAT(findings("alter table t add c text default lower(my_function());"), ElementsAre("volatile-default at 1"));
  EXPECT_THAT(findings("alter table t add c bigint generated always as identity;"),
              ElementsAre("volatile-default at 1"));
}

TEST(Lint, ColumnsOfExistingTablesWithConstraintsAreFound) {
  EXPECT_THAT(findings("alter table t add a bigint references u (id);"),
              ElementsAre("foreign-key-without-not-valid at 1"));
  EXPECT_THAT(findings("alter table t add a int check (a > 0);"), ElementsAre("check-without-not-valid at 1"));
  EXPECT_THAT(findings("alter table t add a int unique;"), ElementsAre("unique-constraint-in-place at 1"));
}

TEST(Lint, KeysAreFoundHoweverTheyAreDeclared) {
  EXPECT_THAT(findings("create table t (id int, primary key (id));"), ElementsAre("narrow-key at 1"));
  EXPECT_THAT(findings("create table t (a int, b int, primary key (a, b));"), IsEmpty()) << "of two numbers";
  EXPECT_THAT(findings("create table t (id serial);"), ElementsAre("serial-column at 1", "narrow-key at 1"));
}

TEST(Lint, TimeoutsTurnedOffInTheSqlAreFound) {
  EXPECT_THAT(findings("set lock_timeout = 0;"), ElementsAre("no-lock-timeout at 1"));
  EXPECT_THAT(findings("set local lock_timeout = '0'; reset lock_timeout;"),
              ElementsAre("no-lock-timeout at 1", "no-lock-timeout at 1"));
  EXPECT_THAT(findings("set lock_timeout = '2s';"), IsEmpty());
}

TEST(Lint, NameIsCutOnlyWhereItGoesOn) {
  const std::string just_fits(63, 'a');
  EXPECT_THAT(findings("create table " + just_fits + " (a text);"), IsEmpty());
  EXPECT_THAT(findings("create table " + just_fits + "b (a text);"), ElementsAre("long-identifier at 1"));
  EXPECT_THAT(findings("create table " + std::string(62, 'A') + "é (a text);"), ElementsAre("long-identifier at 1"));
  EXPECT_THAT(findings("comment on table t is '" + std::string(100, 'a') + "';"), IsEmpty()) << "a string, no name";
}

TEST(Lint, SuppressionCoversOneRuleOfTheNextStatement) {
  EXPECT_THAT(findings("-- quell: allow drop-table unused since release 4\n\n-- more\ndrop table a;\ndrop table b;"),
              ElementsAre("drop-table at 5"));
  EXPECT_THAT(findings("-- quell: allow drop-column unused since release 4\ndrop table a;"),
              ElementsAre("suppression at 1", "drop-table at 2"))
      << "it allows nothing";
  EXPECT_THAT(findings("-- quell: allow drop-table\ndrop table a;"),
              ElementsAre("suppression at 1", "drop-table at 2"));
  EXPECT_THAT(findings("-- quell: allow\nselect 1;"), ElementsAre("suppression at 1"));
  EXPECT_THAT(findings("-- quell: allow everything please\nselect 1;"), ElementsAre("suppression at 1"));
}

TEST(Lint, SyntaxErrorsNameTheirLineInBothDirections) {
  EXPECT_THAT(findings({revision("select 1;\n\nselect\n  from from;", "0001", "select 1;\ndrop tabel x;")}),
              ElementsAre("syntax at 4", "syntax at 2"));
}

TEST(Lint, OnlyTheChosenRevisionsAndRulesAreReported) {
  const std::vector<db::Revision> steps{revision("drop table a;"), revision("drop table b; drop index i;", "0002")};
  LintParams params;
  params.only_revisions = {"0002"};
  params.without_rules = {"drop-index-without-concurrently"};
  EXPECT_THAT(findings(steps, params), ElementsAre("drop-table at 1"));
}

TEST(Lint, DeepNestingIsRefusedNotCrashedOn) {
  EXPECT_THAT(findings("select " + std::string(100'000, '(') + "1" + std::string(100'000, ')') + ";"),
              ElementsAre("syntax at 1"));
}

TEST(Lint, FindingNamesFileAndSubject) {
  const auto found = lint({db::make_revision("0007", "add_email", "alter table users drop column note;", "", "")});
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].file, "0007_add_email.up.sql");
  EXPECT_EQ(found[0].subject, "drop column users.note");
}

}  // namespace
}  // namespace quell::lint
