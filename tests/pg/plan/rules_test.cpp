// Labelled pairs: a statement with one cause switched on and off, on a real server. Each rule must speak in the first
// case and be silent in the second; over all pairs precision and recall are printed and held.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <quell/db/sync_connection.hpp>

#include "analyzer/plan/insight.hpp"
#include "tests/pg/support/cluster.hpp"

namespace quell::plan {
namespace {

constexpr const char* kSchema = R"(
  CREATE TABLE wide (id int PRIMARY KEY, a int, b int, c int, t text, pad text);
  INSERT INTO wide SELECT n, n % 1000, n % 1000, n % 7, 'Name ' || n, repeat('p', 100) FROM generate_series(1, 60000) n;
  CREATE TABLE parents (id int PRIMARY KEY, v int);
  INSERT INTO parents SELECT n, n FROM generate_series(1, 4000) n;
  CREATE TABLE children (id int PRIMARY KEY, parent_id int REFERENCES parents, v int);
  INSERT INTO children SELECT n, n % 4000 + 1, n FROM generate_series(1, 20000) n;
  CREATE TABLE lonely (id int PRIMARY KEY);
  INSERT INTO lonely SELECT generate_series(1, 500);
  CREATE TABLE watcher (id int, lonely_id int REFERENCES lonely, pad text);
  INSERT INTO watcher SELECT n, NULL, repeat('w', 50) FROM generate_series(1, 50000) n;
)";

/// One statement: what is done before it, in a transaction that is rolled back after it, and which rules must speak.
struct Case {
  std::string name;
  std::string before;
  std::string sql;
  std::set<std::string> rules;
};

const std::string kSerial = "SET LOCAL max_parallel_workers_per_gather = 0; SET LOCAL jit = off; ";
const std::string kParallel =
    "SET LOCAL jit = off; SET LOCAL parallel_setup_cost = 0; SET LOCAL parallel_tuple_cost = 0; "
    "SET LOCAL min_parallel_table_scan_size = 0; SET LOCAL max_parallel_workers_per_gather = 2; ";

std::vector<Case> cases() {
  const std::string count_children =
      "SELECT p.id, (SELECT count(*) FROM children c WHERE c.parent_id = p.id) FROM parents p WHERE p.id <= {}";
  return {
      {"condition_never_true", kSerial, "SELECT * FROM wide WHERE id = 1 AND false", {"never_runs"}},
      {"condition_unknown", kSerial, "SELECT * FROM wide WHERE id = 1 AND c = 99", {}},

      {"filter_without_index", kSerial, "SELECT * FROM wide WHERE a = 5", {"discarding_scan"}},
      {"filter_with_index", kSerial + "CREATE INDEX ON wide (a); ANALYZE wide; ", "SELECT * FROM wide WHERE a = 5", {}},
      {"filter_that_keeps_much", kSerial, "SELECT * FROM wide WHERE c < 3", {}},
      {"filter_on_a_small_table", kSerial, "SELECT * FROM lonely WHERE id + 0 = 3", {}},

      {"index_on_half_the_condition",
       kSerial + "CREATE INDEX ON wide (c); SET LOCAL enable_seqscan = off; ANALYZE wide; ",
       "SELECT * FROM wide WHERE c = 3 AND a = 5",
       {"inefficient_index"}},
      {"index_on_the_whole_condition",
       kSerial + "CREATE INDEX ON wide (c, a); ANALYZE wide; ",
       "SELECT * FROM wide WHERE c = 3 AND a = 5",
       {}},

      {"cast_to_numeric",
       kSerial + "CREATE INDEX ON wide (a); ",
       "SELECT * FROM wide WHERE a = 5.0::numeric",
       {"discarding_scan", "blocked_index"}},
      {"function_around_the_column",
       kSerial + "CREATE INDEX ON wide (t); ",
       "SELECT * FROM wide WHERE lower(t) = 'name 17'",
       {"discarding_scan", "blocked_index"}},
      {"index_on_the_expression",
       kSerial + "CREATE INDEX ON wide (lower(t)); ANALYZE wide; ",
       "SELECT * FROM wide WHERE lower(t) = 'name 17'",
       {}},

      {"dependent_columns",
       kSerial,
       "SELECT * FROM wide WHERE a < 100 AND b < 100 AND a + b > -1",
       {"discarding_scan", "misestimate"}},
      {"stale_statistics",
       kSerial + "INSERT INTO parents SELECT n, -1 FROM generate_series(10001, 18000) n; ",
       "SELECT * FROM parents WHERE v = -1",
       {"misestimate"}},
      {"fresh_statistics",
       kSerial + "INSERT INTO parents SELECT n, -1 FROM generate_series(10001, 18000) n; ANALYZE parents; ",
       "SELECT * FROM parents WHERE v = -1",
       {}},
      {"limit_stops_early", kSerial, "SELECT * FROM wide LIMIT 3", {}},

      {"correlated_count",
       kSerial,
       fmt::format(fmt::runtime(count_children), 200),
       {"correlated_subplan", "discarding_scan"}},
      {"joined_count",
       kSerial,
       "SELECT p.id, n FROM parents p JOIN (SELECT parent_id, count(*) n FROM children GROUP BY 1) c ON c.parent_id = "
       "p.id "
       "WHERE p.id <= 200",
       {}},
      {"subquery_run_once", kSerial, "SELECT id, (SELECT max(v) FROM children) FROM parents", {}},

      {"nested_loop_over_everything",
       kSerial + "SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off; SET LOCAL enable_memoize = off; ",
       "SELECT count(*) FROM children c JOIN parents p ON p.id = c.parent_id",
       {"looping_join"}},
      {"hash_join", kSerial, "SELECT count(*) FROM children c JOIN parents p ON p.id = c.parent_id", {}},
      {"nested_loop_over_few",
       kSerial,
       "SELECT * FROM children c JOIN parents p ON p.id = c.parent_id WHERE c.id < 20",
       {}},

      {"memoize_without_repetition",
       kSerial +
           "SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off; CREATE TABLE few AS SELECT n AS id, "
           "(n * 7) % 4000 + 1 AS p FROM generate_series(1, 3000) n; ANALYZE few; UPDATE pg_statistic SET stadistinct "
           "= 5 "
           "WHERE starelid = 'few'::regclass AND staattnum = 2; ",
       "SELECT count(f.id) FROM few f LEFT JOIN LATERAL (SELECT v FROM parents p WHERE p.id = f.p) x ON true WHERE x.v "
       "> 0",
       {"memoize_misses"}},
      {"memoize_with_repetition",
       kSerial + "SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off; ",
       "SELECT count(*) FROM wide w JOIN parents p ON p.id = w.c",
       {}},

      {"sort_on_disk", kSerial + "SET LOCAL work_mem = '256kB'; ", "SELECT * FROM wide ORDER BY t", {"sort_spill"}},
      {"sort_in_memory", kSerial + "SET LOCAL work_mem = '64MB'; ", "SELECT * FROM wide ORDER BY t", {}},
      {"sort_of_workers_on_disk",
       kParallel + "SET LOCAL work_mem = '256kB'; ",
       "SELECT * FROM wide ORDER BY t",
       {"sort_spill"}},

      {"hash_on_disk",
       kSerial + "SET LOCAL work_mem = '128kB'; SET LOCAL hash_mem_multiplier = 1; ",
       "SELECT count(w.pad), count(v.pad) FROM wide w JOIN wide v ON w.id = v.a WHERE v.c < 9",
       {"hash_spill"}},
      {"hash_in_memory",
       kSerial + "SET LOCAL work_mem = '64MB'; ",
       "SELECT count(w.pad), count(v.pad) FROM wide w JOIN wide v ON w.id = v.a WHERE v.c < 9",
       {}},

      {"groups_on_disk",
       kSerial + "SET LOCAL work_mem = '128kB'; SET LOCAL hash_mem_multiplier = 1; SET LOCAL enable_sort = off; ",
       "SELECT t, count(*) FROM wide GROUP BY t",
       {"aggregate_spill"}},
      {"groups_in_memory", kSerial + "SET LOCAL work_mem = '64MB'; ", "SELECT t, count(*) FROM wide GROUP BY t", {}},

      {"bitmap_forgets_rows",
       kSerial + "SET LOCAL work_mem = '64kB'; CREATE INDEX ON wide (c); SET LOCAL enable_seqscan = off; "
                 "SET LOCAL enable_indexscan = off; ANALYZE wide; ",
       "SELECT sum(id) FROM wide WHERE c = 3",
       {"lossy_bitmap"}},
      {"bitmap_remembers_rows",
       kSerial + "SET LOCAL work_mem = '16MB'; CREATE INDEX ON wide (c); SET LOCAL enable_seqscan = off; "
                 "SET LOCAL enable_indexscan = off; ANALYZE wide; ",
       "SELECT sum(id) FROM wide WHERE c = 3",
       {}},

      {"visibility_map_is_stale",
       kSerial + "UPDATE children SET v = v + 1; SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off; ",
       "SELECT count(id) FROM children WHERE id < 8000",
       {"heap_fetches"}},
      {"visibility_map_is_fresh",
       kSerial + "SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off; ",
       "SELECT count(id) FROM children WHERE id < 8000",
       {}},

      {"deep_offset", kSerial, "SELECT * FROM wide ORDER BY id LIMIT 10 OFFSET 30000", {"large_offset"}},
      {"paging_by_key", kSerial, "SELECT * FROM wide WHERE id > 30000 ORDER BY id LIMIT 10", {}},

      {"foreign_key_without_index", kSerial, "DELETE FROM lonely WHERE id <= 100", {"trigger_time"}},
      {"foreign_key_with_index",
       kSerial + "CREATE INDEX ON watcher (lonely_id); ",
       "DELETE FROM lonely WHERE id <= 3",
       {}},

      {"workers_missing",
       kParallel + "SET LOCAL max_parallel_workers = 0; ",
       "SELECT count(*) FROM wide WHERE a < 900",
       {"workers_not_launched"}},
      {"workers_there", kParallel, "SELECT count(*) FROM wide WHERE a < 900", {}},

      {"compiled_for_little",
       "SET LOCAL max_parallel_workers_per_gather = 0; SET LOCAL jit = on; SET LOCAL jit_above_cost = 0; "
       "SET LOCAL jit_optimize_above_cost = 0; SET LOCAL jit_inline_above_cost = 0; ",
       "SELECT sum(v + 1) FROM parents WHERE v > 5",
       {"jit_time"}},
      {"not_compiled", kSerial, "SELECT sum(v + 1) FROM parents WHERE v > 5", {}},

      {"sequential_scan_forbidden",
       kSerial + "SET LOCAL enable_seqscan = off; ",
       "SELECT * FROM watcher WHERE id > 0",
       {"disabled_node"}},
      {"sequential_scan_allowed", kSerial, "SELECT * FROM watcher WHERE id > 0", {}},
  };
}

class RulesTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    dsn_ = test::fresh_database();
    auto connection = db::SyncConnection::open(dsn_);
    connection.execute(kSchema);
    connection.execute("VACUUM ANALYZE");
  }

  static ReadResult run(const Case& one, std::string& json) {
    auto connection = db::SyncConnection::open(dsn_);
    connection.execute("VACUUM");  // what the case before rolled back
    connection.execute("BEGIN");
    connection.execute(one.before);
    const auto result = connection.query("EXPLAIN (ANALYZE, BUFFERS, VERBOSE, FORMAT JSON) " + one.sql);
    connection.execute("ROLLBACK");
    json = result.value(0, 0);
    return read_json(json);
  }

  static std::string dsn_;
};
std::string RulesTest::dsn_;

