#include <gtest/gtest.h>

#include <numeric>

#include "analyzer/report/report.hpp"
#include "analyzer/report/wording.hpp"

namespace quell::report {
namespace {

// Expected ranks by hand: ceil(percent / 100 * n), counted from 1.

TEST(NearestRank, TakesTheValueAtTheRoundedUpRank) {
  // The textbook example: 5 values, ranks 1.5 -> 2, 2, 2.5 -> 3, 5.
  const std::vector<double> values = {15, 20, 35, 40, 50};
  EXPECT_EQ(nearest_rank(values, 30), 20);
  EXPECT_EQ(nearest_rank(values, 40), 20);
  EXPECT_EQ(nearest_rank(values, 50), 35);
  EXPECT_EQ(nearest_rank(values, 100), 50);
}

TEST(NearestRank, DoesNotDependOnTheOrder) {
  EXPECT_EQ(nearest_rank({50, 15, 40, 35, 20}, 50), 35);
}

TEST(NearestRank, OfAHundredValuesIsThePercentItself) {
  std::vector<double> values(100);
  std::iota(values.begin(), values.end(), 1);
  EXPECT_EQ(nearest_rank(values, 50), 50);
  EXPECT_EQ(nearest_rank(values, 95), 95);
  EXPECT_EQ(nearest_rank(values, 1), 1);
}

TEST(NearestRank, OfTwentyValuesP95IsTheNineteenth) {
  std::vector<double> values(20);
  std::iota(values.begin(), values.end(), 1);
  EXPECT_EQ(nearest_rank(values, 95), 19);
}

TEST(NearestRank, OfOneValueIsThatValueAndOfNoneZero) {
  EXPECT_EQ(nearest_rank({7}, 1), 7);
  EXPECT_EQ(nearest_rank({7}, 95), 7);
  EXPECT_EQ(nearest_rank({}, 50), 0);
}

TEST(Spread, MedianOfAnEvenNumberIsTheLowerMiddleOne) {
  const Spread spread = spread_of({9, 1, 4, 3});
  EXPECT_EQ(spread.min, 1);
  EXPECT_EQ(spread.median, 3);
  EXPECT_EQ(spread.max, 9);
}

TEST(Wording, CountsAgreeWithTheirNouns) {
  EXPECT_EQ(counted(0, "execution"), "0 executions");
  EXPECT_EQ(counted(1, "query"), "1 query");
  EXPECT_EQ(counted(2, "query"), "2 queries");
  EXPECT_EQ(counted(1234567, "round trip"), "1,234,567 round trips");
}

TEST(Wording, MillisecondsKeepThreeDigitsThatMatter) {
  EXPECT_EQ(milliseconds(0.0421), "0.042 ms");
  EXPECT_EQ(milliseconds(1.234), "1.23 ms");
  EXPECT_EQ(milliseconds(12.34), "12.3 ms");
  EXPECT_EQ(milliseconds(4210.4), "4,210 ms");
}

TEST(Wording, ASmallShareIsNotShownAsNothing) {
  EXPECT_EQ(percent(0.004), "under 1 %");
  EXPECT_EQ(percent(0), "0 %");
  EXPECT_EQ(percent(0.384), "38 %");
}

TEST(Wording, BytesAreInBinaryUnits) {
  EXPECT_EQ(bytes(120), "120 B");
  EXPECT_EQ(bytes(16 * 1024), "16.0 KiB");
  EXPECT_EQ(bytes(3 * 1024 * 1024 + 512 * 1024), "3.5 MiB");
}

}  // namespace
}  // namespace quell::report
