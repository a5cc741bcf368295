#include "analyzer/advise/index_removal.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace quell::advise {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using Kind = IndexRemoval::Kind;

constexpr ScanStatistics kOldEnough{400, false};

/// A scanned btree on t.
ExistingIndex index(std::uint32_t oid, const std::string& name, std::vector<std::string> keys) {
  ExistingIndex made;
  made.oid = oid;
  made.schema = "public";
  made.table = "t";
  made.name = name;
  made.method = "btree";
  made.keys = std::move(keys);
  made.scans = 10;
  made.size_bytes = 8192;
  return made;
}

MATCHER_P3(Removal, kind, ddl, reason, "") {
  return arg.kind == kind && arg.ddl == ddl && arg.reason.find(reason) != std::string::npos;
}

TEST(IndexRemoval, OfTwoEqualIndexesTheYoungerGoes) {
  EXPECT_THAT(judge_removals({index(1, "first", {"a"}), index(2, "second", {"a"})}, kOldEnough).advice,
              ElementsAre(Removal(Kind::duplicate, "DROP INDEX CONCURRENTLY public.second", "public.first")));
}

TEST(IndexRemoval, TheOneWithAConstraintStays) {
  ExistingIndex constraint = index(2, "t_pkey", {"a"});
  constraint.unique = constraint.constraint = true;
  EXPECT_THAT(judge_removals({index(1, "plain", {"a"}), constraint}, kOldEnough).advice,
              ElementsAre(Removal(Kind::duplicate, "DROP INDEX CONCURRENTLY public.plain", "public.t_pkey")));
}

TEST(IndexRemoval, PrefixIsRedundantAndAChainNamesTheOneThatStays) {
  EXPECT_THAT(
      judge_removals({index(1, "a", {"a"}), index(2, "ab", {"a", "b"}), index(3, "abc", {"a", "b", "c"})}, kOldEnough)
          .advice,
      ElementsAre(Removal(Kind::redundant, "DROP INDEX CONCURRENTLY public.a", "public.abc begins"),
                  Removal(Kind::redundant, "DROP INDEX CONCURRENTLY public.ab", "public.abc begins")));
}

TEST(IndexRemoval, EverythingThatMakesAnIndexAnotherOneKeepsBoth) {
  const ExistingIndex wide = index(1, "wide", {"a 1 0 0", "b 1 0 0"});
  std::vector<ExistingIndex> narrow(8, index(2, "narrow", {"a 1 0 0"}));
  narrow[0].keys = {"a 1 0 1"};  // descending
  narrow[1].keys = {"a 2 0 0"};  // another operator class
  narrow[2].keys = {"b 1 0 0"};  // not a prefix
  narrow[3].predicate = "(x > 0)";
  narrow[4].included = {"c"};
  narrow[5].unique = true;  // says more than the wide one
  narrow[6].table = "u";
  narrow[7].method = "hash";
  for (const ExistingIndex& other : narrow) EXPECT_THAT(judge_removals({wide, other}, kOldEnough).advice, IsEmpty());
}

TEST(IndexRemoval, IncludedColumnsThatTheWiderOneHasAnywhereAreCovered) {
  ExistingIndex narrow = index(1, "narrow", {"a 1 0 0"});
  narrow.included = {"b", "c"};
  ExistingIndex wide = index(2, "wide", {"a 1 0 0", "b 1 0 0"});
  wide.included = {"c"};
  EXPECT_THAT(judge_removals({narrow, wide}, kOldEnough).advice, SizeIs(1));
}

TEST(IndexRemoval, OtherMethodsMustBeEqualNotAPrefix) {
  ExistingIndex one = index(1, "one", {"a"});
  ExistingIndex two = index(2, "two", {"a", "b"});
  one.method = two.method = "gin";
  EXPECT_THAT(judge_removals({one, two}, kOldEnough).advice, IsEmpty());
  two.keys = {"a"};
  EXPECT_THAT(judge_removals({one, two}, kOldEnough).advice, SizeIs(1));
}

