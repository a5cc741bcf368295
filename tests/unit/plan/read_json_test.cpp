#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "analyzer/plan/plan.hpp"

namespace quell::plan {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pair;
using testing::SizeIs;

constexpr std::string_view kIndexScan = R"PLAN([
  {
    "Plan": {
      "Node Type": "Index Scan",
      "Parallel Aware": false,
      "Async Capable": false,
      "Scan Direction": "Forward",
      "Index Name": "posts_pkey",
      "Relation Name": "posts",
      "Schema": "public",
      "Alias": "p",
      "Startup Cost": 0.29,
      "Total Cost": 8.31,
      "Plan Rows": 1,
      "Plan Width": 36,
      "Actual Startup Time": 0.012,
      "Actual Total Time": 0.014,
      "Actual Rows": 1,
      "Actual Loops": 1,
      "Output": [
        "id",
        "title"
      ],
      "Index Cond": "(p.id = 7)",
      "Rows Removed by Index Recheck": 0,
      "Filter": "(p.title <> 'x'::text)",
      "Rows Removed by Filter": 2,
      "Shared Hit Blocks": 3,
      "Shared Read Blocks": 1,
      "I/O Read Time": 0.25
    },
    "Settings": {
      "random_page_cost": "1.1"
    },
    "Query Identifier": -42,
    "Planning": {
      "Shared Hit Blocks": 12
    },
    "Planning Time": 0.08,
    "Triggers": [
      {
        "Trigger Name": "RI_ConstraintTrigger_c_1",
        "Constraint Name": "posts_author_fk",
        "Relation": "posts",
        "Time": 1.5,
        "Calls": 3
      }
    ],
    "Execution Time": 1.6
  }
])PLAN";

Plan only_plan(std::string_view bytes) {
  ReadResult result = read_json(bytes);
  EXPECT_THAT(result.diagnostics, IsEmpty());
  EXPECT_THAT(result.plans, SizeIs(1));
  return result.plans.empty() ? Plan{} : std::move(result.plans.front());
}

TEST(ReadJson, NodePropertiesStandInTheirFields) {
  const Plan plan = only_plan(kIndexScan);
  const Node& node = plan.root;
  EXPECT_EQ(node.type, "Index Scan");
  EXPECT_EQ(node.schema, "public");
  EXPECT_EQ(node.relation, "posts");
  EXPECT_EQ(node.alias, "p");
  EXPECT_EQ(node.index, "posts_pkey");
  EXPECT_EQ(node.scan_direction, "Forward");
  EXPECT_TRUE(node.costed);
  EXPECT_DOUBLE_EQ(node.total_cost, 8.31);
  EXPECT_DOUBLE_EQ(node.plan_width, 36);
  EXPECT_TRUE(node.analyzed);
  EXPECT_TRUE(node.timed);
  EXPECT_DOUBLE_EQ(node.actual_total_ms, 0.014);
  EXPECT_EQ(node.rows_removed_by_filter, 2);
  ASSERT_TRUE(node.buffers);
  EXPECT_EQ(node.buffers->shared_hit, 3U);
  EXPECT_EQ(node.buffers->shared_read, 1U);
  EXPECT_DOUBLE_EQ(node.buffers->io_read_ms, 0.25);
}

TEST(ReadJson, OtherPropertiesAreKeptInThePlansOrder) {
  EXPECT_THAT(only_plan(kIndexScan).root.details,
              ElementsAre(Pair("Output", "id, title"), Pair("Index Cond", "(p.id = 7)"),
                          Pair("Rows Removed by Index Recheck", "0"), Pair("Filter", "(p.title <> 'x'::text)")));
}

TEST(ReadJson, PropertiesBesideTheTree) {
  const Plan plan = only_plan(kIndexScan);
  EXPECT_EQ(plan.planning_ms, 0.080);
  EXPECT_EQ(plan.execution_ms, 1.600);
  EXPECT_THAT(plan.settings, ElementsAre(Pair("random_page_cost", "1.1")));
  ASSERT_THAT(plan.triggers, SizeIs(1));
  EXPECT_EQ(plan.triggers[0].constraint, "posts_author_fk");
  EXPECT_EQ(plan.triggers[0].calls, 3);
  EXPECT_THAT(plan.details,
              ElementsAre(Pair("Query Identifier", "-42"), Pair("Planning", R"({"Shared Hit Blocks":12})")));
}

