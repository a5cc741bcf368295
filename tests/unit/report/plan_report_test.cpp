#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include <boost/json.hpp>

#include "analyzer/report/plan_report.hpp"

namespace quell::report {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

constexpr const char* kBefore = R"(
 Sort  (cost=1000.00..1001.00 rows=400 width=8) (actual time=9.900..9.950 rows=400 loops=1)
   Sort Key: b.note
   ->  Seq Scan on books b  (cost=0.00..980.00 rows=400 width=8) (actual time=0.010..9.500 rows=400 loops=1)
         Filter: (price = 77)
         Rows Removed by Filter: 99600
 Planning Time: 0.100 ms
 Execution Time: 10.000 ms
)";
constexpr const char* kAfter = R"(
 Index Scan using books_price_note on books b  (cost=0.29..20.00 rows=400 width=8) (actual time=0.010..0.400 rows=400 loops=1)
   Index Cond: (price = 77)
 Planning Time: 0.100 ms
 Execution Time: 0.500 ms
)";

TEST(PlanReport, ShowsTheTreeTheInsightAndHidesValues) {
  const std::string text = render_text(inspect_plans(kBefore, "paste"), {});
  EXPECT_THAT(text, AllOf(HasSubstr("planning 0.100 ms, execution 10.0 ms, outside the nodes 0.050 ms"),
                          HasSubstr("9.500       400/400      1           -> Seq Scan on books b"), HasSubstr("95 %"),
                          HasSubstr("99600 of 100000 rows removed by filter: (price = ?)"), Not(HasSubstr("77"))));
}

TEST(PlanReport, ComparisonNamesWhatChangedAndTheTimes) {
  PlanReport report = inspect_plans(kAfter, "after");
  compare_with(report, inspect_plans(kBefore, "before").plans.at(0).plan);
  const std::string text = render_text(report, {});
  EXPECT_THAT(text, AllOf(HasSubstr("2 changes, execution 10.0 ms -> 0.500 ms, cost 1,001 -> 20"),
                          HasSubstr("books b: Seq Scan -> Index Scan using books_price_note, 9.50 ms -> 0.400 ms"),
                          HasSubstr("Sort is gone")));
  const boost::json::value document = boost::json::parse(render_json(report, {}));
  EXPECT_EQ(document.at("comparison").at("changes").at(0).at("kind"), "access_path");
  EXPECT_EQ(document.at("comparison").at("changes").at(1).at("kind"), "node_gone");
  EXPECT_THAT(render_markdown(report, {}), HasSubstr("Sort is gone"));
}

TEST(PlanReport, SaysSoWhereNothingIsWrongAndWhereNothingWasMeasured) {
  EXPECT_THAT(render_text(inspect_plans(kAfter, "paste"), {}), HasSubstr("nothing is wrong with this plan"));
  EXPECT_THAT(render_text(inspect_plans("Seq Scan on t  (cost=0.00..9.00 rows=1 width=8)", "paste"), {}),
              AllOf(HasSubstr("not executed"), HasSubstr("most rules need EXPLAIN (ANALYZE, BUFFERS)")));
}

TEST(PlanReport, KeepsWhatCouldBeReadAndTellsWhereTheRestBroke) {
  const PlanReport report = inspect_plans("[{\"Plan\": {\"Node Type\": \"Result\"}}]\n{\"Plan\": ", "cut.json");
  EXPECT_THAT(report.plans, SizeIs(1));
  EXPECT_THAT(render_text(report, {}), HasSubstr("unread     cut.json, byte "));
  EXPECT_THAT(inspect_plans("hello", "x").plans, IsEmpty());
}

}  // namespace
}  // namespace quell::report
