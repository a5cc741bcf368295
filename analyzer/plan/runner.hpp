#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <quell/trace/event.hpp>

#include "analyzer/plan/plan.hpp"

namespace quell::plan {

enum class RunMode : std::uint8_t { explain, analyze };

/// A bind to run with, as it was captured. Owned copies.
struct RunParameter {
  std::uint32_t type_oid = 0;
  trace::ParameterForm form = trace::ParameterForm::null;
  std::string bytes;
};

struct RunRequest {
  std::string sql;  ///< with $n
  std::vector<RunParameter> parameters;
  RunMode mode = RunMode::analyze;
  bool writes = false;              ///< INSERT/UPDATE/DELETE/MERGE or a data-modifying CTE
  bool volatile_functions = false;  ///< calls something that may have effects: plain EXPLAIN
};

struct RunParams {
  std::chrono::milliseconds statement_timeout{10'000};
  std::chrono::milliseconds lock_timeout{1'000};
  /// ANALYZE a writing statement inside a transaction that is always rolled back. Off: plain EXPLAIN only.
  bool analyze_writes = false;
};

struct RunResult {
  bool ok = false;
  RunMode mode = RunMode::explain;  ///< what was really done
  std::string note;                 ///< why it was downgraded, or the server's message where !ok
  Plan plan;
  std::string raw_json;
};

/// Runs EXPLAIN on a connection of its own. SELECT: in a READ ONLY transaction. Never leaves anything behind: every
/// transaction ends in ROLLBACK. Throws quell::Error only where the connection cannot be made or is lost.
class Runner {
 public:
  static Runner connect(const std::string& dsn, RunParams params = {});
  Runner(Runner&&) noexcept;
  ~Runner();

  [[nodiscard]] RunResult run(const RunRequest& request);
  [[nodiscard]] int server_version() const;  ///< 150004

 private:
  struct State;
  explicit Runner(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace quell::plan
