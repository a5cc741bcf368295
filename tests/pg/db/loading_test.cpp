#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include <quell/db/sync_connection.hpp>

#include "tests/pg/db/blog.hpp"
#include "tests/pg/db/recorder.hpp"
#include "tests/pg/db/support.hpp"
#include "tests/pg/support/cluster.hpp"

namespace quell::db {
namespace {

using test::Comment;
using test::error_of;
using test::Post;
using test::Recorder;
using test::run;
using test::Tag;
using test::User;
using testing::ElementsAre;
using testing::HasSubstr;

/// 12 posts by 12 authors, post k with k % 4 comments by user 1 and tags 1 … k % 3.
constexpr const char* kRows = R"(
  insert into users select i, 'user ' || i from generate_series(1, 12) i;
  insert into posts select i, i, case when i % 2 = 0 then 1 end, 'post ' || i from generate_series(1, 12) i;
  insert into comments select p * 10 + c, p, 1, 'comment ' || c from generate_series(1, 12) p, generate_series(1, 3) c
    where c <= p % 4;
  insert into tags select i, 'tag ' || i from generate_series(1, 3) i;
  insert into post_tags select p, t from generate_series(1, 12) p, generate_series(1, 2) t where t <= p % 3;
)";

class LoadingTest : public testing::Test {
 protected:
  LoadingTest() {
    SyncConnection connection = SyncConnection::open(dsn_);
    connection.execute(test::kBlogSchema);
    connection.execute(kRows);
  }

  Awaitable<Connection> connect() {
    ConnectParams params(dsn_);
    params.observer = recorder_.observer();
    Connection connection = co_await Connection::open(std::move(params));
    co_return connection;
  }

