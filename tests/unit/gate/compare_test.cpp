#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analyzer/gate/compare.hpp"
#include "tests/unit/detect/scenario.hpp"

namespace quell::gate {
namespace {

using test::Scenario;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

const std::string kUser = "select name from users where id = $1";
const std::string kItems = "select id from items where order_id = $1";
constexpr trace::Duration kMillisecond = 1'000'000;

TraceUse use(Scenario& scenario, const std::string& name) {
  const model::Workload workload = scenario.workload();
  return use_of(workload, detect::detect(workload).findings, name, {});
}

/// One request that runs the statement `times` times with different values.
TraceUse use_of_one(const std::string& sql, int times, trace::Duration duration = kMillisecond) {
  Scenario s;
  s.scope("GET /");
  for (int i = 0; i < times; ++i) {
    test::Call call;
    call.text = sql;
    call.binds = {std::int64_t{1000 + i}};
    call.duration = duration;
    s.call(call);
  }
  s.end_scope();
  return use(s, "t.qtr");
}

std::vector<Change> changes_of(const TraceDiff& diff) {
  std::vector<Change> out;
  for (const StatementChange& change : diff.statements) out.push_back(change.change);
  return out;
}

TEST(Diff, OfATraceWithItselfIsEmpty) {
  const TraceUse trace = use_of_one(kItems, 6);
  const TraceDiff diff = compare(trace, trace);
  EXPECT_THAT(diff.statements, IsEmpty());
  EXPECT_THAT(diff.units, IsEmpty());
  EXPECT_THAT(diff.new_findings, IsEmpty());
  EXPECT_THAT(diff.mended_findings, IsEmpty());
}

TEST(Diff, NamesNewAndGoneStatements) {
  const TraceDiff diff = compare(use_of_one(kUser, 1), use_of_one(kItems, 2));
  ASSERT_THAT(changes_of(diff), ElementsAre(Change::added, Change::gone));
  EXPECT_EQ(diff.statements[0].text, kItems);
  EXPECT_EQ(diff.statements[0].now.executions, 2U);
  EXPECT_EQ(diff.statements[1].text, kUser);
}

TEST(Diff, NamesMoreAndFewerExecutionsAndTheFindingsThatCameOrWent) {
  const TraceDiff worse = compare(use_of_one(kItems, 1), use_of_one(kItems, 8));
  EXPECT_THAT(changes_of(worse), ElementsAre(Change::more));
  ASSERT_EQ(worse.new_findings.size(), 1U);
  EXPECT_EQ(worse.new_findings[0].kind, detect::Kind::n_plus_one);
  ASSERT_EQ(worse.units.size(), 1U);
  EXPECT_EQ(worse.units[0].was, 1U);
  EXPECT_EQ(worse.units[0].now, 8U);
  const TraceDiff better = compare(use_of_one(kItems, 8), use_of_one(kItems, 1));
  EXPECT_THAT(changes_of(better), ElementsAre(Change::fewer));
  EXPECT_EQ(better.mended_findings.size(), 1U);
}

TEST(Diff, TimesAreToldOnlyWhereTheyAreFarApartAndSeenOftenEnough) {
  const auto change = [](int times, trace::Duration was, trace::Duration now) {
    return changes_of(compare(use_of_one(kItems, times, was), use_of_one(kItems, times, now)));
  };
  EXPECT_THAT(change(5, 2 * kMillisecond, 3 * kMillisecond), ElementsAre(Change::slower));
  EXPECT_THAT(change(5, 3 * kMillisecond, 2 * kMillisecond), ElementsAre(Change::faster));
  EXPECT_THAT(change(5, 2 * kMillisecond, 3 * kMillisecond - 1000), IsEmpty());  // not by half
  EXPECT_THAT(change(5, kMillisecond / 10, kMillisecond / 2), IsEmpty());        // a fraction of a millisecond
  EXPECT_THAT(change(4, 2 * kMillisecond, 9 * kMillisecond), IsEmpty());         // too few to say
}

TEST(Diff, NewAndGoneUnitsAreUnits) {
  Scenario s;
  s.scope("GET /other").call(kUser, {std::int64_t{1}});
  s.end_scope();
  const TraceDiff diff = compare(use_of_one(kUser, 1), use(s, "other.qtr"));
  ASSERT_EQ(diff.units.size(), 2U);
  EXPECT_TRUE(diff.units[0].is_gone);
  EXPECT_TRUE(diff.units[1].is_new);
  EXPECT_THAT(diff.statements, IsEmpty());
}

TEST(Diff, WhatDoesNotCountAsAQueryIsLeftOut) {
  Scenario s;
  s.scope("GET /");
  s.call("begin");
  s.call(kUser, {std::int64_t{1}});
  s.call("commit");
  s.end_scope();
  EXPECT_THAT(compare(use_of_one(kUser, 1), use(s, "t.qtr")).statements, IsEmpty());
}

TEST(Diff, SaysWhatIsMissingFromTheTraces) {
  TraceUse trace = use_of_one(kUser, 1);
  trace.measurement.summary.closed = false;
  EXPECT_THAT(compare(trace, trace).problems, ElementsAre("t.qtr is incomplete: its writer did not close it",
                                                          "t.qtr is incomplete: its writer did not close it"));
}

}  // namespace
}  // namespace quell::gate
