#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <quell/db/sync_connection.hpp>

#include "tests/pg/db/recorder.hpp"
#include "tests/pg/db/shop.hpp"
#include "tests/pg/db/support.hpp"
#include "tests/pg/support/cluster.hpp"

namespace quell::db {
namespace {

using test::Article;
using test::error_of;
using test::Line;
using test::Product;
using test::Recorder;
using test::run;
using testing::ElementsAre;
using testing::HasSubstr;

/// What the column default of the schema is.
constexpr Timestamp kCreated = std::chrono::sys_days(std::chrono::year(2026) / 1 / 2) + std::chrono::hours(3) +
                               std::chrono::minutes(4) + std::chrono::seconds(5);

class WriteTest : public testing::Test {
 protected:
  WriteTest() { SyncConnection::open(dsn_).execute(test::kShopSchema); }

  Awaitable<Connection> connect() {
    ConnectParams params(dsn_);
    params.observer = recorder_.observer();
    Connection connection = co_await Connection::open(std::move(params));
    co_return connection;
  }

  static Product product(std::string name, std::int32_t price) {
    Product made;
    made.name = std::move(name);
    made.price = price;
    return made;
  }
  static std::vector<Product> products(int count) {
    std::vector<Product> made;
    for (int i = 1; i <= count; ++i) made.push_back(product("product " + std::to_string(i), i * 10));
    return made;
  }

