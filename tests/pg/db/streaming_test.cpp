#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <unistd.h>

#include <fstream>

#include <boost/describe/class.hpp>

#include "tests/pg/db/recorder.hpp"
#include "tests/pg/db/support.hpp"
#include "tests/pg/support/cluster.hpp"

namespace quell::db {
namespace {

struct Numbered {
  std::int32_t n = 0;
  std::string text;
};
BOOST_DESCRIBE_STRUCT(Numbered, (), (n, text))

using namespace std::chrono_literals;
using test::error_of;
using test::Recorder;
using test::run;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

/// Memory of this process that is in RAM.
std::size_t resident_bytes() {
  std::ifstream statm("/proc/self/statm");
  std::size_t total = 0, resident = 0;
  statm >> total >> resident;
  return resident * static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
}

class StreamingTest : public testing::Test {
 protected:
  Awaitable<Connection> observed() {
    ConnectParams params(dsn_);
    params.observer = recorder_.observer();
    Connection connection = co_await Connection::open(std::move(params));
    co_return connection;
  }
  const std::string dsn_ = quell::test::fresh_database();
  Recorder recorder_;
};

TEST_F(StreamingTest, RowsComeOneByOneAndThenTheEnd) {
  run([&]() -> Awaitable<void> {
    Connection connection = co_await test::connect(dsn_);
    auto rows = co_await connection.stream<std::int32_t>("select generate_series(1, $1)", 3);
    EXPECT_EQ(co_await rows.next(), 1);
    EXPECT_EQ(co_await rows.next(), 2);
    EXPECT_EQ(co_await rows.next(), 3);
    EXPECT_EQ(co_await rows.next(), std::nullopt);
    EXPECT_EQ(co_await rows.next(), std::nullopt) << "the end stays the end";
    EXPECT_EQ(co_await connection.fetch_one<int>("select 7"), 7) << "the connection is free";
  });
}

TEST_F(StreamingTest, StructsAreReadByName) {
  run([&]() -> Awaitable<void> {
    Connection connection = co_await test::connect(dsn_);
    auto rows = co_await connection.stream<Numbered>("select 'x' || i as text, i as n from generate_series(1, 2) i");
    const auto first = co_await rows.next();
    EXPECT_EQ(first->text, "x1");
    EXPECT_EQ(first->n, 1);
    const auto rest = co_await rows.next_batch(10);
    EXPECT_EQ(rest.size(), 1U);
    EXPECT_EQ(rest[0].text, "x2");
    EXPECT_THAT(co_await rows.next_batch(10), IsEmpty());
  });
}

TEST_F(StreamingTest, MissingColumnIsNamedAtTheStartEvenWithoutRows) {
  run([&]() -> Awaitable<void> {
    Connection connection = co_await test::connect(dsn_);
    const auto wrong = co_await error_of<DecodeError>(connection.stream<Numbered>("select 1 as n where false"));
    EXPECT_TRUE(wrong);
    EXPECT_EQ(wrong->column(), "text");
    EXPECT_EQ(co_await connection.fetch_one<int>("select 7"), 7);
  });
}

TEST_F(StreamingTest, EmptyResultEndsAtOnce) {
  run([&]() -> Awaitable<void> {
    Connection connection = co_await test::connect(dsn_);
    auto rows = co_await connection.stream<Numbered>("select 1 as n, 'a'::text as text where false");
    EXPECT_FALSE((co_await rows.next()).has_value());
  });
}

TEST_F(StreamingTest, ValueThatDoesNotFitNamesItsRowAndTheStreamGoesOn) {
  run([&]() -> Awaitable<void> {
    Connection connection = co_await test::connect(dsn_);
    auto rows = co_await connection.stream<int>("select nullif(i, 2) from generate_series(1, 3) i");
    EXPECT_EQ(co_await rows.next(), 1);
    const auto wrong = co_await error_of<DecodeError>(rows.next());
    EXPECT_TRUE(wrong);
    EXPECT_EQ(wrong->row(), 1U);
    EXPECT_EQ(co_await rows.next(), 3);
  });
}

TEST_F(StreamingTest, MemoryDoesNotGrowWithTheResult) {
#if defined(__SANITIZE_ADDRESS__)
  GTEST_SKIP() << "AddressSanitizer keeps freed memory back";
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
  GTEST_SKIP() << "AddressSanitizer keeps freed memory back";
#endif
#endif
  run([&]() -> Awaitable<void> {
    Connection connection = co_await test::connect(dsn_);
    const std::size_t before = resident_bytes();
    std::size_t most = before;
    std::int64_t rows_read = 0;
    auto rows = co_await connection.stream<std::string>("select repeat('x', 1000) from generate_series(1, 300000)");
    for (auto batch = co_await rows.next_batch(1000); !batch.empty(); batch = co_await rows.next_batch(1000)) {
      rows_read += static_cast<std::int64_t>(batch.size());
      most = std::max(most, resident_bytes());
    }
    EXPECT_EQ(rows_read, 300'000);
    EXPECT_LT(most - before, 30U << 20) << "of 300 MB that passed through";
  });
}

TEST_F(StreamingTest, ReaderThatStopsStopsTheServer) {
  run([&]() -> Awaitable<void> {
    Connection connection = co_await test::connect(dsn_);
    Connection other = co_await test::connect(dsn_);
    auto rows = co_await connection.stream<std::string>("select repeat('x', 1000) from generate_series(1, 1000000)");
    co_await rows.next();
    const auto pid = static_cast<std::int32_t>(connection.backend_pid());
    std::string waits_for;
    for (int look = 0; look < 200 && waits_for != "ClientWrite"; ++look) {
      co_await test::sleep_for(10ms);
      waits_for = co_await other.fetch_one<std::string>(
          "select coalesce(wait_event, '') from pg_stat_activity where pid = $1", pid);
    }
    EXPECT_EQ(waits_for, "ClientWrite");
  });
}

TEST_F(StreamingTest, BreakingOffEarlyCancelsAndTheConnectionIsReused) {
  run([&]() -> Awaitable<void> {
    Connection connection = co_await test::connect(dsn_);
    const std::uint32_t pid = connection.backend_pid();
    for (int i = 0; i < 20; ++i) {
      {
        auto rows = co_await connection.stream<int>("select generate_series(1, 1000000000)");
        for (int read = 0; read < i; ++read) co_await rows.next();
      }
      EXPECT_EQ(co_await connection.fetch_one<int>("select $1", i), i);
    }
    EXPECT_EQ(connection.backend_pid(), pid);
  });
}

TEST_F(StreamingTest, StatementBesideAnOpenStreamIsRefusedAndTheStreamGoesOn) {
  run([&]() -> Awaitable<void> {
    Connection connection = co_await test::connect(dsn_);
    auto rows = co_await connection.stream<int>("select generate_series(1, 2)");
    const auto refused = co_await error_of<UsageError>(connection.query("select 1"));
    EXPECT_TRUE(refused);
    EXPECT_THAT(refused->what(), HasSubstr("end the stream"));
    EXPECT_EQ(co_await rows.next(), 1);
    EXPECT_EQ(co_await rows.next(), 2);
    EXPECT_EQ(co_await rows.next(), std::nullopt);
  });
}

TEST_F(StreamingTest, ErrorInTheMiddleComesAfterTheRowsBeforeIt) {
  run([&]() -> Awaitable<void> {
    Connection connection = co_await observed();
    auto rows = co_await connection.stream<int>("select 10 / (3 - i) from generate_series(1, 5) i");
    EXPECT_EQ(co_await rows.next(), 5);
    EXPECT_EQ(co_await rows.next(), 10);
    EXPECT_TRUE(co_await error_of<DataError>(rows.next()));
    EXPECT_EQ(co_await connection.fetch_one<int>("select 1"), 1);
    EXPECT_EQ(recorder_.queries[0].sqlstate, "22012");
  });
}

TEST_F(StreamingTest, DeadlineCountsForTheWholeStream) {
  run([&]() -> Awaitable<void> {
    Connection connection = co_await test::connect(dsn_);
    // Rows larger than the server's output buffer: the second one pushes the first one out before the third is made.
    auto rows =
        co_await connection.stream<std::string>({"select repeat('x', 20000) from generate_series(1, 3) i, "
                                                 "lateral (select pg_sleep(case i when 3 then 30 else 0 end)) s",
                                                 Deadline::after(500ms)});
    const auto start = std::chrono::steady_clock::now();
    EXPECT_EQ((co_await rows.next())->size(), 20'000U);
    const auto late = co_await error_of<DeadlineExceeded>([](Stream<std::string>& s) -> Awaitable<void> {
      while (co_await s.next()) continue;
    }(rows));
    EXPECT_TRUE(late);
    EXPECT_EQ(co_await connection.fetch_one<int>("select 1"), 1);
    EXPECT_LT(std::chrono::steady_clock::now() - start, 5s) << "not cancelled on the server";
  });
}

TEST_F(StreamingTest, ServerGoneInTheMiddleIsATypedError) {
  run([&]() -> Awaitable<void> {
    Connection connection = co_await test::connect(dsn_);
    Connection other = co_await test::connect(dsn_);
    auto rows = co_await connection.stream<int>("select generate_series(1, 100000000)");
    co_await other.query("select pg_terminate_backend($1)", static_cast<std::int32_t>(connection.backend_pid()));
    const auto gone = co_await error_of<Error>([](Stream<int>& s) -> Awaitable<void> {
      while (!(co_await s.next_batch(1000)).empty()) continue;
    }(rows));
    EXPECT_TRUE(gone);
    EXPECT_TRUE(connection.is_broken());
  });
}

TEST_F(StreamingTest, TextMadeAtRunTimeNeedNotOutliveTheCall) {
  run([&]() -> Awaitable<void> {
    Connection connection = co_await observed();
    {
      auto rows = co_await connection.stream<int>(unsafe_sql("select generate_series(1, 2)" + std::string(500, ' ')));
      while (co_await rows.next()) continue;
    }
    EXPECT_THAT(recorder_.queries[0].text, HasSubstr("generate_series(1, 2)"));
  });
}

TEST_F(StreamingTest, ObserverSeesOneExecutionWithRowsBytesAndFirstValues) {
  run([&]() -> Awaitable<void> {
    Connection connection = co_await observed();
    const std::uint32_t line = __LINE__ + 1;
    auto rows = co_await connection.stream<int>("select i from generate_series(1, $1) i", 1000);
    while (co_await rows.next()) continue;
    EXPECT_EQ(recorder_.queries.size(), 1U);
    const Recorder::Query& query = recorder_.queries[0];
    EXPECT_EQ(query.line, line);
    EXPECT_EQ(query.rows, 1000U);
    EXPECT_EQ(query.bytes_received, 4000U) << "1000 int4";
    EXPECT_EQ(query.bytes_sent, std::string("select i from generate_series(1, $1) i").size() + 4);
    EXPECT_EQ(query.held_rows, 256U);
    EXPECT_EQ(query.first_column[255], std::string("\0\0\1\0", 4)) << "256";
    EXPECT_EQ(query.flags, 0);
    EXPECT_EQ(recorder_.consumed.size(), 1U);
    EXPECT_EQ(recorder_.consumed[0].rows_read, 1000U);
  });
}

TEST_F(StreamingTest, StreamBrokenOffHasNoEndButItsRows) {
  run([&]() -> Awaitable<void> {
    Connection connection = co_await observed();
    {
      auto rows = co_await connection.stream<int>("select generate_series(1, 1000000000)");
      for (int i = 0; i < 5; ++i) co_await rows.next();
    }
    EXPECT_EQ(recorder_.queries.size(), 1U);
    EXPECT_EQ(recorder_.queries[0].flags & trace::query_flag::kNoEndSeen, trace::query_flag::kNoEndSeen);
    EXPECT_EQ(recorder_.queries[0].rows, 5U);
    EXPECT_EQ(recorder_.queries[0].held_rows, 5U);
  });
}

TEST_F(StreamingTest, LeaseDroppedAfterAStreamWasBrokenOffGivesACleanConnection) {
  run([&]() -> Awaitable<void> {
    PoolParams params;
    params.connect = ConnectParams(dsn_);
    params.pool_size = 1;
    params.max_overflow = 0;
    Pool pool(co_await boost::asio::this_coro::executor, params);
    std::uint32_t pid = 0;
    {
      Lease lease = co_await pool.acquire();
      pid = lease->backend_pid();
      auto rows = co_await lease->stream<int>("select generate_series(1, 1000000000)");
      co_await rows.next();
    }
    Lease lease = co_await pool.acquire();
    EXPECT_EQ(co_await lease->fetch_one<int>("select 3"), 3);
    EXPECT_EQ(lease->backend_pid(), pid);
  });
}

TEST_F(StreamingTest, CursorFetchesOnDemandWithStatementsInBetween) {
  run([&]() -> Awaitable<void> {
    Connection connection = co_await test::connect(dsn_);
    Transaction transaction = co_await connection.begin();
    auto rows = co_await connection.cursor<Numbered>(
        "select i as n, 'x' || i as text from generate_series(1, $1) i order by i", 5);
    auto other = co_await connection.cursor<int>("select generate_series(10, 11)");
    EXPECT_EQ((co_await rows.fetch(2)).size(), 2U);
    EXPECT_EQ(co_await connection.fetch_one<int>("select 7"), 7);
    EXPECT_THAT(co_await other.fetch(5), ElementsAre(10, 11));
    const auto rest = co_await rows.fetch(10);
    EXPECT_EQ(rest.size(), 3U);
    EXPECT_EQ(rest[0].text, "x3");
    EXPECT_THAT(co_await rows.fetch(10), IsEmpty());
    co_await rows.close();
    EXPECT_TRUE(co_await error_of<UsageError>(rows.fetch(1)));
    EXPECT_EQ(co_await connection.fetch_one<std::int64_t>("select count(*) from pg_cursors where name like 'quell%'"),
              1);
    co_await transaction.commit();
  });
}

TEST_F(StreamingTest, CursorNeedsATransactionAndAtLeastOneRow) {
  run([&]() -> Awaitable<void> {
    Connection connection = co_await test::connect(dsn_);
    const auto refused = co_await error_of<UsageError>(connection.cursor<int>("select 1"));
    EXPECT_TRUE(refused);
    EXPECT_THAT(refused->what(), HasSubstr("begin()"));
    const Transaction transaction = co_await connection.begin();
    auto rows = co_await connection.cursor<int>("select 1");
    EXPECT_TRUE(co_await error_of<UsageError>(rows.fetch(0)));
  });
}

TEST_F(StreamingTest, CursorAfterItsTransactionIsTheServersError) {
  run([&]() -> Awaitable<void> {
    Connection connection = co_await test::connect(dsn_);
    Transaction transaction = co_await connection.begin();
    auto rows = co_await connection.cursor<int>("select generate_series(1, 9)");
    co_await rows.fetch(1);
    co_await transaction.commit();
    const auto gone = co_await error_of<ServerError>(rows.fetch(1));
    EXPECT_TRUE(gone);
    EXPECT_EQ(gone->sqlstate(), "34000") << "invalid_cursor_name";
    EXPECT_EQ(co_await connection.fetch_one<int>("select 1"), 1);
  });
}

TEST_F(StreamingTest, ObserverSeesACursorAsOneExecution) {
  run([&]() -> Awaitable<void> {
    Connection connection = co_await observed();
    Transaction transaction = co_await connection.begin();
    recorder_.clear();
    {
      auto rows = co_await connection.cursor<std::int64_t>("select i::int8 from generate_series(1, 5) i");
      while (!(co_await rows.fetch(2)).empty()) continue;
    }
    EXPECT_EQ(recorder_.queries.size(), 1U);
    EXPECT_EQ(recorder_.queries[0].text, "select i::int8 from generate_series(1, 5) i");
    EXPECT_EQ(recorder_.queries[0].rows, 5U);
    EXPECT_EQ(recorder_.queries[0].bytes_received, 40U) << "5 int8";
    EXPECT_EQ(recorder_.queries[0].held_rows, 5U);
    EXPECT_GT(recorder_.queries[0].complete, recorder_.queries[0].start);
    co_await transaction.commit();
  });
}

}  // namespace
}  // namespace quell::db
