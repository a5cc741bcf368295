#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "analyzer/gate/measure.hpp"

namespace quell::gate {

/// A unit whose statements differ between traces of one commit.
struct UnstableUnit {
  struct Statement {
    sql::Fingerprint fingerprint = 0;
    std::vector<std::uint64_t> counts;  ///< one for each trace that has the unit, in the order of the traces
  };
  std::string name;
  std::vector<Statement> statements;
};

/// What traces of one commit measured of one suite; counts are the most over all traces.
struct Suite {
  struct Trace {
    std::string path;
    trace::Summary summary;
  };
  std::string name;
  std::vector<Trace> traces;
  StatementTexts statements;
  std::vector<MeasuredUnit> units;  ///< by name
  std::vector<MeasuredFinding> findings;
  std::vector<UnstableUnit> unstable;  ///< by name
  std::uint64_t outside = 0;           ///< executions that belong to no unit

  /// Null where no trace has it.
  [[nodiscard]] const MeasuredUnit* unit(const std::string& name) const;
};

[[nodiscard]] Suite combine(const std::string& suite, std::vector<Measurement> traces);

/// By suite: `name` for all where it is not empty, else the program that each trace names.
[[nodiscard]] std::vector<Suite> suites_of(std::vector<Measurement> traces, const std::string& name);

}  // namespace quell::gate
