#include <quell/db/sql_script.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <quell/db/migrate.hpp>

namespace quell::db {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::vector<std::string> statements(std::string_view sql) {
  std::vector<std::string> texts;
  for (const auto& statement : read_script(sql).statements) texts.emplace_back(statement.text);
  return texts;
}

std::string error_of(std::string_view sql) {
  try {
    (void)read_script(sql);
  } catch (const MigrationError& error) {
    return error.what();
  }
  return "no error";
}

TEST(SqlScript, SemicolonsEndStatements) {
  EXPECT_THAT(statements("select 1; select 2 ;\n\n select 3"), ElementsAre("select 1", "select 2", "select 3"));
  EXPECT_THAT(statements(" ;; -- nothing\n /* nor ; here */ ;"), IsEmpty());
  EXPECT_THAT(statements(""), IsEmpty());
}

TEST(SqlScript, SemicolonsInsideOfOtherThingsDoNot) {
  EXPECT_THAT(statements("select 'a;''b;'; x"), ElementsAre("select 'a;''b;'", "x"));
  EXPECT_THAT(statements(R"(select E'a\';b'; x)"), ElementsAre(R"(select E'a\';b')", "x"));
  EXPECT_THAT(statements(R"(select 'a\'; x)"), ElementsAre(R"(select 'a\')", "x")) << "no escapes without E";
  EXPECT_THAT(statements(R"(select "a;""b"; x)"), ElementsAre(R"(select "a;""b")", "x"));
  EXPECT_THAT(statements("do $$ begin; end; $$; x"), ElementsAre("do $$ begin; end; $$", "x"));
  EXPECT_THAT(statements("do $a$ $$;$b$; $a$; x"), ElementsAre("do $a$ $$;$b$; $a$", "x"));
  EXPECT_THAT(statements("select $1; x"), ElementsAre("select $1", "x"));
  EXPECT_THAT(statements("select a$b$; x"), ElementsAre("select a$b$", "x")) << "a dollar inside of a name";
  EXPECT_THAT(statements("select 1 /* a /* ; */ ; */; x"), ElementsAre("select 1", "x"));
  EXPECT_THAT(statements("select 1 -- ;\n, 2; x"), ElementsAre("select 1 -- ;\n, 2", "x"));
  EXPECT_THAT(statements("create rule r as on insert to t do (select 1; select 2); x"),
              ElementsAre("create rule r as on insert to t do (select 1; select 2)", "x"));
}

TEST(SqlScript, AtomicBodyIsPartOfItsFunction) {
  EXPECT_THAT(
      statements("create function f() returns int begin atomic; select case when true then 1 end; select 2; end; x"),
      ElementsAre("create function f() returns int begin atomic; select case when true then 1 end; select 2; end",
                  "x"));
  EXPECT_THAT(statements("begin; select 1; end; x"), ElementsAre("begin", "select 1", "end", "x"));
}

TEST(SqlScript, UnterminatedThingsEndWithTheText) {
  EXPECT_THAT(statements("select 'a; b"), ElementsAre("select 'a; b"));
  EXPECT_THAT(statements("select $x$ a; b"), ElementsAre("select $x$ a; b"));
  EXPECT_THAT(statements("select 1 /* a; b"), ElementsAre("select 1"));
  EXPECT_THAT(statements("select E'\\"), ElementsAre("select E'\\"));
}

TEST(SqlScript, LinesCountFromOne) {
  const auto script =
      read_script("-- quell: parents a\n\nselect\n 1; select 2;\n-- quell: allow x y\nselect 'a\nb';\nselect 3");
  ASSERT_EQ(script.statements.size(), 4U);
  EXPECT_EQ(script.statements[0].line, 3U);
  EXPECT_EQ(script.statements[1].line, 4U);
  EXPECT_EQ(script.statements[2].line, 6U);
  EXPECT_EQ(script.statements[3].line, 8U);
  ASSERT_EQ(script.directives.size(), 2U);
  EXPECT_EQ(script.directives[0].text, "parents a");
  EXPECT_TRUE(script.directives[0].in_header);
  EXPECT_EQ(script.directives[1].line, 5U);
  EXPECT_FALSE(script.directives[1].in_header);
}

TEST(SqlScript, DirectiveInsideOfAStringIsNone) {
  EXPECT_THAT(read_script("select '\n-- quell: irreversible\n'").directives, IsEmpty());
  EXPECT_THAT(read_script("select 1; -- quell: irreversible").directives, IsEmpty()) << "not alone on its line";
}

TEST(SqlScript, PartsAreTransactionsAndSingleStatements) {
  const auto parts = parts_of(
      "select 1; select 2;\n-- quell: begin autocommit\nselect 3; select 4;\n-- quell: end autocommit\nselect 5;",
      false);
  ASSERT_EQ(parts.size(), 4U);
  EXPECT_EQ(parts[0].text, "select 1; select 2");
  EXPECT_FALSE(parts[0].autocommit);
  EXPECT_EQ(parts[1].text, "select 3");
  EXPECT_TRUE(parts[1].autocommit);
  EXPECT_EQ(parts[2].text, "select 4");
  EXPECT_EQ(parts[3].text, "select 5");
  EXPECT_EQ(parts[3].line, 5U);
  EXPECT_EQ(parts_of("select 1; select 2", true).size(), 2U);
}

TEST(SqlScript, MisplacedBlocksAreNamed) {
  EXPECT_THAT(error_of("-- quell: begin autocommit\nselect 1;"),
              HasSubstr("line 2: an autocommit block is opened but"));
  EXPECT_THAT(error_of("\n-- quell: end autocommit"), HasSubstr("line 2: no autocommit block is open here"));
  EXPECT_THAT(error_of("-- quell: begin autocommit\n-- quell: begin autocommit"), HasSubstr("inside of another"));
  EXPECT_THAT(error_of("select\n-- quell: begin autocommit\n1"), HasSubstr("cuts a statement"));
}

}  // namespace
}  // namespace quell::db
