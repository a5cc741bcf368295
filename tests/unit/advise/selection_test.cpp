#include "analyzer/advise/selection.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

namespace quell::advise {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::Field;
using testing::HasSubstr;
using testing::IsEmpty;

/// Costs from a table: the cheapest listed subset of what exists is what the "planner" uses.
class FakePlanner {
 public:
  void cost(std::size_t statement, const IndexSet& uses, double units) { costs_[statement][uses] = units; }

  CostFunction function() {
    return [this](std::size_t statement, const IndexSet& indexes) {
      PlannedCost best;
      best.cost = 1e300;
      for (const auto& [uses, units] : costs_[statement]) {
        if (units < best.cost && std::includes(indexes.begin(), indexes.end(), uses.begin(), uses.end())) {
          best = {units, uses};
        }
      }
      return best;
    };
  }

 private:
  std::map<std::size_t, std::map<IndexSet, double>> costs_;
};

std::vector<SelectionCandidate> singles(std::size_t count) {
  return std::vector<SelectionCandidate>(count);
}

TEST(SelectIndexes, IndexThatSavesEnoughIsChosen) {
  FakePlanner planner;
  planner.cost(0, {}, 100);
  planner.cost(0, {0}, 5);
  const Selection selection = select_indexes({{100, {0}, {0}}}, singles(1), planner.function(), {});
  EXPECT_THAT(selection.chosen, ElementsAre(0));
  EXPECT_DOUBLE_EQ(selection.before[0].cost, 100);
  EXPECT_DOUBLE_EQ(selection.after[0].cost, 5);
}

TEST(SelectIndexes, IndexThatSavesNothingIsNotChosenWhateverTheThresholds) {
  FakePlanner planner;
  planner.cost(0, {}, 100);
  planner.cost(0, {0, 1}, 50);
  planner.cost(0, {0}, 50);
  const SelectionParams nothing_asked{.minimum_gain = 0, .minimum_cost_saved = 0};
  const Selection selection = select_indexes({{1, {0, 1}, {0, 1}}}, singles(2), planner.function(), nothing_asked);
  EXPECT_THAT(selection.chosen, ElementsAre(0));
}

TEST(SelectIndexes, SmallSavingOverTheTraceIsRejectedWithItsReason) {
  FakePlanner planner;
  planner.cost(0, {}, 100);
  planner.cost(0, {0}, 5);
  const Selection selection = select_indexes({{2, {0}, {0}}}, singles(1), planner.function(), {});  // saves 190 < 1000
  EXPECT_THAT(selection.chosen, IsEmpty());
  ASSERT_EQ(selection.rejected.size(), 1U);
  EXPECT_THAT(selection.rejected[0].reason, HasSubstr("190"));
}

TEST(SelectIndexes, SmallShareIsRejected) {
  FakePlanner planner;
  planner.cost(0, {}, 1000);
  planner.cost(0, {0}, 950);
  EXPECT_THAT(select_indexes({{1000, {0}, {0}}}, singles(1), planner.function(), {}).chosen, IsEmpty());
}

TEST(SelectIndexes, PairThatOnlyHelpsTogetherIsChosen) {
  // A join: either side alone saves 5 %, both save 74 % (research 1.1 a).
  FakePlanner planner;
  planner.cost(0, {}, 10312);
  planner.cost(0, {0}, 9800);
  planner.cost(0, {1}, 9800);
  planner.cost(0, {0, 1}, 2666);
  EXPECT_THAT(select_indexes({{10, {0, 1}, {0, 1}}}, singles(2), planner.function(), {}).chosen, ElementsAre(0, 1));
}

TEST(SelectIndexes, IndexThatAnotherMakesUselessIsPruned) {
  // 0 wins first for statement 0; then 1 serves both, and without 0 nothing is lost.
  FakePlanner planner;
  planner.cost(0, {}, 100);
  planner.cost(0, {0}, 10);
  planner.cost(0, {1}, 11);
  planner.cost(1, {}, 90);
  planner.cost(1, {1}, 10);
  const Selection selection =
      select_indexes({{1000, {0, 1}, {0, 1}}, {1000, {1}, {0, 1}}}, singles(2), planner.function(), {});
  EXPECT_THAT(selection.chosen, ElementsAre(1));
}

TEST(SelectIndexes, PrefixThatDoesNearlyAsWellIsPreferred) {
  FakePlanner planner;
  planner.cost(0, {}, 1000);
  planner.cost(0, {0}, 10.5);  // one column
  planner.cost(0, {1}, 10);    // two columns: half a unit better
  std::vector<SelectionCandidate> candidates = singles(2);
  candidates[1].width = 2;
  candidates[1].prefixes = {0};
  EXPECT_THAT(select_indexes({{100, {0, 1}, {0, 1}}}, candidates, planner.function(), {}).chosen, ElementsAre(0));
}

TEST(SelectIndexes, WiderIndexIsTakenWhereThePrefixLosesMuch) {
  FakePlanner planner;
  planner.cost(0, {}, 1000);
  planner.cost(0, {0}, 500);
  planner.cost(0, {1}, 10);
  std::vector<SelectionCandidate> candidates = singles(2);
  candidates[1].width = 2;
  candidates[1].prefixes = {0};
  EXPECT_THAT(select_indexes({{100, {0, 1}, {0, 1}}}, candidates, planner.function(), {}).chosen, ElementsAre(1));
}

TEST(SelectIndexes, HarmToAnotherStatementCounts) {
  FakePlanner planner;
  planner.cost(0, {}, 100);
  planner.cost(0, {0}, 50);
  const CostFunction cost = [&](std::size_t statement, const IndexSet& indexes) {
    if (statement == 0) return planner.function()(0, indexes);
    return indexes.empty() ? PlannedCost{100, {}} : PlannedCost{160, {0}};  // the planner errs
  };
  EXPECT_THAT(select_indexes({{100, {0}, {0}}, {100, {0}, {0}}}, singles(1), cost, {}).chosen, IsEmpty());
}

TEST(SelectIndexes, EachPairOfStatementAndIndexesIsAskedOnce) {
  std::map<std::pair<std::size_t, IndexSet>, int> asked;
  FakePlanner planner;
  planner.cost(0, {}, 100);
  planner.cost(0, {0}, 5);
  planner.cost(0, {1}, 6);
  planner.cost(1, {}, 100);
  const CostFunction cost = [&](std::size_t statement, const IndexSet& indexes) {
    ++asked[{statement, indexes}];
    return planner.function()(statement, indexes);
  };
  const Selection selection = select_indexes({{100, {0, 1}, {0, 1}}, {100, {}, {}}}, singles(2), cost, {});
  for (const auto& [key, times] : asked) EXPECT_EQ(times, 1);
  EXPECT_EQ(selection.what_if_calls, asked.size());
  EXPECT_EQ(asked.count({1, {0}}), 0U);  // not relevant to it
}

TEST(SelectIndexes, StopEndsTheSearch) {
  FakePlanner planner;
  planner.cost(0, {}, 100);
  planner.cost(0, {0}, 5);
  const Selection selection =
      select_indexes({{100, {0}, {0}}}, singles(1), planner.function(), {}, [] { return true; });
  EXPECT_THAT(selection.chosen, IsEmpty());
  EXPECT_THAT(selection.rejected, Contains(Field(&Rejected::reason, HasSubstr("time"))));
}

}  // namespace
}  // namespace quell::advise
