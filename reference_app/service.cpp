#include "reference_app/service.hpp"

#include <exception>

#include <fmt/format.h>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <quell/db/migrate.hpp>
#include <quell/db/pool.hpp>
#include <quell/tracer/tracer.hpp>

#include "reference_app/domain/accounts.hpp"
#include "reference_app/http/api.hpp"
#include "reference_app/http/resources.hpp"
#include "reference_app/migrations/migrations.hpp"
#include "reference_app/naive/missing_indexes.hpp"
#include "reference_app/naive/naive.hpp"

namespace quell::reference {
namespace {

db::ConnectParams connect_params(const std::string& dsn, const tracer::Observer* observer) {
  db::ConnectParams params(dsn);
  params.observer = observer != nullptr ? observer : tracer::observer();
  return params;
}

db::Awaitable<void> connect_and_seed(std::string dsn, SeedSize size) {
  auto params = connect_params(dsn, nullptr);
  auto connection = co_await db::Connection::open(std::move(params));
  co_await seed(connection, size);
}

db::Awaitable<void> connect_and_make_admin(std::string dsn, const Account& account) {
  auto params = connect_params(dsn, nullptr);
  auto connection = co_await db::Connection::open(std::move(params));
  const std::string hash = auth::hash_password(account.password);
  co_await make_admin(connection, account.name, account.email, hash);
}

/// On an event loop of its own.
void run_to_end(db::Awaitable<void> work) {
  boost::asio::io_context context(1);
  std::exception_ptr failure;
  boost::asio::co_spawn(context, std::move(work), [&](std::exception_ptr error) { failure = error; });
  context.run();
  if (failure) std::rethrow_exception(failure);
}

/// What one event loop uses, until its handler goes: the loop can still be used then.
class Worker {
 public:
  Worker(const boost::asio::any_io_executor& executor, std::size_t number, const db::PoolParams& pool_params,
         const ServiceParams& params)
      : pool_(executor, pool_params),
        resources_(number, pool_, std::make_shared<http::WorkerResources::State>(params.hasher, params.cache)) {}
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;
  ~Worker() { resources_.state->hasher.stop(); }

  [[nodiscard]] const http::WorkerResources& resources() const { return resources_; }

 private:
  db::Pool pool_;
  http::WorkerResources resources_;
};

}  // namespace

Service::Service(ServiceParams params) : params_(std::move(params)) {
  http::ApiParams api_params = params_.api;
  if (!params_.access_log.empty()) api_params.access_log = http::open_access_log(params_.access_log);
  api_ = std::make_unique<http::Api>(std::move(api_params));
  http::add_posts(*api_);
  http::add_comments(*api_);
  http::add_tags(*api_);
  http::add_users(*api_);
  http::add_products(*api_);
  http::add_orders(*api_);
  http::add_auth(*api_);
  http::add_operations(*api_);
  naive::add_naive_versions(*api_);

  db::PoolParams pool_params;
  pool_params.connect = connect_params(params_.dsn, params_.observer);
  pool_params.pool_size = params_.pool_size;
  pool_params.max_overflow = static_cast<int>(params_.pool_size);
  pool_params.timeout = std::chrono::seconds(5);
  pool_params.pre_ping = true;
  const auto make_handler = [this, pool_params](const boost::asio::any_io_executor& executor, std::size_t number) {
    auto worker = std::make_shared<Worker>(executor, number, pool_params, params_);
    return http::RequestHandler(
        [this, worker](const http::Request& request) { return api_->handle(request, worker->resources()); });
  };
  server_ = std::make_unique<http::Server>(params_.server, make_handler);
}

Service::~Service() = default;

std::uint16_t Service::port() const {
  return server_->port();
}

std::string Service::host_for_url() const {
  const std::string& host = params_.server.host;
  return host.find(':') == std::string::npos ? host : "[" + host + "]";
}

void Service::stop() {
  server_->stop();
}

void require_current_schema(const std::string& dsn) {
  const std::string newest = migrations().back().id;
  const auto current = db::Migrator(dsn, naive::with_missing_indexes(migrations())).current();
  if (current.size() == 1 && (current.front() == newest || current.front() == naive::kMissingIndexes)) return;
  throw db::MigrationError(fmt::format(
      "the database's schema is at {}, this program needs {}: run quell-reference migrate, or serve --migrate",
      current.empty() ? "nothing" : current.front(), newest));
}

void seed_database(const std::string& dsn, SeedSize size) {
  run_to_end(connect_and_seed(dsn, size));
}

void make_admin_account(const std::string& dsn, const Account& account) {
  run_to_end(connect_and_make_admin(dsn, account));
}

}  // namespace quell::reference