  std::string dsn_ = quell::test::fresh_database();
  Recorder recorder_;
};

TEST_F(WriteTest, InsertFillsInWhatTheServerGenerates) {
  run([&]() -> Awaitable<void> {
    Connection connection = co_await connect();
    Session session(connection);
    Product lamp = product("lamp'); drop table products; --", 40);
    lamp.note = "bright";
    lamp.details = Jsonb(R"({"watts": 7})");
    co_await session.insert(lamp);
    EXPECT_EQ(lamp.id, 1);
    EXPECT_EQ(lamp.created, kCreated);
    EXPECT_EQ(
        recorder_.queries[0].text,
        R"(insert into "products" as t0 ("name", "note", "price", "sold_out", "state", "details") values ($1, $2, $3, $4, $5, $6) returning t0."id", t0."created")");
    const Product* read = co_await session.get<Product>(1);
    EXPECT_EQ(read->name, "lamp'); drop table products; --");
    EXPECT_EQ(read->note, "bright");
    EXPECT_EQ(read->state, "new");
    EXPECT_EQ(read->details.text(), R"({"watts": 7})");
  });
}

TEST_F(WriteTest, BulkInsertIsOneTextForAnyNumberAndGivesEachObjectItsOwnKey) {
  run([&]() -> Awaitable<void> {
    Connection connection = co_await connect();
    Session session(connection);
    std::vector<Product> one{product("a single one", 1)};
    std::vector<Product> many = products(500);
    many[7].note = "the eighth";
    many[7].sold_out = true;
    many[7].state = "used";
    co_await session.insert(one);
    co_await session.insert(many);
    EXPECT_EQ(recorder_.queries.size(), 2U);
    EXPECT_EQ(recorder_.queries[0].text, recorder_.queries[1].text);
    EXPECT_EQ(recorder_.queries[1].parameters.size(), 6U) << "one array for each column";
    std::map<std::int64_t, std::string> names;
    for (const auto& [id, name] : co_await connection.fetch<std::pair<std::int64_t, std::string>>(
             "select id, name from products where name like 'product %'"))
      names.emplace(id, name);
    EXPECT_EQ(names.size(), 500U);
    for (const Product& product : many) EXPECT_EQ(names[product.id], product.name);
    const Product* eighth = co_await session.get<Product>(many[7].id);
    EXPECT_EQ(eighth->note, "the eighth");
    EXPECT_TRUE(eighth->sold_out);
    EXPECT_EQ(eighth->state, "used");
    EXPECT_EQ(eighth->created, kCreated);
    EXPECT_EQ(many[6].note, std::nullopt);
    EXPECT_FALSE((co_await session.get<Product>(many[6].id))->note.has_value());
  });
}

TEST_F(WriteTest, MoreRowsThanTheServerHasParametersGoInOneStatement) {
  run([&]() -> Awaitable<void> {
    Connection connection = co_await connect();
    Session session(connection);
    std::vector<Product> many = products(70'000);
    co_await session.insert(many);
    EXPECT_EQ(recorder_.queries.size(), 1U);
    EXPECT_EQ(co_await session.count(select<Product>()), 70'000);
    for (Product& product : many) product.price += 1;
    EXPECT_EQ(co_await session.update(many, columns(&Product::price)), 70'000U);
    EXPECT_EQ((co_await session.sum(select<Product>(), &Product::price)), 10LL * 70'000 * 70'001 / 2 + 70'000);
    EXPECT_EQ(co_await session.erase(many), 70'000U);
    EXPECT_EQ(co_await session.count(select<Product>()), 0);
  });
}

TEST_F(WriteTest, NothingToWriteSendsNothing) {
  run([&]() -> Awaitable<void> {
    Connection connection = co_await connect();
    Session session(connection);
    std::vector<Product> none;
    co_await session.insert(none);
    EXPECT_EQ(co_await session.upsert(none, on_conflict(&Product::name).do_nothing()), 0U);
    EXPECT_EQ(co_await session.update(none, columns(&Product::price)), 0U);
    EXPECT_EQ(co_await session.erase(none), 0U);
    EXPECT_TRUE(recorder_.queries.empty());
  });
}

TEST_F(WriteTest, RowsWithArraysGoInOneRoundTripAllOrNone) {
  run([&]() -> Awaitable<void> {
    Connection connection = co_await connect();
    Session session(connection);
    std::vector<Article> articles(3);
    std::int64_t next = 1;
    for (Article& article : articles) {
      article.id = next++;
      article.tags = {"pg", "tag " + std::to_string(article.id)};
      article.body = "text";
      article.summary = std::nullopt;
    }
    co_await session.insert(articles);
    EXPECT_EQ(recorder_.queries.size(), 3U);
    EXPECT_NE(recorder_.queries[0].batch, 0U);
    EXPECT_EQ(recorder_.queries[0].batch, recorder_.queries[2].batch);
    EXPECT_THAT((co_await session.get<Article>(3))->tags, ElementsAre("pg", "tag 3"));

    for (Article& article : articles) article.id += 2;  // 3 is there already
    EXPECT_TRUE(co_await error_of<UniqueViolation>(session.insert(articles)));
    EXPECT_EQ(co_await session.count(select<Article>()), 3) << "4 and 5 must not be there";
    EXPECT_EQ(co_await session.update(articles, columns(&Article::tags)), 1U);
  });
}

TEST_F(WriteTest, UpsertUpdatesTheChosenColumnsOnly) {
  run([&]() -> Awaitable<void> {
    Connection connection = co_await connect();
    Session session(connection);
    std::vector<Product> first{product("lamp", 40), product("chair", 90)};
    first[0].note = "old note";
    co_await session.insert(first);
    std::vector<Product> second{product("table", 200), product("lamp", 45)};
    second[1].note = "new note";
    EXPECT_EQ(co_await session.upsert(second, on_conflict(&Product::name).update(&Product::price)), 2U);
    EXPECT_EQ(second[1].id, first[0].id) << "the row that was there gives its key";
    Product* lamp = co_await session.get<Product>(first[0].id);
    EXPECT_EQ(lamp->price, 45);
    EXPECT_EQ(lamp->note, "old note");
    EXPECT_EQ((co_await session.get<Product>(second[0].id))->name, "table");
  });
}

TEST_F(WriteTest, UpsertThatDoesNothingCountsWhatIsNew) {
  run([&]() -> Awaitable<void> {
    Connection connection = co_await connect();
    Session session(connection);
    std::vector<Product> first = products(2);
    co_await session.insert(first);
    std::vector<Product> second = products(5);
    for (Product& product : second) product.price = 1;
    EXPECT_EQ(co_await session.upsert(second, on_conflict(&Product::name).do_nothing()), 3U);
    EXPECT_EQ(co_await session.count(select<Product>().where(col(&Product::price) == 1)), 3);
  });
}

TEST_F(WriteTest, UpdateByKeyWritesOneObject) {
  run([&]() -> Awaitable<void> {
    Connection connection = co_await connect();
    Session session(connection);
    std::vector<Product> made = products(2);
    co_await session.insert(made);
    made[0].price = 11;
    made[0].note = "cheaper";
    EXPECT_TRUE(co_await session.update(made[0]));
    const auto read = co_await session.all(select<Product>().order_by(asc(&Product::id)));
    EXPECT_EQ(read[0].price, 11);
    EXPECT_EQ(read[0].note, "cheaper");
    EXPECT_EQ(read[1].price, 20);
    made[0].id = 99;
    EXPECT_FALSE(co_await session.update(made[0]));
  });
}

TEST_F(WriteTest, BulkUpdateWritesTheNamedColumnsByKey) {
  run([&]() -> Awaitable<void> {
    Connection connection = co_await connect();
    Session session(connection);
    std::vector<Product> made = products(3);
    co_await session.insert(made);
    for (Product& product : made) {
      product.name += "!";
      product.price = 0;
      product.state = "used";
    }
    recorder_.clear();
    EXPECT_EQ(co_await session.update(made, columns(&Product::name, &Product::state)), 3U);
    EXPECT_EQ(
        recorder_.queries[0].text,
        R"(update "products" t0 set "name" = u."name", "state" = u."state"::product_state from unnest($1, $2, $3) as u("name", "state", "id") where t0."id" = u."id")");
    const Product* third = co_await session.get<Product>(made[2].id);
    EXPECT_EQ(third->name, "product 3!");
    EXPECT_EQ(third->state, "used");
    EXPECT_EQ(third->price, 30) << "not named, not written";
  });
}

TEST_F(WriteTest, UpdateWithConditionReturnsRowsAndRefreshesObjects) {
  run([&]() -> Awaitable<void> {
    Connection connection = co_await connect();
    Session session(connection);
    std::vector<Product> made = products(3);
    co_await session.insert(made);
    const auto before = co_await session.all(select<Product>().order_by(asc(&Product::id)));
    const auto changed =
        co_await session.returning(update<Product>()
                                       .set(&Product::price, col(&Product::price) + 5)
                                       .set(&Product::note, "dearer")
                                       .set(&Product::details, col(&Product::details).merged(Jsonb(R"({"a": 1})")))
                                       .where(col(&Product::price) >= 20));
    EXPECT_EQ(changed.size(), 2U);
    EXPECT_EQ(before[0].price, 10);
    EXPECT_EQ(before[1].price, 25) << "the session's object is the row's";
    EXPECT_EQ(before[2].note, "dearer");
    EXPECT_EQ(before[2].details.text(), R"({"a": 1})");
    EXPECT_EQ(co_await session.execute(update<Product>().set(&Product::note, std::nullopt).all_rows()), 3U);
    EXPECT_EQ(co_await session.count(select<Product>().where(col(&Product::note).is_null())), 3);
  });
}

TEST_F(WriteTest, EraseByConditionByKeyAndByObject) {
  run([&]() -> Awaitable<void> {
    Connection connection = co_await connect();
    Session session(connection);
    std::vector<Product> made = products(6);
    co_await session.insert(made);
    const auto gone = co_await session.returning(erase<Product>().where(col(&Product::price) <= 20));
    EXPECT_EQ(gone.size(), 2U);
    EXPECT_EQ(gone[0].name, "product 1") << "what was erased can still be read";
    EXPECT_EQ(co_await session.get<Product>(made[0].id), nullptr) << "but the session does not have it any more";
    const std::vector<std::int64_t> keys{made[2].id, 99};
    EXPECT_EQ(co_await session.erase_keys<Product>(keys), 1U);
    EXPECT_EQ(co_await session.erase(made[3]), 1U);
    EXPECT_EQ(co_await session.erase(made[3]), 0U);
    EXPECT_EQ(co_await session.execute(erase<Product>().where(col(&Product::name) == "product 5")), 1U);
    EXPECT_THAT(co_await session.values(select<Product>(), &Product::name), ElementsAre("product 6"));
  });
}

TEST_F(WriteTest, KeysOfTwoColumnsAreWrittenByBoth) {
  run([&]() -> Awaitable<void> {
    Connection connection = co_await connect();
    Session session(connection);
    std::vector<Line> lines(4);
    std::int32_t next = 0;
    for (Line& line : lines) {
      line.order_id = 1 + next / 2;
      line.number = 1 + next % 2;
      line.item = "item " + std::to_string(next++);
    }
    co_await session.insert(lines);
    lines[1].item = "changed";
    EXPECT_EQ(co_await session.update(lines, columns(&Line::item)), 4U);
    EXPECT_EQ((co_await session.get<Line>(std::tuple(1, 2)))->item, "changed");
    lines.pop_back();
    EXPECT_EQ(co_await session.erase(lines), 3U);
    EXPECT_EQ((co_await session.all(select<Line>()))[0].item, "item 3")
        << "(2, 2) shares a column with each of the others";
  });
}

TEST_F(WriteTest, WritingAllRowsMustBeSaid) {
  run([&]() -> Awaitable<void> {
    Connection connection = co_await connect();
    Session session(connection);
    const auto erased = co_await error_of<UsageError>(session.execute(erase<Product>()));
    EXPECT_THAT(erased->what(), testing::AllOf(HasSubstr("'products'"), HasSubstr("all_rows()")));
    EXPECT_TRUE(co_await error_of<UsageError>(session.execute(update<Product>().set(&Product::price, 1))));
    const auto empty = co_await error_of<UsageError>(session.execute(update<Product>().all_rows()));
    EXPECT_THAT(empty->what(), HasSubstr("sets nothing"));
    EXPECT_TRUE(recorder_.queries.empty());
  });
}

TEST_F(WriteTest, UnloadedColumnsAreNotOverwritten) {
  run([&]() -> Awaitable<void> {
    Connection connection = co_await connect();
    Session session(connection);
    Article article;
    article.id = 1;
    article.title = "First";
    EXPECT_TRUE(co_await error_of<UsageError>(session.insert(article))) << "its body was never set";
    article.body = "a long text";
    article.summary = "short";
    co_await session.insert(article);
    const auto light = co_await session.all(select<Article>().defer(&Article::body));
    light[0].title = "Second";
    EXPECT_TRUE(co_await session.update(light[0]));
    EXPECT_THAT(recorder_.queries.back().text, testing::Not(HasSubstr("body")));
    EXPECT_EQ(co_await connection.fetch_one<std::string>("select title || ': ' || body from articles"),
              "Second: a long text");
  });
}

TEST_F(WriteTest, ATriggerThatDropsRowsIsNamed) {
  SyncConnection::open(dsn_).execute(
      "create function drop_cheap() returns trigger language plpgsql as $$begin if new.price < 15 then return null; "
      "end "
      "if; return new; end$$;"
      "create trigger cheap before insert on products for each row execute function drop_cheap()");
  run([&]() -> Awaitable<void> {
    Connection connection = co_await connect();
    Session session(connection);
    std::vector<Product> made = products(3);
    const auto error = co_await error_of<DecodeError>(session.insert(made));
    EXPECT_THAT(error->what(), testing::AllOf(HasSubstr("3 rows into 'products' returned 2"), HasSubstr("trigger")));
  });
}

}  // namespace
}  // namespace quell::db
