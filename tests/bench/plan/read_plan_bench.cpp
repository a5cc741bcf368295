// Plans read and attributed per second and core. The plans are made here: nested joins of `nodes` nodes with the
// properties EXPLAIN (ANALYZE, BUFFERS, VERBOSE) gives each node.
#include <benchmark/benchmark.h>

#include <string>

#include "analyzer/plan/plan.hpp"

namespace {

std::string node_json(int nodes) {
  std::string text = R"PLAN({"Node Type":"Hash Join","Parent Relationship":"Outer","Parallel Aware":false,"Join Type":"Inner",
    "Startup Cost":12.5,"Total Cost":99.25,"Plan Rows":100,"Plan Width":36,"Actual Startup Time":0.012,
    "Actual Total Time":)PLAN" +
                     std::to_string(nodes) + R"PLAN(.125,"Actual Rows":100,"Actual Loops":1,"Output":["a.id","a.title","b.name"],
    "Hash Cond":"(a.author_id = b.id)","Shared Hit Blocks":120,"Shared Read Blocks":3,"Temp Read Blocks":0)PLAN";
  if (nodes > 1) text += ",\"Plans\":[" + node_json(nodes - 1) + "]";
  return text + "}";
}

void read_json_plans(benchmark::State& state) {
  const std::string text = "[{\"Plan\":" + node_json(static_cast<int>(state.range(0))) +
                           ",\"Planning Time\":0.5,\"Triggers\":[],\"Execution Time\":200.5}]";
  for (auto _ : state) benchmark::DoNotOptimize(quell::plan::read_json(text));
  state.SetItemsProcessed(state.iterations());
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(text.size()));
}
BENCHMARK(read_json_plans)->Arg(1)->Arg(10)->Arg(100);

}  // namespace

BENCHMARK_MAIN();
