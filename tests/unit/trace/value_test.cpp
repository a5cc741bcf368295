#include <quell/trace/value.hpp>

#include <gtest/gtest.h>
#include <sodium.h>

#include <numeric>
#include <set>
#include <string>

namespace quell::trace::testing {
namespace {

constexpr std::uint32_t kBool = 16, kInt8 = 20, kInt2 = 21, kInt4 = 23, kText = 25, kOid = 26, kFloat8 = 701,
                        kVarchar = 1043, kNumeric = 1700, kUuid = 2950, kEnumOfUser = 16999;

HashKey counting_key() {
  HashKey key;
  for (std::size_t i = 0; i < key.size(); ++i) key[i] = static_cast<std::byte>(i);
  return key;
}

const Canonicalizer kCanonical(counting_key());
const Canonicalizer kRedacting(counting_key(), true);

std::string bytes(std::initializer_list<int> list) {
  std::string out;
  for (const int byte : list) out += static_cast<char>(byte);
  return out;
}

TEST(CanonicalValue, FortyTwoIsOneValueInEveryTypeAndFormat) {
  const Value expected = Value::integer(42);
  EXPECT_EQ(kCanonical.from_text("42"), expected);
  EXPECT_EQ(kCanonical.from_binary(kInt2, bytes({0, 42})), expected);
  EXPECT_EQ(kCanonical.from_binary(kInt4, bytes({0, 0, 0, 42})), expected);
  EXPECT_EQ(kCanonical.from_binary(kInt8, bytes({0, 0, 0, 0, 0, 0, 0, 42})), expected);
  EXPECT_EQ(kCanonical.from_binary(kOid, bytes({0, 0, 0, 42})), expected);
  // numeric: one digit group, weight 0, sign +, scale 0, digit 42
  EXPECT_EQ(kCanonical.from_binary(kNumeric, bytes({0, 1, 0, 0, 0, 0, 0, 0, 0, 42})), expected);
  EXPECT_EQ(kCanonical.from_binary(kText, "42"), expected);
  EXPECT_EQ(kCanonical.from_wire(kVarchar, Format::binary, "42"), expected);
  EXPECT_EQ(kCanonical.from_integer(42), expected);
}

TEST(CanonicalValue, NegativeIntegersKeepTheirSign) {
  EXPECT_EQ(kCanonical.from_binary(kInt4, bytes({0xFF, 0xFF, 0xFF, 0xF9})), Value::integer(-7));
  EXPECT_EQ(kCanonical.from_binary(kInt2, bytes({0xFF, 0xF9})), Value::integer(-7));
  EXPECT_EQ(kCanonical.from_text("-7"), Value::integer(-7));
}

TEST(CanonicalValue, OidAboveTwoToThe31IsNotNegative) {
  EXPECT_EQ(kCanonical.from_binary(kOid, bytes({0xFF, 0xFF, 0xFF, 0xFF})), Value::integer(4294967295));
}

TEST(CanonicalValue, OnlyCanonicalDecimalsAreIntegers) {
  for (const char* text : {"007", "+7", "-0", "-", "", " 7", "7 ", "7.0", "0x7", "1e3", "9223372036854775808"}) {
    EXPECT_EQ(kCanonical.from_text(text).kind(), Value::Kind::hash) << "'" << text << "'";
  }
  EXPECT_EQ(kCanonical.from_text("0"), Value::integer(0));
  EXPECT_NE(kCanonical.from_text("007"), kCanonical.from_text("07"));
}

TEST(CanonicalValue, LargeIntegersAreHashedAlikeInTextAndBinary) {
  EXPECT_EQ(kCanonical.from_text("281474976710655"), Value::integer(281474976710655)) << "2^48 - 1 is plain";
  const Value large = kCanonical.from_text("281474976710656");
  EXPECT_EQ(large.kind(), Value::Kind::hash);
  EXPECT_EQ(kCanonical.from_binary(kInt8, bytes({0, 1, 0, 0, 0, 0, 0, 0})), large);
  EXPECT_NE(kCanonical.from_text("-281474976710656"), large);
}

TEST(CanonicalValue, UuidSpellingsAreOneValue) {
  const Value uuid = kCanonical.from_text("a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11");
  // The spellings of the PostgreSQL manual, chapter "UUID Type".
  for (const char* spelling : {"A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11", "{a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11}",
                               "a0eebc999c0b4ef8bb6d6bb9bd380a11", "a0ee-bc99-9c0b-4ef8-bb6d-6bb9-bd38-0a11",
                               "{a0eebc99-9c0b4ef8-bb6d6bb9-bd380a11}"}) {
    EXPECT_EQ(kCanonical.from_text(spelling), uuid) << spelling;
  }
  EXPECT_EQ(kCanonical.from_binary(kUuid, bytes({0xA0, 0xEE, 0xBC, 0x99, 0x9C, 0x0B, 0x4E, 0xF8, 0xBB, 0x6D, 0x6B, 0xB9,
                                                 0xBD, 0x38, 0x0A, 0x11})),
            uuid);
  for (const char* other : {"a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a1", "{a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11",
                            "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a1g", "a0e-ebc99-9c0b-4ef8-bb6d-6bb9bd380a11",
                            "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11-"}) {
    EXPECT_NE(kCanonical.from_text(other), uuid) << other;
  }
}

TEST(CanonicalValue, NumericIsItsPrintedText) {
  // 12345.678: groups 1, 2345, 6780; weight 1; scale 3
  const std::string positive = bytes({0, 3, 0, 1, 0, 0, 0, 3, 0, 1, 9, 41, 26, 124});
  EXPECT_EQ(kCanonical.from_binary(kNumeric, positive), kCanonical.from_text("12345.678"));
  // -0.05: group 500; weight -1; negative; scale 2
  const std::string negative = bytes({0, 1, 0xFF, 0xFF, 0x40, 0, 0, 2, 1, 0xF4});
  EXPECT_EQ(kCanonical.from_binary(kNumeric, negative), kCanonical.from_text("-0.05"));
  // 0
  EXPECT_EQ(kCanonical.from_binary(kNumeric, bytes({0, 0, 0, 0, 0, 0, 0, 0})), Value::integer(0));
  // 10000: group 1, weight 1
  EXPECT_EQ(kCanonical.from_binary(kNumeric, bytes({0, 1, 0, 1, 0, 0, 0, 0, 0, 1})), Value::integer(10000));
}

TEST(CanonicalValue, BoolIsItsLetter) {
  EXPECT_EQ(kCanonical.from_binary(kBool, bytes({1})), kCanonical.from_text("t"));
  EXPECT_EQ(kCanonical.from_binary(kBool, bytes({0})), kCanonical.from_text("f"));
}

TEST(CanonicalValue, LabelOfAnEnumIsEqualInTextAndBinary) {
  EXPECT_EQ(kCanonical.from_binary(kEnumOfUser, "active"), kCanonical.from_text("active"));
}

TEST(CanonicalValue, BinaryOfTheWrongLengthIsHashedAndNeverRead) {
  for (const std::uint32_t type : {kBool, kInt2, kInt4, kInt8, kOid, kNumeric, kUuid, kFloat8}) {
    for (const char* wrong : {"", "abc", "abcdefghijk"}) {
      EXPECT_EQ(kCanonical.from_binary(type, wrong).kind(), Value::Kind::hash) << type;
    }
  }
  EXPECT_EQ(kCanonical.from_binary(kNumeric, bytes({0xFF, 0xFF, 0, 0, 0, 0, 0, 0})).kind(), Value::Kind::hash);
}

TEST(CanonicalValue, NullIsNotTheEmptyText) {
  EXPECT_TRUE(kCanonical.from_text({}).is_null());
  EXPECT_TRUE(kCanonical.from_binary(kInt4, {}).is_null());
  EXPECT_EQ(kCanonical.from_text("").kind(), Value::Kind::hash);
}

TEST(CanonicalValue, RedactionHashesIntegersTooAndAlikeInEveryFormat) {
  EXPECT_EQ(kRedacting.from_text("42").kind(), Value::Kind::hash);
  EXPECT_EQ(kRedacting.from_text("42"), kRedacting.from_binary(kInt4, bytes({0, 0, 0, 42})));
  EXPECT_NE(kRedacting.from_text("42"), kRedacting.from_text("43"));
  EXPECT_TRUE(kRedacting.from_text({}).is_null());
}

TEST(CanonicalValue, HashesOfTwoKeysDiffer) {
  HashKey other = counting_key();
  other[3] = std::byte{0x33};
  EXPECT_NE(kCanonical.from_text("hello"), Canonicalizer(other).from_text("hello"));
}

TEST(SipHash, PrimitiveGivesThePublishedVector) {
  // Aumasson and Bernstein, "SipHash: a fast short-input PRF", appendix A.
  std::array<unsigned char, 15> message{};
  std::iota(message.begin(), message.end(), static_cast<unsigned char>(0));
  const HashKey key = counting_key();
  std::uint64_t hash = 0;
  crypto_shorthash(reinterpret_cast<unsigned char*>(&hash), message.data(), message.size(),
                   reinterpret_cast<const unsigned char*>(key.data()));
  EXPECT_EQ(hash, 0xa129ca6149be45e5U);
}

TEST(SipHash, ValuesAreWhatOpenSslComputesOfTagAndBytes) {
  // openssl mac -macopt size:8 -macopt hexkey:000102030405060708090a0b0c0d0e0f -in MESSAGE SIPHASH
  EXPECT_EQ(kCanonical.from_text("hello"), Value::hash(0xD3EE74E9051A29C8U)) << "'t' and the text";
  EXPECT_EQ(kRedacting.from_text("42"), Value::hash(0x9D3CE35B56415FB5U)) << "'i' and eight bytes";
  EXPECT_EQ(kCanonical.from_text("a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"), Value::hash(0xBCC96E26454ABF35U))
      << "'u' and sixteen bytes";
  EXPECT_EQ(kCanonical.from_text(std::string(600, 'x')), Value::hash(0x1181AF7671A92225U)) << "a long text";
}

TEST(KeyLike, TypesThatCanBeKeysAndNoOthers) {
  for (const std::uint32_t type : {20U, 21U, 23U, 26U, 2950U, 25U, 1043U, 1042U, 19U})
    EXPECT_TRUE(is_key_like(type)) << type;
  for (const std::uint32_t type : {0U, 16U, 17U, 700U, 701U, 1114U, 1184U, 1700U, 3802U}) {
    EXPECT_FALSE(is_key_like(type)) << type;
  }
}

}  // namespace
}  // namespace quell::trace::testing
