#include "gui/model/query_order.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/unit/gui/sample_session.hpp"

namespace quell::gui {
namespace {

std::size_t count(const Filter& filter) {
  return order_queries(*sample::shared_session(), {filter, QueryColumn::start, false}).size();
}

TEST(QueryOrder, WithoutAFilterEveryQueryIsShownInTimeOrder) {
  const auto order = order_queries(*sample::shared_session(), {});
  ASSERT_EQ(order.size(), sample::kQueries);
  EXPECT_TRUE(std::is_sorted(order.begin(), order.end()));
}

TEST(QueryOrder, AScopeLimitsToItsQueries) {
  Filter filter;
  filter.scope_name = sample::kGetPosts;
  EXPECT_EQ(count(filter), 126U);  // 6 requests of 1 + 20
  filter.scope_name = model::kNone;
  EXPECT_EQ(count(filter), 2U);  // outside any scope
}

TEST(QueryOrder, AStatementLimitsToItsExecutions) {
  Filter filter;
  filter.statement = sample::kInsert;
  EXPECT_EQ(count(filter), 3U);
}

TEST(QueryOrder, TheTextIsSoughtInStatementsAndScopeNamesIgnoringCase) {
  Filter filter;
  filter.text = "INTO posts";
  EXPECT_EQ(count(filter), 3U);
  filter.text = "get /TAGS";
  EXPECT_EQ(count(filter), 12U);
  filter.text = "no such thing";
  EXPECT_EQ(count(filter), 0U);
}

TEST(QueryOrder, AFilterOfSeveralPartsNeedsAllOfThem) {
  Filter filter;
  filter.scope_name = sample::kGetPosts;
  filter.statement = sample::kList;
  EXPECT_EQ(count(filter), 6U);
  filter.text = "comments";
  EXPECT_EQ(count(filter), 0U);
}

TEST(QueryOrder, ATimeRangeHoldsTheQueriesThatStartInIt) {
  const auto& queries = sample::shared_session()->queries;
  Filter filter;
  filter.range = TimeRange{queries.start[10], queries.start[20]};
  EXPECT_EQ(count(filter), 10U);
}

TEST(QueryOrder, DescendingDurationPutsTheSlowestFirstAndEqualsInTimeOrder) {
  const auto& session = *sample::shared_session();
  const auto order = order_queries(session, {{}, QueryColumn::duration, true});
  ASSERT_EQ(order.size(), sample::kQueries);
  EXPECT_EQ(session.queries.duration[order[0]], 5'100'000);  // the tenth load of comments: 4.2 ms + 9 × 0.1 ms
  for (std::size_t i = 1; i < order.size(); ++i) {
    const float before = session.queries.duration[order[i - 1]];
    const float here = session.queries.duration[order[i]];
    EXPECT_TRUE(before > here || (before == here && order[i - 1] < order[i]));
  }
}

TEST(QueryOrder, StatementsSortByTheirText) {
  const auto& session = *sample::shared_session();
  const auto order = order_queries(session, {{}, QueryColumn::statement, false});
  EXPECT_EQ(session.queries.statement[order.front()], sample::kBegin);
  EXPECT_EQ(session.queries.statement[order.back()], sample::kVersion);
}

TEST(QueryOrder, QueriesOutsideAnyScopeComeLast) {
  const auto& session = *sample::shared_session();
  const auto order = order_queries(session, {{}, QueryColumn::scope, false});
  EXPECT_EQ(session.queries.statement[order[order.size() - 1]], sample::kVersion);
  EXPECT_EQ(session.scope_name_of(order[0]), sample::kGetPosts);
}

}  // namespace
}  // namespace quell::gui
