#include "cli/gate/gate_inputs.hpp"

#include <filesystem>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "analyzer/advise/index_advice.hpp"
#include "analyzer/gate/file_error.hpp"
#include "analyzer/gate/shell.hpp"
#include "cli/errors.hpp"
#include "cli/load.hpp"
#include "cli/terminal.hpp"

namespace quell::cli {
namespace {

namespace fs = std::filesystem;

constexpr int kCannotRead = 3;
constexpr int kInternalError = 70;

/// Loads a trace, detects, adds advice, and hands both over.
template <typename Measure>
auto analysed(const std::string& path, const Measure& measure) {
  Progress progress(Progress::Elsewhere::silent);
  const model::Workload workload = load_trace(path, progress);
  progress.step("looking for N+1 and its kin");
  detect::Detection detection = detect::detect(workload);
  advise::advise_loading(workload, detection.findings);
  return measure(workload, detection.findings);
}

[[noreturn]] void fail(int code, const char* sentence) {
  fmt::print(stderr, "quell: {}\n", sentence);
  throw ExitWith(code);
}

}  // namespace

void add_gate_inputs(CLI::App& command, GateInputs& inputs) {
  command.add_option("TRACE", inputs.traces, "Traces of one commit: several runs, or several suites")
      ->option_text("...");
  command.add_option("--config", inputs.config, "This quell.toml instead of the one found by walking up")
      ->option_text("FILE");
  command.add_option("--suite", inputs.suite, "The suite of all these traces; default: the program each one names")
      ->option_text("NAME");
}

gate::Config gate_config(const GateInputs& inputs) {
  return inputs.config.empty() ? gate::find_config(".") : gate::load_config(inputs.config);
}

gate::Measurement measure_trace(const std::string& path, const gate::CountParams& params) {
  return analysed(path, [&](const model::Workload& workload, const std::vector<detect::Finding>& findings) {
    return gate::measure(workload, findings, path, params);
  });
}

gate::TraceUse use_of_trace(const std::string& path, const gate::CountParams& params) {
  return analysed(path, [&](const model::Workload& workload, const std::vector<detect::Finding>& findings) {
    return gate::use_of(workload, findings, path, params);
  });
}

std::vector<gate::Suite> measure_suites(const std::vector<std::string>& traces, const GateInputs& inputs,
                                        const gate::Config& config) {
  std::vector<gate::Measurement> measurements;
  measurements.reserve(traces.size());
  for (const std::string& path : traces) measurements.push_back(measure_trace(path, config.count));
  return gate::suites_of(std::move(measurements), inputs.suite.empty() ? config.suite : inputs.suite);
}

std::string baseline_file(const gate::Config& config, const std::string& suite) {
  if (config.baseline.empty())
    throw UsageError(fmt::format("{} says baseline = \"\": there is none", config.files.front()));
  return (fs::path(config.baseline) / (suite + ".toml")).string();
}

gate::Reference committed_reference(const gate::Config& config, const std::string& suite) {
  gate::Reference reference;
  const std::string path = baseline_file(config, suite);
  reference.source = shown_path(path);
  reference.missing = !fs::exists(path);
  if (!reference.missing) reference.baseline = gate::parse_baseline(gate::read_file(path), reference.source);
  return reference;
}

std::string update_command(const GateInputs& inputs) {
  std::string out = "quell baseline update";
  for (const std::string& trace : inputs.traces) out += " " + gate::shell_word(trace);
  if (!inputs.suite.empty()) out += " --suite " + gate::shell_word(inputs.suite);
  if (!inputs.config.empty()) out += " --config " + gate::shell_word(inputs.config);
  return out;
}

std::string shown_path(const std::string& path) {
  const fs::path relative = fs::path(path).lexically_proximate(fs::current_path());
  return relative.string().size() < path.size() ? relative.string() : path;
}

std::string repository_folder() {
  const fs::path here = fs::current_path();
  for (fs::path folder = here;; folder = folder.parent_path()) {
    if (fs::exists(folder / ".git")) return folder.string();
    if (folder == folder.parent_path()) return here.string();
  }
}

void with_gate_exit_codes(const std::function<void()>& command) {
  try {
    command();
  } catch (const gate::FileError& error) {
    throw UsageError(error.what());
  } catch (const UsageError&) {
    throw;
  } catch (const trace::TraceError& error) {
    fail(kCannotRead, error.what());
  } catch (const std::exception& error) {
    fail(kInternalError, error.what());
  }
}

}  // namespace quell::cli
