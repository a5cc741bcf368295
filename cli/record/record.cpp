#include "cli/record/record.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <set>
#include <thread>

#include <fmt/format.h>

#include "cli/record/recorded_child.hpp"

namespace quell::cli {
namespace {

namespace fs = std::filesystem;

constexpr auto kLastWords = std::chrono::seconds(2);

/// A folder of our own, only for our user, gone with us.
class PrivateFolder {
 public:
  PrivateFolder() {
    std::string pattern = (fs::temp_directory_path() / "quell-record-XXXXXX").string();
    if (!mkdtemp(pattern.data())) throw Error(fmt::format("cannot make the folder '{}'; set TMPDIR", pattern));
    path_ = pattern;
  }
  PrivateFolder(const PrivateFolder&) = delete;
  PrivateFolder& operator=(const PrivateFolder&) = delete;
  ~PrivateFolder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
};

std::int64_t clock_ns(clockid_t clock) {
  timespec time{};
  clock_gettime(clock, &time);
  return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

/// A file or folder that belongs to us: beside the program, or where it is installed. Empty: not found.
std::string companion(const char* name) {
  std::error_code ignored;
  const fs::path folder = fs::read_symlink("/proc/self/exe", ignored).parent_path();
  for (const fs::path& path : {folder / name, folder / "../lib/quell" / name}) {
    if (fs::exists(path, ignored)) return fs::weakly_canonical(path, ignored).string();
  }
  return {};
}

/// The upstream's addresses as agent/hooks/redirect_connect.c reads them.
std::string redirect_from(const std::vector<proxy::Endpoint>& upstreams) {
  std::set<std::string> entries;
  for (const proxy::Endpoint& endpoint : upstreams) {
    char text[INET6_ADDRSTRLEN] = "";
    if (endpoint.family() == AF_INET) {
      inet_ntop(AF_INET, &reinterpret_cast<const sockaddr_in*>(endpoint.data())->sin_addr, text, sizeof text);
      entries.insert(fmt::format("4 {} {}", text, endpoint.port()));
    } else if (endpoint.family() == AF_INET6) {
      inet_ntop(AF_INET6, &reinterpret_cast<const sockaddr_in6*>(endpoint.data())->sin6_addr, text, sizeof text);
      entries.insert(fmt::format("6 {} {}", text, endpoint.port()));
    } else {
      // Debian's libpq says /var/run, which is a link to /run.
      std::error_code ignored;
      const std::string real = fs::weakly_canonical(endpoint.text, ignored).string();
      entries.insert("u " + endpoint.text);
      entries.insert("u " + real);
      if (real.starts_with("/run/")) entries.insert("u /var" + real);
    }
  }
  return fmt::format("{}", fmt::join(entries, ";"));
}

void preload(Environment& environment, const std::string& library, const std::vector<proxy::Endpoint>& upstreams,
             const proxy::Endpoint& tcp, const proxy::Endpoint& socket) {
  std::string& preloaded = environment["LD_PRELOAD"];
  preloaded = preloaded.empty() ? library : library + ":" + preloaded;
  environment["QUELL_REDIRECT_FROM"] = redirect_from(upstreams);
  environment["QUELL_REDIRECT_TO"] = fmt::format("{};{}", tcp.port(), socket.text);
}

void prepend(Environment& environment, const char* name, const std::string& value, char separator) {
  std::string& all = environment[name];
  all = all.empty() ? value : value + separator + all;
}

/// Leads interpreters to the scripts of agent/hooks.
void lead_to_hooks(Environment& environment, const std::string& folder, const std::string& pipe) {
  environment["QUELL_HOOK"] = pipe;
  prepend(environment, "PYTHONPATH", folder + "/python", ':');
  prepend(environment, "NODE_OPTIONS", fmt::format("--require \"{}/node/quell_hook.js\"", folder), ' ');
  prepend(environment, "RUBYOPT", fmt::format("-r{}/ruby/quell_hook.rb", folder), ' ');
}

}  // namespace

std::unique_ptr<trace::Writer> create_trace(const std::string& path, const std::string& program, bool redact) {
  trace::Header header;
  header.created_unix_ns = clock_ns(CLOCK_REALTIME);
  header.created_monotonic_ns = clock_ns(CLOCK_MONOTONIC);
  header.redacted = redact;
  header.program = program;
  header.agent = fmt::format("quell-proxy {}", QUELL_VERSION);
  return trace::Writer::create(path, header);
}

RecordOutcome record(const RecordParams& params, void (*say)(const std::string&)) {
  const Environment environment = current_environment();
  const Upstream upstream = params.upstream ? *params.upstream : find_upstream(environment);
  const PrivateFolder folder;
  proxy::ProxyParams proxy_params;
  proxy_params.listen = {proxy::Address::parse("127.0.0.1:0"),
                         proxy::Address::parse("unix:" + folder.path() + "/proxy")};
  proxy_params.upstream = upstream.address;
  proxy_params.upstream_tls = upstream.tls;
  const std::string hooks = params.hooks ? companion("hooks") : std::string();
  if (!hooks.empty()) proxy_params.hook_pipe = folder.path() + "/hooks";

  RecordedChild child;
  proxy::Proxy proxy(proxy_params);
  proxy.start(create_trace(params.trace, fs::path(params.command[0]).filename().string(), params.redact));
  say(fmt::format("recording PostgreSQL at {} ({}) into {}", upstream.address.text(), upstream.found_in, params.trace));
  Environment for_child = redirected(environment, upstream.address, proxy.listening()[0].port());
  if (!hooks.empty()) lead_to_hooks(for_child, hooks, proxy_params.hook_pipe);
  const std::string library = companion("libquell_redirect.so");
  if (library.empty()) {
    say("libquell_redirect.so is not beside this program: only what the environment names is recorded");
  } else {
    preload(for_child, library, proxy.upstreams(), proxy.listening()[0], proxy.listening()[1]);
  }

  RecordOutcome outcome;
  outcome.exit_code = child.run(params.command, for_child, outcome.problem);
  // The command is gone; its last messages may still be in our sockets.
  const auto give_up = std::chrono::steady_clock::now() + kLastWords;
  while (proxy.stats().open > 0 && std::chrono::steady_clock::now() < give_up) {
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  proxy.stop();
  outcome.stats = proxy.stats();
  return outcome;
}

std::vector<std::string> describe(const proxy::ProxyStats& stats, const std::string& trace) {
  const proxy::RecorderStats& recorder = stats.recorder;
  std::vector<std::string> out;
  out.push_back(fmt::format("recorded {} {} on {} {} in {}", recorder.queries,
                            recorder.queries == 1 ? "execution" : "executions", recorder.connections,
                            recorder.connections == 1 ? "connection" : "connections", trace));
  if (stats.accepted == 0) {
    out.push_back("no connection came through the proxy: name the server that the program uses with --upstream");
  }
  if (recorder.hook_lost > 0) {
    out.push_back(fmt::format("{} call sites are missing: the program told of them faster than they were read",
                              recorder.hook_lost));
  }
  if (stats.upstream_failed > 0) {
    out.push_back(fmt::format("PostgreSQL could not be reached for {} connections; they were told so (08006)",
                              stats.upstream_failed));
  }
  if (stats.refused > 0) {
    out.push_back(fmt::format("{} connections were refused: no PostgreSQL client, or TLS that failed", stats.refused));
  }
  if (stats.stripped_offers > 0) {
    out.push_back(fmt::format(
        "SCRAM-SHA-256-PLUS was taken out of the server's offer {} times, because the clients came without TLS",
        stats.stripped_offers));
  }
  if (recorder.dropped > 0) {
    out.push_back(fmt::format("INCOMPLETE: {} events were dropped, the recorder was too slow", recorder.dropped));
  }
  if (recorder.untracked > 0) {
    out.push_back(fmt::format("INCOMPLETE: {} sessions could only be relayed, not read", recorder.untracked));
  }
  if (!recorder.write_error.empty()) {
    out.push_back(fmt::format("INCOMPLETE: the trace could not be written: {}", recorder.write_error));
  }
  return out;
}

}  // namespace quell::cli