  std::string dsn_ = quell::test::fresh_database();
  Recorder recorder_;
};

/// What a program sees of the posts: title, author, editor, comments, tags.
using Seen = std::map<std::int64_t, std::string>;

template <class Posts>
Seen see(const Posts& posts) {
  Seen seen;
  for (const Post& post : posts) {
    std::string text = post.title + " by " + post.author->name;
    if (post.editor.has_value()) text += " edited by " + post.editor->name;
    for (const Comment& comment : post.comments) text += ", " + std::to_string(comment.id);
    for (const Tag& tag : post.tags) text += ", " + tag.name;
    seen.emplace(post.id, std::move(text));
  }
  return seen;
}

/// The same by hand, from the rows' rule above.
Seen expected() {
  Seen seen;
  for (std::int64_t p = 1; p <= 12; ++p) {
    std::string text = "post " + std::to_string(p) + " by user " + std::to_string(p);
    if (p % 2 == 0) text += " edited by user 1";
    for (std::int64_t c = 1; c <= p % 4; ++c) text += ", " + std::to_string(p * 10 + c);
    for (std::int64_t t = 1; t <= p % 3; ++t) text += ", tag " + std::to_string(t);
    seen.emplace(p, std::move(text));
  }
  return seen;
}

TEST_F(LoadingTest, LazyIsOneQueryForEachParentFromTheCallersLine) {
  run([&]() -> Awaitable<void> {
    Connection connection = co_await connect();
    Session session(connection);
    auto posts = co_await session.all(select<Post>());
    std::uint32_t line = 0;
    for (Post& post : posts) {
      line = __LINE__ + 1;
      co_await session.load(post, &Post::author);
    }
    EXPECT_EQ(recorder_.queries.size(), 1U + 12U);
    const Recorder::Query& child = recorder_.queries.back();
    EXPECT_EQ(child.text, R"(select t0."id", t0."name" from "users" t0 where t0."id" = $1)");
    EXPECT_EQ(child.line, line);
    EXPECT_THAT(child.file, HasSubstr("loading_test.cpp"));
    EXPECT_EQ(child.rows, 1U);
    for (Post& post : posts) {
      co_await session.load(post, &Post::editor);
      co_await session.load(post, &Post::comments);
      co_await session.load(post, &Post::tags);
    }
    EXPECT_EQ(recorder_.queries.size(), 1U + 12U + 0U + 12U + 12U) << "user 1, the editor, is here already";
    EXPECT_EQ(see(posts), expected());
  });
}

TEST_F(LoadingTest, SelectinIsOneQueryForEachRelation) {
  run([&]() -> Awaitable<void> {
    Connection connection = co_await connect();
    Session session(connection);
    const auto posts = co_await session.all(select<Post>().with(selectin(&Post::author), selectin(&Post::editor),
                                                                selectin(&Post::comments), selectin(&Post::tags)));
    EXPECT_EQ(recorder_.queries.size(), 1U + 3U) << "the only editor is an author";
    EXPECT_EQ(recorder_.queries[1].text, R"(select t0."id", t0."name" from "users" t0 where t0."id" = any($1))");
    EXPECT_EQ(see(posts), expected());
  });
}

TEST_F(LoadingTest, JoinedIsOneQuery) {
  run([&]() -> Awaitable<void> {
    Connection connection = co_await connect();
    Session session(connection);
    const auto posts = co_await session.all(select<Post>().with(joined(&Post::author), joined(&Post::editor),
                                                                joined(&Post::comments), joined(&Post::tags)));
    EXPECT_EQ(recorder_.queries.size(), 1U);
    EXPECT_EQ(posts.size(), 12U) << "the product of two collections must not repeat posts";
    EXPECT_EQ(see(posts), expected());
  });
}

TEST_F(LoadingTest, JoinedWithLimitGivesWholeCollections) {
  run([&]() -> Awaitable<void> {
    Connection connection = co_await connect();
    Session session(connection);
    const auto posts = co_await session.all(select<Post>()
                                                .where(col(&Post::id) > 2)
                                                .order_by(desc(&Post::id))
                                                .limit(3)
                                                .offset(1)
                                                .with(joined(&Post::comments)));
    EXPECT_EQ(recorder_.queries.size(), 1U);
    EXPECT_EQ(posts.size(), 3U);
    EXPECT_EQ(posts[0].id, 11);
    EXPECT_EQ(posts[0].comments.size(), 3U);
    EXPECT_EQ(posts[1].id, 10);
    EXPECT_EQ(posts[1].comments.size(), 2U);
    EXPECT_EQ(posts[2].id, 9);
    EXPECT_EQ(posts[2].comments.size(), 1U);
  });
}

TEST_F(LoadingTest, NestedPathsLoadInBothStrategies) {
  run([&]() -> Awaitable<void> {
    Connection connection = co_await connect();
    for (const bool join : {false, true}) {
      recorder_.clear();
      Session session(connection);
      Select<User> query = select<User>().where(col(&User::id) == 3);
      if (join) {
        query.with(joined(&User::posts).with(joined(&Post::comments).with(joined(&Comment::author))));
      } else {
        query.with(selectin(&User::posts).with(selectin(&Post::comments).with(selectin(&Comment::author))));
      }
      const auto users = co_await session.all(query);
      EXPECT_EQ(recorder_.queries.size(), join ? 1U : 4U);
      EXPECT_EQ(users.size(), 1U);
      EXPECT_EQ(users[0].posts[0].comments.size(), 3U);
      EXPECT_EQ(users[0].posts[0].comments[2].author->name, "user 1");
    }
  });
}

TEST_F(LoadingTest, ManyToManyWorksFromBothEnds) {
  run([&]() -> Awaitable<void> {
    Connection connection = co_await connect();
    Session session(connection);
    const auto tags = co_await session.all(select<Tag>().order_by(asc(&Tag::id)).with(selectin(&Tag::posts)));
    std::vector<std::int64_t> second;
    for (const Post& post : tags[1].posts) second.push_back(post.id);
    EXPECT_THAT(second, ElementsAre(2, 5, 8, 11)) << "p % 3 == 2";
    EXPECT_EQ(tags[0].posts.size(), 8U);
    EXPECT_TRUE(tags[2].posts.empty());
  });
}

TEST_F(LoadingTest, NullKeysSendNothing) {
  run([&]() -> Awaitable<void> {
    Connection connection = co_await connect();
    Session session(connection);
    const auto posts =
        co_await session.all(select<Post>().where(col(&Post::editor_id).is_null()).with(selectin(&Post::editor)));
    EXPECT_EQ(recorder_.queries.size(), 1U);
    EXPECT_EQ(posts.size(), 6U);
    EXPECT_FALSE(posts[0].editor.has_value());
  });
}

TEST_F(LoadingTest, TextIsTheSameForOneKeyAndForMany) {
  run([&]() -> Awaitable<void> {
    Connection connection = co_await connect();
    for (const int limit : {1, 10}) {
      Session session(connection);
      (void)co_await session.all(select<Post>().limit(limit).with(selectin(&Post::author)));
    }
    EXPECT_EQ(recorder_.queries.size(), 4U);
    EXPECT_EQ(recorder_.queries[1].text, recorder_.queries[3].text);
  });
}

TEST_F(LoadingTest, UnloadedRelationSaysItsName) {
  run([&]() -> Awaitable<void> {
    Connection connection = co_await connect();
    Session session(connection);
    const auto posts = co_await session.all(select<Post>().limit(1));
    try {
      (void)posts[0].comments.size();
      ADD_FAILURE() << "no error";
    } catch (const UsageError& error) {
      EXPECT_THAT(error.what(), HasSubstr("'comments' of 'posts'"));
    }
  });
}

TEST_F(LoadingTest, RaiseNamesRelationAndCallSite) {
  run([&]() -> Awaitable<void> {
    Connection connection = co_await connect();
    Session session(connection);
    const auto posts = co_await session.all(select<Post>().limit(1).with(raise(&Post::author)));
    EXPECT_THROW((void)posts[0].author->name, UsageError);
    const auto refused = co_await error_of<UsageError>(session.load(posts[0], &Post::author));
    EXPECT_TRUE(refused);
    EXPECT_THAT(refused->what(), testing::AllOf(HasSubstr("'author' of 'posts'"), HasSubstr("loading_test.cpp:")));
    EXPECT_EQ(recorder_.queries.size(), 1U);
  });
}

TEST_F(LoadingTest, OneObjectForEachKey) {
  run([&]() -> Awaitable<void> {
    Connection connection = co_await connect();
    Session session(connection);
    User* const first = co_await session.get<User>(1);
    const auto posts = co_await session.all(select<Post>().with(selectin(&Post::editor)));
    EXPECT_EQ(posts[0].id == 2 ? posts[0].editor.get() : first, first);
    EXPECT_EQ(co_await session.get<User>(1), first);
    EXPECT_EQ(recorder_.queries.size(), 2U) << "get of a known key and loading a known editor ask nothing";
    EXPECT_EQ(co_await session.get<User>(99), nullptr);
  });
}

TEST_F(LoadingTest, RangeLoadIsSelectin) {
  run([&]() -> Awaitable<void> {
    Connection connection = co_await connect();
    Session session(connection);
    const auto posts = co_await session.all(select<Post>());
    co_await session.load(posts, &Post::author);
    co_await session.load(posts, selectin(&Post::comments).with(selectin(&Comment::author)));
    EXPECT_EQ(recorder_.queries.size(), 3U) << "every comment's author is here already";
    EXPECT_EQ(posts[11].author->name, "user 12");
  });
}

TEST_F(LoadingTest, ConditionsBindEveryValue) {
  run([&]() -> Awaitable<void> {
    Connection connection = co_await connect();
    Session session(connection);
    const std::vector<std::int64_t> ids{2, 3, 4, 5};
    const auto posts =
        co_await session.all(select<Post>()
                                 .where(col(&Post::id).in(ids) && !(col(&Post::title) == "post 3' or true --"))
                                 .where(col(&Post::title).like("post%") || col(&Post::editor_id).is_not_null())
                                 .order_by(asc(&Post::id))
                                 .limit(2)
                                 .offset(1));
    EXPECT_EQ(
        recorder_.queries[0].text,
        R"(select t0."id", t0."author_id", t0."editor_id", t0."title" from "posts" t0 where ((t0."id" = any($1) and not (t0."title" = $2)) and (t0."title" like $3 or t0."editor_id" is not null)) order by t0."id" limit $4 offset $5)");
    EXPECT_EQ(recorder_.queries[0].parameters.size(), 5U);
    EXPECT_EQ(posts.size(), 2U);
    EXPECT_EQ(posts[0].id, 3);
    EXPECT_EQ(co_await session.count(select<Post>().where(col(&Post::id) <= 5).limit(1)), 5);
  });
}

TEST_F(LoadingTest, KeysetPagesDoNotOverlap) {
  run([&]() -> Awaitable<void> {
    Connection connection = co_await connect();
    Session session(connection);
    const auto first = co_await session.all(select<Post>().after(&Post::id, 0).limit(5));
    const auto second = co_await session.all(select<Post>().after(&Post::id, first[4].id).limit(5));
    EXPECT_EQ(first[4].id, 5);
    EXPECT_EQ(second[0].id, 6);
    const auto back = co_await session.all(select<Post>().before(&Post::id, 6).limit(2));
    EXPECT_EQ(back[0].id, 5);
    EXPECT_EQ(back[1].id, 4);
  });
}

TEST_F(LoadingTest, FirstIsNullWhereThereIsNone) {
  run([&]() -> Awaitable<void> {
    Connection connection = co_await connect();
    Session session(connection);
    EXPECT_EQ(co_await session.first(select<Post>().where(col(&Post::id) == 77)), nullptr);
    Post* const post = co_await session.first(select<Post>().order_by(desc(&Post::id)).with(joined(&Post::comments)));
    EXPECT_EQ(post->id, 12);
    EXPECT_TRUE(post->comments.empty()) << "12 % 4 == 0";
  });
}

TEST_F(LoadingTest, ObjectsOutliveTheirSession) {
  run([&]() -> Awaitable<void> {
    Connection connection = co_await connect();
    Objects<Post> posts;
    {
      Session session(connection);
      posts = co_await session.all(select<Post>().order_by(asc(&Post::id)).with(selectin(&Post::author)));
    }
    EXPECT_EQ(posts[3].author->name, "user 4");
  });
}

}  // namespace
}  // namespace quell::db
