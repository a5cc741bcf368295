#include <gtest/gtest.h>

#include "tests/unit/detect/scenario.hpp"

namespace quell::test {
namespace {

using trace::TransactionState;

const std::vector<ResultColumnSpec> kId{{"id", "a", 1}};

void expect_nothing(const detect::Detection& detection) {
  EXPECT_TRUE(detection.findings.empty());
}

// C02
TEST(Benign, OneLookupForEachReference_IsAChain) {
  Scenario s;
  s.scope("GET /me");
  s.call("SELECT id, role_id, account_id FROM users WHERE id = $1", {std::int64_t{4}},
         {{{"id", "users", 1}, {"role_id", "users", 2}, {"account_id", "users", 3}},
          {{std::int64_t{4}, std::int64_t{2}, std::int64_t{3}}}});
  s.call("SELECT * FROM roles WHERE id = $1", {std::int64_t{2}});
  s.call("SELECT * FROM accounts WHERE id = $1", {std::int64_t{3}});
  s.end_scope();
  expect_nothing(s.detect());
}

// C21
TEST(Benign, OneByOneByOne_IsAChain) {
  Scenario s;
  s.scope("GET /claim");
  s.call("SELECT carrier_id FROM claims WHERE id = $1", {std::int64_t{1}},
         {{{"carrier_id", "claims", 2}}, {{std::int64_t{6}}}});
  s.call("SELECT id FROM carriers WHERE id = $1", {std::int64_t{6}}, {{{"id", "carriers", 1}}, {{std::int64_t{6}}}});
  s.call("SELECT id FROM users WHERE carrier_id = $1", {std::int64_t{6}}, {{{"id", "users", 1}}, rows(1, 30)});
  s.end_scope();
  expect_nothing(s.detect());
}

// C37
TEST(Benign, SeveralForeignKeysOfOneRow_AreBoundedByItsColumns) {
  Scenario s;
  s.scope("GET /post");
  s.call("SELECT author_id, updater_id, owner_id FROM posts WHERE id = $1", {std::int64_t{1}},
         {{{"author_id", "posts", 2}, {"updater_id", "posts", 3}, {"owner_id", "posts", 4}},
          {{std::int64_t{71}, std::int64_t{72}, std::int64_t{73}}}});
  for (const std::int64_t person : {71, 72, 73}) s.call("SELECT * FROM people WHERE id IN ($1)", {person});
  s.end_scope();
  EXPECT_TRUE(is_silent(s.detect(), "several foreign keys of one row"));
}

// C70
TEST(Benign, ChunkedLoading_IsAsItShouldBe) {
  Scenario s;
  s.scope("job");
  s.call("SELECT id FROM events", {}, {{{"id", "events", 1}}, rows(1, 256), 1200});
  for (const auto& [first, count] : {std::pair<std::int64_t, std::int64_t>{1, 500}, {501, 500}, {1001, 200}}) {
    std::string list;
    for (std::int64_t i = 0; i < count; ++i) list += (i != 0 ? ", " : "") + std::to_string(first + i);
    s.call("SELECT * FROM occurrences WHERE event_id IN (" + list + ")");
  }
  s.end_scope();
  EXPECT_TRUE(is_silent(s.detect(), "chunked loading"));
}

TEST(Benign, ChunkedLoadingByArrays_IsAsItShouldBe) {
  Scenario s;
  s.scope("job");
  for (std::int64_t chunk = 0; chunk < 4; ++chunk) {
    std::string keys = "{";
    for (std::int64_t i = 0; i < 100; ++i) keys += (i != 0 ? "," : "") + std::to_string(chunk * 100 + i);
    s.call("SELECT * FROM b WHERE a_id = ANY($1)", {keys + "}"});
  }
  s.end_scope();
  EXPECT_TRUE(is_silent(s.detect(), "chunked loading"));
}

// C71
TEST(Benign, LastChunkOfOneKey_IsStillChunkedLoading) {
  Scenario s;
  s.scope("GET /foo");
  s.call("SELECT id FROM foo", {}, {{{"id", "foo", 1}}, rows(1, 11)});
  s.call("SELECT * FROM bar WHERE foo_id IN (1, 2, 3, 4, 5, 6, 7, 8, 9, 10)");
  s.call("SELECT * FROM bar WHERE foo_id IN (11)");
  s.end_scope();
  expect_nothing(s.detect());
}

// K1
TEST(Benign, KeysetPaging_IsSilent) {
  Scenario s;
  s.scope("job");
  std::int64_t last = 0;
  for (int page = 0; page < 10; ++page) {
    s.call("SELECT id FROM a WHERE id > $1 ORDER BY id LIMIT 5", {last}, {kId, rows(last + 1, last + 5)});
    last += 5;
  }
  s.end_scope();
  EXPECT_TRUE(is_silent(s.detect(), "keyset paging"));
}

TEST(Benign, KeysetPagingWithoutOrder_IsKnownByItsOwnResults) {
  Scenario s;
  s.scope("job");
  std::int64_t last = 0;
  for (int page = 0; page < 10; ++page) {
    s.call("SELECT id FROM a WHERE id > $1 LIMIT 5", {last}, {kId, rows(last + 1, last + 5)});
    last += 5;
  }
  s.end_scope();
  EXPECT_TRUE(is_silent(s.detect(), "keyset paging"));
}

// K2
TEST(Benign, OffsetPaging_IsNoLoopOverRows) {
  Scenario s;
  s.scope("job");
  for (int page = 0; page < 10; ++page) {
    s.call("SELECT id FROM a ORDER BY id LIMIT 5 OFFSET " + std::to_string(page * 5));
  }
  s.end_scope();
  EXPECT_TRUE(is_silent(s.detect(), "offset paging"));
}

// K3
TEST(Benign, RetriesAfterSerializationFailures_AreOneExecution) {
  Scenario s;
  s.scope("POST /transfer");
  for (int attempt = 0; attempt < 5; ++attempt) {
    Call begin;
    begin.text = "BEGIN";
    begin.transaction_state = TransactionState::in_transaction;
    s.call(begin);
    Call update;
    update.text = "UPDATE accounts SET balance = balance - $1 WHERE id = $2";
    update.binds = {std::int64_t{10}, std::int64_t{3}};
    update.sqlstate = attempt < 4 ? "40001" : "";
    update.transaction_state = attempt < 4 ? TransactionState::failed : TransactionState::in_transaction;
    s.call(update);
    s.call(attempt < 4 ? "ROLLBACK" : "COMMIT");
  }
  s.end_scope();
  EXPECT_TRUE(is_silent(s.detect(), "retries after an error"));
}

TEST(Benign, WholeTransactionRetriedAfterFailedCommit_CountsOnce) {
  Scenario s;
  s.scope("POST /transfer");
  for (int attempt = 0; attempt < 3; ++attempt) {
    Call begin;
    begin.text = "BEGIN ISOLATION LEVEL SERIALIZABLE";
    begin.transaction_state = TransactionState::in_transaction;
    s.call(begin);
    Call read;
    read.text = "SELECT balance FROM accounts WHERE id = $1";
    read.binds = {std::int64_t{3}};
    read.transaction_state = TransactionState::in_transaction;
    s.call(read);
    Call commit;
    commit.text = "COMMIT";
    commit.sqlstate = attempt < 2 ? "40001" : "";
    s.call(commit);
  }
  s.end_scope();
  EXPECT_TRUE(is_silent(s.detect(), "retries after an error"));
}

// K4
TEST(Benign, PollingAWorkQueue_IsSilent) {
  Scenario s;
  s.scope("worker", trace::ScopeKind::job);
  for (int i = 0; i < 20; ++i) {
    s.pause(1'000'000'000);
    s.call("SELECT id FROM jobs WHERE done = false ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED");
  }
  s.end_scope();
  EXPECT_TRUE(is_silent(s.detect(), "polling"));
}

TEST(Benign, SameReadWithLongPauses_IsPolling) {
  Scenario s;
  s.scope("worker", trace::ScopeKind::job);
  for (int i = 0; i < 5; ++i) {
    s.pause(1'000'000'000);
    s.call("SELECT state FROM tasks WHERE id = $1", {std::int64_t{77}});
  }
  s.end_scope();
  EXPECT_TRUE(is_silent(s.detect(), "polling"));
}

// K6
TEST(Benign, OneExecutionInEachOfManyRequests_IsNoLoop) {
  Scenario s;
  for (std::int64_t user = 1; user <= 5; ++user) {
    s.scope("GET /me");
    s.call("SELECT * FROM users WHERE id = $1", {user});
    s.end_scope();
  }
  expect_nothing(s.detect());
}

// K6 behind a pooler that nobody tagged: one connection, requests close to each other.
TEST(Benign, UntaggedRequestsOnOneConnection_AreNotALoop) {
  Scenario s;
  s.no_scope();
  for (std::int64_t user = 1; user <= 5; ++user) s.call("SELECT * FROM users WHERE id = $1", {user * 1000});
  EXPECT_TRUE(is_silent(s.detect(), "no value edge in a derived scope"));
}

// K7
TEST(Benign, DriverStartUpAndCatalogueQueries_AreNeverFindings) {
  Scenario s;
  s.scope("boot");
  for (std::int64_t table = 0; table < 10; ++table) {
    s.call("SET search_path TO app");
    s.call("SHOW standard_conforming_strings");
    s.call("SELECT version()");
    s.call("SELECT attname FROM pg_attribute WHERE attrelid = $1", {16384 + table});
  }
  s.end_scope();
  EXPECT_TRUE(is_silent(s.detect(), "driver start-up or catalogue query"));
}

// K8
TEST(Benign, PipelinedBatch_IsOneRoundTrip) {
  Scenario s;
  s.scope("POST /import");
  for (std::int64_t i = 0; i < 20; ++i) {
    Call insert;
    insert.text = "INSERT INTO items (sku) VALUES ($1)";
    insert.binds = {i * 97};
    insert.batch = 1;
    insert.rows = 1;
    s.call(insert);
  }
  s.end_scope();
  EXPECT_TRUE(is_silent(s.detect(), "pipelined batch"));
}

TEST(Benign, MultiRowInserts_AreBulkWrites) {
  Scenario s;
  s.scope("POST /import");
  for (std::int64_t i = 0; i < 6; ++i) {
    Call insert;
    insert.text = "INSERT INTO items (sku) VALUES ($1), ($2), ($3)";
    insert.binds = {i * 3, i * 3 + 1, i * 3 + 2};
    insert.rows = 3;
    s.call(insert);
  }
  s.end_scope();
  EXPECT_TRUE(is_silent(s.detect(), "bulk write"));
}

TEST(Benign, Migration_IsSilent) {
  Scenario s;
  s.scope("migrate", trace::ScopeKind::job);
  for (std::int64_t version = 1; version <= 6; ++version) {
    s.call("CREATE TABLE t" + std::to_string(version) + " (id int)");
    Call insert;
    insert.text = "INSERT INTO schema_migrations (version) VALUES ($1)";
    insert.binds = {version};
    insert.rows = 1;
    s.call(insert);
  }
  s.end_scope();
  EXPECT_TRUE(is_silent(s.detect(), "migration"));
}

// C54
TEST(Benign, CutText_IsNeverJudged) {
  Scenario s;
  s.scope("GET /report");
  for (std::int64_t i = 0; i < 5; ++i) {
    Call call;
    call.text = "SELECT * FROM t WHERE a IN (" + std::to_string(i * 1000) + ", ";
    call.flags = trace::query_flag::kTextCut;
    s.call(call);
  }
  s.end_scope();
  expect_nothing(s.detect());
}

// C79
TEST(Benign, SameStatementAtDifferentCallSites_IsNoLoop) {
  Scenario s;
  s.scope("GET /page");
  for (std::uint32_t i = 0; i < 4; ++i) {
    Call call;
    call.text = "SELECT * FROM users WHERE id = $1";
    call.binds = {std::int64_t{1000} + i};
    call.stack = s.stack("page.cpp", 10 + i, "render");
    s.call(call);
  }
  s.end_scope();
  EXPECT_TRUE(is_silent(s.detect(), "different call sites"));
}

}  // namespace
}  // namespace quell::test
