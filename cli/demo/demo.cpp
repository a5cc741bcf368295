#include "cli/demo/demo.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string_view>
#include <thread>
#include <vector>

#include <fmt/format.h>
#include <quell/trace/error.hpp>

#include "analyzer/model/workload.hpp"
#include "cli/demo/child_process.hpp"
#include "cli/demo/interrupt.hpp"
#include "cli/demo/kept_folder.hpp"
#include "cli/demo/private_cluster.hpp"
#include "cli/demo/traffic.hpp"
#include "cli/errors.hpp"

extern char** environ;

namespace quell::demo {
namespace {

namespace fs = std::filesystem;
using std::chrono::seconds;

constexpr std::string_view kDatabase = "blog";
constexpr std::string_view kTraceName = "trace.qtr";
/// Enough rows for a sequential scan to hurt, few enough to be seeded in a second: 20,000 posts.
constexpr std::string_view kScale = "1";

/// A folder of our own under the system's temporary one, removed with everything in it.
class Workspace {
 public:
  Workspace() {
    std::error_code failure;
    const fs::path parent = fs::temp_directory_path(failure);
    if (failure) throw Error("the temporary folder does not exist; set TMPDIR to one that can be written");
    path_ = (parent / "quell-demo-XXXXXX").string();
    if (!mkdtemp(path_.data()))
      throw Error(fmt::format("cannot make a folder in '{}': {}; set TMPDIR to one that can be written",
                              parent.string(), std::strerror(errno)));
    // PostgreSQL's account must get through to its own folder in here.
    chmod(path_.c_str(), 0755);
  }
  Workspace(const Workspace&) = delete;
  Workspace& operator=(const Workspace&) = delete;
  ~Workspace() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }

  [[nodiscard]] std::string file(std::string_view name) const { return path_ + "/" + std::string(name); }
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
};

/// The user's own settings must not lead libpq or the tracer elsewhere.
void forget_environment() {
  std::vector<std::string> names;
  for (char** entry = environ; *entry; ++entry) {
    const std::string_view text = *entry;
    if (text.starts_with("PG") || text.starts_with("QUELL_TRACE") || text.starts_with("QUELL_REDACT") ||
        text.starts_with("QUELL_REFERENCE_"))
      names.emplace_back(text.substr(0, text.find('=')));
  }
  for (const std::string& name : names) unsetenv(name.c_str());
}

class Demo {
 public:
  Demo(const DemoParams& params, const Step& step) : params_(params), step_(step) {
    if (!params.keep.empty()) kept_.emplace(params.keep);
    reference_ = program("quell-reference");
    if (!fs::exists(reference_))
      throw Error(fmt::format("the demo needs quell-reference beside quell in '{}'; build the target quell-reference",
                              params.program_folder));
  }

  report::Report run() {
    prepare_database();
    record();
    report::Report report = analyse();
    if (kept_) keep(report);
    return report;
  }

 private:
  [[nodiscard]] std::string program(std::string_view name) const {
    return params_.program_folder + "/" + std::string(name);
  }
  [[nodiscard]] std::string trace_file() const { return workspace_.file(kTraceName); }
  [[nodiscard]] std::string dsn() const { return cluster_->dsn(std::string(kDatabase)); }

  /// What will be shown as the trace's path: it is gone afterwards unless kept.
  [[nodiscard]] std::string shown_trace() const {
    return kept_ ? kept_->path(kTraceName) : std::string("of the demo (quell demo --keep DIR keeps it)");
  }

  void tell(const std::string& sentence) {
    InterruptGuard::check();
    step_(sentence);
  }

  ChildProcess start(std::vector<std::string> arguments, std::string_view log,
                     std::vector<std::pair<std::string, std::string>> environment) {
    return ChildProcess::start({std::move(arguments), std::move(environment), workspace_.file(log)});
  }

  ChildProcess start_reference(std::vector<std::string> arguments,
                               std::vector<std::pair<std::string, std::string>> environment = {}) {
    const std::string log = arguments[0] + ".log";
    arguments.insert(arguments.begin(), reference_);
    environment.emplace_back("QUELL_REFERENCE_DSN", dsn());
    return start(std::move(arguments), log, std::move(environment));
  }

