#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <string>

#include "analyzer/plan/plan.hpp"
#include "analyzer/plan/references.hpp"

namespace quell::plan {
namespace {

using testing::ElementsAre;

Node timed(std::string type, double ms, double loops = 1, std::string relationship = "Outer") {
  Node node;
  node.type = std::move(type);
  node.parent_relationship = std::move(relationship);
  node.analyzed = node.timed = true;
  node.actual_total_ms = ms;
  node.loops = loops;
  return node;
}

Plan plan_of(Node root, double execution_ms) {
  Plan plan;
  plan.root = std::move(root);
  plan.analyzed = true;
  plan.execution_ms = execution_ms;
  return plan;
}

double sum_of_self(const Plan& plan) {
  double sum = 0;
  walk(plan.root, [&](const Node& node, std::size_t) { sum += node.self_ms; });
  return sum;
}

double accounted(const Plan& plan) {
  double sum = sum_of_self(plan) + plan.serialize_ms + plan.unaccounted_ms;
  for (const Trigger& trigger : plan.triggers) sum += trigger.ms;
  return sum;
}

TEST(SelfTime, InnerTimeIsAnAveragePerLoop) {
  // 10 ms in all; outer 2 ms; inner 0.05 ms x 100 loops = 5 ms; so the join itself took 3 ms.
  Node join = timed("Nested Loop", 10);
  join.children = {timed("Seq Scan", 2), timed("Index Scan", 0.05, 100, "Inner")};
  Plan plan = plan_of(std::move(join), 10.4);
  attribute_self_time(plan);
  EXPECT_NEAR(plan.root.self_ms, 3, 1e-9);
  EXPECT_NEAR(plan.root.children[1].self_ms, 5, 1e-9);
  EXPECT_NEAR(plan.unaccounted_ms, 0.4, 1e-9);
}

TEST(SelfTime, RoundingIsCarriedAsAnInterval) {
  // The inner total is 5 ms give or take half of the last digit in each of 1000 loops: 0.5 ms.
  Node join = timed("Nested Loop", 10);
  join.children = {timed("Index Scan", 0.005, 1000, "Inner")};
  Plan plan = plan_of(std::move(join), 10);
  attribute_self_time(plan);
  EXPECT_NEAR(plan.root.children[0].self_interval.low, 4.5, 1e-9);
  EXPECT_NEAR(plan.root.children[0].self_interval.high, 5.5, 1e-9);
  EXPECT_NEAR(plan.root.self_interval.low, 4.4995, 1e-9);  // its own rounding too: 0.0005
  EXPECT_NEAR(plan.root.self_interval.high, 5.5005, 1e-9);
}

TEST(SelfTime, ChildrenSumBeyondParentWithinRoundingIsNotNegativeAndKeepsTheSum) {
  Node join = timed("Nested Loop", 4.8);
  join.children = {timed("Index Scan", 0.005, 1000, "Inner")};
  Plan plan = plan_of(std::move(join), 5);
  attribute_self_time(plan);
  EXPECT_EQ(plan.root.self_ms, 0);
  EXPECT_NEAR(plan.root.children[0].self_ms, 4.8, 1e-9);
  EXPECT_FALSE(plan.root.self_approximate);  // within rounding
  EXPECT_NEAR(accounted(plan), 5, 1e-9);
}

TEST(SelfTime, TotalsThatContradictEachOtherAreMarkedApproximate) {
  Node sort = timed("Sort", 1);
  sort.children = {timed("Seq Scan", 4)};
  Plan plan = plan_of(std::move(sort), 1.5);
  attribute_self_time(plan);
  EXPECT_TRUE(plan.root.self_approximate);
  EXPECT_NEAR(accounted(plan), 1.5, 1e-9);
}

TEST(SelfTime, InitPlanBelongsToTheNodeThatAsksForIt) {
  // The scan's 9 ms hold the InitPlan's 6: scan itself 3, aggregate 10 - 9 = 1.
  Node aggregate = timed("Aggregate", 10);
  Node init = timed("Aggregate", 6, 1, "InitPlan");
  init.subplan_name = "InitPlan 1 (returns $0)";
  Node scan = timed("Seq Scan", 9);
  scan.details = {{"Filter", "(price > $0)"}};
  aggregate.children = {init, scan};
  Plan plan = plan_of(std::move(aggregate), 10);
  attribute_self_time(plan);
  EXPECT_NEAR(plan.root.self_ms, 1, 1e-9);
  EXPECT_NEAR(plan.root.children[0].self_ms, 6, 1e-9);
  EXPECT_NEAR(plan.root.children[1].self_ms, 3, 1e-9);
}

TEST(SelfTime, InitPlanIsTakenOffOnceHoweverOftenItIsMentioned) {
  // PostgreSQL 17 spelling. The first scan in execution order evaluates it; the second finds it done.
  Node append = timed("Append", 12);
  Node init = timed("Result", 5, 1, "InitPlan");
  init.subplan_name = "InitPlan 1";
  Node first = timed("Seq Scan", 7, 1, "Member");
  first.details = {{"Filter", "(a > (InitPlan 1).col1)"}};
  Node second = timed("Seq Scan", 4, 1, "Member");
  second.details = {{"Filter", "(b > (InitPlan 1).col1)"}};
  append.children = {init, first, second};
  Plan plan = plan_of(std::move(append), 12);
  attribute_self_time(plan);
  EXPECT_NEAR(plan.root.children[1].self_ms, 2, 1e-9);
  EXPECT_NEAR(plan.root.children[2].self_ms, 4, 1e-9);
  EXPECT_NEAR(plan.root.self_ms, 1, 1e-9);
}

TEST(SelfTime, TwelveInitPlansAreToldApart) {
  // $1 must not be found in $12: each of twelve 1 ms InitPlans runs in the scan that names it.
  Node append = timed("Append", 24);
  for (int i = 1; i <= 12; ++i) {
    Node init = timed("Result", 1, 1, "InitPlan");
    init.subplan_name = "InitPlan " + std::to_string(i) + " (returns $" + std::to_string(i) + ")";
    append.children.push_back(init);
  }
  for (int i = 12; i >= 1; --i) {
    Node scan = timed("Seq Scan", 2, 1, "Member");
    scan.details = {{"Filter", "(a = $" + std::to_string(i) + ")"}};
    append.children.push_back(scan);
  }
  Plan plan = plan_of(std::move(append), 24);
  attribute_self_time(plan);
  EXPECT_NEAR(plan.root.self_ms, 0, 1e-9);
  for (std::size_t i = 12; i < 24; ++i) EXPECT_NEAR(plan.root.children[i].self_ms, 1, 1e-9) << i;
  EXPECT_NEAR(sum_of_self(plan), 24, 1e-9);
}

TEST(SelfTime, InitPlanNobodyMentionsRunsInItsOwner) {
  // LIMIT (SELECT ...): EXPLAIN does not show the expression.
  Node limit = timed("Limit", 8);
  Node init = timed("Result", 5, 1, "InitPlan");
  init.subplan_name = "InitPlan 1 (returns $0)";
  limit.children = {init, timed("Seq Scan", 2)};
  Plan plan = plan_of(std::move(limit), 8);
  attribute_self_time(plan);
  EXPECT_NEAR(plan.root.self_ms, 1, 1e-9);
}

TEST(SelfTime, GatherEvaluatesTheParametersOfItsWorkers) {
  Node gather = timed("Gather", 20);
  gather.workers_launched = 1;
  Node init = timed("Aggregate", 11, 1, "InitPlan");
  init.subplan_name = "InitPlan 1 (returns $0)";
  Node scan = timed("Seq Scan", 8, 2);
  scan.details = {{"Filter", "(a > $0)"}};
  gather.children = {init, scan};
  Plan plan = plan_of(std::move(gather), 20);
  attribute_self_time(plan);
  EXPECT_NEAR(plan.root.self_ms, 1, 1e-9);              // 20 - 11 - 8
  EXPECT_NEAR(plan.root.children[1].self_ms, 8, 1e-9);  // mean of two participants
  EXPECT_NEAR(plan.root.children[1].self_cpu_ms, 16, 1e-9);
}

TEST(SelfTime, CteIsSplitOverItsScansByTheirTime) {
  // CTE 30 ms; scans 36 and 4: given 27 and 3, so they keep 9 and 1; the join keeps 42 - 40 = 2.
  Node join = timed("Nested Loop", 42);
  Node cte = timed("Seq Scan", 30, 1, "InitPlan");
  cte.subplan_name = "CTE totals";
  Node first = timed("CTE Scan", 36);
  first.cte = "totals";
  Node second = timed("CTE Scan", 2, 2, "Inner");
  second.cte = "totals";
  join.children = {cte, first, second};
  Plan plan = plan_of(std::move(join), 42);
  attribute_self_time(plan);
  EXPECT_NEAR(plan.root.self_ms, 2, 1e-9);
  EXPECT_NEAR(plan.root.children[0].self_ms, 30, 1e-9);
  EXPECT_NEAR(plan.root.children[1].self_ms, 9, 1e-9);
  EXPECT_NEAR(plan.root.children[2].self_ms, 1, 1e-9);
}

TEST(SelfTime, CteReadInsideAnotherCte) {
  Node scan_outer = timed("CTE Scan", 20);
  scan_outer.cte = "b";
  Node a = timed("Seq Scan", 10, 1, "InitPlan");
  a.subplan_name = "CTE a";
  Node b = timed("Aggregate", 17, 1, "InitPlan");
  b.subplan_name = "CTE b";
  Node scan_a = timed("CTE Scan", 12);
  scan_a.cte = "a";
  b.children = {scan_a};
  scan_outer.children = {a, b};
  Plan plan = plan_of(std::move(scan_outer), 20);
  attribute_self_time(plan);
  EXPECT_NEAR(plan.root.self_ms, 3, 1e-9);                          // 20 - 17
  EXPECT_NEAR(plan.root.children[0].self_ms, 10, 1e-9);             // a
  EXPECT_NEAR(plan.root.children[1].self_ms, 5, 1e-9);              // 17 - 12
  EXPECT_NEAR(plan.root.children[1].children[0].self_ms, 2, 1e-9);  // 12 - 10
}

TEST(SelfTime, WritingCteNobodyReadsRanAfterTheRoot) {
  Node result = timed("Result", 1);
  Node insert = timed("ModifyTable", 7, 1, "InitPlan");
  insert.subplan_name = "CTE ins";
  result.children = {insert};
  Plan plan = plan_of(std::move(result), 9);
  attribute_self_time(plan);
  EXPECT_NEAR(plan.root.self_ms, 1, 1e-9);
  EXPECT_NEAR(plan.root.children[0].self_ms, 7, 1e-9);
  EXPECT_NEAR(plan.unaccounted_ms, 1, 1e-9);
}

TEST(SelfTime, SubPlanCountsInEveryLoop) {
  Node scan = timed("Seq Scan", 100);
  Node sub = timed("Index Scan", 0.08, 1000, "SubPlan");
  sub.subplan_name = "SubPlan 1";
  scan.children = {sub};
  Plan plan = plan_of(std::move(scan), 100);
  attribute_self_time(plan);
  EXPECT_NEAR(plan.root.self_ms, 20, 1e-9);
}

TEST(SelfTime, ParallelSectionTakesAsLongAsItsSlowestParticipant) {
  // Three participants, 60 ms in all: workers 5 and 45, so the leader 10. Wall 45, not 60 / 3 = 20.
  Node gather = timed("Gather", 50);
  gather.workers_launched = 2;
  Node aggregate = timed("Aggregate", 20, 3);
  aggregate.workers = {{0, 5, 0, 1, {}}, {1, 45, 0, 1, {}}};
  Node scan = timed("Seq Scan", 15, 3);
  aggregate.children = {scan};
  gather.children = {aggregate};
  Plan plan = plan_of(std::move(gather), 50);
  attribute_self_time(plan);
  EXPECT_NEAR(plan.root.self_ms, 5, 1e-9);
  // 45 ms of wall, shared by CPU: scan 45 of 60, aggregate 15 of 60.
  EXPECT_NEAR(plan.root.children[0].children[0].self_ms, 45 * 0.75, 1e-9);
  EXPECT_NEAR(plan.root.children[0].self_ms, 45 * 0.25, 1e-9);
  EXPECT_NEAR(plan.root.children[0].self_cpu_ms, 15, 1e-9);
  EXPECT_FALSE(plan.root.children[0].self_approximate);
}

TEST(SelfTime, WithoutPerWorkerTimesTheWallTimeIsABound) {
  // Mean 20, at most the Gather's 50.
  Node gather = timed("Gather", 50);
  gather.workers_launched = 2;
  gather.children = {timed("Seq Scan", 20, 3)};
  Plan plan = plan_of(std::move(gather), 50);
  attribute_self_time(plan);
  const Node& scan = plan.root.children[0];
  EXPECT_TRUE(scan.self_approximate);
  EXPECT_NEAR(scan.self_ms, 20, 1e-9);
  EXPECT_GE(scan.self_interval.high, 50);
  EXPECT_NEAR(plan.root.self_interval.low, 0, 0.01);
  EXPECT_NEAR(sum_of_self(plan), 50, 1e-9);
}

TEST(SelfTime, PlannedWorkersThatWereNotLaunchedDivideNothing) {
  Node gather = timed("Gather", 50);
  gather.workers_planned = 2;
  gather.workers_launched = 0;
  gather.children = {timed("Seq Scan", 48, 1)};
  Plan plan = plan_of(std::move(gather), 50);
  attribute_self_time(plan);
  EXPECT_NEAR(plan.root.children[0].self_ms, 48, 1e-9);
  EXPECT_FALSE(plan.root.children[0].self_approximate);
}

TEST(SelfTime, OverlappingAsynchronousScansDoNotExceedTheirAppend) {
  Node append = timed("Append", 10);
  append.children = {timed("Foreign Scan", 9, 1, "Member"), timed("Foreign Scan", 9, 1, "Member")};
  Plan plan = plan_of(std::move(append), 10);
  attribute_self_time(plan);
  EXPECT_NEAR(plan.root.children[0].self_ms, 5, 1e-9);
  EXPECT_TRUE(plan.root.self_approximate);
}

TEST(SelfTime, AfterTriggersStandOutsideTheRoot) {
  Plan plan = plan_of(timed("ModifyTable", 2), 10);
  plan.triggers = {{"fk", "fk", "posts", 7, 100}};
  attribute_self_time(plan);
  EXPECT_NEAR(plan.root.self_ms, 2, 1e-9);
  EXPECT_NEAR(plan.unaccounted_ms, 1, 1e-9);
}

TEST(SelfTime, BeforeTriggersAreTakenOffTheModifyNode) {
  Plan plan = plan_of(timed("ModifyTable", 9), 10);
  plan.triggers = {{"stamp", "", "posts", 7, 100}};
  attribute_self_time(plan);
  EXPECT_NEAR(plan.root.self_ms, 3, 1e-9);  // 10 - 7: nothing else can have taken the time
  EXPECT_NEAR(plan.unaccounted_ms, 0, 1e-9);
}

TEST(SelfTime, AnyTreeKeepsTheSumAndHasNoNegativeTime) {
  std::mt19937 random(20260101);
  const auto number = [&](double most) { return std::uniform_real_distribution<double>(0, most)(random); };
  const std::vector<std::string> relationships{"Outer", "Inner", "InitPlan", "SubPlan", "Member"};
  for (int round = 0; round < 2000; ++round) {
    const auto grow = [&](const auto& self, int depth) -> Node {
      Node node = timed(number(1) < 0.2   ? "Gather"
                        : number(1) < 0.3 ? "CTE Scan"
                                          : "Hash Join",
                        number(100), std::floor(number(4)), relationships[random() % relationships.size()]);
      if (node.parent_relationship == "InitPlan") {
        const std::string n = std::to_string(random() % 3);
        node.subplan_name = number(1) < 0.5 ? "CTE " + n : "InitPlan " + n + " (returns $" + n + ")";
      }
      node.cte = std::to_string(random() % 3);
      if (number(1) < 0.3) node.details = {{"Filter", "(a = $" + std::to_string(random() % 3) + ")"}};
      if (number(1) < 0.2) node.workers = {{0, number(100), 0, 1, {}}};
      for (int i = 0; depth < 5 && i < static_cast<int>(random() % 4); ++i)
        node.children.push_back(self(self, depth + 1));
      return node;
    };
    Node root = grow(grow, 0);
    root.loops = 1;
    Plan plan = plan_of(std::move(root), 1000);
    attribute_self_time(plan);
    ASSERT_NEAR(accounted(plan), 1000, 1e-6) << round;
    walk(plan.root, [&](const Node& node, std::size_t) {
      ASSERT_GE(node.self_ms, 0) << round;
      ASSERT_LE(node.self_interval.low, node.self_ms + 1e-9) << round;
      ASSERT_GE(node.self_interval.high, node.self_ms - 1e-9) << round;
    });
  }
}

TEST(SelfTime, ManyInitPlansTakeLinearTime) {
  Node root = timed("Result", 1e6);
  for (int i = 0; i < 60'000; ++i) {
    Node init = timed("Result", 1, 1, "InitPlan");
    init.subplan_name = "InitPlan " + std::to_string(i);
    root.children.push_back(std::move(init));
  }
  Plan plan = plan_of(std::move(root), 1e6);
  attribute_self_time(plan);  // a test time-out says the rest
  EXPECT_NEAR(sum_of_self(plan), 1e6, 1e-3);
}

TEST(References, NamesOfBothSpellings) {
  EXPECT_THAT(result_names("InitPlan 3 (returns $4,$12)"), ElementsAre("InitPlan 3", "$4", "$12"));
  EXPECT_THAT(result_names("InitPlan 10"), ElementsAre("InitPlan 10"));
}

TEST(References, NameIsAWholeWord) {
  Node node;
  node.details = {{"Filter", "((a = $12) AND (b = (InitPlan 10).col1))"}};
  EXPECT_FALSE(mentions_any(node, {"$1"}));
  EXPECT_TRUE(mentions_any(node, {"$12"}));
  EXPECT_FALSE(mentions_any(node, {"InitPlan 1"}));
  EXPECT_TRUE(mentions_any(node, {"InitPlan 10"}));
}

}  // namespace
}  // namespace quell::plan
