#include "gui/model/view_state.hpp"

#include <gtest/gtest.h>

namespace quell::gui {
namespace {

ViewState zoomed_to(trace::Time begin, trace::Time end) {
  return {{}, {begin, end}};
}

TEST(ViewHistory, BackAndForwardWalkOverFilterAndZoomAlike) {
  ViewHistory history(zoomed_to(0, 100));
  auto filtered = zoomed_to(0, 100);
  filtered.filter.statement = 3;
  history.push(filtered);
  auto closer = filtered;
  closer.visible = {10, 20};
  history.push(closer);

  EXPECT_EQ(history.back(), filtered);
  EXPECT_EQ(history.back(), zoomed_to(0, 100));
  EXPECT_FALSE(history.can_go_back());
  EXPECT_EQ(history.forward(), filtered);
  EXPECT_EQ(history.forward(), closer);
  EXPECT_FALSE(history.can_go_forward());
}

TEST(ViewHistory, ANewStateDropsWhatWasAhead) {
  ViewHistory history(zoomed_to(0, 100));
  history.push(zoomed_to(0, 50));
  history.back();
  history.push(zoomed_to(0, 10));
  EXPECT_FALSE(history.can_go_forward());
  EXPECT_EQ(history.back(), zoomed_to(0, 100));
}

TEST(ViewHistory, TheSameStateTwiceIsOneStep) {
  ViewHistory history(zoomed_to(0, 100));
  history.push(zoomed_to(0, 100));
  EXPECT_FALSE(history.can_go_back());
}

TEST(ViewHistory, BackAtTheBeginningStays) {
  ViewHistory history(zoomed_to(0, 100));
  EXPECT_EQ(history.back(), zoomed_to(0, 100));
}

}  // namespace
}  // namespace quell::gui
