#include <array>
#include <string>

#include <gtest/gtest.h>

#include "analyzer/gate/glob.hpp"
#include "analyzer/gate/shell.hpp"
#include "analyzer/gate/suggestion.hpp"

namespace quell::gate {
namespace {

TEST(Glob, OnlyTheStarIsSpecial) {
  EXPECT_TRUE(glob_matches("GET /posts/{id}?loading=lazy", "GET /posts/{id}?loading=lazy"));
  EXPECT_FALSE(glob_matches("GET /posts?", "GET /postsX"));
  EXPECT_FALSE(glob_matches("[ab]", "a"));
}

TEST(Glob, StarStandsForAnythingAndForNothing) {
  EXPECT_TRUE(glob_matches("*", ""));
  EXPECT_TRUE(glob_matches("GET /posts*", "GET /posts"));
  EXPECT_TRUE(glob_matches("GET *posts*", "GET /users/{id}/posts?loading=lazy"));
  EXPECT_TRUE(glob_matches("*aab", "aaaab"));
  EXPECT_FALSE(glob_matches("*aab", "aaaa"));
  EXPECT_FALSE(glob_matches("", "a"));
}

TEST(Glob, ManyStarsDoNotTakeLong) {
  std::string pattern;
  for (int i = 0; i < 50; ++i) pattern += "a*";
  EXPECT_FALSE(glob_matches(pattern + "b", std::string(5000, 'a')));
}

TEST(Suggestion, FindsTheNearestWord) {
  constexpr std::array<std::string_view, 3> kKeys = {"max_queries", "max_repeat", "growth"};
  EXPECT_EQ(suggestion("max_querys", kKeys), "max_queries");
  EXPECT_EQ(suggestion("grwoth", kKeys), "growth");
  EXPECT_EQ(suggestion("maxrepeat", kKeys), "max_repeat");
}

TEST(Suggestion, IsEmptyWhereNothingIsNear) {
  constexpr std::array<std::string_view, 2> kKeys = {"growth", "owner"};
  EXPECT_EQ(suggestion("timeout", kKeys), "");
  EXPECT_EQ(suggestion(std::string(10'000, 'g'), kKeys), "");
}

TEST(ShellWord, QuotesWhatAShellWouldRead) {
  EXPECT_EQ(shell_word("build/new.qtr"), "build/new.qtr");
  EXPECT_EQ(shell_word("GET /posts"), "'GET /posts'");
  EXPECT_EQ(shell_word("it's; rm -rf $HOME"), "'it'\\''s; rm -rf $HOME'");
  EXPECT_EQ(shell_word(""), "''");
  EXPECT_EQ(shell_word("-rf"), "'-rf'");
}

}  // namespace
}  // namespace quell::gate
