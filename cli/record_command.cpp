#include <memory>
#include <string>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "analyzer/model/workload.hpp"
#include "analyzer/report/report.hpp"
#include "cli/command.hpp"
#include "cli/errors.hpp"
#include "cli/gate/gate_check.hpp"
#include "cli/load.hpp"
#include "cli/options.hpp"
#include "cli/output.hpp"
#include "cli/record/record.hpp"
#include "cli/terminal.hpp"

namespace quell::cli {
namespace {

struct Arguments {
  RecordParams record;
  std::string upstream;
  bool wants_report = false;
  bool wants_check = false;
};

void say(const std::string& sentence) {
  fmt::print(stderr, "quell: {}\n", sentence);
}

void print_report(const std::string& trace) {
  Progress progress(Progress::Elsewhere::silent);
  const model::Workload workload = load_trace(trace, progress);
  const report::Report result =
      report::build_report(workload, trace, {}, [&](const std::string& sentence) { progress.step(sentence); });
  progress.clear();
  write_output(render(result, Format::text, render_params({})), {});
}

void check_recording(const std::string& trace) {
  GateCheckParams params;
  params.inputs.traces = {trace};
  int code = 0;
  with_gate_exit_codes([&] { code = run_gate_check(params); });
  if (code != 0) throw ExitWith(code);
}

void record_and_report(Arguments& arguments) {
  if (!arguments.upstream.empty()) {
    // TLS stays as the environment says it.
    Upstream upstream = find_upstream(current_environment());
    upstream.address = proxy::Address::parse(arguments.upstream);
    upstream.found_in = "--upstream";
    arguments.record.upstream = upstream;
  }
  const RecordOutcome outcome = record(arguments.record, say);
  if (!outcome.problem.empty()) {
    say(outcome.problem);
  } else {
    for (const std::string& sentence : describe(outcome.stats, arguments.record.trace)) say(sentence);
    if (arguments.wants_report) print_report(arguments.record.trace);
  }
  if (outcome.exit_code != 0) {
    // A run that failed asks other things than one that passes.
    if (arguments.wants_check) say("the command failed: not checked");
    throw ExitWith(outcome.exit_code);
  }
  if (arguments.wants_check) check_recording(arguments.record.trace);
}

}  // namespace

void add_record_command(CLI::App& app) {
  CLI::App& command = *app.add_subcommand("record", "Run a command and record its PostgreSQL traffic");
  const auto arguments = std::make_shared<Arguments>();
  arguments->record.trace = "quell.qtr";
  command.add_option("-o,--output", arguments->record.trace, "The trace; default quell.qtr")->option_text("TRACE");
  command.add_option("--upstream", arguments->upstream, "The server; default: what the environment names")
      ->option_text("ADDRESS");
  command.add_flag("--redact", arguments->record.redact, "Keep no values, only their types and keyed hashes");
  command.add_flag("!--no-hooks", arguments->record.hooks, "Load nothing into the program: no call sites, no requests");
  command.add_flag("--report", arguments->wants_report, "Print the report when the command has ended");
  command.add_flag("--check", arguments->wants_check, "Then check the recording, as `quell check` does");
  command.add_option("COMMAND", arguments->record.command, "The command and its arguments, behind --")
      ->required()
      ->option_text("...");
  command.positionals_at_end();
  command.footer(
      "Examples:\n"
      "  quell record -- pytest\n"
      "  quell record --report -o service.qtr -- ./service --port 8080\n"
      "  quell record --check -- pytest\n"
      "  quell record --upstream db.example.org:5432 -- npm test");
  command.callback([arguments] { record_and_report(*arguments); });
}

}  // namespace quell::cli
