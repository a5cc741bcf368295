#include <quell/db/codec.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include <quell/db/error.hpp>
#include <quell/db/parameters.hpp>
#include <quell/db/statement.hpp>

namespace quell::db {
namespace {

template <class T>
std::string encoded(const T& value) {
  std::string bytes;
  Codec<T>::encode(value, bytes);
  return bytes;
}

/// Bytes written as hexadecimal digits.
std::string hex(std::string_view digits) {
  std::string bytes;
  for (std::size_t i = 0; i + 1 < digits.size(); i += 2)
    bytes.push_back(static_cast<char>(std::stoi(std::string(digits.substr(i, 2)), nullptr, 16)));
  return bytes;
}

// Expected bytes: the server's send functions (int.c, timestamp.c, date.c, numeric.c, arrayfuncs.c), by hand.

TEST(Codec, IntegersAreBigEndian) {
  EXPECT_EQ(encoded(std::int16_t{-2}), hex("fffe"));
  EXPECT_EQ(encoded(std::int32_t{0x01020304}), hex("01020304"));
  EXPECT_EQ(encoded(std::int64_t{1}), hex("0000000000000001"));
}

TEST(Codec, TimeCountsFromTheYear2000) {
  using namespace std::chrono;
  EXPECT_EQ(encoded(Timestamp(sys_days(2000y / January / 1) + 1s)), hex("00000000000f4240"));
  EXPECT_EQ(encoded(Timestamp(sys_days(1999y / December / 31) + 24h - 1us)), hex("ffffffffffffffff"));
  EXPECT_EQ(encoded(Timestamp::max()), hex("7fffffffffffffff"));
  EXPECT_EQ(encoded(Date(sys_days(2000y / January / 2))), hex("00000001"));
}

TEST(Codec, TimestampBeyondOurRangeIsRefusedNotWrapped) {
  Timestamp out;
  EXPECT_FALSE(Codec<Timestamp>::decode(oid::kTimestamptz, hex("7ffffffffffffffe"), out));
}

TEST(Codec, NumericIsBaseTenThousand) {
  std::string bytes;
  wire::append_numeric(bytes, "12345.678");
  // 3 digits (1, 2345, 6780), weight 1, positive, scale 3
  EXPECT_EQ(bytes, hex("0003"
                       "0001"
                       "0000"
                       "0003"
                       "0001"
                       "0929"
                       "1a7c"));
  std::string text;
  EXPECT_TRUE(wire::read_numeric(bytes, text));
  EXPECT_EQ(text, "12345.678");
}

TEST(Codec, NumericTextSurvivesARoundTrip) {
  for (const char* text :
       {"0", "0.0", "-0.0001", "1.50", "99999999.9999", "10000", "100000000", "0.10000", "-123456789.5"}) {
    std::string bytes;
    wire::append_numeric(bytes, text);
    std::string back;
    ASSERT_TRUE(wire::read_numeric(bytes, back)) << text;
    EXPECT_EQ(back, text);
  }
}

TEST(Codec, NotANumberIsRefused) {
  for (const char* text : {"", "-", ".", "1e5", "1.2.3", "x"}) {
    std::string bytes;
    EXPECT_THROW(wire::append_numeric(bytes, text), UsageError) << text;
  }
}

TEST(Codec, ArrayHeaderSaysDimensionNullsAndElementType) {
  EXPECT_EQ(encoded(std::vector<std::int32_t>{}), hex("000000000000000000000017"));
  EXPECT_EQ(encoded(std::vector<std::optional<std::int16_t>>{std::int16_t{7}, std::nullopt}), hex("00000001"
                                                                                                  "00000001"
                                                                                                  "00000015"
                                                                                                  "00000002"
                                                                                                  "00000001"
                                                                                                  "00000002"
                                                                                                  "0007"
                                                                                                  "ffffffff"));
}

TEST(Codec, TextIsLeftToTheServerToType) {
  const Parameters parameters =
      Parameters::of("abc", std::string("de"), std::string_view("f"), std::optional<std::string>());
  ASSERT_EQ(parameters.size(), 4U);
  for (std::size_t i = 0; i < 4; ++i) EXPECT_EQ(parameters.type_oid(i), oid::kUnspecified);
  EXPECT_EQ(parameters.bytes(0), "abc");
  EXPECT_EQ(parameters.bytes(2), "f");
  EXPECT_EQ(parameters.bytes(3).data(), nullptr);
}

TEST(Codec, EmptyTextIsNotNull) {
  const Parameters parameters = Parameters::of("");
  EXPECT_NE(parameters.bytes(0).data(), nullptr);
  EXPECT_EQ(parameters.bytes(0).size(), 0U);
}

TEST(Codec, AppendedParametersKeepTheirBytes) {
  Parameters a = Parameters::of("one", 2);
  a.append(Parameters::of("three"));
  EXPECT_EQ(a.bytes(0), "one");
  EXPECT_EQ(a.bytes(2), "three");
}

TEST(Codec, RandomBytesNeverCrashADecoder) {
  std::mt19937 random(7);
  for (int i = 0; i < 200'000; ++i) {
    std::string bytes(random() % 40, '\0');
    for (char& c : bytes) c = static_cast<char>(random() % 4 == 0 ? random() : random() % 3);
    std::vector<std::int32_t> numbers;
    std::vector<std::string> strings;
    std::string text;
    std::int64_t whole = 0;
    Interval interval;
    (void)Codec<std::vector<std::int32_t>>::decode(1007, bytes, numbers);
    (void)Codec<std::vector<std::string>>::decode(1009, bytes, strings);
    (void)wire::read_numeric(bytes, text);
    (void)Codec<std::int64_t>::decode(oid::kInt8, bytes, whole);
    (void)Codec<Interval>::decode(oid::kInterval, bytes, interval);
    ASSERT_LE(numbers.size(), bytes.size());
    ASSERT_LE(strings.size(), bytes.size());
  }
}

TEST(Uuid, ReadsOnlyTheCanonicalSpelling) {
  EXPECT_TRUE(Uuid::parse("a0EEbc99-9c0b-4ef8-bb6d-6bb9bd380a11"));
  for (const char* text : {"", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a1", "a0eebc999c0b4ef8bb6d6bb9bd380a11",
                           "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a1g", "{0eebc99-9c0b-4ef8-bb6d-6bb9bd380a1}"})
    EXPECT_FALSE(Uuid::parse(text)) << text;
}

TEST(QuoteIdentifier, DoublesQuotes) {
  EXPECT_EQ(quote_identifier("we\"ird"), "\"we\"\"ird\"");
}

TEST(Statement, HashIsTheSameForLiteralAndRunTimeText) {
  constexpr Statement literal{"select 1"};
  EXPECT_EQ(literal.hash(), unsafe_sql(std::string("select 1")).hash());
  EXPECT_EQ(statement_hash(""), 14695981039346656037ULL) << "FNV-1a offset basis";
  EXPECT_EQ(statement_hash("a"), 0xaf63dc4c8601ec8cULL) << "FNV-1a test vector";
}

// Text that is not a literal has no way into a statement but unsafe_sql.
static_assert(!std::is_constructible_v<Statement, std::string>);
static_assert(!std::is_constructible_v<Statement, const char*>);
static_assert(!std::is_constructible_v<Statement, std::string_view>);
static_assert(!std::is_constructible_v<Call, std::string>);
static_assert(!std::is_constructible_v<Call, const char*>);
static_assert(!std::is_constructible_v<Call, std::string_view>);

}  // namespace
}  // namespace quell::db
