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

Plan only_plan(std::string_view text, ReadResult (*read)(std::string_view) = read_text) {
  ReadResult result = read(text);
  EXPECT_THAT(result.diagnostics, IsEmpty());
  EXPECT_THAT(result.plans, SizeIs(1));
  return result.plans.empty() ? Plan{} : std::move(result.plans.front());
}

constexpr std::string_view kPsql = R"PLAN(                              QUERY PLAN
---------------------------------------------------------------------
 Nested Loop  (cost=0.29..16.60 rows=2 width=40) (actual time=0.020..0.035 rows=2 loops=1)
   Buffers: shared hit=9 read=1
   I/O Timings: read=0.010
   ->  Index Scan using posts_pkey on public.posts p  (cost=0.29..8.30 rows=2 width=20) (actual time=0.010..0.012 rows=2 loops=1)
         Index Cond: (id < 3)
         Rows Removed by Filter: 4
   ->  Seq Scan on "Odd Table" "a.b"  (cost=0.00..8.30 rows=1 width=20) (never executed)
         Filter: (name = '-> Sort  (cost=1.00..2.00 rows=1 width=1)'::text)
 Planning Time: 0.080 ms
 Trigger for constraint posts_author_fk: time=1.500 calls=3
 Trigger stamp on posts: time=0.250 calls=2
 Execution Time: 2.000 ms
(12 rows)
)PLAN";

TEST(ReadText, TreeOfAPsqlFrame) {
  const Plan plan = only_plan(kPsql);
  EXPECT_EQ(plan.root.type, "Nested Loop");
  EXPECT_EQ(plan.root.join_type, "Inner");
  EXPECT_DOUBLE_EQ(plan.root.actual_total_ms, 0.035);
  ASSERT_TRUE(plan.root.buffers);
  EXPECT_EQ(plan.root.buffers->shared_hit, 9U);
  EXPECT_DOUBLE_EQ(plan.root.buffers->io_read_ms, 0.01);
  ASSERT_THAT(plan.root.children, SizeIs(2));
  const Node& outer = plan.root.children[0];
  EXPECT_EQ(outer.parent_relationship, "Outer");
  EXPECT_EQ(outer.index, "posts_pkey");
  EXPECT_EQ(outer.schema, "public");
  EXPECT_EQ(outer.relation, "posts");
  EXPECT_EQ(outer.alias, "p");
  EXPECT_EQ(outer.rows_removed_by_filter, 4);
  EXPECT_THAT(outer.details, ElementsAre(Pair("Index Cond", "(id < 3)")));
}

TEST(ReadText, QuotedNamesAndArrowsInLiteralsAreNoStructure) {
  const Node inner = only_plan(kPsql).root.children.at(1);
  EXPECT_EQ(inner.parent_relationship, "Inner");
  EXPECT_EQ(inner.relation, "Odd Table");
  EXPECT_EQ(inner.alias, "a.b");
  EXPECT_TRUE(inner.never_executed());
  EXPECT_THAT(inner.children, IsEmpty());
}

TEST(ReadText, FooterStandsBesideTheTree) {
  const Plan plan = only_plan(kPsql);
  EXPECT_EQ(plan.planning_ms, 0.080);
  EXPECT_EQ(plan.execution_ms, 2.000);
  ASSERT_THAT(plan.triggers, SizeIs(2));
  EXPECT_EQ(plan.triggers[0].constraint, "posts_author_fk");
  EXPECT_EQ(plan.triggers[0].ms, 1.5);
  EXPECT_EQ(plan.triggers[1].name, "stamp");
  EXPECT_EQ(plan.triggers[1].relation, "posts");
  EXPECT_EQ(plan.triggers[1].calls, 2);
  EXPECT_NEAR(plan.unaccounted_ms, 2.0 - 0.035 - 1.75, 1e-9);
}

