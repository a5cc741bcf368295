#pragma once

#include <gtest/gtest.h>
#include <libpq-fe.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <string>

#include <sys/wait.h>
#include <unistd.h>

#include "agent/proxy/proxy.hpp"
#include "tests/pg/support/cluster.hpp"
#include "tests/unit/proxy/trace_contents.hpp"

namespace quell::proxy::pg {

struct Outcome {
  int status = -1;
  std::string output;  ///< stdout and stderr
};

/// Runs a shell command to its end.
inline Outcome run(const std::string& command) {
  Outcome outcome;
  FILE* pipe = popen(("( " + command + " ) 2>&1").c_str(), "r");
  char buffer[4'096];
  while (const std::size_t got = fread(buffer, 1, sizeof buffer, pipe)) outcome.output.append(buffer, got);
  const int status = pclose(pipe);
  outcome.status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  return outcome;
}

struct ConnectionCloser {
  void operator()(PGconn* connection) const { PQfinish(connection); }
  void operator()(PGresult* result) const { PQclear(result); }
};
using Connection = std::unique_ptr<PGconn, ConnectionCloser>;
using Result = std::unique_ptr<PGresult, ConnectionCloser>;

/// A database of its own and a recording proxy in front of the private server.
class Proxied : public testing::Test {
 protected:
  static constexpr const char* kDatabase = "proxied";

  static void SetUpTestSuite() {
    demo::PrivateCluster& cluster = test::cluster();
    cluster.execute("postgres", std::string("drop database if exists ") + kDatabase);
    cluster.create_database(kDatabase);
    cluster.execute(kDatabase,
                    "create table posts (id int primary key, author_id int, title text);"
                    "insert into posts select i, i % 3 + 1, 'title ' || i from generate_series(1, 20) i");
  }
  void SetUp() override { start(); }
  void TearDown() override {
    if (proxy_) proxy_->stop();
    std::filesystem::remove(trace_path_);
  }

  void start() {
    demo::PrivateCluster& cluster = test::cluster();
    ProxyParams params;
    params.listen = {Address::parse("127.0.0.1:0")};
    params.upstream = Address::parse(cluster.socket_directory() + ":" + std::to_string(cluster.port()));
    params.loops = 2;
    proxy_.emplace(params, trace::Writer::create(trace_path_, {}));
  }

  /// Stops the proxy and reads what it recorded.
  test::TraceContents recorded() {
    proxy_->stop();
    return test::TraceContents(trace_path_);
  }

  [[nodiscard]] std::uint16_t port() const { return proxy_->listening().at(0).port(); }
  [[nodiscard]] std::string dsn(const std::string& more = "") const {
    return "host=127.0.0.1 port=" + std::to_string(port()) + " user=quell dbname=" + kDatabase + " " + more;
  }
  /// The same database without the proxy.
  [[nodiscard]] static std::string direct() { return test::cluster().dsn(kDatabase); }
  [[nodiscard]] std::string tool(const std::string& name) const { return test::cluster().bin_directory() + "/" + name; }

  [[nodiscard]] Connection connect(const std::string& more = "") const {
    Connection connection(PQconnectdb(dsn(more).c_str()));
    EXPECT_EQ(PQstatus(connection.get()), CONNECTION_OK) << PQerrorMessage(connection.get());
    return connection;
  }

  std::optional<Proxy> proxy_;
  const std::string trace_path_ = testing::TempDir() + "quell_pg_proxy_" + std::to_string(getpid()) + ".qtr";
};

}  // namespace quell::proxy::pg
