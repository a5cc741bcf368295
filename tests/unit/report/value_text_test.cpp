#include "analyzer/report/value_text.hpp"

#include <gtest/gtest.h>

namespace quell::report {
namespace {

using namespace std::string_view_literals;

model::Bind bind(std::uint32_t type, trace::ParameterForm form, std::string_view bytes) {
  model::Bind out;
  out.type_oid = type;
  out.form = form;
  out.bytes = bytes;
  return out;
}

std::string binary(std::uint32_t type, std::string_view bytes) {
  return value_text(bind(type, trace::ParameterForm::binary, bytes));
}

// Type OIDs and binary forms as in PostgreSQL's pg_type.dat and the types' send functions.

TEST(ValueText, ReadsBinaryFormsByType) {
  EXPECT_EQ(binary(16, "\x01"sv), "true");
  EXPECT_EQ(binary(21, "\xFF\xFE"sv), "-2");
  EXPECT_EQ(binary(23, "\x00\x00\x00\x2A"sv), "42");
  EXPECT_EQ(binary(20, "\x00\x00\x00\x01\x00\x00\x00\x00"sv), "4294967296");
  EXPECT_EQ(binary(701, "\x3F\xF8\x00\x00\x00\x00\x00\x00"sv), "1.5");
  EXPECT_EQ(binary(25, "plain"sv), "'plain'");
  EXPECT_EQ(binary(3802, "\x01{}"sv), "'{}'");
  EXPECT_EQ(binary(2950, "\x00\x11\x22\x33\x44\x55\x66\x77\x88\x99\xAA\xBB\xCC\xDD\xEE\xFF"sv),
            "00112233-4455-6677-8899-aabbccddeeff");
}

TEST(ValueText, DoesNotReadPastWhatWasSent) {
  EXPECT_EQ(binary(23, "\x00\x01"sv), "<type 23, 2 bytes>");
  EXPECT_EQ(binary(2950, ""sv), "<type 2950, 0 bytes>");
  EXPECT_EQ(binary(1184, "\x00\x00\x00\x00\x00\x00\x00\x00"sv), "<type 1184, 8 bytes>");
}

TEST(ValueText, TellsNullTextAndRedactedApart) {
  EXPECT_EQ(value_text(bind(25, trace::ParameterForm::null, {})), "NULL");
  EXPECT_EQ(value_text(bind(0, trace::ParameterForm::text, "")), "''");
  EXPECT_EQ(value_text(bind(23, trace::ParameterForm::canonical, {})), "<redacted>");
}

TEST(ValueText, MarksWhatTheRecorderCut) {
  model::Bind cut = bind(25, trace::ParameterForm::text, "abc");
  cut.cut = true;
  EXPECT_EQ(value_text(cut), "'abc'...");
}

}  // namespace
}  // namespace quell::report
