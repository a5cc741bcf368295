// Conditions and orders, each against rows whose answer is known by hand.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <type_traits>

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
using test::error_of;
using test::Post;
using test::Product;
using test::Recorder;
using test::run;
using test::Tag;
using test::User;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// No text but a literal, and no value but through a parameter, gets into a statement.
template <class Text>
concept MakesCall = requires(Text text) {
  Call(text);
};
template <class Text>
concept MakesCondition = requires(Text text) {
  sql<Post>(text);
};
template <class Text>
concept MakesSearchIn = requires(Text text) {
  full_text_in<Article>(text, "words", "search");
};
static_assert(!MakesCall<std::string> && !MakesCall<const char*> && !MakesCall<std::string_view>);
static_assert(!MakesCondition<std::string> && !MakesCondition<const char*> && !MakesCondition<std::string_view>);
static_assert(!MakesSearchIn<std::string> && !MakesSearchIn<const char*> && !MakesSearchIn<std::string_view>);
static_assert(!std::is_constructible_v<Condition<Post>, std::string>);
static_assert(!std::is_constructible_v<Condition<Post>, detail::Fragment>);
static_assert(!std::is_constructible_v<Expression<Post, std::string>, detail::Fragment>);
static_assert(!std::is_constructible_v<Statement, std::string> && !std::is_convertible_v<std::string, UnsafeStatement>);

constexpr const char* kRows = R"(
  insert into products (name, note, price, sold_out, state, details) values
    ('Lamp',  'bright', 40, false, 'new',  '{"maker": {"name": "Lux"}, "sizes": [10, 20], "heavy": true, "watts": "7"}'),
    ('lampshade', null, 40, false, 'used', '{"maker": {"name": "Lux"}, "sizes": [30]}'),
    ('Chair', null,     90, true,  'new',  '{"maker": {"name": "Sit"}, "legs": 4, "watts": "12"}'),
    ('100% wool', 'soft', 10, false, 'new', '{}');
  insert into articles values
    (1, 'Indexes', '{pg,speed}', 'An index makes the search of rows fast. Index everything.', null),
    (2, 'Vacuum', '{pg}', 'Vacuum keeps tables small; an index too.', 'clean'),
    (3, 'Bread', '{food}', 'Flour and water.', null),
    (4, 'Nothing', '{}', 'Nothing at all.', null);
  insert into users select i, 'user ' || i from generate_series(1, 3) i;
  insert into posts values (1, 1, null, 'a'), (2, 1, 2, 'b'), (3, 2, 1, 'c'), (4, 2, null, 'c');
  insert into comments values (1, 1, 3, 'x'), (2, 1, 2, 'y'), (3, 3, 3, 'y');
  insert into tags values (1, 'pg'), (2, 'cpp');
  insert into post_tags values (1, 1), (1, 2), (3, 2);
)";

class ExpressionTest : public testing::Test {
 protected:
  ExpressionTest() {
    SyncConnection connection = SyncConnection::open(dsn_);
    connection.execute(test::kShopSchema);
    connection.execute(test::kBlogSchema);
    connection.execute(kRows);
  }

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

  template <class T>
  using Key = detail::KeyOf<T>;
  /// The keys that a condition selects, in order.
  template <class T>
  std::vector<Key<T>> keys(const Condition<T>& condition) {
    std::vector<Key<T>> found;
    with_session([&](Session& session) -> Awaitable<void> {
      found = co_await session.values(select<T>().where(condition).order_by(asc(Model<T>::kKey)), Model<T>::kKey);
    });
    return found;
  }
  template <class T>
  std::vector<Key<T>> keys(const Select<T>& query) {
    std::vector<Key<T>> found;
    with_session([&](Session& session) -> Awaitable<void> { found = co_await session.values(query, Model<T>::kKey); });
    return found;
  }
  std::string last_text() { return recorder_.queries.back().text; }

  std::string dsn_ = quell::test::fresh_database();
  Recorder recorder_;
};

