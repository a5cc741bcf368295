#include "agent/proxy/greeting.hpp"

#include <gtest/gtest.h>

#include "tests/unit/proxy/wire_builder.hpp"

namespace quell::proxy {
namespace {

TEST(Greeting, IsReadAtEveryLength) {
  const std::string startup = wire::startup();
  for (std::size_t size = 0; size < startup.size(); ++size) {
    EXPECT_EQ(read_greeting(startup.substr(0, size)), Greeting::incomplete) << size;
  }
  EXPECT_EQ(read_greeting(startup), Greeting::startup);
  EXPECT_EQ(read_greeting(startup + "more"), Greeting::startup);
}

TEST(Greeting, KnowsEveryRequest) {
  EXPECT_EQ(read_greeting(wire::packet(kSslRequest)), Greeting::ssl_request);
  EXPECT_EQ(read_greeting(wire::packet(kGssEncRequest)), Greeting::gss_request);
  EXPECT_EQ(read_greeting(wire::packet(kCancelRequest, "12345678")), Greeting::cancel);
  EXPECT_EQ(read_greeting(wire::packet(kSslRequest) + "x"), Greeting::stuffed);
  EXPECT_EQ(read_greeting("\x16"), Greeting::direct_tls);
}

TEST(Greeting, RefusesImpossibleLengthsAtTheFourthByte) {
  EXPECT_EQ(read_greeting(wire::i32(7)), Greeting::bad_length);
  EXPECT_EQ(read_greeting(wire::i32(10'001)), Greeting::bad_length);
  EXPECT_EQ(read_greeting(wire::i32(10'000)), Greeting::incomplete);
}

std::string sasl(std::initializer_list<std::string_view> mechanisms) {
  std::string body = wire::i32(10);
  for (const std::string_view mechanism : mechanisms) body += wire::cstring(mechanism);
  return wire::message('R', body + '\0');
}

std::string filtered(std::string_view bytes, std::size_t step, bool* stripped = nullptr) {
  ScramPlusFilter filter;
  std::string out;
  for (std::size_t at = 0; at < bytes.size(); at += step) filter.pass(bytes.substr(at, step), out);
  if (stripped) *stripped = filter.stripped();
  return out;
}

TEST(ScramPlusFilter, TakesOnlyThePlusMechanismOut) {
  const std::string before = wire::message('v', wire::i32(0) + wire::i32(0));
  const std::string after = wire::message('R', wire::i32(11) + "SCRAM-SHA-256-PLUS");
  for (const std::size_t step : {std::size_t{1}, std::size_t{6}, std::size_t{1'000}}) {
    bool stripped = false;
    EXPECT_EQ(filtered(before + sasl({"SCRAM-SHA-256-PLUS", "SCRAM-SHA-256"}) + after, step, &stripped),
              before + sasl({"SCRAM-SHA-256"}) + after);
    EXPECT_TRUE(stripped);
  }
}

TEST(ScramPlusFilter, ChangesNothingElse) {
  for (const std::string& bytes : {sasl({"SCRAM-SHA-256"}), wire::welcome(), wire::message('R', wire::i32(5) + "salt"),
                                   wire::error("28000", "FATAL"), std::string("E\0\0", 3) + "no message at all"}) {
    bool stripped = true;
    EXPECT_EQ(filtered(bytes, 1'000, &stripped), bytes);
    EXPECT_FALSE(stripped);
  }
}

}  // namespace
}  // namespace quell::proxy
