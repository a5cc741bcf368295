#include "cli/demo/private_cluster.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <grp.h>
#include <libpq-fe.h>
#include <netinet/in.h>
#include <pwd.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <memory>
#include <thread>
#include <utility>

#include <fmt/format.h>

namespace quell::demo {
namespace {

namespace fs = std::filesystem;

struct Account {
  uid_t uid = 0;
  gid_t gid = 0;
};

/// Whom the server runs as: ourselves, or an unprivileged account where we are root.
Account server_account() {
  if (geteuid() != 0) return {geteuid(), getegid()};
  for (const char* name : {"postgres", "nobody"}) {
    if (const passwd* entry = getpwnam(name)) return {entry->pw_uid, entry->pw_gid};
  }
  throw ClusterError(
      "PostgreSQL refuses to run as root, and this machine has neither a 'postgres' nor a 'nobody' account");
}

int version_of(const fs::path& bin) {
  const std::string name = bin.parent_path().filename().string();
  int version = 0;
  std::from_chars(name.data(), name.data() + name.size(), version);
  return version;
}

std::string find_bin_directory(const std::string& given) {
  const auto holds_server = [](const fs::path& folder) {
    std::error_code ignored;
    return fs::exists(folder / "initdb", ignored) && fs::exists(folder / "postgres", ignored);
  };
  if (!given.empty()) {
    if (holds_server(given)) return given;
    throw ClusterError(fmt::format("no initdb and postgres in '{}'", given));
  }
  if (const char* environment = std::getenv("QUELL_PG_BIN"); environment && *environment) {
    if (holds_server(environment)) return environment;
    throw ClusterError(fmt::format("QUELL_PG_BIN names '{}', which holds no initdb and postgres", environment));
  }
  std::error_code ignored;
  fs::path newest;
  for (const auto& entry : fs::directory_iterator("/usr/lib/postgresql", ignored)) {
    const fs::path bin = entry.path() / "bin";
    if (holds_server(bin) && (newest.empty() || version_of(bin) > version_of(newest))) newest = bin;
  }
  if (!newest.empty()) return newest.string();
  if (const char* path = std::getenv("PATH")) {
    std::string_view rest = path;
    while (!rest.empty()) {
      const std::size_t colon = rest.find(':');
      const std::string folder(rest.substr(0, colon));
      if (!folder.empty() && holds_server(folder)) return folder;
      if (colon == std::string_view::npos) break;
      rest.remove_prefix(colon + 1);
    }
  }
  throw ClusterError(
      "no PostgreSQL server found in /usr/lib/postgresql or PATH; install one (apt install postgresql) or set "
      "QUELL_PG_BIN to the folder that holds initdb and postgres");
}

std::uint16_t free_port() {
  const int probe = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (probe < 0) throw ClusterError("cannot open a socket to find a free port");
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof(address);
  const bool bound = bind(probe, reinterpret_cast<sockaddr*>(&address), length) == 0 &&
                     getsockname(probe, reinterpret_cast<sockaddr*>(&address), &length) == 0;
  close(probe);
  if (!bound) throw ClusterError("no free TCP port on 127.0.0.1");
  return ntohs(address.sin_port);
}

/// Starts a program as the server's account with both outputs in a log file. The child dies with this process.
pid_t spawn(const std::vector<std::string>& arguments, const std::string& directory, const std::string& log_path,
            Account account) {
  std::vector<char*> argv;
  for (const auto& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  const pid_t parent = getpid();
  const bool change_user = geteuid() == 0;
  const pid_t child = fork();
  if (child != 0) return child;
  // Between fork and exec only async-signal-safe calls.
  if (change_user && (setgroups(0, nullptr) != 0 || setgid(account.gid) != 0 || setuid(account.uid) != 0)) _exit(126);
  prctl(PR_SET_PDEATHSIG, SIGQUIT);
  if (getppid() != parent) _exit(126);
  // Its own group: a Ctrl-C at the terminal is for us; we stop the server in order.
  setpgid(0, 0);
  if (chdir(directory.c_str()) != 0) _exit(126);
  const int log = open(log_path.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
  const int null = open("/dev/null", O_RDONLY);
  if (log < 0 || null < 0) _exit(126);
  dup2(null, 0);
  dup2(log, 1);
  dup2(log, 2);
  for (int fd = 3; fd < 1024; ++fd) close(fd);
  execv(argv[0], argv.data());
  _exit(127);
}

std::string tail_of(const std::string& path) {
  std::ifstream in(path);
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  std::string out;
  for (std::size_t i = lines.size() > 6 ? lines.size() - 6 : 0; i < lines.size(); ++i) out += "\n  " + lines[i];
  return out;
}

using Connection = std::unique_ptr<PGconn, decltype(&PQfinish)>;

Connection connect(const std::string& dsn) {
  return {PQconnectdb(dsn.c_str()), &PQfinish};
}

}  // namespace

PrivateCluster PrivateCluster::start(ClusterParams params) {
  PrivateCluster cluster;
  cluster.bin_directory_ = find_bin_directory(params.bin_directory);
  cluster.settings_ = std::move(params.settings);
  cluster.start_timeout_ = params.start_timeout;
  cluster.tcp_ = params.tcp;
  cluster.keep_ = params.keep;

  std::error_code failure;
  const fs::path parent =
      params.parent_directory.empty() ? fs::temp_directory_path(failure) : fs::path(params.parent_directory);
  if (failure) throw ClusterError("the temporary folder does not exist; set TMPDIR to one that can be written");
  std::string pattern = (parent / "quell-pg-XXXXXX").string();
  // sun_path holds 107 bytes: say so here, not through the server's "could not create any Unix-domain sockets".
  if (pattern.size() > 85)
    throw ClusterError(fmt::format("'{}' is too long a path for a unix socket (85 bytes at most)", parent.string()));
  if (!mkdtemp(pattern.data()))
    throw ClusterError(fmt::format("cannot create a folder in '{}': {}", parent.string(), std::strerror(errno)));
  cluster.directory_ = pattern;

  const Account account = server_account();
  if (geteuid() == 0 && chown(pattern.c_str(), account.uid, account.gid) != 0)
    throw ClusterError(fmt::format("cannot give '{}' to the server's account: {}", pattern, std::strerror(errno)));
  chmod(pattern.c_str(), 0755);

  const std::string log = pattern + "/initdb.log";
  const pid_t child = spawn({cluster.bin_directory_ + "/initdb", "--pgdata=" + pattern + "/data", "--username=quell",
                             "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync"},
                            pattern, log, account);
  int status = 0;
  if (child < 0 || waitpid(child, &status, 0) != child || !WIFEXITED(status) || WEXITSTATUS(status) != 0)
    throw ClusterError(fmt::format("initdb failed:{}", tail_of(log)));
  cluster.port_ = free_port();
  cluster.launch();
  return cluster;
}

void PrivateCluster::launch() {
  std::vector<std::string> arguments = {bin_directory_ + "/postgres", "-D", directory_ + "/data"};
  const auto set = [&](const std::string& setting) {
    arguments.emplace_back("-c");
    arguments.push_back(setting);
  };
  set("unix_socket_directories=" + directory_);
  set("listen_addresses=" + std::string(tcp_ ? "127.0.0.1" : ""));
  set("port=" + std::to_string(port_));
  set("fsync=off");
  set("full_page_writes=off");
  set("max_connections=100");
  for (const auto& setting : settings_) set(setting);

  const std::string log = directory_ + "/server.log";
  pid_ = spawn(arguments, directory_, log, server_account());
  if (pid_ < 0) throw ClusterError("cannot start a process for the PostgreSQL server");
  const auto give_up = std::chrono::steady_clock::now() + start_timeout_;
  for (;;) {
    int status = 0;
    if (waitpid(pid_, &status, WNOHANG) == pid_) {
      pid_ = -1;
      throw ClusterError(fmt::format("the PostgreSQL server did not start:{}", tail_of(log)));
    }
    if (PQping(dsn().c_str()) == PQPING_OK) return;
    if (std::chrono::steady_clock::now() > give_up)
      throw ClusterError(
          fmt::format("the PostgreSQL server was not ready after {} s:{}", start_timeout_.count(), tail_of(log)));
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
}

PrivateCluster::PrivateCluster(PrivateCluster&& other) noexcept
    : directory_(std::exchange(other.directory_, {})),
      bin_directory_(std::move(other.bin_directory_)),
      settings_(std::move(other.settings_)),
      start_timeout_(other.start_timeout_),
      port_(other.port_),
      pid_(std::exchange(other.pid_, -1)),
      tcp_(other.tcp_),
      keep_(other.keep_) {}

PrivateCluster::~PrivateCluster() {
  stop();
}

std::string PrivateCluster::dsn(const std::string& database) const {
  return fmt::format("host={} port={} user=quell dbname={}", directory_, port_, database);
}

void PrivateCluster::execute(const std::string& database, const std::string& sql) const {
  const Connection connection = connect(dsn(database));
  if (PQstatus(connection.get()) != CONNECTION_OK) throw ClusterError(PQerrorMessage(connection.get()));
  const std::unique_ptr<PGresult, decltype(&PQclear)> result(PQexec(connection.get(), sql.c_str()), &PQclear);
  const ExecStatusType status = PQresultStatus(result.get());
  if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) throw ClusterError(PQresultErrorMessage(result.get()));
}

void PrivateCluster::create_database(const std::string& name) const {
  execute("postgres", "create database " + name);
}

void PrivateCluster::shut_down(int signal) noexcept {
  if (pid_ <= 0) return;
  kill(pid_, signal);
  for (int tenths = 0; tenths < 100; ++tenths) {
    if (waitpid(pid_, nullptr, WNOHANG) == pid_) {
      pid_ = -1;
      return;
    }
    if (tenths == 50) kill(pid_, SIGQUIT);
    std::this_thread::sleep_for(std::chrono::milliseconds(tenths < 10 ? 10 : 100));
  }
  kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
  pid_ = -1;
}

void PrivateCluster::stop() noexcept {
  shut_down(SIGINT);
  if (directory_.empty() || keep_) return;
  std::error_code ignored;
  fs::remove_all(directory_, ignored);
  directory_.clear();
}

void PrivateCluster::restart(bool immediate) {
  shut_down(immediate ? SIGQUIT : SIGINT);
  launch();
}

}  // namespace quell::demo
