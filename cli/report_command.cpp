#include <memory>
#include <string>

#include <CLI/CLI.hpp>

#include "analyzer/model/workload.hpp"
#include "analyzer/report/report.hpp"
#include "cli/command.hpp"
#include "cli/dsn.hpp"
#include "cli/load.hpp"
#include "cli/options.hpp"
#include "cli/output.hpp"
#include "cli/terminal.hpp"

namespace quell::cli {
namespace {

struct Arguments {
  std::string trace;
  std::string dsn;
  bool has_dsn = false;
  ReportOptions report;
};

void report(const Arguments& arguments) {
  if (arguments.has_dsn) check_dsn(arguments.dsn);
  check_output(arguments.report.output);
  Progress progress(Progress::Elsewhere::silent);
  const model::Workload workload = load_trace(arguments.trace, progress);
  report::ReportParams params;
  params.dsn = arguments.dsn;
  if (arguments.report.top) params.plans = *arguments.report.top;
  const report::Report result = report::build_report(workload, arguments.trace, params,
                                                     [&](const std::string& sentence) { progress.step(sentence); });
  progress.clear();
  write_output(render(result, arguments.report.format, render_params(arguments.report)), arguments.report.output);
}

}  // namespace

void add_report_command(CLI::App& app) {
  CLI::App& command = *app.add_subcommand("report", "Findings, plans and index advice of a trace");
  const auto arguments = std::make_shared<Arguments>();
  command.add_option("TRACE", arguments->trace, "A trace recorded with QUELL_TRACE")
      ->required()
      ->option_text("(required)");
  CLI::Option* dsn =
      command.add_option("--dsn", arguments->dsn, "The database: adds plans and index advice")->option_text("DSN");
  add_format_option(command, arguments->report.format);
  add_output_option(command, arguments->report.output);
  command.add_flag("--explain-silence", arguments->report.explain_silence,
                   "Also list repetitions that are no findings, each with the reason");
  add_values_option(command, arguments->report.show_values);
  add_top_option(command, arguments->report.top);
  command.footer(
      "Examples:\n"
      "  quell report service.qtr\n"
      "  quell report service.qtr --dsn 'host=localhost dbname=shop'\n"
      "  quell report service.qtr --format markdown --output comment.md");
  command.callback([arguments, dsn] {
    arguments->has_dsn = dsn->count() > 0;
    with_hidden_password(arguments->dsn, [&] { report(*arguments); });
  });
}

}  // namespace quell::cli
