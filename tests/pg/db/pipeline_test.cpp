#include <quell/db/pipeline.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <quell/db/transact.hpp>

#include "tests/pg/db/recorder.hpp"
#include "tests/pg/db/support.hpp"
#include "tests/pg/support/cluster.hpp"

namespace quell::db {
namespace {

using namespace std::chrono_literals;
using test::error_of;
using test::Recorder;
using test::run;
using testing::HasSubstr;

class PipelineTest : public testing::TestWithParam<std::size_t> {
 protected:
  Awaitable<Connection> connect() {
    ConnectParams params(dsn_);
    params.observer = recorder_.observer();
    params.statement_cache = GetParam();
    Connection connection = co_await Connection::open(std::move(params));
    co_return connection;
  }
  std::string dsn_ = quell::test::fresh_database();
  Recorder recorder_;
};

// Statement caches: off, smaller than the pipeline's statements, the default.
INSTANTIATE_TEST_SUITE_P(Caches, PipelineTest, testing::Values(0, 2, 100),
                         [](const auto& tested) { return "Cache" + std::to_string(tested.param); });

TEST_P(PipelineTest, EachSlotGetsItsOwnAnswer) {
  run([&]() -> Awaitable<void> {
    Connection connection = co_await connect();
    for (int round = 0; round < 3; ++round) {
      Pipeline pipeline(connection);
      const auto number = pipeline.add<int>("select $1 + 1", round);
      const auto text = pipeline.add<std::string>("select $1 || '!'", "hi");
      const auto rows = pipeline.add<std::tuple<int, int>>("select i, i * i from generate_series(1, 3) i");
      const auto raw = pipeline.add("select 4 as four");
      const auto again = pipeline.add<int>("select $1 + 1", round + 10);
      co_await pipeline.run();
      EXPECT_EQ(number.one(), round + 1);
      EXPECT_EQ(text.one(), "hi!");
      EXPECT_EQ(rows.get()[2], (std::tuple<int, int>(3, 9)));
      EXPECT_EQ(raw.get()[0]["four"].as<int>(), 4);
      EXPECT_EQ(again.one(), round + 11);
    }
    EXPECT_EQ(co_await connection.fetch_one<int>("select 7"), 7) << "pipeline mode has ended";
  });
}

TEST_P(PipelineTest, ErrorAtAnyPositionLeavesTheOthersOfAnIndependentPipeline) {
  run([&]() -> Awaitable<void> {
    Connection connection = co_await connect();
    co_await connection.execute("create table t (a int)");
    constexpr int kCount = 5;
    for (int failing = 0; failing < kCount; ++failing) {
      for (const bool at_parse : {false, true}) {
        co_await connection.execute("truncate t");
        Pipeline pipeline(connection);
        std::vector<PipelineSlot<Result>> slots;
        for (int i = 0; i < kCount; ++i) {
          if (i != failing) {
            slots.push_back(pipeline.add("insert into t values ($1)", i));
          } else if (at_parse) {
            slots.push_back(pipeline.add("select no_such_column"));
          } else {
            slots.push_back(pipeline.add("select 1 / $1", 0));
          }
        }
        co_await pipeline.run();
        for (int i = 0; i < kCount; ++i) {
          if (i == failing) {
            EXPECT_THROW((void)slots[static_cast<std::size_t>(i)].get(), ServerError);
          } else {
            EXPECT_EQ(slots[static_cast<std::size_t>(i)].get().affected(), 1U);
          }
        }
        EXPECT_EQ(co_await connection.fetch_one<std::int64_t>("select count(*) from t"), kCount - 1);
      }
    }
  });
}

TEST_P(PipelineTest, ErrorInAnAtomicPipelineUndoesAll) {
  run([&]() -> Awaitable<void> {
    Connection connection = co_await connect();
    co_await connection.execute("create table t (a int)");
    Pipeline pipeline(connection);
    pipeline.add("insert into t values (1)");
    const auto failed = pipeline.add("select 1 / $1", 0);
    const auto skipped = pipeline.add("insert into t values (2)");
    EXPECT_TRUE(co_await error_of<DataError>(pipeline.run(PipelineMode::atomic)));
    EXPECT_THROW((void)failed.get(), DataError);
    EXPECT_THROW((void)skipped.get(), InFailedTransaction);
    EXPECT_EQ(co_await connection.fetch_one<std::int64_t>("select count(*) from t"), 0);

    Pipeline good(connection);
    good.add("insert into t values (1)");
    good.add("insert into t values (2)");
    co_await good.run(PipelineMode::atomic);
    EXPECT_EQ(co_await connection.fetch_one<std::int64_t>("select sum(a) from t"), 3);
  });
}

TEST_P(PipelineTest, AThousandLargeStatementsDoNotDeadlock) {
  run([&]() -> Awaitable<void> {
    Connection connection = co_await connect();
    const std::string large(64 * 1024, 'x');
    Pipeline pipeline(connection);
    std::vector<PipelineSlot<std::string>> slots;
    for (int i = 0; i < 1000; ++i) slots.push_back(pipeline.add<std::string>("select $1 || ''", large));
    co_await pipeline.run();
    EXPECT_EQ(slots.front().one(), large);
    EXPECT_EQ(slots.back().one(), large);
  });
}

TEST_P(PipelineTest, DeadlineInTheMiddleIsDrained) {
  run([&]() -> Awaitable<void> {
    Connection connection = co_await connect();
    for (const PipelineMode mode : {PipelineMode::independent, PipelineMode::atomic}) {
      Pipeline pipeline(connection);
      const auto first = pipeline.add<int>({"select 1", Deadline::after(100ms)});
      pipeline.add("select pg_sleep(30)");
      const auto last = pipeline.add<int>("select 3");
      EXPECT_TRUE(co_await error_of<DeadlineExceeded>(pipeline.run(mode)));
      // The server keeps the answers of an atomic pipeline until its Sync.
      if (mode == PipelineMode::independent) EXPECT_EQ(first.one(), 1);
      if (mode == PipelineMode::atomic) EXPECT_THROW((void)first.one(), UsageError);
      EXPECT_THROW((void)last.one(), UsageError) << "never answered";
      EXPECT_EQ(co_await connection.fetch_one<int>("select 7"), 7);
    }
  });
}

TEST_P(PipelineTest, StatementThatCannotBeSentStopsAllBeforeAnythingIs) {
  run([&]() -> Awaitable<void> {
    Connection connection = co_await connect();
    co_await connection.execute("create table t (a text)");
    Pipeline pipeline(connection);
    pipeline.add("insert into t values ('x')");
    pipeline.add("insert into t values ($1)", std::string("a\0b", 3));
    EXPECT_TRUE(co_await error_of<UsageError>(pipeline.run()));
    EXPECT_EQ(co_await connection.fetch_one<std::int64_t>("select count(*) from t"), 0);
  });
}

TEST_P(PipelineTest, ObserverSeesOneBatch) {
  run([&]() -> Awaitable<void> {
    Connection connection = co_await connect();
    Pipeline pipeline(connection);
    pipeline.add("select 1");
    const std::uint32_t line = __LINE__ + 1;
    pipeline.add("select $1", "b");
    co_await pipeline.run();
    EXPECT_EQ(recorder_.queries.size(), 2U);
    EXPECT_EQ(recorder_.queries[0].protocol, trace::Protocol::pipelined);
    EXPECT_NE(recorder_.queries[0].batch, 0U);
    EXPECT_EQ(recorder_.queries[0].batch, recorder_.queries[1].batch);
    EXPECT_EQ(recorder_.queries[1].line, line);
    EXPECT_THAT(recorder_.queries[1].parameters, testing::ElementsAre("b"));
    Pipeline next(connection);
    next.add("select 1");
    co_await next.run();
    EXPECT_NE(recorder_.queries[2].batch, recorder_.queries[0].batch);
  });
}

class TransactTest : public testing::Test {
 protected:
  PoolParams params() {
    PoolParams params;
    params.connect = ConnectParams(dsn_);
    return params;
  }
  std::string dsn_ = quell::test::fresh_database();
};

TEST_F(TransactTest, CommitsAndGivesTheBodysValue) {
  run([&]() -> Awaitable<void> {
    Pool pool(co_await boost::asio::this_coro::executor, params());
    const int value = co_await transact(pool, {}, [&](Connection& connection) -> Awaitable<int> {
      co_await connection.execute("create table t (a int)");
      co_return 5;
    });
    EXPECT_EQ(value, 5);
    Lease lease = co_await pool.acquire();
    EXPECT_EQ(co_await lease->fetch_one<std::int64_t>("select count(*) from t"), 0);
  });
}

TEST_F(TransactTest, RepeatsAfterARealSerializationFailure) {
  run([&]() -> Awaitable<void> {
    Pool pool(co_await boost::asio::this_coro::executor, params());
    Lease other = co_await pool.acquire();
    co_await other->execute_script("create table t (a int); insert into t values (1)");
    int runs = 0;
    const TransactOptions options{.transaction = {.isolation = Isolation::repeatable_read}};
    co_await transact(pool, options, [&](Connection& connection) -> Awaitable<void> {
      ++runs;
      const int seen = co_await connection.fetch_one<int>("select a from t");
      if (runs == 1) co_await other->execute("update t set a = a + 10");  // behind our snapshot's back
      co_await connection.execute("update t set a = $1", seen + 1);
    });
    EXPECT_EQ(runs, 2);
    EXPECT_EQ(co_await other->fetch_one<int>("select a from t"), 12);
  });
}

TEST_F(TransactTest, GivesUpAfterTheLastAttemptAndDoesNotRepeatOtherErrors) {
  run([&]() -> Awaitable<void> {
    Pool pool(co_await boost::asio::this_coro::executor, params());
    int runs = 0;
    const TransactOptions options{.attempts = 3, .backoff = 1ms};
    const auto failing = [&](Connection& connection) -> Awaitable<void> {
      ++runs;
      co_await connection.execute("do $$ begin raise exception 'no' using errcode = '40001'; end $$");
    };
    EXPECT_TRUE(co_await error_of<SerializationFailure>(transact(pool, options, failing)));
    EXPECT_EQ(runs, 3);
    const auto wrong = [&](Connection& connection) -> Awaitable<void> {
      ++runs;
      co_await connection.execute("select 1 / 0");
    };
    EXPECT_TRUE(co_await error_of<DataError>(transact(pool, options, wrong)));
    EXPECT_EQ(runs, 4);
  });
}

}  // namespace
}  // namespace quell::db
