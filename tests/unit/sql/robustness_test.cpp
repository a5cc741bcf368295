#include <random>
#include <string>
#include <thread>

#include <gtest/gtest.h>

#include "analyzer/sql/statement_facts.hpp"

namespace quell::sql {
namespace {

std::string repeat(std::string_view part, std::size_t times) {
  std::string out;
  out.reserve(part.size() * times);
  for (std::size_t i = 0; i < times; ++i) out += part;
  return out;
}

TEST(Robustness, DeepNestingIsLeftToTheLexer) {
  for (const std::size_t depth : {2'000U, 50'000U, 400'000U}) {
    for (const std::string& text :
         {"SELECT " + repeat("(", depth) + "1" + repeat(")", depth), "SELECT 1" + repeat("+1", depth),
          "SELECT " + repeat("NOT ", depth) + "true", "SELECT " + repeat("- ", depth) + "a",
          "SELECT a" + repeat("::int", depth), "SELECT 1" + repeat(" UNION SELECT 1", depth),
          "SELECT " + repeat("CASE WHEN ", depth), "SELECT * FROM t" + repeat(" JOIN t ON true", depth),
          "SELECT " + repeat("ARRAY[", depth)}) {
      EXPECT_FALSE(analyze_statement(text).parsed) << text.substr(0, 40);
    }
  }
}

TEST(Robustness, WideStatementsAreParsed) {
  EXPECT_TRUE(analyze_statement("SELECT * FROM t WHERE a IN (1" + repeat(", 2", 20'000) + ")").parsed);
  EXPECT_TRUE(analyze_statement("INSERT INTO t VALUES (1, 'x')" + repeat(", (2, 'y')", 5'000)).parsed);
}

TEST(Robustness, NulBytesAreNoStatement) {
  const std::string text("SELECT 1\0; DROP TABLE t", 23);
  EXPECT_FALSE(analyze_statement(text).parsed);
}

TEST(Robustness, EmptyTextsAreNothing) {
  for (const std::string& text :
       {std::string(), std::string(";;"), std::string("-- nothing"), std::string("/* open")}) {
    EXPECT_FALSE(analyze_statement(text).parsed);
  }
}

TEST(Robustness, AnyBytesAreTaken) {
  std::mt19937 random(20261125);
  for (int i = 0; i < 3000; ++i) {
    std::string text(random() % 200, '\0');
    for (char& c : text) c = static_cast<char>(random());
    const StatementFacts facts = analyze_statement(text);
    EXPECT_EQ(facts.fingerprint, analyze_statement(text).fingerprint);
  }
}

TEST(Robustness, StatementsCutAnywhereAreTaken) {
  const std::string text =
      "WITH x AS (SELECT a, $2::int FROM \"T\" WHERE b = E'\\x' OR c IN (1, -2, $tag$x$tag$)) /* c */ "
      "INSERT INTO t (a) SELECT x.a FROM x -- end\n RETURNING id";
  for (std::size_t size = 0; size <= text.size(); ++size) {
    const StatementFacts facts = analyze_statement(text.substr(0, size));
    EXPECT_LE(facts.normalized.size(), text.size() + 20);
  }
}

TEST(Robustness, MegabyteOfTextIsTaken) {
  EXPECT_TRUE(analyze_statement("SELECT '" + std::string(1 << 20, 'x') + "'").parsed);
  EXPECT_FALSE(analyze_statement(std::string(1 << 20, '(')).parsed);
}

TEST(Robustness, ThreadsDoNotDisturbEachOther) {
  const Fingerprint expected = analyze_statement("SELECT * FROM t WHERE a = $1").fingerprint;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 200; ++i) {
        EXPECT_EQ(analyze_statement("SELECT * FROM t WHERE a = " + std::to_string(i)).fingerprint, expected);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

}  // namespace
}  // namespace quell::sql
