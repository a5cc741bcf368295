#include <memory>
#include <string>

#include <CLI/CLI.hpp>

#include "analyzer/model/workload.hpp"
#include "analyzer/report/report.hpp"
#include "cli/command.hpp"
#include "cli/dsn.hpp"
#include "cli/errors.hpp"
#include "cli/load.hpp"
#include "cli/options.hpp"
#include "cli/output.hpp"
#include "cli/statements_file.hpp"
#include "cli/terminal.hpp"

namespace quell::cli {
namespace {

struct Arguments {
  std::string trace;
  std::string statements;
  std::string dsn;
  bool prove = false;
  bool sql_only = false;
  bool fail_on_missing_index = false;
  double minimum_gain = 10;
  ReportOptions report;
};

/// Only the statements to run, indexes to make before indexes to drop.
std::string ddl_of(const report::Report& report) {
  std::string out;
  for (const advise::IndexAdvice& advice : report.index_advice) out += advice.ddl + ";\n";
  for (const advise::IndexRemoval& removal : report.removals->advice) out += removal.ddl + ";\n";
  return out;
}

void advise(const Arguments& arguments) {
  if (arguments.trace.empty() == arguments.statements.empty())
    throw UsageError("name a trace or --statements FILE, one of them; `quell advise --help` shows how");
  check_dsn(arguments.dsn);
  check_output(arguments.report.output);
  Progress progress(Progress::Elsewhere::silent);
  const bool from_trace = !arguments.trace.empty();
  const model::Workload workload =
      from_trace ? load_trace(arguments.trace, progress) : load_statements(arguments.statements);
  report::ReportParams params;
  params.dsn = arguments.dsn;
  params.plans = 0;
  params.removals = true;
  params.advise.prove = arguments.prove;
  params.advise.minimum_gain = arguments.minimum_gain / 100;
  if (!from_trace) params.advise.minimum_cost_saved = 100;  // how often they really run is not known
  const report::Report result =
      report::build_report(workload, from_trace ? arguments.trace : arguments.statements, params,
                           [&](const std::string& sentence) { progress.step(sentence); });
  progress.clear();
  report::RenderParams render = render_params(arguments.report);
  render.indexes_only = true;
  write_output(arguments.sql_only ? ddl_of(result) : cli::render(result, arguments.report.format, render),
               arguments.report.output);
  if (arguments.fail_on_missing_index && !result.index_advice.empty()) throw ExitWith(1);
}

}  // namespace

void add_advise_command(CLI::App& app) {
  CLI::App& command = *app.add_subcommand("advise", "Indexes to make, and indexes to drop, checked on the database");
  const auto arguments = std::make_shared<Arguments>();
  CLI::Option* trace = command.add_option("TRACE", arguments->trace, "A trace recorded with QUELL_TRACE");
  command
      .add_option("--statements", arguments->statements,
                  "The statements of an SQL file instead of a trace; `-- executions: N` before one weighs it")
      ->option_text("FILE")
      ->excludes(trace);
  command.add_option("--dsn", arguments->dsn, "The database to check on")->required()->option_text("DSN");
  command.add_flag("--prove", arguments->prove,
                   "Also build the indexes in a transaction that is rolled back, and measure the statements before "
                   "and after. Writers of the tables wait meanwhile");
  CLI::Option* sql = command.add_flag("--sql", arguments->sql_only, "Only the statements to run");
  command.add_flag("--why", arguments->report.explain_silence,
                   "Also list indexes that are not advised and indexes that must stay, each with the reason");
  command
      .add_option_function<std::string>(
          "--fail-on", [arguments](const std::string&) { arguments->fail_on_missing_index = true; },
          "missing-index: exit code 1 where an index is advised")
      ->check(CLI::IsMember({"missing-index"}).description(""))
      ->option_text("WHAT");
  command
      .add_option("--minimum-gain", arguments->minimum_gain,
                  "Per cent of the cost of the statements it changes that an index must save; default 10")
      ->check(CLI::Range(0, 100).description(""))
      ->option_text("PERCENT");
  add_format_option(command, arguments->report.format);
  sql->excludes(command.get_option("--format"));
  add_output_option(command, arguments->report.output);
  command.footer(
      "Without --prove nothing is built and nothing waits: costs are the planner's, with hypothetical indexes "
      "(HypoPG).\n"
      "Examples:\n"
      "  quell advise service.qtr --dsn 'host=localhost dbname=shop'\n"
      "  quell advise service.qtr --dsn dbname=shop --prove\n"
      "  quell advise --statements queries.sql --dsn dbname=shop --sql > indexes.sql\n"
      "  quell advise service.qtr --dsn dbname=shop --fail-on missing-index");
  command.callback([arguments] { with_hidden_password(arguments->dsn, [&] { advise(*arguments); }); });
}

}  // namespace quell::cli
