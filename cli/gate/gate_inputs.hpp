#pragma once

#include <functional>
#include <string>
#include <vector>

#include "analyzer/gate/check.hpp"
#include "analyzer/gate/compare.hpp"

namespace CLI {
class App;
}

/// What `quell check`, `baseline` and `diff` read: traces, quell.toml, baseline files.
namespace quell::cli {

struct GateInputs {
  std::vector<std::string> traces;
  std::string config;  ///< quell.toml; empty: found by walking up
  std::string suite;   ///< empty: as quell.toml or the traces say
};

/// TRACE..., --config, --suite
void add_gate_inputs(CLI::App& command, GateInputs& inputs);

/// Throws gate::FileError.
[[nodiscard]] gate::Config gate_config(const GateInputs& inputs);

/// Loads and measures one trace, with its findings and their advice. Throws trace::TraceError.
[[nodiscard]] gate::Measurement measure_trace(const std::string& path, const gate::CountParams& params);

/// The same for `quell diff`.
[[nodiscard]] gate::TraceUse use_of_trace(const std::string& path, const gate::CountParams& params);

/// The suites of these traces. Throws trace::TraceError.
[[nodiscard]] std::vector<gate::Suite> measure_suites(const std::vector<std::string>& traces, const GateInputs& inputs,
                                                      const gate::Config& config);

/// The file that holds the baseline of a suite. Throws UsageError where the configuration has none.
[[nodiscard]] std::string baseline_file(const gate::Config& config, const std::string& suite);

/// The committed baseline, `missing` where there is none yet. Throws gate::FileError where it cannot be read.
[[nodiscard]] gate::Reference committed_reference(const gate::Config& config, const std::string& suite);

/// "quell baseline update new.qtr --suite api", to be copied into a shell.
[[nodiscard]] std::string update_command(const GateInputs& inputs);

/// A path as the user would write it.
[[nodiscard]] std::string shown_path(const std::string& path);

/// The folder above that holds .git; where there is none, the present one.
[[nodiscard]] std::string repository_folder();

/// Runs `command` and turns what it throws into the exit codes of the gate: 2 for quell.toml, baselines and usage, 3
/// for a trace that cannot be read, 70 for the rest.
void with_gate_exit_codes(const std::function<void()>& command);

}  // namespace quell::cli
