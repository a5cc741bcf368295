#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "analyzer/gate/baseline.hpp"
#include "analyzer/gate/breach.hpp"
#include "analyzer/gate/combine.hpp"
#include "analyzer/gate/config.hpp"

namespace quell::gate {

struct CheckedUnit {
  std::string suite;
  std::string name;
  std::uint64_t runs = 0;
  std::uint64_t queries = 0;         ///< sum of its statements' most executions, what the baseline holds
  std::optional<std::uint64_t> was;  ///< the same of the baseline; nothing: not in it
  double milliseconds = 0;           ///< in the database, mean of the runs
  Level level = Level::note;         ///< of the worst breach
  std::map<std::string, std::uint64_t> ignored;
};

/// What a suite is compared with.
struct Reference {
  Baseline baseline;
  std::string source;     ///< "quell-baseline/api.toml", "base.qtr"
  bool missing = false;   ///< there is no such file yet
  bool committed = true;  ///< a file that `quell baseline update` writes; false: other traces
  std::vector<Suite::Trace> traces;
};

struct CheckParams {
  std::chrono::year_month_day today;
  bool strict = false;         ///< what runs less than the baseline fails too
  bool allow_partial = false;  ///< judge traces that lost events
  std::string update_command;  ///< "quell baseline update new.qtr", for messages
};

/// The process' exit code, docs/gate.md.
enum class Outcome : std::uint8_t { passed = 0, failed = 1, incomplete = 3, nothing_checked = 4 };
[[nodiscard]] std::string_view to_string(Outcome outcome);

/// The only result of `quell check`; every output shows this value.
struct GateResult {
  Outcome outcome = Outcome::passed;
  std::vector<Breach> breaches;    ///< failures first, then by suite, unit and rule
  std::vector<CheckedUnit> units;  ///< by suite and name
  std::vector<Suite::Trace> traces;
  std::vector<std::string> compared_with;  ///< a source for each suite
  std::vector<std::string> problems;       ///< sentences: why the outcome is incomplete or nothing_checked
  std::vector<std::string> ignored;        ///< what does not count as a query
  std::uint64_t outside = 0;               ///< executions that belong to no unit

  [[nodiscard]] std::size_t count(Level level) const;
};

/// A pure function. `references`: by suite; a suite without one has only limits.
[[nodiscard]] GateResult check(const std::vector<Suite>& suites, const std::map<std::string, Reference>& references,
                               const Config& config, const CheckParams& params);

/// One sentence for each thing that is missing from a trace; empty: it is complete.
[[nodiscard]] std::vector<std::string> losses(const trace::Summary& summary);

}  // namespace quell::gate
