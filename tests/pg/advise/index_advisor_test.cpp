#include <gmock/gmock.h>

#include <cstdio>

#include "tests/pg/advise/advisor_fixture.hpp"

namespace quell::advise {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::Field;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;
using testing::UnorderedElementsAre;

// "Order" needs quotes; sales.orders and public.orders have one name; t1 and t2 are the join of which neither index
// alone saves half.
constexpr const char* kSchema = R"(
  CREATE TABLE posts (id int PRIMARY KEY, author_id int NOT NULL, state text NOT NULL, created_at timestamptz NOT NULL,
                      title text NOT NULL);
  INSERT INTO posts SELECT n, n % 2000, CASE WHEN n % 500 = 0 THEN 'draft' ELSE 'published' END,
                           '2026-01-01'::timestamptz + n * interval '1 minute', 'title ' || n
                    FROM generate_series(1, 60000) n;
  CREATE TABLE "Order" (id int PRIMARY KEY, "userId" int, "select" int);
  INSERT INTO "Order" SELECT n, n % 3000, n % 7 FROM generate_series(1, 30000) n;
  CREATE TABLE tiny (id int, name text);
  INSERT INTO tiny SELECT n, 'x' FROM generate_series(1, 50) n;
  CREATE TABLE t1 (id int PRIMARY KEY, b int, pad text);
  INSERT INTO t1 SELECT n, n % 2000, repeat('x', 20) FROM generate_series(1, 40000) n;
  CREATE TABLE t2 (id int PRIMARY KEY, t1_id int, pad text);
  INSERT INTO t2 SELECT n, n % 40000, repeat('y', 20) FROM generate_series(1, 80000) n;
  CREATE SCHEMA sales;
  CREATE TABLE sales.posts (id int, author_id int);
  CREATE TABLE measures (at date NOT NULL, sensor int NOT NULL, value int) PARTITION BY RANGE (at);
  CREATE TABLE measures_a PARTITION OF measures FOR VALUES FROM ('2026-01-01') TO ('2026-02-01');
  CREATE TABLE measures_b PARTITION OF measures FOR VALUES FROM ('2026-02-01') TO ('2026-03-01');
  INSERT INTO measures SELECT '2026-01-01'::date + n % 59, n % 1500, n FROM generate_series(1, 60000) n;
  CREATE VIEW recent AS SELECT * FROM posts WHERE created_at > '2026-02-01';
  ANALYZE;
)";

class IndexAdvisorTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    dsn_ = test::fresh_database();
    db::SyncConnection::open(dsn_).execute(kSchema);
  }
  static std::string dsn_;
};
std::string IndexAdvisorTest::dsn_;

/// Creates the index for real, compares the cost of `sql`, and drops it again.
double real_cost_with(const std::string& dsn, const std::vector<std::string>& ddl, const std::string& sql) {
  auto connection = db::SyncConnection::open(dsn);
  connection.execute("BEGIN");
  for (std::string text : ddl) {
    const auto concurrently = text.find("CONCURRENTLY ");
    if (concurrently != std::string::npos) text.erase(concurrently, 13);
    connection.execute(text);
  }
  const auto result = connection.query("EXPLAIN (FORMAT JSON) " + sql);
  const double cost = plan::read_json(result.value(0, 0)).plans.at(0).root.total_cost;
  connection.execute("ROLLBACK");
  return cost;
}

TEST_F(IndexAdvisorTest, EqualityColumnGetsAnIndexWhoseRealCostIsTheWhatIfCost) {
  const AdviseResult result =
      advise(dsn_, Statements().add("SELECT * FROM posts WHERE author_id = $1", 100, {{{"17"}}}));
  ASSERT_THAT(ddl_of(result), ElementsAre("CREATE INDEX CONCURRENTLY posts_author_id_idx ON public.posts (author_id)"));
  const IndexAdvice& advice = result.advice[0];
  EXPECT_EQ(advice.verification, Verification::what_if);
  EXPECT_THAT(advice.columns, ElementsAre("author_id"));
  ASSERT_THAT(advice.statements, SizeIs(1));
  EXPECT_EQ(advice.statements[0].executions, 100U);
  const double before = cost_of(dsn_, "SELECT * FROM posts WHERE author_id = 17");
  const double after = real_cost_with(dsn_, ddl_of(result), "SELECT * FROM posts WHERE author_id = 17");
  EXPECT_NEAR(advice.statements[0].cost_before, before, 0.01);
  EXPECT_NEAR(advice.statements[0].cost_after, after, 0.1 * after);
  EXPECT_NEAR(advice.cost_before, 100 * before, 1);
}

TEST_F(IndexAdvisorTest, OrderWithLimitGetsTheDirectionAfterTheEquality) {
  const AdviseResult result =
      advise(dsn_, Statements()
                       .add("SELECT * FROM posts WHERE author_id = $1 ORDER BY created_at DESC LIMIT 10", 50, {{{"3"}}})
                       .add("SELECT * FROM posts ORDER BY title, id DESC LIMIT 5", 10));
  EXPECT_THAT(ddl_of(result),
              Contains("CREATE INDEX CONCURRENTLY posts_title_id_idx ON public.posts (title, id DESC)"));
}