TEST_F(ExpressionTest, Comparisons) {
  const auto price = col(&Product::price);
  EXPECT_THAT(keys(price == 40), ElementsAre(1, 2));
  EXPECT_THAT(keys(price != 40), ElementsAre(3, 4));
  EXPECT_THAT(keys(price < 40), ElementsAre(4));
  EXPECT_THAT(keys(price <= 40), ElementsAre(1, 2, 4));
  EXPECT_THAT(keys(price > 40), ElementsAre(3));
  EXPECT_THAT(keys(price >= 90), ElementsAre(3));
  EXPECT_THAT(keys(price.between(10, 40)), ElementsAre(1, 2, 4)) << "both ends belong to it";
  EXPECT_THAT(keys(!(price == 40) && !(price == 90)), ElementsAre(4));
  EXPECT_THAT(keys(price == 10 || (price == 40 && col(&Product::note).is_not_null())), ElementsAre(1, 4));
  EXPECT_THAT(keys(col(&Product::note).is_null()), ElementsAre(2, 3));
  EXPECT_THAT(keys(col(&Product::sold_out) == true), ElementsAre(3));
  EXPECT_THAT(keys(col(&Product::state) == "used"), ElementsAre(2)) << "an enum there, text here";
}

TEST_F(ExpressionTest, ColumnsCompareWithEachOther) {
  EXPECT_THAT(keys(col(&Post::id) == col(&Post::author_id)), ElementsAre(1));
  EXPECT_THAT(keys(col(&Post::editor_id) > col(&Post::author_id)), ElementsAre(2)) << "NULL compares as nothing";
}

TEST_F(ExpressionTest, InIsOneTextForAnyNumberOfValues) {
  const std::vector<std::int64_t> none;
  std::vector<std::int64_t> many;
  for (std::int64_t i = 0; i < 500; ++i) many.push_back(i * 2);
  EXPECT_THAT(keys(col(&Product::id).in({3})), ElementsAre(3));
  const std::string text = last_text();
  EXPECT_THAT(keys(col(&Product::id).in(many)), ElementsAre(2, 4));
  EXPECT_EQ(last_text(), text);
  EXPECT_THAT(keys(col(&Product::id).in(none)), IsEmpty());
  EXPECT_EQ(last_text(), text);
  EXPECT_THAT(keys(col(&Product::id).not_in({1, 2})), ElementsAre(3, 4));
  EXPECT_THAT(keys(col(&Product::id).not_in(none)), ElementsAre(1, 2, 3, 4));
  EXPECT_THAT(keys(col(&Product::name).in({"Lamp", "Chair"})), ElementsAre(1, 3));
  EXPECT_THAT(keys(col(&Product::state).in({"used", "new"})), ElementsAre(1, 2, 3, 4)) << "an enum there";
}

TEST_F(ExpressionTest, Patterns) {
  EXPECT_THAT(keys(col(&Product::name).like("lamp%")), ElementsAre(2));
  EXPECT_THAT(keys(col(&Product::name).ilike("lamp%")), ElementsAre(1, 2));
  EXPECT_THAT(keys(col(&Product::name).like("100\\%%")), ElementsAre(4));
  EXPECT_THAT(keys(lower(&Product::name) == "lamp"), ElementsAre(1));
}

TEST_F(ExpressionTest, ValuesAreNeverText) {
  EXPECT_THAT(keys(col(&Product::name) == "Lamp' or '1'='1"), IsEmpty());
  EXPECT_THAT(keys(col(&Product::details).text("x' or true --") == "y"), IsEmpty());
  const std::string text = last_text();
  EXPECT_THAT(keys(col(&Product::details).text("watts") == "7"), ElementsAre(1));
  EXPECT_EQ(last_text(), text) << "keys of jsonb are bound like other values";
}

