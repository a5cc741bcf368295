#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "analyzer/detect/finding.hpp"
#include "analyzer/model/workload.hpp"

namespace quell::advise {

/// How far an advice was checked; every report shows it.
enum class Verification : std::uint8_t { not_verified, what_if, measured };
[[nodiscard]] std::string_view to_string(Verification verification);

/// What one statement gains by an index.
struct ServedStatement {
  model::StatementIndex statement = model::kNone;
  std::uint64_t executions = 0;
  double cost_before = 0;  ///< planner units for one execution, averaged over the captured values
  double cost_after = 0;   ///< with all advised indexes together; equal to cost_before where not verified
  /// One execution, averaged over the captured values, with none and with all of the advised indexes; only where
  /// measured.
  std::optional<double> ms_before = std::nullopt;
  std::optional<double> ms_after = std::nullopt;
};

struct IndexAdvice {
  std::string ddl;  ///< CREATE INDEX CONCURRENTLY ...
  std::string schema;
  std::string table;
  std::vector<std::string> columns;         ///< with DESC / NULLS FIRST where needed
  std::vector<ServedStatement> statements;  ///< by gain
  double cost_before = 0;                   ///< over the trace: sum of executions × cost of the served statements
  double cost_after = 0;
  std::uint64_t size_bytes = 0;  ///< estimated, or real where it was built; 0: not known
  Verification verification = Verification::not_verified;
  std::string note;  ///< why not verified and how to get there, or what the check said
};

struct AdviseParams {
  std::string dsn;
  /// For planning one statement.
  std::chrono::milliseconds statement_timeout{10'000};
  /// For one lock; never queue behind a migration.
  std::chrono::milliseconds lock_timeout{1'000};
  /// An index must save at least this share of the cost of the statements it changes...
  double minimum_gain = 0.10;
  /// ... and this much planner cost over the trace. 1000: a hundred page reads are not worth an index's upkeep.
  double minimum_cost_saved = 1000;
  /// Build the indexes for real and measure (see prove() in proof.hpp: writers wait meanwhile).
  bool prove = false;
  std::size_t candidates = 200;  ///< hypothetical indexes tried at most; those of the costliest statements first
  /// The search ends here with the best found so far. 30 s: a report is waited for.
  std::chrono::milliseconds time_limit{30'000};
};

/// A candidate that is not advised.
struct RejectedIndex {
  std::string ddl;
  std::string reason;
};

struct AdviseResult {
  std::vector<IndexAdvice> advice;       ///< by saved cost; a total order
  std::vector<std::string> not_planned;  ///< statements and tables left out, each with the reason
  std::vector<RejectedIndex> rejected;   ///< every candidate that is not advised, with the reason
  std::size_t what_if_calls = 0;         ///< EXPLAINs asked of the server
};

/// An existing index that could go, or that looks so and must stay.
struct IndexRemoval {
  enum class Kind : std::uint8_t { invalid, duplicate, redundant, unused };
  Kind kind = Kind::unused;
  std::string ddl;  ///< DROP INDEX CONCURRENTLY ..., or REINDEX for an invalid index of a constraint
  std::string schema;
  std::string index;
  std::string reason;
  std::uint64_t size_bytes = 0;
};

struct RemovalResult {
  std::vector<IndexRemoval> advice;  ///< by kind, then size
  std::vector<IndexRemoval> kept;    ///< not advised: `reason` says why it must stay, `ddl` is empty
};

/// Index advice for the statements of a workload. Needs a database to know tables, sizes and existing indexes; throws
/// quell::Error where it cannot connect. Works in one transaction that is rolled back: leaves nothing behind on the
/// server. Never proposes UNIQUE. Same workload and database, same advice. docs/index-advisor.md describes the method.
[[nodiscard]] AdviseResult advise_indexes(const model::Workload& workload, const AdviseParams& params);

/// Adds eager-loading, rewrite and memoisation advice to findings. Pure.
void advise_loading(const model::Workload& workload, std::vector<detect::Finding>& findings);

}  // namespace quell::advise
