#include "analyzer/plan/compare.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace quell::plan {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using Kind = PlanChange::Kind;

Plan plan_of(std::string_view text) {
  ReadResult result = read_text(text);
  EXPECT_EQ(result.plans.size(), 1u) << text;
  return std::move(result.plans.at(0));
}

MATCHER_P4(Change, kind, subject, before, after, "") {
  return arg.kind == kind && arg.subject == subject && arg.before == before && arg.after == after;
}

constexpr const char* kHashJoin = R"(
 Hash Join  (cost=1.00..9.00 rows=1 width=8)
   Hash Cond: (s.book_id = b.id)
   ->  Seq Scan on sales s  (cost=0.00..5.00 rows=1 width=4)
   ->  Hash  (cost=0.50..0.50 rows=1 width=4)
         ->  Seq Scan on books b  (cost=0.00..0.50 rows=1 width=4)
)";

TEST(ComparePlans, SamePlanWithOtherEstimatesHasNoChanges) {
  std::string other(kHashJoin);
  other.replace(other.find("rows=1 "), 7, "rows=99 ");
  EXPECT_THAT(compare(plan_of(kHashJoin), plan_of(other)), IsEmpty());
}

TEST(ComparePlans, AccessPathJoinMethodAndOrderAreToldApart) {
  const Plan after = plan_of(R"(
 Nested Loop Left Join  (cost=1.00..9.00 rows=1 width=8)
   ->  Seq Scan on books b  (cost=0.00..0.50 rows=1 width=4)
   ->  Index Scan using sales_book on sales s  (cost=0.00..5.00 rows=1 width=4)
)");
  EXPECT_THAT(compare(plan_of(kHashJoin), after),
              ElementsAre(Change(Kind::access_path, "sales s", "Seq Scan", "Index Scan using sales_book"),
                          Change(Kind::join_method, "join of books b, sales s", "Hash Join", "Nested Loop Left"),
                          Change(Kind::join_order, "", "sales s, books b", "books b, sales s")));
}

TEST(ComparePlans, BitmapScanIsOneScanWithItsIndexes) {
  const Plan before = plan_of(" Seq Scan on t  (cost=0.00..9.00 rows=1 width=8)\n");
  const Plan after = plan_of(R"(
 Bitmap Heap Scan on t  (cost=1.00..9.00 rows=1 width=8)
   ->  BitmapOr  (cost=0.50..0.50 rows=1 width=0)
         ->  Bitmap Index Scan on t_a  (cost=0.00..0.20 rows=1 width=0)
         ->  Bitmap Index Scan on t_b  (cost=0.00..0.20 rows=1 width=0)
)");
  EXPECT_THAT(compare(before, after),
              ElementsAre(Change(Kind::access_path, "t", "Seq Scan", "Bitmap Heap Scan using t_a, t_b")));
}

TEST(ComparePlans, NodesThatComeAndGoAreCounted) {
  const Plan before = plan_of(R"(
 Sort  (cost=9.00..9.10 rows=1 width=8)
   ->  Sort  (cost=8.00..8.10 rows=1 width=8)
         ->  Seq Scan on t  (cost=0.00..5.00 rows=1 width=8)
)");
  const Plan after = plan_of(R"(
 Limit  (cost=9.00..9.10 rows=1 width=8)
   ->  Sort  (cost=8.00..8.10 rows=1 width=8)
         ->  Seq Scan on t  (cost=0.00..5.00 rows=1 width=8)
)");
  EXPECT_THAT(compare(before, after),
              ElementsAre(Change(Kind::node_added, "Limit", "", "1"), Change(Kind::node_gone, "Sort", "2", "1")));
}

}  // namespace
}  // namespace quell::plan
