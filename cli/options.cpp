#include "cli/options.hpp"

#include <map>

#include <CLI/CLI.hpp>

#include "analyzer/report/plan_report.hpp"
#include "cli/terminal.hpp"

namespace quell::cli {

void add_format_option(CLI::App& command, Format& format) {
  static const std::map<std::string, Format> kNames = {
      {"text", Format::text}, {"json", Format::json}, {"markdown", Format::markdown}};
  command
      .add_option_function<std::string>(
          "--format", [&format](const std::string& name) { format = kNames.at(name); },
          "text, json (docs/report.schema.json) or markdown (for a pull request); default text")
      ->check(CLI::IsMember({"text", "json", "markdown"}).description(""))
      ->option_text("FORMAT");
}

void add_output_option(CLI::App& command, std::string& output) {
  command.add_option("--output", output, "Write to this file instead of stdout; whole or not at all")
      ->option_text("FILE");
}

void add_values_option(CLI::App& command, bool& show_values) {
  command.add_flag("--show-values", show_values, "Show captured bind values; otherwise they are kept back");
}

void add_top_option(CLI::App& command, std::optional<std::size_t>& top) {
  command
      .add_option_function<std::size_t>(
          "--top", [&top](const std::size_t& number) { top = number; },
          "List this many statements and explain as many, costliest first; default 10 and 5")
      ->check(CLI::Range(1, 10'000).description(""))
      ->option_text("N");
}

report::RenderParams render_params(const ReportOptions& options) {
  report::RenderParams params;
  params.colour = options.output.empty() && wants_colour();
  params.width = options.output.empty() ? terminal_width() : params.width;
  params.explain_silence = options.explain_silence;
  params.show_values = options.show_values;
  if (options.top) params.top = *options.top;
  return params;
}

namespace {

template <typename Result>
std::string render_as(const Result& result, Format format, const report::RenderParams& params) {
  switch (format) {
    case Format::text:
      return render_text(result, params);
    case Format::json:
      return render_json(result, params);
    case Format::markdown:
      return render_markdown(result, params);
  }
  return {};
}

}  // namespace

std::string render(const report::Report& report, Format format, const report::RenderParams& params) {
  return render_as(report, format, params);
}

std::string render(const report::PlanReport& report, Format format, const report::RenderParams& params) {
  return render_as(report, format, params);
}

}  // namespace quell::cli
