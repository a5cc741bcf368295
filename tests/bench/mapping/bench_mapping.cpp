// Loading and writing of objects, against a private server that is half a millisecond away (a relay that holds every
// packet for 250 us each way), as a server on another machine is:
//   relations/together, /apart     4 relations of 20 posts in one select, and one after the other
//   insert/bulk, /one_by_one       200 rows in one statement, and one statement each

#include <benchmark/benchmark.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>

#include <quell/db/db.hpp>

#include "cli/demo/private_cluster.hpp"
#include "tests/pg/db/blog.hpp"

namespace quell::db {
namespace {

using boost::asio::ip::tcp;
using test::Post;
using test::User;
using Clock = std::chrono::steady_clock;

constexpr std::chrono::microseconds kOneWay{250};
constexpr int kRows = 200;

constexpr const char* kContents = R"(
  insert into users select i, 'user ' || i from generate_series(1, 100) i;
  insert into posts select i, 1 + i % 50, 51 + i % 50, 'post ' || i from generate_series(1, 100) i;
  insert into comments select i, 1 + i % 100, 1 + i % 50, 'comment' from generate_series(1, 400) i;
  insert into tags select i, 'tag ' || i from generate_series(1, 10) i;
  insert into post_tags select i, 1 + i % 10 from generate_series(1, 100) i;
  analyze;
)";

void copy_late(tcp::socket& from, tcp::socket& to) {
  std::array<char, 65536> bytes;
  boost::system::error_code error;
  while (true) {
    const std::size_t size = from.read_some(boost::asio::buffer(bytes), error);
    if (error) break;
    std::this_thread::sleep_for(kOneWay);
    boost::asio::write(to, boost::asio::buffer(bytes.data(), size), error);
    if (error) break;
  }
  to.shutdown(tcp::socket::shutdown_both, error);
}

/// Listens until the program ends; returns its port.
std::uint16_t start_relay(std::uint16_t server_port) {
  // Never destroyed: the relay's threads use them until the process is gone.
  static auto& io = *new boost::asio::io_context;
  static auto& acceptor = *new tcp::acceptor(io, tcp::endpoint(boost::asio::ip::address_v4::loopback(), 0));
  std::thread([server_port] {
    while (true) {
      std::thread([server_port, client = acceptor.accept()]() mutable {
        tcp::socket server(io);
        server.connect(tcp::endpoint(boost::asio::ip::address_v4::loopback(), server_port));
        client.set_option(tcp::no_delay(true));
        server.set_option(tcp::no_delay(true));
        std::thread answers([&] { copy_late(server, client); });
        copy_late(client, server);
        answers.join();
      }).detach();
    }
  }).detach();
  return acceptor.local_endpoint().port();
}

const std::string& dsn() {
  static auto cluster = [] {
    demo::ClusterParams params;
    params.tcp = true;
    auto started = demo::PrivateCluster::start(params);
    started.execute("postgres", std::string(test::kBlogSchema) + kContents);
    return started;
  }();
  static const std::string text = cluster.dsn() + " host=127.0.0.1 port=" + std::to_string(start_relay(cluster.port()));
  return text;
}

/// Times `body(session)` on one connection; reports minimum and 10th percentile, which other work on the machine hardly
/// moves.
template <class Body>
void measure(benchmark::State& state, Body body) {
  boost::asio::io_context loop(1);
  const auto run = [&]() -> Awaitable<void> {
    ConnectParams params(dsn());
    Connection connection = co_await Connection::open(std::move(params));
    std::vector<double> times;
    for (auto _ : state) {
      Session session(connection);
      const auto start = Clock::now();
      co_await body(session);
      times.push_back(std::chrono::duration<double, std::micro>(Clock::now() - start).count());
    }
    std::sort(times.begin(), times.end());
    state.counters["min_us"] = times.front();
    state.counters["p10_us"] = times[times.size() / 10];
  };
  boost::asio::co_spawn(loop, run(), [](std::exception_ptr error) {
    if (error) std::rethrow_exception(error);
  });
  loop.run();
}

void relations_together(benchmark::State& state) {
  measure(state, [](Session& session) -> Awaitable<void> {
    const auto posts = co_await session.all(select<Post>().limit(20).with(
        selectin(&Post::author), selectin(&Post::editor), selectin(&Post::comments), selectin(&Post::tags)));
    benchmark::DoNotOptimize(posts.size());
  });
}
BENCHMARK(relations_together)->Name("relations/together")->UseRealTime();

void relations_apart(benchmark::State& state) {
  measure(state, [](Session& session) -> Awaitable<void> {
    const auto posts = co_await session.all(select<Post>().limit(20));
    co_await session.load(posts, &Post::author);
    co_await session.load(posts, &Post::editor);
    co_await session.load(posts, &Post::comments);
    co_await session.load(posts, &Post::tags);
  });
}
BENCHMARK(relations_apart)->Name("relations/apart")->UseRealTime();

std::vector<User> new_users() {
  static std::int64_t next = 1000;
  std::vector<User> users(kRows);
  for (User& user : users) {
    user.id = next++;
    user.name = "new";
  }
  return users;
}

void insert_bulk(benchmark::State& state) {
  measure(state, [](Session& session) -> Awaitable<void> {
    auto users = new_users();
    co_await session.insert(users);
  });
}
BENCHMARK(insert_bulk)->Name("insert/bulk")->UseRealTime();

void insert_one_by_one(benchmark::State& state) {
  measure(state, [](Session& session) -> Awaitable<void> {
    auto users = new_users();
    for (User& user : users) co_await session.insert(user);
  });
}
BENCHMARK(insert_one_by_one)->Name("insert/one_by_one")->UseRealTime();

}  // namespace
}  // namespace quell::db

BENCHMARK_MAIN();
