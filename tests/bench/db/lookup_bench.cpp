#include <boost/describe/class.hpp>

#include "tests/bench/db/support.hpp"

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

namespace bench {
namespace {

constexpr Statement kLookup{"select id, a, b, c from items where id = $1"};

std::size_t bytes_of(const Result& result) {
  std::size_t size = 0;
  for (std::size_t column = 0; column < 4; ++column) size += result.value(0, column).size();
  return size;
}

void lookup(benchmark::State& state) {
  run([&]() -> Awaitable<void> {
    Connection connection = co_await connect();
    Libpq libpq;
    Samples layer, raw;
    std::int64_t id = 0;
    for (auto _ : state) {
      id = id % kItems + 1;
      raw.time([&] { benchmark::DoNotOptimize(libpq.lookup(id)); });
      const auto start = Clock::now();
      const Result result = co_await connection.query(kLookup, id);
      benchmark::DoNotOptimize(bytes_of(result));
      layer.add(Clock::now() - start);
    }
    report(state, "layer", layer, "libpq", raw);
  });
}
BENCHMARK(lookup)->Name("lookup/layer_and_libpq")->UseRealTime()->Iterations(20'000);

void lookup_asyncpg(benchmark::State& state) {
  for (auto _ : state) {
    const Rival rival = asyncpg("lookup", 20'000);
    Samples layer;
    run([&]() -> Awaitable<void> {
      Connection connection = co_await connect();
      for (std::int64_t id = 1; id <= 20'000; ++id) {
        const auto start = Clock::now();
        const Result result = co_await connection.query(kLookup, id);
        benchmark::DoNotOptimize(bytes_of(result));
        layer.add(Clock::now() - start);
      }
    });
    state.counters["asyncpg_p10_us"] = rival.p10_us;
    state.counters["layer_p10_us"] = layer.percentile(0.1);
    state.counters["times_faster_p10"] = rival.p10_us / layer.percentile(0.1);
    state.counters["times_faster_median"] = rival.median_us / layer.percentile(0.5);
  }
}
BENCHMARK(lookup_asyncpg)->Name("lookup/layer_and_asyncpg")->UseRealTime()->Iterations(1);

void twenty_lookups(benchmark::State& state) {
  run([&]() -> Awaitable<void> {
    Connection connection = co_await connect();
    Samples sequential, pipelined;
    for (auto _ : state) {
      const auto start = Clock::now();
      for (std::int64_t id = 1; id <= 20; ++id)
        benchmark::DoNotOptimize(bytes_of(co_await connection.query(kLookup, id)));
      sequential.add(Clock::now() - start);
      const auto again = Clock::now();
      Pipeline pipeline(connection);
      for (std::int64_t id = 1; id <= 20; ++id) pipeline.add(kLookup, id);
      co_await pipeline.run();
      pipelined.add(Clock::now() - again);
    }
    report(state, "pipelined", pipelined, "sequential", sequential);
  });
}
BENCHMARK(twenty_lookups)->Name("lookups20/pipelined_and_sequential")->UseRealTime()->Iterations(1'000);

void children(benchmark::State& state) {
  run([&]() -> Awaitable<void> {
    Connection connection = co_await connect();
    Samples lazy, selectin;
    for (auto _ : state) {
      for (const bool one_by_one : {true, false}) {
        Session session(connection);
        const auto parents = co_await session.all(select<Parent>());
        const auto start = Clock::now();
        if (one_by_one) {
          for (Parent& parent : parents) co_await session.load(parent, &Parent::children);
        } else {
          co_await session.load(parents, &Parent::children);
        }
        (one_by_one ? lazy : selectin).add(Clock::now() - start);
      }
    }
    report(state, "lazy", lazy, "selectin", selectin);
  });
}
BENCHMARK(children)->Name("children1000/lazy_and_selectin")->UseRealTime()->Iterations(20);

}  // namespace
}  // namespace bench
}  // namespace quell::db
