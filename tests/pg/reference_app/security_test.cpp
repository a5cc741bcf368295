#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include <fmt/format.h>

#include <quell/db/sync_connection.hpp>

#include "tests/pg/reference_app/running_service.hpp"
#include "tests/pg/support/cluster.hpp"

namespace quell::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

std::string text_at(const Reply& reply, std::string_view name) {
  return std::string(reply.json().at(name).as_string());
}

std::string with_token(const std::string& token) {
  return fmt::format(R"({{"refresh_token":"{}"}})", token);
}

/// So slow that a test never waits long enough to be allowed another one: up to 1,000 s for each.
reference::auth::Rate at_once(double burst) {
  return {.burst = burst, .per_second = 0.001};
}

/// The exact time is a matter of the unit tests, which have a clock of their own.
void expect_refused_for_a_while(const Reply& reply) {
  EXPECT_EQ(reply.status, 429) << reply.body;
  EXPECT_THAT(reply.body, HasSubstr("urn:quell-reference:problem:too-many-requests"));
  const auto seconds = std::stoi("0" + reply.header_value("Retry-After"));
  EXPECT_GT(seconds, 800);
  EXPECT_LE(seconds, 1000);
}

class Security : public testing::Test {
 protected:
  [[nodiscard]] Reply log_in_again() const {
    return service_.call("POST", "/auth/login", R"({"email":"user@example.org","password":"a user's password"})");
  }
  [[nodiscard]] Reply refresh(const std::string& token) const {
    return service_.call("POST", "/auth/refresh", with_token(token));
  }
  [[nodiscard]] std::string ask(const char* sql) const {
    auto connection = db::SyncConnection::open(service_.dsn());
    return std::string(connection.query(sql).value(0, 0));
  }

  RunningService& service_ = running_service();
};

TEST_F(Security, ARefreshTokenIsExchangedForANewPair) {
  const auto login = log_in_again();
  const auto refreshed = refresh(text_at(login, "refresh_token"));
  ASSERT_EQ(refreshed.status, 200) << refreshed.body;
  EXPECT_NE(text_at(refreshed, "refresh_token"), text_at(login, "refresh_token"));
  const auto header = "Authorization: Bearer " + text_at(refreshed, "access_token") + "\r\n";
  EXPECT_EQ(service_.call("POST", "/posts", R"({"title":"T","body":"B"})", header).status, 201);
  EXPECT_EQ(refresh(text_at(refreshed, "refresh_token")).status, 200);
}

TEST_F(Security, ATokenThatComesASecondTimeEndsItsWholeFamily) {
  const auto login = log_in_again();
  const auto other_login = log_in_again();
  const auto stolen = text_at(login, "refresh_token");
  const auto refreshed = refresh(stolen);
  ASSERT_EQ(refreshed.status, 200);
  EXPECT_EQ(refresh(stolen).status, 401);
  EXPECT_EQ(refresh(text_at(refreshed, "refresh_token")).status, 401);
  // Another login of the same user is another family.
  EXPECT_EQ(refresh(text_at(other_login, "refresh_token")).status, 200);
}

TEST_F(Security, OfTwoExchangesAtTheSameTimeAtMostOneSucceeds) {
  for (int round = 0; round < 5; ++round) {
    const auto token = text_at(log_in_again(), "refresh_token");
    std::atomic<int> succeeded{0};
    std::vector<std::thread> clients;
    for (int i = 0; i < 4; ++i) {
      clients.emplace_back([&] { succeeded += refresh(token).status == 200 ? 1 : 0; });
    }
    for (auto& client : clients) client.join();
    EXPECT_EQ(succeeded, 1);
  }
}

TEST_F(Security, LogoutEndsTheFamily) {
  const auto first = text_at(log_in_again(), "refresh_token");
  const auto second = text_at(refresh(first), "refresh_token");
  const auto logout = service_.call("POST", "/auth/logout", with_token(second));
  EXPECT_EQ(logout.status, 204);
  EXPECT_THAT(logout.header_value("Set-Cookie"), HasSubstr("refresh_token=; Path=/auth; Max-Age=0;"));
  EXPECT_EQ(refresh(second).status, 401);
}

TEST_F(Security, AnExpiredRefreshTokenIsRefused) {
  auto params = unlimited_service(service_.dsn());
  params.api.refresh_lifetime = std::chrono::seconds(0);
  reference::Service service(params);
  const auto login =
      call(service.port(), "POST", "/auth/login", R"({"email":"user@example.org","password":"a user's password"})");
  EXPECT_EQ(call(service.port(), "POST", "/auth/refresh", with_token(text_at(login, "refresh_token"))).status, 401);
}

TEST_F(Security, ALoginTakesTheUsersExpiredTokensAway) {
  const auto expired = text_at(log_in_again(), "refresh_token");
  const auto mine = fmt::format("where user_id = {}", service_.user_id());
  auto connection = db::SyncConnection::open(service_.dsn());
  (void)connection.query("update refresh_tokens set expires_at = now() - interval '1 second' " + mine);
  const auto fresh = text_at(log_in_again(), "refresh_token");
  EXPECT_EQ(connection.query("select count(*) from refresh_tokens " + mine).value(0, 0), "1");
  EXPECT_EQ(refresh(expired).status, 401);
  EXPECT_EQ(refresh(fresh).status, 200);
}

TEST_F(Security, BrowsersKeepTheRefreshTokenInACookieNoScriptCanRead) {
  const auto login = log_in_again();
  const auto cookie = login.header_value("Set-Cookie");
  EXPECT_THAT(cookie, AllOf(HasSubstr("refresh_token=" + text_at(login, "refresh_token") + ";"), HasSubstr("HttpOnly"),
                            HasSubstr("Secure"), HasSubstr("SameSite=Strict"), HasSubstr("Path=/auth")));
  const auto refreshed =
      service_.call("POST", "/auth/refresh", "{}", "Cookie: other=1; " + cookie.substr(0, cookie.find(';')) + "\r\n");
  EXPECT_EQ(refreshed.status, 200) << refreshed.body;
}

TEST_F(Security, NeitherPasswordsNorTokensAreInTheDatabase) {
  const auto token = text_at(log_in_again(), "refresh_token");
  EXPECT_EQ(ask("select count(*) from credentials where password_hash not like '$argon2id$%'"), "0");
  EXPECT_EQ(ask("select count(*) from refresh_tokens where octet_length(token_hash) <> 16"), "0");
  auto connection = db::SyncConnection::open(service_.dsn());
  const auto found = connection.query("select count(*) from refresh_tokens where token_hash = convert_to($1, 'UTF8')",
                                      {{25, trace::Format::text, token}});
  EXPECT_EQ(found.value(0, 0), "0");
}

TEST_F(Security, AnUnknownUserAndAWrongPasswordAreToldTheSame) {
  const auto body_of = [&](const char* email) {
    auto reply = service_.call("POST", "/auth/login", fmt::format(R"({{"email":"{}","password":"guess"}})", email),
                               "X-Request-Id: same\r\n");
    EXPECT_EQ(reply.status, 401);
    return reply.body;
  };
  const auto wrong = body_of("user@example.org");
  EXPECT_EQ(body_of("nobody@example.org"), wrong);
  // A seeded user who has no password.
  const auto seeded = text_at(service_.get("/users/3"), "email");
  EXPECT_EQ(body_of(seeded.c_str()), wrong);
}

// Hashing is by far the most expensive part of a login: skipping it for some would be seen from outside. A hasher that
// takes nobody shows who asks it.
TEST_F(Security, EveryLoginAsksForAHashAndABusyHasherAsksToComeBack) {
  auto params = unlimited_service(service_.dsn());
  params.hasher.max_pending = 0;
  reference::Service service(params);
  const auto seeded = text_at(service_.get("/users/3"), "email");
  for (const std::string& email : {std::string("user@example.org"), std::string("nobody@example.org"), seeded}) {
    const auto reply =
        call(service.port(), "POST", "/auth/login", fmt::format(R"({{"email":"{}","password":"guess"}})", email));
    EXPECT_EQ(reply.status, 503) << email;
    EXPECT_EQ(reply.header_value("Retry-After"), "1");
  }
}

TEST_F(Security, RepliesWithTokensAreKeptByNoCache) {
  EXPECT_EQ(log_in_again().header_value("Cache-Control"), "no-store");
  EXPECT_EQ(service_.call("GET", "/users", "", service_.as_admin()).header_value("Cache-Control"), "no-store");
  EXPECT_EQ(service_.get("/users/1").header_value("Cache-Control"), "no-cache");
}

TEST_F(Security, TokensOfAnotherServiceAreRefused) {
  reference::Service other(unlimited_service(service_.dsn()));
  EXPECT_EQ(call(other.port(), "POST", "/posts", R"({"title":"T","body":"B"})", service_.as_user()).status, 401);
}

TEST_F(Security, ServicesWithOneSecretTakeEachOthersTokens) {
  auto params = unlimited_service(service_.dsn());
  params.api.secret = "a secret that is long enough for all of them";
  reference::Service first(params);
  reference::Service second(params);
  const auto header = log_in(first.port(), "user@example.org", "a user's password");
  EXPECT_EQ(call(second.port(), "POST", "/posts", R"({"title":"T","body":"B"})", header).status, 201);
}

TEST_F(Security, TooManyLoginsOfOneAddressAreRefusedForAWhile) {
  auto params = unlimited_service(service_.dsn());
  params.api.rates.authentication = at_once(3);
  reference::Service service(params);
  const auto attempt = [&](int number) {
    return call(service.port(), "POST", "/auth/login",
                fmt::format(R"({{"email":"nobody{}@example.org","password":"guess"}})", number));
  };
  for (int i = 0; i < 3; ++i) EXPECT_EQ(attempt(i).status, 401);
  expect_refused_for_a_while(attempt(3));
  for (const auto* target : {"/auth/register", "/auth/refresh", "/auth/logout"}) {
    EXPECT_EQ(call(service.port(), "POST", target, "{}").status, 429) << target;
  }
  EXPECT_EQ(call(service.port(), "GET", "/posts").status, 200);
}

TEST_F(Security, TooManyAttemptsOnOneAccountAreRefusedForAWhile) {
  auto params = unlimited_service(service_.dsn());
  params.api.rates.account = at_once(2);
  reference::Service service(params);
  const auto attempt = [&](const char* email, const char* password) {
    return call(service.port(), "POST", "/auth/login",
                fmt::format(R"({{"email":"{}","password":"{}"}})", email, password));
  };
  EXPECT_EQ(attempt("user@example.org", "guess 1").status, 401);
  EXPECT_EQ(attempt("user@example.org", "guess 2").status, 401);
  // Whether the guess is right is not told any more.
  expect_refused_for_a_while(attempt("user@example.org", "a user's password"));
  EXPECT_EQ(attempt("admin@example.org", "an admin's password").status, 200);
}

TEST_F(Security, ExpensiveOperationsAreLimitedForEachUser) {
  auto params = unlimited_service(service_.dsn());
  params.api.secret = "a secret that is long enough for all of them";
  params.api.rates.expensive = at_once(2);
  reference::Service service(params);
  const auto user = log_in(service.port(), "user@example.org", "a user's password");
  const auto write = [&] { return call(service.port(), "POST", "/posts", R"({"title":"T","body":"B"})", user); };
  EXPECT_EQ(write().status, 201);
  EXPECT_EQ(write().status, 201);
  expect_refused_for_a_while(write());
  EXPECT_EQ(call(service.port(), "POST", "/posts/1/comments", R"({"body":"B"})", user).status, 429);
  EXPECT_EQ(call(service.port(), "GET", "/users", "", user).status, 429);
}

TEST_F(Security, TheListOfUsersShowsNoHash) {
  const auto reply = service_.call("GET", "/users?limit=100", "", service_.as_admin());
  EXPECT_THAT(reply.body, AllOf(HasSubstr(R"("role":"admin","has_password":true)"), Not(HasSubstr("argon2id"))));
}

TEST_F(Security, ARoleHoldsFromTheNextTokenOn) {
  const auto registered =
      service_.call("POST", "/auth/register", R"({"name":"R","email":"role@example.org","password":"ten letters"})");
  const auto path = registered.header_value("Location");
  EXPECT_EQ(service_.call("PATCH", path, R"({"role":"admin"})", service_.as_admin()).status, 200);
  reference::Service service(unlimited_service(service_.dsn()));
  const auto header = log_in(service.port(), "role@example.org", "ten letters");
  EXPECT_EQ(call(service.port(), "GET", "/users", "", header).status, 200);
}

TEST_F(Security, WhoWroteNothingCanLeave) {
  const auto registered =
      service_.call("POST", "/auth/register", R"({"name":"L","email":"leaver@example.org","password":"ten letters"})");
  const auto path = registered.header_value("Location");
  const auto login = service_.call("POST", "/auth/login", R"({"email":"leaver@example.org","password":"ten letters"})");
  const auto header = "Authorization: Bearer " + text_at(login, "access_token") + "\r\n";
  EXPECT_EQ(service_.call("DELETE", path, "", header).status, 204);
  EXPECT_EQ(service_.get(path).status, 404);
  EXPECT_EQ(refresh(text_at(login, "refresh_token")).status, 401);
}

}  // namespace
}  // namespace quell::test
