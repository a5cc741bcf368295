// The layer against blocking libpq on the same private server over a unix socket:
//   lookup/libpq, lookup/layer            prepared key lookup of 4 columns; the difference is the layer's price
//   lookups20/sequential, /pipelined      20 lookups one by one and in one round trip
//   children/lazy, /selectin              children of 1,000 parents, one query each and one with = any($1)
//   fetch/libpq, fetch/layer              100,000 rows of 5 columns, binary, every value read
// On a shared machine only minima and low percentiles say anything: run with --benchmark_repetitions=20 and compare the
// reported "min" counters, or read p10_us.

#include <benchmark/benchmark.h>
#include <libpq-fe.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <vector>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/describe/class.hpp>

#include <quell/db/db.hpp>

#include "cli/demo/private_cluster.hpp"

namespace quell::db {
namespace {

struct Child;
struct Parent {
  std::int64_t id = 0;
  Many<Child> children;
};
BOOST_DESCRIBE_STRUCT(Parent, (), (id))
struct Child {
  std::int64_t id = 0;
  std::int64_t parent_id = 0;
};
BOOST_DESCRIBE_STRUCT(Child, (), (id, parent_id))

}  // namespace

template <>
struct Model<Child> {
  static constexpr std::string_view kTable = "children";
  static constexpr auto kKey = &Child::id;
};
template <>
struct Model<Parent> {
  static constexpr std::string_view kTable = "parents";
  static constexpr auto kKey = &Parent::id;
  static constexpr auto kRelations = std::tuple(one_to_many("children", &Parent::children, &Child::parent_id));
};

namespace {

using Clock = std::chrono::steady_clock;

constexpr const char* kSchema = R"(
  create table items (id bigint primary key, a int not null, b text not null, c double precision not null);
  insert into items select i, i, 'item ' || i, i / 2.0 from generate_series(1, 100000) i;
  create table parents (id bigint primary key);
  insert into parents select generate_series(1, 1000);
  create table children (id bigint primary key, parent_id bigint not null references parents);
  insert into children select i, 1 + i % 1000 from generate_series(1, 3000) i;
  create index on children (parent_id);
  analyze;
)";
constexpr const char* kLookupText = "select id, a, b, c from items where id = $1";
constexpr Statement kLookup{"select id, a, b, c from items where id = $1"};
constexpr const char* kFetchText = "select id, a, b, c, id + 1 from items";

const std::string& dsn() {
  static auto cluster = [] {
    auto started = demo::PrivateCluster::start();
    started.execute("postgres", kSchema);
    return started;
  }();
  static const std::string text = cluster.dsn();
  return text;
}

/// Times single operations and reports their minimum and 10th percentile, which other work on the machine hardly moves.
class Samples {
 public:
  void add(Clock::duration time) { microseconds_.push_back(std::chrono::duration<double, std::micro>(time).count()); }
  void report(benchmark::State& state) {
    std::sort(microseconds_.begin(), microseconds_.end());
    if (microseconds_.empty()) return;
    state.counters["min_us"] = microseconds_.front();
    state.counters["p10_us"] = microseconds_[microseconds_.size() / 10];
    state.counters["median_us"] = microseconds_[microseconds_.size() / 2];
  }

 private:
  std::vector<double> microseconds_;
};

class Libpq {
 public:
  Libpq() : connection_(PQconnectdb(dsn().c_str())) {
    if (PQstatus(connection_) != CONNECTION_OK) std::abort();
    PQclear(PQprepare(connection_, "lookup", kLookupText, 1, nullptr));
  }
  Libpq(const Libpq&) = delete;
  Libpq& operator=(const Libpq&) = delete;
  ~Libpq() { PQfinish(connection_); }

  std::size_t lookup(std::int64_t id) {
    const std::int64_t wire = static_cast<std::int64_t>(__builtin_bswap64(static_cast<std::uint64_t>(id)));
    const char* values[]{reinterpret_cast<const char*>(&wire)};
    const int lengths[]{8};
    const int formats[]{1};
    PGresult* result = PQexecPrepared(connection_, "lookup", 1, values, lengths, formats, 1);
    std::size_t size = 0;
    for (int column = 0; column < 4; ++column) size += static_cast<std::size_t>(PQgetlength(result, 0, column));
    PQclear(result);
    return size;
  }
  std::size_t fetch() {
    PGresult* result = PQexecParams(connection_, kFetchText, 0, nullptr, nullptr, nullptr, nullptr, 1);
    std::size_t sum = 0;
    const int rows = PQntuples(result);
    for (int row = 0; row < rows; ++row)
      for (int column = 0; column < 5; ++column) sum += static_cast<unsigned char>(PQgetvalue(result, row, column)[0]);
    PQclear(result);
    return sum;
  }

