#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <set>

#include <fmt/format.h>
#include <boost/json/serialize.hpp>

#include "tests/pg/reference_app/running_service.hpp"
#include "tests/unit/reference_app/raw_client.hpp"

namespace quell::test {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

/// One row of the endpoint table: what is sent, which status comes back and what the body must contain.
struct Case {
  const char* name;
  const char* method;
  const char* target;
  const char* body;
  int status;
  const char* contains;
};

void PrintTo(const Case& c, std::ostream* out) {
  *out << c.method << ' ' << c.target;
}

class Endpoint : public testing::TestWithParam<Case> {};

bool fits(std::string_view route, std::string_view path) {
  while (!route.empty() || !path.empty()) {
    const auto step = [](std::string_view& text) {
      const auto end = std::min(text.find('/', 1), text.size());
      const auto segment = text.substr(0, end);
      text.remove_prefix(end);
      return segment;
    };
    const auto expected = step(route);
    const auto given = step(path);
    if (expected != given && (!expected.starts_with("/{") || given.size() < 2)) return false;
  }
  return true;
}

/// What the OpenAPI document says of an operation; null where it has none.
const boost::json::object* described(std::string_view method, std::string_view target) {
  static const boost::json::value document = running_service().get("/openapi.json").json();
  std::string lower(method);
  for (char& c : lower) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  for (const auto& path : document.at("paths").as_object()) {
    if (!fits(path.key(), target.substr(0, target.find('?')))) continue;
    const auto* operation = path.value().as_object().if_contains(lower);
    return operation == nullptr ? nullptr : &operation->as_object();
  }
  return nullptr;
}

TEST_P(Endpoint, AnswersAsTheTableSays) {
  const Case& c = GetParam();
  const auto reply = running_service().call(c.method, c.target, c.body);
  EXPECT_EQ(reply.status, c.status) << reply.body;
  EXPECT_THAT(reply.body, HasSubstr(c.contains));
  EXPECT_EQ(reply.header_value("Content-Type"), c.status < 400 ? "application/json" : "application/problem+json");
  EXPECT_FALSE(reply.header_value("X-Request-Id").empty());
  if (const auto* operation = described(c.method, c.target)) {
    EXPECT_TRUE(operation->at("responses").as_object().contains(std::to_string(c.status)))
        << c.status << " is not in the OpenAPI document";
  } else {
    EXPECT_TRUE(c.status == 404 || c.status == 405 || c.status == 400);
  }
}

constexpr const char* kNotFound = R"("type":"urn:quell-reference:problem:not-found","title":"Not Found","status":404)";
constexpr const char* kIdType = R"("errors":[{"location":["path","id"],"code":"type","message":"must be an integer"}])";
constexpr const char* kIdSmall = R"({"location":["path","id"],"code":"too_small","message":"must be at least 1"})";
constexpr const char* kLimitLarge =
    R"({"location":["query","limit"],"code":"too_large","message":"must be at most 100"})";
constexpr const char* kLimitSmall = R"({"location":["query","limit"],"code":"too_small")";
constexpr const char* kOffset = R"({"location":["query","offset"],"code":"too_small")";
constexpr const char* kLoading = R"("message":"must be one of lazy, selectin, joined")";
constexpr const char* kUnknown = R"({"location":["query","limt"],"code":"unknown")";
constexpr const char* kWrongMethod = "urn:quell-reference:problem:method-not-allowed";

INSTANTIATE_TEST_SUITE_P(
    ListPosts, Endpoint,
    testing::Values(Case{"Valid", "GET", "/posts", "", 200, R"("limit":20,"offset":0,"next_offset":20)"},
                    Case{"LimitTooLarge", "GET", "/posts?limit=101", "", 422, kLimitLarge},
                    Case{"LimitTooSmall", "GET", "/posts?limit=0", "", 422, kLimitSmall},
                    Case{"LimitNoNumber", "GET", "/posts?limit=ten", "", 422, R"(["query","limit"],"code":"type")"},
                    Case{"OffsetNegative", "GET", "/posts?offset=-1", "", 422, kOffset},
                    Case{"OffsetBeyondTheEnd", "GET", "/posts?offset=100000", "", 200, R"({"items":[],)"},
                    Case{"LoadingUnknown", "GET", "/posts?loading=eager", "", 422, kLoading},
                    Case{"ParameterUnknown", "GET", "/posts?limt=1", "", 422, kUnknown},
                    Case{"AllFaultsAtOnce", "GET", "/posts?limit=0&offset=-1&loading=x", "", 422,
                         R"("detail":"3 values of the request are not valid.")"},
                    Case{"WrongMethod", "DELETE", "/posts", "", 405, kWrongMethod}),
    [](const auto& tested) { return std::string(tested.param.name); });

INSTANTIATE_TEST_SUITE_P(GetPost, Endpoint,
                         testing::Values(Case{"Valid", "GET", "/posts/1", "", 200, R"({"id":1,"title":")"},
                                         Case{"Missing", "GET", "/posts/999999", "", 404,
                                              "There is no post with id 999999."},
                                         Case{"IdNoNumber", "GET", "/posts/first", "", 422, kIdType},
                                         Case{"IdZero", "GET", "/posts/0", "", 422, kIdSmall},
                                         Case{"IdBeyondBigint", "GET", "/posts/9223372036854775808", "", 422, kIdType},
                                         Case{"LoadingUnknown", "GET", "/posts/1?loading=", "", 422, kLoading},
                                         Case{"WrongMethod", "PUT", "/posts/1", "{}", 405, kWrongMethod},
                                         Case{"TrailingSlash", "GET", "/posts/", "", 404, kNotFound}),
                         [](const auto& tested) { return std::string(tested.param.name); });

INSTANTIATE_TEST_SUITE_P(
    ListPostsOfUser, Endpoint,
    testing::Values(Case{"Valid", "GET", "/users/1/posts", "", 200, R"("author":{"id":1,)"},
                    Case{"MissingUser", "GET", "/users/999999/posts", "", 404, "There is no user with id 999999."},
                    Case{"BeyondTheLastPage", "GET", "/users/1/posts?offset=1000", "", 200, R"("items":[])"},
                    Case{"IdNoNumber", "GET", "/users/x/posts", "", 422, kIdType},
                    Case{"LimitTooLarge", "GET", "/users/1/posts?limit=101", "", 422, kLimitLarge},
                    Case{"OffsetNegative", "GET", "/users/1/posts?offset=-1", "", 422, kOffset},
                    Case{"WrongMethod", "POST", "/users/1/posts", "{}", 405, kWrongMethod}),
    [](const auto& tested) { return std::string(tested.param.name); });

INSTANTIATE_TEST_SUITE_P(GetUser, Endpoint,
                         testing::Values(Case{"Valid", "GET", "/users/1", "", 200, R"({"id":1,"name":")"},
                                         Case{"Missing", "GET", "/users/999999", "", 404, kNotFound},
                                         Case{"IdNoNumber", "GET", "/users/me", "", 422, kIdType},
                                         Case{"ParameterUnknown", "GET", "/users/1?limt=1", "", 422, kUnknown},
                                         Case{"WrongMethod", "DELETE", "/users/1", "", 405, kWrongMethod}),
                         [](const auto& tested) { return std::string(tested.param.name); });

constexpr const char* kUser = R"({"name":"Table Test","email":"table.test@example.org"})";

INSTANTIATE_TEST_SUITE_P(
    CreateUser, Endpoint,
    testing::Values(Case{"Valid", "POST", "/users", kUser, 201, R"("email":"table.test@example.org")"},
                    Case{"ConflictWithTheOneBefore", "POST", "/users", kUser, 409,
                         R"("detail":"A record with this value exists already (users_email_key).")"},
                    Case{"NameMissing", "POST", "/users", R"({"email":"a@example.org"})", 422,
                         R"("errors":[{"location":["body","name"],"code":"missing","message":"is required"}])"},
                    Case{"NameEmpty", "POST", "/users", R"({"name":"","email":"a@example.org"})", 422, "too_short"},
                    Case{"EmailMalformed", "POST", "/users", R"({"name":"A","email":"a"})", 422,
                         R"({"location":["body","email"],"code":"email")"},
                    Case{"EmailNull", "POST", "/users", R"({"name":"A","email":null})", 422, R"("code":"type")"},
                    Case{"FieldUnknown", "POST", "/users", R"({"name":"A","email":"a@example.org","id":1})", 422,
                         R"({"location":["body","id"],"code":"unknown")"},
                    Case{"NoObject", "POST", "/users", "[1]", 422, R"({"location":["body"],"code":"type")"},
                    Case{"NoJson", "POST", "/users", "{", 400, "urn:quell-reference:problem:malformed-json"},
                    Case{"NoBody", "POST", "/users", "", 415, "application/json"},
                    Case{"WrongMethod", "GET", "/users", "", 405, kWrongMethod}),
    [](const auto& tested) { return std::string(tested.param.name); });

INSTANTIATE_TEST_SUITE_P(
    CreatePost, Endpoint,
    testing::Values(
        Case{"Valid", "POST", "/posts", R"({"author_id":1,"title":"T","body":"B"})", 201, R"({"id":)"},
        Case{"AuthorMissing", "POST", "/posts", R"({"author_id":999999,"title":"T","body":"B"})", 409,
             "urn:quell-reference:problem:missing-reference"},
        Case{"AuthorNoNumber", "POST", "/posts", R"({"author_id":"1","title":"T","body":"B"})", 422,
             R"({"location":["body","author_id"],"code":"type")"},
        Case{"TitleEmpty", "POST", "/posts", R"({"author_id":1,"title":"","body":"B"})", 422,
             R"({"location":["body","title"],"code":"too_short")"},
        Case{"BodyNul", "POST", "/posts", R"({"author_id":1,"title":"T","body":"\u0000"})", 422,
             R"({"location":["body","body"],"code":"text")"},
        Case{"TagMalformed", "POST", "/posts", R"({"author_id":1,"title":"T","body":"B","tags":["ok","No!"]})", 422,
             R"({"location":["body","tags",1],"code":"pattern")"},
        Case{"TooManyTags", "POST", "/posts",
             R"({"author_id":1,"title":"T","body":"B","tags":["a","b","c","d","e","f","g","h","i","j","k"]})", 422,
             R"({"location":["body","tags"],"code":"too_many")"}),
    [](const auto& tested) { return std::string(tested.param.name); });

INSTANTIATE_TEST_SUITE_P(Nowhere, Endpoint,
                         testing::Values(Case{"Root", "GET", "/", "", 404, kNotFound},
                                         Case{"UnknownPath", "GET", "/nothing", "", 404, kNotFound},
                                         Case{"MalformedEscape", "GET", "/posts/%zz", "", 400, "malformed-target"},
                                         Case{"NulInThePath", "GET", "/posts/%00", "", 400, "malformed-target"}),
                         [](const auto& tested) { return std::string(tested.param.name); });

TEST(Endpoints, WrongMethodNamesTheRightOnes) {
  EXPECT_EQ(running_service().call("DELETE", "/posts").header_value("Allow"), "GET, HEAD, POST");
}

TEST(Endpoints, TooLargeABodyIsRefused) {
  RunningService& service = running_service();
  const std::string huge = R"({"author_id":1,"title":"T","body":")" + std::string(1100 * 1024, 'x') + R"("})";
  const auto reply = service.call("POST", "/posts", huge);
  EXPECT_EQ(reply.status, 413);
  EXPECT_THAT(reply.body, HasSubstr("urn:quell-reference:problem:body-too-large"));
}

TEST(Endpoints, ACreatedPostIsThereWithItsTags) {
  const auto created = running_service().call(
      "POST", "/posts",
      R"({"author_id":3,"title":"A \"quoted\" title","body":"Text","tags":["sql","brand-new","sql"]})");
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
  EXPECT_EQ(
      running_service().call("POST", "/posts", R"({"author_id":2,"title":"T","body":"B","tags":["UPPER"]})").status,
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

// Injection would show as a statement text that no harmless request produces.
TEST(Endpoints, SqlInAnyParameterNeverChangesAStatement) {
  auto& service = running_service();
  const auto texts_of = [&](const std::vector<Reply>&) {
    const auto all = service.log().take();
    return std::set<std::string>(all.begin(), all.end());
  };
  service.log().take();
  const auto harmless =
      texts_of({service.get("/posts?limit=3&offset=1"), service.get("/posts/1"), service.get("/users/1"),
                service.get("/users/1/posts"), service.get("/users/999999/posts"),
                service.call("POST", "/users", R"({"name":"n","email":"harmless@example.org"})"),
                service.call("POST", "/posts", R"({"author_id":1,"title":"t","body":"b","tags":["x"]})")});
  ASSERT_FALSE(harmless.empty());

  int serial = 0;
  for (const std::string attack : {"'; drop table posts; --", "1 or 1=1", "\\\"; select pg_sleep(9); --", "$1", "''",
                                   "/*", "%27%3B", "1);delete from users;--"}) {
    std::string encoded;
    for (const char c : attack) encoded += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    std::string escaped;
    for (const char c : attack) escaped += c == '"' || c == '\\' ? std::string("\\") + c : std::string(1, c);
    const auto seen = texts_of(
        {service.get("/posts?limit=" + encoded), service.get("/posts?offset=" + encoded),
         service.get("/posts?loading=" + encoded), service.get("/posts?" + encoded + "=1"),
         service.get("/posts/" + encoded), service.get("/posts/1?loading=" + encoded), service.get("/users/" + encoded),
         service.get("/users/" + encoded + "/posts"),
         service.call("POST", "/users",
                      fmt::format(R"({{"name":"{}","email":"attack{}@example.org"}})", escaped, ++serial)),
         service.call("POST", "/users", fmt::format(R"({{"name":"n","email":"{}@example.org"}})", escaped)),
         service.call("POST", "/posts",
                      fmt::format(R"({{"author_id":1,"title":"{0}","body":"{0}","tags":["{0}"]}})", escaped)),
         service.call("POST", "/posts", fmt::format(R"({{"author_id":1,"title":"{0}","body":"{0}"}})", escaped))});
    EXPECT_TRUE(std::ranges::includes(harmless, seen)) << attack;
  }
  EXPECT_EQ(service.get("/posts").status, 200);
}

}  // namespace
}  // namespace quell::test
