#include "reference_app/auth/rate_limiter.hpp"

#include <gtest/gtest.h>

namespace quell::reference::auth {
namespace {

using namespace std::chrono_literals;

class RateLimiting : public testing::Test {
 protected:
  RateLimiter::Clock::time_point now_{};
  RateLimiter limiter_{[this] { return now_; }};
  Rate rate_{3, 0.5};  ///< three at once, then one in two seconds
};

TEST_F(RateLimiting, AllowsTheBurstAndThenSaysHowLongToWait) {
  for (int i = 0; i < 3; ++i) EXPECT_EQ(limiter_.take("a", rate_), 0ns) << i;
  EXPECT_EQ(limiter_.take("a", rate_), 2s);
  now_ += 500ms;
  EXPECT_EQ(limiter_.take("a", rate_), 1500ms);
  now_ += 1500ms;
  EXPECT_EQ(limiter_.take("a", rate_), 0ns);
  EXPECT_EQ(limiter_.take("a", rate_), 2s);
}

TEST_F(RateLimiting, CountsEachNameByItself) {
  for (int i = 0; i < 3; ++i) (void)limiter_.take("a", rate_);
  EXPECT_EQ(limiter_.take("b", rate_), 0ns);
  EXPECT_GT(limiter_.take("a", rate_), 0ns);
}

TEST_F(RateLimiting, IsFullAgainAfterAWhileAndNotMoreThanFull) {
  for (int i = 0; i < 3; ++i) (void)limiter_.take("a", rate_);
  now_ += 1h;
  for (int i = 0; i < 3; ++i) EXPECT_EQ(limiter_.take("a", rate_), 0ns) << i;
  EXPECT_GT(limiter_.take("a", rate_), 0ns);
}

TEST_F(RateLimiting, ABurstOfZeroIsNoLimit) {
  for (int i = 0; i < 1000; ++i) EXPECT_EQ(limiter_.take("a", Rate{0, 1}), 0ns);
  EXPECT_EQ(limiter_.size(), 0U);
}

TEST_F(RateLimiting, ForgetsFullBucketsBeforeItGrowsWithoutBound) {
  for (std::size_t i = 0; i < RateLimiter::kMaxBuckets; ++i) (void)limiter_.take(std::to_string(i), rate_);
  EXPECT_EQ(limiter_.size(), RateLimiter::kMaxBuckets);
  now_ += 1s;  // the buckets above need two seconds to be full again
  for (int i = 0; i < 3; ++i) (void)limiter_.take("0", rate_);
  now_ += 1s;
  EXPECT_EQ(limiter_.take("new", rate_), 0ns);
  // "0" has one token of three, "new" is there, the others are gone.
  EXPECT_EQ(limiter_.size(), 2U);
  EXPECT_EQ(limiter_.take("0", rate_), 0ns);
  EXPECT_GT(limiter_.take("0", rate_), 0ns);
}

TEST_F(RateLimiting, ForgetsEverythingRatherThanGrowWithoutBound) {
  for (std::size_t i = 0; i <= RateLimiter::kMaxBuckets; ++i) (void)limiter_.take(std::to_string(i), rate_);
  EXPECT_EQ(limiter_.size(), 1U);
}

}  // namespace
}  // namespace quell::reference::auth
