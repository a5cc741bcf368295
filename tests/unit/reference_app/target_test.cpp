#include "reference_app/http/target.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

using namespace std::string_view_literals;

namespace quell::reference::http {
namespace {

using testing::ElementsAre;
using testing::Pair;

TEST(Target, SplitsAndDecodesThePath) {
  EXPECT_THAT(parse_target("/users/a%20b%2Fc/posts")->segments, ElementsAre("users", "a b/c", "posts"));
}

TEST(Target, RootHasNoSegmentsAndATrailingSlashIsAnEmptyOne) {
  EXPECT_TRUE(parse_target("/")->segments.empty());
  EXPECT_THAT(parse_target("/posts/")->segments, ElementsAre("posts", ""));
}

TEST(Target, DecodesQueryParametersAsAFormDoes) {
  EXPECT_THAT(parse_target("/posts?title=a+b%26c&limit=5&empty=&flag")->query,
              ElementsAre(Pair("title", "a b&c"), Pair("limit", "5"), Pair("empty", ""), Pair("flag", "")));
}

TEST(Target, RefusesWhatIsNoOriginForm) {
  for (const auto text : {"", "posts", "*", "http://host/posts", "/a b", "/%4", "/%zz", "/?q=%"}) {
    EXPECT_FALSE(parse_target(text)) << text;
  }
}

TEST(Target, RefusesTextNoColumnCanStore) {
  EXPECT_FALSE(parse_target("/a%00b"));
  EXPECT_FALSE(parse_target("/posts?q=%00"));
  EXPECT_FALSE(parse_target("/posts?%FF=1"));
  EXPECT_FALSE(parse_target("/%C3%28"));
}

// The sequences of RFC 3629: section 4's ranges, surrogates, overlong forms and the end of Unicode.
TEST(StorableText, IsWellFormedUtf8WithoutNul) {
  for (const auto text :
       {""sv, "plain"sv, "\u00e9"sv, "\u20ac"sv, "\U0001f600"sv, "\xF4\x8F\xBF\xBF"sv, "\xED\x9F\xBF"sv}) {
    EXPECT_TRUE(is_storable_text(text)) << text;
  }
  for (const auto text : {"a\0b"sv, "\x80"sv, "\xC0\xAF"sv, "\xC3"sv, "\xE0\x9F\xBF"sv, "\xED\xA0\x80"sv, "\xE2\x82"sv,
                          "\xF0\x8F\xBF\xBF"sv, "\xF4\x90\x80\x80"sv, "\xF5\x80\x80\x80"sv, "\xFF"sv}) {
    EXPECT_FALSE(is_storable_text(text));
  }
}

}  // namespace
}  // namespace quell::reference::http
