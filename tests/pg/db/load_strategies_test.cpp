// Loading beyond the plain strategies of loading_test.cpp: round trips, chunks, keys of several columns, a table that
// refers to itself, mixed paths, strict, columns left out, statements of one's own.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include <quell/db/sync_connection.hpp>

#include "tests/pg/db/blog.hpp"
#include "tests/pg/db/recorder.hpp"
#include "tests/pg/db/shop.hpp"
#include "tests/pg/db/support.hpp"
#include "tests/pg/support/cluster.hpp"

namespace quell::db {
namespace {

using test::Article;
using test::Comment;
using test::Employee;
using test::error_of;
using test::Label;
using test::Line;
using test::Parcel;
using test::Post;
using test::Recorder;
using test::run;
using test::Tag;
using test::User;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

class LoadStrategiesTest : public testing::Test {
 protected:
  LoadStrategiesTest() {
    SyncConnection connection = SyncConnection::open(dsn_);
    connection.execute(test::kBlogSchema);
    connection.execute(test::kShopSchema);
  }
  void rows(const char* sql) { SyncConnection::open(dsn_).execute(sql); }

  /// Runs `body` with a session whose statements are recorded.
  template <class Body>
  void with_session(Body body) {
    run([&]() -> Awaitable<void> {
      ConnectParams params(dsn_);
      params.observer = recorder_.observer();
      Connection connection = co_await Connection::open(std::move(params));
      Session session(connection);
      co_await body(session);
    });
  }
  /// What went to the server together is one.
  [[nodiscard]] std::size_t round_trips() const {
    std::size_t alone = 0;
    std::set<std::uint64_t> batches;
    for (const auto& query : recorder_.queries) {
      if (query.batch == 0) ++alone;
      if (query.batch != 0) batches.insert(query.batch);
    }
    return alone + batches.size();
  }