TEST(ReadJson, BareObjectOfAutoExplainGivesItsQueryText) {
  const Plan plan = only_plan(R"({"Query Text": "select 1", "Plan": {"Node Type": "Result", "Total Cost": 0.01}})");
  EXPECT_EQ(plan.query_text, "select 1");
  EXPECT_EQ(plan.root.type, "Result");
  EXPECT_FALSE(plan.analyzed);
}

TEST(ReadJson, SeveralDocumentsInARowAreSeveralPlans) {
  const ReadResult result = read_json(R"([{"Plan":{"Node Type":"Result"}}]
    {"Plan":{"Node Type":"Seq Scan"}})");
  ASSERT_THAT(result.plans, SizeIs(2));
  EXPECT_EQ(result.plans[1].root.type, "Seq Scan");
  EXPECT_THAT(result.diagnostics, IsEmpty());
}

TEST(ReadJson, UnknownNodesAndNestedPropertiesAreKept) {
  const Plan plan = only_plan(R"([{"Plan": {"Node Type": "Custom Scan", "Custom Plan Provider": "Chunks",
    "RTIs": [1, 2], "Range Table": {"kind": "relation"}, "Disabled": false}}])");
  EXPECT_EQ(plan.root.detail("RTIs"), "1, 2");
  EXPECT_EQ(plan.root.detail("Range Table"), R"({"kind":"relation"})");
  EXPECT_EQ(plan.root.detail("Disabled"), "false");
}

TEST(ReadJson, RowsWithDecimalsHaveTheSmallerRoundingError) {
  const Plan old_plan =
      only_plan(R"([{"Plan": {"Node Type": "Index Scan", "Actual Rows": 0, "Actual Loops": 1000000}}])");
  EXPECT_DOUBLE_EQ(old_plan.root.total_rows().low, 0);
  EXPECT_DOUBLE_EQ(old_plan.root.total_rows().high, 500'000);
  const Plan new_plan =
      only_plan(R"([{"Plan": {"Node Type": "Index Scan", "Actual Rows": 0.40, "Actual Loops": 1000000}}])");
  EXPECT_NEAR(new_plan.root.total_rows().low, 395'000, 1e-6);
  EXPECT_NEAR(new_plan.root.total_rows().high, 405'000, 1e-6);
}

TEST(ReadJson, OneLoopIsNotRounded) {
  const Plan plan = only_plan(R"([{"Plan": {"Node Type": "Seq Scan", "Actual Rows": 12, "Actual Loops": 1}}])");
  EXPECT_DOUBLE_EQ(plan.root.total_rows().low, 12);
  EXPECT_DOUBLE_EQ(plan.root.total_rows().high, 12);
}

TEST(ReadJson, WorkersOfVerbosePlans) {
  const Plan plan = only_plan(R"([{"Plan": {"Node Type": "Seq Scan", "Actual Rows": 10, "Actual Loops": 2,
    "Actual Total Time": 3, "Workers": [{"Worker Number": 0, "Actual Startup Time": 0.1, "Actual Total Time": 4.5,
    "Actual Rows": 15, "Actual Loops": 1, "Shared Hit Blocks": 9}]}}])");
  ASSERT_THAT(plan.root.workers, SizeIs(1));
  EXPECT_DOUBLE_EQ(plan.root.workers[0].total_ms(), 4.5);
  EXPECT_THAT(plan.root.workers[0].details, ElementsAre(Pair("Shared Hit Blocks", "9")));
}

TEST(ReadJson, TimingOffHasRowsButNoTimes) {
  const Plan plan = only_plan(R"([{"Plan": {"Node Type": "Seq Scan", "Actual Rows": 10, "Actual Loops": 1}}])");
  EXPECT_TRUE(plan.analyzed);
  EXPECT_FALSE(plan.root.timed);
}

TEST(ReadJson, NeverExecutedNodeHasNoTimeAndNoRows) {
  const Plan plan = only_plan(R"([{"Plan": {"Node Type": "Index Scan", "Actual Startup Time": 0.0,
    "Actual Total Time": 0.0, "Actual Rows": 0, "Actual Loops": 0}}])");
  EXPECT_TRUE(plan.root.never_executed());
  EXPECT_DOUBLE_EQ(plan.root.self_ms, 0);
  EXPECT_DOUBLE_EQ(plan.root.total_rows().high, 0);
}

