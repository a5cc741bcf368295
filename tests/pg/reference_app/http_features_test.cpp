// What HTTP offers on top of resources: conditional requests, compression, cursors, caching, CORS, idempotency.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <thread>

#include <fmt/format.h>
#include <boost/json/serialize.hpp>

#include <quell/db/sync_connection.hpp>

#include "tests/pg/reference_app/running_service.hpp"

namespace quell::test {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class HttpFeatures : public testing::Test {
 protected:
  [[nodiscard]] Reply send(std::string_view method, std::string_view target, std::string_view body,
                           const std::string& headers = {}) const {
    return service_.call(method, target, body, service_.as_user() + headers);
  }
  /// Path of a new post of the user.
  [[nodiscard]] std::string new_post() const {
    return send("POST", "/posts", R"({"title":"First","body":"Text"})").header_value("Location");
  }

  RunningService& service_ = running_service();
};

TEST_F(HttpFeatures, AClientThatHasAReplyIsToldSo) {
  const auto first = service_.get("/posts/1");
  const auto tag = first.header_value("ETag");
  ASSERT_FALSE(tag.empty());
  const auto again = service_.call("GET", "/posts/1", "", "If-None-Match: " + tag + "\r\n");
  EXPECT_EQ(again.status, 304);
  EXPECT_EQ(again.body, "");
  EXPECT_EQ(again.header_value("ETag"), tag);
  EXPECT_EQ(again.header_value("Content-Length"), "");
  EXPECT_EQ(service_.call("GET", "/posts/1", "", "If-None-Match: \"0\"\r\n").status, 200);
}

TEST_F(HttpFeatures, AChangeIsRefusedWhereSomebodyElseWasFirst) {
  const auto path = new_post();
  const auto tag = service_.get(path).header_value("ETag");
  const auto changed = send("PATCH", path, R"({"title":"Mine"})", "If-Match: " + tag + "\r\n");
  EXPECT_EQ(changed.status, 200) << changed.body;
  const auto late = send("PATCH", path, R"({"title":"Late"})", "If-Match: " + tag + "\r\n");
  EXPECT_EQ(late.status, 412);
  EXPECT_EQ(late.header_value("ETag"), service_.get(path).header_value("ETag"));
  EXPECT_EQ(service_.get(path).json().at("title").as_string(), "Mine");
  EXPECT_EQ(send("DELETE", path, "", "If-Match: " + tag + "\r\n").status, 412);
  EXPECT_EQ(send("DELETE", path, "", "If-Match: " + late.header_value("ETag") + "\r\n").status, 204);
  EXPECT_EQ(service_.get(path).status, 404);
}

TEST_F(HttpFeatures, AChangeLeavesWhatItDoesNotName) {
  const auto path =
      send("POST", "/posts", R"({"title":"First","body":"Text","tags":["sql","plans"]})").header_value("Location");
  EXPECT_EQ(send("PATCH", path, R"({"body":"New"})").status, 200);
  auto post = service_.get(path).json();
  EXPECT_EQ(post.at("title").as_string(), "First");
  EXPECT_EQ(post.at("body").as_string(), "New");
  EXPECT_THAT(post.at("tags").as_array(), SizeIs(2));
  EXPECT_EQ(send("PATCH", path, R"({"tags":["plans","zebra"]})").status, 200);
  post = service_.get(path).json();
  EXPECT_EQ(boost::json::serialize(post.at("tags")), R"(["plans","zebra"])");
  EXPECT_EQ(send("PATCH", path, R"({"tags":[]})").status, 200);
  EXPECT_THAT(service_.get(path).json().at("tags").as_array(), IsEmpty());
}

TEST_F(HttpFeatures, ADeletedPostTakesItsCommentsAlong) {
  const auto path = new_post();
  const auto comment = send("POST", path + "/comments", R"({"body":"Said"})").header_value("Location");
  EXPECT_EQ(service_.get(comment).status, 200);
  EXPECT_EQ(send("DELETE", path, "").status, 204);
  EXPECT_EQ(service_.get(comment).status, 404);
}

TEST_F(HttpFeatures, ADeletedCommentIsGone) {
  const auto comment = send("POST", new_post() + "/comments", R"({"body":"Said"})").header_value("Location");
  const auto deleted = send("DELETE", comment, "");
  EXPECT_EQ(deleted.status, 204);
  EXPECT_EQ(deleted.header_value("Content-Length"), "");
  EXPECT_EQ(service_.get(comment).status, 404);
}

TEST_F(HttpFeatures, LargeRepliesAreCompressedForThoseWhoTakeThat) {
  const auto plain = service_.get("/posts?limit=100");
  const auto packed = service_.call("GET", "/posts?limit=100", "", "Accept-Encoding: gzip, br\r\n");
  EXPECT_EQ(packed.header_value("Content-Encoding"), "gzip");
  EXPECT_EQ(packed.header_value("Vary"), "Accept-Encoding");
  EXPECT_LT(packed.body.size(), plain.body.size() / 2);
  EXPECT_EQ(packed.body.substr(0, 2), "\x1f\x8b");
  EXPECT_EQ(service_.call("GET", "/users/1", "", "Accept-Encoding: gzip\r\n").header_value("Content-Encoding"), "");
}

std::vector<std::int64_t> ids_of(const boost::json::value& page) {
  std::vector<std::int64_t> ids;
  for (const auto& item : page.at("items").as_array()) ids.push_back(item.at("id").as_int64());
  return ids;
}

/// All ids of a list, page after page by cursor.
std::vector<std::int64_t> walk(const std::string& target, const std::string& headers = {}) {
  std::vector<std::int64_t> ids;
  std::string cursor;
  for (int page = 0; page < 200; ++page) {
    const auto reply =
        running_service().call("GET", cursor.empty() ? target : target + "&cursor=" + cursor, "", headers);
    EXPECT_EQ(reply.status, 200) << reply.body;
    const auto json = reply.json();
    const auto more = ids_of(json);
    ids.insert(ids.end(), more.begin(), more.end());
    if (json.at("next_cursor").is_null()) return ids;
    cursor = json.at("next_cursor").as_string();
  }
  ADD_FAILURE() << target << " never ends";
  return ids;
}

TEST_F(HttpFeatures, CursorsWalkThroughAWholeListOnce) {
  const auto posts = walk("/posts?limit=100");
  EXPECT_EQ(std::set<std::int64_t>(posts.begin(), posts.end()).size(), posts.size());
  EXPECT_GE(posts.size(), 1000U);
  EXPECT_EQ(walk("/users/1/posts?limit=3"), ids_of(service_.get("/users/1/posts?limit=100").json()));
  EXPECT_EQ(walk("/posts/334/comments?limit=7"), ids_of(service_.get("/posts/334/comments?limit=100").json()));
  EXPECT_EQ(walk("/tags?limit=2"), ids_of(service_.get("/tags?limit=100").json()));
  EXPECT_EQ(walk("/users?limit=9", service_.as_admin()),
            ids_of(service_.call("GET", "/users?limit=100", "", service_.as_admin()).json()));
}

TEST_F(HttpFeatures, ACursorOfOneListIsRefusedByAnother) {
  const auto cursor = std::string(service_.get("/users/1/posts?limit=1").json().at("next_cursor").as_string());
  EXPECT_EQ(service_.get("/users/1/posts?cursor=" + cursor).status, 200);
  for (const auto* other : {"/users/2/posts", "/posts", "/tags", "/posts/1/comments"}) {
    EXPECT_EQ(service_.get(std::string(other) + "?cursor=" + cursor).status, 422) << other;
  }
  EXPECT_EQ(service_.get("/users/1/posts?offset=1&cursor=" + cursor).status, 422);
}

TEST_F(HttpFeatures, TagsAreAskedForOnceUntilAPostChanges) {
  auto params = unlimited_service(service_.dsn());
  StatementLog log;
  params.observer = log.observer();
  params.api.secret = "a secret that is long enough for all of them";
  reference::Service service(params);
  const auto user = log_in(service.port(), "user@example.org", "a user's password");
  const auto get = [&] { return call(service.port(), "GET", "/tags?limit=100"); };
  const auto first = get();
  log.take();
  EXPECT_EQ(get().body, first.body);
  EXPECT_THAT(log.take(), IsEmpty());
  ASSERT_EQ(call(service.port(), "POST", "/posts", R"({"title":"T","body":"B","tags":["fresh-tag"]})", user).status,
            201);
  log.take();
  EXPECT_THAT(get().body, HasSubstr(R"("name":"fresh-tag","post_count":1)"));
  EXPECT_THAT(log.take(), SizeIs(1));
}

TEST_F(HttpFeatures, PagesOfNamedOriginsMayReadReplies) {
  auto params = unlimited_service(service_.dsn());
  params.api.cors.origins = {"https://app.example.org"};
  reference::Service service(params);
  const auto reply = call(service.port(), "GET", "/users/1", "", "Origin: https://app.example.org\r\n");
  EXPECT_EQ(reply.header_value("Access-Control-Allow-Origin"), "https://app.example.org");
  const auto preflight = call(service.port(), "OPTIONS", "/posts/1", "",
                              "Origin: https://app.example.org\r\nAccess-Control-Request-Method: PATCH\r\n");
  EXPECT_EQ(preflight.status, 204);
  EXPECT_EQ(preflight.header_value("Access-Control-Allow-Methods"), "GET, HEAD, PATCH, DELETE");
  EXPECT_EQ(preflight.header_value("Access-Control-Allow-Origin"), "https://app.example.org");
  EXPECT_EQ(call(service.port(), "GET", "/users/1", "", "Origin: https://evil.example\r\n")
                .header_value("Access-Control-Allow-Origin"),
            "");
  EXPECT_EQ(call(service.port(), "OPTIONS", "/nowhere", "",
                 "Origin: https://app.example.org\r\nAccess-Control-Request-Method: GET\r\n")
                .status,
            404);
}

TEST_F(HttpFeatures, ARequestSentTwiceWithOneKeyActsOnce) {
  constexpr const char* kBody = R"({"title":"Once","body":"B"})";
  const auto first = send("POST", "/posts", kBody, "Idempotency-Key: once-1\r\n");
  const auto second = send("POST", "/posts", kBody, "Idempotency-Key: once-1\r\n");
  EXPECT_EQ(first.status, 201);
  EXPECT_EQ(second.status, 201);
  EXPECT_EQ(second.body, first.body);
  EXPECT_EQ(second.header_value("Location"), first.header_value("Location"));
  EXPECT_EQ(first.header_value("Idempotency-Replayed"), "");
  EXPECT_EQ(second.header_value("Idempotency-Replayed"), "true");
  // Another key, or the same key of another user, is another request.
  EXPECT_NE(send("POST", "/posts", kBody, "Idempotency-Key: once-2\r\n").body, first.body);
  EXPECT_NE(service_.call("POST", "/posts", kBody, service_.as_admin() + "Idempotency-Key: once-1\r\n").body,
            first.body);
}

TEST_F(HttpFeatures, AKeyIsForOneRequestOnly) {
  (void)send("POST", "/posts", R"({"title":"One","body":"B"})", "Idempotency-Key: shared\r\n");
  const auto other = send("POST", "/posts", R"({"title":"Two","body":"B"})", "Idempotency-Key: shared\r\n");
  EXPECT_EQ(other.status, 422);
  EXPECT_THAT(other.body, HasSubstr("urn:quell-reference:problem:idempotency-key-reused"));
}

TEST_F(HttpFeatures, KeysAreForgottenAfterADay) {
  const auto as_admin = [&](const char* key) { return service_.as_admin() + "Idempotency-Key: " + key + "\r\n"; };
  constexpr const char* kBody = R"({"title":"Old","body":"B"})";
  const auto first = service_.call("POST", "/posts", kBody, as_admin("old"));
  auto connection = db::SyncConnection::open(service_.dsn());
  (void)connection.query("update idempotency_keys set created_at = now() - interval '25 hours' where key = 'old'");
  EXPECT_EQ(service_.call("POST", "/posts", kBody, as_admin("old")).body, first.body);
  (void)service_.call("POST", "/posts", kBody, as_admin("new"));
  EXPECT_NE(service_.call("POST", "/posts", kBody, as_admin("old")).body, first.body);
}

TEST_F(HttpFeatures, AFailedRequestLeavesItsKeyFree) {
  const auto as_admin = service_.as_admin() + "Idempotency-Key: failed-first\r\n";
  EXPECT_EQ(service_.call("POST", "/posts", R"({"author_id":999999,"title":"T","body":"B"})", as_admin).status, 409);
  EXPECT_EQ(service_.call("POST", "/posts", R"({"author_id":1,"title":"T","body":"B"})", as_admin).status, 201);
}

TEST_F(HttpFeatures, OfRequestsAtTheSameTimeWithOneKeyOneActs) {
  std::vector<std::string> locations(6);
  std::vector<std::thread> clients;
  for (std::string& location : locations) {
    clients.emplace_back([&] {
      location = send("POST", "/posts", R"({"title":"Race","body":"B"})", "Idempotency-Key: race\r\n")
                     .header_value("Location");
    });
  }
  for (auto& client : clients) client.join();
  for (const std::string& location : locations) EXPECT_EQ(location, locations.front());
  EXPECT_THAT(locations.front(), testing::StartsWith("/posts/"));
}

}  // namespace
}  // namespace quell::test
