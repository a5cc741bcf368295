#include "reference_app/auth/access_token.hpp"

#include <gtest/gtest.h>

#include <fmt/format.h>

#include "reference_app/auth/secret.hpp"

namespace quell::reference::auth {
namespace {

using std::chrono::seconds;

const std::string kKey(32, 'k');

AccessTokens tokens() {
  return {kKey, seconds(900)};
}

std::int64_t now() {
  return std::chrono::duration_cast<seconds>(AccessTokens::Clock::now().time_since_epoch()).count();
}

/// A token made by hand (RFC 7515, 7.1), signed with HMAC-SHA-256 whatever its header says.
std::string signed_token(std::string_view header, std::string_view payload, std::string_view key = kKey) {
  const std::string text = to_base64url(header) + '.' + to_base64url(payload);
  return text + '.' + to_base64url(message_code(key, text));
}

constexpr const char* kHeader = R"({"alg":"HS256","typ":"JWT"})";

/// Claims that are right but for the members given, which replace those of the same name; null takes one away.
std::string payload(const std::string& name = {}, const std::string& value = {}) {
  std::vector<std::pair<std::string, std::string>> claims{
      {"iss", R"("quell-reference")"}, {"aud", R"("quell-reference-api")"}, {"sub", R"("7")"},
      {"role", R"("user")"},           {"nbf", std::to_string(now() - 10)}, {"exp", std::to_string(now() + 60)}};
  std::string text;
  for (auto& [claim, content] : claims) {
    if (claim == name) content = value;
    if (!content.empty()) text += fmt::format(R"({}"{}":{})", text.empty() ? "" : ",", claim, content);
  }
  return "{" + text + "}";
}

TEST(AccessToken, SaysWhoItWasMadeFor) {
  const auto identity = tokens().read(tokens().issue({42, Role::admin}));
  ASSERT_TRUE(identity.has_value());
  EXPECT_EQ(identity->user_id, 42);
  EXPECT_EQ(identity->role, Role::admin);
}

TEST(AccessToken, MadeByHandWithTheRightKeyAndClaimsIsRead) {
  const auto identity = tokens().read(signed_token(kHeader, payload()));
  ASSERT_TRUE(identity.has_value());
  EXPECT_EQ(identity->user_id, 7);
  EXPECT_EQ(identity->role, Role::user);
}

TEST(AccessToken, OfAlgorithmNoneIsRefusedSignedOrNot) {
  constexpr const char* kNone = R"({"alg":"none","typ":"JWT"})";
  EXPECT_FALSE(tokens().read(signed_token(kNone, payload())).has_value());
  EXPECT_FALSE(tokens().read(to_base64url(kNone) + '.' + to_base64url(payload()) + '.').has_value());
  EXPECT_FALSE(tokens().read(to_base64url(kNone) + '.' + to_base64url(payload())).has_value());
}

TEST(AccessToken, OfAnotherAlgorithmIsRefusedEvenWithOurSignature) {
  for (const auto* algorithm : {"HS384", "HS512", "RS256", "ES256", "unknown", ""}) {
    EXPECT_FALSE(
        tokens().read(signed_token(fmt::format(R"({{"alg":"{}","typ":"JWT"}})", algorithm), payload())).has_value())
        << algorithm;
  }
  EXPECT_FALSE(tokens().read(signed_token(R"({"typ":"JWT"})", payload())).has_value());
}

TEST(AccessToken, SignedWithAnotherKeyOrChangedIsRefused) {
  EXPECT_FALSE(tokens().read(signed_token(kHeader, payload(), std::string(32, 'x'))).has_value());
  const std::string token = signed_token(kHeader, payload());
  for (std::size_t i = 0; i < token.size(); ++i) {
    std::string changed = token;
    changed[i] = changed[i] == 'A' ? 'B' : 'A';
    EXPECT_FALSE(tokens().read(changed).has_value()) << "character " << i;
  }
}

TEST(AccessToken, IsGoodFromItsBeginningToItsEnd) {
  EXPECT_FALSE(tokens().read(signed_token(kHeader, payload("exp", std::to_string(now() - 1)))).has_value());
  EXPECT_FALSE(tokens().read(signed_token(kHeader, payload("nbf", std::to_string(now() + 30)))).has_value());
  const auto long_ago = AccessTokens::Clock::now() - seconds(901);
  EXPECT_FALSE(tokens().read(tokens().issue({1, Role::user}, long_ago)).has_value());
  const auto in_time = AccessTokens::Clock::now() - seconds(890);
  EXPECT_TRUE(tokens().read(tokens().issue({1, Role::user}, in_time)).has_value());
}

TEST(AccessToken, OfAnotherIssuerOrForAnotherAudienceIsRefused) {
  EXPECT_FALSE(tokens().read(signed_token(kHeader, payload("iss", R"("somebody")"))).has_value());
  EXPECT_FALSE(tokens().read(signed_token(kHeader, payload("aud", R"("another-api")"))).has_value());
}

TEST(AccessToken, NeedsEveryClaimWithTheRightType) {
  for (const auto* claim : {"iss", "aud", "sub", "role", "nbf", "exp"}) {
    EXPECT_FALSE(tokens().read(signed_token(kHeader, payload(claim, ""))).has_value()) << claim << " missing";
    EXPECT_FALSE(tokens().read(signed_token(kHeader, payload(claim, "[1]"))).has_value()) << claim << " as an array";
  }
  EXPECT_FALSE(tokens().read(signed_token(kHeader, payload("sub", R"("7x")"))).has_value());
  EXPECT_FALSE(tokens().read(signed_token(kHeader, payload("role", R"("owner")"))).has_value());
}

TEST(AccessToken, MalformedTextIsRefused) {
  for (const auto* text : {"", ".", "..", "...", "a.b.c", "eyJhbGciOiJIUzI1NiJ9", "\xff.\xff.\xff"}) {
    EXPECT_FALSE(tokens().read(text).has_value()) << text;
  }
  EXPECT_FALSE(tokens().read(signed_token("{", payload())).has_value());
  EXPECT_FALSE(tokens().read(signed_token(kHeader, "{")).has_value());
  EXPECT_FALSE(tokens().read(signed_token(kHeader, "[]")).has_value());
}

}  // namespace
}  // namespace quell::reference::auth