TEST_F(ExpressionTest, JsonPathsAndContainment) {
  const auto details = col(&Product::details);
  EXPECT_THAT(keys(details.at("maker").text("name") == "Lux"), ElementsAre(1, 2));
  EXPECT_THAT(keys(details.text_at({"maker", "name"}) == "Sit"), ElementsAre(3));
  EXPECT_THAT(keys(details.text_at({"sizes", "1"}) == "20"), ElementsAre(1));
  EXPECT_THAT(keys(details.at("sizes").at(-1) == Jsonb("30")), ElementsAre(2));
  EXPECT_THAT(keys(details.contains(Jsonb(R"({"maker": {"name": "Lux"}, "heavy": true})"))), ElementsAre(1));
  EXPECT_THAT(keys(details.has_key("legs")), ElementsAre(3));
  EXPECT_THAT(keys(details.has_any_key({"legs", "heavy"})), ElementsAre(1, 3));
  EXPECT_THAT(keys(details.has_all_keys({"legs", "maker"})), ElementsAre(3));
  EXPECT_THAT(keys(details.text("watts").cast<std::int32_t>() > 9), ElementsAre(3)) << "as text 7 is more than 12";
}

TEST_F(ExpressionTest, Arrays) {
  const auto tags = col(&Article::tags);
  EXPECT_THAT(keys(tags.contains({"pg", "speed"})), ElementsAre(1));
  EXPECT_THAT(keys(tags.overlaps({"speed", "food"})), ElementsAre(1, 3));
  EXPECT_THAT(keys(tags.contained_in({"pg", "food"})), ElementsAre(2, 3, 4)) << "an empty array is in each";
  EXPECT_THAT(keys(tags.has("pg")), ElementsAre(1, 2));
  EXPECT_THAT(keys(tags == std::vector<std::string>{"pg"}), ElementsAre(2));
}

TEST_F(ExpressionTest, FullText) {
  const auto found = full_text("english", "indexing", &Article::body);
  EXPECT_THAT(keys(select<Article>().where(found.matches()).order_by(desc(found.rank()))), ElementsAre(1, 2))
      << "the first has the word twice";
  EXPECT_THAT(
      last_text(),
      HasSubstr(R"(where to_tsvector('english', t0."body") @@ websearch_to_tsquery('english', $1) order by ts_rank()"));
  EXPECT_THAT(keys(full_text("english", "index -vacuum", &Article::body).matches()), ElementsAre(1));
  EXPECT_THAT(keys(full_text("english", "\"keeps tables\" or flour", &Article::body).matches()), ElementsAre(2, 3));
  EXPECT_THAT(keys(full_text("english", "clean vacuum", &Article::title, &Article::summary).matches()), ElementsAre(2));
  EXPECT_THAT(keys(full_text("english", "bread", &Article::title, &Article::summary).matches()), ElementsAre(3))
      << "a NULL column is an empty one";
  EXPECT_THAT(keys(full_text_in<Article>("english", "index", "search").matches()), ElementsAre(1, 2));
  EXPECT_THAT(keys(full_text("english", "'; drop table articles; --", &Article::body).matches()), IsEmpty());
}

TEST_F(ExpressionTest, ExistsLooksThroughRelations) {
  EXPECT_THAT(keys(exists(&Post::comments)), ElementsAre(1, 3));
  EXPECT_THAT(keys(!exists(&Post::comments)), ElementsAre(2, 4));
  EXPECT_THAT(keys(exists(&Post::tags, col(&Tag::name) == "cpp")), ElementsAre(1, 3));
  EXPECT_THAT(keys(exists(&Post::tags, col(&Tag::name) == "pg") && exists(&Post::tags, col(&Tag::name) == "cpp")),
              ElementsAre(1));
  EXPECT_THAT(keys(exists(&Post::author, col(&User::name) == "user 2")), ElementsAre(3, 4));
  EXPECT_THAT(keys(exists(&Post::editor)), ElementsAre(2, 3));
  EXPECT_THAT(keys(exists(&User::posts, exists(&Post::comments, exists(&Comment::author, col(&User::id) == 2)))),
              ElementsAre(1));
}

