// Speed and size of the trace file. Run with --benchmark_repetitions=9 for minimum and median.
#include <benchmark/benchmark.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include <quell/trace/reader.hpp>

#include "tests/bench/trace/traffic.hpp"

namespace quell::trace::bench {
namespace {

constexpr std::uint64_t kQueries = 500'000;

/// In memory where the machine has such a folder: the format is measured, not the disk.
std::string scratch_file(const char* name) {
  const char* folder = std::filesystem::exists("/dev/shm") ? "/dev/shm" : "/tmp";
  return std::string(folder) + "/quell-bench-" + std::to_string(::getpid()) + "-" + name;
}

struct Written {
  explicit Written(bool with_values) : path(scratch_file("read.qtr")) {
    queries = Traffic(with_values).write(*Writer::create(path, {}), kQueries);
    bytes = std::filesystem::file_size(path);
  }
  ~Written() { std::filesystem::remove(path); }
  std::string path;
  std::uint64_t queries = 0;
  std::uint64_t bytes = 0;
};

void write(benchmark::State& state) {
  const std::string path = scratch_file("write.qtr");
  std::uint64_t queries = 0;
  for (auto _ : state) {
    const auto writer = Writer::create(path, {});
    queries += Traffic(state.range(0) != 0).write(*writer, kQueries);
    writer->flush();
  }
  std::filesystem::remove(path);
  state.SetItemsProcessed(static_cast<std::int64_t>(queries));
}
BENCHMARK(write)->ArgName("values")->Arg(0)->Arg(1)->Unit(benchmark::kMillisecond);

/// Takes what an analyzer would at least look at.
class Sums : public EventSink {
 public:
  using EventSink::on;
  void on(const Query& query, Source) override {
    ++queries;
    sum += static_cast<std::uint64_t>(query.complete - query.start) + query.text + query.parameters.size();
  }
  void on(const ResultValues& result, Source) override { sum += result.values.back().bits(); }
  std::uint64_t queries = 0;
  std::uint64_t sum = 0;
};

void read(benchmark::State& state) {
  const Written trace(state.range(0) != 0);
  std::uint64_t queries = 0;
  for (auto _ : state) {
    Sums sums;
    Reader::open(trace.path)->read_all(sums);
    queries += sums.queries;
    benchmark::DoNotOptimize(sums.sum);
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(queries));
}
BENCHMARK(read)->ArgName("values")->Arg(0)->Arg(1)->Unit(benchmark::kMillisecond);

/// Not a speed: what a query event and a recorded result value take in the file, with their scopes and dictionary.
void size(benchmark::State& state) {
  const Written plain(false);
  const std::uint64_t plain_bytes = plain.bytes;
  const Written with_values(true);
  EventSink nobody;
  const auto reader = Reader::open(with_values.path);
  for (auto _ : state) reader->read_all(nobody);
  state.counters["bytes_per_query"] = static_cast<double>(plain_bytes) / static_cast<double>(plain.queries);
  state.counters["bytes_per_value"] =
      static_cast<double>(with_values.bytes - plain_bytes) / static_cast<double>(reader->summary().result_values);
}
BENCHMARK(size)->Iterations(1);

/// What a recorded result value costs the thread that reads the result.
void canonical(benchmark::State& state, std::string_view text) {
  const Canonicalizer canonicalizer(HashKey{std::byte{1}});
  for (auto _ : state) {
    benchmark::DoNotOptimize(text);
    benchmark::DoNotOptimize(canonicalizer.from_text(text));
  }
}
BENCHMARK_CAPTURE(canonical, integer, "1234567");
BENCHMARK_CAPTURE(canonical, text, "how-to-write-a-slug");
BENCHMARK_CAPTURE(canonical, uuid, "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11");

}  // namespace
}  // namespace quell::trace::bench

BENCHMARK_MAIN();
