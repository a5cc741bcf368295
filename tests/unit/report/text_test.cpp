#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "analyzer/report/report.hpp"
#include "tests/unit/report/sample_report.hpp"

namespace quell::report {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

std::string text(const Report& report, RenderParams params = {}) {
  return render_text(report, params);
}

/// One space between words and no line breaks, so that a test does not depend on where a line was wrapped.
std::string unwrapped(const std::string& text) {
  std::istringstream words(text);
  std::string out;
  for (std::string word; words >> word;) out += (out.empty() ? "" : " ") + word;
  return out;
}

TEST(TextReport, BeginsWithHowManyFindingsThereAreAndWhatTheyCost) {
  // 228 + 2 round trips, 50.4 + 0.5 ms, 130 + 20 ms in the database.
  EXPECT_THAT(unwrapped(text(test::shop_report())),
              StartsWith("2 findings (1 high, 1 low), worth 230 round trips and 50.9 ms of "
                         "150 ms spent in the database."));
}

TEST(TextReport, ShowsTheWholeProofOfAnNPlusOne) {
  EXPECT_THAT(
      unwrapped(text(test::shop_report())),
      AllOf(HasSubstr("1. HIGH N+1, proved GET /books"),
            HasSubstr("20 executions in one request, 20 distinct values, all 20 from books.publisher_id"),
            HasSubstr("in 12 of 13 requests, 240 executions in all"),
            HasSubstr("parent SELECT * FROM books b WHERE title = $1 AND shelf_id = $2 "
                      "at shop/books.cpp:41 list_books (1 execution)"),
            HasSubstr("child SELECT * FROM publishers WHERE id = $1 "
                      "at shop/publishers.cpp:17 publisher_of (20 executions)"),
            HasSubstr("edge books.publisher_id -> $1 (publishers.id), 20 of 20 executions, row by row"),
            HasSubstr("grows 0.98 executions for each more value in the parent, over 12 scopes"),
            HasSubstr("costs 19 round trips and 4.20 ms a request (38 % of its time); 228 round trips and 50.4 ms in "
                      "this trace"),
            HasSubstr("do Load the publishers of all books at once. co_await load_selectin(books, kPublisher);"),
            HasSubstr("identity 00000000000000aa")));
}

TEST(TextReport, SaysHowManyValuesTheEdgeCoversWhereNotAll) {
  Report report = test::shop_report();
  report.findings[0].edge->covered = 18;
  EXPECT_THAT(unwrapped(text(report)), HasSubstr("18 of 20 from books.publisher_id"));
}

TEST(TextReport, SaysSoWhereTheValuesComeFromOutside) {
  Report report = test::shop_report();
  report.findings[0].edge.reset();
  EXPECT_THAT(unwrapped(text(report)), HasSubstr("20 distinct values, where they come from is not in the trace"));
}

TEST(TextReport, CallsADuplicateByItsEqualValues) {
  EXPECT_THAT(unwrapped(text(test::shop_report())),
              AllOf(HasSubstr("2. LOW duplicate query, likely nightly seen 3 executions in one job, all with the same "
                              "values"),
                    HasSubstr("statement SELECT * FROM settings")));
}

TEST(TextReport, ShowsIndexAdviceWithItsCostBeforeAndAfterAndHowItWasChecked) {
  // 1 - 107.25 / 2473.25 = 95.66 %
  EXPECT_THAT(unwrapped(text(test::shop_report())),
              AllOf(HasSubstr("CREATE INDEX CONCURRENTLY ON books (shelf_id, added DESC)"),
                    HasSubstr("cost 2,473 -> 107.2 over the trace (96 % less)"),
                    HasSubstr("checked what-if cost by HypoPG 9.9"), HasSubstr("size about 240.0 KiB"),
                    HasSubstr("serves 1111111111111111 (13 executions, 190.2 -> 8.2")));
}

TEST(TextReport, ShowsUnverifiedAdviceWithoutACostAfter) {
  Report report = test::shop_report();
  report.index_advice[0].verification = advise::Verification::not_verified;
  report.index_advice[0].note = "install HypoPG";
  EXPECT_THAT(unwrapped(text(report)),
              AllOf(HasSubstr("cost 2,473 over the trace"), HasSubstr("checked not verified; install HypoPG")));
}

TEST(TextReport, DrawsThePlanAsATreeWithSelfTimeRowsLoopsAndBuffers) {
  EXPECT_THAT(
      text(test::shop_report()),
      AllOf(HasSubstr("plan       EXPLAIN (ANALYZE, BUFFERS), planning 0.120 ms, execution 3.60 ms"),
            HasSubstr("   self ms  rows est/act  loops        buffers  node\n"),
            HasSubstr("     0.500         5/400      1                 Sort  (rows misestimated)\n"),
            HasSubstr("     3.000         5/400      1  100 (20 read)  -> Seq Scan on books b  (rows misestimated)\n"),
            HasSubstr("Sort Key: b.added DESC\n"), HasSubstr("Rows removed by filter: 9,600 a loop\n")));
}

TEST(TextReport, SaysWhatIsWrongWithAPlanAndWhatToDo) {
  EXPECT_THAT(
      unwrapped(text(test::shop_report())),
      HasSubstr("83 % Seq Scan on books throws nearly all away. 9600 of 10000 rows removed: (title = '?'::text) "
                "do Make an index. CREATE INDEX ON books (title)"));
}

TEST(TextReport, ShowsWhyThereIsNoPlan) {
  EXPECT_THAT(unwrapped(text(test::shop_report())),
              HasSubstr("plan no plan: canceling statement due to statement timeout"));
}

TEST(TextReport, HidesValuesUnlessTold) {
  const std::string hidden = text(test::shop_report());
  EXPECT_THAT(hidden, AllOf(Not(HasSubstr("Winter Gardens")), Not(HasSubstr("12.5")),
                            HasSubstr("Filter: ((title = '?'::text) AND (price > ?) AND (shelf_id = $1))"),
                            HasSubstr("with 2 captured parameters (--show-values shows them)")));
  RenderParams params;
  params.show_values = true;
  EXPECT_THAT(unwrapped(text(test::shop_report(), params)),
              AllOf(HasSubstr("with $1 = 'Winter Gardens', $2 = 7"), HasSubstr("(price > 12.5)"),
                    HasSubstr("example +0.500 ms 1111111111111111 (3.75 ms, 25 rows) $1 = 'Winter Gardens', $2 = 7")));
}

TEST(TextReport, SaysWhatWasCheckedWhereThereIsNothingToReport) {
  Report report = test::quiet_report();
  report.statements.resize(4);
  report.scopes = {{"GET /health", "request", 30, {1, 1, 1}, {1, 1, 1}, 30}};
  report.trace.events[static_cast<std::size_t>(trace::EventKind::query)] = 30;
  EXPECT_THAT(unwrapped(text(report)),
              StartsWith("No findings. Checked 30 executions of 4 statements in 30 scopes: N+1 reads and writes (3 or "
                         "more executions with varying values in one scope), duplicate queries (2 or more with the "
                         "same values in one scope), slow queries (100 ms or longer). Trace shop.qtr, complete: 30 "
                         "queries in 30 scopes over 2.5 s"));
}

TEST(TextReport, SaysWhatAnIncompleteTraceLacks) {
  Report report = test::quiet_report();
  report.trace.closed = false;
  report.trace.lost[static_cast<std::size_t>(trace::EventKind::query)] = 1;
  report.trace.damage = {{trace::Damage::Kind::torn_tail, 900, 100, "the last block is torn"}};
  EXPECT_THAT(unwrapped(text(report)), HasSubstr("INCOMPLETE (1 query event dropped by the recorder; the last block is "
                                                 "torn; its writer did not close it): 0 queries in 0 scopes"));
}

TEST(TextReport, ExplainsSilenceOnlyWhenAsked) {
  EXPECT_THAT(text(test::shop_report()), Not(HasSubstr("several foreign keys of one row")));
  RenderParams params;
  params.explain_silence = true;
  EXPECT_THAT(
      unwrapped(text(test::shop_report(), params)),
      AllOf(
          HasSubstr("3 executions: several foreign keys of one row"),
          HasSubstr("Indexes that are not advised index CREATE INDEX CONCURRENTLY ON books (title) saves too little")));
}

TEST(TextReport, ListsOnlyTheCostliestStatements) {
  RenderParams params;
  params.top = 2;
  EXPECT_THAT(text(test::shop_report(), params),
              AllOf(HasSubstr("Statements (the costliest 2 of 3)"), HasSubstr("2222222222222222      240"),
                    Not(HasSubstr("3333333333333333        3"))));
}

TEST(TextReport, HasColourOnlyWhenAsked) {
  EXPECT_THAT(text(test::shop_report()), Not(HasSubstr("\x1b")));
  RenderParams params;
  params.colour = true;
  EXPECT_THAT(text(test::shop_report(), params), HasSubstr("\x1b[1;31mHIGH\x1b[0m"));
}

TEST(TextReport, LetsNoControlCharacterOfTheTraceThrough) {
  const std::string out = text(test::hostile_report());
  EXPECT_THAT(out, AllOf(Not(HasSubstr("\x1b")), Not(HasSubstr("\xff")), Not(HasSubstr("\xE2\x80\xAE"))));
}

TEST(TextReport, KeepsWrappedLinesWithinTheWidth) {
  Report report = test::shop_report();
  report.plans.clear();
  RenderParams params;
  params.width = 96;
  report.statements[0].text += " AND " + std::string(100, 'x') + " IS NULL";
  std::istringstream lines(text(report, params));
  for (std::string line; std::getline(lines, line);) {
    if (line.find("xxxx") != std::string::npos) continue;
    EXPECT_LE(line.size(), 96U) << line;
  }
}

TEST(TextReport, ShowsNothingButPlansWhenAskedForThem) {
  RenderParams params;
  params.plans_only = true;
  EXPECT_THAT(text(test::shop_report(), params), AllOf(StartsWith("   1111111111111111  13 executions, 70.0 ms in all"),
                                                       Not(HasSubstr("finding")), Not(HasSubstr("CONCURRENTLY"))));
}

}  // namespace
}  // namespace quell::report