TEST(IndexRemoval, InvalidIndexIsDroppedOrRebuiltUnlessItIsBeingBuilt) {
  ExistingIndex failed = index(1, "failed", {"a"});
  failed.valid = false;
  EXPECT_THAT(judge_removals({failed}, kOldEnough).advice,
              ElementsAre(Removal(Kind::invalid, "DROP INDEX CONCURRENTLY public.failed", "a build of it failed")));
  failed.unique = true;
  EXPECT_THAT(judge_removals({failed}, kOldEnough).advice,
              ElementsAre(Removal(Kind::invalid, "REINDEX INDEX CONCURRENTLY public.failed", "a build of it failed")));
  failed.being_built = true;
  EXPECT_THAT(judge_removals({failed}, kOldEnough).advice, IsEmpty());
}

TEST(IndexRemoval, InvalidIndexTakesOverFromNoOther) {
  ExistingIndex failed = index(1, "failed", {"a", "b"});
  failed.valid = false;
  const RemovalResult result = judge_removals({index(2, "a", {"a"}), failed}, kOldEnough);
  EXPECT_THAT(result.advice, ElementsAre(Removal(Kind::invalid, "DROP INDEX CONCURRENTLY public.failed", "")));
}

TEST(IndexRemoval, UnusedNeedsOldStatisticsOfAPrimaryAndNoDuty) {
  ExistingIndex unused = index(1, "Unused", {"a"});
  unused.scans = 0;
  EXPECT_THAT(judge_removals({unused}, kOldEnough).advice,
              ElementsAre(Removal(Kind::unused, "DROP INDEX CONCURRENTLY public.\"Unused\"", "in 400 days")));
  const auto kept = [](ExistingIndex kept_index, ScanStatistics statistics) {
    const RemovalResult result = judge_removals({kept_index}, statistics);
    EXPECT_THAT(result.advice, IsEmpty());
    return result.kept.empty() ? std::string() : result.kept[0].reason;
  };
  EXPECT_THAT(kept(unused, {29, false}), HasSubstr("29 days old; 30 days"));
  EXPECT_THAT(kept(unused, {400, true}), HasSubstr("replica"));
  ExistingIndex busy = unused;
  busy.scans = 1;
  EXPECT_EQ(kept(busy, kOldEnough), "");
  ExistingIndex unique = unused;
  unique.unique = true;
  EXPECT_THAT(kept(unique, kOldEnough), HasSubstr("keeps its columns unique"));
  ExistingIndex identity = unused;
  identity.replica_identity = true;
  EXPECT_THAT(kept(identity, kOldEnough), HasSubstr("replica identity"));
  ExistingIndex foreign_key = unused;
  foreign_key.supports_foreign_key = true;
  EXPECT_THAT(kept(foreign_key, kOldEnough), HasSubstr("deleting a referenced row"));
}

TEST(IndexRemoval, UnusedIndexThatTakesOverIsKept) {
  ExistingIndex wide = index(1, "wide", {"a", "b"});
  wide.scans = 0;
  const RemovalResult result = judge_removals({wide, index(2, "narrow", {"a"})}, kOldEnough);
  EXPECT_THAT(result.advice, ElementsAre(Removal(Kind::redundant, "DROP INDEX CONCURRENTLY public.narrow", "")));
  ASSERT_THAT(result.kept, SizeIs(1));
  EXPECT_THAT(result.kept[0].reason, HasSubstr("takes over"));
}

TEST(IndexRemoval, PartsOfAPartitionedIndexAreNotJudged) {
  ExistingIndex part = index(1, "part", {"a"});
  part.partition = true;
  part.scans = 0;
  EXPECT_THAT(judge_removals({part}, kOldEnough).advice, IsEmpty());
}

}  // namespace
}  // namespace quell::advise