TEST(ReadText, SubPlansStandAtTheirOwner) {
  const Plan plan = only_plan(R"(
Aggregate  (cost=1.00..2.00 rows=1 width=8)
  CTE t
    ->  Seq Scan on a  (cost=0.00..1.00 rows=1 width=4)
  InitPlan 2 (returns $1)
    ->  Limit  (cost=0.00..1.00 rows=1 width=4)
          ->  Seq Scan on b  (cost=0.00..1.00 rows=1 width=4)
  ->  CTE Scan on t  (cost=0.00..1.00 rows=1 width=4)
        Filter: (SubPlan 3)
        SubPlan 3
          ->  Seq Scan on c  (cost=0.00..1.00 rows=1 width=4)
)");
  ASSERT_THAT(plan.root.children, SizeIs(3));
  EXPECT_EQ(plan.root.children[0].subplan_name, "CTE t");
  EXPECT_EQ(plan.root.children[0].parent_relationship, "InitPlan");
  EXPECT_EQ(plan.root.children[1].subplan_name, "InitPlan 2 (returns $1)");
  EXPECT_THAT(plan.root.children[1].children, SizeIs(1));
  const Node& scan = plan.root.children[2];
  EXPECT_EQ(scan.cte, "t");
  EXPECT_EQ(scan.parent_relationship, "Outer");
  ASSERT_THAT(scan.children, SizeIs(1));
  EXPECT_EQ(scan.children[0].parent_relationship, "SubPlan");
  EXPECT_EQ(scan.children[0].relation, "c");
}

TEST(ReadText, ComposedTypesAreTakenApart) {
  const auto root = [](std::string text) { return only_plan(std::move(text)).root; };
  const Node join = root("Hash Right Anti Join  (cost=1.00..2.00 rows=1 width=8)");
  EXPECT_EQ(join.type, "Hash Join");
  EXPECT_EQ(join.join_type, "Right Anti");
  const Node parallel = root("Parallel Index Only Scan Backward using i on t  (cost=1.00..2.00 rows=1 width=8)");
  EXPECT_EQ(parallel.type, "Index Only Scan");
  EXPECT_TRUE(parallel.parallel_aware);
  EXPECT_EQ(parallel.scan_direction, "Backward");
  const Node aggregate = root("Finalize HashAggregate  (cost=1.00..2.00 rows=1 width=8)");
  EXPECT_EQ(aggregate.type, "Aggregate");
  EXPECT_EQ(aggregate.detail("Strategy"), "Hashed");
  EXPECT_EQ(aggregate.detail("Partial Mode"), "Finalize");
  EXPECT_EQ(root("Merge Append  (cost=1.00..2.00 rows=1 width=8)").type, "Merge Append");
  EXPECT_EQ(root("Custom Scan (ChunkAppend) on t  (cost=1.00..2.00 rows=1 width=8)").detail("Custom Plan Provider"),
            "ChunkAppend");
}

TEST(ReadText, CostsOffFollowedByTheStatement) {
  const Plan plan = only_plan("Sort\n  Sort Key: a\n  ->  Seq Scan on t\n");
  EXPECT_EQ(plan.root.type, "Sort");
  EXPECT_FALSE(plan.root.costed);
  EXPECT_THAT(plan.root.children, SizeIs(1));
}

TEST(ReadText, LinesThatAClientWrappedAreJoined) {
  const Plan plan = only_plan(
      "Seq Scan on t  (cost=0.00..35.50\nrows=10 width=4) (actual time=0.01..0.02 rows=1\nloops=1)\n"
      "  Filter: ((a = 1)\nAND (b = 2))\n");
  EXPECT_DOUBLE_EQ(plan.root.plan_rows, 10);
  EXPECT_DOUBLE_EQ(plan.root.loops, 1);
  EXPECT_EQ(plan.root.detail("Filter"), "((a = 1) AND (b = 2))");
}

TEST(ReadText, Rows18PrintsWithDecimals) {
  const Plan plan =
      only_plan("Seq Scan on t  (cost=0.00..1.00 rows=10 width=4) (actual time=0.01..0.02 rows=20.50 loops=2)");
  EXPECT_DOUBLE_EQ(plan.root.actual_rows, 20.5);
  EXPECT_DOUBLE_EQ(plan.root.rows_rounding, 0.005);
}

