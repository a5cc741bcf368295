#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>

#include <quell/db/sync_connection.hpp>

#include "analyzer/plan/explain_statement.hpp"
#include "analyzer/plan/runner.hpp"
#include "tests/pg/support/cluster.hpp"

namespace quell::plan {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using trace::ParameterForm;

constexpr std::uint32_t kInt4 = 23;
constexpr std::uint32_t kInt8 = 20;
constexpr std::uint32_t kText = 25;

constexpr const char* kSchema = R"(
  CREATE TABLE items (id int PRIMARY KEY, state text NOT NULL, price int NOT NULL);
  INSERT INTO items SELECT n, CASE WHEN n % 1000 = 0 THEN 'open' ELSE 'done' END, n % 97 FROM generate_series(1, 20000) n;
  CREATE INDEX items_state ON items (state);
  CREATE SEQUENCE tickets;
  CREATE FUNCTION add_item() RETURNS int LANGUAGE sql AS $$ INSERT INTO items VALUES (-1, 'x', 0) RETURNING id $$;
  ANALYZE items;
)";

class RunnerTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    dsn_ = test::fresh_database();
    db::SyncConnection::open(dsn_).execute(kSchema);
  }

  static std::string scalar(const std::string& sql) {
    auto connection = db::SyncConnection::open(dsn_);
    const auto result = connection.query(sql);
    return std::string(result.value(0, 0));
  }

  static RunRequest select(std::string sql, std::vector<RunParameter> parameters = {}) {
    RunRequest request;
    request.sql = std::move(sql);
    request.parameters = std::move(parameters);
    return request;
  }

  static std::set<std::string> indexes(const Plan& plan) {
    std::set<std::string> found;
    walk(plan.root, [&](const Node& node, std::size_t) {
      if (!node.index.empty()) found.insert(node.index);
    });
    return found;
  }

  static std::string dsn_;
};
std::string RunnerTest::dsn_;

TEST_F(RunnerTest, SelectIsAnalysedWithItsTextParameters) {
  Runner runner = Runner::connect(dsn_);
  const RunResult result =
      runner.run(select("SELECT * FROM items WHERE id = $1", {{kInt4, ParameterForm::text, "77"}}));
  ASSERT_TRUE(result.ok) << result.note;
  EXPECT_EQ(result.mode, RunMode::analyze);
  EXPECT_THAT(result.note, IsEmpty());
  EXPECT_EQ(result.plan.root.type, "Index Scan");
  EXPECT_EQ(result.plan.root.index, "items_pkey");
  EXPECT_EQ(result.plan.root.actual_rows, 1);
  ASSERT_TRUE(result.plan.root.buffers);
  EXPECT_GT(result.plan.root.buffers->shared_hit + result.plan.root.buffers->shared_read, 0U);
  EXPECT_TRUE(result.plan.execution_ms);
}

TEST_F(RunnerTest, BinaryParametersAreBoundAsTheyWereSent) {
  Runner runner = Runner::connect(dsn_);
  const std::string forty_two("\0\0\0\0\0\0\0\x2a", 8);
  const RunResult result =
      runner.run(select("SELECT * FROM items WHERE id <= $1", {{kInt8, ParameterForm::binary, forty_two}}));
  ASSERT_TRUE(result.ok) << result.note;
  EXPECT_EQ(result.plan.root.actual_rows, 42);
}

TEST_F(RunnerTest, UntypedAndNullParameters) {
  Runner runner = Runner::connect(dsn_);
  const RunResult result = runner.run(select("SELECT * FROM items WHERE state = $1 AND ($2::int IS NULL OR id = $2)",
                                             {{0, ParameterForm::text, "open"}, {0, ParameterForm::null, ""}}));
  ASSERT_TRUE(result.ok) << result.note;
  EXPECT_EQ(result.plan.root.actual_rows * result.plan.root.loops, 20);  // one in a thousand of 20,000
}

