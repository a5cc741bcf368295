#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "gui/model/lanes.hpp"
#include "tests/unit/gui/sample_session.hpp"

namespace quell::gui {
namespace {

using testing::ElementsAre;

/// From the first query that reaches into the range to the last that starts in it.
std::uint32_t touching(const Session& session, const Lane& lane, TimeRange range) {
  const auto first = std::find_if(lane.queries.begin(), lane.queries.end(), [&](std::uint32_t query) {
    return session.queries.end(query) >= range.begin || session.queries.start[query] >= range.begin;
  });
  return static_cast<std::uint32_t>(std::count_if(
      first, lane.queries.end(), [&](std::uint32_t query) { return session.queries.start[query] < range.end; }));
}

std::uint32_t sum_of_counts(const std::vector<Bar>& bars) {
  std::uint32_t sum = 0;
  for (const auto& bar : bars) sum += bar.count;
  return sum;
}

/// What must hold of the bars of any lane at any zoom.
void check(const Session& session, const Lane& lane, TimeRange range, double width) {
  const TimeScale scale(range, width);
  const auto bars = fold_lane(session, lane, scale);
  EXPECT_EQ(sum_of_counts(bars), touching(session, lane, range));
  double covered = -1e300;
  for (const auto& bar : bars) {
    EXPECT_GE(bar.left, covered) << "bars overlap";
    EXPECT_GE(bar.right - bar.left, kLeastBarWidth - 1e-6);
    covered = bar.right;
    std::uint32_t classes = 0;
    for (const auto count : bar.by_class) classes += count;
    EXPECT_EQ(classes, bar.count);
    EXPECT_LE(bar.in_finding, bar.count);
  }
}

TEST(Fold, QueriesWiderThanThreePixelsStandAlone) {
  // 10 queries of 100 µs, 160 µs apart: 10 µs a pixel makes each 10 px wide.
  const auto session = sample::make_long_session(10);
  const auto lanes = build_lanes(session, Grouping::scope_name);
  const auto bars = fold_lane(session, lanes.lanes[0], TimeScale({0, 2'000'000}, 200));
  ASSERT_EQ(bars.size(), 10U);
  for (const auto& bar : bars) {
    EXPECT_EQ(bar.count, 1U);
    EXPECT_NEAR(bar.right - bar.left, 10, 0.01);
  }
  EXPECT_NEAR(bars[1].left - bars[0].left, 16, 0.01);
}

TEST(Fold, NarrowNeighboursBecomeOneBarThatCountsThem) {
  // 1 ms a pixel: 1,000 queries in 160 px without a gap of a pixel.
  const auto session = sample::make_long_session(1'000);
  const auto lanes = build_lanes(session, Grouping::scope_name);
  const auto bars = fold_lane(session, lanes.lanes[0], TimeScale({0, 200'000'000}, 200));
  ASSERT_EQ(bars.size(), 1U);
  EXPECT_EQ(bars[0].count, 1'000U);
  EXPECT_NEAR(bars[0].right - bars[0].left, 160, 2);
}

TEST(Fold, AGapOfThreePixelsParts) {
  Session session;
  session.statement_classes = {QueryClass::read};
  session.scope_names = {"job"};
  session.scopes = {{0, 1'000, 0, 0}};
  for (const trace::Time start : {0, 2, 4, 100, 102}) {
    session.queries.start.push_back(start);
    session.queries.duration.push_back(1);
    session.queries.statement.push_back(0);
    session.queries.scope.push_back(0);
    session.queries.connection.push_back(1);
    session.queries.rows.push_back(0);
    session.queries.marks.push_back(0);
  }
  const auto lanes = build_lanes(session, Grouping::scope_name);
  const auto bars = fold_lane(session, lanes.lanes[0], TimeScale({0, 200}, 200));  // 1 ns a pixel
  ASSERT_EQ(bars.size(), 2U);
  EXPECT_EQ(bars[0].count, 3U);
  EXPECT_EQ(bars[1].count, 2U);
  EXPECT_DOUBLE_EQ(bars[1].left, 100);
}

TEST(Fold, CountsAddUpAtEveryZoomAndPosition) {
  const auto session = sample::make_long_session(5'000);
  const auto lanes = build_lanes(session, Grouping::scope_name);
  std::mt19937_64 random(11);
  for (int round = 0; round < 400; ++round) {
    const auto length = static_cast<trace::Duration>(1'000 + random() % 1'000'000'000);
    const auto begin = static_cast<trace::Time>(random() % 900'000'000);
    check(session, lanes.lanes[0], {begin, begin + length}, static_cast<double>(1 + random() % 2'000));
  }
}

TEST(Fold, OverlappingQueriesOfOneLaneAreCountedOnce) {
  Session session;
  session.statement_classes = {QueryClass::read, QueryClass::write};
  std::mt19937_64 random(3);
  trace::Time start = 0;
  for (std::uint32_t i = 0; i < 3'000; ++i) {
    start += static_cast<trace::Duration>(random() % 2'000);
    session.queries.start.push_back(start);
    session.queries.duration.push_back(static_cast<float>(random() % (random() % 50 == 0 ? 400'000 : 3'000)));
    session.queries.statement.push_back(i % 2);
    session.queries.scope.push_back(model::kNone);
    session.queries.connection.push_back(1);
    session.queries.rows.push_back(0);
    session.queries.marks.push_back(i % 5 == 0 ? mark::kInFinding : 0);
  }
  const auto lanes = build_lanes(session, Grouping::connection);
  ASSERT_EQ(lanes.lanes.size(), 1U);
  for (int round = 0; round < 300; ++round) {
    const auto length = static_cast<trace::Duration>(1'000 + random() % 3'000'000);
    const auto begin = static_cast<trace::Time>(random() % 3'000'000);
    check(session, lanes.lanes[0], {begin, begin + length}, static_cast<double>(50 + random() % 1'500));
  }
}

TEST(Lanes, OverlappingScopesOfOneNameGetLanesOfTheirOwn) {
  const auto session = sample::make_session();
  const auto lanes = build_lanes(session, Grouping::scope_name);
  ASSERT_EQ(lanes.groups.size(), 5U);  // four names and "outside any scope"
  const auto& posts = lanes.groups[0];
  EXPECT_EQ(posts.label, "GET /posts");
  EXPECT_EQ(posts.lanes, 2U);
  EXPECT_EQ(posts.queries, 126U);
  EXPECT_EQ(lanes.lanes[posts.first_lane].scopes.size(), 5U);
  EXPECT_THAT(lanes.lanes[posts.first_lane + 1].scopes, ElementsAre(1U));
  for (const auto& group : lanes.groups) EXPECT_EQ(group.lanes, group.label == "GET /posts" ? 2U : 1U) << group.label;
}

TEST(Lanes, GroupsWithFindingsComeFirst) {
  const auto session = sample::make_session();
  const auto lanes = build_lanes(session, Grouping::scope_name);
  EXPECT_TRUE(lanes.groups[0].has_finding);
  EXPECT_TRUE(lanes.groups[1].has_finding);
  EXPECT_EQ(lanes.groups[1].label, "GET /tags");
  EXPECT_FALSE(lanes.groups[2].has_finding);
}

TEST(Lanes, EveryQueryStandsInExactlyOneLane) {
  const auto session = sample::make_session();
  for (const auto grouping : {Grouping::scope_name, Grouping::connection}) {
    std::vector<std::uint32_t> seen;
    const auto lanes = build_lanes(session, grouping);
    for (const auto& lane : lanes.lanes) seen.insert(seen.end(), lane.queries.begin(), lane.queries.end());
    std::sort(seen.begin(), seen.end());
    ASSERT_EQ(seen.size(), sample::kQueries);
    for (std::uint32_t query = 0; query < sample::kQueries; ++query) EXPECT_EQ(seen[query], query);
  }
}

TEST(Marks, OnlyTheRepeatedExecutionsBelongToAFinding) {
  const auto session = sample::make_session();
  std::uint32_t authors = 0;
  std::uint32_t tags = 0;
  for (std::uint32_t query = 0; query < session.queries.size(); ++query) {
    if (!(session.queries.marks[query] & mark::kInFinding)) continue;
    if (session.queries.statement[query] == sample::kAuthor)
      ++authors;
    else if (session.queries.statement[query] == sample::kTag)
      ++tags;
    else
      ADD_FAILURE() << "query " << query << " is part of no finding";
  }
  EXPECT_EQ(authors, 120U);
  EXPECT_EQ(tags, 12U);
}

TEST(LoadProfile, TheBusiestPartIsOne) {
  Session session;
  session.begin = 0;
  session.end = 100;
  session.queries.start = {0, 50};
  session.queries.duration = {10, 5};
  const auto profile = load_profile(session, 10);
  ASSERT_EQ(profile.size(), 10U);
  EXPECT_DOUBLE_EQ(profile[0], 1);
  EXPECT_DOUBLE_EQ(profile[1], 0);
  EXPECT_DOUBLE_EQ(profile[5], 0.5);
}

}  // namespace
}  // namespace quell::gui
