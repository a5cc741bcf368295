#include "gui/app/options.hpp"

#include <CLI/CLI.hpp>
#include <charconv>

namespace quell::gui {
namespace {

constexpr int kUsageError = 2;

constexpr const char* kExamples = R"(Examples:
  quell-viewer service.qtr
      Opens a trace. J goes to the next finding, Enter to its worst request, ? lists all keys.
  quell-viewer service.qtr --dsn "postgresql:///blog"
      Explains the costliest statements too, each in a transaction that is rolled back.
  quell-viewer service.qtr --screenshot window.png --size 1920x1080 --theme dark --select 1
      Draws the window with its first finding into a file, without a display.

Exit code: 0 done, 1 the trace cannot be shown, 2 wrong usage.
The manual is docs/viewer.md.)";

/// "1280x800". Throws where it is none.
void read_size(const std::string& text, Options& options) {
  const char* const end = text.data() + text.size();
  const auto width = std::from_chars(text.data(), end, options.width);
  if (width.ec == std::errc() && width.ptr != end && *width.ptr == 'x') {
    const auto height = std::from_chars(width.ptr + 1, end, options.height);
    const bool in_range =
        options.width >= 640 && options.width <= 7680 && options.height >= 480 && options.height <= 4320;
    if (height.ec == std::errc() && height.ptr == end && in_range) return;
  }
  throw CLI::ValidationError("--size", "must be WIDTHxHEIGHT, from 640x480 to 7680x4320, for example 1280x800");
}

}  // namespace

std::optional<int> parse_options(int argc, char** argv, Options& options) {
  CLI::App app("Shows a Quell trace: findings, statements, scopes, queries and plans.", "quell-viewer");
  app.footer(kExamples);
  app.set_version_flag("--version", "quell-viewer " QUELL_VERSION);
  app.add_option("TRACE", options.trace, "Trace to open");
  app.add_option("--dsn", options.dsn, "Database for plans and index advice, as libpq takes it");
  auto* screenshot = app.add_option("--screenshot", options.screenshot, "Draw the window into this PNG file and exit");
  app.add_option_function<std::string>(
         "--size", [&options](const std::string& text) { read_size(text, options); },
         "Size of the window; 1280x800 if not given")
      ->type_name("WIDTHxHEIGHT");
  app.add_option("--theme", options.theme, "desktop, light or dark; a screenshot is light if not given")
      ->check(CLI::IsMember({"desktop", "light", "dark"}));
  app.add_option("--select", options.select, "Jump to the N-th finding")->type_name("N")->check(CLI::PositiveNumber);
  app.add_option("--tab", options.tab, "Table to show: statements, queries or scopes")
      ->check(CLI::IsMember({"statements", "queries", "scopes"}));
  app.add_option("--page", options.page, "Page of the inspector: finding, statement or plan")
      ->check(CLI::IsMember({"finding", "statement", "plan"}));
  try {
    app.parse(argc, argv);
    if (*screenshot && options.trace.empty())
      throw CLI::ValidationError("--screenshot needs a TRACE to draw; see quell-viewer --help");
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : kUsageError;
  }
  if (options.theme.empty()) options.theme = options.screenshot.empty() ? "desktop" : "light";
  return {};
}

}  // namespace quell::gui
