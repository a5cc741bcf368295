#include "cli/gate/gate_check.hpp"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <map>

#include <fmt/format.h>

#include "analyzer/report/gate/outputs.hpp"
#include "cli/errors.hpp"
#include "cli/output.hpp"
#include "cli/terminal.hpp"

namespace quell::cli {
namespace {

struct Output {
  const report::NamedGateOutput* output = nullptr;
  std::string file;  ///< empty: stdout
};

const report::NamedGateOutput& output_named(std::string_view name) {
  std::vector<std::string_view> names;
  for (const report::NamedGateOutput& output : report::gate_outputs()) {
    if (output.name == name) return output;
    names.push_back(output.name);
  }
  throw UsageError(fmt::format("there is no output '{}', only {}; `quell check --help` shows how to call it", name,
                               fmt::join(names, ", ")));
}

Output output_of(const std::string& text) {
  const std::size_t equals = std::min(text.find('='), text.size());
  Output out{&output_named(text.substr(0, equals)), ""};
  if (equals < text.size()) out.file = text.substr(equals + 1);
  if (equals < text.size() && out.file.empty())
    throw UsageError(fmt::format("--output {} names no file; leave '=' out for stdout", text));
  if (out.file == "-") out.file.clear();
  return out;
}

void write(const Output& output, const std::string& content) {
  // The steps of a job share $GITHUB_STEP_SUMMARY.
  if (output.output->name != "summary" || output.file.empty()) {
    write_output(content, output.file);
    return;
  }
  std::ofstream file(output.file, std::ios::app | std::ios::binary);
  file << content;
  file.close();
  if (!file) throw Error(fmt::format("cannot write '{}'", output.file));
}

std::map<std::string, gate::Reference> references_for(const GateCheckParams& params, const gate::Config& config,
                                                      const std::vector<gate::Suite>& suites) {
  std::map<std::string, gate::Reference> references;
  if (!params.base.empty()) {
    for (gate::Suite& base : measure_suites(params.base, params.inputs, config)) {
      gate::Reference reference;
      std::vector<std::string> paths;
      for (const gate::Suite::Trace& trace : base.traces) paths.push_back(trace.path);
      reference.baseline = gate::baseline_of(base);
      reference.source = fmt::format("{}", fmt::join(paths, ", "));
      reference.committed = false;
      reference.traces = base.traces;
      references.emplace(base.name, std::move(reference));
    }
    for (const gate::Suite& suite : suites) {
      gate::Reference none;
      none.source = fmt::format("{} (of the suite '{}')", fmt::join(params.base, ", "), suite.name);
      none.committed = false;
      references.emplace(suite.name, std::move(none));
    }
  } else if (!config.baseline.empty()) {
    for (const gate::Suite& suite : suites) references.emplace(suite.name, committed_reference(config, suite.name));
  }
  return references;
}

std::chrono::year_month_day today() {
  return std::chrono::floor<std::chrono::days>(std::chrono::system_clock::now());
}

report::GateRenderParams render_params(const gate::Config& config) {
  report::GateRenderParams params;
  params.repository = repository_folder();
  params.version = QUELL_VERSION;
  const std::string file = config.folder + "/" + std::string(gate::kConfigName);
  params.fallback_file = std::filesystem::path(file).lexically_proximate(params.repository).string();
  return params;
}

}  // namespace

void check_gate_outputs(const GateCheckParams& params) {
  output_named(params.format);
  for (const std::string& text : params.outputs) {
    const Output output = output_of(text);
    try {
      check_output(output.file);
    } catch (const UsageError&) {
      throw;
    } catch (const Error& error) {
      throw UsageError(error.what());
    }
  }
}

int run_gate_check(const GateCheckParams& params) {
  check_gate_outputs(params);
  const gate::Config config = gate_config(params.inputs);
  const std::vector<gate::Suite> suites = measure_suites(params.inputs.traces, params.inputs, config);
  const std::map<std::string, gate::Reference> references = references_for(params, config, suites);
  gate::CheckParams check;
  check.today = today();
  check.strict = params.strict;
  check.allow_partial = params.allow_partial;
  check.update_command = update_command(params.inputs);
  const gate::GateResult result = gate::check(suites, references, config, check);
  const report::GateRenderParams render = render_params(config);
  report::GateRenderParams on_stdout = render;
  on_stdout.colour = wants_colour();
  on_stdout.width = terminal_width();
  for (const std::string& text : params.outputs) {
    const Output output = output_of(text);
    if (!output.file.empty()) write(output, output.output->render(result, render));
  }
  write_output(output_named(params.format).render(result, on_stdout), {});
  for (const std::string& text : params.outputs) {
    const Output output = output_of(text);
    if (output.file.empty()) write(output, output.output->render(result, on_stdout));
  }
  return static_cast<int>(result.outcome);
}

}  // namespace quell::cli
