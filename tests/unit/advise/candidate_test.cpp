#include "analyzer/advise/candidate.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace quell::advise {
namespace {

using testing::Contains;
using testing::Each;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::IsNull;
using testing::Not;
using testing::NotNull;
using testing::UnorderedElementsAre;

CatalogColumn column(std::string name, double distinct = 100, std::size_t width = 4) {
  CatalogColumn out;
  out.name = std::move(name);
  out.btree = true;
  out.n_distinct = distinct;
  out.average_width = static_cast<double>(width);
  out.alignment = width;
  return out;
}

CatalogTable posts() {
  CatalogTable table;
  table.schema = "public";
  table.name = "posts";
  table.rows = 100'000;
  table.pages = 1000;
  table.columns = {column("id", 100'000), column("author_id", 500), column("state", 3),
                   column("created_at", 90'000, 8)};
  CatalogColumn json = column("body");
  json.btree = false;
  table.columns.push_back(json);
  CatalogColumn title = column("title");
  title.textual = true;
  title.plain_order = false;
  title.alignment = 1;
  table.columns.push_back(title);
  return table;
}

CatalogTable users() {
  CatalogTable table = posts();
  table.name = "users";
  table.columns = {column("id", 500), column("email", 500)};
  return table;
}

/// "author_id, created_at DESC" for each candidate.
std::vector<std::string> keys_of(const std::string& sql, const std::vector<CatalogTable>& tables = {posts()},
                                 std::size_t table = 0) {
  const sql::StatementFacts facts = sql::analyze_statement(sql);
  std::vector<std::size_t> table_of;
  for (const sql::Table& named : facts.tables) {
    std::size_t found = kNoTable;
    for (std::size_t i = 0; i < tables.size(); ++i) {
      if (tables[i].name == named.name) found = i;
    }
    table_of.push_back(found);
  }
  std::vector<std::string> out;
  for (const Candidate& candidate : candidates_for(facts, table_of, tables)) {
    if (candidate.table != table) continue;
    std::string text;
    for (const KeyColumn& key : candidate.keys) text += (text.empty() ? "" : ", ") + key_sql(key);
    out.push_back(text);
  }
  return out;
}

TEST(Candidates, OneEqualityIsOneCandidate) {
  EXPECT_THAT(keys_of("SELECT * FROM posts WHERE author_id = $1"), ElementsAre("author_id"));
}

TEST(Candidates, EqualitiesComeBeforeTheRangeMostSelectiveFirst) {
  const auto keys = keys_of("SELECT * FROM posts WHERE created_at > $1 AND state = $2 AND author_id = $3");
  EXPECT_THAT(keys, Contains("author_id, state, created_at"));
  EXPECT_THAT(keys, Not(Contains(testing::StartsWith("created_at,"))));
}

TEST(Candidates, OrderFollowsTheEqualitiesWithItsDirections) {
  const auto keys = keys_of("SELECT * FROM posts WHERE author_id = $1 ORDER BY created_at DESC, id LIMIT 5");
  EXPECT_THAT(keys, Contains("author_id, created_at DESC, id"));
  EXPECT_THAT(keys, Contains("created_at DESC, id"));
}

TEST(Candidates, NullsOrderIsWrittenOnlyWhereItIsNotTheDefault) {
  EXPECT_THAT(keys_of("SELECT * FROM posts ORDER BY created_at DESC NULLS LAST LIMIT 5"),
              ElementsAre("created_at DESC NULLS LAST"));
}

TEST(Candidates, ExpressionEndsTheOrder) {
  EXPECT_THAT(keys_of("SELECT * FROM posts ORDER BY lower(title), id LIMIT 5"), IsEmpty());
}

TEST(Candidates, JoinColumnsOnBothSides) {
  const std::string sql = "SELECT * FROM posts p JOIN users u ON u.id = p.author_id WHERE u.email = $1";
  EXPECT_THAT(keys_of(sql, {posts(), users()}, 0), ElementsAre("author_id"));
  EXPECT_THAT(keys_of(sql, {posts(), users()}, 1), UnorderedElementsAre("id", "email", "email, id", "id, email"));
}

TEST(Candidates, UnqualifiedColumnBelongsToTheOnlyTableThatHasIt) {
  const std::string sql = "SELECT * FROM posts JOIN users ON users.id = author_id WHERE email = $1 AND id > 5";
  EXPECT_THAT(keys_of(sql, {posts(), users()}, 1), Contains("email"));
  EXPECT_THAT(keys_of(sql, {posts(), users()}, 0), Not(Contains("id")));  // both have id: nobody knows whose
}

TEST(Candidates, ColumnsUnderOrAreTakenApart) {
  EXPECT_THAT(keys_of("SELECT * FROM posts WHERE author_id = $1 OR created_at = $2"),
              UnorderedElementsAre("author_id", "created_at", "author_id, created_at", "created_at, author_id"));
}

TEST(Candidates, TypeWithoutABtreeIsNotIndexed) {
  EXPECT_THAT(keys_of("SELECT * FROM posts WHERE body = $1"), IsEmpty());
}

TEST(Candidates, UnknownTableOrColumnGivesNothing) {
  EXPECT_THAT(keys_of("SELECT * FROM elsewhere WHERE author_id = $1"), IsEmpty());
  EXPECT_THAT(keys_of("SELECT * FROM posts WHERE no_such_column = $1"), IsEmpty());
}

TEST(Candidates, PatternNeedsThePatternOperatorsWhereTheCollationDoesNotOrderByBytes) {
  EXPECT_THAT(keys_of("SELECT * FROM posts WHERE title LIKE 'abc%'"), Contains("title text_pattern_ops"));
}

TEST(Candidates, NoneIsWiderThanTheLimitOrRepeatsAColumn) {
  const sql::StatementFacts facts = sql::analyze_statement(
      "SELECT * FROM posts WHERE author_id = 1 AND state = 'x' AND id = 3 AND title = 'y' AND created_at > now() "
      "ORDER BY author_id, created_at");
  for (const Candidate& candidate : candidates_for(facts, {0}, {posts()})) {
    EXPECT_LE(candidate.keys.size(), kWidestIndex);
    std::set<std::string> names;
    for (const KeyColumn& key : candidate.keys) names.insert(key.column);
    EXPECT_EQ(names.size(), candidate.keys.size());
  }
}

CatalogIndex index(std::vector<IndexKey> keys) {
  CatalogIndex out;
  out.name = "existing";
  out.method = "btree";
  out.keys = std::move(keys);
  return out;
}

const CatalogIndex* serving(CatalogTable& table, CatalogIndex existing, const std::vector<KeyColumn>& keys) {
  table.indexes = {std::move(existing)};
  return serving_index(table, keys);
}

TEST(ServingIndex, PrefixOfAnExistingOneIsServed) {
  CatalogTable table = posts();
  EXPECT_THAT(serving(table, index({{"author_id"}, {"created_at"}}), {{"author_id"}}), NotNull());
  EXPECT_THAT(serving(table, index({{"author_id"}, {"created_at"}}), {{"created_at"}}), IsNull());
  EXPECT_THAT(serving(table, index({{"author_id"}}), {{"author_id"}, {"created_at"}}), IsNull());
}

TEST(ServingIndex, DirectionsMayAllBeReversedButNotOne) {
  CatalogTable table = posts();
  const CatalogIndex both_up = index({{"author_id"}, {"created_at"}});
  EXPECT_THAT(serving(table, both_up, {{"author_id", true, true}, {"created_at", true, true}}), NotNull());
  EXPECT_THAT(serving(table, both_up, {{"author_id"}, {"created_at", true, true}}), IsNull());
}

TEST(ServingIndex, PartialInvalidForeignMethodAndOtherOperatorsDoNotServe) {
  CatalogTable table = posts();
  CatalogIndex partial = index({{"author_id"}});
  partial.partial = true;
  EXPECT_THAT(serving(table, partial, {{"author_id"}}), IsNull());
  CatalogIndex invalid = index({{"author_id"}});
  invalid.valid = false;
  EXPECT_THAT(serving(table, invalid, {{"author_id"}}), IsNull());
  CatalogIndex hash = index({{"author_id"}});
  hash.method = "hash";
  EXPECT_THAT(serving(table, hash, {{"author_id"}}), IsNull());
  EXPECT_THAT(serving(table, index({{"title", false, false, false}}), {{"title"}}), IsNull());
  EXPECT_THAT(serving(table, index({{"title", false, false, false}}), {{"title", false, false, true}}), NotNull());
}

TEST(Ddl, QuotesOnlyWhatNeedsIt) {
  EXPECT_EQ(quote_if_needed("author_id"), "author_id");
  EXPECT_EQ(quote_if_needed("userId"), "\"userId\"");
  EXPECT_EQ(quote_if_needed("order"), "\"order\"");
  EXPECT_EQ(quote_if_needed("user"), "\"user\"");
  EXPECT_EQ(quote_if_needed("2nd"), "\"2nd\"");
  EXPECT_EQ(quote_if_needed("a\"b"), "\"a\"\"b\"");
  EXPECT_EQ(quote_if_needed(""), "\"\"");
}

TEST(Ddl, CreatesConcurrentlyExceptOnPartitionedTables) {
  CatalogTable table = posts();
  EXPECT_EQ(create_index_sql(table, {{"author_id"}, {"created_at", true, true}}, "x_idx", true),
            "CREATE INDEX CONCURRENTLY x_idx ON public.posts (author_id, created_at DESC)");
  table.partitioned = true;
  EXPECT_EQ(create_index_sql(table, {{"author_id"}}, "", true), "CREATE INDEX ON public.posts (author_id)");
}

TEST(Ddl, NameIsCutAtACharacterWithin63Bytes) {
  CatalogTable table = posts();
  EXPECT_EQ(index_name(table, {{"author_id"}, {"created_at"}}), "posts_author_id_created_at_idx");
  EXPECT_EQ(index_name(table, {{"author_id"}}, 2), "posts_author_id_idx2");
  table.name = std::string(57, 'x') + "\xc3\xa4";  // 59 bytes; the limit of the stem is 59
  EXPECT_EQ(index_name(table, {{"y"}}), table.name + "_idx");
  table.name = std::string(58, 'x') + "\xc3\xa4";  // the umlaut would be cut in half
  EXPECT_EQ(index_name(table, {{"y"}}), std::string(58, 'x') + "_idx");
}

TEST(EstimatedSize, UniqueIntegersTakeSixteenBytesAndALinePointer) {
  // 100,000 tuples of 8 + 4 rounded to 16, plus 4, on pages of 8152 * 0.9 bytes: 273 leaves; one root, one metapage.
  CatalogTable table = posts();
  EXPECT_EQ(estimated_size(table, {{"id"}}, 150000), (273U + 1 + 1) * 8192);
}

TEST(EstimatedSize, RepeatedKeysAreDeduplicatedFrom13On) {
  CatalogTable table = posts();
  EXPECT_LT(estimated_size(table, {{"state"}}, 150000), estimated_size(table, {{"state"}}, 120000) / 2);
}

TEST(EstimatedSize, UnknownWhereTheTableWasNeverAnalysed) {
  CatalogTable table = posts();
  table.rows = 0;
  EXPECT_EQ(estimated_size(table, {{"id"}}, 150000), 0U);
}

}  // namespace
}  // namespace quell::advise
