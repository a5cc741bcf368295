#include "agent/db/src/core/holders.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace quell::db::core {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::MatchesRegex;

class HoldersTest : public testing::Test {
 protected:
  Holders::Time start_{1h};
};

TEST_F(HoldersTest, EachIsOverdueOnceTheLongestFirst) {
  Holders holders(10s);
  holders.add(1, {CallSite::current(), start_ + 3s, 7});
  holders.add(2, {CallSite::current(), start_ + 1s, 8});
  holders.add(3, {CallSite::current(), start_ + 9s, 9});
  EXPECT_EQ(holders.next_overdue(), start_ + 11s);
  EXPECT_TRUE(holders.take_overdue(start_ + 10s).empty());
  const auto overdue = holders.take_overdue(start_ + 13s);
  ASSERT_EQ(overdue.size(), 2U);
  EXPECT_EQ(overdue[0].scope, 8U);
  EXPECT_EQ(overdue[1].scope, 7U);
  EXPECT_TRUE(holders.take_overdue(start_ + 13s).empty());
  EXPECT_EQ(holders.next_overdue(), start_ + 19s);
  EXPECT_TRUE(holders.remove(2)->reported);
  EXPECT_FALSE(holders.remove(3)->reported);
  EXPECT_EQ(holders.next_overdue(), std::nullopt);
  EXPECT_FALSE(holders.remove(3));
}

TEST_F(HoldersTest, ZeroReportsNobody) {
  Holders holders(0s);
  holders.add(1, {CallSite::current(), start_, 0});
  EXPECT_EQ(holders.next_overdue(), std::nullopt);
  EXPECT_TRUE(holders.take_overdue(start_ + 1000h).empty());
}

TEST_F(HoldersTest, NamesTheThreeThatHoldLongest) {
  Holders holders(0s);
  EXPECT_EQ(holders.longest(start_), "");
  for (int i = 1; i <= 5; ++i) holders.add(static_cast<std::uint64_t>(i), {CallSite::current(), start_ + i * 1s, 0});
  EXPECT_THAT(holders.longest(start_ + 10s),
              MatchesRegex("9.0 s by .*holders_test.cpp:[0-9]+ .*, 8.0 s by .*, 7.0 s by .*"));
  EXPECT_THAT(holders.longest(start_ + 10s), testing::Not(HasSubstr("6.0 s")));
}

}  // namespace
}  // namespace quell::db::core