TEST_F(IndexAdvisorTest, BothSidesOfAJoinAreFoundThoughNeitherAloneSavesHalf) {
  const std::string sql = "SELECT * FROM t1 JOIN t2 ON t2.t1_id = t1.id WHERE t1.b = 7";
  const AdviseResult result = advise(dsn_, Statements().add(sql, 20));
  EXPECT_THAT(ddl_of(result), UnorderedElementsAre("CREATE INDEX CONCURRENTLY t1_b_idx ON public.t1 (b)",
                                                   "CREATE INDEX CONCURRENTLY t2_t1_id_idx ON public.t2 (t1_id)"));
  EXPECT_LT(real_cost_with(dsn_, ddl_of(result), sql), 0.3 * cost_of(dsn_, sql));
}

TEST_F(IndexAdvisorTest, BothArmsOfAnOrAreFound) {
  const std::string sql = "SELECT * FROM posts WHERE author_id = 5 OR created_at = '2026-01-03'";
  const AdviseResult result = advise(dsn_, Statements().add(sql, 20));
  EXPECT_THAT(ddl_of(result), SizeIs(2));
  EXPECT_LT(real_cost_with(dsn_, ddl_of(result), sql), 0.3 * cost_of(dsn_, sql));
}

TEST_F(IndexAdvisorTest, RareValueIsWorthAnIndexThoughTheFrequentOneIsNot) {
  // 'draft' is one in 500. All-NULL or generic planning finds nothing here.
  EXPECT_THAT(ddl_of(advise(dsn_, Statements().add("SELECT * FROM posts WHERE state = $1", 10, {{{"published"}}}))),
              IsEmpty());
  EXPECT_THAT(ddl_of(advise(dsn_, Statements().add("SELECT * FROM posts WHERE state = $1", 10, {{{"draft"}}}))),
              ElementsAre(HasSubstr("(state)")));
}

TEST_F(IndexAdvisorTest, StatementsAreWeightedByTheirExecutions) {
  // 300 executions of a cheap gain are worth it, one is not.
  const auto with = [&](std::uint64_t executions) {
    return ddl_of(advise(dsn_, Statements().add("SELECT * FROM \"Order\" WHERE \"userId\" = 4", executions)));
  };
  EXPECT_THAT(with(1), IsEmpty());
  EXPECT_THAT(with(300),
              ElementsAre("CREATE INDEX CONCURRENTLY \"Order_userId_idx\" ON public.\"Order\" (\"userId\")"));
}

TEST_F(IndexAdvisorTest, ExistingIndexIsNotAdvisedAgain) {
  const AdviseResult result = advise(dsn_, Statements().add("SELECT * FROM posts WHERE id = $1", 1000, {{{"5"}}}));
  EXPECT_THAT(result.advice, IsEmpty());
  EXPECT_THAT(result.rejected, Contains(Field(&RejectedIndex::reason, HasSubstr("posts_pkey begins with these"))));
}

TEST_F(IndexAdvisorTest, TinyTableIsLeftAlone) {
  const AdviseResult result = advise(dsn_, Statements().add("SELECT * FROM tiny WHERE id = 7", 1'000'000));
  EXPECT_THAT(result.advice, IsEmpty());
  EXPECT_THAT(result.rejected, Contains(Field(&RejectedIndex::reason, HasSubstr("tiny is tiny"))));
}

TEST_F(IndexAdvisorTest, PartitionedTableIsAdvisedAsAWholeWithoutConcurrently) {
  const AdviseResult result = advise(dsn_, Statements().add("SELECT * FROM measures WHERE sensor = 9", 50));
  ASSERT_THAT(ddl_of(result), ElementsAre("CREATE INDEX measures_sensor_idx ON public.measures (sensor)"));
  EXPECT_THAT(result.advice[0].note, HasSubstr("partition"));
}

TEST_F(IndexAdvisorTest, UpdatesAndDeletesAreServedToo) {
  const AdviseResult result =
      advise(dsn_, Statements().add("UPDATE posts SET title = $1 WHERE author_id = $2", 40, {{{"new", "6"}}}));
  EXPECT_THAT(ddl_of(result), ElementsAre(HasSubstr("(author_id)")));
}

TEST_F(IndexAdvisorTest, TakenIndexNameGetsANumber) {
  auto connection = db::SyncConnection::open(dsn_);
  connection.execute("CREATE TABLE posts_author_id_idx (x int)");
  const AdviseResult result = advise(dsn_, Statements().add("SELECT * FROM posts WHERE author_id = 1", 100));
  connection.execute("DROP TABLE posts_author_id_idx");
  EXPECT_THAT(ddl_of(result), ElementsAre(HasSubstr(" posts_author_id_idx1 ")));
}

