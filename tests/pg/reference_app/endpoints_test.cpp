#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include <fmt/format.h>
#include <boost/json/serialize.hpp>

#include "tests/pg/reference_app/running_service.hpp"

namespace quell::test {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

TEST(Endpoints, WrongMethodNamesTheRightOnes) {
  EXPECT_EQ(running_service().call("DELETE", "/posts").header_value("Allow"), "GET, HEAD, POST");
}

TEST(Endpoints, ACreatedPostIsThereWithItsTags) {
  const auto created = running_service().call(
      "POST", "/posts",
      R"({"author_id":3,"title":"A \"quoted\" title","body":"Text","tags":["sql","brand-new","sql"]})",
      running_service().as_admin());
  ASSERT_EQ(created.status, 201) << created.body;
  const auto location = created.header_value("Location");
  ASSERT_THAT(location, StartsWith("/posts/"));
  const auto post = running_service().get(location).json();
  EXPECT_EQ(post.at("title").as_string(), "A \"quoted\" title");
  EXPECT_EQ(post.at("author").at("id").as_int64(), 3);
  EXPECT_EQ(boost::json::serialize(post.at("tags")), R"(["sql","brand-new"])");
  EXPECT_EQ(boost::json::serialize(post.at("comments")), "[]");
}

TEST(Endpoints, APostWhoseTagsCannotBeStoredLeavesNothingBehind) {
  const auto before = running_service().get("/users/2").json().at("post_count").as_int64();
  EXPECT_EQ(running_service()
                .call("POST", "/posts", R"({"author_id":2,"title":"T","body":"B","tags":["UPPER"]})",
                      running_service().as_admin())
                .status,
            422);
  EXPECT_EQ(running_service().get("/users/2").json().at("post_count").as_int64(), before);
}

TEST(Endpoints, PagesJoinWithoutGapOrOverlap) {
  const auto ids_of = [](const std::string& target) {
    std::vector<std::int64_t> ids;
    const auto page = running_service().get(target).json();
    for (const auto& post : page.at("items").as_array()) ids.push_back(post.at("id").as_int64());
    return ids;
  };
  auto joined = ids_of("/posts?limit=7&offset=100");
  const auto second = ids_of("/posts?limit=7&offset=107");
  joined.insert(joined.end(), second.begin(), second.end());
  EXPECT_EQ(joined, ids_of("/posts?limit=14&offset=100"));
  // The seed's post ids grow with time, so newest first is largest first.
  EXPECT_TRUE(std::ranges::is_sorted(joined, std::greater<>()));
}

TEST(Endpoints, CommentCountsAreTheNumbersOfComments) {
  const auto page = running_service().get("/posts?limit=5&offset=600").json();
  for (const auto& post : page.at("items").as_array()) {
    const auto whole = running_service().get(fmt::format("/posts/{}", post.at("id").as_int64())).json();
    EXPECT_EQ(static_cast<std::size_t>(post.at("comment_count").as_int64()), whole.at("comments").as_array().size());
  }
}

TEST(Endpoints, HeadSaysWhatGetWouldAndSendsNoBody) {
  const auto get = running_service().get("/posts/1");
  const auto head = running_service().call("HEAD", "/posts/1");
  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(head.header_value("Content-Length"), std::to_string(get.body.size()));
}

TEST(Endpoints, TraceAndRequestIdsComeBack) {
  const auto reply = running_service().call("GET", "/users/1", "",
                                            "traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01\r\n"
                                            "X-Request-Id: mine-1\r\n");
  EXPECT_THAT(reply.header_value("traceparent"), StartsWith("00-4bf92f3577b34da6a3ce929d0e0e4736-"));
  EXPECT_THAT(reply.header_value("traceparent"), Not(HasSubstr("00f067aa0ba902b7")));
  EXPECT_EQ(reply.header_value("X-Request-Id"), "mine-1");
}

}  // namespace
}  // namespace quell::test
