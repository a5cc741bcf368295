// One plan in every format gives one tree, and every tree keeps the invariants of self time. The statements run on a
// real server; timing is off where two runs are compared.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <quell/db/sync_connection.hpp>

#include "analyzer/plan/plan.hpp"
#include "tests/pg/support/cluster.hpp"

namespace quell::plan {
namespace {

using testing::IsEmpty;
using testing::SizeIs;

constexpr const char* kSchema = R"(
  CREATE TABLE authors (id int PRIMARY KEY, name text, country text);
  INSERT INTO authors SELECT n, 'name ' || n, 'country ' || n % 20 FROM generate_series(1, 2000) n;
  CREATE TABLE books (id int PRIMARY KEY, author_id int REFERENCES authors, price int, "odd -> name" text);
  INSERT INTO books SELECT n, n % 2000 + 1, n % 500, 'x' FROM generate_series(1, 30000) n;
  CREATE INDEX books_price ON books (price);
  CREATE TABLE sales (at date, book_id int, amount int) PARTITION BY RANGE (at);
  CREATE TABLE sales_a PARTITION OF sales FOR VALUES FROM ('2026-01-01') TO ('2026-02-01');
  CREATE TABLE sales_b PARTITION OF sales FOR VALUES FROM ('2026-02-01') TO ('2026-03-01');
  INSERT INTO sales SELECT '2026-01-01'::date + n % 59, n % 30000 + 1, n FROM generate_series(1, 40000) n;
  CREATE FUNCTION stamp() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.price := NEW.price + 1; RETURN NEW; END $$;
  CREATE TRIGGER stamp BEFORE UPDATE ON books FOR EACH ROW EXECUTE FUNCTION stamp();
  VACUUM ANALYZE;
)";

/// Twelve InitPlans in one node: "$1" is not "$12".
std::string many_init_plans() {
  std::string sql = "SELECT id FROM books WHERE price > 0";
  for (int n = 1; n <= 12; ++n) {
    sql += fmt::format(" AND id <> (SELECT max(id) + {} FROM authors WHERE id % {} = 0)", n, n);
  }
  return sql;
}

std::vector<std::string> statements() {
  return {
      "SELECT 1 WHERE false",
      "SELECT * FROM books WHERE id = 7",
      "SELECT * FROM books WHERE \"odd -> name\" = '-> Seq Scan on x (cost=1.00..2.00 rows=1 width=1)' AND price > 3",
      "SELECT id FROM books ORDER BY id DESC LIMIT 5",
      "SELECT * FROM books WHERE price BETWEEN 3 AND 5 OR id < 10",
      "SELECT * FROM books WHERE price = 3 AND id < 20000",
      "SELECT price FROM books WHERE price < 4",
      "SELECT * FROM books b JOIN authors a ON a.id = b.author_id WHERE a.country = 'country 3'",
      "SELECT * FROM authors a LEFT JOIN books b ON a.id = b.author_id AND b.price = 7",
      "SELECT * FROM authors a WHERE EXISTS (SELECT FROM books b WHERE b.author_id = a.id AND b.price = 9)",
      "SELECT * FROM authors a WHERE NOT EXISTS (SELECT FROM books b WHERE b.author_id = a.id AND b.price < 400)",
      "SELECT a.id, (SELECT count(*) FROM books b WHERE b.id < a.id AND b.id < 30) FROM authors a WHERE a.id < 50",
      "SELECT * FROM books WHERE author_id IN (SELECT id FROM authors WHERE country = 'country 1') OR price = 0",
      "SELECT * FROM books WHERE price > (SELECT avg(price) FROM books) AND id < 500",
      "WITH t AS MATERIALIZED (SELECT author_id, count(*) n FROM books GROUP BY 1) "
      "SELECT x.author_id, y.n FROM t x JOIN t y ON x.n = y.author_id WHERE x.n > (SELECT min(n) FROM t)",
      "WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r WHERE n < 50) SELECT sum(n) FROM r",
      "SELECT price, count(*) FROM books GROUP BY price HAVING count(*) > 3 ORDER BY 2 DESC, 1",
      "SELECT DISTINCT country FROM authors",
      "SELECT country FROM authors EXCEPT SELECT 'country 5'",
      "SELECT id FROM authors UNION SELECT id FROM books WHERE price = 1",
      "SELECT id, rank() OVER (PARTITION BY price ORDER BY id) FROM books WHERE id < 300",
      "SELECT * FROM sales WHERE at = '2026-01-15'",
      "SELECT s.at, sum(amount) FROM sales s GROUP BY s.at",
      "SELECT * FROM generate_series(1, 10) g(n) JOIN authors a ON a.id = g.n",
      "SELECT * FROM (VALUES (1, 'a'), (2, 'b')) v(n, t)",
      "SELECT * FROM (SELECT id FROM books ORDER BY price LIMIT 5) s WHERE id > 2 OFFSET 1",
      "SELECT * FROM authors a, LATERAL (SELECT * FROM books b WHERE b.author_id = a.id ORDER BY price LIMIT 1) l "
      "WHERE a.id < 5",
      "SELECT * FROM books b JOIN authors a USING (id) ORDER BY b.id",
      "SELECT * FROM books b FULL JOIN authors a ON a.id = b.id WHERE a.id IS NULL OR b.price = 3",
      "SELECT * FROM books TABLESAMPLE system (10) REPEATABLE (1)",
      "SELECT * FROM books WHERE ctid = '(0,1)'",
      "SELECT id FROM books WHERE id = (SELECT 3) UNION ALL SELECT id FROM authors WHERE id > (SELECT max(id) - 3 FROM "
      "books WHERE price = 1)",
      "SELECT id FROM authors LIMIT (SELECT 3)",
      "SELECT id FROM books WHERE id = 5 FOR UPDATE",
      "SELECT CASE WHEN id > 5 THEN (SELECT max(id) FROM books) ELSE (SELECT min(price) FROM books) END FROM authors",
      "SELECT cube_sum FROM (SELECT price, author_id, sum(id) cube_sum FROM books GROUP BY CUBE (price, author_id)) c",
      "UPDATE books SET price = 5 WHERE id < 40",
      "DELETE FROM books WHERE id < 20",
      "INSERT INTO books SELECT n, 1, 2, 'y' FROM generate_series(50001, 50020) n ON CONFLICT (id) DO NOTHING",
      "WITH gone AS (DELETE FROM books WHERE id < 30 RETURNING id) SELECT count(*) FROM gone",
      "WITH gone AS (DELETE FROM books WHERE id < 30 RETURNING id) SELECT 1",
      "MERGE INTO authors a USING (SELECT 1 AS id) s ON a.id = s.id WHEN MATCHED THEN UPDATE SET name = 'z'",
      many_init_plans(),
  };
}

class FormatTest : public testing::TestWithParam<std::string> {
 protected:
  FormatTest() : connection_(db::SyncConnection::open(dsn())) {}

