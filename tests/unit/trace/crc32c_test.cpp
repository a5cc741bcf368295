#include "agent/trace/src/crc32c.hpp"

#include <gtest/gtest.h>

#include <random>
#include <string>

namespace quell::trace {
namespace {

TEST(Crc32c, GivesThePublishedValuesWithAndWithoutTheInstruction) {
  // The check value of the CRC catalogue, and the examples of RFC 3720, appendix B.4.
  const std::string zeros(32, '\0');
  const std::string ones(32, '\xFF');
  std::string rising;
  for (int i = 0; i < 32; ++i) rising += static_cast<char>(i);
  for (const auto crc : {crc32c, crc32c_portable}) {
    EXPECT_EQ(crc("123456789", 9), 0xE3069283U);
    EXPECT_EQ(crc(zeros.data(), zeros.size()), 0x8A9136AAU);
    EXPECT_EQ(crc(ones.data(), ones.size()), 0x62A8AB43U);
    EXPECT_EQ(crc(rising.data(), rising.size()), 0x46DD794EU);
    EXPECT_EQ(crc("", 0), 0U);
  }
}

TEST(Crc32c, BothWaysAgreeOnEveryLengthAndAlignment) {
  std::mt19937 random(7);
  std::string bytes(300, '\0');
  for (char& c : bytes) c = static_cast<char>(random());
  for (std::size_t start = 0; start < 8; ++start) {
    for (std::size_t size = 0; start + size <= bytes.size(); ++size) {
      ASSERT_EQ(crc32c(bytes.data() + start, size), crc32c_portable(bytes.data() + start, size));
    }
  }
}

}  // namespace
}  // namespace quell::trace
