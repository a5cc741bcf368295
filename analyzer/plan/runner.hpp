#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "analyzer/plan/plan.hpp"
#include "analyzer/plan/run_request.hpp"

namespace quell::plan {

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
