#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <quell/trace/error.hpp>
#include <quell/trace/writer.hpp>

#include "analyzer/model/workload.hpp"
#include "analyzer/report/report.hpp"

namespace quell::report {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr trace::Time kMs = 1'000'000;
/// Times in the tests count from here: CLOCK_MONOTONIC is never 0.
constexpr trace::Time kStart = 1000 * kMs;

/// Writes a trace of a few scopes and queries with times by hand, and builds its report without a database.
class BuildReport : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (std::filesystem::temp_directory_path() / "quell-report-XXXXXX").string();
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
    trace::Header header;
    header.program = "shop";
    writer_ = trace::Writer::create(path(), header);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  [[nodiscard]] std::string path() const { return folder_ + "/shop.qtr"; }

  trace::ScopeId begin(const std::string& name, trace::Time at) {
    trace::ScopeBegin scope;
    scope.time = kStart + at;
    scope.id = ++last_scope_;
    scope.name = writer_->text(name);
    writer_->write(scope);
    return scope.id;
  }

  void end(trace::ScopeId scope, trace::Time at) { writer_->write(trace::ScopeEnd{kStart + at, scope, 200}); }

  void query(trace::ScopeId scope, const std::string& sql, trace::Time start, trace::Duration duration,
             std::uint32_t line = 0, std::uint64_t rows = 1) {
    trace::Query query;
    query.start = kStart + start;
    query.first_byte = query.complete = query.ready = query.start + duration;
    query.id = ++last_query_;
    query.connection = 1;
    query.scope = scope;
    query.text = writer_->text(sql);
    query.protocol = trace::Protocol::extended;
    query.rows = rows;
    if (line > 0) {
      const trace::Frame frame{writer_->text("find"), writer_->text("shop/books.cpp"), line};
      query.stack = writer_->stack({&frame, 1});
    }
    writer_->write(query);
  }

  Report report(const ReportParams& params = {}) {
    writer_.reset();
    return build_report(model::load_workload(path()), path(), params);
  }

  std::string folder_;
  std::unique_ptr<trace::Writer> writer_;
  trace::ScopeId last_scope_ = 0;
  trace::QueryId last_query_ = 0;
};

TEST_F(BuildReport, SummarisesScopesOfOneNameWithoutPlumbing) {
  const auto first = begin("GET /books", 0);
  query(first, "BEGIN", 1 * kMs, 1 * kMs);
  query(first, "SELECT * FROM books WHERE id = 1", 3 * kMs, 2 * kMs);
  query(first, "COMMIT", 6 * kMs, 1 * kMs);
  end(first, 10 * kMs);
  const auto second = begin("GET /books", 20 * kMs);
  for (int i = 0; i < 3; ++i) query(second, "SELECT * FROM shelves", (21 + 2 * i) * kMs, 1 * kMs);
  end(second, 50 * kMs);

  const Report result = report();

  ASSERT_EQ(result.scopes.size(), 1U);
  const ScopeSummary& scope = result.scopes[0];
  EXPECT_EQ(scope.name, "GET /books");
  EXPECT_EQ(scope.kind, "request");
  EXPECT_EQ(scope.count, 2U);
  EXPECT_EQ(scope.queries.min, 1);
  EXPECT_EQ(scope.queries.median, 1) << "the lower middle one of two";
  EXPECT_EQ(scope.queries.max, 3);
  EXPECT_EQ(scope.milliseconds.min, 10);
  EXPECT_EQ(scope.milliseconds.max, 30);
  EXPECT_EQ(scope.database_milliseconds, 1 + 2 + 1 + 3);
  EXPECT_EQ(result.span_ms, 50);
  EXPECT_TRUE(result.trace.complete());
}

TEST_F(BuildReport, PutsScopesThatKeepTheDatabaseBusyFirst) {
  const auto cheap = begin("GET /a", 0);
  query(cheap, "SELECT 1", 1 * kMs, 1 * kMs);
  end(cheap, 90 * kMs);
  const auto dear = begin("GET /b", 100 * kMs);
  query(dear, "SELECT 2", 101 * kMs, 5 * kMs);
  end(dear, 110 * kMs);
  const Report result = report();
  ASSERT_EQ(result.scopes.size(), 2U);
  EXPECT_EQ(result.scopes[0].name, "GET /b");
}

