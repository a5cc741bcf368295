#include <algorithm>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analyzer/sql/statement_facts.hpp"

namespace quell::sql {
namespace {

using testing::ElementsAre;

const Predicate& predicate_on(const StatementFacts& facts, std::string_view column) {
  const auto found = std::find_if(facts.predicates.begin(), facts.predicates.end(),
                                  [&](const Predicate& predicate) { return predicate.column == column; });
  if (found == facts.predicates.end()) throw std::runtime_error("no predicate on " + std::string(column));
  return *found;
}

StatementKind kind(std::string_view text) {
  return analyze_statement(text).kind;
}

TEST(StatementFacts, EqualityWithParameterNamesTableAndColumn) {
  const auto facts = analyze_statement("SELECT * FROM users u JOIN posts p ON p.author_id = u.id WHERE u.id = $1");
  ASSERT_EQ(facts.tables.size(), 2U);
  EXPECT_EQ(facts.tables[0].name, "users");
  EXPECT_EQ(facts.tables[0].alias, "u");
  const Predicate& id = facts.predicates.back();
  EXPECT_EQ(id.table, 0U);
  EXPECT_EQ(id.column, "id");
  EXPECT_EQ(id.op, PredicateOperator::equal);
  EXPECT_EQ(id.parameter, 1);
  EXPECT_EQ(id.bind, 1);
  EXPECT_TRUE(id.conjunctive);
  const Predicate& join = predicate_on(facts, "author_id");
  EXPECT_TRUE(join.join);
  EXPECT_EQ(join.table, 1U);
  EXPECT_EQ(join.join_table, 0U);
  EXPECT_EQ(join.join_column, "id");
}

TEST(StatementFacts, LiteralsAreBindsInTextOrder) {
  const auto facts = analyze_statement("SELECT * FROM t WHERE a = 5 AND b = 'x' AND c > -2 LIMIT 10 OFFSET 30");
  EXPECT_EQ(predicate_on(facts, "a").bind, 1);
  EXPECT_EQ(predicate_on(facts, "a").literal_value, "5");
  EXPECT_EQ(predicate_on(facts, "b").bind, 2);
  EXPECT_EQ(predicate_on(facts, "b").literal_value, "x");
  EXPECT_EQ(predicate_on(facts, "c").bind, 3);
  EXPECT_EQ(predicate_on(facts, "c").literal_value, "-2");
  EXPECT_EQ(predicate_on(facts, "c").op, PredicateOperator::greater);
  EXPECT_EQ(facts.limit_bind, 4);
  EXPECT_EQ(facts.offset_bind, 5);
  ASSERT_EQ(facts.literals.size(), 5U);
  EXPECT_TRUE(facts.literals[1].is_string);
}

TEST(StatementFacts, ConstantOnTheLeftTurnsTheOperator) {
  EXPECT_EQ(predicate_on(analyze_statement("SELECT * FROM t WHERE $1 < a"), "a").op, PredicateOperator::greater);
}

TEST(StatementFacts, ListsAreAnyOfAndOneElementIsEquality) {
  EXPECT_EQ(predicate_on(analyze_statement("SELECT * FROM t WHERE a IN ($1, $2)"), "a").op, PredicateOperator::any_of);
  EXPECT_EQ(predicate_on(analyze_statement("SELECT * FROM t WHERE a = ANY($1::int[])"), "a").op,
            PredicateOperator::any_of);
  EXPECT_EQ(predicate_on(analyze_statement("SELECT * FROM t WHERE a IN ($1)"), "a").op, PredicateOperator::equal);
}

TEST(StatementFacts, DisjunctionsAreNotConjunctive) {
  const auto facts = analyze_statement("SELECT * FROM t WHERE a = 1 AND (b = 2 OR c = 3) AND NOT d = 4");
  EXPECT_TRUE(predicate_on(facts, "a").conjunctive);
  EXPECT_FALSE(predicate_on(facts, "b").conjunctive);
  EXPECT_FALSE(predicate_on(facts, "c").conjunctive);
  EXPECT_FALSE(predicate_on(facts, "d").conjunctive);
}

TEST(StatementFacts, RowComparisonsGiveEachColumnItsBind) {
  const auto facts = analyze_statement("SELECT * FROM t WHERE (a, b) > ($1, $2) ORDER BY a, b LIMIT 5");
  EXPECT_EQ(predicate_on(facts, "a").bind, 1);
  EXPECT_EQ(predicate_on(facts, "b").bind, 2);
  EXPECT_EQ(predicate_on(facts, "b").op, PredicateOperator::greater);
}

TEST(StatementFacts, BetweenLikeAndNullTests) {
  const auto facts = analyze_statement("SELECT * FROM t WHERE a BETWEEN 1 AND 2 AND b LIKE 'x%' AND c IS NULL");
  EXPECT_EQ(predicate_on(facts, "a").op, PredicateOperator::between);
  EXPECT_EQ(predicate_on(facts, "b").op, PredicateOperator::like);
  EXPECT_EQ(predicate_on(facts, "c").op, PredicateOperator::is_null);
}

TEST(StatementFacts, UnqualifiedColumnOfSeveralTablesIsUnresolved) {
  const auto facts = analyze_statement("SELECT * FROM a, b WHERE x = $1");
  EXPECT_EQ(predicate_on(facts, "x").table, Predicate::kUnresolved);
}

TEST(StatementFacts, OrderGroupLimitAndLocks) {
  const auto facts =
      analyze_statement("SELECT a, count(*) FROM t GROUP BY a ORDER BY a DESC, b NULLS FIRST LIMIT 5 FOR UPDATE");
  ASSERT_EQ(facts.order_by.size(), 2U);
  EXPECT_EQ(facts.order_by[0].column, "a");
  EXPECT_TRUE(facts.order_by[0].descending);
  EXPECT_TRUE(facts.order_by[0].nulls_first);
  EXPECT_TRUE(facts.order_by[1].nulls_first);
  ASSERT_EQ(facts.group_by.size(), 1U);
  EXPECT_TRUE(facts.has_limit);
  EXPECT_FALSE(facts.has_offset);
  EXPECT_TRUE(facts.locks_rows);
}

TEST(StatementFacts, WrittenColumnsAndTheirBinds) {
  const auto insert = analyze_statement("INSERT INTO t (a, b, c) VALUES ($1, now(), $2), ($3, now(), $4)");
  EXPECT_THAT(insert.written_columns, ElementsAre("a", "b", "c"));
  ASSERT_EQ(insert.assignments.size(), 2U);
  EXPECT_EQ(insert.assignments[1].column, "c");
  EXPECT_EQ(insert.assignments[1].bind, 2);
  const auto update = analyze_statement("UPDATE t SET a = $2, b = b + 1 WHERE id = $1");
  EXPECT_THAT(update.written_columns, ElementsAre("a", "b"));
  EXPECT_EQ(update.assignments.front().bind, 2);
  EXPECT_EQ(predicate_on(update, "id").bind, 1);
}

TEST(StatementFacts, Kinds) {
  using enum StatementKind;
  EXPECT_EQ(kind("SELECT * FROM t"), select);
  EXPECT_EQ(kind("WITH x AS (SELECT 1) SELECT * FROM x"), select);
  EXPECT_EQ(kind("INSERT INTO t VALUES (1)"), insert);
  EXPECT_EQ(kind("UPDATE t SET a = 1"), update);
  EXPECT_EQ(kind("DELETE FROM t"), delete_);
  EXPECT_EQ(kind("MERGE INTO t USING u ON t.id = u.id WHEN MATCHED THEN DELETE"), merge);
  EXPECT_EQ(kind("COPY t FROM STDIN"), copy);
  EXPECT_EQ(kind("BEGIN"), transaction_control);
  EXPECT_EQ(kind("RELEASE SAVEPOINT x"), transaction_control);
  EXPECT_EQ(kind("SET search_path TO a"), session);
  EXPECT_EQ(kind("SHOW all"), session);
  EXPECT_EQ(kind("DEALLOCATE p1"), session);
  EXPECT_EQ(kind("SELECT 1"), session);
  EXPECT_EQ(kind("SELECT version(), current_schema()"), session);
  EXPECT_EQ(kind("SELECT nextval('s')"), select);
  EXPECT_EQ(kind("SELECT relname FROM pg_class"), catalog);
  EXPECT_EQ(kind("SELECT * FROM information_schema.columns c JOIN pg_catalog.pg_class k ON true"), catalog);
  EXPECT_EQ(kind("SELECT pg_catalog.pg_get_viewdef('123'::pg_catalog.oid)"), catalog);
  EXPECT_EQ(kind("SELECT pg_notify('channel', 'x')"), select);
  EXPECT_EQ(kind("FETCH 100 FROM c"), other);
  EXPECT_EQ(kind("EXECUTE p(1)"), other);
  EXPECT_EQ(kind("SELECT * FROM pg_class, users"), select);
  EXPECT_EQ(kind("CREATE TABLE t (a int)"), ddl);
  EXPECT_EQ(kind("TRUNCATE t"), ddl);
  EXPECT_EQ(kind("SELECT a INTO u FROM t"), ddl);
}

TEST(StatementFacts, DataModifyingCteIsAWrite) {
  const auto facts = analyze_statement("WITH d AS (DELETE FROM t WHERE id = $1 RETURNING *) SELECT * FROM d");
  EXPECT_EQ(facts.kind, StatementKind::select);
  EXPECT_TRUE(facts.writes_in_cte);
  EXPECT_TRUE(facts.is_write());
  ASSERT_EQ(facts.tables.size(), 1U);
  EXPECT_EQ(facts.tables[0].name, "t");
}

TEST(StatementFacts, AggregatesOnly) {
  EXPECT_TRUE(analyze_statement("SELECT count(*) FROM t").aggregates_only);
  EXPECT_TRUE(analyze_statement("SELECT coalesce(sum(a), 0), max(b) FROM t").aggregates_only);
  EXPECT_TRUE(analyze_statement("SELECT EXISTS (SELECT 1 FROM t)").aggregates_only);
  EXPECT_TRUE(analyze_statement("SELECT 1 AS one FROM t WHERE id = $1 LIMIT 1").aggregates_only);
  EXPECT_FALSE(analyze_statement("SELECT count(*) FROM t GROUP BY a").aggregates_only);
  EXPECT_FALSE(analyze_statement("SELECT a, count(*) OVER () FROM t").aggregates_only);
}

TEST(StatementFacts, UnknownFunctionsAreVolatile) {
  EXPECT_FALSE(analyze_statement("SELECT lower(a), now() FROM t WHERE b = coalesce($1, 'x')").volatile_functions);
  EXPECT_TRUE(analyze_statement("SELECT random()").volatile_functions);
  EXPECT_TRUE(analyze_statement("SELECT nextval('s')").volatile_functions);
  EXPECT_TRUE(analyze_statement("SELECT my_function(a) FROM t").volatile_functions);
  EXPECT_TRUE(analyze_statement("SELECT a FROM t WHERE b IN (SELECT pg_advisory_lock(1))").volatile_functions);
}

TEST(StatementFacts, RefusedTextsAreMarkedAndKeepTheirFirstWord) {
  const auto facts = analyze_statement("UPDATE t SET WHERE");
  EXPECT_FALSE(facts.parsed);
  EXPECT_EQ(facts.kind, StatementKind::update);
  EXPECT_NE(facts.fingerprint, 0U);
}

TEST(StatementFacts, HexHasSixteenDigits) {
  EXPECT_EQ(to_hex(0xABC), "0000000000000abc");
}

}  // namespace
}  // namespace quell::sql
