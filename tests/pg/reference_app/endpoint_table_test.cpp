// Every route with every way it can be asked: valid, each invalid field, unauthenticated, wrong owner, missing,
// conflict. Too large and too often are the same for all and tested below and in security_test.cpp.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <set>

#include <fmt/format.h>

#include "tests/pg/reference_app/running_service.hpp"

namespace quell::test {
namespace {

using testing::HasSubstr;

enum class Who { nobody, user, admin };

/// One row of the endpoint table: what is sent, which status comes back and what the body must contain. In targets and
/// bodies {mine} and {other} are posts of the user and of somebody else, {my-comment} and {other-comment} comments,
/// {me} is the user's id.
struct Case {
  const char* name;
  const char* method;
  const char* target;
  const char* body;
  int status;
  const char* contains;
  Who who = Who::nobody;
  const char* headers = "";
};

void PrintTo(const Case& c, std::ostream* out) {
  *out << c.method << ' ' << c.target;
}

std::int64_t created_id(const Reply& reply) {
  return reply.json().at("id").as_int64();
}

/// The values of the marks, made once.
const std::vector<std::pair<std::string, std::string>>& marks() {
  static const auto values = [] {
    const RunningService& service = running_service();
    const auto post = [&](const std::string& who) {
      return created_id(service.call("POST", "/posts", R"({"title":"Table","body":"Of cases"})", who));
    };
    const auto mine = post(service.as_user());
    const auto other = post(service.as_admin());
    const auto comment = [&](const std::string& who) {
      const auto target = fmt::format("/posts/{}/comments", other);
      return created_id(service.call("POST", target, R"({"body":"Said"})", who));
    };
    return std::vector<std::pair<std::string, std::string>>{
        {"{mine}", std::to_string(mine)},
        {"{other}", std::to_string(other)},
        {"{my-comment}", std::to_string(comment(service.as_user()))},
        {"{other-comment}", std::to_string(comment(service.as_admin()))},
        {"{me}", std::to_string(service.user_id())}};
  }();
  return values;
}

std::string filled(std::string text) {
  if (text.find('{') == std::string::npos) return text;
  for (const auto& [mark, value] : marks()) {
    for (auto at = text.find(mark); at != std::string::npos; at = text.find(mark)) text.replace(at, mark.size(), value);
  }
  return text;
}

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

Reply send(const Case& c) {
  const RunningService& service = running_service();
  std::string headers = c.headers;
  if (c.who == Who::user) headers += service.as_user();
  if (c.who == Who::admin) headers += service.as_admin();
  return service.call(c.method, filled(c.target), filled(c.body), headers);
}

class Endpoint : public testing::TestWithParam<Case> {};

TEST_P(Endpoint, AnswersAsTheTableSays) {
  const Case& c = GetParam();
  const auto reply = send(c);
  EXPECT_EQ(reply.status, c.status) << reply.body;
  EXPECT_THAT(reply.body, HasSubstr(filled(c.contains)));
  const auto* const media_type = c.status == 204  ? ""
                                 : c.status < 400 ? "application/json"
                                                  : "application/problem+json";
  EXPECT_EQ(reply.header_value("Content-Type"), media_type);
  EXPECT_FALSE(reply.header_value("X-Request-Id").empty());
  if (c.status == 401) {
    EXPECT_THAT(reply.header_value("WWW-Authenticate"), HasSubstr("Bearer realm="));
  }
  if (const auto* operation = described(c.method, c.target)) {
    EXPECT_TRUE(operation->at("responses").as_object().contains(std::to_string(c.status)))
        << c.status << " is not in the OpenAPI document";
  } else {
    EXPECT_TRUE(c.status == 404 || c.status == 405 || c.status == 400);
  }
}

std::string case_name(const testing::TestParamInfo<Case>& tested) {
  return tested.param.name;
}

constexpr const char* kNotFound = R"("type":"urn:quell-reference:problem:not-found","title":"Not Found","status":404)";
constexpr const char* kNoToken = "urn:quell-reference:problem:unauthenticated";
constexpr const char* kBadToken = "urn:quell-reference:problem:invalid-token";
constexpr const char* kForbidden = "urn:quell-reference:problem:forbidden";
constexpr const char* kNotMine = "This belongs to somebody else.";
constexpr const char* kNoAdmin = "This is for administrators only.";
constexpr const char* kWrongMethod = "urn:quell-reference:problem:method-not-allowed";
constexpr const char* kNoJson = "urn:quell-reference:problem:malformed-json";
constexpr const char* kIdType = R"("errors":[{"location":["path","id"],"code":"type","message":"must be an integer"}])";
constexpr const char* kIdSmall = R"({"location":["path","id"],"code":"too_small","message":"must be at least 1"})";
constexpr const char* kLimitLarge =
    R"({"location":["query","limit"],"code":"too_large","message":"must be at most 100"})";
constexpr const char* kLimitSmall = R"({"location":["query","limit"],"code":"too_small")";
constexpr const char* kOffset = R"({"location":["query","offset"],"code":"too_small")";
constexpr const char* kLoading = R"("message":"must be one of lazy, selectin, joined")";
constexpr const char* kUnknown = R"({"location":["query","limt"],"code":"unknown")";
constexpr const char* kCursor = R"({"location":["query","cursor"],"code":"cursor")";
constexpr const char* kExclusive = R"({"location":["query","offset"],"code":"exclusive")";
constexpr const char* kTitleEmpty = R"({"location":["body","title"],"code":"too_short")";
constexpr const char* kBodyText = R"({"location":["body","body"],"code":"text")";
constexpr const char* kBodyType = R"({"location":["body","body"],"code":"type")";
constexpr const char* kTagPattern = R"({"location":["body","tags",1],"code":"pattern")";
constexpr const char* kTooManyTags = R"({"location":["body","tags"],"code":"too_many")";

INSTANTIATE_TEST_SUITE_P(
    ListPosts, Endpoint,
    testing::Values(Case{"Valid", "GET", "/posts", "", 200,
                         R"("limit":20,"offset":0,"next_offset":20,"next_cursor":")"},
                    Case{"LimitTooLarge", "GET", "/posts?limit=101", "", 422, kLimitLarge},
                    Case{"LimitTooSmall", "GET", "/posts?limit=0", "", 422, kLimitSmall},
                    Case{"LimitNoNumber", "GET", "/posts?limit=ten", "", 422, R"(["query","limit"],"code":"type")"},
                    Case{"OffsetNegative", "GET", "/posts?offset=-1", "", 422, kOffset},
                    Case{"OffsetBeyondTheEnd", "GET", "/posts?offset=100000", "", 200, R"({"items":[],)"},
                    Case{"LoadingUnknown", "GET", "/posts?loading=eager", "", 422, kLoading},
                    Case{"CursorMadeUp", "GET", "/posts?cursor=AAAA", "", 422, kCursor},
                    Case{"CursorEmpty", "GET", "/posts?cursor=", "", 422, R"(["query","cursor"],"code":"too_short")"},
                    Case{"CursorAndOffset", "GET", "/posts?cursor=AAAA&offset=1", "", 422, kExclusive},
                    Case{"ParameterUnknown", "GET", "/posts?limt=1", "", 422, kUnknown},
                    Case{"AllFaultsAtOnce", "GET", "/posts?limit=0&offset=-1&loading=x", "", 422,
                         R"("detail":"3 values of the request are not valid.")"},
                    Case{"WrongMethod", "DELETE", "/posts", "", 405, kWrongMethod}),
    case_name);

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
                         case_name);

INSTANTIATE_TEST_SUITE_P(
    ListPostsOfUser, Endpoint,
    testing::Values(Case{"Valid", "GET", "/users/1/posts", "", 200, R"("author":{"id":1,)"},
                    Case{"MissingUser", "GET", "/users/999999/posts", "", 404, "There is no user with id 999999."},
                    Case{"BeyondTheLastPage", "GET", "/users/1/posts?offset=1000", "", 200, R"("items":[])"},
                    Case{"IdNoNumber", "GET", "/users/x/posts", "", 422, kIdType},
                    Case{"LimitTooLarge", "GET", "/users/1/posts?limit=101", "", 422, kLimitLarge},
                    Case{"OffsetNegative", "GET", "/users/1/posts?offset=-1", "", 422, kOffset},
                    Case{"CursorMadeUp", "GET", "/users/1/posts?cursor=AAAA", "", 422, kCursor},
                    Case{"WrongMethod", "POST", "/users/1/posts", "{}", 405, kWrongMethod}),
    case_name);

constexpr const char* kPost = R"({"title":"T","body":"B"})";

INSTANTIATE_TEST_SUITE_P(
    CreatePost, Endpoint,
    testing::Values(
        Case{"Valid", "POST", "/posts", kPost, 201, R"({"id":)", Who::user},
        Case{"InOnesOwnName", "POST", "/posts", R"({"author_id":{me},"title":"T","body":"B"})", 201, R"({"id":)",
             Who::user},
        Case{"AdminInAnothersName", "POST", "/posts", R"({"author_id":1,"title":"T","body":"B"})", 201, R"({"id":)",
             Who::admin},
        Case{"Unauthenticated", "POST", "/posts", kPost, 401, kNoToken},
        Case{"InvalidToken", "POST", "/posts", kPost, 401, kBadToken, Who::nobody, "Authorization: Bearer a.b.c\r\n"},
        Case{"OtherScheme", "POST", "/posts", kPost, 401, kBadToken, Who::nobody, "Authorization: Basic dTpw\r\n"},
        Case{"UnauthenticatedBeforeInvalid", "POST", "/posts", "{", 401, kNoToken},
        Case{"InAnothersName", "POST", "/posts", R"({"author_id":1,"title":"T","body":"B"})", 403, kNotMine, Who::user},
        Case{"AuthorMissing", "POST", "/posts", R"({"author_id":999999,"title":"T","body":"B"})", 409,
             "urn:quell-reference:problem:missing-reference", Who::admin},
        Case{"AuthorNoNumber", "POST", "/posts", R"({"author_id":"1","title":"T","body":"B"})", 422,
             R"({"location":["body","author_id"],"code":"type")", Who::user},
        Case{"TitleMissing", "POST", "/posts", R"({"body":"B"})", 422,
             R"({"location":["body","title"],"code":"missing")", Who::user},
        Case{"TitleEmpty", "POST", "/posts", R"({"title":"","body":"B"})", 422, kTitleEmpty, Who::user},
        Case{"BodyNul", "POST", "/posts", R"({"title":"T","body":"\u0000"})", 422, kBodyText, Who::user},
        Case{"TagMalformed", "POST", "/posts", R"({"title":"T","body":"B","tags":["ok","No!"]})", 422, kTagPattern,
             Who::user},
        Case{"TooManyTags", "POST", "/posts",
             R"({"title":"T","body":"B","tags":["a","b","c","d","e","f","g","h","i","j","k"]})", 422, kTooManyTags,
             Who::user},
        Case{"IdempotencyKeyMalformed", "POST", "/posts", kPost, 422,
             R"({"location":["header","Idempotency-Key"],"code":"pattern")", Who::user, "Idempotency-Key: a b\r\n"},
        Case{"NoJson", "POST", "/posts", "{", 400, kNoJson, Who::user},
        Case{"NoBody", "POST", "/posts", "", 415, "application/json", Who::user}),
    case_name);

INSTANTIATE_TEST_SUITE_P(
    ChangePost, Endpoint,
    testing::Values(
        Case{"Valid", "PATCH", "/posts/{mine}", R"({"title":"New","tags":["sql"]})", 200,
             R"("title":"New","body":"Of cases",)", Who::user},
        Case{"NothingGiven", "PATCH", "/posts/{mine}", "{}", 200, R"({"id":{mine},)", Who::user},
        Case{"AdminChangesAny", "PATCH", "/posts/{mine}", R"({"body":"Of cases"})", 200, R"({"id":{mine},)",
             Who::admin},
        Case{"AnyStateMatches", "PATCH", "/posts/{mine}", "{}", 200, R"({"id":{mine},)", Who::user, "If-Match: *\r\n"},
        Case{"Unauthenticated", "PATCH", "/posts/{mine}", "{}", 401, kNoToken},
        Case{"OfAnother", "PATCH", "/posts/{other}", "{}", 403, kNotMine, Who::user},
        Case{"Missing", "PATCH", "/posts/999999", "{}", 404, kNotFound, Who::user},
        Case{"OtherState", "PATCH", "/posts/{mine}", "{}", 412, "urn:quell-reference:problem:precondition-failed",
             Who::user, "If-Match: \"0\"\r\n"},
        Case{"IdNoNumber", "PATCH", "/posts/x", "{}", 422, kIdType, Who::user},
        Case{"TitleEmpty", "PATCH", "/posts/{mine}", R"({"title":""})", 422, kTitleEmpty, Who::user},
        Case{"BodyNoText", "PATCH", "/posts/{mine}", R"({"body":1})", 422, kBodyType, Who::user},
        Case{"TagMalformed", "PATCH", "/posts/{mine}", R"({"tags":["ok","No!"]})", 422, kTagPattern, Who::user},
        Case{"AuthorCannotChange", "PATCH", "/posts/{mine}", R"({"author_id":1})", 422,
             R"({"location":["body","author_id"],"code":"unknown")", Who::user},
        Case{"NoJson", "PATCH", "/posts/{mine}", "{", 400, kNoJson, Who::user}),
    case_name);

INSTANTIATE_TEST_SUITE_P(DeletePost, Endpoint,
                         testing::Values(Case{"Unauthenticated", "DELETE", "/posts/{mine}", "", 401, kNoToken},
                                         Case{"OfAnother", "DELETE", "/posts/{other}", "", 403, kNotMine, Who::user},
                                         Case{"Missing", "DELETE", "/posts/999999", "", 404, kNotFound, Who::user},
                                         Case{"OtherState", "DELETE", "/posts/{mine}", "", 412, "precondition-failed",
                                              Who::user, "If-Match: \"0\"\r\n"},
                                         Case{"IdNoNumber", "DELETE", "/posts/x", "", 422, kIdType, Who::user}),
                         case_name);

INSTANTIATE_TEST_SUITE_P(
    ListComments, Endpoint,
    testing::Values(Case{"Valid", "GET", "/posts/334/comments?limit=2", "", 200, R"("next_offset":2,"next_cursor":")"},
                    Case{"MissingPost", "GET", "/posts/999999/comments", "", 404, "There is no post with id 999999."},
                    Case{"BeyondTheEnd", "GET", "/posts/334/comments?offset=100000", "", 200, R"({"items":[],)"},
                    Case{"IdNoNumber", "GET", "/posts/x/comments", "", 422, kIdType},
                    Case{"LimitTooLarge", "GET", "/posts/1/comments?limit=101", "", 422, kLimitLarge},
                    Case{"OffsetNegative", "GET", "/posts/1/comments?offset=-1", "", 422, kOffset},
                    Case{"CursorMadeUp", "GET", "/posts/1/comments?cursor=AAAA", "", 422, kCursor},
                    Case{"WrongMethod", "PUT", "/posts/1/comments", "{}", 405, kWrongMethod}),
    case_name);

constexpr const char* kComment = R"({"body":"I see."})";

INSTANTIATE_TEST_SUITE_P(
    CreateComment, Endpoint,
    testing::Values(Case{"Valid", "POST", "/posts/{other}/comments", kComment, 201,
                         R"("author":{"id":{me},"name":"User"})", Who::user},
                    Case{"Unauthenticated", "POST", "/posts/{other}/comments", kComment, 401, kNoToken},
                    Case{"MissingPost", "POST", "/posts/999999/comments", kComment, 404, kNotFound, Who::user},
                    Case{"IdNoNumber", "POST", "/posts/x/comments", kComment, 422, kIdType, Who::user},
                    Case{"BodyEmpty", "POST", "/posts/1/comments", R"({"body":""})", 422,
                         R"({"location":["body","body"],"code":"too_short")", Who::user},
                    Case{"BodyNul", "POST", "/posts/1/comments", R"({"body":"\u0000"})", 422, kBodyText, Who::user},
                    Case{"NoBody", "POST", "/posts/1/comments", "", 415, "application/json", Who::user}),
    case_name);

INSTANTIATE_TEST_SUITE_P(
    OneComment, Endpoint,
    testing::Values(Case{"Valid", "GET", "/comments/1", "", 200, R"({"id":1,"body":")"},
                    Case{"Missing", "GET", "/comments/999999", "", 404, "There is no comment with id 999999."},
                    Case{"IdNoNumber", "GET", "/comments/x", "", 422, kIdType},
                    Case{"Change", "PATCH", "/comments/{my-comment}", kComment, 200, R"("body":"I see.")", Who::user},
                    Case{"AdminChangesAny", "PATCH", "/comments/{my-comment}", kComment, 200, "I see.", Who::admin},
                    Case{"ChangeUnauthenticated", "PATCH", "/comments/{my-comment}", kComment, 401, kNoToken},
                    Case{"ChangeOfAnother", "PATCH", "/comments/{other-comment}", kComment, 403, kNotMine, Who::user},
                    Case{"ChangeMissing", "PATCH", "/comments/999999", kComment, 404, kNotFound, Who::user},
                    Case{"ChangeToNothing", "PATCH", "/comments/{my-comment}", "{}", 422,
                         R"({"location":["body","body"],"code":"missing")", Who::user},
                    Case{"ChangeIdNoNumber", "PATCH", "/comments/x", kComment, 422, kIdType, Who::user},
                    Case{"DeleteUnauthenticated", "DELETE", "/comments/{my-comment}", "", 401, kNoToken},
                    Case{"DeleteOfAnother", "DELETE", "/comments/{other-comment}", "", 403, kForbidden, Who::user},
                    Case{"DeleteMissing", "DELETE", "/comments/999999", "", 404, kNotFound, Who::user},
                    Case{"DeleteIdNoNumber", "DELETE", "/comments/x", "", 422, kIdType, Who::user},
                    Case{"WrongMethod", "POST", "/comments/1", "{}", 405, kWrongMethod}),
    case_name);

INSTANTIATE_TEST_SUITE_P(ListTags, Endpoint,
                         testing::Values(Case{"Valid", "GET", "/tags?limit=2", "", 200,
                                              R"({"items":[{"id":1,"name":")"},
                                         Case{"LimitTooLarge", "GET", "/tags?limit=101", "", 422, kLimitLarge},
                                         Case{"OffsetNegative", "GET", "/tags?offset=-1", "", 422, kOffset},
                                         Case{"CursorMadeUp", "GET", "/tags?cursor=AAAA", "", 422, kCursor},
                                         Case{"ParameterUnknown", "GET", "/tags?limt=1", "", 422, kUnknown},
                                         Case{"WrongMethod", "POST", "/tags", "{}", 405, kWrongMethod}),
                         case_name);

INSTANTIATE_TEST_SUITE_P(
    ListUsers, Endpoint,
    testing::Values(Case{"Valid", "GET", "/users?limit=2", "", 200, R"("role":"user","has_password":false,)",
                         Who::admin},
                    Case{"Unauthenticated", "GET", "/users", "", 401, kNoToken},
                    Case{"NoAdmin", "GET", "/users", "", 403, kNoAdmin, Who::user},
                    Case{"LimitTooLarge", "GET", "/users?limit=101", "", 422, kLimitLarge, Who::admin},
                    Case{"OffsetNegative", "GET", "/users?offset=-1", "", 422, kOffset, Who::admin},
                    Case{"CursorMadeUp", "GET", "/users?cursor=AAAA", "", 422, kCursor, Who::admin},
                    Case{"WrongMethod", "DELETE", "/users", "", 405, kWrongMethod}),
    case_name);

INSTANTIATE_TEST_SUITE_P(GetUser, Endpoint,
                         testing::Values(Case{"Valid", "GET", "/users/1", "", 200, R"({"id":1,"name":")"},
                                         Case{"Missing", "GET", "/users/999999", "", 404, kNotFound},
                                         Case{"IdNoNumber", "GET", "/users/me", "", 422, kIdType},
                                         Case{"ParameterUnknown", "GET", "/users/1?limt=1", "", 422, kUnknown},
                                         Case{"WrongMethod", "PUT", "/users/1", "", 405, kWrongMethod}),
                         case_name);

constexpr const char* kUser = R"({"name":"Table Test","email":"table.test@example.org"})";

INSTANTIATE_TEST_SUITE_P(
    CreateUser, Endpoint,
    testing::Values(
        Case{"Valid", "POST", "/users", kUser, 201, R"("email":"table.test@example.org")", Who::admin},
        Case{"ConflictWithTheOneBefore", "POST", "/users", kUser, 409,
             R"("detail":"A record with this value exists already (users_email_key).")", Who::admin},
        Case{"Unauthenticated", "POST", "/users", kUser, 401, kNoToken},
        Case{"NoAdmin", "POST", "/users", kUser, 403, kNoAdmin, Who::user},
        Case{"NameMissing", "POST", "/users", R"({"email":"a@example.org"})", 422,
             R"("errors":[{"location":["body","name"],"code":"missing","message":"is required"}])", Who::admin},
        Case{"NameEmpty", "POST", "/users", R"({"name":"","email":"a@example.org"})", 422, "too_short", Who::admin},
        Case{"EmailMalformed", "POST", "/users", R"({"name":"A","email":"a"})", 422,
             R"({"location":["body","email"],"code":"email")", Who::admin},
        Case{"EmailNull", "POST", "/users", R"({"name":"A","email":null})", 422, R"("code":"type")", Who::admin},
        Case{"FieldUnknown", "POST", "/users", R"({"name":"A","email":"a@example.org","id":1})", 422,
             R"({"location":["body","id"],"code":"unknown")", Who::admin},
        Case{"NoObject", "POST", "/users", "[1]", 422, R"({"location":["body"],"code":"type")", Who::admin},
        Case{"NoJson", "POST", "/users", "{", 400, kNoJson, Who::admin},
        Case{"NoBody", "POST", "/users", "", 415, "application/json", Who::admin}),
    case_name);

INSTANTIATE_TEST_SUITE_P(
    ChangeUser, Endpoint,
    testing::Values(Case{"Oneself", "PATCH", "/users/{me}", R"({"name":"User"})", 200, R"("name":"User")", Who::user},
                    Case{"AdminAnybody", "PATCH", "/users/2", R"({"email":"second@example.org"})", 200,
                         R"("email":"second@example.org")", Who::admin},
                    Case{"Unauthenticated", "PATCH", "/users/{me}", "{}", 401, kNoToken},
                    Case{"Another", "PATCH", "/users/1", "{}", 403, kNotMine, Who::user},
                    Case{"OnesOwnRole", "PATCH", "/users/{me}", R"({"role":"admin"})", 403, kForbidden, Who::user},
                    Case{"Missing", "PATCH", "/users/999999", "{}", 404, kNotFound, Who::admin},
                    Case{"EmailTaken", "PATCH", "/users/{me}", R"({"email":"admin@example.org"})", 409,
                         "users_email_key", Who::user},
                    Case{"NameEmpty", "PATCH", "/users/{me}", R"({"name":""})", 422, "too_short", Who::user},
                    Case{"EmailMalformed", "PATCH", "/users/{me}", R"({"email":"a"})", 422,
                         R"({"location":["body","email"],"code":"email")", Who::user},
                    Case{"RoleUnknown", "PATCH", "/users/1", R"({"role":"owner"})", 422,
                         R"("message":"must be one of user, admin")", Who::admin},
                    Case{"IdNoNumber", "PATCH", "/users/x", "{}", 422, kIdType, Who::user}),
    case_name);

INSTANTIATE_TEST_SUITE_P(DeleteUser, Endpoint,
                         testing::Values(Case{"Unauthenticated", "DELETE", "/users/{me}", "", 401, kNoToken},
                                         Case{"Another", "DELETE", "/users/1", "", 403, kNotMine, Who::user},
                                         Case{"Missing", "DELETE", "/users/999999", "", 404, kNotFound, Who::admin},
                                         Case{"WhoWrote", "DELETE", "/users/1", "", 409,
                                              "urn:quell-reference:problem:missing-reference", Who::admin},
                                         Case{"IdNoNumber", "DELETE", "/users/x", "", 422, kIdType, Who::user}),
                         case_name);

constexpr const char* kRegistration = R"({"name":"New","email":"new@example.org","password":"ten letters"})";
constexpr const char* kWrongCredentials = "There is no user with this e-mail address and password.";

INSTANTIATE_TEST_SUITE_P(
    Auth, Endpoint,
    testing::Values(Case{"Register", "POST", "/auth/register", kRegistration, 201, R"("email":"new@example.org")"},
                    Case{"RegisterConflict", "POST", "/auth/register", kRegistration, 409, "users_email_key"},
                    Case{"RegisterShortPassword", "POST", "/auth/register",
                         R"({"name":"New","email":"b@example.org","password":"9 letters"})", 422,
                         R"({"location":["body","password"],"code":"too_short")"},
                    Case{"RegisterEmailMalformed", "POST", "/auth/register",
                         R"({"name":"New","email":"b","password":"ten letters"})", 422,
                         R"({"location":["body","email"],"code":"email")"},
                    Case{"RegisterNameEmpty", "POST", "/auth/register",
                         R"({"name":"","email":"b@example.org","password":"ten letters"})", 422, "too_short"},
                    Case{"RegisterRole", "POST", "/auth/register",
                         R"({"name":"N","email":"b@example.org","password":"ten letters","role":"admin"})", 422,
                         R"({"location":["body","role"],"code":"unknown")"},
                    Case{"Login", "POST", "/auth/login",
                         R"({"email":"user@example.org","password":"a user's password"})", 200,
                         R"("token_type":"Bearer","expires_in":900,"refresh_token":")"},
                    Case{"LoginWrongPassword", "POST", "/auth/login",
                         R"({"email":"user@example.org","password":"guess"})", 401, kWrongCredentials},
                    Case{"LoginUnknownUser", "POST", "/auth/login",
                         R"({"email":"nobody@example.org","password":"guess"})", 401, kWrongCredentials},
                    Case{"LoginPasswordMissing", "POST", "/auth/login", R"({"email":"user@example.org"})", 422,
                         R"({"location":["body","password"],"code":"missing")"},
                    Case{"LoginEmailNoText", "POST", "/auth/login", R"({"email":1,"password":"x"})", 422,
                         R"({"location":["body","email"],"code":"type")"},
                    Case{"RefreshUnknown", "POST", "/auth/refresh", R"({"refresh_token":"made-up"})", 401, kBadToken},
                    Case{"RefreshWithoutToken", "POST", "/auth/refresh", "{}", 422,
                         R"({"location":["body","refresh_token"],"code":"missing")"},
                    Case{"RefreshCookieUnknown", "POST", "/auth/refresh", "{}", 401, kBadToken, Who::nobody,
                         "Cookie: refresh_token=made-up\r\n"},
                    Case{"RefreshNoJson", "POST", "/auth/refresh", "{", 400, kNoJson},
                    Case{"Logout", "POST", "/auth/logout", R"({"refresh_token":"made-up"})", 204, ""},
                    Case{"LogoutWithoutToken", "POST", "/auth/logout", "{}", 422, "missing"},
                    Case{"WrongMethod", "GET", "/auth/login", "", 405, kWrongMethod}),
    case_name);

INSTANTIATE_TEST_SUITE_P(Nowhere, Endpoint,
                         testing::Values(Case{"Root", "GET", "/", "", 404, kNotFound},
                                         Case{"UnknownPath", "GET", "/nothing", "", 404, kNotFound},
                                         Case{"MalformedEscape", "GET", "/posts/%zz", "", 400, "malformed-target"},
                                         Case{"NulInThePath", "GET", "/posts/%00", "", 400, "malformed-target"}),
                         case_name);

TEST(EndpointTable, TooLargeABodyIsRefusedEverywhere) {
  RunningService& service = running_service();
  const std::string huge = R"({"title":"T","body":")" + std::string(1100 * 1024, 'x') + R"("})";
  for (const auto& [method, target] : {std::pair{"POST", "/posts"},
                                       {"PATCH", "/posts/1"},
                                       {"POST", "/posts/1/comments"},
                                       {"PATCH", "/comments/1"},
                                       {"POST", "/users"},
                                       {"PATCH", "/users/1"},
                                       {"POST", "/auth/register"},
                                       {"POST", "/auth/login"},
                                       {"POST", "/auth/refresh"},
                                       {"POST", "/auth/logout"}}) {
    const auto reply = service.call(method, target, huge, service.as_admin());
    EXPECT_EQ(reply.status, 413) << target;
    EXPECT_THAT(reply.body, HasSubstr("urn:quell-reference:problem:body-too-large"));
    const auto* operation = described(method, target);
    ASSERT_NE(operation, nullptr) << target;
    EXPECT_TRUE(operation->at("responses").as_object().contains("413"));
  }
}

}  // namespace
}  // namespace quell::test
