// What the gate costs: judging 1,000 units whose statements are measured already, and a trace of a million queries from
// the file to the verdict.
#include <chrono>
#include <random>
#include <string>

#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include "analyzer/detect/finding.hpp"
#include "analyzer/gate/check.hpp"
#include "analyzer/report/gate/outputs.hpp"
#include "tests/bench/analyzer/trace_file.hpp"

namespace {

using namespace quell;

constexpr auto kToday = std::chrono::year(2026) / 11 / 25;

/// Units of 12 statements each; of `grown` units one statement runs once more.
gate::Suite suite_of(std::size_t units, std::size_t grown) {
  std::mt19937_64 random(9);
  gate::Measurement measurement;
  measurement.program = "api";
  measurement.summary.closed = true;
  for (std::size_t i = 0; i < units; ++i) {
    gate::MeasuredUnit unit;
    unit.name = fmt::format("GET /resource-{:05}/{{id}}", i);
    unit.runs = 3;
    for (int statement = 0; statement < 12; ++statement) {
      const sql::Fingerprint fingerprint = random();
      unit.statements.push_back({fingerprint, i < grown && statement == 0 ? 2U : 1U, {{"shop/orders.py", 41, "list"}}});
      measurement.statements[fingerprint] = fmt::format("select a, b, c from t{} where id = $1", fingerprint);
    }
    std::sort(unit.statements.begin(), unit.statements.end(),
              [](const auto& a, const auto& b) { return a.fingerprint < b.fingerprint; });
    measurement.units.push_back(std::move(unit));
  }
  return gate::combine("api", {std::move(measurement)});
}

gate::Config config_of_fifty_rules() {
  std::string text = "version = 1\n";
  for (int i = 0; i < 50; ++i)
    text += fmt::format("[[unit]]\nmatch = \"GET /resource-{:03}*\"\nmax_queries = 40\n", i * 20);
  return gate::parse_config(text, "quell.toml", "/repo");
}

gate::CheckParams check_params() {
  gate::CheckParams params;
  params.today = kToday;
  params.update_command = "quell baseline update new.qtr";
  return params;
}

/// Reads the baseline file, judges every unit and writes the text and the SARIF.
void check_units(benchmark::State& state) {
  const auto units = static_cast<std::size_t>(state.range(0));
  const std::string file = gate::render_baseline(gate::baseline_of(suite_of(units, 0)));
  const std::vector<gate::Suite> suites = {suite_of(units, units / 20)};
  const gate::Config config = config_of_fifty_rules();
  std::size_t failures = 0;
  for (auto _ : state) {
    std::map<std::string, gate::Reference> references;
    references["api"].baseline = gate::parse_baseline(file, "api.toml");
    references["api"].source = "api.toml";
    const gate::GateResult result = gate::check(suites, references, config, check_params());
    failures = result.count(gate::Level::failure);
    benchmark::DoNotOptimize(report::gate_text(result, {}));
    benchmark::DoNotOptimize(report::gate_sarif(result, {}));
  }
  state.counters["failures"] = static_cast<double>(failures);
}
BENCHMARK(check_units)->Arg(1'000)->Arg(10'000)->Unit(benchmark::kMillisecond);

/// From the file of a million queries to the verdict.
void gate_a_trace(benchmark::State& state) {
  const bench::TraceFile file(static_cast<std::uint64_t>(state.range(0)));
  const auto measure = [&] {
    const model::Workload workload = model::load_workload(file.path());
    const detect::Detection detection = detect::detect(workload);
    return gate::measure(workload, detection.findings, file.path(), {});
  };
  std::map<std::string, gate::Reference> references;
  references["api"].baseline = gate::baseline_of(gate::suites_of({measure()}, "api").front());
  references["api"].source = "api.toml";
  gate::GateResult result;
  for (auto _ : state) {
    result = gate::check(gate::suites_of({measure()}, "api"), references, {}, check_params());
    benchmark::DoNotOptimize(report::gate_text(result, {}));
  }
  state.counters["units"] = static_cast<double>(result.units.size());
  state.counters["passed"] = result.outcome == gate::Outcome::passed ? 1 : 0;
}
BENCHMARK(gate_a_trace)->Arg(1'000'000)->Unit(benchmark::kMillisecond);

/// Of that, what the gate adds to loading and detection.
void measure_only(benchmark::State& state) {
  const bench::TraceFile file(static_cast<std::uint64_t>(state.range(0)));
  const model::Workload workload = model::load_workload(file.path());
  const detect::Detection detection = detect::detect(workload);
  for (auto _ : state) benchmark::DoNotOptimize(gate::measure(workload, detection.findings, "new.qtr", {}));
}
BENCHMARK(measure_only)->Arg(1'000'000)->Unit(benchmark::kMillisecond);

}  // namespace

BENCHMARK_MAIN();
