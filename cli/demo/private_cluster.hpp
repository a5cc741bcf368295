#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include <sys/types.h>

#include <quell/trace/error.hpp>

namespace quell::demo {

/// No PostgreSQL on this machine, or it did not start.
class ClusterError : public Error {
 public:
  using Error::Error;
};

struct ClusterParams {
  /// Where the cluster's folder is made; empty: the system's temporary directory.
  std::string parent_directory;
  /// Folder that holds `initdb` and `postgres`; empty: QUELL_PG_BIN, then the newest /usr/lib/postgresql/*/bin, then
  /// PATH.
  std::string bin_directory;
  /// Listen on 127.0.0.1 too, on a free port; otherwise only on a unix socket.
  bool tcp = false;
  /// More `name=value` settings. fsync is off unless given here: the data is thrown away.
  std::vector<std::string> settings;
  std::chrono::seconds start_timeout{30};
  /// Keep the folder after stop().
  bool keep = false;
};

/// A PostgreSQL of our own in a temporary folder. Runs as `postgres` or `nobody` where we are root (the server refuses
/// root). Stopped by its pid and removed on destruction; also ended by the kernel when this process dies
/// (PR_SET_PDEATHSIG). Not thread-safe.
class PrivateCluster {
 public:
  /// Throws ClusterError with the next step in it: which package to install, which folder is not writable, or the
  /// server's own last log lines.
  static PrivateCluster start(ClusterParams params = {});

  PrivateCluster(PrivateCluster&& other) noexcept;
  PrivateCluster& operator=(PrivateCluster&&) = delete;
  ~PrivateCluster();

  /// libpq connection string of one database.
  [[nodiscard]] std::string dsn(const std::string& database = "postgres") const;
  [[nodiscard]] const std::string& directory() const { return directory_; }
  [[nodiscard]] const std::string& socket_directory() const { return directory_; }
  [[nodiscard]] const std::string& bin_directory() const { return bin_directory_; }
  [[nodiscard]] std::uint16_t port() const { return port_; }
  [[nodiscard]] pid_t pid() const { return pid_; }

  /// Runs `sql` (may be several statements) through libpq; throws ClusterError with the server's message.
  void execute(const std::string& database, const std::string& sql) const;
  void create_database(const std::string& name) const;

  /// Fast shutdown (SIGINT), then removes the folder unless kept. Called by the destructor.
  void stop() noexcept;
  /// Stop and start again on the same data, for restart tests. Immediate = SIGQUIT, as a crash.
  void restart(bool immediate = false);

 private:
  PrivateCluster() = default;
  void launch();
  void shut_down(int signal) noexcept;

  std::string directory_;
  std::string bin_directory_;
  std::vector<std::string> settings_;
  std::chrono::seconds start_timeout_{30};
  std::uint16_t port_ = 0;
  pid_t pid_ = -1;
  bool tcp_ = false;
  bool keep_ = false;
};

}  // namespace quell::demo
