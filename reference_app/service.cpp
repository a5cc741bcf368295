#include "reference_app/service.hpp"

#include <exception>

#include <fmt/format.h>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <quell/db/migrate.hpp>
#include <quell/db/pool.hpp>
#include <quell/tracer/tracer.hpp>

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

}  // namespace

Service::Service(ServiceParams params) : params_(std::move(params)) {
  http::ApiParams api_params;
  api_params.request_timeout = params_.request_timeout;
  api_params.naive = params_.naive;
  if (!params_.access_log.empty()) api_params.access_log = http::open_access_log(params_.access_log);
  api_ = std::make_unique<http::Api>(std::move(api_params));
  http::add_operations(*api_);
  http::add_posts(*api_);
  http::add_users(*api_);
  http::add_products(*api_);
  http::add_orders(*api_);
  naive::add_naive_versions(*api_);

  db::PoolParams pool_params;
  pool_params.connect = connect_params(params_.dsn, params_.observer);
  pool_params.pool_size = params_.pool_size;
  pool_params.max_overflow = static_cast<int>(params_.pool_size);
  pool_params.timeout = std::chrono::seconds(5);
  pool_params.pre_ping = true;
  const auto make_handler = [this, pool_params](const boost::asio::any_io_executor& executor, std::size_t worker) {
    auto pool = std::make_shared<db::Pool>(executor, pool_params);
    return http::RequestHandler([this, pool, worker](const http::Request& request) {
      return api_->handle(request, http::WorkerResources{*pool, worker});
    });
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
  boost::asio::io_context context(1);
  std::exception_ptr failure;
  boost::asio::co_spawn(context, connect_and_seed(dsn, size), [&](std::exception_ptr error) { failure = error; });
  context.run();
  if (failure) std::rethrow_exception(failure);
}

}  // namespace quell::reference
