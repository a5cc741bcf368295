#include "agent/db/src/core/statement_cache.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace quell::db::core {
namespace {

using testing::ElementsAre;

constexpr Statement kA{"select $1"};
constexpr Statement kB{"select 2"};
constexpr Statement kC{"select 3"};

TEST(StatementCache, LeastRecentlyUsedLeavesFirst) {
  StatementCache cache(2);
  const Parameters none;
  const std::string b = cache.add(kB, none).name;
  cache.add(kC, none);
  EXPECT_NE(cache.find(kB, none), nullptr);
  cache.add(kA, Parameters::of(1));
  EXPECT_EQ(cache.find(kC, none), nullptr) << "B was used after C";
  EXPECT_NE(cache.find(kB, none), nullptr);
  EXPECT_EQ(cache.evicted().size(), 1U);
  EXPECT_NE(cache.evicted()[0], b);
  cache.clear_evicted();
  EXPECT_TRUE(cache.evicted().empty());
}

TEST(StatementCache, TypesOfParametersArePartOfTheKey) {
  StatementCache cache(10);
  const auto* small = &cache.add(kA, Parameters::of(std::int32_t{1}));
  EXPECT_EQ(cache.find(kA, Parameters::of(std::int64_t{1})), nullptr);
  EXPECT_EQ(cache.find(kA, Parameters::of(std::int32_t{7})), small) << "the value is not";
}

TEST(StatementCache, SameTextFromAnotherPlaceIsTheSameStatement) {
  StatementCache cache(10);
  const Parameters none;
  const auto* entry = &cache.add(kB, none);
  const UnsafeStatement copy = unsafe_sql(std::string("select ") + "2");
  EXPECT_EQ(cache.find(Statement(copy), none), entry);
}

TEST(StatementCache, NamesAreNeverReused) {
  StatementCache cache(1);
  const Parameters none;
  const std::string first = cache.add(kB, none).name;
  cache.clear();
  EXPECT_THAT(cache.evicted(), ElementsAre(first));
  EXPECT_EQ(cache.size(), 0U);
  EXPECT_NE(cache.add(kB, none).name, first);
}

TEST(StatementCache, ForgottenIsNotDeallocatedDiscardedIs) {
  StatementCache cache(4);
  const Parameters none;
  cache.forget(cache.add(kB, none));
  EXPECT_TRUE(cache.evicted().empty());
  const auto& entry = cache.add(kC, none);
  const std::string name = entry.name;
  cache.discard(entry);
  EXPECT_THAT(cache.evicted(), ElementsAre(name));
  EXPECT_EQ(cache.size(), 0U);
}

TEST(StatementCache, SizeZeroIsOff) {
  EXPECT_FALSE(StatementCache(0).enabled());
}

}  // namespace
}  // namespace quell::db::core