TEST_F(RulesTest, SpeakWithTheirCauseAndAreSilentWithout) {
  int right = 0;
  int wrong = 0;
  int missed = 0;
  int plans = 0;
  for (const Case& one : cases()) {
    std::string json;
    const ReadResult read = run(one, json);
    ASSERT_EQ(read.plans.size(), 1U) << one.name;
    ++plans;
    std::set<std::string> spoke;
    for (const Insight& insight : inspect(read.plans[0])) {
      spoke.insert(insight.rule);
      EXPECT_FALSE(insight.cause.empty() || insight.evidence.empty() || insight.fix.empty()) << insight.rule;
    }
    for (const std::string& rule : spoke) {
      const bool expected = one.rules.count(rule) > 0;
      ++(expected ? right : wrong);
      if (!expected) fmt::print("{}: {} spoke without cause\n{}\n", one.name, rule, json.substr(0, 3000));
    }
    for (const std::string& rule : one.rules) {
      if (spoke.count(rule) > 0) continue;
      ++missed;
      fmt::print("{}: {} was silent\n{}\n", one.name, rule, json.substr(0, 3000));
    }
  }
  fmt::print("plan rules on {} plans: {} right, {} wrong, {} missed; precision {:.3f}, recall {:.3f}\n", plans, right,
             wrong, missed, 1.0 * right / (right + wrong), 1.0 * right / (right + missed));
  EXPECT_GE(1.0 * right / (right + wrong), 0.95);
  EXPECT_GE(1.0 * right / (right + missed), 0.90);
}

