#pragma once

#include <string>

namespace CLI {
class App;
}

/// The commands of `quell`. Each `add_…` declares its options and examples and sets a callback that runs the command.
/// A callback throws UsageError for what the user must write differently (exit code 2) and quell::Error for what
/// failed (exit code 1).
namespace quell::cli {

void add_demo_command(CLI::App& app);
void add_report_command(CLI::App& app);
void add_explain_command(CLI::App& app);
void add_advise_command(CLI::App& app);
void add_proxy_command(CLI::App& app);
void add_record_command(CLI::App& app);
void add_migrate_command(CLI::App& app);
void add_check_command(CLI::App& app);
void add_baseline_command(CLI::App& app);
void add_diff_command(CLI::App& app);
void add_trace_command(CLI::App& app);
void add_watch_command(CLI::App& app);

/// Runs the program: parses, executes, turns every failure into one sentence on stderr. Returns the exit code: 0, 1
/// failure, 2 usage, 130 interrupted.
int run(int argc, char** argv);

}  // namespace quell::cli
