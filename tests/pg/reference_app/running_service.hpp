#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include <quell/tracer/observer.hpp>

#include "reference_app/service.hpp"
#include "tests/pg/reference_app/api_client.hpp"

namespace quell::test {

/// Notes the text of every statement a service runs.
class StatementLog {
 public:
  StatementLog();
  [[nodiscard]] const tracer::Observer* observer() const { return &observer_; }
  /// What was noted since the last call, in order.
  std::vector<std::string> take();

 private:
  tracer::Observer observer_;
  std::mutex mutex_;
  std::vector<std::string> texts_;
};

/// Without limits on how often: tests come from one address.
[[nodiscard]] reference::ServiceParams unlimited_service(const std::string& dsn);

/// The Authorization header line of this user after a login. Throws where it fails.
[[nodiscard]] std::string log_in(std::uint16_t port, std::string_view email, std::string_view password);

/// A service in this process on a migrated and seeded database of its own.
class RunningService {
 public:
  explicit RunningService(double scale, bool naive = false);

  [[nodiscard]] Reply call(std::string_view method, std::string_view target, std::string_view body = {},
                           std::string_view more_headers = {}) const {
    return test::call(service_->port(), method, target, body, more_headers);
  }
  [[nodiscard]] Reply get(std::string_view target) const { return call("GET", target); }
  /// The statements of one GET, without those that ask whether a pooled connection lives.
  [[nodiscard]] std::vector<std::string> statements_of(std::string_view target, std::string_view more_headers = {});
  /// Header lines that make a request one of the administrator, or of a user who is none.
  [[nodiscard]] const std::string& as_admin() const { return as_admin_; }
  [[nodiscard]] const std::string& as_user() const { return as_user_; }
  [[nodiscard]] std::int64_t user_id() const { return user_id_; }
  [[nodiscard]] StatementLog& log() { return log_; }
  [[nodiscard]] const std::string& dsn() const { return dsn_; }

 private:
  std::string dsn_;
  StatementLog log_;
  std::unique_ptr<reference::Service> service_;
  std::string as_admin_;
  std::string as_user_;
  std::int64_t user_id_ = 0;
};

/// Shared by all tests of this program: scale 0.05, which is 50 users, 1,000 posts and 2,000 comments, and an
/// administrator and a user with passwords.
RunningService& running_service();

}  // namespace quell::test
