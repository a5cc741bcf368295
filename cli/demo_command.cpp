#include <filesystem>
#include <memory>
#include <string>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "analyzer/report/report.hpp"
#include "cli/command.hpp"
#include "cli/demo/demo.hpp"
#include "cli/demo/interrupt.hpp"
#include "cli/options.hpp"
#include "cli/output.hpp"
#include "cli/terminal.hpp"

namespace quell::cli {
namespace {

struct Arguments {
  std::string keep;
  ReportOptions report;
};

void demo(const Arguments& arguments) {
  check_output(arguments.report.output);
  const quell::demo::InterruptGuard guard;
  Progress progress(Progress::Elsewhere::lines);
  quell::demo::DemoParams params;
  params.keep = arguments.keep;
  params.program_folder = std::filesystem::read_symlink("/proc/self/exe").parent_path().string();
  const report::Report report =
      quell::demo::run_demo(params, [&](const std::string& sentence) { progress.step("demo: " + sentence); });
  progress.clear();
  write_output(render(report, arguments.report.format, render_params(arguments.report)), arguments.report.output);
  if (!arguments.keep.empty()) fmt::print(stderr, "demo: kept in {}; see README.txt there\n", arguments.keep);
}

}  // namespace

void add_demo_command(CLI::App& app) {
  CLI::App& command = *app.add_subcommand("demo", "Profile the reference API on a private PostgreSQL and report");
  const auto arguments = std::make_shared<Arguments>();
  command.add_option("--keep", arguments->keep, "Keep trace, report, database dump and viewer screenshot here")
      ->option_text("DIR");
  add_format_option(command, arguments->report.format);
  add_output_option(command, arguments->report.output);
  add_values_option(command, arguments->report.show_values);
  command.footer(
      "Needs PostgreSQL installed (QUELL_PG_BIN names its folder where it is an unusual one); starts a server of its\n"
      "own in a temporary folder and leaves nothing behind.\n"
      "Examples:\n"
      "  quell demo\n"
      "  quell demo --keep out\n"
      "  quell demo --format json --output report.json");
  command.callback([arguments] { demo(*arguments); });
}

}  // namespace quell::cli
