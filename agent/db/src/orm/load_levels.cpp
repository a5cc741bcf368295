#include <quell/db/detail/load_plan.hpp>

#include <quell/db/pipeline.hpp>

namespace quell::db::detail {
namespace {

Awaitable<void> run_level(Connection& connection, LoadLevel& level, CallSite site) {
  std::vector<LoadTask*> askers;  // one for each statement
  for (const auto& task : level) askers.insert(askers.end(), task->statements().size(), task.get());
  if (askers.empty()) co_return;
  if (askers.size() == 1) {
    BoundStatement& bound = askers[0]->statements()[0];
    const Result result = co_await connection.query(Call(bound.statement, site), std::move(bound.parameters));
    askers[0]->absorb(result);
    co_return;
  }
  Pipeline pipeline(connection);
  std::vector<PipelineSlot<Result>> slots;
  for (const auto& task : level)
    for (BoundStatement& bound : task->statements())
      slots.push_back(pipeline.add(Call(bound.statement, site), std::move(bound.parameters)));
  co_await pipeline.run();
  for (std::size_t i = 0; i < slots.size(); ++i) askers[i]->absorb(slots[i].get());
}

}  // namespace

void settle(LoadLevel& level) {
  LoadLevel waiting;
  for (std::size_t i = 0; i < level.size(); ++i) {
    std::unique_ptr<LoadTask> task = std::move(level[i]);
    if (task->is_ready()) {
      task->finish(level);
    } else {
      waiting.push_back(std::move(task));
    }
  }
  level = std::move(waiting);
}

Awaitable<void> run_levels(Connection& connection, LoadLevel level, CallSite site) {
  for (settle(level); !level.empty(); settle(level)) {
    co_await run_level(connection, level, site);
    LoadLevel next;
    for (const auto& task : level) task->finish(next);
    level = std::move(next);
  }
}

}  // namespace quell::db::detail
