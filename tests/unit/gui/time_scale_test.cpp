#include "gui/model/time_scale.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

namespace quell::gui {
namespace {

TEST(TimeScale, MapsTheRangeOntoTheWidth) {
  const TimeScale scale({1'000, 3'000}, 500);  // 4 ns a pixel
  EXPECT_DOUBLE_EQ(scale.x_of(1'000), 0);
  EXPECT_DOUBLE_EQ(scale.x_of(2'000), 250);
  EXPECT_DOUBLE_EQ(scale.x_of(3'000), 500);
  EXPECT_EQ(scale.time_at(0), 1'000);
  EXPECT_EQ(scale.time_at(125), 1'500);
}

TEST(TimeScale, APixelThereAndBackIsWithinAPixel) {
  std::mt19937_64 random(7);
  for (int round = 0; round < 1'000; ++round) {
    const auto begin = static_cast<trace::Time>(random() % 1'000'000'000'000);
    const auto length = static_cast<trace::Duration>(1'000 + random() % 1'000'000'000'000);
    const auto width = static_cast<double>(1 + random() % 4'000);
    const TimeScale scale({begin, begin + length}, width);
    const double x = static_cast<double>(random() % 1'000'000) / 1'000'000 * width;
    // time_at rounds down to a nanosecond: at most the pixels of one nanosecond are lost.
    EXPECT_NEAR(scale.x_of(scale.time_at(x)), x, width / static_cast<double>(length) + 1e-6);
  }
}

TEST(TimeScale, ZoomKeepsTheTimeUnderThePointer) {
  const TimeRange whole{0, 1'000'000'000};
  const TimeScale scale({200'000'000, 600'000'000}, 1'000);
  const auto closer = scale.zoomed(2, 250, whole);  // 300 ms stands at a quarter
  EXPECT_EQ(closer.length(), 200'000'000);
  EXPECT_EQ(closer.begin, 250'000'000);
  EXPECT_NEAR(TimeScale(closer, 1'000).x_of(300'000'000), 250, 0.01);
}

TEST(TimeScale, ZoomStaysInsideTheTraceAndAboveTheShortestRange) {
  const TimeRange whole{0, 1'000'000};
  const TimeScale scale({0, 1'000'000}, 1'000);
  EXPECT_EQ(scale.zoomed(0.1, 500, whole), whole);
  EXPECT_EQ(scale.zoomed(1e9, 500, whole).length(), TimeScale::kShortest);
}

TEST(TimeScale, PanStopsAtBothEnds) {
  const TimeRange whole{0, 1'000};
  const TimeScale scale({400, 600}, 100);  // 2 ns a pixel
  EXPECT_EQ(scale.panned(50, whole), (TimeRange{500, 700}));
  EXPECT_EQ(scale.panned(10'000, whole), (TimeRange{800, 1'000}));
  EXPECT_EQ(scale.panned(-10'000, whole), (TimeRange{0, 200}));
}

TEST(TimeScale, TicksStandOnRoundNumbersOfTheTraceClock) {
  // 1 s in 1,000 px: 80 px are 80 ms, so the step is 100 ms. The clock begins at 50 ns.
  const TimeScale scale({50, 50 + 1'000'000'000}, 1'000);
  const auto ticks = scale.ticks(50, 80);
  EXPECT_EQ(ticks.step, 100'000'000);
  ASSERT_EQ(ticks.times.size(), 10U);
  EXPECT_EQ(ticks.times.front(), 50);
  EXPECT_EQ(ticks.times.back(), 900'000'050);
}

}  // namespace
}  // namespace quell::gui
