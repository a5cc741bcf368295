#include "reference_app/http/json_writer.hpp"

#include <gtest/gtest.h>

#include <limits>

#include <boost/describe/class.hpp>
#include <boost/describe/enum.hpp>
#include <boost/json/parse.hpp>

namespace quell::reference::http {
namespace {

enum class Size { small, large };
BOOST_DESCRIBE_ENUM(Size, small, large)

struct Inner {
  bool yes = true;
  std::optional<std::int64_t> count;
};
BOOST_DESCRIBE_STRUCT(Inner, (), (yes, count))

struct Outer {
  std::string name;
  Size size = Size::large;
  std::vector<Inner> inner;
};
BOOST_DESCRIBE_STRUCT(Outer, (), (name, size, inner))

template <class T>
std::string json(const T& value) {
  std::string out;
  write_json(out, value);
  return out;
}

db::Timestamp at(int year, unsigned month, unsigned day, std::chrono::microseconds time) {
  return std::chrono::sys_days(std::chrono::year(year) / std::chrono::month(month) / std::chrono::day(day)) + time;
}

TEST(WriteJson, MembersComeInDeclaredOrder) {
  EXPECT_EQ(json(Outer{"n", Size::small, {{true, 3}, {false, std::nullopt}}}),
            R"({"name":"n","size":"small","inner":[{"yes":true,"count":3},{"yes":false,"count":null}]})");
}

TEST(WriteJson, IntegersKeepEveryDigit) {
  EXPECT_EQ(json(std::numeric_limits<std::int64_t>::min()), "-9223372036854775808");
  EXPECT_EQ(json(std::numeric_limits<std::int64_t>::max()), "9223372036854775807");
}

TEST(WriteJson, StringsReadBackAsTheyWere) {
  for (const std::string text : {"plain", "quote\" back\\slash", "line\nfeed\ttab\x01", "\u20ac\U0001f600", ""}) {
    EXPECT_EQ(boost::json::parse(json(text)).as_string(), text);
  }
  EXPECT_EQ(json(std::string("a\"b\\c\n")), R"("a\"b\\c\n")");
}

TEST(WriteJson, NumbersJsonCannotSayAreNull) {
  EXPECT_EQ(json(1.5), "1.5");
  EXPECT_EQ(json(std::numeric_limits<double>::infinity()), "null");
  EXPECT_EQ(json(std::numeric_limits<double>::quiet_NaN()), "null");
}

TEST(WriteJson, TimestampsAreRfc3339InUtc) {
  using namespace std::chrono_literals;
  EXPECT_EQ(json(at(2024, 3, 1, 12h + 5min + 9s)), R"("2024-03-01T12:05:09Z")");
  EXPECT_EQ(json(at(2024, 2, 29, 23h + 59min + 59s + 1234us)), R"("2024-02-29T23:59:59.001234Z")");
  EXPECT_EQ(json(at(1969, 12, 31, 23h + 59min + 59s + 999999us)), R"("1969-12-31T23:59:59.999999Z")");
}

TEST(WriteJson, DecimalNumbersAreStringsWithEveryDigit) {
  EXPECT_EQ(json(db::Numeric("12345678901234567890.10")), R"("12345678901234567890.10")");
}

TEST(WriteJson, JsonbIsTakenAsItIs) {
  EXPECT_EQ(json(db::Jsonb(R"({"a": [1, 2]})")), R"({"a": [1, 2]})");
}

}  // namespace
}  // namespace quell::reference::http
