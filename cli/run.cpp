#include <exception>
#include <string>

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

/// "quell trace info": the command that was being given when parsing failed.
std::string command_path(const CLI::App& app) {
  std::string path = app.get_name();
  for (const CLI::App* at = &app; !at->get_subcommands().empty();) {
    at = at->get_subcommands().front();
    path += " " + at->get_name();
  }
  return path;
}

std::string sentence_of(const CLI::ParseError& error) {
  std::string sentence = error.what();
  for (char& c : sentence) {
    if (c == '\n') c = ' ';
  }
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
  add_trace_command(app);
  try {
    app.parse(argc, argv);
    return 0;
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app.exit(error);
    return fail(2, fmt::format("{}; `{} --help` shows how to call it", sentence_of(error), command_path(app)));
  } catch (const UsageError& error) {
    return fail(2, error.what());
  } catch (const Interrupted& error) {
    return fail(130, error.what());
  } catch (const std::exception& error) {
    return fail(1, error.what());
  }
}

}  // namespace quell::cli
