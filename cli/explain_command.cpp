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
  std::string statement;
  bool analyze_writes = false;
  ReportOptions report;
};

void explain(const Arguments& arguments) {
  check_dsn(arguments.dsn);
  check_output(arguments.report.output);
  Progress progress(Progress::Elsewhere::silent);
  const model::Workload workload = load_trace(arguments.trace, progress);
  report::ReportParams params;
  params.dsn = arguments.dsn;
  params.only_statement = arguments.statement;
  params.analyze_writes = arguments.analyze_writes;
  params.index_advice = false;
  if (arguments.report.top) params.plans = *arguments.report.top;
  const report::Report result = report::build_report(workload, arguments.trace, params,
                                                     [&](const std::string& sentence) { progress.step(sentence); });
  progress.clear();
  report::RenderParams render = render_params(arguments.report);
  render.plans_only = true;
  write_output(cli::render(result, arguments.report.format, render), arguments.report.output);
}

}  // namespace

void add_explain_command(CLI::App& app) {
  CLI::App& command =
      *app.add_subcommand("explain", "Plans of a trace's costliest statements, run with captured values");
  const auto arguments = std::make_shared<Arguments>();
  command.add_option("TRACE", arguments->trace, "A trace recorded with QUELL_TRACE")
      ->required()
      ->option_text("(required)");
  command.add_option("--dsn", arguments->dsn, "The database to run EXPLAIN on")->required()->option_text("DSN");
  command.add_option("--statement", arguments->statement, "Only the statement with this fingerprint")
      ->check([](const std::string& id) {
        const bool good = id.size() == 16 && id.find_first_not_of("0123456789abcdef") == std::string::npos;
        return good ? std::string() : "a fingerprint is 16 hexadecimal digits, as quell report shows it";
      })
      ->option_text("FINGERPRINT");
  command.add_flag("--analyze-writes", arguments->analyze_writes,
                   "Run INSERT, UPDATE and DELETE too, in a transaction that is rolled back");
  add_format_option(command, arguments->report.format);
  add_output_option(command, arguments->report.output);
  add_values_option(command, arguments->report.show_values);
  add_top_option(command, arguments->report.top);
  command.footer(
      "SELECT runs in a READ ONLY transaction; everything is rolled back.\n"
      "Examples:\n"
      "  quell explain service.qtr --dsn 'host=localhost dbname=shop'\n"
      "  quell explain service.qtr --dsn postgresql://localhost/shop --statement 0123456789abcdef --show-values");
  command.callback([arguments] { with_hidden_password(arguments->dsn, [&] { explain(*arguments); }); });
}

}  // namespace quell::cli
