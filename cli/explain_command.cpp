#include <fstream>
#include <iostream>
#include <iterator>
#include <memory>
#include <string>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "analyzer/model/workload.hpp"
#include "analyzer/report/plan_report.hpp"
#include "analyzer/report/report.hpp"
#include "cli/command.hpp"
#include "cli/dsn.hpp"
#include "cli/errors.hpp"
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
  std::string read;
  std::string diff;
  bool analyze_writes = false;
  ReportOptions report;
};

void explain_trace(const Arguments& arguments) {
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

/// The plans of a file, or of stdin where `path` is "-".
report::PlanReport read_plans(const std::string& path) {
  std::string bytes;
  if (path == "-") {
    bytes.assign(std::istreambuf_iterator<char>(std::cin), {});
  } else {
    std::ifstream file(path, std::ios::binary);
    bytes.assign(std::istreambuf_iterator<char>(file), {});
    if (!file) throw Error(fmt::format("cannot read '{}'", path));
  }
  report::PlanReport report = report::inspect_plans(bytes, path == "-" ? "stdin" : path);
  if (report.plans.empty())
    throw Error(fmt::format("{}, byte {}: {}; give what EXPLAIN printed, in any format, or a log with auto_explain",
                            report.source, report.diagnostics.at(0).offset, report.diagnostics[0].sentence));
  return report;
}

void explain_file(const Arguments& arguments) {
  check_output(arguments.report.output);
  report::PlanReport report = read_plans(arguments.read);
  if (!arguments.diff.empty()) compare_with(report, read_plans(arguments.diff).plans[0].plan);
  write_output(cli::render(report, arguments.report.format, render_params(arguments.report)), arguments.report.output);
}

void explain(const Arguments& arguments) {
  if (!arguments.read.empty()) {
    explain_file(arguments);
  } else if (arguments.trace.empty()) {
    throw UsageError("name a trace and a database (TRACE --dsn DSN), or a plan (--read FILE); `quell explain --help`");
  } else if (arguments.dsn.empty()) {
    throw UsageError("name the database to run EXPLAIN on: --dsn DSN; `quell explain --help` shows how");
  } else {
    explain_trace(arguments);
  }
}

}  // namespace

void add_explain_command(CLI::App& app) {
  CLI::App& command = *app.add_subcommand(
      "explain", "Plans: of a trace's costliest statements, run with captured values, or from a file");
  const auto arguments = std::make_shared<Arguments>();
  CLI::Option* trace = command.add_option("TRACE", arguments->trace, "A trace recorded with QUELL_TRACE");
  CLI::Option* dsn =
      command.add_option("--dsn", arguments->dsn, "The database to run EXPLAIN on; with TRACE")->option_text("DSN");
  command.add_option("--statement", arguments->statement, "Only the statement with this fingerprint")
      ->check([](const std::string& id) {
        const bool good = id.size() == 16 && id.find_first_not_of("0123456789abcdef") == std::string::npos;
        return good ? std::string() : "a fingerprint is 16 hexadecimal digits, as quell report shows it";
      })
      ->option_text("FINGERPRINT");
  command.add_flag("--analyze-writes", arguments->analyze_writes,
                   "Run INSERT, UPDATE and DELETE too, in a transaction that is rolled back");
  CLI::Option* read = command
                          .add_option("--read", arguments->read,
                                      "Inspect what EXPLAIN printed elsewhere: text, JSON, YAML, XML, or a log with "
                                      "auto_explain; - reads stdin")
                          ->option_text("FILE")
                          ->excludes(trace)
                          ->excludes(dsn);
  command.add_option("--diff", arguments->diff, "With --read: what is different from this older plan")
      ->option_text("FILE")
      ->needs(read);
  add_format_option(command, arguments->report.format);
  add_output_option(command, arguments->report.output);
  add_values_option(command, arguments->report.show_values);
  add_top_option(command, arguments->report.top);
  command.footer(
      "SELECT runs in a READ ONLY transaction; everything is rolled back.\n"
      "Examples:\n"
      "  quell explain service.qtr --dsn 'host=localhost dbname=shop'\n"
      "  quell explain service.qtr --dsn postgresql://localhost/shop --statement 0123456789abcdef --show-values\n"
      "  psql -c 'explain (analyze, buffers) select …' | quell explain --read -\n"
      "  quell explain --read after.txt --diff before.txt");
  command.callback([arguments] { with_hidden_password(arguments->dsn, [&] { explain(*arguments); }); });
}

}  // namespace quell::cli