TEST_F(RulesTest, WorkMemOfASpillHoldsTheSort) {
  // The fix is applied: the same sort must then stay in memory.
  Case spilled{"", kSerial + "SET LOCAL work_mem = '256kB'; ", "SELECT * FROM wide ORDER BY t", {}};
  std::string json;
  const auto insights = inspect(run(spilled, json).plans.at(0));
  ASSERT_FALSE(insights.empty());
  ASSERT_EQ(insights[0].rule, "sort_spill");
  std::string set = insights[0].sql;
  set.replace(0, 4, "SET LOCAL ");
  spilled.before += set + ";";
  const ReadResult after = run(spilled, json);
  EXPECT_EQ(after.plans.at(0).root.detail("Sort Space Type"), "Memory") << set;
}

TEST_F(RulesTest, WorkMemOfAHashSpillHoldsTheTable) {
  Case spilled{"",
               kSerial + "SET LOCAL work_mem = '128kB'; SET LOCAL hash_mem_multiplier = 1; ",
               "SELECT count(w.pad), count(v.pad) FROM wide w JOIN wide v ON w.id = v.a WHERE v.c < 9",
               {}};
  std::string json;
  const auto insights = inspect(run(spilled, json).plans.at(0));
  std::string set;
  for (const Insight& insight : insights) {
    if (insight.rule == "hash_spill") set = insight.sql;
  }
  ASSERT_FALSE(set.empty());
  set.replace(0, 4, "SET LOCAL ");
  spilled.before += set + ";";
  for (const Insight& insight : inspect(run(spilled, json).plans.at(0))) EXPECT_NE(insight.rule, "hash_spill") << set;
}

}  // namespace
}  // namespace quell::plan
