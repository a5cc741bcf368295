// Through PgBouncer in transaction mode, which moves a client to another server connection after each transaction and
// (Debian's 1.18) knows nothing of prepared statements.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <thread>

#include "tests/pg/db/support.hpp"
#include "tests/pg/support/cluster.hpp"

namespace quell::db {
namespace {

using namespace std::chrono_literals;
using test::error_of;
using test::run;

constexpr const char* kProgram = "/usr/sbin/pgbouncer";

/// A pgbouncer of our own beside the private server, with one connection to it for all clients.
class PgBouncerTest : public testing::Test {
 protected:
  void SetUp() override {
    if (!std::filesystem::exists(kProgram)) GTEST_SKIP() << kProgram << " is not installed: scripts/setup installs it";
    directory_ = quell::test::cluster().directory();
    std::ofstream(directory_ + "/users.txt") << "\"quell\" \"\"\n";
    std::ofstream(directory_ + "/pgbouncer.ini")
        << "[databases]\n* = host=" << directory_ << " port=" << quell::test::cluster().port() << "\n"
        << "[pgbouncer]\nlisten_addr =\nlisten_port = 6432\nunix_socket_dir = " << directory_ << "\n"
        << "auth_type = trust\nauth_file = " << directory_ << "/users.txt\n"
        << "pool_mode = transaction\ndefault_pool_size = 1\nlogfile = " << directory_ << "/pgbouncer.log\n";
    pid_ = fork();
    ASSERT_GE(pid_, 0);
    if (pid_ == 0) {
      become_ordinary();
      prctl(PR_SET_PDEATHSIG, SIGKILL);
      execl(kProgram, kProgram, "-q", (directory_ + "/pgbouncer.ini").c_str(), nullptr);
      _exit(127);
    }
    database_ = quell::test::fresh_database();
    database_ = "host=" + directory_ + " port=6432 user=quell " + database_.substr(database_.find("dbname="));
    for (int i = 0; i < 500 && !std::filesystem::exists(directory_ + "/.s.PGSQL.6432"); ++i)
      std::this_thread::sleep_for(10ms);
  }
  void TearDown() override {
    if (pid_ <= 0) return;
    kill(pid_, SIGINT);
    int status = 0;
    waitpid(pid_, &status, 0);
  }

  /// It refuses to run as root, like the server.
  static void become_ordinary() {
    if (geteuid() != 0) return;
    const passwd* account = getpwnam("postgres");
    if (account == nullptr || setgid(account->pw_gid) != 0 || setuid(account->pw_uid) != 0) _exit(126);
  }

  PoolParams pool_of(std::size_t size, std::size_t statement_cache) const {
    PoolParams params;
    params.connect = ConnectParams(database_);
    params.connect.statement_cache = statement_cache;
    params.pool_size = size;
    return params;
  }

  std::string directory_;
  std::string database_;
  pid_t pid_ = -1;
};

/// Several clients take turns on the one server connection, each with statements of its own.
Awaitable<void> take_turns(Pool& pool) {
  Lease a = co_await pool.acquire();
  Lease b = co_await pool.acquire();
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(co_await a->fetch_one<int>("select $1::int + 1", i), i + 1);
    EXPECT_EQ(co_await b->fetch_one<std::string>("select $1::text || '!'", "b"), "b!");
    EXPECT_EQ(co_await b->fetch_one<int>("select $1::int * 2", i), i * 2);
  }
}

TEST_F(PgBouncerTest, WithoutPreparedStatementsClientsShareAServerConnection) {
  run([&]() -> Awaitable<void> {
    Pool pool(co_await boost::asio::this_coro::executor, pool_of(4, /*statement_cache=*/0));
    co_await take_turns(pool);
    Lease a = co_await pool.acquire();
    Lease b = co_await pool.acquire();
    const auto pid = co_await a->fetch_one<int>("select pg_backend_pid()");
    EXPECT_EQ(co_await b->fetch_one<int>("select pg_backend_pid()"), pid) << "it is in transaction mode";
  });
}

TEST_F(PgBouncerTest, PreparedStatementsDoNotSurviveIt) {
  // Shows that the test above can fail.
  run([&]() -> Awaitable<void> {
    Pool pool(co_await boost::asio::this_coro::executor, pool_of(4, /*statement_cache=*/100));
    EXPECT_TRUE(co_await error_of<ServerError>(take_turns(pool)));
  });
}

TEST_F(PgBouncerTest, TransactionsAndPipelinesWork) {
  run([&]() -> Awaitable<void> {
    Pool pool(co_await boost::asio::this_coro::executor, pool_of(4, 0));
    Lease lease = co_await pool.acquire();
    {
      Transaction transaction = co_await lease->begin();
      co_await lease->execute("create table t (a int primary key)");
      Savepoint savepoint = co_await lease->savepoint();
      co_await lease->execute("insert into t values ($1)", 1);
      co_await savepoint.rollback();
      co_await lease->execute("insert into t values ($1)", 2);
      co_await transaction.commit();
    }
    Pipeline pipeline(*lease);
    std::vector<PipelineSlot<int>> slots;
    for (int i = 0; i < 10; ++i) slots.push_back(pipeline.add<int>("select a + $1::int from t", i));
    co_await pipeline.run();
    for (int i = 0; i < 10; ++i) EXPECT_EQ(slots[static_cast<std::size_t>(i)].one(), 2 + i);
  });
}

TEST_F(PgBouncerTest, DeadlineCancelsThroughItAndTheConnectionIsReused) {
  run([&]() -> Awaitable<void> {
    Pool pool(co_await boost::asio::this_coro::executor, pool_of(1, 0));
    Lease lease = co_await pool.acquire();
    EXPECT_TRUE(co_await error_of<DeadlineExceeded>(lease->query({"select pg_sleep(30)", Deadline::after(50ms)})));
    const auto start = std::chrono::steady_clock::now();
    EXPECT_EQ(co_await lease->fetch_one<int>("select 1"), 1);
    EXPECT_LT(std::chrono::steady_clock::now() - start, 2s);
  });
}

}  // namespace
}  // namespace quell::db
