#include <chrono>
#include <cstdint>
#include <cstdio>
#include <ctime>
#include <map>
#include <memory>
#include <string>
#include <thread>

#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <boost/json.hpp>

#include "analyzer/report/report.hpp"
#include "analyzer/report/safe_text.hpp"
#include "analyzer/report/wording.hpp"
#include "cli/command.hpp"
#include "cli/demo/interrupt.hpp"
#include "cli/watch/trace_window.hpp"

namespace quell::cli {
namespace {

namespace json = boost::json;

constexpr auto kInterval = std::chrono::milliseconds(100);

struct Arguments {
  std::string trace;
  bool as_json = false;
};

trace::Time now() {
  timespec time{};
  clock_gettime(CLOCK_MONOTONIC, &time);
  return static_cast<trace::Time>(time.tv_sec) * 1'000'000'000 + time.tv_nsec;
}

/// Shows each finding when it is first seen, and counts it from then on.
class Watcher {
 public:
  explicit Watcher(const Arguments& arguments) : arguments_(arguments) {}

  void judge(const model::Workload& workload) {
    scopes_ += workload.scopes().size();
    executions_ += workload.query_count();
    report::ReportParams params;
    params.index_advice = false;
    const report::Report report = report::build_report(workload, arguments_.trace, params);
    const json::value rendered = arguments_.as_json ? json::parse(report::render_json(report, {})) : json::value();
    for (std::size_t i = 0; i < report.findings.size(); ++i) {
      const detect::Finding& finding = report.findings[i];
      Seen& seen = seen_[finding.identity];
      seen.scopes += finding.scopes_affected;
      if (!seen.title.empty()) continue;
      seen.title = title_of(finding);
      if (arguments_.as_json) {
        print_line(json::serialize(json::object{{"finding", rendered.at("findings").at(i)}}));
      } else {
        print(report, finding);
      }
    }
  }

  void summarize() const {
    if (arguments_.as_json) {
      json::object affected;
      for (const auto& [identity, seen] : seen_) affected[identity] = seen.scopes;
      print_line(json::serialize(json::object{{"summary", json::object{{"findings", seen_.size()},
                                                                       {"scopes", scopes_},
                                                                       {"executions", executions_},
                                                                       {"affected", affected}}}}));
      return;
    }
    print_line(fmt::format("{} in {} and {}", report::counted(seen_.size(), "finding"),
                           report::counted(scopes_, "scope"), report::counted(executions_, "execution")));
    for (const auto& [identity, seen] : seen_) {
      print_line(fmt::format("  {}  {}  in {}", identity, seen.title, report::counted(seen.scopes, "scope")));
    }
  }

  static void print_line(const std::string& line) {
    fmt::print("{}\n", line);
    std::fflush(stdout);  // a reader behind a pipe wants it now
  }

 private:
  struct Seen {
    std::string title;
    std::uint64_t scopes = 0;
  };

  static std::string title_of(const detect::Finding& finding) {
    return fmt::format("{}, {}  {}", report::title(finding.kind), to_string(finding.confidence),
                       report::printable(finding.scope_name));
  }

  void print(const report::Report& report, const detect::Finding& finding) const {
    std::string out = fmt::format("{}\n   seen       {}\n", title_of(finding), report::evidence(report, finding));
    const auto statement = [&](std::string_view role, model::StatementIndex index,
                               detect::LocatedCallSite::Role sites) {
      if (index == model::kNone) return;
      out += fmt::format("   {:10} {}\n", role, report::shorten(report::printable(report.statements[index].text), 100));
      for (const detect::LocatedCallSite& site : finding.call_sites) {
        if (site.role == sites)
          out += fmt::format("              at {}\n", report::printable(report::located(site.site)));
      }
    };
    statement("parent", finding.parent, detect::LocatedCallSite::Role::parent);
    statement(finding.parent == model::kNone ? "statement" : "child", finding.child,
              detect::LocatedCallSite::Role::child);
    out += fmt::format("   identity   {}\n", finding.identity);
    print_line(out);
  }

  const Arguments& arguments_;
  std::map<std::string, Seen> seen_;
  std::uint64_t scopes_ = 0;
  std::uint64_t executions_ = 0;
};

void watch(const Arguments& arguments) {
  const demo::InterruptGuard guard;
  const auto reader = trace::Reader::open(arguments.trace);
  TraceWindow window(reader->header());
  Watcher watcher(arguments);
  if (!arguments.as_json) Watcher::print_line(fmt::format("watching {}; Ctrl-C ends it", arguments.trace));
  bool closed = false;
  while (!closed && !demo::InterruptGuard::requested()) {
    window.read_at(now());
    closed = reader->poll(window) == trace::PollResult::closed;
    if (const auto workload = closed ? window.take_rest() : window.take()) watcher.judge(*workload);
    if (!closed) std::this_thread::sleep_for(kInterval);
  }
  if (!closed) {
    if (const auto workload = window.take_rest()) watcher.judge(*workload);
  }
  watcher.summarize();
}

}  // namespace

void add_watch_command(CLI::App& app) {
  CLI::App& command = *app.add_subcommand("watch", "Follow a trace that is being written; findings as scopes end");
  const auto arguments = std::make_shared<Arguments>();
  command.add_option("TRACE", arguments->trace, "A trace, also one that is still growing")
      ->required()
      ->option_text("(required)");
  command
      .add_option_function<std::string>(
          "--format", [arguments](const std::string& name) { arguments->as_json = name == "json"; },
          "text, or json: one object a line; default text")
      ->check(CLI::IsMember({"text", "json"}).description(""))
      ->option_text("FORMAT");
  command.footer(
      "Ends with the trace or with Ctrl-C, and then says how often each finding was seen.\n"
      "Examples:\n"
      "  quell watch service.qtr\n"
      "  quell watch service.qtr --format json");
  command.callback([arguments] { watch(*arguments); });
}

}  // namespace quell::cli
