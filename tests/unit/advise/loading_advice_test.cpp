#include "analyzer/advise/loading_advice.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace quell::advise {
namespace {

using detect::Advice;
using testing::HasSubstr;
using testing::SizeIs;

detect::ValueEdge edge(std::string from_table, std::string from_column, std::string to_table, std::string to_column) {
  detect::ValueEdge value_edge;
  value_edge.from_table = std::move(from_table);
  value_edge.from_column = std::move(from_column);
  value_edge.to_parameter = "$1";
  value_edge.to_table = std::move(to_table);
  value_edge.to_column = std::move(to_column);
  return value_edge;
}

std::vector<Advice> advice_for(const std::string& child, const std::optional<detect::ValueEdge>& value_edge,
                               detect::Kind kind = detect::Kind::n_plus_one, Layer layer = Layer::quell_db) {
  detect::Finding finding;
  finding.kind = kind;
  finding.edge = value_edge;
  finding.executions = 20;
  return loading_advice(finding, sql::analyze_statement(child), {"bigint", "text"}, layer);
}

TEST(LoadingAdvice, ForeignKeyOfTheParentIsAnEagerLoadOfTheReference) {
  const auto advice = advice_for("SELECT id, name FROM users WHERE id = $1", edge("posts", "author_id", "users", "id"));
  ASSERT_THAT(advice, SizeIs(2));
  EXPECT_EQ(advice[0].kind, Advice::Kind::eager_load);
  EXPECT_EQ(advice[0].stack, "quell::db");
  EXPECT_EQ(advice[0].code, "select<Post>().with(selectin(&Post::author))");
  EXPECT_THAT(advice[0].sentence, HasSubstr("instead of 20 times"));
  EXPECT_EQ(advice[1].kind, Advice::Kind::rewrite);
  EXPECT_EQ(advice[1].stack, "sql");
  EXPECT_EQ(advice[1].code, "SELECT id, name FROM users WHERE id = ANY($1)");
  EXPECT_THAT(advice[1].sentence, HasSubstr("posts.author_id"));
}

TEST(LoadingAdvice, AnotherLayerIsToldTheRelationAndNotOurCall) {
  const auto advice = advice_for("SELECT id, name FROM users WHERE id = $1", edge("posts", "author_id", "users", "id"),
                                 detect::Kind::n_plus_one, Layer::unknown);
  ASSERT_THAT(advice, SizeIs(2));
  EXPECT_EQ(advice[0].kind, Advice::Kind::eager_load);
  EXPECT_EQ(advice[0].code, "");
  EXPECT_THAT(advice[0].sentence, HasSubstr("Load author together with posts"));
  EXPECT_EQ(advice[1].code, "SELECT id, name FROM users WHERE id = ANY($1)");
}

TEST(LoadingAdvice, ForeignKeyOfTheChildIsAnEagerLoadOfTheCollection) {
  const auto advice =
      advice_for("SELECT id, body FROM comments WHERE post_id = $1", edge("posts", "id", "comments", "post_id"));
  EXPECT_EQ(advice.at(0).code, "select<Post>().with(selectin(&Post::comments))");
  EXPECT_EQ(advice.at(1).code, "SELECT post_id, id, body FROM comments WHERE post_id = ANY($1)");
}

TEST(LoadingAdvice, JoinTableIsAnEagerLoadOfTheTableBehindIt) {
  const auto advice =
      advice_for("SELECT t.id, t.name FROM tags t JOIN post_tags pt ON pt.tag_id = t.id WHERE pt.post_id = $1",
                 edge("posts", "id", "post_tags", "post_id"));
  EXPECT_EQ(advice.at(0).code, "select<Post>().with(selectin(&Post::tags))");
}

TEST(LoadingAdvice, CountLoopIsGroupedNotEagerLoaded) {
  const auto advice =
      advice_for("SELECT count(*) FROM comments WHERE post_id = $1", edge("posts", "id", "comments", "post_id"));
  ASSERT_THAT(advice, SizeIs(1));
  EXPECT_EQ(advice[0].kind, Advice::Kind::rewrite);
  EXPECT_THAT(advice[0].code, HasSubstr("GROUP BY post_id"));
}

TEST(LoadingAdvice, EdgeWhoseNamesSayNothingGetsTheSqlOnly) {
  for (const auto& value_edge : {edge("", "", "users", "id"), edge("carts", "user_id", "profiles", "owner_id"),
                                 edge("posts", "slug", "pages", "slug")}) {
    const auto advice = advice_for("SELECT * FROM users WHERE id = $1", value_edge);
    ASSERT_THAT(advice, SizeIs(1));
    EXPECT_EQ(advice[0].kind, Advice::Kind::rewrite);
  }
}

TEST(LoadingAdvice, WithoutAnEdgeTheComparedParameterIsTheArray) {
  const auto advice = advice_for("SELECT * FROM users WHERE id = $1", std::nullopt);
  ASSERT_THAT(advice, SizeIs(1));
  EXPECT_EQ(advice[0].code, "SELECT * FROM users WHERE id = ANY($1)");
}

TEST(LoadingAdvice, WritesBecomeOneStatement) {
  const auto advice =
      advice_for("INSERT INTO comments (post_id, body) VALUES ($1, $2)", std::nullopt, detect::Kind::n_plus_one_write);
  ASSERT_THAT(advice, SizeIs(1));
  EXPECT_EQ(advice[0].code, "INSERT INTO comments (post_id, body) SELECT * FROM unnest($1::bigint[], $2::text[])");
}

TEST(LoadingAdvice, DuplicatesAreMemoised) {
  const auto advice =
      advice_for("SELECT id, name FROM users WHERE id = $1", std::nullopt, detect::Kind::duplicate_query);
  ASSERT_THAT(advice, SizeIs(2));
  EXPECT_EQ(advice[0].kind, Advice::Kind::memoize);
  EXPECT_EQ(advice[1].code, "co_await session.get<User>(id)");
}

TEST(LoadingAdvice, DuplicateThatIsNoKeyLookupHasNoIdentityMapAdvice) {
  EXPECT_THAT(advice_for("SELECT count(*) FROM users", std::nullopt, detect::Kind::duplicate_query), SizeIs(1));
}

}  // namespace
}  // namespace quell::advise
