#include <algorithm>
#include <exception>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <quell/trace/format.hpp>

#include "analyzer/report/report.hpp"
#include "cli/command.hpp"
#include "cli/errors.hpp"

namespace quell::cli {
namespace {

int fail(int exit_code, const std::string& sentence) {
  fmt::print(stderr, "quell: {}\n", sentence);
  return exit_code;
}

/// The command that was being given when parsing failed.
const CLI::App& innermost(const CLI::App& app) {
  const CLI::App* at = &app;
  while (!at->get_subcommands().empty()) at = at->get_subcommands().front();
  return *at;
}

/// "quell trace info"
std::string path_of(const CLI::App& app) {
  return app.get_parent() ? path_of(*app.get_parent()) + " " + app.get_name() : app.get_name();
}

std::string commands_of(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; }))
    names.push_back(command->get_name());
  return fmt::format("{}", fmt::join(names, ", "));
}

/// CLI11's own words where they say what to do; ours for the two mistakes that are made most.
std::string sentence_of(const CLI::ParseError& error, const CLI::App& command) {
  const auto extra = command.remaining();
  const bool lacks_command = dynamic_cast<const CLI::RequiredError*>(&error) &&
                             !command.get_subcommands([](const CLI::App*) { return true; }).empty();
  if (lacks_command && extra.empty()) return fmt::format("name a command: {}", commands_of(command));
  if (lacks_command) return fmt::format("there is no command '{}', only {}", extra[0], commands_of(command));
  if (dynamic_cast<const CLI::ExtrasError*>(&error) && !extra.empty())
    return fmt::format("`{}` takes no '{}'", path_of(command), fmt::join(extra, " "));
  std::string sentence = error.what();
  std::replace(sentence.begin(), sentence.end(), '\n', ' ');
  while (!sentence.empty() && (sentence.back() == ' ' || sentence.back() == '.')) sentence.pop_back();
  return sentence;
}

}  // namespace

int run(int argc, char** argv) {
  CLI::App app(
      "Finds the database calls that make a PostgreSQL-backed service slow, proves why, and says how to mend them.",
      "quell");
  app.set_version_flag("--version", fmt::format("quell {} (trace format {}, report version {})", QUELL_VERSION,
                                                trace::kFormatVersion, report::kReportVersion));
  app.require_subcommand(1);
  app.footer(
      "See it at work:  quell demo\nOn a trace:      quell report service.qtr\nMore:            quell COMMAND --help");
  add_demo_command(app);
  add_report_command(app);
  add_explain_command(app);
  add_advise_command(app);
  add_proxy_command(app);
  add_record_command(app);
  add_migrate_command(app);
  add_check_command(app);
  add_baseline_command(app);
  add_diff_command(app);
  add_trace_command(app);
  add_watch_command(app);
  try {
    app.parse(argc, argv);
    return 0;
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app.exit(error);
    const CLI::App& command = innermost(app);
    return fail(2, fmt::format("{}; `{} --help` shows how to call it", sentence_of(error, command), path_of(command)));
  } catch (const ExitWith& exit) {
    return exit.code;
  } catch (const UsageError& error) {
    return fail(2, error.what());
  } catch (const Interrupted& error) {
    return fail(130, error.what());
  } catch (const std::exception& error) {
    return fail(1, error.what());
  }
}

}  // namespace quell::cli