TEST_F(RunnerTest, ValuesDecideThePlan) {
  // 20 rows against 19,980: only the rare value is worth the index.
  Runner runner = Runner::connect(dsn_);
  const auto with = [&](std::string value) {
    return runner.run(select("SELECT * FROM items WHERE state = $1", {{kText, ParameterForm::text, std::move(value)}}));
  };
  EXPECT_THAT(indexes(with("open").plan), testing::Contains("items_state"));
  EXPECT_THAT(indexes(with("done").plan), IsEmpty());
}

TEST_F(RunnerTest, GenericPlanKnowsNoValue) {
  // Two distinct values: the planner expects half the table for any of them.
  Runner runner = Runner::connect(dsn_);
  RunRequest request = select("SELECT * FROM items WHERE state = $1", {{kText, ParameterForm::text, "open"}});
  request.generic = true;
  for (int round = 0; round < 2; ++round) {  // nothing prepared stays behind
    const RunResult result = runner.run(request);
    ASSERT_TRUE(result.ok) << result.note;
    EXPECT_TRUE(result.generic);
    EXPECT_EQ(result.mode, RunMode::explain);
    EXPECT_NEAR(result.plan.root.plan_rows, 10'000, 500);
    EXPECT_THAT(result.raw_json, HasSubstr("items.state = $1"));
  }
}

TEST_F(RunnerTest, RedactedOrCutValuesGiveTheGenericPlan) {
  Runner runner = Runner::connect(dsn_);
  for (const RunParameter& parameter :
       {RunParameter{kText, ParameterForm::canonical, ""}, RunParameter{kText, ParameterForm::text, "op", true}}) {
    const RunResult result = runner.run(select("SELECT * FROM items WHERE state = $1", {parameter}));
    ASSERT_TRUE(result.ok) << result.note;
    EXPECT_TRUE(result.generic);
    EXPECT_THAT(result.note, HasSubstr("without the values"));
  }
}

TEST_F(RunnerTest, WriteIsOnlyPlanned) {
  Runner runner = Runner::connect(dsn_);
  RunRequest request = select("DELETE FROM items WHERE id = $1", {{kInt4, ParameterForm::text, "5"}});
  request.writes = true;
  const RunResult result = runner.run(request);
  ASSERT_TRUE(result.ok) << result.note;
  EXPECT_EQ(result.mode, RunMode::explain);
  EXPECT_FALSE(result.plan.analyzed);
  EXPECT_THAT(result.note, HasSubstr("it writes"));
  EXPECT_EQ(scalar("SELECT count(*) FROM items"), "20000");
}

TEST_F(RunnerTest, WriteAnalysedOnRequestIsRolledBack) {
  RunParams params;
  params.analyze_writes = true;
  Runner runner = Runner::connect(dsn_, params);
  RunRequest request = select("DELETE FROM items WHERE id <= 5");
  request.writes = true;
  const RunResult result = runner.run(request);
  ASSERT_TRUE(result.ok) << result.note;
  EXPECT_EQ(result.mode, RunMode::analyze);
  EXPECT_EQ(result.plan.root.children.at(0).actual_rows, 5);
  EXPECT_EQ(scalar("SELECT count(*) FROM items"), "20000");
}

TEST_F(RunnerTest, VolatileFunctionIsOnlyPlanned) {
  Runner runner = Runner::connect(dsn_);
  RunRequest request = select("SELECT nextval('tickets')");
  request.volatile_functions = true;
  const RunResult result = runner.run(request);
  ASSERT_TRUE(result.ok) << result.note;
  EXPECT_EQ(result.mode, RunMode::explain);
  EXPECT_THAT(result.note, HasSubstr("may have effects"));
  EXPECT_EQ(scalar("SELECT is_called FROM tickets"), "f");
}

TEST_F(RunnerTest, HiddenWriteIsRefusedByTheServerAndPlanned) {
  // Nobody told the runner that these write: READ ONLY is the second line.
  Runner runner = Runner::connect(dsn_);
  for (const char* sql : {"SELECT add_item()", "SELECT nextval('tickets')", "SELECT id FROM items LIMIT 1 FOR UPDATE",
                          "DELETE FROM items WHERE id = 1"}) {
    const RunResult result = runner.run(select(sql));
    ASSERT_TRUE(result.ok) << sql << result.note;
    EXPECT_EQ(result.mode, RunMode::explain) << sql;
    EXPECT_THAT(result.note, HasSubstr("read-only transaction")) << sql;
  }
  EXPECT_EQ(scalar("SELECT count(*) FROM items"), "20000");
  EXPECT_EQ(scalar("SELECT is_called FROM tickets"), "f");
}

TEST_F(RunnerTest, SlowStatementIsStoppedAndPlanned) {
  RunParams params;
  params.statement_timeout = std::chrono::milliseconds(200);
  Runner runner = Runner::connect(dsn_, params);
  const RunResult result = runner.run(select("SELECT count(*) FROM items a, items b, items c"));
  ASSERT_TRUE(result.ok) << result.note;
  EXPECT_EQ(result.mode, RunMode::explain);
  EXPECT_THAT(result.note, HasSubstr("statement timeout"));
}

TEST_F(RunnerTest, LockedTableDoesNotHoldItUp) {
  auto other = db::SyncConnection::open(dsn_);
  other.execute("BEGIN; LOCK TABLE items IN ACCESS EXCLUSIVE MODE");
  RunParams params;
  params.lock_timeout = std::chrono::milliseconds(100);
  Runner runner = Runner::connect(dsn_, params);
  const RunResult blocked = runner.run(select("SELECT * FROM items"));
  EXPECT_FALSE(blocked.ok);
  EXPECT_THAT(blocked.note, HasSubstr("lock timeout"));
  other.execute("ROLLBACK");
  EXPECT_TRUE(runner.run(select("SELECT * FROM items WHERE id = 1")).ok);  // usable again
}

TEST_F(RunnerTest, ServerMessageOfAnUnplannableStatementIsTheNote) {
  Runner runner = Runner::connect(dsn_);
  const RunResult result = runner.run(select("SELECT * FROM no_such_table"));
  EXPECT_FALSE(result.ok);
  EXPECT_THAT(result.note, HasSubstr("no_such_table"));
  EXPECT_TRUE(runner.run(select("SELECT 1")).ok);
}

TEST_F(RunnerTest, SecondStatementInTheTextIsRefused) {
  Runner runner = Runner::connect(dsn_);
  const RunResult result = runner.run(select("SELECT 1; COMMIT; DROP TABLE items"));
  EXPECT_FALSE(result.ok);
  EXPECT_EQ(scalar("SELECT count(*) FROM items"), "20000");
}

TEST_F(RunnerTest, UnreachableServerThrows) {
  EXPECT_THROW((void)Runner::connect("host=/nonexistent dbname=none"), Error);
}

TEST(ExplainPrefix, OnlyOptionsTheServerKnows) {
  EXPECT_EQ(explain_prefix(RunMode::analyze, 110022), "EXPLAIN (FORMAT JSON, VERBOSE, ANALYZE, BUFFERS) ");
  EXPECT_EQ(explain_prefix(RunMode::analyze, 120000), "EXPLAIN (FORMAT JSON, VERBOSE, ANALYZE, BUFFERS, SETTINGS) ");
  EXPECT_EQ(explain_prefix(RunMode::analyze, 150020),
            "EXPLAIN (FORMAT JSON, VERBOSE, ANALYZE, BUFFERS, SETTINGS, WAL) ");
  EXPECT_EQ(explain_prefix(RunMode::explain, 150020), "EXPLAIN (FORMAT JSON, VERBOSE, SETTINGS) ");
}

}  // namespace
}  // namespace quell::plan
