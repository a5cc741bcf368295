#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analyzer/gate/baseline.hpp"
#include "analyzer/gate/file_error.hpp"

namespace quell::gate {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string error_of(const std::string& text) {
  try {
    (void)parse_baseline(text, "api.toml");
  } catch (const FileError& error) {
    return error.what();
  }
  return "no error";
}

/// A suite of one unit a name, with (fingerprint, executions).
Suite suite_of(const std::map<std::string, std::map<sql::Fingerprint, std::uint64_t>>& units) {
  Measurement measurement;
  for (const auto& [name, statements] : units) {
    MeasuredUnit unit;
    unit.name = name;
    unit.runs = 1;
    for (const auto& [fingerprint, count] : statements) {
      unit.statements.push_back({fingerprint, count, {}});
      measurement.statements[fingerprint] = "select " + std::to_string(fingerprint);
      unit.queries += count;
    }
    measurement.units.push_back(unit);
  }
  return combine("api", {measurement});
}

TEST(BaselineFile, HasSortedBlocksWithBlankLinesAndNoTotals) {
  const Baseline baseline = baseline_of(suite_of({{"POST /orders", {{3, 1}}}, {"GET /orders", {{2, 2}, {1, 1}}}}));
  EXPECT_EQ(render_baseline(baseline),
            "# Statements each unit runs, the most in one run. Written by `quell baseline update`; to merge, keep both "
            "sides.\n"
            "format = 1\n"
            "\n"
            "[\"GET /orders\"]\n"
            "\"0000000000000001\" = 1  # select 1\n"
            "\"0000000000000002\" = 2  # select 2\n"
            "\n"
            "[\"POST /orders\"]\n"
            "\"0000000000000003\" = 1  # select 3\n");
}

TEST(BaselineFile, IsReadAsItWasWritten) {
  Baseline baseline;
  baseline.units["GET /\"quoted\" \\ back"][0xFFFFFFFFFFFFFFFF] = {7, "select '#' from x"};
  baseline.units["test:größe [1]"][1] = {1, ""};
  const std::string text = render_baseline(baseline);
  const Baseline again = parse_baseline(text, "api.toml");
  EXPECT_EQ(render_baseline(again), text);
  EXPECT_EQ(again.units.at("GET /\"quoted\" \\ back").at(0xFFFFFFFFFFFFFFFF).count, 7U);
  EXPECT_EQ(again.units.at("GET /\"quoted\" \\ back").at(0xFFFFFFFFFFFFFFFF).comment, "select '#' from x");
}

TEST(BaselineFile, AStatementCannotLeaveItsComment) {
  Baseline baseline;
  baseline.units["GET /"][1] = {1, "select 1\n[\"GET /admin\"]\r\"0000000000000002\" = 9\x1b[2J\xff"};
  const Baseline again = parse_baseline(render_baseline(baseline), "api.toml");
  EXPECT_EQ(again.units.size(), 1U);
  EXPECT_EQ(again.units.at("GET /").size(), 1U);
}

TEST(BaselineFile, MistakesHaveAPlaceAndANextStep) {
  EXPECT_THAT(error_of(""), HasSubstr("api.toml:1:1: a baseline begins with format = 1"));
  EXPECT_THAT(error_of("format = 2\n"), HasSubstr("api.toml:1:10: this format is not known"));
  EXPECT_THAT(error_of("format = 1\n[\"GET /\"]\n\"12\" = 1\n"), HasSubstr("api.toml:3:1: '12' is no fingerprint"));
  EXPECT_THAT(error_of("format = 1\n[\"GET /\"]\n\"00000000000000AB\" = 1\n"), HasSubstr("is no fingerprint"));
  EXPECT_THAT(error_of("format = 1\n[\"GET /\"]\n\"0000000000000001\" = 0\n"), HasSubstr("api.toml:3:22: "));
  EXPECT_THAT(error_of("format = 1\n[\"GET /\"]\n\"0000000000000001\" = \"1\"\n"), HasSubstr("number of executions"));
  EXPECT_THAT(error_of("format = 1\nx = 3\n"), HasSubstr("api.toml:2:1: 'x' belongs into the block of a unit"));
}

TEST(BaselineFile, ConflictMarkersAreNamed) {
  const std::string error = error_of(
      "format = 1\n[\"GET /\"]\n<<<<<<< ours\n\"0000000000000001\" = 1\n=======\n\"0000000000000002\" = 1\n>>>>>>> "
      "theirs\n");
  EXPECT_THAT(error, HasSubstr("api.toml:3:"));
  EXPECT_THAT(error, HasSubstr("keep the lines of both sides"));
}

TEST(BaselineFile, AStatementThatStandsTwiceIsAnError) {
  EXPECT_THAT(error_of("format = 1\n[\"GET /\"]\n\"0000000000000001\" = 1\n\"0000000000000001\" = 2\n"),
              HasSubstr("api.toml:4:"));
}

TEST(BaselineUpdate, TakesOverMatchingUnitsAndLeavesTheOthers) {
  Baseline baseline = baseline_of(suite_of({{"GET /a", {{1, 1}}}, {"GET /b", {{1, 1}}}, {"GET /gone", {{1, 1}}}}));
  const Suite now = suite_of({{"GET /a", {{2, 5}}}, {"GET /b", {{1, 3}}}});
  EXPECT_THAT(update(baseline, now, {"GET /a", false}), ElementsAre("GET /a"));
  EXPECT_EQ(baseline.units.at("GET /a").size(), 1U);
  EXPECT_EQ(baseline.units.at("GET /a").at(2).count, 5U);
  EXPECT_EQ(baseline.units.at("GET /b").at(1).count, 1U);
  EXPECT_TRUE(baseline.units.contains("GET /gone"));
}

TEST(BaselineUpdate, OnlyLowerTakesLessAndGoneButNothingMoreOrNew) {
  Baseline baseline = baseline_of(suite_of({{"GET /a", {{1, 5}, {2, 1}, {3, 1}}}}));
  const Suite now = suite_of({{"GET /a", {{1, 2}, {2, 9}, {4, 1}}}, {"GET /new", {{1, 1}}}});
  EXPECT_THAT(update(baseline, now, {"*", true}), ElementsAre("GET /a"));
  const Baseline::Block& block = baseline.units.at("GET /a");
  EXPECT_EQ(block.at(1).count, 2U);
  EXPECT_EQ(block.at(2).count, 1U);
  EXPECT_FALSE(block.contains(3));
  EXPECT_FALSE(block.contains(4));
  EXPECT_FALSE(baseline.units.contains("GET /new"));
}

TEST(BaselineUpdate, ChangesNothingWhereNothingChanged) {
  const Suite suite = suite_of({{"GET /a", {{1, 1}}}});
  Baseline baseline = baseline_of(suite);
  EXPECT_TRUE(update(baseline, suite, {}).empty());
}

TEST(BaselinePrune, RemovesUnitsThatWereNotMeasured) {
  Baseline baseline = baseline_of(suite_of({{"GET /a", {{1, 1}}}, {"GET /b", {{1, 1}}}, {"job:c", {{1, 1}}}}));
  EXPECT_THAT(prune(baseline, suite_of({{"GET /a", {{1, 1}}}}), "GET *"), ElementsAre("GET /b"));
  EXPECT_TRUE(baseline.units.contains("job:c"));
}

TEST(Deltas, WhatGrewMostComesFirst) {
  const Baseline baseline = baseline_of(suite_of({{"GET /a", {{1, 5}, {2, 1}, {3, 4}}}}));
  const Suite now = suite_of({{"GET /a", {{1, 5}, {2, 3}, {4, 9}}}});
  const auto changes = deltas(baseline.unit("GET /a"), now.unit("GET /a"), now.statements);
  ASSERT_EQ(changes.size(), 3U);
  EXPECT_EQ(changes[0].fingerprint, 4U);
  EXPECT_EQ(changes[1].fingerprint, 2U);
  EXPECT_EQ(changes[2].fingerprint, 3U);
  EXPECT_EQ(changes[2].text, "select 3");  // from the comment: nothing runs it any more
  EXPECT_EQ(changes[2].now, 0U);
}

}  // namespace
}  // namespace quell::gate
