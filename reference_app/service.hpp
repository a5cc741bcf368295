#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "reference_app/auth/password.hpp"
#include "reference_app/domain/seed.hpp"
#include "reference_app/http/api_params.hpp"
#include "reference_app/http/reply_cache.hpp"
#include "reference_app/http/server.hpp"

/// The whole service put together: operations, server, one pool a worker.
namespace quell::reference {

namespace http {
class Api;
}

struct ServiceParams {
  std::string dsn;
  http::ServerParams server;
  /// Connections of each worker; as many again may be open under load.
  std::size_t pool_size = 5;
  http::ApiParams api;
  auth::PasswordHasherParams hasher;
  http::ReplyCacheParams cache;
  /// File for one line of JSON a request, "-" for stderr; empty: none.
  std::string access_log = {};
  /// Sees every statement; null: the tracer.
  const tracer::Observer* observer = nullptr;
};

class Service {
 public:
  /// Listens. Throws ListenError.
  explicit Service(ServiceParams params);
  ~Service();

  [[nodiscard]] std::uint16_t port() const;
  [[nodiscard]] std::string host_for_url() const;  ///< IPv6 in brackets
  /// Drains and ends the workers.
  void stop();

 private:
  ServiceParams params_;
  std::unique_ptr<http::Api> api_;
  std::unique_ptr<http::Server> server_;
};

/// Throws db::MigrationError with the command to run where the database is neither at the newest migration nor at the
/// naive branch on top of it.
void require_current_schema(const std::string& dsn);

struct Account {
  std::string name;
  std::string email;
  std::string password;
};

/// Gives the user with this address, made where there is none, this password and the role of an administrator.
void make_admin_account(const std::string& dsn, const Account& account);

/// seed() on a connection and event loop of its own.
void seed_database(const std::string& dsn, SeedSize size);

}  // namespace quell::reference
