// Injection would show as a statement text that no harmless request produces.
#include <gtest/gtest.h>

#include <set>

#include <fmt/format.h>

#include "tests/pg/reference_app/running_service.hpp"

namespace quell::test {
namespace {

/// The same text as a client may send it.
struct Spelled {
  std::string encoded;  ///< in a target
  std::string escaped;  ///< in JSON
  std::string plain;    ///< in a header
};

Spelled spell(const std::string& text) {
  Spelled spelled;
  spelled.plain = text;
  for (const char c : text) {
    spelled.encoded += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    if (c == '"' || c == '\\') spelled.escaped += '\\';
    spelled.escaped += c;
  }
  return spelled;
}

class Injection : public testing::Test {
 protected:
  void get(const std::string& target) { (void)service_.call("GET", target, "", service_.as_admin()); }
  void send(const char* method, const std::string& target, const std::string& body, const std::string& header = {}) {
    (void)service_.call(method, target, body, service_.as_admin() + header);
  }

  /// Every operation with what it is meant for, so that each statement text of the service is known.
  void ask_harmlessly() {
    for (const auto* target :
         {"/posts?limit=3&offset=1", "/posts/1", "/posts/1?loading=lazy", "/posts/1?loading=joined", "/users/1",
          "/users?limit=2", "/users/1/posts", "/users/999999/posts", "/tags", "/posts/334/comments",
          "/posts/999999/comments", "/comments/1"}) {
      get(target);
    }
    const auto cursor = std::string(service_.get("/posts?limit=1").json().at("next_cursor").as_string());
    get("/posts?cursor=" + cursor);
    send("POST", "/users", R"({"name":"n","email":"harmless@example.org"})");
    send("PATCH", "/users/2", R"({"name":"n"})");
    send("DELETE", "/users/999999", "");
    const auto made = service_.call("POST", "/posts", R"({"title":"t","body":"b","tags":["x"]})",
                                    service_.as_admin() + "Idempotency-Key: harmless\r\n");
    const auto post = fmt::format("/posts/{}", made.json().at("id").as_int64());
    send("POST", "/posts", R"({"title":"t","body":"b","tags":["x"]})", "Idempotency-Key: harmless\r\n");
    send("PATCH", post, R"({"title":"t","tags":["y"]})", "If-Match: *\r\n");
    const auto said = service_.call("POST", post + "/comments", R"({"body":"b"})", service_.as_admin());
    const auto comment = fmt::format("/comments/{}", said.json().at("id").as_int64());
    send("PATCH", comment, R"({"body":"b"})");
    send("DELETE", comment, "");
    send("DELETE", post, "");
    send("POST", "/auth/register", R"({"name":"n","email":"n@example.org","password":"ten letters"})");
    send("POST", "/auth/login", R"({"email":"n@example.org","password":"ten letters"})");
    send("POST", "/auth/login", R"({"email":"nobody@example.org","password":"ten letters"})");
    send("POST", "/auth/refresh", R"({"refresh_token":"unknown"})");
    send("POST", "/auth/logout", R"({"refresh_token":"unknown"})");
  }

  void ask_with(const Spelled& attack) {
    const std::string& e = attack.encoded;
    for (const auto* target :
         {"/posts?limit={0}", "/posts?offset={0}", "/posts?loading={0}", "/posts?cursor={0}", "/posts?{0}=1",
          "/posts/{0}", "/posts/1?loading={0}", "/users/{0}", "/users?limit={0}", "/users?offset={0}",
          "/users?cursor={0}", "/users/{0}/posts", "/users/1/posts?cursor={0}", "/tags?limit={0}", "/tags?offset={0}",
          "/tags?cursor={0}", "/posts/{0}/comments", "/posts/1/comments?cursor={0}", "/comments/{0}"}) {
      get(fmt::format(fmt::runtime(target), e));
    }
    const auto json = [&](const char* body) { return fmt::format(fmt::runtime(body), attack.escaped, ++serial_); };
    send("POST", "/users", json(R"({{"name":"{0}","email":"attack{1}@example.org"}})"));
    send("POST", "/users", json(R"({{"name":"n","email":"{0}@example.org"}})"));
    send("PATCH", "/users/2", json(R"({{"name":"{0}"}})"));
    send("PATCH", "/users/2", json(R"({{"email":"{0}@example.org"}})"));
    send("PATCH", "/users/2", json(R"({{"role":"{0}"}})"));
    send("PATCH", "/users/" + e, "{}");
    send("DELETE", "/users/" + e, "");
    send("POST", "/posts", json(R"({{"title":"{0}","body":"{0}","tags":["{0}"]}})"));
    send("POST", "/posts", json(R"({{"title":"{0}","body":"{0}"}})"));
    send("POST", "/posts", json(R"({{"author_id":"{0}","title":"t","body":"b"}})"));
    send("POST", "/posts", json(R"({{"title":"t","body":"b {1}"}})"), "Idempotency-Key: " + attack.plain + "\r\n");
    send("PATCH", "/posts/1", json(R"({{"title":"{0}","body":"{0}"}})"), "If-Match: *, " + attack.plain + "\r\n");
    send("PATCH", "/posts/1", json(R"({{"tags":["{0}"]}})"));
    send("PATCH", "/posts/" + e, "{}");
    send("DELETE", "/posts/" + e, "", "If-Match: " + attack.plain + "\r\n");
    send("POST", "/posts/1/comments", json(R"({{"body":"{0}"}})"));
    send("POST", "/posts/" + e + "/comments", R"({"body":"b"})");
    send("PATCH", "/comments/1", json(R"({{"body":"{0}"}})"));
    send("PATCH", "/comments/" + e, R"({"body":"b"})");
    send("DELETE", "/comments/" + e, "");
    send("POST", "/auth/register", json(R"({{"name":"{0}","email":"r{1}@example.org","password":"{0} long enough"}})"));
    send("POST", "/auth/login", json(R"({{"email":"{0}","password":"{0}"}})"));
    send("POST", "/auth/refresh", json(R"({{"refresh_token":"{0}"}})"));
    send("POST", "/auth/refresh", "{}", "Cookie: refresh_token=" + attack.plain + "\r\n");
    send("POST", "/auth/logout", json(R"({{"refresh_token":"{0}"}})"));
    (void)service_.call("GET", "/users", "", "Authorization: Bearer " + attack.plain + "\r\n");
    (void)service_.call("GET", "/posts", "",
                        "X-Request-Id: " + attack.plain + "\r\ntraceparent: " + attack.plain + "\r\n");
  }

  std::set<std::string> texts() {
    const auto all = service_.log().take();
    return {all.begin(), all.end()};
  }

  RunningService& service_ = running_service();
  int serial_ = 0;
};

TEST_F(Injection, SqlInAnyParameterNeverChangesAStatement) {
  texts();
  ask_harmlessly();
  const auto harmless = texts();
  ASSERT_GT(harmless.size(), 25U);
  for (const std::string attack : {"'; drop table posts; --", "1 or 1=1", "\\\"; select pg_sleep(9); --", "$1", "''",
                                   "/*", "%27%3B", "1);delete from users;--"}) {
    ask_with(spell(attack));
    for (const auto& text : texts()) EXPECT_TRUE(harmless.contains(text)) << attack << " made: " << text;
  }
  EXPECT_EQ(service_.get("/posts").status, 200);
}

}  // namespace
}  // namespace quell::test
