#include <memory>
#include <string>

#include <CLI/CLI.hpp>

#include "analyzer/report/gate/diff.hpp"
#include "cli/command.hpp"
#include "cli/gate/gate_inputs.hpp"
#include "cli/options.hpp"
#include "cli/output.hpp"
#include "cli/terminal.hpp"

namespace quell::cli {
namespace {

struct Arguments {
  std::string before;
  std::string after;
  GateInputs inputs;
  Format format = Format::text;
  std::string output;
};

std::string render(const gate::TraceDiff& diff, const Arguments& arguments) {
  report::DiffRenderParams params;
  params.repository = repository_folder();
  if (arguments.output.empty()) params.width = terminal_width();
  switch (arguments.format) {
    case Format::text:
      return report::diff_text(diff, params);
    case Format::markdown:
      return report::diff_markdown(diff);
    case Format::json:
      return report::diff_json(diff);
  }
  return {};
}

void diff(const Arguments& arguments) {
  check_output(arguments.output);
  const gate::CountParams count = gate_config(arguments.inputs).count;
  const gate::TraceUse before = use_of_trace(arguments.before, count);
  const gate::TraceUse after = use_of_trace(arguments.after, count);
  write_output(render(gate::compare(before, after), arguments), arguments.output);
}

}  // namespace

void add_diff_command(CLI::App& app) {
  CLI::App& command = *app.add_subcommand("diff", "What two traces of the same traffic do differently");
  const auto arguments = std::make_shared<Arguments>();
  command.add_option("BEFORE", arguments->before, "A trace")->required()->option_text("(required)");
  command.add_option("AFTER", arguments->after, "Another")->required()->option_text("(required)");
  command.add_option("--config", arguments->inputs.config, "This quell.toml instead of the one found by walking up")
      ->option_text("FILE");
  add_format_option(command, arguments->format);
  add_output_option(command, arguments->output);
  command.footer("Examples:\n  quell diff main.qtr branch.qtr\n  quell diff main.qtr branch.qtr --format markdown");
  command.callback([arguments] { with_gate_exit_codes([&] { diff(*arguments); }); });
}

}  // namespace quell::cli
