// The examples of docs/db.md and docs/db-mapping.md, compiled and run. Each code block of these pages must stand in
// this file word for word.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <sstream>

#include <quell/db/db.hpp>
#include <quell/db/sync_connection.hpp>

#include "tests/pg/db/blog.hpp"
#include "tests/pg/db/support.hpp"
#include "tests/pg/support/cluster.hpp"

namespace quell::db {
namespace {

using namespace std::chrono_literals;
using test::Comment;
using test::Post;
using test::run;
using test::User;

class DocsTest : public testing::Test {
 protected:
  DocsTest() {
    SyncConnection sync = SyncConnection::open(dsn);
    sync.execute(test::kBlogSchema);
    sync.execute(
        "insert into users values (1, 'Ada'), (2, 'Bob');"
        "insert into posts values (1, 1, null, 'First'), (2, 1, null, 'Second'), (3, 2, null, 'Third')");
    std::cout.rdbuf(printed.rdbuf());
  }
  ~DocsTest() override { std::cout.rdbuf(terminal); }

  std::string dsn = quell::test::fresh_database();
  std::streambuf* terminal = std::cout.rdbuf();
  std::ostringstream printed;
};

TEST_F(DocsTest, ConnectAndAsk) {
  run([&]() -> Awaitable<void> {
    ConnectParams params(dsn);
    Connection connection = co_await Connection::open(std::move(params));
    const Result result = co_await connection.query("select id, name from users where id = $1", 1);
    for (const Row row : result) std::cout << row["name"].as<std::string>() << "\n";
  });
  EXPECT_EQ(printed.str(), "Ada\n");
}

TEST_F(DocsTest, Rows) {
  run([&]() -> Awaitable<void> {
    Connection connection = co_await test::connect(dsn);
    const auto count = co_await connection.fetch_one<std::int64_t>("select count(*) from users");
    const auto pairs = co_await connection.fetch<std::tuple<std::int64_t, std::string>>("select id, name from users");
    const auto users = co_await connection.fetch<User>("select id, name from users order by id");
    const auto nobody = co_await connection.fetch_optional<User>("select id, name from users where id = $1", 99);
    const auto changed = co_await connection.execute("update users set name = $1 where id = $2", "Ada", 1);
    EXPECT_EQ(count, 2);
    EXPECT_EQ(pairs.size(), 2U);
    EXPECT_EQ(users[1].name, "Bob");
    EXPECT_FALSE(nobody.has_value());
    EXPECT_EQ(changed, 1U);
  });
}

TEST_F(DocsTest, Deadlines) {
  run([&]() -> Awaitable<void> {
    Connection connection = co_await test::connect(dsn);
    connection.set_deadline(Deadline::after(2s));
    co_await connection.query({"select pg_sleep(0)", Deadline::after(100ms)});
  });
}

TEST_F(DocsTest, Errors) {
  run([&]() -> Awaitable<void> {
    Connection connection = co_await test::connect(dsn);
    try {
      co_await connection.execute("insert into users values ($1, $2)", 1, "Bob");
    } catch (const UniqueViolation& error) {
      std::cout << error.constraint() << " is taken\n";
    }
  });
  EXPECT_EQ(printed.str(), "users_pkey is taken\n");
}

TEST_F(DocsTest, Streaming) {
  run([&]() -> Awaitable<void> {
    Connection connection = co_await test::connect(dsn);
    auto names = co_await connection.stream<std::string>("select name from users order by id");
    while (const auto name = co_await names.next()) std::cout << *name << "\n";
  });
  EXPECT_EQ(printed.str(), "Ada\nBob\n");
}

TEST_F(DocsTest, Cursors) {
  run([&]() -> Awaitable<void> {
    Connection connection = co_await test::connect(dsn);
    Transaction transaction = co_await connection.begin();
    auto posts = co_await connection.cursor<std::tuple<std::int64_t, std::string>>("select id, title from posts");
    for (auto batch = co_await posts.fetch(100); !batch.empty(); batch = co_await posts.fetch(100))
      for (const auto& [id, title] : batch)
        co_await connection.execute("update posts set title = $1 where id = $2", title + "!", id);
    co_await transaction.commit();
    EXPECT_EQ(co_await connection.fetch_one<std::int64_t>("select count(*) from posts where title like '%!'"), 3);
  });
}

TEST_F(DocsTest, Copy) {
  run([&]() -> Awaitable<void> {
    Connection connection = co_await test::connect(dsn);
    const CopyTarget target("users", {"id", "name"});
    CopyWriter copy = co_await connection.copy_rows(target);
    co_await copy.write(10, "Edsger");
    const std::vector<std::tuple<std::int64_t, std::string>> more{{11, "Barbara"}, {12, "Tony"}};
    co_await copy.write_rows(more);
    const std::uint64_t copied = co_await copy.finish();
    EXPECT_EQ(copied, 3U);
    CopyIn in = co_await connection.copy_in("copy users from stdin (format csv)");
    co_await in.write("20,Donald\n21,Frances\n");
    co_await in.finish();
    auto users = co_await connection.copy_out_rows<User>("select id, name from users where id >= 20 order by id");
    while (const auto user = co_await users.next()) std::cout << user->name << "\n";
    CopyOut out =
        co_await connection.copy_out("copy (select id, name from users where id = 21) to stdout (format csv)");
    while (const auto line = co_await out.next()) std::cout << *line;
  });
  EXPECT_EQ(printed.str(), "Donald\nFrances\n21,Frances\n");
}

TEST_F(DocsTest, Notifications) {
  run([&]() -> Awaitable<void> {
    Connection connection = co_await test::connect(dsn);
    Listener listener = co_await connection.listen("orders");
    co_await connection.query("select pg_notify('orders', $1)", "order 7 is paid");
    if (const auto told = co_await listener.next(Deadline::after(2s))) std::cout << told->payload << "\n";
  });
  EXPECT_EQ(printed.str(), "order 7 is paid\n");
}

TEST_F(DocsTest, Transactions) {
  run([&]() -> Awaitable<void> {
    Connection connection = co_await test::connect(dsn);
    Transaction transaction = co_await connection.begin({.isolation = Isolation::serializable});
    co_await connection.execute("insert into users values (7, 'Grace')");
    {
      Savepoint savepoint = co_await connection.savepoint();
      co_await connection.execute("insert into users values (8, 'Linus')");
      co_await savepoint.rollback();
    }
    co_await transaction.commit();
    EXPECT_EQ(co_await connection.fetch_one<std::int64_t>("select max(id) from users"), 7);
  });
}

TEST_F(DocsTest, PoolAndTransact) {
  run([&]() -> Awaitable<void> {
    PoolParams params;
    params.connect = ConnectParams(dsn);
    params.pre_ping = true;
    Pool pool(co_await boost::asio::this_coro::executor, params);
    Lease lease = co_await pool.acquire({.deadline = Deadline::after(2s)});
    co_await lease->query("select 1");

    const auto total = co_await transact(pool, {}, [&](Connection& c) -> Awaitable<std::int64_t> {
      co_await c.execute("update users set name = upper(name)");
      co_return co_await c.fetch_one<std::int64_t>("select count(*) from users");
    });
    EXPECT_EQ(total, 2);

    PoolParams watched;
    watched.connect = ConnectParams(dsn);
    watched.leak_after = 10s;
    watched.on_connect = [](Connection& connection) -> Awaitable<void> {
      co_await connection.execute("set application_name = 'orders'");
    };
    watched.on_notice = [](const PoolNotice& notice) {
      if (notice.kind == PoolNotice::Kind::leak)
        std::cerr << "a connection is held too long by " << notice.site.file_name() << ":" << notice.site.line()
                  << "\n";
    };
    Pool named(co_await boost::asio::this_coro::executor, watched);
    Lease orders = co_await named.acquire();
    EXPECT_EQ(co_await orders->fetch_one<std::string>("select current_setting('application_name')"), "orders");
  });
}

TEST_F(DocsTest, RelationsEager) {
  run([&]() -> Awaitable<void> {
    Connection connection = co_await test::connect(dsn);
    Session session(connection);
    const auto posts = co_await session.all(select<Post>()
                                                .where(col(&Post::author_id) == 1)
                                                .order_by(desc(&Post::id))
                                                .limit(20)
                                                .with(selectin(&Post::author)));
    for (const Post& post : posts) std::cout << post.title << " by " << post.author->name << "\n";
  });
  EXPECT_EQ(printed.str(), "Second by Ada\nFirst by Ada\n");
}

TEST_F(DocsTest, FullText) {
  run([&]() -> Awaitable<void> {
    Connection connection = co_await test::connect(dsn);
    Session session(connection);
    const auto search = full_text("english", "\"second\" or third -draft", &Post::title);
    const auto found =
        co_await session.all(select<Post>()
                                 .where(search.matches() && exists(&Post::author, col(&User::name) == "Ada"))
                                 .order_by(desc(search.rank())));
    EXPECT_EQ(found.size(), 1U);
    EXPECT_EQ(found[0].title, "Second") << "the third is by Bob";
  });
}

TEST_F(DocsTest, KeysetPages) {
  run([&]() -> Awaitable<void> {
    Connection connection = co_await test::connect(dsn);
    Session session(connection);
    const auto newest = keyset(desc(&Post::author_id), desc(&Post::id));
    const auto first = co_await session.all(select<Post>().order_by(newest).limit(2));
    const Post& last = first[first.size() - 1];
    const auto second = co_await session.all(select<Post>().after(newest, last.author_id, last.id).limit(2));
    EXPECT_EQ(last.id, 2);
    EXPECT_EQ(second.size(), 1U);
    EXPECT_EQ(second[0].id, 1);
  });
}

TEST_F(DocsTest, WithoutObjects) {
  run([&]() -> Awaitable<void> {
    Connection connection = co_await test::connect(dsn);
    Session session(connection);
    const auto counts = co_await session.count_by(select<Post>(), &Post::author_id);  // {author, posts} pairs
    const auto titles = co_await session.values(select<Post>().order_by(asc(&Post::title)), &Post::title);
    const bool any = co_await session.exists(select<Post>().where(col(&Post::title).ilike("f%")));
    EXPECT_THAT(counts, testing::ElementsAre(std::pair(1, 2), std::pair(2, 1)));
    EXPECT_THAT(titles, testing::ElementsAre("First", "Second", "Third"));
    EXPECT_TRUE(any);
  });
}

TEST_F(DocsTest, OwnStatements) {
  run([&]() -> Awaitable<void> {
    Connection connection = co_await test::connect(dsn);
    Session session(connection);
    const auto busy = co_await session.query<User>(
        "select u.id, u.name from users u join posts p on p.author_id = u.id group by u.id having count(*) >= $1", 2);
    EXPECT_EQ(busy.size(), 1U);
    EXPECT_EQ(busy[0].name, "Ada");
  });
}

TEST_F(DocsTest, Writes) {
  run([&]() -> Awaitable<void> {
    Connection connection = co_await test::connect(dsn);
    Session session(connection);
    User grace;
    grace.id = 4;
    grace.name = "Grace";
    co_await session.insert(grace);

    std::vector<User> users(2);
    users[0].id = 4;
    users[0].name = "Grace H.";
    users[1].id = 5;
    users[1].name = "Linus";
    co_await session.upsert(users, on_conflict(&User::id).update(&User::name));

    users[1].name = "Linus T.";
    co_await session.update(users[1]);                     // all columns, by key
    co_await session.update(users, columns(&User::name));  // one statement for all of them
    co_await session.execute(update<User>().set(&User::name, "nobody").where(col(&User::id) == 5));
    const auto erased = co_await session.returning(erase<User>().where(col(&User::name) == "nobody"));
    co_await session.erase(grace);
    EXPECT_EQ(erased.size(), 1U);
    EXPECT_EQ(erased[0].id, 5);
    EXPECT_EQ(co_await session.count(select<User>()), 2);
  });
}

TEST_F(DocsTest, RelationsLazy) {
  run([&]() -> Awaitable<void> {
    Connection connection = co_await test::connect(dsn);
    Session session(connection);
    const auto posts = co_await session.all(select<Post>());
    for (Post& post : posts) co_await session.load(post, &Post::author);  // one query for each author
    co_await session.load(posts, &Post::comments);                        // one query for all
    EXPECT_TRUE(posts[0].comments.empty());
  });
}

TEST_F(DocsTest, Pipelines) {
  run([&]() -> Awaitable<void> {
    Connection connection = co_await test::connect(dsn);
    Pipeline pipeline(connection);
    const auto user = pipeline.add<User>("select id, name from users where id = $1", 1);
    const auto posts = pipeline.add<std::int64_t>("select count(*) from posts where author_id = $1", 1);
    co_await pipeline.run();
    std::cout << user.one().name << " wrote " << posts.one() << "\n";
  });
  EXPECT_EQ(printed.str(), "Ada wrote 2\n");
}

TEST_F(DocsTest, BlockingConnection) {
  SyncConnection sync = SyncConnection::open(dsn, Deadline::after(5s));
  const SyncResult rows = sync.query("select name from users where id = $1", {{0, trace::Format::text, "1"}});
  std::cout << rows.value(0, 0) << "\n";
  EXPECT_EQ(printed.str(), "Ada\n");
}

/// Words of a text, so that neither indentation nor line breaks count.
std::string words_of(const std::string& text) {
  std::istringstream in(text);
  std::string words;
  for (std::string word; in >> word;) words += word + " ";
  return words;
}

std::string contents(const std::filesystem::path& path) {
  std::ifstream in(path);
  EXPECT_TRUE(in) << path;
  return {std::istreambuf_iterator<char>(in), {}};
}

TEST(Docs, EveryExampleStandsInThisTest) {
  const std::filesystem::path here = QUELL_SOURCE_DIR;
  const std::string tests = words_of(contents(here / "tests/pg/db/docs_test.cpp"));
  int examples = 0;
  for (const char* page : {"docs/db.md", "docs/db-mapping.md"}) {
    const std::string text = contents(here / page);
    const std::string open = "```cpp\n";
    for (std::size_t at = text.find(open); at != std::string::npos; at = text.find(open, at + 1)) {
      const std::size_t start = at + open.size();
      const std::string example = text.substr(start, text.find("```", start) - start);
      EXPECT_THAT(tests, testing::HasSubstr(words_of(example))) << page;
      ++examples;
    }
  }
  EXPECT_EQ(examples, 22);
}

}  // namespace
}  // namespace quell::db
