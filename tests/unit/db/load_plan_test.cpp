// The plan of a load without a server: what is asked, for which keys, and what answers do. Answers are results that
// libpq builds in memory.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <libpq-fe.h>

#include <optional>
#include <string>
#include <vector>

#include "tests/pg/db/blog.hpp"

namespace quell::db {
namespace {

using detail::Arena;
using detail::LoadContext;
using detail::LoadLevel;
using test::Comment;
using test::Post;
using test::User;
using testing::ElementsAre;
using testing::IsEmpty;

class Column {
 public:
  Column(const char* column_name, std::uint32_t type) : name(column_name), type_oid(type) {}
  const char* name;
  std::uint32_t type_oid;
};

template <class V>
std::string wire(const V& value) {
  std::string bytes;
  Codec<V>::encode(value, bytes);
  return bytes;
}

/// A binary result of these rows, each a list of encoded values.
Result result_of(const std::vector<Column>& columns, const std::vector<std::vector<std::string>>& rows) {
  PGresult* raw = PQmakeEmptyPGresult(nullptr, PGRES_TUPLES_OK);
  std::vector<PGresAttDesc> attributes;
  for (const Column& column : columns)
    attributes.push_back({const_cast<char*>(column.name), 0, 0, 1, column.type_oid, -1, -1});
  PQsetResultAttrs(raw, static_cast<int>(attributes.size()), attributes.data());
  for (int r = 0; r < static_cast<int>(rows.size()); ++r)
    for (int c = 0; c < static_cast<int>(columns.size()); ++c) {
      std::string value = rows[static_cast<std::size_t>(r)][static_cast<std::size_t>(c)];
      PQsetvalue(raw, r, c, value.data(), static_cast<int>(value.size()));
    }
  return Result(raw, nullptr, 0);
}

Result users(const std::vector<std::pair<std::int64_t, std::string>>& rows) {
  std::vector<std::vector<std::string>> encoded;
  for (const auto& [id, name] : rows) encoded.push_back({wire(id), name});
  return result_of({{"id", oid::kInt8}, {"name", oid::kText}}, encoded);
}

Result comments(const std::vector<std::pair<std::int64_t, std::int64_t>>& ids_and_posts) {
  std::vector<std::vector<std::string>> encoded;
  for (const auto& [id, post] : ids_and_posts) encoded.push_back({wire(id), wire(post), wire(std::int64_t{1}), "text"});
  return result_of({{"id", oid::kInt8}, {"post_id", oid::kInt8}, {"author_id", oid::kInt8}, {"body", oid::kText}},
                   encoded);
}

std::vector<Post> posts_by(const std::vector<std::int64_t>& authors) {
  std::vector<Post> posts(authors.size());
  for (std::size_t i = 0; i < authors.size(); ++i) {
    posts[i].id = static_cast<std::int64_t>(i) + 1;
    posts[i].author_id = authors[i];
  }
  return posts;
}

/// The keys of an array parameter.
std::vector<std::int64_t> asked(const detail::BoundStatement& bound) {
  std::vector<std::int64_t> keys;
  EXPECT_TRUE(Codec<std::vector<std::int64_t>>::decode(0, bound.parameters.bytes(0), keys));
  return keys;
}

class LoadPlanTest : public testing::Test {
 protected:
  /// The first level of a load of `posts`. Steps live as long as the test.
  template <class... Loads>
  LoadLevel plan(std::vector<Post>& posts, Loads... loads) {
    detail::LoadSteps<Post> steps{detail::make_relation_step(loads)...};
    kept_.insert(kept_.end(), steps.begin(), steps.end());
    std::vector<Post*> parents;
    for (Post& post : posts) parents.push_back(&post);
    LoadLevel level;
    detail::plan_all(steps, context_, parents, level);
    detail::settle(level);
    return level;
  }

