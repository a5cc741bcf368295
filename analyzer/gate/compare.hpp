#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "analyzer/gate/baseline.hpp"
#include "analyzer/gate/measure.hpp"

namespace quell::gate {

/// All executions of one statement in a trace.
struct StatementUse {
  std::uint64_t executions = 0;
  double median_ms = 0;                ///< nearest rank
  std::vector<model::CallSite> sites;  ///< innermost frames, most executions first
};

/// A trace as `quell diff` compares it.
struct TraceUse {
  Measurement measurement;
  std::map<sql::Fingerprint, StatementUse> statements;  ///< without what does not count as a query
};
[[nodiscard]] TraceUse use_of(const model::Workload& workload, const std::vector<detect::Finding>& findings,
                              const std::string& trace, const CountParams& params);

enum class Change : std::uint8_t { added, gone, more, fewer, slower, faster };
/// "new", "gone", "more", "fewer", "slower", "faster".
[[nodiscard]] std::string_view to_string(Change change);

struct StatementChange {
  Change change = Change::added;
  sql::Fingerprint fingerprint = 0;
  std::string text;
  StatementUse was;
  StatementUse now;
};

struct UnitChange {
  std::string unit;
  std::uint64_t was = 0;  ///< sums of the statements' most executions in one run
  std::uint64_t now = 0;
  bool is_new = false;
  bool is_gone = false;
  std::vector<StatementDelta> statements;
};

/// What differs between two traces. Times are told only where they are far apart: see CompareParams.
struct TraceDiff {
  std::string before;
  std::string after;
  std::vector<std::string> problems;        ///< what is missing from the traces
  std::vector<StatementChange> statements;  ///< by kind of change, then by how much
  std::vector<UnitChange> units;            ///< by name
  std::vector<MeasuredFinding> new_findings;
  std::vector<MeasuredFinding> mended_findings;
};

struct CompareParams {
  /// A median is slower (or faster) from this factor on: below it is noise of a busy machine.
  double factor = 1.5;
  /// And from this difference on, in milliseconds.
  double milliseconds = 0.5;
  /// And only where both traces have so many executions.
  std::uint64_t executions = 5;
};

/// Both traces should have seen the same traffic: executions are compared as they are.
[[nodiscard]] TraceDiff compare(const TraceUse& before, const TraceUse& after, const CompareParams& params = {});

}  // namespace quell::gate
