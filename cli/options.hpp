#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "analyzer/report/report.hpp"

namespace CLI {
class App;
}
namespace quell::report {
struct PlanReport;
}

/// Options that several commands share, declared once.
namespace quell::cli {

enum class Format { text, json, markdown };

struct ReportOptions {
  Format format = Format::text;
  std::string output;  ///< file; empty: stdout
  bool explain_silence = false;
  bool show_values = false;
  std::optional<std::size_t> top;
};

/// --format text|json|markdown
void add_format_option(CLI::App& command, Format& format);
/// --output FILE
void add_output_option(CLI::App& command, std::string& output);
/// --show-values
void add_values_option(CLI::App& command, bool& show_values);
/// --top N
void add_top_option(CLI::App& command, std::optional<std::size_t>& top);

/// As the options and the terminal want it.
[[nodiscard]] report::RenderParams render_params(const ReportOptions& options);
[[nodiscard]] std::string render(const report::Report& report, Format format, const report::RenderParams& params);
[[nodiscard]] std::string render(const report::PlanReport& report, Format format, const report::RenderParams& params);

}  // namespace quell::cli
