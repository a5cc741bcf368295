#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include <boost/json/value.hpp>

#include <quell/db/json.hpp>

#include "tests/pg/db/support.hpp"
#include "tests/pg/support/cluster.hpp"

namespace quell::db {
namespace {

using namespace std::chrono_literals;
using test::error_of;
using test::run;

/// Each value goes out as a parameter and comes back twice: as itself, and as the text PostgreSQL makes of it, which is
/// compared with what is written here by hand.
class TypesTest : public testing::Test {
 protected:
  template <class T>
  void check(const char* type, const T& value, const std::string& text) {
    run([&]() -> Awaitable<void> {
      Connection connection = co_await test::connect(dsn());
      co_await connection.execute("set timezone = 'UTC'");
      const UnsafeStatement statement = unsafe_sql("select $1::" + std::string(type) + ", $1::" + type + "::text");
      const Result result = co_await connection.query(statement, value);
      EXPECT_EQ(result[0][1].as<std::string>(), text) << type;
      EXPECT_EQ(result[0][0].as<T>(), value) << type << " " << text;
    });
  }

  static const std::string& dsn() {
    static const std::string dsn = quell::test::fresh_database();
    return dsn;
  }
};

TEST_F(TypesTest, Numbers) {
  check<bool>("bool", true, "true");
  check<bool>("bool", false, "false");
  check<std::int16_t>("int2", -32768, "-32768");
  check<std::int32_t>("int4", 2147483647, "2147483647");
  check<std::int32_t>("int4", std::numeric_limits<std::int32_t>::min(), "-2147483648");
  check<std::int64_t>("int8", std::numeric_limits<std::int64_t>::min(), "-9223372036854775808");
  check<long long>("int8", 9223372036854775807LL, "9223372036854775807");
  check<float>("float4", 1.5F, "1.5");
  check<double>("float8", 0.1, "0.1");
  check<double>("float8", -std::numeric_limits<double>::infinity(), "-Infinity");
}

TEST_F(TypesTest, NaNStaysNaN) {
  run([&]() -> Awaitable<void> {
    Connection connection = co_await test::connect(dsn());
    EXPECT_TRUE(std::isnan(co_await connection.fetch_one<double>("select $1", std::nan(""))));
  });
}

TEST_F(TypesTest, NumericIsExact) {
  for (const char* text : {"0", "1", "-1", "10000", "12345678901234567890.123456789", "0.00000001", "-0.5000", "100.00",
                           "9999", "1000000000000", "NaN", "Infinity", "-Infinity"})
    check<Numeric>("numeric", Numeric(text), text);
  check<Numeric>("numeric", Numeric(std::string(200, '9') + "." + std::string(100, '1')),
                 std::string(200, '9') + "." + std::string(100, '1'));
}

TEST_F(TypesTest, TextAndBytes) {
  check<std::string>("text", "", "");
  check<std::string>("text", "naïve 'quotes' \\ \"x\" 雪", "naïve 'quotes' \\ \"x\" 雪");
  check<std::string>("varchar", "abc", "abc");
  check<Bytea>("bytea", Bytea(std::string("\0\xff\1", 3)), "\\x00ff01");
  check<Bytea>("bytea", Bytea(""), "\\x");
}

TEST_F(TypesTest, StringsBindToWhateverTheServerInfers) {
  run([&]() -> Awaitable<void> {
    Connection connection = co_await test::connect(dsn());
    co_await connection.execute("create type mood as enum ('happy', 'sad')");
    co_await connection.execute("create table feelings (mood mood, day date, amount numeric)");
    co_await connection.execute("insert into feelings values ($1, $2, $3)", "sad", "2024-02-29", "1.50");
    const auto row = co_await connection.fetch_one<std::tuple<std::string, Date, Numeric>>(
        "select * from feelings where mood = $1", "sad");
    EXPECT_EQ(std::get<0>(row), "sad");
    EXPECT_EQ(std::get<1>(row), std::chrono::sys_days(std::chrono::year(2024) / 2 / 29));
    EXPECT_EQ(std::get<2>(row).text(), "1.50");
  });
}

TEST_F(TypesTest, DatesAndTimes) {
  using namespace std::chrono;
  check<Date>("date", sys_days(2024y / February / 29), "2024-02-29");
  check<Date>("date", sys_days(1969y / December / 31), "1969-12-31");
  check<TimeOfDay>("time", TimeOfDay(23h + 59min + 59s + 999999us), "23:59:59.999999");
  check<Timestamp>("timestamptz", Timestamp(sys_days(2000y / January / 1)), "2000-01-01 00:00:00+00");
  check<Timestamp>("timestamptz", Timestamp(sys_days(1970y / January / 1) + 1us), "1970-01-01 00:00:00.000001+00");
  check<Timestamp>("timestamptz", Timestamp(sys_days(1582y / October / 4)), "1582-10-04 00:00:00+00");
  check<Timestamp>("timestamptz", Timestamp::max(), "infinity");
  check<Timestamp>("timestamptz", Timestamp::min(), "-infinity");
  check<LocalTimestamp>("timestamp", LocalTimestamp((sys_days(2024y / June / 1) + 12h).time_since_epoch()),
                        "2024-06-01 12:00:00");
  check<Interval>("interval", Interval(14, 3, 4h + 5min + 6s), "1 year 2 mons 3 days 04:05:06");
  check<Interval>("interval", Interval(0, -1, -1us), "-1 days -00:00:00.000001");
}

TEST_F(TypesTest, UuidAndJson) {
  const Uuid uuid = *Uuid::parse("00112233-4455-6677-8899-AABBCCDDEEFF");
  check<Uuid>("uuid", uuid, "00112233-4455-6677-8899-aabbccddeeff");
  EXPECT_EQ(uuid.to_string(), "00112233-4455-6677-8899-aabbccddeeff");
  check<Jsonb>("jsonb", Jsonb(R"({"a": [1, null, "x"]})"), R"({"a": [1, null, "x"]})");
  const boost::json::value value = to_json(Jsonb(R"({"a": [1, null]})"));
  EXPECT_EQ(value.at("a").at(0).as_int64(), 1);
  EXPECT_EQ(to_jsonb(value).text(), R"({"a":[1,null]})");
  EXPECT_THROW((void)to_json(Jsonb("{")), Error);
}

TEST_F(TypesTest, Arrays) {
  check<std::vector<std::int64_t>>("int8[]", {}, "{}");
  check<std::vector<std::int64_t>>("int8[]", {1, -2, 3}, "{1,-2,3}");
  check<std::vector<std::int16_t>>("int2[]", {7}, "{7}");
  check<std::vector<bool>>("bool[]", {true, false}, "{t,f}");
  check<std::vector<double>>("float8[]", {0.5}, "{0.5}");
  check<std::vector<std::string>>("text[]", {"a", "", "b c", "NULL", "\"{"}, R"({a,"","b c","NULL","\"{"})");
  check<std::vector<std::optional<std::int32_t>>>("int4[]", {1, std::nullopt, 3}, "{1,NULL,3}");
  check<std::vector<Numeric>>("numeric[]",
                              {Numeric("1.50"), Numeric("-0.0001"), Numeric("0"), Numeric("10000"), Numeric("NaN")},
                              "{1.50,-0.0001,0,10000,NaN}");
  check<std::vector<Date>>("date[]", {Date(std::chrono::days(0))}, "{1970-01-01}");
  check<std::vector<Uuid>>("uuid[]", {Uuid()}, "{00000000-0000-0000-0000-000000000000}");
  check<std::vector<Jsonb>>("jsonb[]", {Jsonb("1")}, "{1}");
  check<std::vector<Bytea>>("bytea[]", {Bytea("\1")}, R"({"\\x01"})");
}

TEST_F(TypesTest, ArrayOfStringsReachesAny) {
  run([&]() -> Awaitable<void> {
    Connection connection = co_await test::connect(dsn());
    const std::vector<std::string> names{"b", "c"};
    const auto found = co_await connection.fetch<std::string>(
        "select n from (values ('a'::text), ('b'), ('c')) v(n) where n = any($1) order by n", names);
    EXPECT_EQ(found, names);
  });
}

TEST_F(TypesTest, NullOfEveryKind) {
  run([&]() -> Awaitable<void> {
    Connection connection = co_await test::connect(dsn());
    const Result result = co_await connection.query("select $1::int4, $2::text, $3::uuid, $4::int8[]",
                                                    std::optional<std::int32_t>(), std::optional<std::string>(),
                                                    std::nullopt, std::optional<std::vector<std::int64_t>>());
    for (std::size_t column = 0; column < 4; ++column) EXPECT_TRUE(result[0][column].is_null());
    EXPECT_EQ(result[0][1].as<std::optional<std::string>>(), std::nullopt);
    EXPECT_THROW((void)result[0][1].as<std::string>(), DecodeError);
  });
}

TEST_F(TypesTest, SmallerNumbersWidenAndLargerOnesDoNotNarrow) {
  run([&]() -> Awaitable<void> {
    Connection connection = co_await test::connect(dsn());
    const Result result =
        co_await connection.query("select 7::int2, 8::int4, 9::int8, 1.5::float4, 1.5::float8, 4000000000::oid");
    EXPECT_EQ(result[0][0].as<std::int64_t>(), 7);
    EXPECT_EQ(result[0][1].as<std::int64_t>(), 8);
    EXPECT_EQ(result[0][3].as<double>(), 1.5);
    EXPECT_EQ(result[0][5].as<std::int64_t>(), 4000000000);
    EXPECT_THROW((void)result[0][1].as<std::int16_t>(), DecodeError);
    EXPECT_THROW((void)result[0][2].as<std::int32_t>(), DecodeError);
    EXPECT_THROW((void)result[0][4].as<float>(), DecodeError);
    EXPECT_THROW((void)result[0][0].as<std::string>(), DecodeError);
    EXPECT_THROW((void)result[0][0].as<bool>(), DecodeError);
  });
}

TEST_F(TypesTest, NullElementAndSecondDimensionAreRefused) {
  run([&]() -> Awaitable<void> {
    Connection connection = co_await test::connect(dsn());
    const Result result = co_await connection.query("select '{1,NULL}'::int4[], '{{1},{2}}'::int4[]");
    EXPECT_THROW((void)result[0][0].as<std::vector<std::int32_t>>(), DecodeError);
    EXPECT_THROW((void)result[0][1].as<std::vector<std::int32_t>>(), DecodeError);
  });
}

TEST_F(TypesTest, BadNumericIsRefused) {
  run([&]() -> Awaitable<void> {
    Connection connection = co_await test::connect(dsn());
    EXPECT_TRUE(co_await error_of<DataError>(connection.query("select $1::numeric", Numeric("twelve"))));
    const std::vector<Numeric> numbers{Numeric("twelve")};
    EXPECT_THROW((void)connection.query("select $1::numeric[]", numbers), UsageError);
  });
}

}  // namespace
}  // namespace quell::db
