#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <quell/trace/event.hpp>

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

}  // namespace quell::plan
