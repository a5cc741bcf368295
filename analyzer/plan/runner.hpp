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
  std::uint32_t type_oid = 0;  ///< 0: the server infers it
  trace::ParameterForm form = trace::ParameterForm::null;
  std::string bytes;
  bool cut = false;  ///< longer than the recording limit: the value is not known
};

struct RunRequest {
  std::string sql;  ///< one statement, with $n
  std::vector<RunParameter> parameters;
  RunMode mode = RunMode::analyze;
  bool writes = false;              ///< INSERT/UPDATE/DELETE/MERGE or a data-modifying CTE
  bool volatile_functions = false;  ///< calls something that may have effects: plain EXPLAIN
  /// Plan without the values, as a prepared statement does after five executions. Needs PostgreSQL 12. Plain EXPLAIN.
  bool generic = false;
};

struct RunParams {
  /// For one EXPLAIN, ANALYZE included. 10 s: a statement that runs longer gets a plain EXPLAIN. 0: none.
  std::chrono::milliseconds statement_timeout{10'000};
  /// For one lock. 1 s: never queue behind a migration, others would queue behind us. 0: none.
  std::chrono::milliseconds lock_timeout{1'000};
  /// For connecting.
  std::chrono::milliseconds connect_timeout{10'000};
  /// ANALYZE a writing statement inside a transaction that is always rolled back. Off: plain EXPLAIN only. Sequence
  /// values it takes are not given back, and it locks rows while it runs.
  bool analyze_writes = false;
};

struct RunResult {
  bool ok = false;
  RunMode mode = RunMode::explain;  ///< what was really done
  bool generic = false;             ///< planned without the values
  std::string note;                 ///< why it was downgraded, or the server's message where !ok; may be empty
  Plan plan;
  std::string raw_json;
};

/// The EXPLAIN statement before the SQL: options that `server_version` (150004) knows, JSON format.
[[nodiscard]] std::string explain_prefix(RunMode mode, int server_version);

/// Runs EXPLAIN on a connection of its own. Everything but an analysed write runs in a READ ONLY transaction, so that
/// the server itself refuses what slipped through; every transaction has both timeouts and ends in ROLLBACK. What
/// cannot be analysed (writes, volatile functions, row locks, time-out) is planned only, and the note says why. Throws
/// quell::Error only where the connection cannot be made or is lost. One thread.
class Runner {
 public:
  static Runner connect(const std::string& dsn, RunParams params = {});
  Runner(Runner&&) noexcept;
  Runner& operator=(Runner&&) noexcept;
  ~Runner();

  [[nodiscard]] RunResult run(const RunRequest& request);
  [[nodiscard]] int server_version() const;  ///< 150004

 private:
  struct State;
  explicit Runner(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace quell::plan