struct BadInput {
  std::string name;
  std::string bytes;
  std::size_t offset;
  std::string sentence;
};

class ReadJsonBad : public testing::TestWithParam<BadInput> {};

TEST_P(ReadJsonBad, IsToldWithItsPositionAndGivesNoPlan) {
  const ReadResult result = read_json(GetParam().bytes);
  EXPECT_THAT(result.plans, IsEmpty());
  ASSERT_THAT(result.diagnostics, SizeIs(1));
  EXPECT_EQ(result.diagnostics[0].offset, GetParam().offset);
  EXPECT_THAT(result.diagnostics[0].sentence, HasSubstr(GetParam().sentence));
}

INSTANTIATE_TEST_SUITE_P(All, ReadJsonBad,
                         testing::Values(BadInput{"empty", "  \n", 0, "empty input"},
                                         BadInput{"text", "Seq Scan on a", 0, "not JSON"},
                                         BadInput{"not_a_number", R"([{"Plan": {"Plan Rows": NaN}}])", 24, "not JSON"},
                                         BadInput{"other_json", R"([{"rows": 1, "x": 2}])", 0, "no \"Plan\" in it"},
                                         BadInput{"utility", R"(["Utility Statement"])", 0, "utility statement"},
                                         BadInput{"no_entries", "[]", 0, "empty list"}),
                         [](const auto& test) { return test.param.name; });

TEST(ReadJson, TruncatedAtEveryByteNeverGivesAPlanButAlwaysADiagnostic) {
  for (std::size_t size = 0; size + 1 < kIndexScan.size(); ++size) {
    const ReadResult result = read_json(kIndexScan.substr(0, size));
    ASSERT_THAT(result.plans, IsEmpty()) << size;
    ASSERT_THAT(result.diagnostics, SizeIs(1)) << size;
    ASSERT_LE(result.diagnostics[0].offset, size);
  }
}

TEST(ReadJson, PlansBeforeADamagedOneAreKept) {
  const ReadResult result = read_json(R"([{"Plan":{"Node Type":"Result"}}] [{"Plan":)");
  EXPECT_THAT(result.plans, SizeIs(1));
  EXPECT_THAT(result.diagnostics, SizeIs(1));
}

std::string nested(std::size_t levels) {
  std::string text = "[{\"Plan\":";
  for (std::size_t i = 0; i < levels; ++i) text += "{\"Node Type\":\"Append\",\"Plans\":[";
  for (std::size_t i = 0; i < levels; ++i) text += "]}";
  return text + "}]";
}

TEST(ReadJson, DeepestAllowedPlanIsReadWhole) {
  const ReadResult result = read_json(nested(kMaxPlanDepth));
  ASSERT_THAT(result.plans, SizeIs(1));
  EXPECT_THAT(result.diagnostics, IsEmpty());
  std::size_t nodes = 0;
  walk(result.plans[0].root, [&](const Node&, std::size_t) { ++nodes; });
  EXPECT_EQ(nodes, kMaxPlanDepth);
}

TEST(ReadJson, DeeperPlansEndInADiagnostic) {
  for (const std::size_t levels : {kMaxPlanDepth + 1, std::size_t{10'000}}) {
    EXPECT_THAT(read_json(nested(levels)).diagnostics, SizeIs(1)) << levels;
  }
}

TEST(ReadJson, AbsurdNumbersAreBounded) {
  const Plan plan = only_plan(R"([{"Plan": {"Node Type": "Seq Scan", "Plan Rows": 9223372036854775808,
    "Actual Loops": -3, "Actual Rows": 1e308, "Actual Total Time": 1e308, "Shared Hit Blocks": 1e300,
    "Shared Read Blocks": -1}}])");
  EXPECT_DOUBLE_EQ(plan.root.plan_rows, 9223372036854775808.0);
  EXPECT_DOUBLE_EQ(plan.root.loops, 0);
  EXPECT_EQ(plan.root.buffers->shared_hit, 9'000'000'000'000'000'000U);
  EXPECT_EQ(plan.root.buffers->shared_read, 0U);
}

}  // namespace
}  // namespace quell::plan
