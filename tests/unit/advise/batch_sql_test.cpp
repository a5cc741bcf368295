#include "analyzer/advise/batch_sql.hpp"

#include <gtest/gtest.h>

namespace quell::advise {
namespace {

std::string batched(const std::string& sql, int parameter = 1, const std::vector<std::string>& types = {"bigint"}) {
  return batched_select(sql::analyze_statement(sql), parameter, types);
}

std::string written(const std::string& sql, const std::vector<std::string>& types) {
  return batched_write(sql::analyze_statement(sql), types);
}

TEST(BatchedSelect, KeyLookupTakesAnArray) {
  EXPECT_EQ(batched("SELECT id, name FROM users WHERE id = $1"), "SELECT id, name FROM users WHERE id = ANY($1)");
}

TEST(BatchedSelect, InlinedLiteralIsAParameterToo) {
  EXPECT_EQ(batched("SELECT id, name FROM users WHERE id = 17"), "SELECT id, name FROM users WHERE id = ANY($1)");
}

TEST(BatchedSelect, KeyIsAddedToTheSelectListWhereItIsMissing) {
  EXPECT_EQ(batched("SELECT c.body FROM comments c WHERE c.post_id = $1 ORDER BY c.id"),
            "SELECT c.post_id, c.body FROM comments c WHERE c.post_id = ANY($1) ORDER BY c.id");
  EXPECT_EQ(batched("SELECT * FROM comments WHERE post_id = $1"), "SELECT * FROM comments WHERE post_id = ANY($1)");
}

TEST(BatchedSelect, QuotedNamesAreKept) {
  EXPECT_EQ(batched(R"(SELECT "t0"."name" FROM "users" "t0" WHERE "t0"."user Id" = $1)"),
            R"(SELECT "t0"."user Id", "t0"."name" FROM "users" "t0" WHERE "t0"."user Id" = ANY($1))");
}

TEST(BatchedSelect, QuotedKeyThatIsSelectedAlreadyIsNotSelectedTwice) {
  EXPECT_EQ(batched(R"(SELECT t0."id", t0."name" FROM "users" t0 WHERE t0."id" = $1)"),
            R"(SELECT t0."id", t0."name" FROM "users" t0 WHERE t0."id" = ANY($1))");
}

TEST(BatchedSelect, ColumnOfThatNameInAnotherTableIsNotTheKey) {
  EXPECT_EQ(batched("SELECT t.id, t.name FROM post_tags j JOIN tags t ON t.id = j.tag_id WHERE j.id = $1"),
            "SELECT j.id, t.id, t.name FROM post_tags j JOIN tags t ON t.id = j.tag_id WHERE j.id = ANY($1)");
  EXPECT_EQ(batched("SELECT t.* FROM post_tags j JOIN tags t ON t.id = j.tag_id WHERE j.id = $1"),
            "SELECT j.id, t.* FROM post_tags j JOIN tags t ON t.id = j.tag_id WHERE j.id = ANY($1)");
}

TEST(BatchedSelect, OtherParametersKeepTheirNumbers) {
  EXPECT_EQ(batched("SELECT id FROM comments WHERE state = $1 AND post_id = $2", 2, {"text", "bigint"}),
            "SELECT post_id, id FROM comments WHERE state = $1 AND post_id = ANY($2)");
}

TEST(BatchedSelect, CountIsGroupedByTheKey) {
  EXPECT_EQ(batched("SELECT count(*) FROM comments WHERE post_id = $1"),
            "SELECT post_id, count(*) FROM comments WHERE post_id = ANY($1) GROUP BY post_id");
}

TEST(BatchedSelect, LimitForEachValueNeedsLateral) {
  EXPECT_EQ(batched("SELECT id FROM comments WHERE post_id = $1 ORDER BY id DESC LIMIT 3", 1, {"integer"}),
            "SELECT batch.key, found.* FROM unnest($1::integer[]) AS batch (key) CROSS JOIN LATERAL (SELECT id FROM "
            "comments WHERE post_id = batch.key ORDER BY id DESC LIMIT $2) AS found");
}

TEST(BatchedSelect, ParameterThatIsNotJustComparedNeedsLateral) {
  EXPECT_EQ(
      batched("SELECT id FROM posts WHERE author_id = $1 OR editor_id = $1"),
      "SELECT batch.key, found.* FROM unnest($1::bigint[]) AS batch (key) CROSS JOIN LATERAL (SELECT id FROM posts "
      "WHERE author_id = batch.key OR editor_id = batch.key) AS found");
}

TEST(BatchedSelect, ListThatNormalisationShortenedIsNotRewritten) {
  EXPECT_EQ(batched("SELECT id FROM posts WHERE author_id = $1 AND state IN ('a', 'b', 'c')"), "");
}

TEST(BatchedSelect, NothingWithoutTheParameter) {
  EXPECT_EQ(batched("SELECT id FROM posts"), "");
}

TEST(BatchedWrite, InsertTakesItsRowsFromUnnest) {
  EXPECT_EQ(written("INSERT INTO comments (post_id, body) VALUES ($1, $2) RETURNING id", {"bigint", "text"}),
            "INSERT INTO comments (post_id, body) SELECT * FROM unnest($1::bigint[], $2::text[]) RETURNING id");
}

TEST(BatchedWrite, InsertWithAnExpressionIsLeftToTheReader) {
  EXPECT_EQ(written("INSERT INTO comments (post_id, at) VALUES ($1, now())", {"bigint"}), "");
}

TEST(BatchedWrite, UpdateJoinsUnnest) {
  EXPECT_EQ(
      written("UPDATE posts SET title = $1 WHERE id = $2", {"text", "bigint"}),
      "UPDATE posts SET title = batch.v1 FROM unnest($1::text[], $2::bigint[]) AS batch (v1, v2) WHERE id = batch.v2");
}

TEST(BatchedWrite, DeleteByOneKeyTakesAnArray) {
  EXPECT_EQ(written("DELETE FROM posts WHERE id = $1", {"bigint"}), "DELETE FROM posts WHERE id = ANY($1)");
}

TEST(BatchedWrite, DeleteByTwoColumnsJoinsUnnest) {
  EXPECT_EQ(
      written("DELETE FROM post_tags WHERE post_id = $1 AND tag_id = $2", {"bigint", "integer"}),
      "DELETE FROM post_tags USING unnest($1::bigint[], $2::integer[]) AS batch (v1, v2) WHERE post_id = batch.v1 AND "
      "tag_id = batch.v2");
}

TEST(SqlType, KnownOidsAndAGuess) {
  EXPECT_EQ(sql_type(23, false), "integer");
  EXPECT_EQ(sql_type(2950, false), "uuid");
  EXPECT_EQ(sql_type(0, true), "bigint");
  EXPECT_EQ(sql_type(0, false), "text");
}

}  // namespace
}  // namespace quell::advise
