#include "tests/bench/db/support.hpp"

namespace quell::db::bench {
namespace {

constexpr const char* kText = "select id, a, b, c, d from million";
constexpr Statement kFetch{"select id, a, b, c, d from million"};

Awaitable<Clock::duration> fetch(Connection& connection) {
  const auto start = Clock::now();
  const Result result = co_await connection.query(kFetch);
  std::size_t sum = 0;
  for (const Row row : result)
    for (std::size_t column = 0; column < 5; ++column) sum += static_cast<unsigned char>(row[column].bytes()[0]);
  benchmark::DoNotOptimize(sum);
  co_return Clock::now() - start;
}

void fetch_libpq(benchmark::State& state) {
  run([&]() -> Awaitable<void> {
    Connection connection = co_await connect();
    Libpq libpq;
    Samples layer, raw;
    for (auto _ : state) {
      raw.time([&] { benchmark::DoNotOptimize(libpq.fetch(kText)); });
      layer.add(co_await fetch(connection));
    }
    report(state, "layer", layer, "libpq", raw);
    state.counters["speed_of_libpq"] = 1 / state.counters["ratio_median"].value;
  });
}
BENCHMARK(fetch_libpq)->Name("fetch1m/layer_and_libpq")->UseRealTime()->Iterations(7);

void fetch_asyncpg(benchmark::State& state) {
  for (auto _ : state) {
    const Rival rival = asyncpg("fetch", 5);
    Samples layer;
    run([&]() -> Awaitable<void> {
      Connection connection = co_await connect();
      for (int i = 0; i < 5; ++i) layer.add(co_await fetch(connection));
    });
    state.counters["asyncpg_median_ms"] = rival.median_us / 1e3;
    state.counters["layer_median_ms"] = layer.percentile(0.5) / 1e3;
    state.counters["times_faster_min"] = rival.min_us / layer.percentile(0);
    state.counters["times_faster_median"] = rival.median_us / layer.percentile(0.5);
  }
}
BENCHMARK(fetch_asyncpg)->Name("fetch1m/layer_and_asyncpg")->UseRealTime()->Iterations(1);

}  // namespace
}  // namespace quell::db::bench
