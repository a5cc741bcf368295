#include "reference_app/auth/secret.hpp"

#include <gtest/gtest.h>

namespace quell::reference::auth {
namespace {

// RFC 4231, test case 2.
TEST(MessageCode, IsHmacSha256) {
  EXPECT_EQ(to_hex(message_code("Jefe", "what do ya want for nothing?")),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}

TEST(MessageCode, IsRefusedWithAnyBitOrLengthWrong) {
  const std::string code = message_code("key", "message");
  EXPECT_TRUE(is_message_code(code, "key", "message"));
  for (std::size_t i = 0; i < code.size(); ++i) {
    std::string wrong = code;
    wrong[i] = static_cast<char>(wrong[i] ^ 1);
    EXPECT_FALSE(is_message_code(wrong, "key", "message")) << i;
  }
  EXPECT_FALSE(is_message_code("", "key", "message"));
  EXPECT_FALSE(is_message_code(code + "x", "key", "message"));
  EXPECT_FALSE(is_message_code(code.substr(1), "key", "message"));
  EXPECT_FALSE(is_message_code(code, "other", "message"));
}

// RFC 4648, 10 and 5.
TEST(Base64url, IsThatOfTheRfcWithoutPadding) {
  EXPECT_EQ(to_base64url(""), "");
  EXPECT_EQ(to_base64url("f"), "Zg");
  EXPECT_EQ(to_base64url("foobar"), "Zm9vYmFy");
  EXPECT_EQ(to_base64url("\xff\xfe\xfb"), "__77");
  EXPECT_EQ(from_base64url("Zm9vYg"), "foob");
}

TEST(Base64url, RefusesWhatIsNotExactlyThat) {
  for (const auto* text : {"Zg==", "Z", "Zm9v YmFy", "Zm9v\n", "+/77", "Zh"}) {
    EXPECT_FALSE(from_base64url(text).has_value()) << text;
  }
}

TEST(Secrets, AreNewEachTimeAndOfTheLengthAskedFor) {
  EXPECT_EQ(random_bytes(32).size(), 32U);
  EXPECT_NE(random_bytes(32), random_bytes(32));
  EXPECT_NE(derived_key("secret", "one"), derived_key("secret", "two"));
}

}  // namespace
}  // namespace quell::reference::auth
