#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analyzer/gate/combine.hpp"
#include "analyzer/gate/measure.hpp"
#include "analyzer/sql/statement_facts.hpp"
#include "tests/unit/detect/scenario.hpp"

namespace quell::gate {
namespace {

using test::Call;
using test::Scenario;
using ::testing::ElementsAre;
using ::testing::Pair;

const std::string kUser = "select name from users where id = $1";
const std::string kPosts = "select id from posts where author_id = $1";

Measurement measured(Scenario& scenario, const CountParams& params = {}) {
  const model::Workload workload = scenario.workload();
  return measure(workload, detect::detect(workload).findings, "t.qtr", params);
}

const MeasuredUnit& only_unit(const Measurement& measurement) {
  EXPECT_EQ(measurement.units.size(), 1U);
  return measurement.units.front();
}

std::uint64_t count_of(const MeasuredUnit& unit, const std::string& sql) {
  const auto fingerprint = sql::analyze_statement(sql).fingerprint;
  for (const MeasuredStatement& statement : unit.statements) {
    if (statement.fingerprint == fingerprint) return statement.count;
  }
  return 0;
}

TEST(Units, AreRequestsTestsAndJobsByName) {
  Scenario s;
  s.scope("GET /users/{id}").call(kUser, {std::int64_t{1}});
  s.end_scope();
  s.scope("checkout_test.py::test_pay", trace::ScopeKind::test).call(kUser, {std::int64_t{1}});
  s.end_scope(0);
  s.scope("digest", trace::ScopeKind::job).call(kUser, {std::int64_t{1}});
  s.end_scope(0);
  std::vector<std::string> names;
  for (const MeasuredUnit& unit : measured(s).units) names.push_back(unit.name);
  EXPECT_THAT(names, ElementsAre("GET /users/{id}", "job:digest", "test:checkout_test.py::test_pay"));
}

TEST(Units, NamesThatWouldBeTakenForOthersAreMadeTheirOwn) {
  Scenario s;
  for (const char* name : {"format", "job:digest", "line\nbreak"}) {
    s.scope(name).call(kUser, {std::int64_t{1}});
    s.end_scope();
  }
  std::vector<std::string> names;
  for (const MeasuredUnit& unit : measured(s).units) names.push_back(unit.name);
  EXPECT_THAT(names, ElementsAre("line break", "request:format", "request:job:digest"));
}

TEST(Units, CountTheMostOfEachStatementInOneRun) {
  Scenario s;
  for (const int times : {2, 5, 1}) {
    s.scope("GET /");
    for (int i = 0; i < times; ++i) s.call(kUser, {std::int64_t{i}});
    for (int i = 0; i < 5 - times; ++i) s.call(kPosts, {std::int64_t{i}});
    s.end_scope();
  }
  const Measurement measurement = measured(s);
  const MeasuredUnit& unit = only_unit(measurement);
  EXPECT_EQ(unit.runs, 3U);
  EXPECT_EQ(count_of(unit, kUser), 5U);
  EXPECT_EQ(count_of(unit, kPosts), 4U);
  EXPECT_EQ(unit.queries, 5U);  // no run has more
}

TEST(Units, WhatDoesNotCountIsShownByClass) {
  Scenario s;
  s.scope("GET /");
  s.call("begin");
  s.call("set search_path to shop");
  s.call("select typname from pg_catalog.pg_type where oid = $1", {std::int64_t{23}});
  s.call(kUser, {std::int64_t{1}});
  s.call("commit");
  s.end_scope();
  const Measurement measurement = measured(s);
  EXPECT_EQ(only_unit(measurement).queries, 1U);
  EXPECT_THAT(only_unit(measurement).ignored,
              ElementsAre(Pair("catalog", 1U), Pair("session", 1U), Pair("transaction_control", 2U)));
}

TEST(Units, WhatCountsIsConfigurable) {
  Scenario s;
  s.scope("GET /");
  s.call("begin");
  s.call(kUser, {std::int64_t{1}});
  s.call("select value from cache_entries where key = $1", {std::string("k")});
  s.end_scope();
  CountParams params;
  params.ignore = {};
  params.ignore_tables = {"cache_*"};
  const Measurement measurement = measured(s, params);
  EXPECT_EQ(only_unit(measurement).queries, 2U);
  EXPECT_THAT(only_unit(measurement).ignored, ElementsAre(Pair("ignored table", 1U)));
}

TEST(Units, WarmUpRunsAreNotLookedAtWhereThereAreMore) {
  Scenario s;
  for (const int times : {9, 2}) {
    s.scope("GET /");
    for (int i = 0; i < times; ++i) s.call(kUser, {std::int64_t{i}});
    s.end_scope();
  }
  s.scope("GET /once").call(kUser, {std::int64_t{1}});
  s.end_scope();
  CountParams params;
  params.warmup = 1;
  const Measurement measurement = measured(s, params);
  EXPECT_EQ(measurement.units[0].queries, 2U);
  EXPECT_EQ(measurement.units[1].queries, 1U);
}

TEST(Units, WhatFailedAndWasDoneAgainCountsOnce) {
  Scenario s;
  s.scope("POST /orders");
  const auto step = [&](const std::string& text, std::vector<test::Cell> binds, trace::TransactionState state,
                        const std::string& sqlstate = "") {
    Call call;
    call.text = text;
    call.binds = std::move(binds);
    call.sqlstate = sqlstate;
    call.transaction_state = state;
    s.call(call);
  };
  const auto attempt = [&](const std::string& sqlstate) {
    using trace::TransactionState;
    step("begin", {}, TransactionState::in_transaction);
    step(kUser, {std::int64_t{1}}, TransactionState::in_transaction);
    step("update stock set remaining = remaining - 1 where id = $1", {std::int64_t{7}},
         sqlstate.empty() ? TransactionState::in_transaction : TransactionState::failed, sqlstate);
    step(sqlstate.empty() ? "commit" : "rollback", {}, TransactionState::idle);
  };
  attempt("40001");
  attempt("");
  s.end_scope();
  const Measurement measurement = measured(s);
  EXPECT_EQ(count_of(only_unit(measurement), kUser), 1U);
  EXPECT_EQ(only_unit(measurement).queries, 2U);
}

TEST(Units, OutsideIsCountedAndAUnitOnlyWhereAskedFor) {
  Scenario s;
  s.call(kUser, {std::int64_t{1}});
  s.pause(5'000'000'000);
  s.call(kUser, {std::int64_t{2}});
  const model::Workload workload = s.workload();
  CountParams params;
  const Measurement without = measure(workload, {}, "t.qtr", params);
  EXPECT_TRUE(without.units.empty());
  EXPECT_EQ(without.outside, 2U);
  params.outside = true;
  EXPECT_EQ(only_unit(measure(workload, {}, "t.qtr", params)).name, kOutsideUnit);
  EXPECT_EQ(only_unit(measure(workload, {}, "t.qtr", params)).queries, 2U);
}

TEST(Units, StatementsHaveTheCallSitesOfTheRunWithTheMost) {
  Scenario s;
  const auto once = s.stack("shop/one.py", 10, "load");
  const auto loop = s.stack("shop/loop.py", 20, "each");
  const auto load = [&](std::int64_t id, trace::StackId stack) {
    Call call;
    call.text = kUser;
    call.binds = {id};
    call.stack = stack;
    s.call(call);
  };
  s.scope("GET /");
  load(1, once);
  s.end_scope();
  s.scope("GET /");
  for (int i = 0; i < 4; ++i) load(i, loop);
  s.end_scope();
  const Measurement measurement = measured(s);
  const MeasuredStatement& statement = only_unit(measurement).statements.front();
  ASSERT_EQ(statement.sites.size(), 1U);
  EXPECT_EQ(statement.sites[0].file, "shop/loop.py");
  EXPECT_EQ(statement.sites[0].line, 20U);
}

TEST(Units, FindingsNameTheirUnit) {
  Scenario s;
  s.scope("digest", trace::ScopeKind::job);
  for (int i = 0; i < 5; ++i) s.call(kUser, {std::int64_t{3}});
  s.end_scope(0);
  const Measurement measurement = measured(s);
  ASSERT_EQ(measurement.findings.size(), 1U);
  EXPECT_EQ(measurement.findings[0].unit, "job:digest");
  EXPECT_EQ(measurement.findings[0].kind, detect::Kind::duplicate_query);
  EXPECT_EQ(measurement.findings[0].child, sql::analyze_statement(kUser).fingerprint);
}

Measurement run_of(const std::string& unit, const std::vector<std::string>& statements) {
  Scenario s;
  s.scope(unit);
  for (const std::string& statement : statements) s.call(statement, {std::int64_t{1}});
  s.end_scope();
  return measured(s);
}

TEST(Traces, OfOneCommitThatDifferAreNamedWithTheirCounts) {
  const Suite suite =
      combine("api", {run_of("GET /", {kUser}), run_of("GET /", {kUser, kPosts}), run_of("GET /other", {kUser})});
  ASSERT_EQ(suite.unstable.size(), 1U);
  EXPECT_EQ(suite.unstable[0].name, "GET /");
  ASSERT_EQ(suite.unstable[0].statements.size(), 1U);
  EXPECT_EQ(suite.unstable[0].statements[0].fingerprint, sql::analyze_statement(kPosts).fingerprint);
  EXPECT_THAT(suite.unstable[0].statements[0].counts, ElementsAre(0U, 1U));
  EXPECT_EQ(count_of(*suite.unit("GET /"), kPosts), 1U);
}

TEST(Traces, OfSeveralProgramsAreSeveralSuites) {
  Measurement a = run_of("GET /", {kUser});
  a.program = "pytest";
  Measurement b = run_of("GET /", {kUser, kPosts});
  b.program = "../bin/my worker";
  const auto suites = suites_of({a, b}, "");
  ASSERT_EQ(suites.size(), 2U);
  EXPECT_EQ(suites[0].name, "bin-my-worker");  // never a path nor an option
  EXPECT_EQ(suites[1].name, "pytest");
  EXPECT_EQ(suites_of({a, b}, "api").size(), 1U);
}

}  // namespace
}  // namespace quell::gate
