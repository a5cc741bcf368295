#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/pg/db/recorder.hpp"
#include "tests/pg/db/support.hpp"
#include "tests/pg/support/cluster.hpp"

namespace quell::db {
namespace {

using namespace std::chrono_literals;
using test::error_of;
using test::Recorder;
using test::run;
using testing::ElementsAre;
using testing::HasSubstr;

class ObserverTest : public testing::Test {
 protected:
  Awaitable<Connection> connect() {
    ConnectParams params(quell::test::fresh_database());
    params.observer = recorder_.observer();
    Connection connection = co_await Connection::open(std::move(params));
    co_return connection;
  }
  Recorder recorder_;
};

TEST_F(ObserverTest, SeesTextParametersTimesAndTheCallersLine) {
  run([&]() -> Awaitable<void> {
    Connection connection = co_await connect();
    connection.set_scope(9);
    const std::uint32_t line = __LINE__ + 1;
    co_await connection.query("select $1, $2::int8", "abc", std::optional<std::int64_t>());
    EXPECT_EQ(recorder_.queries.size(), 1U);
    const Recorder::Query& query = recorder_.queries[0];
    EXPECT_EQ(query.text, "select $1, $2::int8");
    EXPECT_THAT(query.parameters, ElementsAre("abc", "NULL"));
    EXPECT_THAT(query.types, ElementsAre(0U, 20U));
    EXPECT_EQ(query.scope, 9U);
    EXPECT_EQ(query.connection, 1U);
    EXPECT_EQ(query.line, line);
    EXPECT_THAT(query.file, HasSubstr("observer_test.cpp"));
    EXPECT_EQ(query.rows, 1U);
    EXPECT_EQ(query.state, trace::TransactionState::idle);
    EXPECT_EQ(query.protocol, trace::Protocol::extended);
    EXPECT_GT(query.start, 0);
    EXPECT_GE(query.first_byte, query.start);
    EXPECT_GE(query.complete, query.first_byte);
    EXPECT_GE(query.ready, query.complete);
  });
}

TEST_F(ObserverTest, CallSiteIsTheCallersForEveryKindOfCall) {
  run([&]() -> Awaitable<void> {
    Connection connection = co_await connect();
    constexpr Statement kConstant{"select 1", "constant"};
    const UnsafeStatement text = unsafe_sql("select 2");
    std::vector<std::uint32_t> lines;
    lines.push_back(__LINE__ + 1);
    co_await connection.query(kConstant);
    lines.push_back(__LINE__ + 1);
    co_await connection.fetch_one<int>(text);
    lines.push_back(__LINE__ + 1);
    co_await connection.execute({kConstant, Deadline::after(1s)});
    lines.push_back(__LINE__ + 1);
    Transaction transaction = co_await connection.begin();
    lines.push_back(__LINE__ + 1);
    co_await transaction.commit();
    lines.push_back(__LINE__ + 1);
    co_await connection.execute_script("select 3; select 4");
    std::vector<std::uint32_t> seen;
    for (const auto& query : recorder_.queries) seen.push_back(query.line);
    EXPECT_EQ(seen, lines);
    EXPECT_EQ(recorder_.queries[0].name, "constant");
  });
}

TEST_F(ObserverTest, SeesColumnOriginsAndValues) {
  run([&]() -> Awaitable<void> {
    Connection connection = co_await connect();
    co_await connection.execute_script("create table t (a int4, b text); insert into t values (7, 'x')");
    const auto oid = co_await connection.fetch_one<std::int64_t>("select 't'::regclass::oid");
    recorder_.clear();
    co_await connection.query("select b, a, 1 + 1 from t");
    const Recorder::Query& query = recorder_.queries[0];
    EXPECT_EQ(query.columns.size(), 3U);
    EXPECT_EQ(query.columns[0].table_oid, static_cast<std::uint32_t>(oid));
    EXPECT_EQ(query.columns[0].attribute_number, 2);
    EXPECT_EQ(query.columns[1].attribute_number, 1);
    EXPECT_EQ(query.columns[1].type_oid, 23U);
    EXPECT_EQ(query.columns[1].format, trace::Format::binary);
    EXPECT_EQ(query.columns[2].table_oid, 0U);
    EXPECT_THAT(query.first_row, ElementsAre("x", std::string("\0\0\0\x7", 4), std::string("\0\0\0\x2", 4)));
  });
}

TEST_F(ObserverTest, IdSlotIsKeptWithThePreparedStatement) {
  run([&]() -> Awaitable<void> {
    Connection connection = co_await connect();
    for (int i = 0; i < 2; ++i) co_await connection.query("select $1 + 1", i);
    EXPECT_TRUE(recorder_.queries[0].has_slot);
    EXPECT_EQ(recorder_.queries[0].slot_text_before, 0U);
    EXPECT_EQ(recorder_.queries[1].slot_text_before, recorder_.queries[0].id) << "what the first call left there";
    EXPECT_EQ(recorder_.queries[0].flags & trace::query_flag::kPrepared, 0);
    EXPECT_NE(recorder_.queries[1].flags & trace::query_flag::kPrepared, 0);
  });
}

TEST_F(ObserverTest, SeesFailuresAndTransactionState) {
  run([&]() -> Awaitable<void> {
    Connection connection = co_await connect();
    Transaction transaction = co_await connection.begin();
    EXPECT_TRUE(co_await error_of<DataError>(connection.query("select 1 / 0")));
    EXPECT_TRUE(co_await error_of<InFailedTransaction>(connection.query("select 1")));
    co_await transaction.rollback();
    std::vector<std::string> states;
    std::vector<trace::TransactionState> transactions;
    for (const auto& query : recorder_.queries) {
      states.push_back(query.sqlstate);
      transactions.push_back(query.state);
    }
    using enum trace::TransactionState;
    EXPECT_THAT(states, ElementsAre("", "22012", "25P02", ""));
    EXPECT_THAT(transactions, ElementsAre(in_transaction, failed, failed, idle));
  });
}

TEST_F(ObserverTest, StatementLeftEarlyHasNoEnd) {
  run([&]() -> Awaitable<void> {
    Connection connection = co_await connect();
    EXPECT_TRUE(co_await error_of<DeadlineExceeded>(connection.query({"select pg_sleep(30)", Deadline::after(20ms)})));
    EXPECT_EQ(recorder_.queries.size(), 1U);
    EXPECT_NE(recorder_.queries[0].flags & trace::query_flag::kNoEndSeen, 0);
    EXPECT_EQ(recorder_.queries[0].complete, 0);
  });
}

TEST_F(ObserverTest, ConsumptionSaysWhatWasRead) {
  run([&]() -> Awaitable<void> {
    Connection connection = co_await connect();
    {
      const Result result = co_await connection.query("select i as a, i as b, i as c from generate_series(1, 5) i");
      (void)result[0]["a"].as<int>();
      (void)result[2]["c"].as<int>();
      EXPECT_TRUE(recorder_.consumed.empty()) << "told when the result is dropped";
    }
    EXPECT_EQ(recorder_.consumed.size(), 1U);
    EXPECT_EQ(recorder_.consumed[0].query, recorder_.queries[0].id);
    EXPECT_EQ(recorder_.consumed[0].rows_read, 3U);
    EXPECT_EQ(recorder_.consumed[0].total_rows, 5U);
    EXPECT_THAT(recorder_.consumed[0].columns, ElementsAre(1, 0, 1));
  });
}

TEST_F(ObserverTest, InactiveObserverIsToldNothing) {
  run([&]() -> Awaitable<void> {
    recorder_.on = false;
    Connection connection = co_await connect();
    { const Result result = co_await connection.query("select 1"); }
    EXPECT_TRUE(recorder_.queries.empty());
    EXPECT_TRUE(recorder_.consumed.empty());
    EXPECT_TRUE(recorder_.databases.empty());
    recorder_.on = true;
    { const Result result = co_await connection.query("select 1"); }
    EXPECT_EQ(recorder_.queries.size(), 1U);
    EXPECT_EQ(recorder_.databases.size(), 1U)
        << "a connection older than the recording is announced with its first statement";
    EXPECT_EQ(recorder_.queries[0].connection, 1U);
  });
}

TEST_F(ObserverTest, ConnectionsOpenAndClose) {
  run([&]() -> Awaitable<void> {
    {
      Connection connection = co_await connect();
      EXPECT_THAT(recorder_.databases, ElementsAre(HasSubstr("test_")));
      EXPECT_EQ(recorder_.closed, 0);
    }
    EXPECT_EQ(recorder_.closed, 1);
  });
}

}  // namespace
}  // namespace quell::db
