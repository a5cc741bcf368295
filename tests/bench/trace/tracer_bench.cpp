// Cost of the tracer on the calling thread: `on` minus `off` is what a traced query pays. Run with
// --benchmark_repetitions=9 for minimum and median.
#include <benchmark/benchmark.h>
#include <time.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <filesystem>
#include <thread>

#include <quell/tracer/tracer.hpp>

namespace quell::tracer::bench {
namespace {

// One turn fits the ring twice over, so that nothing is dropped, which would be cheaper than recording.
constexpr int kQueriesATurn = 10'000;

template <bool instrumented>
std::uint64_t run_queries(IdSlot& slot, std::array<char, 8>& numbers) {
  std::uint64_t ids = 0;
  for (int i = 0; i < kQueriesATurn; ++i) {
    numbers[3] = static_cast<char>(i);
    const std::array parameters{
        BoundParameter{.type_oid = 23, .format = trace::Format::binary, .bytes = {numbers.data(), 4}},
        BoundParameter{.type_oid = 23, .format = trace::Format::binary, .bytes = {numbers.data() + 4, 4}}};
    benchmark::DoNotOptimize(parameters);
    if constexpr (instrumented) {
      QuerySpan span("SELECT id, title FROM posts WHERE author_id = $1 AND id > $2", 1, 7, parameters, &slot);
      ids += span.end(1);
    }
  }
  return ids;
}

/// Of this thread alone: other programs on the machine do not count.
double cpu_seconds() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

template <bool instrumented>
void time_turns(benchmark::State& state, std::chrono::milliseconds rest) {
  IdSlot slot;
  std::array<char, 8> numbers{};
  benchmark::DoNotOptimize(run_queries<instrumented>(slot, numbers));
  for (auto _ : state) {
    std::this_thread::sleep_for(rest);
    const double begin = cpu_seconds();
    benchmark::DoNotOptimize(run_queries<instrumented>(slot, numbers));
    state.SetIterationTime((cpu_seconds() - begin) / kQueriesATurn);
  }
}

/// The loop without the tracer: what is to be subtracted from `off`.
void bare(benchmark::State& state) {
  time_turns<false>(state, std::chrono::milliseconds(0));
}
BENCHMARK(bare)->UseManualTime()->Iterations(50);

void off(benchmark::State& state) {
  time_turns<true>(state, std::chrono::milliseconds(0));
}
BENCHMARK(off)->UseManualTime()->Iterations(50);

void on(benchmark::State& state) {
  TracerParams params;
  params.path = "/tmp/quell-bench-" + std::to_string(::getpid()) + ".qtr";
  params.program = "tracer_bench";
  params.flush_interval = std::chrono::milliseconds(2);
  start(params);
  time_turns<true>(state, std::chrono::milliseconds(20));
  const TracerStatus status = stop();
  state.counters["lost"] = static_cast<double>(status.lost_events);
  std::filesystem::remove(params.path);
}
BENCHMARK(on)->UseManualTime()->Iterations(50);

/// The floor: a query's begin and end read the clock.
void two_clock_reads(benchmark::State& state) {
  for (auto _ : state) {
    benchmark::DoNotOptimize(now());
    benchmark::DoNotOptimize(now());
  }
}
BENCHMARK(two_clock_reads);

}  // namespace
}  // namespace quell::tracer::bench

BENCHMARK_MAIN();
