#include "tests/pg/reference_app/running_service.hpp"

#include <stdexcept>
#include <utility>

#include <fmt/format.h>

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

reference::ServiceParams unlimited_service(const std::string& dsn) {
  reference::ServiceParams params;
  params.dsn = dsn;
  params.api.rates = {.authentication = {}, .account = {}, .expensive = {}};
  return params;
}

std::string log_in(std::uint16_t port, std::string_view email, std::string_view password) {
  const auto body = fmt::format(R"({{"email":"{}","password":"{}"}})", email, password);
  const auto reply = test::call(port, "POST", "/auth/login", body);
  if (reply.status != 200) throw std::runtime_error("login failed: " + reply.body);
  return fmt::format("Authorization: Bearer {}\r\n", std::string(reply.json().at("access_token").as_string()));
}

RunningService::RunningService(double scale, bool naive) : dsn_(fresh_database()) {
  db::Migrator(dsn_, reference::migrations()).upgrade();
  reference::seed_database(dsn_, reference::SeedSize::scaled(scale));
  reference::make_admin_account(dsn_, {"Admin", "admin@example.org", "an admin's password"});
  auto params = unlimited_service(dsn_);
  params.api.secret = "the same for all services of these tests";
  params.api.naive = naive;
  params.observer = log_.observer();
  service_ = std::make_unique<reference::Service>(params);
  as_admin_ = log_in(service_->port(), "admin@example.org", "an admin's password");
  const auto registered =
      call("POST", "/auth/register", R"({"name":"User","email":"user@example.org","password":"a user's password"})");
  user_id_ = registered.json().at("id").as_int64();
  as_user_ = log_in(service_->port(), "user@example.org", "a user's password");
}

std::vector<std::string> RunningService::statements_of(std::string_view target, std::string_view more_headers) {
  log_.take();
  (void)call("GET", target, "", more_headers);
  return log_.take();
}

RunningService& running_service() {
  static RunningService service(0.05);
  return service;
}

}  // namespace quell::test
