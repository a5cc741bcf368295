#pragma once

#include <string>
#include <vector>

#include "cli/gate/gate_inputs.hpp"

namespace quell::cli {

struct GateCheckParams {
  GateInputs inputs;
  std::vector<std::string> base;     ///< traces to compare with instead of the committed baseline
  std::vector<std::string> outputs;  ///< "sarif=gate.sarif", "github"
  std::string format = "text";       ///< on stdout
  bool strict = false;
  bool allow_partial = false;
};

/// Checks that every output is known and can be written. Throws UsageError.
void check_gate_outputs(const GateCheckParams& params);

/// The whole of `quell check`: measures, judges, writes the outputs. Returns the exit code: gate::Outcome.
[[nodiscard]] int run_gate_check(const GateCheckParams& params);

}  // namespace quell::cli