TEST(ReadText, SortHashAndBitmapNumbersHaveTheNamesOfJson) {
  const Plan plan = only_plan(R"(
Sort  (cost=1.00..2.00 rows=1 width=8) (actual time=1.0..2.0 rows=1 loops=1)
  Sort Key: a
  Sort Method: external merge  Disk: 1680kB
  Worker 0:  Sort Method: quicksort  Memory: 25kB
  ->  Hash  (cost=1.00..2.00 rows=1 width=8) (actual time=1.0..2.0 rows=1 loops=1)
        Buckets: 1024 (originally 512)  Batches: 4 (originally 2)  Memory Usage: 14kB
        ->  Bitmap Heap Scan on t  (cost=1.00..2.00 rows=1 width=8) (actual time=1.0..2.0 rows=1 loops=1)
              Heap Blocks: exact=10 lossy=3
)");
  EXPECT_EQ(plan.root.detail("Sort Method"), "external merge");
  EXPECT_EQ(plan.root.detail("Sort Space Used"), "1680");
  EXPECT_EQ(plan.root.detail("Sort Space Type"), "Disk");
  ASSERT_THAT(plan.root.workers, SizeIs(1));
  EXPECT_EQ(plan.root.workers[0].details.front(), (std::pair<std::string, std::string>("Sort Method", "quicksort")));
  const Node& hash = plan.root.children.at(0);
  EXPECT_EQ(hash.detail("Hash Batches"), "4");
  EXPECT_EQ(hash.detail("Original Hash Batches"), "2");
  EXPECT_EQ(hash.detail("Peak Memory Usage"), "14");
  EXPECT_EQ(hash.children.at(0).detail("Lossy Heap Blocks"), "3");
}

TEST(ReadText, JitAndPlanningBlocks) {
  const Plan plan = only_plan(R"(
Result  (cost=0.00..0.01 rows=1 width=4) (actual time=0.001..0.002 rows=1 loops=1)
Planning:
  Buffers: shared hit=3
Planning Time: 0.161 ms
JIT:
  Functions: 23
  Timing: Generation 2.077 ms, Inlining 294.911 ms, Total 820.395 ms
Execution Time: 830.000 ms
)");
  EXPECT_DOUBLE_EQ(plan.jit_ms, 820.395);
  EXPECT_FALSE(plan.root.buffers);
  EXPECT_EQ(plan.execution_ms, 830);
}

TEST(ReadText, SeveralPlansInOnePaste) {
  const ReadResult result = read_text(std::string(kPsql) + "\n" + std::string(kPsql));
  EXPECT_THAT(result.plans, SizeIs(2));
}

TEST(ReadText, UnrelatedTextIsToldApart) {
  const ReadResult result = read_text("Dear all,\nthe query is slow.\n");
  EXPECT_THAT(result.plans, IsEmpty());
  ASSERT_THAT(result.diagnostics, SizeIs(1));
  EXPECT_THAT(result.diagnostics[0].sentence, HasSubstr("no plan"));
}

TEST(ReadText, DeepPlansAreCutWithADiagnostic) {
  std::string text = "Append  (cost=0.00..1.00 rows=1 width=1)\n";
  for (std::size_t i = 1; i < 2000; ++i)
    text += std::string(2 * i, ' ') + "->  Append  (cost=0.00..1.00 rows=1 width=1)\n";
  const ReadResult result = read_text(text);
  EXPECT_THAT(result.plans, SizeIs(1));
  EXPECT_THAT(result.diagnostics, SizeIs(1));
}

TEST(ReadText, TruncatedAtEveryByteKeepsWhatWasWhole) {
  for (std::size_t size = 0; size < kPsql.size(); ++size) {
    const ReadResult result = read_text(kPsql.substr(0, size));
    ASSERT_NE(result.plans.empty(), result.diagnostics.empty()) << size;
  }
}

TEST(ReadAny, JsonInAPsqlFrame) {
  const Plan plan = only_plan(
      "         QUERY PLAN          \n-----------------------------\n [                          +\n   {               "
      "         "
      "+\n     \"Plan\": {             +\n       \"Node Type\": \"Result\"+\n     }                      +\n   }       "
      "   "
      "              +\n ]\n(1 row)\n",
      read_any);
  EXPECT_EQ(plan.root.type, "Result");
}

TEST(ReadAny, TextAndJson) {
  EXPECT_EQ(only_plan(kPsql, read_any).root.type, "Nested Loop");
  EXPECT_EQ(only_plan(R"([{"Plan": {"Node Type": "Sort"}}])", read_any).root.type, "Sort");
}

}  // namespace
}  // namespace quell::plan
