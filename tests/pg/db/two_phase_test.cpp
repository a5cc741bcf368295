#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>

#include "tests/pg/db/support.hpp"
#include "tests/pg/support/cluster.hpp"

namespace quell::db {
namespace {

using test::error_of;
using test::run;

/// A server of its own: prepared transactions are off unless they are asked for at its start.
class TwoPhaseTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    demo::ClusterParams params;
    params.settings = {"max_prepared_transactions=10"};
    cluster_.emplace(demo::PrivateCluster::start(params));
  }
  static void TearDownTestSuite() { cluster_.reset(); }
  TwoPhaseTest() {
    static int serial = 0;
    const std::string name = "two_phase_" + std::to_string(++serial);
    cluster_->create_database(name);
    cluster_->execute(name, "create table t (a int)");
    dsn_ = cluster_->dsn(name);
  }

  /// Inserts `value` in a transaction that is then prepared under `id`.
  static Awaitable<void> prepare(Connection& connection, int value, std::string id) {
    Transaction transaction = co_await connection.begin();
    co_await connection.execute("insert into t values ($1)", value);
    co_await transaction.prepare(std::move(id));
  }

  static inline std::optional<demo::PrivateCluster> cluster_;
  std::string dsn_;
};

TEST_F(TwoPhaseTest, AnotherConnectionCommitsWhatWasPrepared) {
  run([&]() -> Awaitable<void> {
    Connection connection = co_await test::connect(dsn_);
    Connection other = co_await test::connect(dsn_);
    co_await prepare(connection, 1, "it's \\ 1");
    EXPECT_FALSE(connection.in_transaction());
    EXPECT_EQ(co_await other.fetch_one<std::int64_t>("select count(*) from t"), 0);
    const auto waiting = co_await other.prepared_transactions();
    EXPECT_EQ(waiting.size(), 1U);
    EXPECT_EQ(waiting[0].id, "it's \\ 1");
    EXPECT_EQ(waiting[0].owner, co_await other.fetch_one<std::string>("select current_user"));
    EXPECT_LE(waiting[0].prepared_at, co_await other.fetch_one<Timestamp>("select clock_timestamp()"));
    co_await other.commit_prepared("it's \\ 1");
    EXPECT_EQ(co_await connection.fetch_one<std::int64_t>("select count(*) from t"), 1);
    EXPECT_TRUE((co_await connection.prepared_transactions()).empty());
  });
}

TEST_F(TwoPhaseTest, RolledBackPreparedTransactionLeavesNothing) {
  run([&]() -> Awaitable<void> {
    Connection connection = co_await test::connect(dsn_);
    co_await prepare(connection, 1, "a");
    co_await prepare(connection, 2, "b");
    co_await connection.rollback_prepared("a");
    co_await connection.commit_prepared("b");
    EXPECT_EQ(co_await connection.fetch_one<std::int64_t>("select sum(a) from t"), 2);
  });
}

TEST_F(TwoPhaseTest, PreparedTransactionOutlivesItsConnection) {
  run([&]() -> Awaitable<void> {
    {
      Connection connection = co_await test::connect(dsn_);
      co_await prepare(connection, 5, "kept");
    }
    Connection next = co_await test::connect(dsn_);
    co_await next.commit_prepared("kept");
    EXPECT_EQ(co_await next.fetch_one<int>("select a from t"), 5);
  });
}

TEST_F(TwoPhaseTest, UnknownAndDoubleIdentifiersAreTheServersErrors) {
  run([&]() -> Awaitable<void> {
    Connection connection = co_await test::connect(dsn_);
    const auto unknown = co_await error_of<ServerError>(connection.commit_prepared("nobody"));
    EXPECT_TRUE(unknown);
    EXPECT_EQ(unknown->sqlstate(), "42704") << "undefined_object";
    co_await prepare(connection, 1, "twice");
    const auto twice = co_await error_of<ServerError>(prepare(connection, 2, "twice"));
    EXPECT_TRUE(twice);
    EXPECT_EQ(twice->sqlstate(), "42710") << "duplicate_object";
    EXPECT_FALSE(connection.in_transaction());
    co_await connection.commit_prepared("twice");
    EXPECT_EQ(co_await connection.fetch_one<std::int64_t>("select sum(a) from t"), 1);
  });
}

TEST_F(TwoPhaseTest, FailedTransactionCannotBePrepared) {
  run([&]() -> Awaitable<void> {
    Connection connection = co_await test::connect(dsn_);
    Transaction transaction = co_await connection.begin();
    EXPECT_TRUE(co_await error_of<DataError>(connection.query("select 1 / 0")));
    EXPECT_TRUE(co_await error_of<InFailedTransaction>(transaction.prepare("failed")));
    EXPECT_TRUE(co_await error_of<UsageError>(transaction.prepare("failed"))) << "it has ended";
    EXPECT_TRUE((co_await connection.prepared_transactions()).empty());
  });
}

TEST_F(TwoPhaseTest, CommitPreparedInsideATransactionIsTheServersError) {
  run([&]() -> Awaitable<void> {
    Connection connection = co_await test::connect(dsn_);
    co_await prepare(connection, 1, "x");
    {
      const Transaction transaction = co_await connection.begin();
      const auto refused = co_await error_of<ServerError>(connection.commit_prepared("x"));
      EXPECT_TRUE(refused);
      EXPECT_EQ(refused->sqlstate(), "25001") << "active_sql_transaction";
    }
    co_await connection.rollback_prepared("x");
  });
}

TEST(TwoPhase, ServerWithoutPreparedTransactionsSaysWhichSettingIsMissing) {
  run([]() -> Awaitable<void> {
    Connection connection = co_await test::connect(quell::test::fresh_database());
    Transaction transaction = co_await connection.begin();
    const auto refused = co_await error_of<ServerError>(transaction.prepare("x"));
    EXPECT_TRUE(refused);
    EXPECT_EQ(refused->sqlstate(), "55000");
    EXPECT_THAT(refused->diagnostics().hint, testing::HasSubstr("max_prepared_transactions"));
  });
}

}  // namespace
}  // namespace quell::db
