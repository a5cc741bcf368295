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
  [[nodiscard]] std::vector<std::string> statements_of(std::string_view target);
  [[nodiscard]] StatementLog& log() { return log_; }
  [[nodiscard]] const std::string& dsn() const { return dsn_; }

 private:
  std::string dsn_;
  StatementLog log_;
  std::unique_ptr<reference::Service> service_;
};

/// Shared by all tests of this program: scale 0.05, which is 50 users, 1,000 posts and 2,000 comments.
RunningService& running_service();

}  // namespace quell::test
