// The rewrites, run: one statement for all values must give what the loop gives.
#include <gmock/gmock.h>

#include <algorithm>

#include "analyzer/advise/batch_sql.hpp"
#include "tests/pg/advise/advisor_fixture.hpp"

namespace quell::advise {
namespace {

using Rows = std::vector<std::vector<std::string>>;

constexpr const char* kSchema = R"(
  CREATE TABLE comments (id int PRIMARY KEY, post_id int NOT NULL, body text NOT NULL);
  INSERT INTO comments SELECT n, n % 7, 'body ' || n FROM generate_series(1, 60) n;
)";

std::string text_of(std::string_view value) {
  return std::string(value);
}

Rows rows_of(db::SyncConnection& connection, const std::string& sql, const std::vector<std::string>& values) {
  std::vector<db::SyncParameter> parameters(values.size());
  for (std::size_t i = 0; i < values.size(); ++i) parameters[i].bytes = values[i];
  const auto result = connection.query(sql, parameters);
  Rows rows;
  for (std::size_t row = 0; row < result.rows(); ++row) {
    auto& cells = rows.emplace_back();
    for (std::size_t column = 0; column < result.columns(); ++column)
      cells.push_back(text_of(result.value(row, column)));
  }
  std::sort(rows.begin(), rows.end());
  return rows;
}

class BatchSqlTest : public testing::TestWithParam<const char*> {
 protected:
  BatchSqlTest() : connection_(db::SyncConnection::open(dsn())) {}
  static const std::string& dsn() {
    static const std::string made = [] {
      std::string fresh = test::fresh_database();
      db::SyncConnection::open(fresh).execute(kSchema);
      return fresh;
    }();
    return made;
  }
  db::SyncConnection connection_;
};

TEST_P(BatchSqlTest, GivesTheRowsOfTheLoopEachWithItsKey) {
  const std::string sql = GetParam();
  const std::string batched = batched_select(sql::analyze_statement(sql), 1, {"integer"});
  Rows expected;
  for (const char* key : {"2", "3", "5"}) {
    for (std::vector<std::string> row : rows_of(connection_, sql, {key})) {
      row.insert(row.begin(), key);
      expected.push_back(std::move(row));
    }
  }
  std::sort(expected.begin(), expected.end());
  ASSERT_FALSE(expected.empty());
  EXPECT_EQ(rows_of(connection_, batched, {"{2,3,5}"}), expected) << batched;
}

INSTANTIATE_TEST_SUITE_P(Selects, BatchSqlTest,
                         testing::Values("SELECT body FROM comments WHERE post_id = $1",
                                         "SELECT c.body, c.id FROM comments AS c WHERE c.post_id = $1 ORDER BY c.id",
                                         "SELECT count(*) FROM comments WHERE post_id = $1",
                                         "SELECT count(*), max(id) FROM comments WHERE $1 = post_id",
                                         "SELECT DISTINCT length(body) FROM comments WHERE post_id = $1",
                                         "SELECT EXISTS (SELECT FROM comments WHERE post_id = $1)",
                                         "SELECT id FROM comments WHERE post_id = $1 OR id = $1",
                                         "SELECT id FROM comments WHERE post_id = $1 UNION SELECT $1::int",
                                         "SELECT id FROM comments WHERE post_id + id = $1"));

TEST_F(BatchSqlTest, WritesDoWhatTheLoopDoes) {
  struct Case {
    const char* sql;
    std::vector<std::string> types;
    std::vector<std::vector<std::string>> loop;
    std::vector<std::string> arrays;
  };
  const std::vector<Case> cases{
      {"INSERT INTO comments (id, post_id, body) VALUES ($1, $2, $3)",
       {"integer", "integer", "text"},
       {{"101", "1", "a"}, {"102", "2", "b"}},
       {"{101,102}", "{1,2}", "{a,b}"}},
      {"UPDATE comments SET body = $1 WHERE id = $2",
       {"text", "integer"},
       {{"x", "4"}, {"y", "5"}},
       {"{x,y}", "{4,5}"}},
      {"DELETE FROM comments WHERE id = $1", {"integer"}, {{"4"}, {"9"}}, {"{4,9}"}},
      {"DELETE FROM comments WHERE post_id = $1 AND body = $2",
       {"integer", "text"},
       {{"4", "body 4"}, {"2", "body 9"}},
       {"{4,2}", "{body 4,body 9}"}},
  };
  const auto state_after = [&](const std::function<void()>& work) {
    connection_.execute("BEGIN");
    work();
    Rows rows = rows_of(connection_, "SELECT * FROM comments", {});
    connection_.execute("ROLLBACK");
    return rows;
  };
  const Rows untouched = state_after([] {});
  for (const Case& one : cases) {
    const Rows expected = state_after([&] {
      for (const auto& values : one.loop) rows_of(connection_, one.sql, values);
    });
    const std::string batched = batched_write(sql::analyze_statement(one.sql), one.types);
    EXPECT_NE(expected, untouched);
    EXPECT_EQ(state_after([&] { rows_of(connection_, batched, one.arrays); }), expected) << batched;
  }
}

}  // namespace
}  // namespace quell::advise
