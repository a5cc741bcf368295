// Ranges, composites and enums: types made of other types, or made by users of the server.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/describe/class.hpp>
#include <boost/describe/enum.hpp>

#include <quell/db/composite.hpp>
#include <quell/db/range.hpp>

#include "tests/pg/db/support.hpp"
#include "tests/pg/support/cluster.hpp"

namespace quell::db {
namespace {

using test::error_of;
using test::run;

enum class Mood { happy, sad, undescribed };
BOOST_DESCRIBE_ENUM(Mood, happy, sad)

struct Address {
  std::string street;
  std::int32_t number = 0;
  std::optional<Mood> mood;
  friend bool operator==(const Address&, const Address&) = default;
};
BOOST_DESCRIBE_STRUCT(Address, (), (street, number, mood))

class CompositeTest : public testing::Test {
 protected:
  /// A value goes out as a parameter and comes back twice: as itself and as the text PostgreSQL makes of it.
  template <class T>
  void check(const char* type, const T& value, const std::string& text) {
    run([&]() -> Awaitable<void> {
      Connection connection = co_await test::connect(dsn());
      const UnsafeStatement statement = unsafe_sql("select $1::" + std::string(type) + ", $1::" + type + "::text");
      const Result result = co_await connection.query(statement, value);
      EXPECT_EQ(result[0][1].as<std::string>(), text) << type;
      EXPECT_EQ(result[0][0].as<T>(), value) << type << " " << text;
    });
  }
  static const std::string& dsn() {
    static const std::string dsn = [] {
      const std::string made = quell::test::fresh_database();
      run([&]() -> Awaitable<void> {
        Connection connection = co_await test::connect(made);
        co_await connection.execute_script(
            "create type mood as enum ('happy', 'sad', 'angry');"
            "create type address as (street text, number int4, mood mood)");
      });
      return made;
    }();
    return dsn;
  }
};

TEST_F(CompositeTest, RangesOfEveryBuiltInType) {
  using namespace std::chrono;
  check("int4range", Range<std::int32_t>(1, 3), "[1,3)");
  check("int8range", Range<std::int64_t>(-5'000'000'000, 7), "[-5000000000,7)");
  check("numrange", Range<Numeric>(Numeric("1.50"), Numeric("2"), Bound::exclusive, Bound::inclusive), "(1.50,2]");
  check("daterange", Range<Date>(Date(2024y / February / 29), std::nullopt), "[2024-02-29,)");
  check("tsrange",
        Range<LocalTimestamp>(std::nullopt, LocalTimestamp((sys_days(2024y / June / 1) + 12h).time_since_epoch()),
                              Bound::exclusive, Bound::inclusive),
        "(,\"2024-06-01 12:00:00\"]");
  const std::vector<Range<std::int32_t>> several{Range<std::int32_t>(1, 2), Range<std::int32_t>::nothing()};
  check("int4range[]", several, "{\"[1,2)\",empty}");
}

TEST_F(CompositeTest, EmptyAndInfiniteRangesDiffer) {
  check("int4range", Range<std::int32_t>::nothing(), "empty");
  check("int4range", Range<std::int32_t>(), "(,)");
  run([&]() -> Awaitable<void> {
    Connection connection = co_await test::connect(dsn());
    const Range<std::int32_t> same(3, 3);
    const auto back = co_await connection.fetch_one<Range<std::int32_t>>("select $1", same);
    EXPECT_TRUE(back.empty()) << "[3,3) holds nothing";
    const Range<std::int32_t> closed(1, 3, Bound::inclusive, Bound::inclusive);
    const Range<std::int32_t> canonical(1, 4);
    EXPECT_EQ(co_await connection.fetch_one<Range<std::int32_t>>("select $1", closed), canonical);
    const Range<std::int32_t> turned(3, 1);
    EXPECT_TRUE(co_await error_of<DataError>(connection.query("select $1", turned)));
  });
}

TEST_F(CompositeTest, RangeOfInstants) {
  run([&]() -> Awaitable<void> {
    Connection connection = co_await test::connect(dsn());
    const Timestamp start(std::chrono::seconds(946'684'800));
    const Range<Timestamp> range(start, start + std::chrono::microseconds(1));
    EXPECT_EQ(co_await connection.fetch_one<Range<Timestamp>>("select $1", range), range);
    EXPECT_TRUE(co_await connection.fetch_one<bool>("select $1 @> timestamptz '2000-01-01 00:00:00+00'", range));
    EXPECT_TRUE(co_await error_of<DecodeError>(connection.fetch_one<Range<Timestamp>>("select int4range(1, 2)")));
  });
}

TEST_F(CompositeTest, EnumsByTheirEnumerators) {
  check("mood", Mood::sad, "sad");
  const std::vector<Mood> moods{Mood::happy, Mood::sad};
  check("mood[]", moods, "{happy,sad}");
  run([&]() -> Awaitable<void> {
    Connection connection = co_await test::connect(dsn());
    const auto unknown = co_await error_of<DecodeError>(connection.fetch_one<Mood>("select 'angry'::mood"));
    EXPECT_TRUE(unknown);
    EXPECT_TRUE(co_await error_of<DecodeError>(connection.fetch_one<Mood>("select null::mood")));
    EXPECT_EQ(co_await connection.fetch_one<std::optional<Mood>>("select null::mood"), std::nullopt);
    EXPECT_THROW((void)connection.query("select $1::mood", Mood::undescribed), UsageError);
  });
}

TEST_F(CompositeTest, CompositesByTheirMembers) {
  const Address address{"Main, \"St\"", 7, Mood::happy};
  check("address", address, "(\"Main, \"\"St\"\"\",7,happy)");
  const Address without{"", -1, std::nullopt};
  check("address", without, "(\"\",-1,)");
  const std::vector<Address> several{address, without};
  check("address[]", several, R"x({"(\"Main, \"\"St\"\"\",7,happy)","(\"\",-1,)"})x");
}

TEST_F(CompositeTest, CompositeThatDoesNotFitIsATypedError) {
  run([&]() -> Awaitable<void> {
    Connection connection = co_await test::connect(dsn());
    const Result result = co_await connection.query(
        "select row('a', 1)::record, row(null, 1, null)::address, row('a'::text, 1::int8, null::mood), 5");
    EXPECT_THROW((void)result[0][0].as<Address>(), DecodeError) << "two attributes";
    EXPECT_THROW((void)result[0][1].as<Address>(), DecodeError) << "NULL into std::string";
    EXPECT_THROW((void)result[0][2].as<Address>(), DecodeError) << "int8 into std::int32_t";
    EXPECT_THROW((void)result[0][3].as<Address>(), DecodeError) << "int4";
  });
}

}  // namespace
}  // namespace quell::db
