#include <quell/db/sync_connection.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/pg/support/cluster.hpp"

namespace quell::db {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using trace::Format;

class SyncConnectionTest : public testing::Test {
 protected:
  std::string dsn_ = test::fresh_database();
  SyncConnection connection_ = SyncConnection::open(dsn_);
};

TEST_F(SyncConnectionTest, BindsTextBinaryAndNull) {
  const SyncResult result = connection_.query(
      "select $1::int4 + $2::int4, $3::text, $3 is null",
      {{23, Format::binary, std::string("\0\0\0\x28", 4)}, {0, Format::text, "2"}, {25, Format::text, std::nullopt}});
  ASSERT_EQ(result.rows(), 1U);
  EXPECT_EQ(result.value(0, 0), "42");
  EXPECT_TRUE(result.is_null(0, 1));
  EXPECT_EQ(result.value(0, 2), "t");
  EXPECT_EQ(result.type_oid(0), 23U);
}

TEST_F(SyncConnectionTest, GivesBinaryResultsWhereAsked) {
  const SyncResult result = connection_.query("select 258::int4", {}, Format::binary);
  EXPECT_EQ(result.value(0, 0), std::string_view("\0\0\1\2", 4));
}

TEST_F(SyncConnectionTest, TellsWhereColumnsComeFrom) {
  connection_.execute("create table t (a int, b int)");
  const SyncResult result = connection_.query("select b, a + 1 from t");
  const SyncResult oid = connection_.query("select 't'::regclass::oid");
  EXPECT_EQ(std::to_string(result.table_oid(0)), oid.value(0, 0));
  EXPECT_EQ(result.attribute_number(0), 2);
  EXPECT_EQ(result.table_oid(1), 0U);
}

TEST_F(SyncConnectionTest, CountsAffectedRows) {
  connection_.execute("create table t (a int); insert into t values (1), (2), (3)");
  EXPECT_EQ(connection_.query("update t set a = a + 1 where a > 1").affected(), 2U);
}

TEST_F(SyncConnectionTest, ServerErrorKeepsItsPartsApartAndTheConnectionUsable) {
  connection_.execute("create table t (a int constraint positive check (a > 0))");
  try {
    connection_.query("insert into t values (-5)");
    FAIL() << "no error";
  } catch (const CheckViolation& error) {
    EXPECT_EQ(error.sqlstate(), "23514");
    EXPECT_EQ(error.constraint(), "positive");
    EXPECT_THAT(error.what(), HasSubstr("23514"));
    EXPECT_THAT(error.diagnostics().detail, HasSubstr("-5"));
    EXPECT_THAT(error.what(), testing::Not(HasSubstr("-5"))) << "values must not be in the sentence";
  }
  EXPECT_EQ(connection_.query("select 1").value(0, 0), "1");
}

TEST_F(SyncConnectionTest, DeadlineCancelsTheStatementAndKeepsTheConnection) {
  const auto start = std::chrono::steady_clock::now();
  EXPECT_THROW(connection_.query("select pg_sleep(30)", {}, Format::text, Deadline::after(100ms)), DeadlineExceeded);
  EXPECT_LT(std::chrono::steady_clock::now() - start, 5s);
  EXPECT_EQ(connection_.query("select 1").value(0, 0), "1");
}

TEST_F(SyncConnectionTest, StatementTimeoutIsTheServersOwn) {
  connection_.set_statement_timeout(50ms);
  EXPECT_THROW(connection_.query("select pg_sleep(30)"), QueryCanceled);
  connection_.set_statement_timeout(0ms);
  EXPECT_EQ(connection_.query("show statement_timeout").value(0, 0), "0");
}

TEST_F(SyncConnectionTest, CopyIsRefusedAndTheConnectionUsable) {
  EXPECT_THROW(connection_.execute("copy (select 1) to stdout"), UsageError);
  connection_.execute("create table t (a int)");
  EXPECT_THROW(connection_.execute("copy t from stdin"), UsageError);
  EXPECT_EQ(connection_.query("select count(*) from t").value(0, 0), "0");
}

TEST_F(SyncConnectionTest, LargeStatementsAndResultsPass) {
  const std::string large(3'000'000, 'x');
  const SyncResult result = connection_.query("select $1::text || 'y'", {{0, Format::text, large}});
  EXPECT_EQ(result.value(0, 0).size(), large.size() + 1);
}

TEST_F(SyncConnectionTest, ZeroByteInTextIsRefusedNotCut) {
  EXPECT_THROW(connection_.query("select $1::text", {{0, Format::text, std::string("a\0b", 3)}}), UsageError);
}

TEST_F(SyncConnectionTest, ServerThatGoesAwayIsAConnectError) {
  const std::string pid = std::to_string(connection_.backend_pid());
  SyncConnection other = SyncConnection::open(dsn_);
  other.query("select pg_terminate_backend($1::int)", {{0, Format::text, pid}});
  try {
    for (int i = 0; i < 100; ++i) connection_.query("select 1");
    FAIL() << "the connection lives";
  } catch (const Error& error) {
    EXPECT_TRUE(error.is_disconnect()) << error.what();
  }
  EXPECT_TRUE(connection_.is_broken());
  EXPECT_THROW(connection_.query("select 1"), ConnectError);
}

TEST_F(SyncConnectionTest, ReportsVersionAndDatabase) {
  EXPECT_GE(connection_.server_version(), 100000);
  EXPECT_THAT(connection_.database(), testing::StartsWith("test_"));
}

TEST(SyncConnectionOpen, RefusalIsASentence) {
  try {
    SyncConnection::open(test::cluster().dsn("no_such_database"));
    FAIL();
  } catch (const ConnectError& error) {
    EXPECT_THAT(error.what(), HasSubstr("no_such_database"));
  }
}

TEST(SyncConnectionOpen, MalformedStringDoesNotLeakThePassword) {
  try {
    SyncConnection::open("host=x password secret-word");
    FAIL();
  } catch (const ConnectError& error) {
    EXPECT_THAT(error.what(), testing::Not(HasSubstr("secret-word")));
    EXPECT_THAT(error.what(), HasSubstr("connection string"));
  }
}

}  // namespace
}  // namespace quell::db