  std::string dsn_ = quell::test::fresh_database();
  Recorder recorder_;
};

/// 3 users; posts 1 … 4 by users 1, 1, 2, 3, of which 2 has an editor; comments c on post p are p * 10 + c.
constexpr const char* kBlog = R"(
  insert into users select i, 'user ' || i from generate_series(1, 3) i;
  insert into posts values (1, 1, null, 'one'), (2, 1, 3, 'two'), (3, 2, null, 'three'), (4, 3, null, 'four');
  insert into comments values (11, 1, 2, 'b'), (12, 1, 3, 'a'), (21, 2, 1, 'a');
  insert into tags values (1, 'pg'), (2, 'cpp');
  insert into post_tags values (1, 1), (1, 2), (2, 2), (4, 1);
)";

TEST_F(LoadStrategiesTest, ChunksOf500AreOneAndThreeStatementsForParentsOf1201) {
  rows(
      "insert into users select i, 'user' from generate_series(1, 1201) i;"
      "insert into posts select i, i, null, 'post' from generate_series(1, 1201) i;");
  with_session([&](Session& session) -> Awaitable<void> {
    const auto users = co_await session.all(select<User>().with(selectin(&User::posts).chunk(500)));
    EXPECT_EQ(recorder_.queries.size(), 1U + 3U);
    EXPECT_EQ(recorder_.queries[1].text, recorder_.queries[3].text);
    EXPECT_EQ(recorder_.queries[1].rows, 500U);
    EXPECT_EQ(recorder_.queries[3].rows, 201U);
    EXPECT_EQ(round_trips(), 2U);
    for (const User& user : users) EXPECT_EQ(user.posts.size(), 1U);
  });
}

TEST_F(LoadStrategiesTest, OneArrayIsOneAndOneStatementForParentsOf1201) {
  rows(
      "insert into users select i, 'user' from generate_series(1, 1201) i;"
      "insert into posts select i, i, null, 'post' from generate_series(1, 1201) i;");
  with_session([&](Session& session) -> Awaitable<void> {
    const auto users = co_await session.all(select<User>().with(selectin(&User::posts)));
    EXPECT_EQ(recorder_.queries.size(), 1U + 1U);
    EXPECT_EQ(users[1200].posts.size(), 1U);
  });
}

TEST_F(LoadStrategiesTest, TextIsByteIdenticalForOneAndFor500Keys) {
  rows(
      "insert into users select i, 'user' from generate_series(1, 500) i;"
      "insert into posts select i, i, null, 'post' from generate_series(1, 500) i;");
  for (const std::int64_t last : {1, 500}) {
    with_session([&](Session& session) -> Awaitable<void> {
      (void)co_await session.all(select<User>().where(col(&User::id) <= last).with(selectin(&User::posts)));
    });
    EXPECT_EQ(recorder_.queries.back().rows, static_cast<std::uint64_t>(last));
  }
  EXPECT_EQ(recorder_.queries[0].text, recorder_.queries[2].text);
  EXPECT_EQ(recorder_.queries[1].text, recorder_.queries[3].text);
}

TEST_F(LoadStrategiesTest, RelationsOfOneLevelShareARoundTrip) {
  rows(kBlog);
  with_session([&](Session& session) -> Awaitable<void> {
    const auto posts = co_await session.all(
        select<Post>().with(selectin(&Post::author), selectin(&Post::tags).with(selectin(&Tag::posts)),
                            selectin(&Post::comments).with(selectin(&Comment::author))));
    EXPECT_EQ(recorder_.queries.size(), 1U + 3U + 1U) << "every comment's author is an author of a post";
    EXPECT_EQ(round_trips(), 1U + 1U + 1U);
    EXPECT_EQ(posts[0].comments[1].author->name, "user 3");
    EXPECT_EQ(posts[0].tags[0].posts.size(), 2U);
    EXPECT_EQ(posts[3].author->name, "user 3");
  });
}

TEST_F(LoadStrategiesTest, TwoRelationsToOneTableDoNotAskForOneKeyTwice) {
  rows(kBlog);
  with_session([&](Session& session) -> Awaitable<void> {
    const std::vector<std::int64_t> even{2, 4};
    const auto posts = co_await session.all(select<Post>()
                                                .where(col(&Post::id).in(even))
                                                .order_by(asc(&Post::id))
                                                .with(selectin(&Post::author), selectin(&Post::editor)));
    EXPECT_EQ(recorder_.queries.size(), 2U) << "the editor of 2 is the author of 4";
    EXPECT_EQ(posts[0].editor.get(), posts[1].author.get());
  });
}

TEST_F(LoadStrategiesTest, AnErrorOfOneRelationIsThrown) {
  rows(kBlog);
  rows("drop table post_tags");
  with_session([&](Session& session) -> Awaitable<void> {
    const auto error = co_await error_of<StatementError>(
        session.all(select<Post>().with(selectin(&Post::author), selectin(&Post::tags))));
    EXPECT_EQ(error->sqlstate(), "42P01");
    const auto posts = co_await session.all(select<Post>().with(selectin(&Post::author)));
    EXPECT_EQ(posts[0].author->name, "user 1");
  });
}

TEST_F(LoadStrategiesTest, KeysOfTwoColumnsLoadInEveryDirectionAndStrategy) {
  rows(
      "insert into lines values (1, 1, 'a'), (1, 2, 'b'), (2, 1, 'c');"
      "insert into parcels values (1, 1, 1), (2, 1, 2), (3, 1, 2), (4, 2, null), (5, null, null);"
      "insert into labels values ('red'), ('green');"
      "insert into line_labels values (1, 1, 'red'), (1, 2, 'red'), (2, 1, 'green')");
  const auto seen = [](const auto& lines) {
    std::vector<std::string> all;
    for (const Line& line : lines) {
      all.push_back(line.item + ":");
      for (const Parcel& parcel : line.parcels) all.back() += std::to_string(parcel.id);
      for (const Label& label : line.labels) all.back() += label.name;
    }
    return all;
  };
  for (const Strategy strategy : {Strategy::lazy, Strategy::selectin, Strategy::joined}) {
    with_session([&](Session& session) -> Awaitable<void> {
      auto query = select<Line>().order_by(asc(&Line::order_id), asc(&Line::number));
      if (strategy == Strategy::selectin) query.with(selectin(&Line::parcels), selectin(&Line::labels));
      if (strategy == Strategy::joined) query.with(joined(&Line::parcels), joined(&Line::labels));
      const auto lines = co_await session.all(query);
      for (Line& line : lines) {
        co_await session.load(line, &Line::parcels);
        co_await session.load(line, &Line::labels);
      }
      EXPECT_THAT(seen(lines), ElementsAre("a:1red", "b:23red", "c:green"));
    });
    with_session([&](Session& session) -> Awaitable<void> {
      auto query = select<Parcel>().order_by(asc(&Parcel::id));
      if (strategy == Strategy::selectin) query.with(selectin(&Parcel::line));
      if (strategy == Strategy::joined) query.with(joined(&Parcel::line));
      const auto parcels = co_await session.all(query);
      for (Parcel& parcel : parcels) co_await session.load(parcel, &Parcel::line);
      EXPECT_EQ(parcels[0].line->item, "a");
      EXPECT_EQ(parcels[2].line->item, "b");
      EXPECT_FALSE(parcels[3].line.has_value()) << "half a key refers to nothing";
      EXPECT_FALSE(parcels[4].line.has_value());
    });
  }
  with_session([&](Session& session) -> Awaitable<void> {
    recorder_.clear();
    const auto labels = co_await session.all(select<Label>().with(selectin(&Label::lines)).order_by(asc(&Label::name)));
    EXPECT_EQ(labels[1].lines.size(), 2U);
    EXPECT_EQ(labels[1].lines[1].item, "b");
    (void)co_await session.all(select<Parcel>().with(selectin(&Parcel::line).where(col(&Line::item) == "a")));
    EXPECT_THAT(
        recorder_.queries.back().text,
        HasSubstr(R"(where (t0."order_id", t0."number") in (select * from unnest($1, $2)) and (t0."item" = $3))"));
    EXPECT_THAT(
        co_await session.values(select<Line>().where(exists(&Line::labels, col(&Label::name) == "red")), &Line::item),
        testing::UnorderedElementsAre("a", "b"));
  });
}

/// 1 leads 2 and 3, 2 leads 4, 4 leads 5; 6 leads nobody and has no manager.
constexpr const char* kEmployees =
    "insert into employees values (1, 'Ada', null), (2, 'Bob', 1), (3, 'Cleo', 1), (4, 'Dora', 2), (5, 'Ed', 4), "
    "(6, 'Fay', null)";

TEST_F(LoadStrategiesTest, ATableThatRefersToItself) {
  rows(kEmployees);
  for (const bool join : {false, true}) {
    with_session([&](Session& session) -> Awaitable<void> {
      auto query = select<Employee>().where(col(&Employee::manager_id).is_null()).order_by(asc(&Employee::id));
      if (join) {
        query.with(joined(&Employee::reports).with(joined(&Employee::reports), joined(&Employee::manager)));
      } else {
        query.with(selectin(&Employee::reports).with(selectin(&Employee::reports), selectin(&Employee::manager)));
      }
      const auto leaders = co_await session.all(query);
      EXPECT_EQ(leaders.size(), 2U);
      EXPECT_EQ(leaders[0].reports.size(), 2U);
      EXPECT_EQ(leaders[0].reports[0].reports[0].name, "Dora");
      EXPECT_EQ(leaders[0].reports[1].manager.get(), &leaders[0]);
      EXPECT_TRUE(leaders[1].reports.empty());
      EXPECT_FALSE(leaders[0].reports[0].reports[0].reports.is_loaded());
    });
  }
}

TEST_F(LoadStrategiesTest, DepthLoadsATreeWithOneQueryALevel) {
  rows(kEmployees);
  with_session([&](Session& session) -> Awaitable<void> {
    const auto top = co_await session.all(
        select<Employee>().where(col(&Employee::id) == 1).with(selectin(&Employee::reports).depth(10)));
    EXPECT_EQ(recorder_.queries.size(), 1U + 4U) << "the last level finds none";
    EXPECT_EQ(top[0].reports[0].reports[0].reports[0].name, "Ed");
    EXPECT_TRUE(top[0].reports[0].reports[0].reports[0].reports.empty());
  });
  recorder_.clear();
  with_session([&](Session& session) -> Awaitable<void> {
    const auto top = co_await session.all(
        select<Employee>().where(col(&Employee::id) == 1).with(selectin(&Employee::reports).depth(2)));
    EXPECT_EQ(recorder_.queries.size(), 1U + 2U);
    EXPECT_FALSE(top[0].reports[0].reports[0].reports.is_loaded());
  });
}

TEST_F(LoadStrategiesTest, DepthEndsInACircle) {
  rows(
      "insert into employees values (1, 'Ada', null), (2, 'Bob', 1); update employees set manager_id = 2 where id = 1");
  with_session([&](Session& session) -> Awaitable<void> {
    const auto all = co_await session.all(
        select<Employee>().where(col(&Employee::id) == 1).with(selectin(&Employee::reports).depth(1000)));
    EXPECT_EQ(&all[0].reports[0].reports[0], &all[0]);
    EXPECT_EQ(recorder_.queries.size(), 3U);
  });
}

TEST_F(LoadStrategiesTest, PathsMixStrategies) {
  rows(kBlog);
  const auto check = [](const Objects<User>& users) {
    EXPECT_EQ(users.size(), 3U);
    EXPECT_EQ(users[0].posts.size(), 2U);
    EXPECT_EQ(users[0].posts[0].comments.size(), 2U);
    EXPECT_EQ(users[0].posts[0].comments[0].author->name, "user 2");
    EXPECT_EQ(users[0].posts[0].tags.size(), 2U);
    EXPECT_EQ(users[2].posts[0].comments.size(), 0U);
    EXPECT_EQ(users[2].posts[0].tags[0].name, "pg");
  };
  const auto by_id = select<User>().order_by(asc(&User::id));
  with_session([&](Session& session) -> Awaitable<void> {  // joined inside selectin
    auto query = by_id;
    query.with(
        selectin(&User::posts).with(joined(&Post::comments).with(joined(&Comment::author)), joined(&Post::tags)));
    check(co_await session.all(query));
    EXPECT_EQ(recorder_.queries.size(), 2U);
  });
  recorder_.clear();
  with_session([&](Session& session) -> Awaitable<void> {  // selectin inside joined
    auto query = by_id;
    query.with(
        joined(&User::posts).with(selectin(&Post::comments).with(joined(&Comment::author)), selectin(&Post::tags)));
    check(co_await session.all(query));
    EXPECT_EQ(recorder_.queries.size(), 3U);
    EXPECT_EQ(round_trips(), 2U);
  });
  recorder_.clear();
  with_session([&](Session& session) -> Awaitable<void> {  // selectin inside joined inside selectin
    auto query = by_id;
    query.with(
        selectin(&User::posts).with(joined(&Post::comments).with(selectin(&Comment::author)), selectin(&Post::tags)));
    check(co_await session.all(query));
    EXPECT_EQ(recorder_.queries.size(), 3U) << "the authors of comments are the users that are here";
  });
}

TEST_F(LoadStrategiesTest, AJoinedRelationOfAnObjectThatIsHereIsLoadedAfterwards) {
  rows(kBlog);
  with_session([&](Session& session) -> Awaitable<void> {
    (void)co_await session.all(select<User>());
    const auto posts = co_await session.all(select<Post>().with(selectin(&Post::author).with(joined(&User::posts))));
    EXPECT_EQ(recorder_.queries.size(), 3U) << "no author is asked for, so their posts cannot be joined to them";
    EXPECT_EQ(posts[0].author->posts.size(), 2U);
  });
}

TEST_F(LoadStrategiesTest, LoadsTakeConditionsAndOrders) {
  rows(kBlog);
  for (const bool join : {false, true}) {
    with_session([&](Session& session) -> Awaitable<void> {
      const auto use = [join](auto member) { return join ? joined(member) : selectin(member); };
      const auto posts = co_await session.all(
          select<Post>()
              .where(col(&Post::title) != "three")
              .order_by(asc(&Post::id))
              .with(use(&Post::comments).where(col(&Comment::author_id) >= 2).order_by(asc(&Comment::body)),
                    use(&Post::editor).where(col(&User::name) == "nobody"), use(&Post::tags).where(col(&Tag::id) > 1)));
      EXPECT_EQ(posts.size(), 3U) << "conditions on what is loaded do not choose posts";
      EXPECT_EQ(posts[0].comments.size(), 2U);
      EXPECT_EQ(posts[0].comments[0].id, 12);
      EXPECT_TRUE(posts[1].comments.empty());
      EXPECT_FALSE(posts[1].editor.has_value());
      EXPECT_EQ(posts[0].tags.size(), 1U);
      EXPECT_EQ(posts[0].tags[0].name, "cpp");
    });
  }
}

TEST_F(LoadStrategiesTest, NoloadReadsAsNothingAndCanBeLoadedLater) {
  rows(kBlog);
  with_session([&](Session& session) -> Awaitable<void> {
    const auto posts = co_await session.all(
        select<Post>().order_by(asc(&Post::id)).with(noload(&Post::comments), noload(&Post::author)));
    EXPECT_TRUE(posts[0].comments.empty());
    EXPECT_FALSE(posts[0].author.has_value());
    EXPECT_FALSE(posts[0].comments.is_loaded());
    co_await session.load(posts, &Post::comments);
    EXPECT_EQ(posts[0].comments.size(), 2U);
  });
}

TEST_F(LoadStrategiesTest, StrictForbidsWhatIsNotNamedAtEveryLevel) {
  rows(kBlog);
  with_session([&](Session& session) -> Awaitable<void> {
    const auto posts = co_await session.all(
        select<Post>().order_by(asc(&Post::id)).strict().with(selectin(&Post::author), lazy(&Post::tags)));
    EXPECT_EQ(posts[0].author->name, "user 1");
    const auto direct = co_await error_of<UsageError>(session.load(posts[0], &Post::comments));
    EXPECT_THAT(direct->what(), AllOf(HasSubstr("'comments' of 'posts'"), HasSubstr("load_strategies_test.cpp:")));
    const auto nested = co_await error_of<UsageError>(session.load(*posts[0].author, &User::posts));
    EXPECT_THAT(nested->what(), HasSubstr("'posts' of 'users'"));
    co_await session.load(posts[0], &Post::tags);
    EXPECT_EQ(posts[0].tags.size(), 2U);
    try {
      (void)posts[0].comments.size();
      ADD_FAILURE() << "no error";
    } catch (const UsageError& error) {
      EXPECT_THAT(error.what(), AllOf(HasSubstr("'comments' of 'posts'"), HasSubstr("strategy is raise"),
                                      HasSubstr("loaded by "), HasSubstr("load_strategies_test.cpp:")));
    }
  });
}

TEST_F(LoadStrategiesTest, ALazyLoadInALoopIsRefusedWhereTheSessionForbidsIt) {
  rows(kBlog);
  with_session([&](Session& session) -> Awaitable<void> {
    session.limit_lazy_loads(2);
    const auto posts = co_await session.all(select<Post>().order_by(asc(&Post::id)));
    int loaded = 0;
    std::optional<UsageError> refused;
    for (Post& post : posts) {
      refused = co_await error_of<UsageError>(session.load(post, &Post::author));
      if (refused) break;
      ++loaded;
    }
    EXPECT_EQ(loaded, 3) << "authors 1, 1 (here already) and 2";
    EXPECT_THAT(refused->what(), AllOf(HasSubstr("'author' of 'posts'"), HasSubstr("N+1"), HasSubstr("selectin"),
                                       HasSubstr("load_strategies_test.cpp:")));
    co_await session.load(posts[3], &Post::author);  // another line
    EXPECT_EQ(posts[3].author->name, "user 3");
  });
}

TEST_F(LoadStrategiesTest, ColumnsLeftOutSaySoUntilAQueryHasThem) {
  rows("insert into articles values (1, 'First', '{a}', 'long', null), (2, 'Second', '{}', 'longer', 'short')");
  with_session([&](Session& session) -> Awaitable<void> {
    const auto articles =
        co_await session.all(select<Article>().load_only(&Article::title, &Article::tags).order_by(asc(&Article::id)));
    EXPECT_EQ(recorder_.queries[0].text,
              R"(select t0."id", t0."title", t0."tags" from "public"."articles" t0 order by t0."id")");
    EXPECT_EQ(articles[0].title, "First");
    EXPECT_FALSE(articles[0].body.is_loaded());
    try {
      (void)articles[0].body->size();
      ADD_FAILURE() << "no error";
    } catch (const UsageError& error) {
      EXPECT_THAT(error.what(), AllOf(HasSubstr("'body' of 'public.articles'"), HasSubstr("load_only")));
    }
    (void)co_await session.all(select<Article>().defer(&Article::summary));
    EXPECT_EQ(*articles[0].body, "long") << "the same object now has the column";
    EXPECT_THROW((void)articles[0].summary.get(), UsageError);
    (void)co_await session.all(select<Article>());
    EXPECT_EQ(articles[0].summary.get(), std::nullopt);
    EXPECT_EQ(articles[1].summary.get(), "short");
    try {
      (void)select<Article>().load_only(&Article::title);
      ADD_FAILURE() << "no error";
    } catch (const UsageError& error) {
      EXPECT_THAT(error.what(), AllOf(HasSubstr("'tags' of 'public.articles'"), HasSubstr("Deferrable")));
    }
  });
}

TEST_F(LoadStrategiesTest, RefreshTakesTheValuesThatAreReadNow) {
  rows(kBlog);
  with_session([&](Session& session) -> Awaitable<void> {
    const auto posts = co_await session.all(select<Post>().order_by(asc(&Post::id)).with(selectin(&Post::author)));
    rows("update posts set title = 'new', author_id = 3 where id = 1");
    (void)co_await session.all(select<Post>());
    EXPECT_EQ(posts[0].title, "one") << "an object read again keeps its values";
    (void)co_await session.all(select<Post>().refresh().with(joined(&Post::comments), selectin(&Post::author)));
    EXPECT_EQ(posts[0].title, "new");
    EXPECT_EQ(posts[0].author->name, "user 3");
    EXPECT_EQ(posts[0].comments.size(), 2U) << "the second row of the join must not forget the first";
  });
}

TEST_F(LoadStrategiesTest, StatementsOfOnesOwnMakeObjects) {
  rows(kBlog);
  with_session([&](Session& session) -> Awaitable<void> {
    Post* const first = co_await session.get<Post>(1);
    const auto posts = co_await session.query<Post>(
        "select p.title, p.id, p.author_id, p.editor_id from posts p join comments c on c.post_id = p.id "
        "where c.author_id >= $1 order by p.id",
        2);
    EXPECT_EQ(posts.size(), 1U) << "two comments, one post";
    EXPECT_EQ(&posts[0], first);
    co_await session.load(posts, &Post::author);
    EXPECT_EQ(posts[0].author->name, "user 1");
    const auto lacking = co_await error_of<DecodeError>(session.query<Post>("select id, title, author_id from posts"));
    EXPECT_THAT(lacking->what(), HasSubstr("lacks column 'editor_id' of 'posts'"));
    const auto extra = co_await error_of<DecodeError>(session.query<User>("select id, name, 1 as rank from users"));
    EXPECT_THAT(extra->what(), HasSubstr("has column 'rank'"));
    const auto keyless = co_await error_of<DecodeError>(session.query<User>("select null::bigint as id, 'x' as name"));
    EXPECT_THAT(keyless->what(), HasSubstr("'users' has no key"));
  });
}

TEST_F(LoadStrategiesTest, DistinctAndLimitWithJoinedCollectionsCountParents) {
  rows(kBlog);
  with_session([&](Session& session) -> Awaitable<void> {
    const auto posts = co_await session.all(select<Post>()
                                                .distinct_on(&Post::author_id)
                                                .order_by(asc(&Post::author_id), desc(&Post::id))
                                                .limit(2)
                                                .with(joined(&Post::tags), joined(&Post::comments)));
    EXPECT_EQ(posts.size(), 2U);
    EXPECT_EQ(posts[0].id, 2);
    EXPECT_EQ(posts[0].comments.size(), 1U);
    EXPECT_EQ(posts[0].tags.size(), 1U);
    EXPECT_EQ(posts[1].id, 3);
  });
}

}  // namespace
}  // namespace quell::db
