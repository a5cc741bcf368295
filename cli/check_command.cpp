#include <memory>
#include <string>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "cli/command.hpp"
#include "cli/errors.hpp"
#include "cli/gate/gate_check.hpp"
#include "cli/output.hpp"

namespace quell::cli {
namespace {

struct Arguments {
  GateCheckParams check;
  std::string explain;
  bool has_explain = false;
};

/// Which file and line gave each limit of a unit.
void explain(const Arguments& arguments) {
  const gate::Config config = gate_config(arguments.check.inputs);
  const std::string suite = arguments.check.inputs.suite.empty() ? config.suite : arguments.check.inputs.suite;
  const std::string& unit = arguments.explain;
  std::string out = fmt::format("{}{}\n", unit, suite.empty() ? "" : fmt::format("  (suite {})", suite));
  for (const std::string& file : config.files) out += fmt::format("   read      {}\n", file);
  if (config.files.empty()) out += "   read      no quell.toml, here or above\n";
  for (const std::string& line : gate::explain(gate::limits_of(config.units, config.defaults, suite, unit)))
    out += fmt::format("   {}\n", line);
  for (const gate::Allowance& allowance : config.allow) {
    if (!gate::applies(allowance, suite, unit)) continue;
    const std::string what = allowance.fingerprint       ? "statement " + sql::to_hex(*allowance.fingerprint)
                             : allowance.finding.empty() ? std::string("everything")
                                                         : "finding " + allowance.finding;
    out += fmt::format("   excused   {} by {}: {}\n", what, gate::to_string(allowance.origin), allowance.reason);
  }
  write_output(out, {});
}

void run_check(const Arguments& arguments) {
  if (arguments.has_explain) return explain(arguments);
  if (arguments.check.inputs.traces.empty())
    throw UsageError("TRACE is required; `quell check --help` shows how to call it");
  const int code = run_gate_check(arguments.check);
  if (code != 0) throw ExitWith(code);
}

}  // namespace

void add_check_command(CLI::App& app) {
  CLI::App& command =
      *app.add_subcommand("check", "Fail where a trace runs more than the baseline and quell.toml allow");
  const auto arguments = std::make_shared<Arguments>();
  GateCheckParams& check = arguments->check;
  add_gate_inputs(command, check.inputs);
  command.add_option("--base", check.base, "Compare with these traces instead of the committed baseline; behind TRACE")
      ->option_text("TRACE...");
  command
      .add_option("--output", check.outputs,
                  "Also write FORMAT=FILE (FORMAT alone: to stdout); may be given several times: text, markdown, "
                  "summary, github, sarif, junit, gitlab, rdjson, json")
      ->option_text("FORMAT=FILE")
      ->expected(1)
      ->take_all();
  command.add_option("--format", check.format, "What stdout gets; default text")->option_text("FORMAT");
  CLI::Option* unit =
      command.add_option("--explain", arguments->explain, "Say which rule gives UNIT which limit, and check nothing")
          ->option_text("UNIT");
  command.add_flag("--strict", check.strict, "Fail too where less runs than in the baseline");
  command.add_flag("--allow-partial", check.allow_partial, "Judge traces that lost events instead of ending with 3");
  command.footer(
      "Exit codes: 0 passed, 1 a rule is broken, 2 usage or quell.toml, 3 a trace is unreadable or incomplete,\n"
      "4 nothing was checked, 70 internal error.\n"
      "Examples:\n"
      "  quell check new.qtr\n"
      "  quell check new.qtr --base main.qtr --output sarif=gate.sarif --output junit=gate.xml\n"
      "  quell check --explain 'GET /orders'");
  command.callback([arguments, unit] {
    arguments->has_explain = unit->count() > 0;
    with_gate_exit_codes([&] { run_check(*arguments); });
  });
}

}  // namespace quell::cli
