#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/describe/class.hpp>

#include "tests/pg/db/recorder.hpp"
#include "tests/pg/db/support.hpp"
#include "tests/pg/support/cluster.hpp"

namespace quell::db {
namespace {

struct Reading {
  std::int64_t id = 0;
  std::string place;
  std::optional<double> celsius;
  friend bool operator==(const Reading&, const Reading&) = default;
};
BOOST_DESCRIBE_STRUCT(Reading, (), (id, place, celsius))

using namespace std::chrono_literals;
using test::error_of;
using test::Recorder;
using test::run;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class CopyTest : public testing::Test {
 protected:
  Awaitable<Connection> connect() {
    ConnectParams params(dsn_);
    params.observer = recorder_.observer();
    Connection connection = co_await Connection::open(std::move(params));
    co_await connection.execute_script(
        "create table if not exists readings (id int8 primary key, place text not null, celsius float8);"
        "truncate readings");
    recorder_.clear();
    co_return connection;
  }
  static Awaitable<std::string> all(Connection& connection) {
    return connection.fetch_one<std::string>(
        "select coalesce(string_agg(concat_ws('|', id, place, coalesce(celsius::text, '-')), ' ' order by id), '') "
        "from readings");
  }
  const std::string dsn_ = quell::test::fresh_database();
  Recorder recorder_;
};

TEST_F(CopyTest, RawBytesMayBeCutAnywhere) {
  run([&]() -> Awaitable<void> {
    Connection connection = co_await connect();
    CopyIn copy = co_await connection.copy_in("copy readings from stdin (format csv)");
    co_await copy.write("1,Oslo,");
    co_await copy.write("-3.5\n2,\"Rio, Brazil\",\n");
    EXPECT_EQ(co_await copy.finish(), 2U);
    EXPECT_EQ(co_await all(connection), "1|Oslo|-3.5 2|Rio, Brazil|-");
  });
}

TEST_F(CopyTest, RowsOfValuesAndOfStructs) {
  run([&]() -> Awaitable<void> {
    Connection connection = co_await connect();
    const CopyTarget target = CopyTarget::of<Reading>("readings");
    CopyWriter copy = co_await connection.copy_rows(target);
    co_await copy.write(1, "Oslo", std::nullopt);
    co_await copy.write(std::int64_t{2}, std::string("Rio"), 31.25);
    const Reading third{3, "Lima", std::nullopt};
    co_await copy.write_row(third);
    const std::vector<std::tuple<std::int16_t, std::string_view, float>> more{{4, "Bern", 0.5F}, {5, "Cork", 9.0F}};
    co_await copy.write_rows(more);
    EXPECT_EQ(co_await copy.finish(), 5U);
    EXPECT_EQ(co_await all(connection), "1|Oslo|- 2|Rio|31.25 3|Lima|- 4|Bern|0.5 5|Cork|9");
  });
}

TEST_F(CopyTest, RowsOfAShapeKnownAtRunTime) {
  run([&]() -> Awaitable<void> {
    Connection connection = co_await connect();
    const CopyTarget target("readings", {"place", "id"}, "public");
    CopyWriter copy = co_await connection.copy_rows(target);
    EXPECT_EQ(copy.columns(), 2U);
    EXPECT_EQ(copy.type_oid(1), oid::kInt8);
    copy.add("Oslo").add(1);
    co_await copy.end_row();
    copy.add("Rio");
    EXPECT_TRUE(co_await error_of<UsageError>([](CopyWriter& c) -> Awaitable<void> { co_await c.end_row(); }(copy)));
    EXPECT_EQ(co_await copy.finish(), 1U) << "the row that was not whole is not sent";
    EXPECT_EQ(co_await all(connection), "1|Oslo|-");
  });
}

TEST_F(CopyTest, EveryTypeInBinaryIsWhatItIsAsText) {
  run([&]() -> Awaitable<void> {
    Connection connection = co_await connect();
    co_await connection.execute_script(
        "create type mood as enum ('happy', 'sad');"
        "create table every (a bool, b int2, c int4, d int8, e float4, f float8, g numeric, h text, i varchar(9), "
        "j bytea, k uuid, l date, m time, n timestamp, o timestamptz, p interval, q json, r jsonb, s mood, t int4[], "
        "u text[], v numeric[])");
    const CopyTarget target("every");
    CopyWriter copy = co_await connection.copy_rows(target);
    using namespace std::chrono;
    const std::vector<std::int32_t> numbers{1, -2};
    const std::vector<std::optional<std::string>> words{"a", std::nullopt};
    const std::vector<Numeric> exact{Numeric("0.10")};
    co_await copy.write(true, 7, 7, 7, 1.5F, 0.1, Numeric("-12.50"), "naïve", "abc", Bytea(std::string("\0\xff", 2)),
                        *Uuid::parse("00112233-4455-6677-8899-aabbccddeeff"), Date(2024y / February / 29),
                        TimeOfDay(1h + 2us), LocalTimestamp((sys_days(2024y / June / 1) + 12h).time_since_epoch()),
                        Timestamp(sys_days(1999y / December / 31)), Interval(14, 3, 4h), Jsonb("{\"a\": 1}"),
                        Jsonb("[2]"), "sad", numbers, words, exact);
    EXPECT_EQ(co_await copy.finish(), 1U);
    co_await connection.execute("set timezone = 'UTC'");
    EXPECT_EQ(co_await connection.fetch_one<std::string>("select every::text from every"),
              "(t,7,7,7,1.5,0.1,-12.50,naïve,abc,\"\\\\x00ff\",00112233-4455-6677-8899-aabbccddeeff,2024-02-29,"
              "01:00:00.000002,\"2024-06-01 12:00:00\",\"1999-12-31 00:00:00+00\",\"1 year 2 mons 3 days 04:00:00\","
              "\"{\"\"a\"\": 1}\",[2],sad,\"{1,-2}\",\"{a,NULL}\",{0.10})");
  });
}

TEST_F(CopyTest, ValueThatDoesNotFitNamesItsColumnAndItsRowIsNotSent) {
  run([&]() -> Awaitable<void> {
    Connection connection = co_await connect();
    co_await connection.execute("create table narrow (n int2, day date)");
    const CopyTarget target("narrow");
    CopyWriter copy = co_await connection.copy_rows(target);
    const Date day{std::chrono::days(0)};
    co_await copy.write(1, day);
    try {
      co_await copy.write(40'000, day);
      ADD_FAILURE() << "no error";
    } catch (const EncodeError& error) {
      EXPECT_EQ(error.column(), "n");
      EXPECT_STREQ(error.what(), "the value for column 'n' is outside of what int2 can hold");
    }
    try {
      co_await copy.write(2, std::string("1970-01-02"));
      ADD_FAILURE() << "no error";
    } catch (const EncodeError& error) {
      EXPECT_EQ(error.column(), "day");
      EXPECT_THAT(error.what(), HasSubstr("column 'day' is date"));
    }
    EXPECT_THROW((void)copy.write(3), UsageError);
    EXPECT_THROW((void)copy.write(3, day, 4), UsageError);
    co_await copy.write(5, day);
    EXPECT_EQ(co_await copy.finish(), 2U);
    EXPECT_EQ(co_await connection.fetch_one<std::int64_t>("select sum(n) from narrow"), 6);
  });
}

TEST_F(CopyTest, StructWhoseMembersAreNotTheColumnsIsRefused) {
  run([&]() -> Awaitable<void> {
    Connection connection = co_await connect();
    const CopyTarget target("readings", {"id", "celsius", "place"});
    CopyWriter copy = co_await connection.copy_rows(target);
    const Reading row;
    try {
      co_await copy.write_row(row);
      ADD_FAILURE() << "no error";
    } catch (const UsageError& error) {
      EXPECT_THAT(error.what(), HasSubstr("'place' where column 'celsius'"));
    }
  });
}

TEST_F(CopyTest, ErrorOfTheServerComesAtTheEndWithNothingCopied) {
  run([&]() -> Awaitable<void> {
    Connection connection = co_await connect();
    CopyIn copy = co_await connection.copy_in("copy readings from stdin");
    co_await copy.write("1\tOslo\t\\N\nnine\tRio\t\\N\n");
    // Far more than any buffer holds: the server throws away what comes after its error.
    for (int i = 0; i < 100; ++i) co_await copy.write(std::string(100'000, 'x'));
    EXPECT_TRUE(co_await error_of<DataError>(copy.finish()));
    EXPECT_TRUE(co_await error_of<UsageError>(copy.finish())) << "it has ended";
    EXPECT_EQ(co_await all(connection), "");
    EXPECT_EQ(recorder_.queries[0].sqlstate, "22P02");
  });
}

TEST_F(CopyTest, UniqueViolationIsTyped) {
  run([&]() -> Awaitable<void> {
    Connection connection = co_await connect();
    const CopyTarget target = CopyTarget::of<Reading>("readings");
    CopyWriter copy = co_await connection.copy_rows(target);
    co_await copy.write(1, "Oslo", 1.0);
    co_await copy.write(1, "Rio", 2.0);
    const auto twice = co_await error_of<UniqueViolation>(copy.finish());
    EXPECT_TRUE(twice);
    EXPECT_EQ(twice->constraint(), "readings_pkey");
  });
}

TEST_F(CopyTest, InvalidUtf8IsTheServersError) {
  run([&]() -> Awaitable<void> {
    Connection connection = co_await connect();
    const CopyTarget target = CopyTarget::of<Reading>("readings");
    CopyWriter copy = co_await connection.copy_rows(target);
    co_await copy.write(1, "\xff\xfe", 1.0);
    const auto refused = co_await error_of<DataError>(copy.finish());
    EXPECT_TRUE(refused);
    EXPECT_EQ(refused->sqlstate(), "22021") << "character_not_in_repertoire";
  });
}

TEST_F(CopyTest, MissingTableIsTheServersErrorAndTheConnectionGoesOn) {
  run([&]() -> Awaitable<void> {
    Connection connection = co_await connect();
    EXPECT_TRUE(co_await error_of<StatementError>(connection.copy_in("copy nowhere from stdin")));
    const CopyTarget target("nowhere; drop table readings");
    EXPECT_TRUE(co_await error_of<StatementError>(connection.copy_rows(target)));
    EXPECT_EQ(co_await all(connection), "");
  });
}

TEST_F(CopyTest, CopyInLeftUnfinishedCopiesNothing) {
  run([&]() -> Awaitable<void> {
    Connection connection = co_await connect();
    const std::uint32_t pid = connection.backend_pid();
    for (int i = 0; i < 10; ++i) {
      {
        CopyIn copy = co_await connection.copy_in("copy readings from stdin");
        for (int row = 0; row < i; ++row) co_await copy.write(std::to_string(row) + "\tOslo\t\\N\n");
      }
      EXPECT_EQ(co_await all(connection), "");
    }
    EXPECT_EQ(connection.backend_pid(), pid);
  });
}

TEST_F(CopyTest, StatementBesideAnOpenCopyIsRefusedAndTheCopyGoesOn) {
  run([&]() -> Awaitable<void> {
    Connection connection = co_await connect();
    CopyIn copy = co_await connection.copy_in("copy readings from stdin");
    EXPECT_TRUE(co_await error_of<UsageError>(connection.query("select 1")));
    co_await copy.write("1\tOslo\t\\N\n");
    EXPECT_EQ(co_await copy.finish(), 1U);
  });
}

TEST_F(CopyTest, DeadlineOfACopyInWhoseServerStopsReading) {
  run([&]() -> Awaitable<void> {
    Connection connection = co_await connect();
    co_await connection.execute_script(
        "create function slow() returns trigger language plpgsql as "
        "$$ begin perform pg_sleep(30); return new; end $$;"
        "create trigger slow before insert on readings for each row execute function slow()");
    const auto start = std::chrono::steady_clock::now();
    CopyIn copy = co_await connection.copy_in({"copy readings from stdin", Deadline::after(200ms)});
    const auto late = co_await error_of<DeadlineExceeded>([](CopyIn& c) -> Awaitable<void> {
      const std::string row = "1\t" + std::string(100'000, 'x') + "\t\\N\n";
      for (;;) co_await c.write(row);
    }(copy));
    EXPECT_TRUE(late);
    co_await connection.execute("drop trigger slow on readings");
    EXPECT_EQ(co_await all(connection), "");
    EXPECT_LT(std::chrono::steady_clock::now() - start, 5s);
  });
}

TEST_F(CopyTest, StatementThatIsNoCopyIsRefused) {
  run([&]() -> Awaitable<void> {
    Connection connection = co_await connect();
    EXPECT_TRUE(co_await error_of<UsageError>(connection.copy_in("select 1")));
    EXPECT_TRUE(co_await error_of<UsageError>(connection.copy_in("copy readings to stdout")));
    EXPECT_TRUE(co_await error_of<UsageError>(connection.copy_out("copy readings from stdin")));
    EXPECT_EQ(co_await all(connection), "");
  });
}

TEST_F(CopyTest, OutAsRawRows) {
  run([&]() -> Awaitable<void> {
    Connection connection = co_await connect();
    co_await connection.execute("insert into readings values (1, 'Oslo', -3.5), (2, 'Rio', null)");
    CopyOut copy = co_await connection.copy_out("copy readings to stdout (format csv)");
    std::vector<std::string> rows;
    while (const auto row = co_await copy.next()) rows.emplace_back(*row);
    EXPECT_THAT(rows, ElementsAre("1,Oslo,-3.5\n", "2,Rio,\n"));
    EXPECT_EQ(co_await connection.fetch_one<int>("select 7"), 7);
  });
}

TEST_F(CopyTest, OutAsTypedRows) {
  run([&]() -> Awaitable<void> {
    Connection connection = co_await connect();
    co_await connection.execute("insert into readings values (1, 'Oslo', -3.5), (2, 'Rio', null)");
    auto rows = co_await connection.copy_out_rows<Reading>("select celsius, id, place from readings order by id");
    const Reading oslo{1, "Oslo", -3.5};
    const Reading rio{2, "Rio", std::nullopt};
    EXPECT_EQ(co_await rows.next(), oslo);
    EXPECT_THAT(co_await rows.next_batch(10), ElementsAre(rio));
    EXPECT_THAT(co_await rows.next_batch(10), IsEmpty());
    auto none = co_await connection.copy_out_rows<Reading>("select * from readings where false");
    EXPECT_FALSE((co_await none.next()).has_value());
    const auto wrong = co_await error_of<DecodeError>(connection.copy_out_rows<Reading>("select id from readings"));
    EXPECT_TRUE(wrong);
    EXPECT_EQ(wrong->column(), "place");
    EXPECT_EQ(co_await connection.fetch_one<int>("select 7"), 7);
  });
}

TEST_F(CopyTest, OutBrokenOffCancelsAndTheConnectionIsReused) {
  run([&]() -> Awaitable<void> {
    Connection connection = co_await connect();
    const std::uint32_t pid = connection.backend_pid();
    for (int i = 0; i < 10; ++i) {
      {
        auto rows = co_await connection.copy_out_rows<std::int64_t>("select generate_series(1, 1000000000)::int8");
        for (int read = 0; read < i; ++read) co_await rows.next();
      }
      EXPECT_EQ(co_await connection.fetch_one<int>("select $1", i), i);
    }
    EXPECT_EQ(connection.backend_pid(), pid);
  });
}

TEST_F(CopyTest, ErrorAndDeadlineInTheMiddleOfCopyOut) {
  run([&]() -> Awaitable<void> {
    Connection connection = co_await connect();
    {
      auto rows = co_await connection.copy_out_rows<int>("select 10 / (3 - i) from generate_series(1, 5) i");
      EXPECT_EQ(co_await rows.next(), 5);
      EXPECT_EQ(co_await rows.next(), 10);
      EXPECT_TRUE(co_await error_of<DataError>(rows.next()));
    }
    {
      // Rows larger than the server's output buffer: the second one pushes the first one out.
      CopyOut copy =
          co_await connection.copy_out({"copy (select repeat('x', 20000) from generate_series(1, 3) i, "
                                        "lateral (select pg_sleep(case i when 3 then 30 else 0 end)) s) to stdout",
                                        Deadline::after(500ms)});
      EXPECT_EQ((co_await copy.next())->size(), 20'001U) << "with its newline";
      const auto late = co_await error_of<DeadlineExceeded>([](CopyOut& c) -> Awaitable<void> {
        while (co_await c.next()) continue;
      }(copy));
      EXPECT_TRUE(late);
    }
    EXPECT_EQ(co_await connection.fetch_one<int>("select 7"), 7);
  });
}

TEST_F(CopyTest, ServerGoneInTheMiddleIsATypedError) {
  run([&]() -> Awaitable<void> {
    Connection connection = co_await connect();
    Connection other = co_await test::connect(dsn_);
    CopyIn copy = co_await connection.copy_in("copy readings from stdin");
    const auto pid = static_cast<std::int32_t>(connection.backend_pid());
    co_await other.query("select pg_terminate_backend($1)", pid);
    // A server that always finds more to read looks at the signal only after the COPY.
    while (co_await other.fetch_one<bool>("select exists (select from pg_stat_activity where pid = $1)", pid))
      co_await test::sleep_for(5ms);
    const auto gone = co_await error_of<Error>([](CopyIn& c) -> Awaitable<void> {
      for (int i = 0; i < 200; ++i) co_await c.write(std::string(100'000, 'x'));
      co_await c.finish();
    }(copy));
    EXPECT_TRUE(gone);
    EXPECT_TRUE(connection.is_broken());
  });
}

TEST_F(CopyTest, ObserverSeesRowsAndBytes) {
  run([&]() -> Awaitable<void> {
    Connection connection = co_await connect();
    const std::string text = "copy readings from stdin";
    CopyIn in = co_await connection.copy_in("copy readings from stdin");
    co_await in.write("1\tOslo\t\\N\n");
    co_await in.finish();
    CopyOut out = co_await connection.copy_out("copy readings to stdout");
    while (co_await out.next()) continue;
    EXPECT_EQ(recorder_.queries.size(), 2U);
    EXPECT_EQ(recorder_.queries[0].protocol, trace::Protocol::copy);
    EXPECT_EQ(recorder_.queries[0].rows, 1U);
    EXPECT_EQ(recorder_.queries[0].bytes_sent, text.size() + 10) << "1, tab, Oslo, tab, \\N, newline";
    EXPECT_EQ(recorder_.queries[1].rows, 1U);
    EXPECT_EQ(recorder_.queries[1].bytes_received, 10U);
  });
}

}  // namespace
}  // namespace quell::db
