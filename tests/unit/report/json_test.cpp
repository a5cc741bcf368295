#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "analyzer/report/report.hpp"
#include "tests/unit/report/sample_report.hpp"

namespace quell::report {
namespace {

namespace json = boost::json;
using testing::HasSubstr;
using testing::Not;

json::value document(const Report& report, const RenderParams& params = {}) {
  return json::parse(render_json(report, params));
}

TEST(JsonReport, CarriesTheProofInFields) {
  const json::value doc = document(test::shop_report());
  const json::value& finding = doc.at("findings").at(0);
  EXPECT_EQ(finding.at("kind"), "n_plus_one");
  EXPECT_EQ(finding.at("confidence"), "proved");
  EXPECT_EQ(finding.at("scope"), "GET /books");
  EXPECT_EQ(finding.at("executions"), 20);
  EXPECT_EQ(finding.at("distinct_values"), 20);
  EXPECT_EQ(finding.at("parent").at("id"), "1111111111111111");
  EXPECT_EQ(finding.at("child").at("id"), "2222222222222222");
  EXPECT_EQ(finding.at("edge").at("from_table"), "books");
  EXPECT_EQ(finding.at("edge").at("from_column"), "publisher_id");
  EXPECT_EQ(finding.at("edge").at("to_parameter"), "$1");
  EXPECT_EQ(finding.at("edge").at("covered"), 20);
  EXPECT_EQ(finding.at("call_sites").at(1).at("role"), "child");
  EXPECT_EQ(finding.at("call_sites").at(1).at("file"), "shop/publishers.cpp");
  EXPECT_EQ(finding.at("call_sites").at(1).at("line"), 17);
  EXPECT_EQ(finding.at("cost").at("round_trips"), 19);
  EXPECT_EQ(finding.at("cost").at("ms"), 4.2);
  EXPECT_EQ(finding.at("advice").at(0).at("kind"), "eager_load");
}

TEST(JsonReport, SaysWithNullThatThereIsNoEdgeAndNoParent) {
  const json::value doc = document(test::shop_report());
  EXPECT_TRUE(doc.at("findings").at(1).at("edge").is_null());
  EXPECT_TRUE(doc.at("findings").at(1).at("parent").is_null());
}

TEST(JsonReport, TellsHowWholeTheTraceIs) {
  Report report = test::shop_report();
  EXPECT_EQ(document(report).at("trace").at("complete"), true);
  EXPECT_EQ(document(report).at("trace").at("created"), "2026-01-31T12:00:00Z");
  EXPECT_EQ(document(report).at("trace").at("events").at("query"), 1265);
  report.trace.lost[static_cast<std::size_t>(trace::EventKind::pool)] = 7;
  EXPECT_EQ(document(report).at("trace").at("complete"), false);
  EXPECT_EQ(document(report).at("trace").at("dropped").at("pool"), 7);
}

TEST(JsonReport, HasStatementsWithTheirTimes) {
  const json::value doc = document(test::shop_report());
  EXPECT_EQ(doc.at("statements").at(1).at("executions"), 240);
  EXPECT_EQ(doc.at("statements").at(1).at("ms").at("p95"), 1.5);
  EXPECT_EQ(doc.at("statements").at(1).at("call_sites").at(0).at("function"), "publisher_of");
}

TEST(JsonReport, NamesKindsInOneWord) {
  EXPECT_EQ(document(test::shop_report()).at("statements").at(2).at("kind"), "transaction_control");
}

TEST(JsonReport, HasIndexAdviceWithCostBeforeAndAfter) {
  const json::value advice = document(test::shop_report()).at("index_advice").at(0);
  EXPECT_EQ(advice.at("cost_before"), 2473.25);
  EXPECT_EQ(advice.at("cost_after"), 107.25);
  EXPECT_EQ(advice.at("verification"), "what_if");
}

TEST(JsonReport, HasWhatThePlanRulesSay) {
  const json::value insight = document(test::shop_report()).at("plans").at(0).at("insights").at(0);
  EXPECT_EQ(insight.at("rule"), "discarding_scan");
  EXPECT_EQ(insight.at("node"), 1);
  EXPECT_EQ(insight.at("share"), 0.83);
  EXPECT_EQ(insight.at("condition"), "(title = '?'::text)");
  EXPECT_EQ(insight.at("sql"), "CREATE INDEX ON books (title)");
}

TEST(JsonReport, HidesValuesUnlessTold) {
  EXPECT_THAT(render_json(test::shop_report(), {}), Not(HasSubstr("Winter Gardens")));
  RenderParams params;
  params.show_values = true;
  const json::value doc = document(test::shop_report(), params);
  EXPECT_EQ(doc.at("plans").at(0).at("parameters").at(0), "'Winter Gardens'");
  EXPECT_EQ(doc.at("findings").at(0).at("examples").at(1).at("parameters").at(0), "42");
}

TEST(JsonReport, WritesNumbersAsPeopleDo) {
  EXPECT_THAT(render_json(test::shop_report(), {}), HasSubstr("\"ms\": 4.2,"));
}

TEST(JsonReport, ReplacesBytesThatAreNoText) {
  const json::value doc = document(test::hostile_report());
  EXPECT_THAT(std::string(doc.at("findings").at(0).at("scope").as_string()), HasSubstr("\xEF\xBF\xBD\xEF\xBF\xBD "));
}

}  // namespace
}  // namespace quell::report