TEST_F(ExpressionTest, OrdersAndNulls) {
  EXPECT_THAT(keys(select<Product>().order_by(asc(&Product::price), desc(&Product::id))), ElementsAre(4, 2, 1, 3));
  EXPECT_THAT(keys(select<Product>().order_by(asc(&Product::note).nulls_first(), asc(&Product::id))),
              ElementsAre(2, 3, 1, 4));
  EXPECT_THAT(keys(select<Product>().order_by(desc(&Product::note).nulls_last(), asc(&Product::id))),
              ElementsAre(4, 1, 2, 3));
  EXPECT_THAT(keys(select<Product>().order_by(asc(lower(&Product::name))).limit(2).offset(1)), ElementsAre(3, 1));
}

TEST_F(ExpressionTest, DistinctGivesEachValueOnce) {
  with_session([&](Session& session) -> Awaitable<void> {
    EXPECT_THAT(co_await session.values(select<Product>().distinct().order_by(asc(&Product::price)), &Product::price),
                ElementsAre(10, 40, 90));
    const auto dearest_of_state = co_await session.all(
        select<Product>().distinct_on(&Product::state).order_by(asc(&Product::state), desc(&Product::price)));
    EXPECT_EQ(dearest_of_state.size(), 2U);
    EXPECT_EQ(dearest_of_state[0].name, "Chair");
    EXPECT_EQ(dearest_of_state[1].name, "lampshade");
    EXPECT_EQ(co_await session.count(select<Product>().distinct_on(&Product::state)), 2);
  });
}

TEST_F(ExpressionTest, KeysetOfOneDirectionIsARowComparison) {
  const auto order = keyset(desc(&Product::price), desc(&Product::id));
  EXPECT_THAT(keys(select<Product>().order_by(order)), ElementsAre(3, 2, 1, 4));
  EXPECT_THAT(keys(select<Product>().after(order, 40, 2).limit(2)), ElementsAre(1, 4));
  EXPECT_THAT(last_text(),
              HasSubstr(R"(where (t0."price", t0."id") < ($1, $2) order by t0."price" desc, t0."id" desc limit $3)"));
  EXPECT_THAT(keys(select<Product>().before(order, 40, 1)), ElementsAre(2, 3)) << "nearest first";
}

TEST_F(ExpressionTest, KeysetOfMixedDirectionsLosesAndRepeatsNothing) {
  const auto order = keyset(desc(&Product::price), asc(&Product::id));
  EXPECT_THAT(keys(select<Product>().order_by(order)), ElementsAre(3, 1, 2, 4));
  EXPECT_THAT(keys(select<Product>().after(order, 90, 3)), ElementsAre(1, 2, 4));
  EXPECT_THAT(keys(select<Product>().after(order, 40, 1)), ElementsAre(2, 4));
  EXPECT_THAT(keys(select<Product>().after(order, 40, 2)), ElementsAre(4));
  EXPECT_THAT(keys(select<Product>().after(order, 10, 4)), IsEmpty());
  EXPECT_THAT(keys(select<Product>().before(order, 10, 4)), ElementsAre(2, 1, 3));
  EXPECT_THAT(keys(select<Product>().before(order, 40, 2)), ElementsAre(1, 3));
  const auto three = keyset(asc(&Product::sold_out), desc(&Product::price), asc(&Product::id));
  EXPECT_THAT(keys(select<Product>().order_by(three)), ElementsAre(1, 2, 4, 3));
  EXPECT_THAT(keys(select<Product>().after(three, false, 40, 2)), ElementsAre(4, 3));
}

