#include "tests/pg/reference_app/running_service.hpp"

#include <utility>

#include "reference_app/migrations/migrations.hpp"
#include "tests/pg/support/cluster.hpp"

namespace quell::test {

StatementLog::StatementLog() {
  observer_.context = this;
  observer_.active = [](void*) { return true; };
  observer_.connection_opened = [](void*, const tracer::ConnectionOpened&) -> trace::ConnectionId { return 1; };
  observer_.statement_finished = [](void* context, const tracer::StatementFinished& statement) -> trace::QueryId {
    auto& self = *static_cast<StatementLog*>(context);
    const std::lock_guard lock(self.mutex_);
    self.texts_.emplace_back(statement.text);
    return 0;
  };
}

std::vector<std::string> StatementLog::take() {
  const std::lock_guard lock(mutex_);
  return std::exchange(texts_, {});
}

RunningService::RunningService(double scale, bool naive) : dsn_(fresh_database()) {
  db::Migrator(dsn_, reference::migrations()).upgrade();
  reference::seed_database(dsn_, reference::SeedSize::scaled(scale));
  reference::ServiceParams params;
  params.dsn = dsn_;
  params.naive = naive;
  params.observer = log_.observer();
  service_ = std::make_unique<reference::Service>(params);
}

std::vector<std::string> RunningService::statements_of(std::string_view target) {
  log_.take();
  (void)get(target);
  return log_.take();
}

RunningService& running_service() {
  static RunningService service(0.05);
  return service;
}

}  // namespace quell::test