  Arena arena_;
  LoadContext context_{arena_, CallSite::current(), /*is_strict=*/false};
  detail::LoadSteps<Post> kept_;
};

TEST_F(LoadPlanTest, ChunksCutKeysAndNothingElse) {
  struct Case {
    std::size_t parents, chunk, statements, last;
  };
  for (const Case& c : {Case{0, 500, 0, 0}, Case{1, 500, 1, 1}, Case{500, 500, 1, 500}, Case{501, 500, 2, 1},
                        Case{1000, 500, 2, 500}, Case{1201, 500, 3, 201}, Case{1201, 0, 1, 1201}, Case{3, 1, 3, 1}}) {
    std::vector<Post> posts = posts_by(std::vector<std::int64_t>(c.parents, 1));
    LoadLevel level = plan(posts, selectin(&Post::comments).chunk(c.chunk));
    if (c.statements == 0) {
      EXPECT_THAT(level, IsEmpty());
      continue;
    }
    auto& statements = level[0]->statements();
    EXPECT_EQ(statements.size(), c.statements) << c.parents << " in chunks of " << c.chunk;
    EXPECT_EQ(asked(statements.back()).size(), c.last);
    EXPECT_EQ(statements.back().parameters.size(), 1U);
    EXPECT_EQ(statements.front().statement.text(), statements.back().statement.text());
  }
}

TEST_F(LoadPlanTest, EachKeyIsAskedForOnceInTheOrderOfTheParents) {
  std::vector<Post> posts = posts_by({7, 3, 7, 3, 9});
  LoadLevel level = plan(posts, selectin(&Post::author));
  EXPECT_THAT(asked(level[0]->statements()[0]), ElementsAre(7, 3, 9));
}

TEST_F(LoadPlanTest, NullKeysAreAnsweredWithoutAsking) {
  std::vector<Post> posts = posts_by({1, 2});
  EXPECT_THAT(plan(posts, selectin(&Post::editor)), IsEmpty());
  EXPECT_TRUE(posts[0].editor.is_loaded());
  EXPECT_FALSE(posts[1].editor.has_value());
}

TEST_F(LoadPlanTest, TwoRelationsShareTheKeysOfOneTable) {
  std::vector<Post> posts = posts_by({1, 2});
  posts[0].editor_id = 2;
  posts[1].editor_id = 3;
  LoadLevel level = plan(posts, selectin(&Post::author), selectin(&Post::editor));
  ASSERT_EQ(level.size(), 2U);
  EXPECT_THAT(asked(level[0]->statements()[0]), ElementsAre(1, 2));
  EXPECT_THAT(asked(level[1]->statements()[0]), ElementsAre(3));
  level[0]->absorb(users({{2, "b"}, {1, "a"}}));
  level[1]->absorb(users({{3, "c"}}));
  LoadLevel next;
  for (auto& task : level) task->finish(next);
  EXPECT_THAT(next, IsEmpty());
  EXPECT_EQ(posts[0].author->name, "a");
  EXPECT_EQ(posts[0].editor->name, "b");
  EXPECT_EQ(posts[1].editor->name, "c");
}

TEST_F(LoadPlanTest, ATaskThatOnlyWaitsForAnotherIsNotFinishedBeforeIt) {
  std::vector<Post> posts = posts_by({5});
  posts[0].editor_id = 5;
  LoadLevel level = plan(posts, selectin(&Post::author), selectin(&Post::editor));
  ASSERT_EQ(level.size(), 2U);
  EXPECT_THAT(level[1]->statements(), IsEmpty());
  EXPECT_FALSE(level[1]->is_ready());
  EXPECT_FALSE(posts[0].editor.is_loaded());
}

TEST_F(LoadPlanTest, AKeyThatRefersToNothingIsLoadedAsNothing) {
  std::vector<Post> posts = posts_by({1, 2});
  LoadLevel level = plan(posts, selectin(&Post::author));
  level[0]->absorb(users({{2, "b"}}));
  LoadLevel next;
  level[0]->finish(next);
  EXPECT_FALSE(posts[0].author.has_value());
  EXPECT_EQ(posts[1].author->name, "b");
}

TEST_F(LoadPlanTest, ChildrenGoToTheirParentsWhateverTheOrderOfAnswers) {
  std::vector<Post> posts = posts_by({1, 1, 1});
  LoadLevel level = plan(posts, selectin(&Post::comments).chunk(2).with(selectin(&Comment::author)));
  ASSERT_EQ(level[0]->statements().size(), 2U);
  level[0]->absorb(comments({{30, 3}}));
  level[0]->absorb(comments({{11, 1}, {12, 1}, {99, 77}}));  // 77 was not asked for
  LoadLevel next;
  level[0]->finish(next);
  EXPECT_EQ(posts[0].comments.size(), 2U);
  EXPECT_EQ(posts[0].comments[1].id, 12);
  EXPECT_TRUE(posts[1].comments.empty());
  EXPECT_EQ(posts[2].comments[0].id, 30);
  ASSERT_EQ(next.size(), 1U) << "the comments' authors are the next level";
  EXPECT_THAT(asked(next[0]->statements()[0]), ElementsAre(1));
}

TEST_F(LoadPlanTest, AfterAFailedLevelEverythingCanBeAskedAgain) {
  std::vector<Post> posts = posts_by({1});
  { const LoadLevel failed = plan(posts, selectin(&Post::author)); }
  LoadLevel again = plan(posts, selectin(&Post::author));
  ASSERT_EQ(again.size(), 1U);
  EXPECT_THAT(asked(again[0]->statements()[0]), ElementsAre(1));
}

TEST_F(LoadPlanTest, WhatIsLoadedIsNotAskedForButWhatIsNestedInItIs) {
  std::vector<Post> posts = posts_by({1});
  LoadLevel level = plan(posts, selectin(&Post::author));
  level[0]->absorb(users({{1, "a"}}));
  LoadLevel next;
  level[0]->finish(next);
  LoadLevel nested = plan(posts, selectin(&Post::author).with(selectin(&User::posts)));
  ASSERT_EQ(nested.size(), 1U);
  EXPECT_EQ(nested[0]->statements()[0].statement.name(), "users.posts selectin");
}

}  // namespace
}  // namespace quell::db
