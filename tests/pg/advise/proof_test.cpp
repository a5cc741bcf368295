// Advice that is measured, and indexes that could go, on a real server. Nothing may be left behind.
#include <gmock/gmock.h>

#include <string>
#include <thread>

#include "analyzer/advise/index_removal.hpp"
#include "analyzer/advise/proof.hpp"
#include "tests/pg/advise/advisor_fixture.hpp"

namespace quell::advise {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class ProofTest : public testing::Test {
 protected:
  ProofTest() : dsn_(test::fresh_database()), connection_(db::SyncConnection::open(dsn_)) {
    connection_.execute(
        "CREATE TABLE items (id int PRIMARY KEY, shop_id int, note text);"
        "INSERT INTO items SELECT n, n % 3000, repeat('x', 40) FROM generate_series(1, 120000) n; ANALYZE items");
    params_.dsn = dsn_;
  }

  std::vector<IndexAdvice> advice_for(const Statements& statements) {
    AdviseResult result = advise_statements(statements.list(), params_);
    prove(statements.list(), params_, result.advice);
    return std::move(result.advice);
  }
  std::int64_t indexes() {
    return std::stoll(std::string(connection_
                                      .query("SELECT count(*) FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid "
                                             "WHERE c.relname = 'items'")
                                      .value(0, 0)));
  }

  std::string dsn_;
  db::SyncConnection connection_;
  AdviseParams params_;
};

TEST_F(ProofTest, MeasuresTheStatementBeforeAndAfterAndLeavesNothingBehind) {
  const auto advice = advice_for(Statements().add("SELECT * FROM items WHERE shop_id = $1", 50, {{{"17"}}}));
  ASSERT_THAT(advice, SizeIs(1));
  EXPECT_EQ(advice[0].verification, Verification::measured);
  const ServedStatement& served = advice[0].statements.at(0);
  ASSERT_TRUE(served.ms_before && served.ms_after);
  // 120,000 rows read against 40: an order of magnitude on any machine.
  EXPECT_GT(*served.ms_before, 5 * *served.ms_after);
  EXPECT_EQ(indexes(), 1) << "only the primary key";
  connection_.execute("CREATE INDEX real ON items (shop_id)");
  EXPECT_EQ(std::to_string(advice[0].size_bytes), connection_.query("SELECT pg_relation_size('real')").value(0, 0));
}

TEST_F(ProofTest, LockedTableKeepsTheWhatIfAdviceAndSaysWhy) {
  params_.lock_timeout = std::chrono::milliseconds(100);
  auto other = db::SyncConnection::open(dsn_);
  other.execute("BEGIN; UPDATE items SET note = 'y' WHERE id = 1");
  const auto advice = advice_for(Statements().add("SELECT * FROM items WHERE shop_id = $1", 50, {{{"17"}}}));
  ASSERT_THAT(advice, SizeIs(1));
  EXPECT_EQ(advice[0].verification, Verification::what_if);
  EXPECT_THAT(advice[0].note, HasSubstr("not measured: building it failed: canceling statement due to lock timeout"));
}

TEST_F(ProofTest, WritesAndStatementsWithoutValuesAreNotRun) {
  const auto update = advice_for(Statements().add("UPDATE items SET note = 'z' WHERE shop_id = $1", 50, {{{"17"}}}));
  ASSERT_THAT(update, SizeIs(1));
  EXPECT_EQ(update[0].verification, Verification::what_if);
  EXPECT_THAT(update[0].note, HasSubstr("not measured: it writes"));
  EXPECT_EQ(connection_.query("SELECT count(*) FROM items WHERE note = 'z'").value(0, 0), "0");
}

TEST_F(ProofTest, RemovalsOfARealCatalogue) {
  connection_.execute(
      "CREATE INDEX items_shop ON items (shop_id); CREATE INDEX items_shop_again ON items (shop_id);"
      "CREATE INDEX items_shop_id ON items (shop_id, id); CREATE INDEX items_shop_down ON items (shop_id DESC);"
      "CREATE INDEX items_some ON items (shop_id) WHERE id > 5; CREATE INDEX items_lower ON items (lower(note));"
      "CREATE INDEX items_lower_again ON items (lower(note));"
      "CREATE INDEX items_pattern ON items (note text_pattern_ops); CREATE INDEX items_note ON items (note);"
      "CREATE TABLE shops (id int PRIMARY KEY); CREATE TABLE stock (shop_id int REFERENCES shops, n int);"
      "CREATE INDEX stock_shop ON stock (shop_id)");
  const RemovalResult result = advise_removals(params_);
  std::vector<std::string> ddl;
  for (const IndexRemoval& removal : result.advice) ddl.push_back(removal.ddl);
  EXPECT_THAT(ddl, testing::UnorderedElementsAre("DROP INDEX CONCURRENTLY public.items_shop",
                                                 "DROP INDEX CONCURRENTLY public.items_shop_again",
                                                 "DROP INDEX CONCURRENTLY public.items_lower_again"));
  const auto kept = [&](const std::string& name) {
    for (const IndexRemoval& each : result.kept) {
      if (each.index == name) return each.reason;
    }
    return std::string("not listed");
  };
  EXPECT_THAT(kept("items_pkey"), HasSubstr("a constraint rests on it"));
  EXPECT_THAT(kept("stock_shop"), HasSubstr("deleting a referenced row"));
  EXPECT_THAT(kept("items_some"), HasSubstr("statistics are 0 days old"));
}

TEST_F(ProofTest, FailedConcurrentBuildIsFound) {
  EXPECT_THROW(connection_.execute("CREATE UNIQUE INDEX CONCURRENTLY failed ON items (shop_id)"), db::ServerError);
  const RemovalResult result = advise_removals(params_);
  ASSERT_THAT(result.advice, SizeIs(1));
  EXPECT_EQ(result.advice[0].kind, IndexRemoval::Kind::invalid);
  EXPECT_EQ(result.advice[0].ddl, "REINDEX INDEX CONCURRENTLY public.failed");
}

}  // namespace
}  // namespace quell::advise