TEST_F(IndexAdvisorTest, BadStatementsAreIsolatedAndNamed) {
  const AdviseResult result =
      advise(dsn_, Statements()
                       .add("SELECT * FROM vanished WHERE id = 1", 10)
                       .add("SELECT nonsense(author_id) FROM posts", 10)
                       .add("SELECT FROM WHERE", 10)
                       .add("SELECT * FROM posts WHERE author_id = $1", 10, {{{"not a number"}}})
                       .add("SELECT * FROM recent WHERE author_id = 3", 10)
                       .add("SELECT * FROM posts WHERE author_id = 3", 100));
  EXPECT_THAT(ddl_of(result), Contains(HasSubstr("(author_id)")));
  EXPECT_THAT(result.not_planned, Contains(HasSubstr("\"vanished\" is not in this database")));
  EXPECT_THAT(result.not_planned, Contains(HasSubstr("nonsense")));
  EXPECT_THAT(result.not_planned, Contains(HasSubstr("could not be parsed")));
  EXPECT_THAT(result.not_planned, Contains(HasSubstr("\"recent\" is a view")));
}

TEST_F(IndexAdvisorTest, SameInputSameAdvice) {
  const auto run = [&] {
    return advise(dsn_, Statements()
                            .add("SELECT * FROM posts WHERE author_id = 3 AND created_at > '2026-01-20'", 30)
                            .add("SELECT * FROM posts WHERE author_id = 3 ORDER BY title", 30)
                            .add("SELECT * FROM t2 WHERE t1_id = 5", 30));
  };
  const AdviseResult first = run();
  const AdviseResult second = run();
  EXPECT_EQ(ddl_of(first), ddl_of(second));
  ASSERT_FALSE(first.advice.empty());
  EXPECT_EQ(first.advice[0].cost_after, second.advice[0].cost_after);
  EXPECT_EQ(first.rejected.size(), second.rejected.size());
}

/// Schema as pg_dump writes it, without the random key that newer versions put into \restrict lines.
std::string dump(const std::string& dsn) {
  const std::string command = test::cluster().bin_directory() + "/pg_dump --schema-only -d '" + dsn + "' 2>&1";
  std::string out;
  FILE* pipe = ::popen(command.c_str(), "r");
  char line[4096];
  while (std::fgets(line, sizeof line, pipe) != nullptr) {
    if (!std::string_view(line).starts_with("\\restrict") && !std::string_view(line).starts_with("\\unrestrict"))
      out += line;
  }
  EXPECT_EQ(::pclose(pipe), 0) << out.substr(0, 500);
  EXPECT_THAT(out, HasSubstr("CREATE TABLE"));
  return out;
}

TEST_F(IndexAdvisorTest, NothingIsLeftBehind) {
  const std::string before = dump(dsn_);
  const AdviseResult result = advise(dsn_, Statements()
                                               .add("SELECT * FROM posts WHERE author_id = 3", 100)
                                               .add("SELECT * FROM vanished", 10)
                                               .add("DELETE FROM posts WHERE author_id = 3", 100));
  ASSERT_FALSE(result.advice.empty());
  EXPECT_EQ(dump(dsn_), before);
  EXPECT_THAT(before, Not(HasSubstr("hypopg")));
}

TEST_F(IndexAdvisorTest, InstalledExtensionIsUsedAndKept) {
  const std::string dsn = test::fresh_database();
  auto connection = db::SyncConnection::open(dsn);
  connection.execute("CREATE SCHEMA tools; CREATE EXTENSION hypopg SCHEMA tools");
  connection.execute("CREATE TABLE a (id int, b int); INSERT INTO a SELECT n, n FROM generate_series(1, 30000) n");
  connection.execute("ANALYZE a");
  EXPECT_THAT(advise(dsn, Statements().add("SELECT * FROM a WHERE b = 3", 100)).advice,
              ElementsAre(Field(&IndexAdvice::verification, Verification::what_if)));
  EXPECT_THAT(dump(dsn), HasSubstr("hypopg"));
}

TEST_F(IndexAdvisorTest, WithoutTheRightToCreateTheExtensionTheAdviceIsNotVerified) {
  const std::string dsn = test::fresh_database();
  auto connection = db::SyncConnection::open(dsn);
  connection.execute("DROP ROLE IF EXISTS plain_user; CREATE ROLE plain_user LOGIN");
  connection.execute("CREATE TABLE a (id int, b int, c text)");
  connection.execute("INSERT INTO a SELECT n, n % 5000, 'x' FROM generate_series(1, 30000) n");
  connection.execute("ANALYZE a; GRANT SELECT ON a TO plain_user");
  const AdviseResult result =
      advise(dsn + " user=plain_user", Statements().add("SELECT * FROM a WHERE b = $1", 100, {{{"8"}}}));
  ASSERT_THAT(ddl_of(result), ElementsAre("CREATE INDEX CONCURRENTLY a_b_idx ON public.a (b)"));
  EXPECT_EQ(result.advice[0].verification, Verification::not_verified);
  EXPECT_THAT(result.advice[0].note, AllOf(HasSubstr("not verified"), HasSubstr("CREATE EXTENSION hypopg")));
  EXPECT_EQ(result.advice[0].cost_after, result.advice[0].cost_before);
}

TEST_F(IndexAdvisorTest, UnreachableServerThrows) {
  EXPECT_THROW((void)advise("host=/nonexistent dbname=none", Statements()), Error);
}

}  // namespace
}  // namespace quell::advise
