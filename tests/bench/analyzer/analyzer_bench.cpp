// What analysis costs: loading and detecting a generated trace, memory a query, and grouping statement texts beside
// pg_query_fingerprint on the same texts.
#include <malloc.h>

#include <string>
#include <unordered_map>
#include <vector>

#include <benchmark/benchmark.h>
#include <pg_query.h>

#include "analyzer/detect/finding.hpp"
#include "analyzer/model/workload.hpp"
#include "analyzer/sql/lexer.hpp"
#include "analyzer/sql/statement_facts.hpp"
#include "tests/bench/analyzer/trace_file.hpp"

namespace {

using namespace quell;
using bench::TraceFile;

const TraceFile& trace_file(std::int64_t queries) {
  static std::unordered_map<std::int64_t, std::unique_ptr<TraceFile>> files;
  auto& file = files[queries];
  if (!file) file = std::make_unique<TraceFile>(static_cast<std::uint64_t>(queries));
  return *file;
}

void count_queries(benchmark::State& state, std::uint64_t queries) {
  state.counters["queries/s"] = benchmark::Counter(
      static_cast<double>(queries * static_cast<std::uint64_t>(state.iterations())), benchmark::Counter::kIsRate);
}

void load(benchmark::State& state) {
  const TraceFile& file = trace_file(state.range(0));
  double bytes = 0;
  for (auto _ : state) {
    const auto before = mallinfo2();
    const model::Workload workload = model::load_workload(file.path());
    const auto after = mallinfo2();
    bytes = static_cast<double>(after.uordblks + after.hblkhd) - static_cast<double>(before.uordblks + before.hblkhd);
    benchmark::DoNotOptimize(workload.query_count());
  }
  count_queries(state, file.queries());
  state.counters["bytes/query"] = bytes / static_cast<double>(file.queries());
}

void detect_only(benchmark::State& state) {
  const TraceFile& file = trace_file(state.range(0));
  const model::Workload workload = model::load_workload(file.path());
  std::size_t findings = 0;
  for (auto _ : state) findings = detect::detect(workload).findings.size();
  count_queries(state, file.queries());
  state.counters["findings"] = static_cast<double>(findings);
}

void load_and_detect(benchmark::State& state) {
  const TraceFile& file = trace_file(state.range(0));
  for (auto _ : state) benchmark::DoNotOptimize(detect::detect(model::load_workload(file.path())).findings.size());
  count_queries(state, file.queries());
}

/// Texts as a driver sends that inlines literals: no two alike.
std::vector<std::string> statement_stream() {
  std::vector<std::string> out;
  for (int i = 0; i < 1000; ++i) {
    const std::string n = std::to_string(i * 7919);
    out.push_back("SELECT posts.id, posts.title, posts.body, posts.author_id FROM posts WHERE posts.id = " + n +
                  " LIMIT 1");
    out.push_back("SELECT u.id, u.name, u.email FROM users AS u WHERE u.id IN (" + n + ", 5, 6, 7, 8) ORDER BY u.id");
    out.push_back("UPDATE sessions SET seen = '2026-01-01 10:00:00', n = " + n + " WHERE token = 'abc" + n + "'");
    out.push_back("SELECT count(*) FROM comments c JOIN posts p ON p.id = c.post_id WHERE p.author_id = " + n);
  }
  return out;
}

void group_by_template(benchmark::State& state) {
  const std::vector<std::string> texts = statement_stream();
  std::unordered_map<std::uint64_t, sql::Fingerprint> known;
  sql::Lexer lexer;
  for (auto _ : state) {
    for (const std::string& text : texts) {
      const auto [entry, added] = known.try_emplace(lexer.lex(text).template_hash, 0);
      if (added) entry->second = sql::analyze_statement(text).fingerprint;
      benchmark::DoNotOptimize(entry->second);
    }
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(texts.size()) * state.iterations());
}

void group_by_pg_query(benchmark::State& state) {
  const std::vector<std::string> texts = statement_stream();
  for (auto _ : state) {
    for (const std::string& text : texts) {
      const PgQueryFingerprintResult result = pg_query_fingerprint(text.c_str());
      benchmark::DoNotOptimize(result.fingerprint);
      pg_query_free_fingerprint_result(result);
    }
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(texts.size()) * state.iterations());
}

void analyze_new_template(benchmark::State& state) {
  const std::vector<std::string> texts = statement_stream();
  std::size_t i = 0;
  for (auto _ : state) benchmark::DoNotOptimize(sql::analyze_statement(texts[i++ % texts.size()]).fingerprint);
}

BENCHMARK(load)->Arg(1'000'000)->Unit(benchmark::kMillisecond);
BENCHMARK(detect_only)->Arg(1'000'000)->Unit(benchmark::kMillisecond);
BENCHMARK(load_and_detect)->Arg(1'000'000)->Unit(benchmark::kMillisecond);
BENCHMARK(group_by_template);
BENCHMARK(group_by_pg_query);
BENCHMARK(analyze_new_template);

}  // namespace

BENCHMARK_MAIN();