 private:
  PGconn* connection_;
};

/// Runs a coroutine to its end on its own loop.
template <class Body>
void run(Body body) {
  boost::asio::io_context loop(1);
  boost::asio::co_spawn(loop, body(), [](std::exception_ptr error) {
    if (error) std::rethrow_exception(error);
  });
  loop.run();
}

Awaitable<Connection> connect() {
  ConnectParams params(dsn());
  Connection connection = co_await Connection::open(std::move(params));
  co_return connection;
}

void lookup_libpq(benchmark::State& state) {
  Libpq libpq;
  Samples samples;
  std::int64_t id = 0;
  for (auto _ : state) {
    const auto start = Clock::now();
    benchmark::DoNotOptimize(libpq.lookup(id = id % 100'000 + 1));
    samples.add(Clock::now() - start);
  }
  samples.report(state);
}
BENCHMARK(lookup_libpq)->Name("lookup/libpq")->UseRealTime();

void lookup_layer(benchmark::State& state) {
  run([&]() -> Awaitable<void> {
    Connection connection = co_await connect();
    Samples samples;
    std::int64_t id = 0;
    for (auto _ : state) {
      id = id % 100'000 + 1;
      const auto start = Clock::now();
      const Result result = co_await connection.query(kLookup, id);
      std::size_t size = 0;
      for (std::size_t column = 0; column < 4; ++column) size += result.value(0, column).size();
      benchmark::DoNotOptimize(size);
      samples.add(Clock::now() - start);
    }
    samples.report(state);
  });
}
BENCHMARK(lookup_layer)->Name("lookup/layer")->UseRealTime();

void lookups_sequential(benchmark::State& state) {
  run([&]() -> Awaitable<void> {
    Connection connection = co_await connect();
    Samples samples;
    for (auto _ : state) {
      const auto start = Clock::now();
      for (std::int64_t id = 1; id <= 20; ++id) co_await connection.query(kLookup, id);
      samples.add(Clock::now() - start);
    }
    samples.report(state);
  });
}
BENCHMARK(lookups_sequential)->Name("lookups20/sequential")->UseRealTime();

void lookups_pipelined(benchmark::State& state) {
  run([&]() -> Awaitable<void> {
    Connection connection = co_await connect();
    Samples samples;
    for (auto _ : state) {
      const auto start = Clock::now();
      Pipeline pipeline(connection);
      for (std::int64_t id = 1; id <= 20; ++id) pipeline.add(kLookup, id);
      co_await pipeline.run();
      samples.add(Clock::now() - start);
    }
    samples.report(state);
  });
}
BENCHMARK(lookups_pipelined)->Name("lookups20/pipelined")->UseRealTime();

void children(benchmark::State& state, bool lazy_loading) {
  run([&]() -> Awaitable<void> {
    Connection connection = co_await connect();
    Samples samples;
    for (auto _ : state) {
      Session session(connection);
      const auto parents = co_await session.all(select<Parent>());
      const auto start = Clock::now();
      if (lazy_loading) {
        for (Parent& parent : parents) co_await session.load(parent, &Parent::children);
      } else {
        co_await session.load(parents, &Parent::children);
      }
      samples.add(Clock::now() - start);
    }
    samples.report(state);
  });
}
BENCHMARK_CAPTURE(children, lazy, true)->Name("children/lazy")->UseRealTime();
BENCHMARK_CAPTURE(children, selectin, false)->Name("children/selectin")->UseRealTime();

void fetch_libpq(benchmark::State& state) {
  Libpq libpq;
  Samples samples;
  for (auto _ : state) {
    const auto start = Clock::now();
    benchmark::DoNotOptimize(libpq.fetch());
    samples.add(Clock::now() - start);
  }
  samples.report(state);
}
BENCHMARK(fetch_libpq)->Name("fetch/libpq")->UseRealTime();

void fetch_layer(benchmark::State& state) {
  run([&]() -> Awaitable<void> {
    Connection connection = co_await connect();
    Samples samples;
    for (auto _ : state) {
      const auto start = Clock::now();
      const Result result = co_await connection.query("select id, a, b, c, id + 1 from items");
      std::size_t sum = 0;
      for (const Row row : result)
        for (std::size_t column = 0; column < 5; ++column) sum += static_cast<unsigned char>(row[column].bytes()[0]);
      benchmark::DoNotOptimize(sum);
      samples.add(Clock::now() - start);
    }
    samples.report(state);
  });
}
BENCHMARK(fetch_layer)->Name("fetch/layer")->UseRealTime();

}  // namespace
}  // namespace quell::db

BENCHMARK_MAIN();
