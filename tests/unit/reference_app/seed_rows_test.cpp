#include "reference_app/domain/seed_rows.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

namespace quell::reference {
namespace {

TEST(Seed, TheSameSizeGivesTheSameRows) {
  const auto size = SeedSize::scaled(0.01);
  const auto a = make_seed_rows(size);
  const auto b = make_seed_rows(size);
  EXPECT_EQ(a.posts.title, b.posts.title);
  EXPECT_EQ(a.posts.author_id, b.posts.author_id);
  EXPECT_EQ(a.comments.body, b.comments.body);
  EXPECT_EQ(a.post_tags.tag_id, b.post_tags.tag_id);
}

TEST(Seed, ScaleMultipliesTheRowsAndKeepsAtLeastOne) {
  EXPECT_EQ(SeedSize::scaled(0.5).posts, 10'000);
  EXPECT_EQ(SeedSize::scaled(2).comments, 80'000);
  EXPECT_EQ(SeedSize::scaled(0.0001).users, 1);
  EXPECT_EQ(make_seed_rows(SeedSize::scaled(0.0001)).users.name.size(), 1U);
}

TEST(Seed, EveryReferenceIsToARowThatExists) {
  const auto size = SeedSize::scaled(0.05);
  const auto rows = make_seed_rows(size);
  const auto within = [](const std::vector<std::int64_t>& ids, std::int64_t count) {
    return std::ranges::all_of(ids, [&](std::int64_t id) { return id >= 1 && id <= count; });
  };
  EXPECT_TRUE(within(rows.posts.author_id, size.users));
  EXPECT_TRUE(within(rows.comments.author_id, size.users));
  EXPECT_TRUE(within(rows.comments.post_id, size.posts));
  EXPECT_TRUE(within(rows.post_tags.post_id, size.posts));
  EXPECT_TRUE(within(rows.post_tags.tag_id, static_cast<std::int64_t>(rows.tags.name.size())));
}

TEST(Seed, UniqueColumnsAreUnique) {
  const auto rows = make_seed_rows(SeedSize::scaled(0.5));
  EXPECT_EQ(std::set(rows.users.email.begin(), rows.users.email.end()).size(), rows.users.email.size());
  EXPECT_EQ(std::set(rows.tags.name.begin(), rows.tags.name.end()).size(), rows.tags.name.size());
  std::set<std::pair<std::int64_t, std::int64_t>> links;
  for (std::size_t i = 0; i < rows.post_tags.post_id.size(); ++i) {
    links.emplace(rows.post_tags.post_id[i], rows.post_tags.tag_id[i]);
  }
  EXPECT_EQ(links.size(), rows.post_tags.post_id.size());
}

// The share of the first k of n ranks is sqrt(k/n): a tenth of the users should write about 32 % of the posts.
TEST(Seed, FewUsersWriteMostPosts) {
  const auto size = SeedSize::scaled(1);
  const auto rows = make_seed_rows(size);
  std::map<std::int64_t, std::int64_t> posts_of;
  for (const auto author : rows.posts.author_id) ++posts_of[author];
  std::vector<std::int64_t> counts;
  for (const auto& [author, count] : posts_of) counts.push_back(count);
  std::ranges::sort(counts, std::greater<>());
  std::int64_t top_tenth = 0;
  for (std::size_t i = 0; i < 100; ++i) top_tenth += counts[i];
  EXPECT_NEAR(static_cast<double>(top_tenth) / static_cast<double>(size.posts), 0.32, 0.03);
}

TEST(Seed, PostsAgeWithTheirIdAndCommentsAreYoungerThanTheirPost) {
  const auto rows = make_seed_rows(SeedSize::scaled(0.05));
  EXPECT_TRUE(std::ranges::is_sorted(rows.posts.created_at));
  for (std::size_t i = 0; i < rows.comments.post_id.size(); ++i) {
    EXPECT_GE(rows.comments.created_at[i],
              rows.posts.created_at[static_cast<std::size_t>(rows.comments.post_id[i] - 1)]);
  }
}

}  // namespace
}  // namespace quell::reference