TEST_F(ExpressionTest, CountsAndAggregates) {
  with_session([&](Session& session) -> Awaitable<void> {
    const auto lamps = select<Product>().where(col(&Product::name).ilike("lamp%"));
    EXPECT_EQ(co_await session.count(lamps), 2);
    EXPECT_TRUE(co_await session.exists(lamps));
    EXPECT_FALSE(co_await session.exists(select<Product>().where(col(&Product::price) > 1000)));
    EXPECT_EQ(co_await session.min(lamps, &Product::price), 40);
    EXPECT_EQ(co_await session.max(select<Product>(), &Product::note), "soft");
    EXPECT_EQ(co_await session.sum(select<Product>(), &Product::price), 180);
    EXPECT_EQ((co_await session.sum(select<Product>(), &Product::id))->text(), "10");
    EXPECT_EQ((co_await session.avg(select<Product>().where(col(&Product::id) <= 2), &Product::id))->text(),
              "1.5000000000000000");
    EXPECT_EQ(co_await session.max(select<Product>().where(col(&Product::price) > 1000), &Product::price),
              std::nullopt);
    const std::vector<std::int64_t> posts{1, 2, 3, 4};
    const auto by_post =
        co_await session.count_by(select<Comment>().where(col(&Comment::post_id).in(posts)), &Comment::post_id);
    EXPECT_THAT(by_post, ElementsAre(std::pair(1, 2), std::pair(3, 1)));
    const auto by_editor = co_await session.count_by(select<Post>(), &Post::editor_id);
    EXPECT_EQ(by_editor.size(), 3U);
    EXPECT_EQ(by_editor[2].first, std::nullopt);
    EXPECT_EQ(by_editor[2].second, 2);
  });
}

TEST_F(ExpressionTest, OwnSqlBindsItsValues) {
  EXPECT_THAT(keys(sql<Product>("length(t0.name) between $1 and $2 and t0.name <> '$1'", 5, 8)), ElementsAre(3));
  EXPECT_THAT(last_text(), HasSubstr("(length(t0.name) between $1 and $2 and t0.name <> '$1')"));
  EXPECT_THAT(keys(col(&Product::price) == 40 && sql<Product>("(t0.id = $1 or t0.price = $1)", 2)), ElementsAre(2));
  EXPECT_THROW((void)sql<Product>("t0.id = $2", 1), UsageError);
}

TEST_F(ExpressionTest, SkipLockedTakesWhatIsFree) {
  with_session([&](Session& session) -> Awaitable<void> {
    Connection other = co_await test::connect(dsn_);
    Transaction theirs = co_await other.begin();
    co_await other.execute("select from products where id = 1 for update");
    Transaction ours = co_await session.connection().begin();
    const auto free = co_await session.all(select<Product>()
                                               .where(col(&Product::price) == 40)
                                               .order_by(asc(&Product::id))
                                               .limit(1)
                                               .lock(RowLock::for_update, LockWait::skip_locked));
    EXPECT_EQ(free.size(), 1U);
    EXPECT_EQ(free[0].id, 2);
    EXPECT_TRUE(co_await error_of<LockNotAvailable>(
        session.all(select<Product>().lock(RowLock::for_share, LockWait::no_wait))));
    co_await ours.rollback();
    co_await theirs.rollback();
  });
}

TEST_F(ExpressionTest, LockedParentsMayHaveJoinedChildren) {
  with_session([&](Session& session) -> Awaitable<void> {
    Transaction transaction = co_await session.connection().begin();
    const auto posts = co_await session.all(select<Post>()
                                                .order_by(asc(&Post::id))
                                                .limit(1)
                                                .lock(RowLock::for_update)
                                                .with(joined(&Post::comments), joined(&Post::author)));
    EXPECT_EQ(posts.size(), 1U);
    EXPECT_EQ(posts[0].comments.size(), 2U);
    EXPECT_EQ(posts[0].author->name, "user 1");
    const auto error = co_await error_of<UsageError>(session.all(select<Post>().distinct().lock(RowLock::for_update)));
    EXPECT_THAT(error->what(), HasSubstr("'posts' is distinct and locks rows"));
    co_await transaction.rollback();
  });
}

}  // namespace
}  // namespace quell::db
