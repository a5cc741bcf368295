#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "analyzer/gate/glob.hpp"
#include "analyzer/report/gate/wording.hpp"
#include "analyzer/report/safe_text.hpp"
#include "analyzer/report/wording.hpp"
#include "cli/command.hpp"
#include "cli/errors.hpp"
#include "cli/gate/gate_inputs.hpp"
#include "cli/output.hpp"

namespace quell::cli {
namespace {

namespace fs = std::filesystem;

struct Arguments {
  GateInputs inputs;
  gate::UpdateParams update;
  bool accept_unstable = false;
  bool allow_partial = false;
  bool yes_in_ci = false;
};

void refuse_in_ci(const Arguments& arguments) {
  const char* ci = std::getenv("CI");
  const bool in_ci = ci && *ci && std::string_view(ci) != "false" && std::string_view(ci) != "0";
  if (in_ci && !arguments.yes_in_ci)
    throw UsageError("CI is set, and a baseline that writes itself there accepts everything; --yes-in-ci if meant");
}

void refuse_incomplete(const Arguments& arguments, const gate::Suite& suite) {
  if (arguments.allow_partial) return;
  for (const gate::Suite::Trace& trace : suite.traces) {
    const std::vector<std::string> missing = gate::losses(trace.summary);
    if (!missing.empty())
      throw trace::TraceError(
          fmt::format("{} is incomplete ({}): record again, or --allow-partial", trace.path, fmt::join(missing, "; ")));
  }
}

void refuse_unstable(const Arguments& arguments, const gate::Suite& suite) {
  if (arguments.accept_unstable) return;
  std::vector<std::string> names;
  for (const gate::UnstableUnit& unit : suite.unstable) {
    if (gate::glob_matches(arguments.update.unit, unit.name)) names.push_back(unit.name);
  }
  if (names.empty()) return;
  throw UsageError(fmt::format(
      "these units run different statements in these traces: {}; mend them, or --accept-unstable takes the most",
      fmt::join(names, ", ")));
}

std::vector<gate::Suite> suites_for(const Arguments& arguments, const gate::Config& config) {
  std::vector<gate::Suite> suites = measure_suites(arguments.inputs.traces, arguments.inputs, config);
  for (const gate::Suite& suite : suites) {
    refuse_incomplete(arguments, suite);
    if (suite.units.empty())
      throw UsageError(
          fmt::format("no request, test or job is named in {}; docs/gate.md, \"Units\"", suite.traces.front().path));
  }
  return suites;
}

void write_baseline(const gate::Config& config, const gate::Suite& suite, const gate::Baseline& baseline) {
  const std::string path = baseline_file(config, suite.name);
  std::error_code failure;
  fs::create_directories(fs::path(path).parent_path(), failure);
  if (failure) throw Error(fmt::format("cannot make the folder of '{}': {}", path, failure.message()));
  write_output(gate::render_baseline(baseline), path);
}

void say_changed(const gate::Reference& reference, const std::vector<std::string>& units, std::string_view what) {
  fmt::print("{}: {} {}\n", reference.source, report::counted(units.size(), "unit"), what);
  for (const std::string& unit : units) fmt::print("   {}\n", report::printable(unit));
}

void update(const Arguments& arguments) {
  refuse_in_ci(arguments);
  const gate::Config config = gate_config(arguments.inputs);
  for (const gate::Suite& suite : suites_for(arguments, config)) {
    refuse_unstable(arguments, suite);
    gate::Reference reference = committed_reference(config, suite.name);
    const std::vector<std::string> changed = gate::update(reference.baseline, suite, arguments.update);
    if (!changed.empty()) write_baseline(config, suite, reference.baseline);
    say_changed(reference, changed, "changed");
  }
}

void prune(const Arguments& arguments) {
  refuse_in_ci(arguments);
  const gate::Config config = gate_config(arguments.inputs);
  for (const gate::Suite& suite : suites_for(arguments, config)) {
    gate::Reference reference = committed_reference(config, suite.name);
    const std::vector<std::string> removed = gate::prune(reference.baseline, suite, arguments.update.unit);
    if (!removed.empty()) write_baseline(config, suite, reference.baseline);
    say_changed(reference, removed, "removed");
  }
}

void show(const std::string& unit, const std::vector<gate::StatementDelta>& changes, std::size_t at, std::size_t all) {
  fmt::print("\n{} of {}  {}\n", at, all, report::printable(unit));
  for (const gate::StatementDelta& delta : changes) {
    fmt::print("   {:<6} {}  {}\n", report::change_name(delta), report::change_counts(delta),
               report::shorten(report::printable(delta.text), 400));
    for (const model::CallSite& site : delta.sites)
      fmt::print("          at {}\n", report::printable(report::located(site)));
  }
}

enum class Answer { accept, reject, accept_rest, quit };

Answer ask() {
  for (;;) {
    fmt::print("accept into the baseline? [a]ccept, [r]eject, accept all the [R]est, [q]uit: ");
    std::fflush(stdout);
    std::string line;
    if (!std::getline(std::cin, line) || line == "q") return Answer::quit;
    if (line == "a") return Answer::accept;
    if (line == "r") return Answer::reject;
    if (line == "R") return Answer::accept_rest;
  }
}

void review_suite(const Arguments& arguments, const gate::Config& config, const gate::Suite& suite) {
  gate::Reference reference = committed_reference(config, suite.name);
  // What would change, found on a copy.
  gate::Baseline copy = reference.baseline;
  const std::vector<std::string> units = gate::update(copy, suite, arguments.update);
  std::vector<std::string> accepted;
  bool rest = false;
  for (std::size_t i = 0; i < units.size(); ++i) {
    if (!rest) {
      show(units[i], gate::deltas(reference.baseline.unit(units[i]), suite.unit(units[i]), suite.statements), i + 1,
           units.size());
      const Answer answer = ask();
      if (answer == Answer::quit) break;
      if (answer == Answer::reject) continue;
      rest = answer == Answer::accept_rest;
    }
    reference.baseline.units[units[i]] = copy.units[units[i]];
    accepted.push_back(units[i]);
  }
  if (!accepted.empty()) write_baseline(config, suite, reference.baseline);
  say_changed(reference, accepted, "accepted");
}

void review(const Arguments& arguments) {
  refuse_in_ci(arguments);
  const gate::Config config = gate_config(arguments.inputs);
  for (const gate::Suite& suite : suites_for(arguments, config)) {
    refuse_unstable(arguments, suite);
    review_suite(arguments, config, suite);
  }
}

CLI::App& add_action(CLI::App& baseline, const char* name, const char* what, void (*action)(const Arguments&)) {
  CLI::App& command = *baseline.add_subcommand(name, what);
  const auto arguments = std::make_shared<Arguments>();
  add_gate_inputs(command, arguments->inputs);
  command.get_option("TRACE")->required()->option_text("... (required)");
  command.add_option("--unit", arguments->update.unit, "Only units that match; * stands for anything")
      ->option_text("GLOB");
  command.add_flag("--only-lower", arguments->update.only_lower, "Take what is less or gone, nothing that is more");
  command.add_flag("--accept-unstable", arguments->accept_unstable,
                   "Take the most of units that differ between the traces");
  command.add_flag("--allow-partial", arguments->allow_partial, "Take traces that lost events");
  command.add_flag("--yes-in-ci", arguments->yes_in_ci, "Write although CI is set");
  command.callback([arguments, action] { with_gate_exit_codes([&] { action(*arguments); }); });
  return command;
}

}  // namespace

void add_baseline_command(CLI::App& app) {
  CLI::App& baseline = *app.add_subcommand("baseline", "Write the baseline that `quell check` compares with");
  baseline.require_subcommand(1);
  add_action(baseline, "update", "Take over what these traces run", update)
      .footer(
          "Examples:\n  quell baseline update new.qtr\n  quell baseline update new.qtr --unit 'GET /orders*'\n"
          "  quell baseline update new.qtr --only-lower");
  add_action(baseline, "review", "Show each unit that changed and ask", review)
      .footer("Examples:\n  quell baseline review new.qtr");
  add_action(baseline, "prune", "Remove the units that these traces do not have", prune)
      .footer("Examples:\n  quell baseline prune new.qtr");
}

}  // namespace quell::cli