  static const std::string& dsn() {
    static const std::string made = [] {
      std::string fresh = test::fresh_database();
      auto connection = db::SyncConnection::open(fresh);
      const std::string schema = kSchema;
      const std::size_t vacuum = schema.find("VACUUM");  // not inside the implicit transaction of several statements
      connection.execute(schema.substr(0, vacuum));
      connection.execute(schema.substr(vacuum));
      return fresh;
    }();
    return made;
  }

  std::string explain(const std::string& options, bool parallel) {
    connection_.execute("BEGIN");
    connection_.execute("SET LOCAL jit = off");
    if (parallel) {
      connection_.execute(
          "SET LOCAL parallel_setup_cost = 0; SET LOCAL parallel_tuple_cost = 0; "
          "SET LOCAL min_parallel_table_scan_size = 0; SET LOCAL max_parallel_workers_per_gather = 2");
    } else {
      connection_.execute("SET LOCAL max_parallel_workers_per_gather = 0");
    }
    const auto result = connection_.query("EXPLAIN (" + options + ") " + GetParam());
    std::string text;
    for (std::size_t row = 0; row < result.rows(); ++row) text += std::string(result.value(row, 0)) + "\n";
    connection_.execute("ROLLBACK");
    return text;
  }

  db::SyncConnection connection_;
};

/// The tree in one text, without what differs between two runs or between formats by design.
void describe(const Node& node, std::size_t depth, bool blocks_too, std::string& out) {
  out += fmt::format("{:{}}{} [{}] ({}) {}.{} {} index={} join={} dir={} cte={} pa={} cost={}..{} rows={} width={}", "",
                     depth * 2, node.type, node.parent_relationship, node.subplan_name, node.schema, node.relation,
                     node.alias, node.index, node.join_type, node.scan_direction, node.cte, node.parallel_aware,
                     node.startup_cost, node.total_cost, node.plan_rows, node.plan_width);
  out += fmt::format(" analyzed={} actual={}x{} removed={} workers={}/{}", node.analyzed, node.actual_rows, node.loops,
                     node.rows_removed_by_filter.value_or(-1), node.workers_planned.value_or(-1),
                     node.workers_launched.value_or(-1));
  const std::uint64_t blocks = node.buffers ? node.buffers->shared_hit + node.buffers->shared_read : 0;
  if (blocks_too && blocks > 0) out += fmt::format(" blocks={}", blocks);  // text has no line for zeros
  for (const char* key :
       {"Strategy",         "Partial Mode",       "Operation",       "Command",       "Function Name",
        "Output",           "Index Cond",         "Recheck Cond",    "Filter",        "One-Time Filter",
        "Hash Cond",        "Merge Cond",         "Join Filter",     "TID Cond",      "Sort Key",
        "Presorted Key",    "Group Key",          "Cache Key",       "Sort Method",   "Sort Space Type",
        "Hash Buckets",     "Hash Batches",       "HashAgg Batches", "Run Condition", "Params Evaluated",
        "Subplans Removed", "Conflict Resolution"}) {
    std::string_view value = node.detail(key);
    // Grouping sets are lines of their own in text and nested objects in JSON.
    if (std::string_view(key) == "Group Key" && node.detail("Strategy") == "Mixed") value = {};
    if (!value.empty() && value != "0") out += fmt::format(" {}={}", key, value);
  }
  out += "\n";
  for (const Node& child : node.children) describe(child, depth + 1, blocks_too, out);
}

std::string describe(const ReadResult& result, bool blocks_too) {
  std::string out;
  for (const Diagnostic& diagnostic : result.diagnostics) out += "! " + diagnostic.sentence + "\n";
  for (const Plan& plan : result.plans) {
    describe(plan.root, 0, blocks_too, out);
    for (const Trigger& trigger : plan.triggers) {
      // Text names the constraint or the trigger, JSON both.
      out +=
          fmt::format("trigger {} {}\n", trigger.constraint.empty() ? trigger.name : trigger.constraint, trigger.calls);
    }
  }
  return out;
}

struct Format {
  const char* option;
  ReadResult (*read)(std::string_view);
};
constexpr Format kFormats[] = {{"FORMAT TEXT", read_text}, {"FORMAT YAML", read_yaml}, {"FORMAT XML", read_xml}};

TEST_P(FormatTest, EveryFormatGivesTheTreeOfJson) {
  // No ANALYZE in parallel: two runs share the rows differently among their processes.
  // A write leaves dead rows behind even when it is rolled back, so the next run meets other blocks.
  const bool reads = GetParam().starts_with("SELECT");
  const auto compare = [&](const std::string& options, bool parallel) {
    const std::string json = explain("FORMAT JSON, " + options, parallel);
    for (const Format& format : kFormats) {
      const std::string other = explain(std::string(format.option) + ", " + options, parallel);
      ASSERT_EQ(describe(format.read(other), reads), describe(read_json(json), reads)) << other;
      ASSERT_EQ(describe(read_any(other), reads), describe(read_json(json), reads)) << other;
    }
  };
  for (const bool parallel : {false, true}) {
    for (const char* options : {"VERBOSE", "SETTINGS, VERBOSE, COSTS OFF", "COSTS ON"}) compare(options, parallel);
  }
  for (const char* options : {"ANALYZE, TIMING OFF, BUFFERS OFF", "ANALYZE, TIMING OFF, BUFFERS, VERBOSE, WAL"}) {
    explain(options, false);  // hint bits and caches settle
    compare(options, false);
  }
}

/// Everything an inspector shows, so also the names of details, in order.
TEST_P(FormatTest, StructuredFormatsKeepTheSameDetails) {
  const std::string options = "VERBOSE, SETTINGS";
  const ReadResult json = read_json(explain("FORMAT JSON, " + options, true));
  for (const Format& format : {kFormats[1], kFormats[2]}) {
    const ReadResult other = format.read(explain(std::string(format.option) + ", " + options, true));
    ASSERT_THAT(other.plans, SizeIs(1));
    std::vector<const Node*> expected;
    walk(json.plans.at(0).root, [&](const Node& node, std::size_t) { expected.push_back(&node); });
    std::size_t at = 0;
    walk(other.plans[0].root, [&](const Node& node, std::size_t) {
      ASSERT_LT(at, expected.size());
      EXPECT_EQ(node.details, expected[at++]->details) << format.option;
    });
    EXPECT_EQ(other.plans[0].settings, json.plans[0].settings) << format.option;
    EXPECT_EQ(other.plans[0].details, json.plans[0].details) << format.option;
  }
}

void check_invariants(const ReadResult& result, const std::string& source) {
  ASSERT_THAT(result.diagnostics, IsEmpty()) << source;
  ASSERT_THAT(result.plans, SizeIs(1)) << source;
  const Plan& plan = result.plans[0];
  ASSERT_TRUE(plan.execution_ms) << source;
  double sum = plan.unaccounted_ms + plan.serialize_ms;
  double rounding = 0.001;
  for (const Trigger& trigger : plan.triggers) sum += trigger.ms;
  walk(plan.root, [&](const Node& node, std::size_t) {
    EXPECT_GE(node.self_ms, 0) << source;
    EXPECT_LE(node.self_ms, *plan.execution_ms + 0.001) << source;
    sum += node.self_ms;
    rounding += 0.0005 * node.loops;
  });
  EXPECT_NEAR(sum, *plan.execution_ms, 1e-6) << source;
  // Executor start and end take time, so what nobody measured is positive but for rounding.
  EXPECT_GE(plan.unaccounted_ms, -rounding) << source;
}

TEST_P(FormatTest, SelfTimesOfARunAddUpToItsExecutionTime) {
  for (const bool parallel : {false, true}) {
    for (const char* options : {"ANALYZE, BUFFERS", "ANALYZE, VERBOSE, BUFFERS"}) {
      const std::string json = explain(std::string("FORMAT JSON, ") + options, parallel);
      check_invariants(read_json(json), json);
      for (const Format& format : kFormats) {
        const std::string other = explain(std::string(format.option) + ", " + options, parallel);
        check_invariants(format.read(other), other);
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Statements, FormatTest, testing::ValuesIn(statements()),
                         [](const auto& test) { return fmt::format("statement_{}", test.index); });

}  // namespace
}  // namespace quell::plan
