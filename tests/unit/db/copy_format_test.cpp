#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <quell/db/copy.hpp>
#include <quell/db/range.hpp>

namespace quell::db::detail {
namespace {

using namespace std::string_literals;

// Expected bytes: the manual's page on COPY, "Binary Format", and rangetypes.c, by hand.

TEST(CopyFormat, HeaderIsSignatureFlagsAndNoExtension) {
  std::string bytes;
  append_copy_header(bytes);
  EXPECT_EQ(bytes, "PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0\0"s);
  std::string_view rest = bytes;
  EXPECT_TRUE(skip_copy_header(rest));
  EXPECT_TRUE(rest.empty());
}

TEST(CopyFormat, HeaderWithAnExtensionIsSkippedAndACutOneRefused) {
  const std::string bytes = "PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0\2xyR"s;
  std::string_view rest = bytes;
  EXPECT_TRUE(skip_copy_header(rest));
  EXPECT_EQ(rest, "R");
  for (std::size_t size = 0; size + 1 < bytes.size(); ++size) {
    rest = std::string_view(bytes).substr(0, size);
    EXPECT_FALSE(skip_copy_header(rest)) << size;
  }
}

TEST(CopyFormat, RowHasCountedFieldsAndNullIsNotEmpty) {
  const std::string bytes = "\0\3\0\0\0\2ab\377\377\377\377\0\0\0\0"s;
  CopyRow row;  // a view of the bytes
  EXPECT_EQ(row.parse(bytes, 3), CopyRow::Kind::row);
  EXPECT_EQ(row.field(0), "ab");
  EXPECT_EQ(row.field(1).data(), nullptr);
  EXPECT_NE(row.field(2).data(), nullptr);
  EXPECT_EQ(row.parse("\377\377"s, 3), CopyRow::Kind::end);
}

TEST(CopyFormat, MalformedRowsAreRefused) {
  CopyRow row;
  for (const std::string& bytes : {""s, "\0"s, "\0\2\0\0\0\0"s, "\0\1"s, "\0\1\0\0\0\2a"s, "\0\1\0\0\0\1ab"s,
                                   "\0\1\377\377\377\376"s, "\377\377x"s, "\377\376"s})
    EXPECT_EQ(row.parse(bytes, 1), CopyRow::Kind::malformed) << bytes.size();
}

TEST(CopyFormat, IntegerFitsAColumnOrNot) {
  std::string bytes;
  EXPECT_EQ(encode_integer_as(oid::kInt2, -2, bytes), Encoded::yes);
  EXPECT_EQ(bytes, "\377\376"s);
  EXPECT_EQ(encode_integer_as(oid::kInt2, 32768, bytes), Encoded::out_of_range);
  EXPECT_EQ(encode_integer_as(oid::kOid, -1, bytes), Encoded::out_of_range);
  EXPECT_EQ(encode_integer_as(oid::kText, 1, bytes), Encoded::wrong_type);
  EXPECT_EQ(bytes.size(), 2U);
}

TEST(RangeCodec, FlagsThenSizedBounds) {
  std::string bytes;
  Codec<Range<std::int32_t>>::encode(Range<std::int32_t>(1, std::nullopt), bytes);
  EXPECT_EQ(bytes, "\x12\0\0\0\4\0\0\0\1"s) << "lower inclusive 0x02, upper infinite 0x10";
  Range<std::int32_t> back;
  EXPECT_TRUE(Codec<Range<std::int32_t>>::decode(3904, bytes, back));
  EXPECT_EQ(back, Range<std::int32_t>(1, std::nullopt));
  EXPECT_FALSE(Codec<Range<std::int32_t>>::decode(3904, "\1x", back)) << "empty with a bound";
  EXPECT_FALSE(Codec<Range<std::int32_t>>::decode(3904, "\x12\0\0\0\4\0\0"s, back)) << "cut";
  EXPECT_FALSE(Codec<Range<std::int32_t>>::decode(3904, "", back));
}

}  // namespace
}  // namespace quell::db::detail
