#include "analyzer/sql/lexer.hpp"

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace quell::sql {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::vector<std::string> literals(std::string_view text) {
  Lexer lexer;
  std::vector<std::string> out;
  std::string buffer;
  for (const LiteralSpan& literal : lexer.lex(text).literals) out.emplace_back(literal_value(text, literal, buffer));
  return out;
}

std::string normalized(std::string_view text) {
  Lexer lexer;
  lexer.lex(text);
  return lexer.normalized();
}

TEST(Lexer, LiteralsComeInTextOrderWithoutQuotesAndEscapes) {
  EXPECT_THAT(literals("SELECT 1, 'a''b', E'x\\ny\\u00e9\\101', $q$it's$q$, -7, - 8, 1.5e3, TRUE, NULL, X'1F'"),
              ElementsAre("1", "a'b",
                          "x\ny\xC3\xA9"
                          "A",
                          "it's", "-7", "-8", "1.5e3", "t", "", "1F"));
}

TEST(Lexer, MinusBetweenOperandsIsAnOperator) {
  EXPECT_THAT(literals("SELECT a -5, b - 5, (c)-5, 7-5, a=-5"), ElementsAre("5", "5", "5", "7", "5", "-5"));
}

TEST(Lexer, ConstantsOfTestsAndDottedNamesAreNoLiterals) {
  EXPECT_THAT(literals("SELECT a IS NULL, b IS NOT NULL, c IS TRUE, t.true"), IsEmpty());
}

TEST(Lexer, OrdinalsOfOrderByAndGroupByAreNoLiterals) {
  EXPECT_THAT(literals("SELECT a, b FROM t WHERE c IN (3, 4) GROUP BY 1, 2 ORDER BY 2 DESC, 1 LIMIT 5"),
              ElementsAre("3", "4", "5"));
}

TEST(Lexer, CommentsHoldNothing) {
  EXPECT_THAT(literals("SELECT 1 -- 2\n, /* 3 /* 4 */ 5 */ 6"), ElementsAre("1", "6"));
}

TEST(Lexer, NamesWithDigitsAndDollarsAreNames) {
  EXPECT_THAT(literals("SELECT t1.a$2, \"3 x\", _4 FROM t1"), IsEmpty());
}

TEST(Lexer, ParametersAreCountedToTheHighest) {
  Lexer lexer;
  EXPECT_EQ(lexer.lex("SELECT $2, $1, $12, $2").parameters, 12);
  EXPECT_EQ(lexer.lex("SELECT 1").parameters, 0);
}

TEST(Lexer, UnfinishedTextsEndWithTheText) {
  EXPECT_THAT(literals("SELECT 'abc"), ElementsAre("abc"));
  EXPECT_THAT(literals("SELECT $x$abc"), ElementsAre(""));
  EXPECT_THAT(literals("SELECT 5 /* abc"), ElementsAre("5"));
  EXPECT_THAT(literals("SELECT \"abc"), IsEmpty());
  EXPECT_THAT(literals("SELECT E'\\"), ElementsAre("\\"));
}

TEST(Lexer, NormalizedTextHasParametersForLiteralsAndShortLists) {
  EXPECT_EQ(normalized("SELECT  *\n FROM t -- x\n WHERE a IN (1, 2,3) AND b='x'  LIMIT 5"),
            "SELECT * FROM t WHERE a IN ($1, ...) AND b=$4 LIMIT $5");
  EXPECT_EQ(normalized("SELECT $1, 'x'"), "SELECT $1, $2");
  EXPECT_EQ(normalized("INSERT INTO t VALUES (1, 2), (3, 4), (5, 6) RETURNING a"),
            "INSERT INTO t VALUES ($1, $2), ... RETURNING a");
}

TEST(Lexer, NestingIsBoundedFromAbove) {
  Lexer lexer;
  EXPECT_GE(lexer.lex("SELECT " + std::string(5000, '(') + "1" + std::string(5000, ')')).nesting, 5000U);
  std::string sum = "SELECT 1";
  for (int i = 0; i < 5000; ++i) sum += "+1";
  EXPECT_GE(lexer.lex(sum).nesting, 5000U);
  std::string list = "SELECT * FROM t WHERE a IN (1";
  for (int i = 0; i < 5000; ++i) list += ", -1";
  EXPECT_LT(lexer.lex(list + ")").nesting, 20U);
}

}  // namespace
}  // namespace quell::sql
