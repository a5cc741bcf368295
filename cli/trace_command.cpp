#include <memory>
#include <string>

#include <CLI/CLI.hpp>

#include "cli/command.hpp"
#include "cli/output.hpp"
#include "cli/trace_info.hpp"

namespace quell::cli {

void add_trace_command(CLI::App& app) {
  CLI::App& trace = *app.add_subcommand("trace", "Look at a trace file");
  trace.require_subcommand(1);
  CLI::App& info = *trace.add_subcommand("info", "Header, events by kind, time span, losses, completeness");
  struct Arguments {
    std::string file;
    std::string format = "text";
  };
  const auto arguments = std::make_shared<Arguments>();
  info.add_option("FILE", arguments->file, "A trace recorded with QUELL_TRACE")->required()->option_text("(required)");
  info.add_option("--format", arguments->format, "text or json; default text")
      ->check(CLI::IsMember({"text", "json"}).description(""))
      ->option_text("FORMAT");
  info.footer("Examples:\n  quell trace info service.qtr\n  quell trace info service.qtr --format json");
  info.callback([arguments] { write_output(trace_info(arguments->file, arguments->format == "json"), {}); });
}

}  // namespace quell::cli