TEST_F(BuildReport, TimesOfAStatementAreNearestRanks) {
  const auto scope = begin("GET /books", 0);
  // 1 to 20 ms: rank ceil(0.5 * 20) = 10, rank ceil(0.95 * 20) = 19.
  for (int ms = 20; ms >= 1; --ms)
    query(scope, "SELECT * FROM books WHERE id = " + std::to_string(ms), 100 * ms * kMs, ms * kMs, 0, 2);
  end(scope, 3000 * kMs);
  const Report result = report();
  ASSERT_EQ(result.statements.size(), 1U);
  const StatementSummary& statement = result.statements[0];
  EXPECT_EQ(statement.text, "SELECT * FROM books WHERE id = $1");
  EXPECT_EQ(statement.kind, "select");
  EXPECT_EQ(statement.executions, 20U);
  EXPECT_EQ(statement.rows, 40U);
  EXPECT_EQ(statement.total_ms, 210);
  EXPECT_EQ(statement.p50_ms, 10);
  EXPECT_EQ(statement.p95_ms, 19);
}

TEST_F(BuildReport, ListsCallSitesByHowOftenTheyRan) {
  const auto scope = begin("GET /books", 0);
  query(scope, "SELECT 1", 1 * kMs, kMs, 10);
  query(scope, "SELECT 1", 3 * kMs, kMs, 20);
  query(scope, "SELECT 1", 5 * kMs, kMs, 20);
  end(scope, 9 * kMs);
  const Report result = report();
  ASSERT_EQ(result.statements.size(), 1U);
  EXPECT_THAT(result.statements[0].call_sites, ElementsAre(model::CallSite{"shop/books.cpp", 20, "find"},
                                                           model::CallSite{"shop/books.cpp", 10, "find"}));
}

TEST_F(BuildReport, ReportsARepetitionWithItsExample) {
  const auto scope = begin("GET /books", 0);
  for (int i = 0; i < 4; ++i) query(scope, "SELECT * FROM settings WHERE id = 7", (10 + 2 * i) * kMs, kMs, 30);
  end(scope, 30 * kMs);
  const Report result = report();
  ASSERT_EQ(result.findings.size(), 1U);
  EXPECT_EQ(result.findings[0].kind, detect::Kind::duplicate_query);
  EXPECT_EQ(result.findings[0].executions, 4U);
  ASSERT_EQ(result.examples.size(), 1U);
  ASSERT_FALSE(result.examples[0].empty());
  EXPECT_EQ(result.examples[0][0].at_ms, 10);
  EXPECT_EQ(result.examples[0][0].ms, 1);
  EXPECT_THAT(result.examples[0][0].parameters, ElementsAre("'7'"));
  EXPECT_FALSE(result.database_used);
  EXPECT_THAT(result.plans, testing::IsEmpty());
}

TEST_F(BuildReport, TellsWhatItDoes) {
  writer_.reset();
  std::vector<std::string> steps;
  (void)build_report(model::load_workload(path()), path(), {}, [&](const std::string& step) { steps.push_back(step); });
  EXPECT_THAT(steps, ElementsAre("summarising the trace", "looking for N+1 and its kin"));
}

TEST_F(BuildReport, FailsWhereTheDatabaseCannotBeReached) {
  const auto scope = begin("GET /books", 0);
  query(scope, "SELECT 1", 1 * kMs, kMs);
  end(scope, 3 * kMs);
  ReportParams params;
  params.dsn = "host=" + folder_ + " dbname=shop";
  try {
    (void)report(params);
    FAIL();
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), testing::StartsWith("no connection for plans and index advice: "));
    EXPECT_THAT(error.what(), testing::EndsWith("; check the DSN, or report without one"));
  }
}

}  // namespace
}  // namespace quell::report