  void prepare_database() {
    tell("starting a private PostgreSQL");
    ClusterParams cluster;
    cluster.parent_directory = workspace_.path();
    cluster_.emplace(PrivateCluster::start(std::move(cluster)));
    cluster_->create_database(std::string(kDatabase));
    tell("migrating and seeding the reference API's database");
    start_reference({"migrate"}).wait_for_success(seconds(60));
    start_reference({"seed", "--scale", std::string(kScale)}).wait_for_success(seconds(120));
    start_reference({"make-admin", "--email", kWriterEmail}, {{"QUELL_REFERENCE_ADMIN_PASSWORD", kWriterPassword}})
        .wait_for_success(seconds(60));
    // Fresh statistics: plans and what-if costs must not depend on when autovacuum comes by.
    cluster_->execute(std::string(kDatabase), "vacuum analyze");
  }

  void record() {
    tell("starting the reference API with tracing");
    const std::string port_file = workspace_.file("port");
    ChildProcess server =
        start_reference({"serve", "--listen", "127.0.0.1:0", "--port-file", port_file, "--workers", "2"},
                        {{"QUELL_TRACE", trace_file()}});
    try {
      const std::uint16_t port = wait_for_port(server, port_file);
      const std::vector<TrafficPhase> script = traffic_script();
      tell(fmt::format("sending {} requests", request_count(script)));
      for (const TrafficPhase& phase : script) drive(phase, port);
      tell("stopping the reference API");
    } catch (const cli::Interrupted&) {
      // The server writes the rest of its trace when it is told to end.
      server.terminate(seconds(15));
      if (kept_ && fs::exists(trace_file())) kept_->add(trace_file(), kTraceName);
      throw;
    } catch (const Error& error) {
      if (!server.running()) server.throw_failed("ended early");
      throw;
    }
    server.terminate(seconds(15));
    if (kept_) kept_->add(trace_file(), kTraceName);
  }

  static std::uint16_t wait_for_port(ChildProcess& server, const std::string& port_file) {
    const auto give_up = std::chrono::steady_clock::now() + seconds(20);
    for (;;) {
      unsigned port = 0;
      if (std::ifstream(port_file) >> port && port > 0 && port <= 65535) return static_cast<std::uint16_t>(port);
      InterruptGuard::check();
      if (!server.running()) server.throw_failed("ended before it listened");
      if (std::chrono::steady_clock::now() > give_up) server.throw_failed("did not listen within 20 s");
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
  }

  report::Report analyse() {
    tell("reading the trace");
    const model::Workload workload = model::load_workload(trace_file());
    report::ReportParams params;
    params.dsn = dsn();
    return report::build_report(workload, shown_trace(), params, [&](const std::string& sentence) { tell(sentence); });
  }

  void keep(const report::Report& report) {
    tell("dumping the database");
    const std::string dump = workspace_.file("database.sql");
    start({cluster_->bin_directory() + "/pg_dump", "--dbname=" + dsn(), "--no-owner", "--file=" + dump}, "pg_dump.log",
          {})
        .wait_for_success(seconds(60));
    kept_->add(dump, "database.sql");
    kept_->write(render_json(report, {}), "report.json");
    const bool has_viewer = fs::exists(program("quell-viewer"));
    if (has_viewer) {
      tell("taking a screenshot of the viewer");
      const std::string picture = workspace_.file("screenshot.png");
      start({program("quell-viewer"), trace_file(), "--screenshot", picture}, "viewer.log", {})
          .wait_for_success(seconds(60));
      kept_->add(picture, "screenshot.png");
    }
    kept_->write(contents(has_viewer), "README.txt");
  }

  [[nodiscard]] std::string contents(bool has_viewer) const {
    return fmt::format(
        "Kept by `quell demo --keep`:\n"
        "  {}      the trace; see `quell report {}`, `quell-viewer {}`\n"
        "  report.json    the report (docs/report.schema.json)\n"
        "  database.sql   the database; to have it again on a PostgreSQL of yours:\n"
        "                   createdb {} && psql --dbname={} --file=database.sql --command=analyze\n"
        "                 then plans and index advice: quell report {} --dsn dbname={}\n"
        "{}",
        kTraceName, kTraceName, kTraceName, kDatabase, kDatabase, kTraceName, kDatabase,
        has_viewer ? "  screenshot.png the viewer with this trace\n" : "");
  }

  const DemoParams& params_;
  const Step& step_;
  std::optional<KeptFolder> kept_;
  std::string reference_;
  Workspace workspace_;
  std::optional<PrivateCluster> cluster_;  ///< inside the workspace: stopped before it is removed
};

}  // namespace

report::Report run_demo(const DemoParams& params, const Step& step) {
  forget_environment();
  return Demo(params, step).run();
}

}  // namespace quell::demo
