#include <quell/db/connection.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/describe/class.hpp>

#include "tests/pg/db/support.hpp"
#include "tests/pg/support/cluster.hpp"

namespace quell::db {
namespace {

using namespace std::chrono_literals;
using test::error_of;
using test::run;
using testing::HasSubstr;

struct Person {
  std::int64_t id = 0;
  std::string name;
  std::optional<std::int32_t> age;
};
BOOST_DESCRIBE_STRUCT(Person, (), (id, name, age))

class ConnectionTest : public testing::Test {
 protected:
  std::string dsn_ = quell::test::fresh_database();
};

TEST_F(ConnectionTest, BindsValuesAndReadsRows) {
  run([&]() -> Awaitable<void> {
    Connection connection = co_await test::connect(dsn_);
    const Result result =
        co_await connection.query("select $1 + 1, $2 || '!', $3::int is null", 41, "hi", std::optional<int>());
    EXPECT_EQ(result.size(), 1U);
    EXPECT_EQ(result[0][0].as<int>(), 42);
    EXPECT_EQ(result[0][1].as<std::string>(), "hi!");
    EXPECT_TRUE(result[0][2].as<bool>());
  });
}

TEST_F(ConnectionTest, RowsBecomeStructsByName) {
  run([&]() -> Awaitable<void> {
    Connection connection = co_await test::connect(dsn_);
    const auto people = co_await connection.fetch<Person>(
        "select null::int4 as age, 'Ada' as name, 1::int8 as id union all select 36, 'Bob', 2 order by id");
    EXPECT_EQ(people.size(), 2U);
    EXPECT_EQ(people[0].id, 1);
    EXPECT_EQ(people[0].name, "Ada");
    EXPECT_FALSE(people[0].age.has_value());
    EXPECT_EQ(people[1].age, 36);
  });
}

TEST_F(ConnectionTest, MissingAndExtraColumnsAreNamed) {
  run([&]() -> Awaitable<void> {
    Connection connection = co_await test::connect(dsn_);
    const auto missing = co_await error_of<DecodeError>(connection.fetch<Person>("select 1::int8 as id, 2 as age"));
    EXPECT_TRUE(missing);
    EXPECT_EQ(missing->column(), "name");
    EXPECT_THAT(missing->what(), HasSubstr("no column 'name'"));
    const auto extra = co_await error_of<DecodeError>(
        connection.fetch<Person>("select 1::int8 as id, 2 as age, 'x' as name, 4 as height"));
    EXPECT_TRUE(extra);
    EXPECT_EQ(extra->column(), "height");
  });
}

TEST_F(ConnectionTest, WrongTypeNamesColumnRowAndTypes) {
  run([&]() -> Awaitable<void> {
    Connection connection = co_await test::connect(dsn_);
    const Result result = co_await connection.query("select 1::int8 as big, null::int4 as hole");
    try {
      (void)result[0]["big"].as<std::int32_t>();
      ADD_FAILURE() << "no error";
    } catch (const DecodeError& error) {
      EXPECT_EQ(error.column(), "big");
      EXPECT_EQ(error.expected(), "int");
      EXPECT_EQ(error.actual(), "int8");
      EXPECT_EQ(error.row(), 0U);
    }
    EXPECT_THROW((void)result[0]["hole"].as<int>(), DecodeError);
    EXPECT_EQ(result[0]["hole"].as<std::optional<int>>(), std::nullopt);
    EXPECT_THROW((void)result[0]["none"], DecodeError);
  });
}

TEST_F(ConnectionTest, TuplesAreReadByPosition) {
  run([&]() -> Awaitable<void> {
    Connection connection = co_await test::connect(dsn_);
    const auto pair = co_await connection.fetch_one<std::tuple<int, std::string>>("select 7, 'seven'");
    EXPECT_EQ(pair, (std::tuple<int, std::string>(7, "seven")));
    const auto wrong = co_await error_of<DecodeError>(connection.fetch_one<std::tuple<int, int>>("select 7"));
    EXPECT_TRUE(wrong);
    EXPECT_THAT(wrong->what(), HasSubstr("1 columns where 2"));
  });
}

TEST_F(ConnectionTest, OneRowIsOne) {
  run([&]() -> Awaitable<void> {
    Connection connection = co_await test::connect(dsn_);
    EXPECT_EQ(co_await connection.fetch_optional<int>("select 1 where false"), std::nullopt);
    EXPECT_TRUE(co_await error_of<DecodeError>(connection.fetch_one<int>("select 1 where false")));
    EXPECT_TRUE(co_await error_of<DecodeError>(connection.fetch_optional<int>("select generate_series(1, 2)")));
  });
}

TEST_F(ConnectionTest, ErrorsComeBySqlstateAndTheConnectionGoesOn) {
  run([&]() -> Awaitable<void> {
    Connection connection = co_await test::connect(dsn_);
    co_await connection.execute_script(
        "create table a (id int primary key); create table b (a_id int not null references a, n int check (n > 0))");
    EXPECT_EQ(co_await connection.execute("insert into a values ($1), ($2)", 1, 2), 2U);
    const auto unique = co_await error_of<UniqueViolation>(connection.execute("insert into a values ($1)", 1));
    EXPECT_TRUE(unique);
    EXPECT_EQ(unique->constraint(), "a_pkey");
    EXPECT_EQ(unique->sqlstate(), "23505");
    EXPECT_TRUE(co_await error_of<ForeignKeyViolation>(connection.execute("insert into b values ($1, 1)", 9)));
    EXPECT_TRUE(co_await error_of<NotNullViolation>(connection.execute("insert into b values (null, 1)")));
    EXPECT_TRUE(co_await error_of<CheckViolation>(connection.execute("insert into b values (1, -1)")));
    EXPECT_TRUE(co_await error_of<StatementError>(connection.execute("selec 1")));
    EXPECT_TRUE(co_await error_of<DataError>(connection.execute("select 1 / $1", 0)));
    EXPECT_EQ(co_await connection.fetch_one<int>("select 5"), 5);
  });
}

TEST_F(ConnectionTest, StatementsArePreparedOnceAndTheOldestLeave) {
  run([&]() -> Awaitable<void> {
    ConnectParams params(dsn_);
    params.statement_cache = 2;
    Connection connection = co_await Connection::open(std::move(params));
    for (int i = 0; i < 3; ++i) EXPECT_EQ(co_await connection.fetch_one<int>("select $1 + 1", i), i + 1);
    co_await connection.query("select 'b'");
    co_await connection.query("select $1 + 1", 7);  // used again: 'b' is the oldest now
    co_await connection.query("select 'c'");
    // This statement itself takes the place of "select $1 + 1", which goes in the same round trip.
    const auto names =
        co_await connection.fetch<std::string>("select statement from pg_prepared_statements order by 1");
    EXPECT_THAT(names, testing::ElementsAre("select 'c'", "select statement from pg_prepared_statements order by 1"));
  });
}

TEST_F(ConnectionTest, OneTextWithOtherTypesIsAnotherStatement) {
  run([&]() -> Awaitable<void> {
    Connection connection = co_await test::connect(dsn_);
    EXPECT_EQ(co_await connection.fetch_one<std::string>("select pg_typeof($1)::text", std::int32_t{1}), "integer");
    EXPECT_EQ(co_await connection.fetch_one<std::string>("select pg_typeof($1)::text", std::int64_t{1}), "bigint");
    EXPECT_EQ(co_await connection.fetch_one<std::string>("select pg_typeof($1)::text", true), "boolean");
  });
}

TEST_F(ConnectionTest, CacheOfSizeZeroPreparesNothing) {
  run([&]() -> Awaitable<void> {
    ConnectParams params(dsn_);
    params.statement_cache = 0;
    Connection connection = co_await Connection::open(std::move(params));
    for (int i = 0; i < 3; ++i) EXPECT_EQ(co_await connection.fetch_one<int>("select $1 + 1", i), i + 1);
    EXPECT_EQ(co_await connection.fetch_one<std::int64_t>("select count(*) from pg_prepared_statements"), 0);
  });
}

TEST_F(ConnectionTest, PlanInvalidatedByAlterTableRecoversOnTheNextCall) {
  run([&]() -> Awaitable<void> {
    Connection connection = co_await test::connect(dsn_);
    co_await connection.execute_script("create table t (a int); insert into t values (1)");
    co_await connection.query("select * from t");
    co_await connection.execute_script("alter table t add column b int default 2");
    EXPECT_TRUE(co_await error_of<StalePlan>(connection.query("select * from t")));
    const Result result = co_await connection.query("select * from t");
    EXPECT_EQ(result.columns(), 2U);
    EXPECT_EQ(result[0]["b"].as<int>(), 2);
  });
}

TEST_F(ConnectionTest, TransactionCommitsAndRollsBack) {
  run([&]() -> Awaitable<void> {
    Connection connection = co_await test::connect(dsn_);
    co_await connection.execute("create table t (a int)");
    {
      Transaction transaction = co_await connection.begin();
      co_await connection.execute("insert into t values (1)");
      co_await transaction.commit();
      EXPECT_TRUE(co_await error_of<UsageError>(transaction.commit()));
    }
    {
      Transaction transaction = co_await connection.begin();
      co_await connection.execute("insert into t values (2)");
      co_await transaction.rollback();
    }
    {
      const Transaction dropped = co_await connection.begin();
      co_await connection.execute("insert into t values (3)");
    }
    EXPECT_EQ(co_await connection.fetch_one<std::int64_t>("select sum(a) from t"), 1);
    EXPECT_FALSE(connection.in_transaction());
  });
}

TEST_F(ConnectionTest, TransactionOptionsReachTheServer) {
  run([&]() -> Awaitable<void> {
    Connection connection = co_await test::connect(dsn_);
    Transaction transaction =
        co_await connection.begin({.isolation = Isolation::serializable, .read_only = true, .deferrable = true});
    EXPECT_EQ(co_await connection.fetch_one<std::string>("select current_setting('transaction_isolation')"),
              "serializable");
    EXPECT_EQ(co_await connection.fetch_one<std::string>("select current_setting('transaction_read_only')"), "on");
    EXPECT_EQ(co_await connection.fetch_one<std::string>("select current_setting('transaction_deferrable')"), "on");
    EXPECT_TRUE(co_await error_of<UsageError>(connection.begin()));
    co_await transaction.rollback();
  });
}

TEST_F(ConnectionTest, CommitOfAFailedTransactionIsAnError) {
  run([&]() -> Awaitable<void> {
    Connection connection = co_await test::connect(dsn_);
    Transaction transaction = co_await connection.begin();
    EXPECT_TRUE(co_await error_of<DataError>(connection.query("select 1 / 0")));
    EXPECT_TRUE(co_await error_of<InFailedTransaction>(connection.query("select 1")));
    EXPECT_TRUE(co_await error_of<InFailedTransaction>(transaction.commit()));
    EXPECT_EQ(co_await connection.fetch_one<int>("select 1"), 1);
  });
}

TEST_F(ConnectionTest, SavepointUndoesOnlyWhatCameAfterIt) {
  run([&]() -> Awaitable<void> {
    Connection connection = co_await test::connect(dsn_);
    co_await connection.execute("create table t (a int)");
    Transaction transaction = co_await connection.begin();
    co_await connection.execute("insert into t values (1)");
    {
      Savepoint point = co_await connection.savepoint();
      co_await connection.execute("insert into t values (2)");
      EXPECT_TRUE(co_await error_of<DataError>(connection.query("select 1 / 0")));
      co_await point.rollback();
    }
    {
      Savepoint kept = co_await connection.savepoint();
      co_await connection.execute("insert into t values (4)");
      const Savepoint nested = co_await connection.savepoint();
      co_await connection.execute("insert into t values (8)");
      (void)nested;
      co_await connection.execute("insert into t values (16)");
      co_await kept.release();
    }
    {
      const Savepoint dropped = co_await connection.savepoint();
      co_await connection.execute("insert into t values (32)");
    }
    co_await transaction.commit();
    EXPECT_EQ(co_await connection.fetch_one<std::int64_t>("select sum(a) from t"), 1 + 4 + 8 + 16);
  });
}

TEST_F(ConnectionTest, SavepointNeedsATransaction) {
  run([&]() -> Awaitable<void> {
    Connection connection = co_await test::connect(dsn_);
    EXPECT_TRUE(co_await error_of<UsageError>(connection.savepoint()));
  });
}

TEST_F(ConnectionTest, DeadlineCancelsAndTheConnectionIsReused) {
  run([&]() -> Awaitable<void> {
    Connection connection = co_await test::connect(dsn_);
    const std::uint32_t pid = connection.backend_pid();
    const auto start = std::chrono::steady_clock::now();
    EXPECT_TRUE(co_await error_of<DeadlineExceeded>(connection.query({"select pg_sleep(30)", Deadline::after(100ms)})));
    EXPECT_LT(std::chrono::steady_clock::now() - start, 1s) << "the deadline is when the caller gets its answer";
    EXPECT_EQ(co_await connection.fetch_one<int>("select 1"), 1);
    EXPECT_EQ(connection.backend_pid(), pid);
    EXPECT_LT(std::chrono::steady_clock::now() - start, 5s) << "the statement was not cancelled on the server";
  });
}

TEST_F(ConnectionTest, DeadlineInTheMiddleOfAResultIsDrained) {
  run([&]() -> Awaitable<void> {
    Connection connection = co_await test::connect(dsn_);
    for (int i = 0; i < 20; ++i) {
      EXPECT_TRUE(co_await error_of<DeadlineExceeded>(
          connection.query({"select repeat('x', 1000) from generate_series(1, 100000000)",
                            Deadline::after(std::chrono::milliseconds(5 + i))})));
      EXPECT_EQ(co_await connection.fetch_one<int>("select $1", i), i);
    }
  });
}

TEST_F(ConnectionTest, DeadlineOfTheConnectionHoldsForEveryCall) {
  run([&]() -> Awaitable<void> {
    Connection connection = co_await test::connect(dsn_);
    connection.set_deadline(Deadline::after(100ms));
    EXPECT_TRUE(co_await error_of<DeadlineExceeded>(connection.query("select pg_sleep(30)")));
    EXPECT_TRUE(co_await error_of<DeadlineExceeded>(connection.query("select 1"))) << "it has passed";
    connection.set_deadline(Deadline::none());
    EXPECT_EQ(co_await connection.fetch_one<int>("select 1"), 1);
  });
}

TEST_F(ConnectionTest, DeadlineInsideATransactionLeavesItFailedUntilRolledBack) {
  run([&]() -> Awaitable<void> {
    Connection connection = co_await test::connect(dsn_);
    Transaction transaction = co_await connection.begin();
    EXPECT_TRUE(co_await error_of<DeadlineExceeded>(connection.query({"select pg_sleep(30)", Deadline::after(50ms)})));
    EXPECT_TRUE(co_await error_of<InFailedTransaction>(connection.query("select 1")));
    co_await transaction.rollback();
    EXPECT_EQ(co_await connection.fetch_one<int>("select 1"), 1);
  });
}

TEST_F(ConnectionTest, TwoStatementsAtOnceAreRefused) {
  run([&]() -> Awaitable<void> {
    Connection connection = co_await test::connect(dsn_);
    boost::asio::co_spawn(
        co_await boost::asio::this_coro::executor,
        [](Connection& shared) -> Awaitable<void> { co_await shared.query("select pg_sleep(0.2)"); }(connection),
        [](std::exception_ptr error) { EXPECT_FALSE(error); });
    co_await test::sleep_for(50ms);
    EXPECT_TRUE(co_await error_of<UsageError>(connection.query("select 1")));
    co_await test::sleep_for(300ms);
    EXPECT_EQ(co_await connection.fetch_one<int>("select 1"), 1);
  });
}

TEST_F(ConnectionTest, CallSitesAndNamesReachErrorsNotValues) {
  run([&]() -> Awaitable<void> {
    Connection connection = co_await test::connect(dsn_);
    constexpr Statement kNamed{"select 1", "the_one"};
    const auto late = co_await error_of<DeadlineExceeded>(
        connection.query({kNamed, Deadline(std::chrono::steady_clock::now() - 1s)}));
    EXPECT_TRUE(late);
    EXPECT_THAT(late->what(), HasSubstr("the_one"));
  });
}

TEST_F(ConnectionTest, ZeroByteInTextIsRefusedNotCut) {
  run([&]() -> Awaitable<void> {
    Connection connection = co_await test::connect(dsn_);
    const auto refused = co_await error_of<UsageError>(connection.query("select $1", std::string("a\0b", 3)));
    EXPECT_TRUE(refused);
    EXPECT_THAT(refused->what(), HasSubstr("$1"));
    EXPECT_EQ(co_await connection.fetch_one<std::string>("select $1", "ab"), "ab");
  });
}

TEST_F(ConnectionTest, InvalidUtf8IsTheServersError) {
  run([&]() -> Awaitable<void> {
    Connection connection = co_await test::connect(dsn_);
    EXPECT_TRUE(co_await error_of<DataError>(connection.query("select $1", "\xff\xfe")));
    EXPECT_EQ(co_await connection.fetch_one<int>("select 1"), 1);
  });
}

TEST_F(ConnectionTest, CopyThroughQueryIsRefused) {
  run([&]() -> Awaitable<void> {
    Connection connection = co_await test::connect(dsn_);
    EXPECT_TRUE(co_await error_of<Error>(connection.query("copy (select 1) to stdout")));
    EXPECT_TRUE(connection.is_broken());
  });
}

TEST_F(ConnectionTest, MegabytesBothWays) {
  run([&]() -> Awaitable<void> {
    Connection connection = co_await test::connect(dsn_);
    const std::string large(20'000'000, 'x');
    const std::string back = co_await connection.fetch_one<std::string>("select $1 || 'y'", large);
    EXPECT_EQ(back, large + "y");
  });
}

TEST_F(ConnectionTest, TerminatedBackendIsADisconnect) {
  run([&]() -> Awaitable<void> {
    Connection connection = co_await test::connect(dsn_);
    Connection other = co_await test::connect(dsn_);
    co_await other.query("select pg_terminate_backend($1)", static_cast<std::int32_t>(connection.backend_pid()));
    const auto gone = co_await error_of<Error>(connection.query("select 1"));
    EXPECT_TRUE(gone);
    EXPECT_TRUE(connection.is_broken());
    const auto closed = co_await error_of<ConnectError>(connection.query("select 1"));
    EXPECT_TRUE(closed);
    EXPECT_TRUE(closed->is_disconnect());
  });
}

TEST_F(ConnectionTest, RefusalNamesTheDatabase) {
  run([&]() -> Awaitable<void> {
    const auto refused = co_await error_of<ConnectError>(test::connect(quell::test::cluster().dsn("nowhere")));
    EXPECT_TRUE(refused);
    EXPECT_THAT(refused->what(), HasSubstr("nowhere"));
  });
}

TEST_F(ConnectionTest, StatementTimeoutOfTheServerIsSet) {
  run([&]() -> Awaitable<void> {
    ConnectParams params(dsn_);
    params.statement_timeout = 50ms;
    Connection connection = co_await Connection::open(std::move(params));
    EXPECT_TRUE(co_await error_of<QueryCanceled>(connection.query("select pg_sleep(30)")));
  });
}

}  // namespace
}  // namespace quell::db
