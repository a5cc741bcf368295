// What a pool tells and what it runs for the program: notices, leaks, on_connect; its kinds, and what lies outside it.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/pg/db/recorder.hpp"
#include "tests/pg/db/support.hpp"
#include "tests/pg/support/cluster.hpp"

namespace quell::db {
namespace {

using namespace std::chrono_literals;
using test::error_of;
using test::run;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

class PoolNoticesTest : public testing::Test {
 protected:
  struct Kept {
    std::string kind;
    std::string file;
    std::uint32_t line = 0;
    std::uint32_t backend_pid = 0;
    std::chrono::nanoseconds time{0};
    std::string text;
  };

  PoolParams params(std::size_t size, int overflow) {
    PoolParams params;
    params.connect = ConnectParams(dsn_);
    params.pool_size = size;
    params.max_overflow = overflow;
    params.timeout = 100ms;
    params.on_notice = [this](const PoolNotice& notice) {
      notices_.push_back({std::string(to_string(notice.kind)), notice.site.file_name(), notice.site.line(),
                          notice.backend_pid, notice.time, std::string(notice.text)});
    };
    return params;
  }
  /// The kinds in order, since the last time.
  std::vector<std::string> kinds() {
    std::vector<std::string> kinds;
    for (const Kept& notice : std::exchange(notices_, {})) kinds.push_back(notice.kind);
    return kinds;
  }
  const Kept* find(std::string_view kind) {
    for (const Kept& notice : notices_)
      if (notice.kind == kind) return &notice;
    return nullptr;
  }

  std::string dsn_ = quell::test::fresh_database();
  std::vector<Kept> notices_;
};

Awaitable<std::uint32_t> pid_of(Pool& pool) {
  Lease lease = co_await pool.acquire();
  co_return lease->backend_pid();
}

TEST_F(PoolNoticesTest, TellTheLifeOfAConnection) {
  run([&]() -> Awaitable<void> {
    Pool pool(co_await boost::asio::this_coro::executor, params(1, 0));
    co_await pid_of(pool);
    EXPECT_THAT(kinds(), ElementsAre("first_connect", "connect", "checkout", "checkin"));
    {
      Lease lease = co_await pool.acquire();
      const Transaction dropped = co_await lease->begin();
    }
    co_await test::sleep_for(20ms);
    EXPECT_THAT(kinds(), ElementsAre("checkout", "checkin", "reset"));
    {
      Lease lease = co_await pool.acquire();
      lease.invalidate_softly();
      EXPECT_EQ(co_await lease->fetch_one<int>("select 1"), 1) << "may be used on";
    }
    EXPECT_THAT(kinds(), ElementsAre("checkout", "soft_invalidate", "checkin", "close"));
    {
      Lease lease = co_await pool.acquire();
      const std::uint32_t pid = lease->backend_pid();
      lease.invalidate();
      EXPECT_TRUE(co_await error_of<ConnectError>(lease->query("select 1"))) << "closed at once";
      EXPECT_EQ(find("invalidate")->backend_pid, pid);
    }
    EXPECT_THAT(kinds(), ElementsAre("connect", "checkout", "invalidate", "checkin", "close"));
    {
      Lease lease = co_await pool.acquire();
      const Connection own = std::move(lease).detach();
    }
    EXPECT_THAT(kinds(), ElementsAre("connect", "checkout", "detach"));
    co_await pid_of(pool);
    pool.dispose();
    EXPECT_THAT(kinds(), ElementsAre("connect", "checkout", "checkin", "close"));
  });
}

TEST_F(PoolNoticesTest, ALeaseHeldTooLongIsReportedOnceWithItsCallSiteAndOnceMoreOnReturn) {
  run([&]() -> Awaitable<void> {
    PoolParams watched = params(2, 0);
    watched.leak_after = 40ms;
    Pool pool(co_await boost::asio::this_coro::executor, watched);
    {
      const std::uint32_t line = __LINE__ + 1;
      const Lease leaked = co_await pool.acquire();
      co_await pid_of(pool);
      co_await test::sleep_for(150ms);
      const Kept* leak = find("leak");
      EXPECT_TRUE(leak != nullptr);
      if (leak == nullptr) co_return;
      EXPECT_EQ(leak->line, line);
      EXPECT_THAT(leak->file, HasSubstr("pool_notices_test.cpp"));
      EXPECT_GE(leak->time, 40ms);
      EXPECT_LT(leak->time, 150ms);
    }
    const Kept* returned = find("leak_returned");
    EXPECT_TRUE(returned != nullptr && returned->time >= 150ms);
    const auto all = kinds();
    EXPECT_EQ(std::count(all.begin(), all.end(), "leak"), 1);
    EXPECT_EQ(std::count(all.begin(), all.end(), "leak_returned"), 1);
  });
}

TEST_F(PoolNoticesTest, AShortLeaseIsNoLeakAndItsTimerDoesNotKeepTheLoopAlive) {
  const auto start = std::chrono::steady_clock::now();
  run([&]() -> Awaitable<void> {
    PoolParams watched = params(1, 0);
    watched.leak_after = 10s;
    Pool pool(co_await boost::asio::this_coro::executor, watched);
    co_await pid_of(pool);
    Lease lease = co_await pool.acquire();
    Connection own = std::move(lease).detach();
    own.close();
  });
  EXPECT_LT(std::chrono::steady_clock::now() - start, 5s);
  EXPECT_EQ(find("leak"), nullptr);
}

TEST_F(PoolNoticesTest, OnConnectRunsOnEachNewConnectionBeforeAnybodyGetsIt) {
  run([&]() -> Awaitable<void> {
    PoolParams set_up = params(2, 0);
    set_up.on_connect = [](Connection& connection) -> Awaitable<void> {
      co_await connection.execute("set application_name = 'worker'");
    };
    Pool pool(co_await boost::asio::this_coro::executor, set_up);
    Lease a = co_await pool.acquire();
    Lease b = co_await pool.acquire();
    for (Lease* lease : {&a, &b})
      EXPECT_EQ(co_await (*lease)->fetch_one<std::string>("select current_setting('application_name')"), "worker");
  });
}

TEST_F(PoolNoticesTest, FailingOnConnectReachesTheCallerAndLosesNoSlot) {
  run([&]() -> Awaitable<void> {
    PoolParams broken = params(1, 0);
    broken.on_connect = [](Connection& connection) -> Awaitable<void> { co_await connection.execute("select 1 / 0"); };
    Pool pool(co_await boost::asio::this_coro::executor, broken);
    for (int i = 0; i < 3; ++i) EXPECT_TRUE(co_await error_of<DataError>(pool.acquire()));
    EXPECT_EQ(pool.status().checked_out, 0U);
  });
}

TEST_F(PoolNoticesTest, NullPoolOpensAConnectionForEachLease) {
  run([&]() -> Awaitable<void> {
    PoolParams none = params(1, 0);
    none.kind = PoolKind::null;
    Pool pool(co_await boost::asio::this_coro::executor, none);
    const std::uint32_t first = co_await pid_of(pool);
    EXPECT_NE(co_await pid_of(pool), first);
    {
      const Lease a = co_await pool.acquire();
      const Lease b = co_await pool.acquire();
      EXPECT_EQ(pool.status().to_string(), "pool size 0, checked in 0, overflow 0, checked out 2, waiting 0");
    }
    EXPECT_EQ(pool.status().to_string(), "pool size 0, checked in 0, overflow 0, checked out 0, waiting 0");
  });
}

TEST_F(PoolNoticesTest, SingleConnectionIsSharedInTurnAndNeverRecycled) {
  run([&]() -> Awaitable<void> {
    PoolParams single = params(5, 10);
    single.kind = PoolKind::single;
    single.recycle = 1ms;
    Pool pool(co_await boost::asio::this_coro::executor, single);
    const std::uint32_t first = co_await pid_of(pool);
    co_await test::sleep_for(10ms);
    EXPECT_EQ(co_await pid_of(pool), first);
    const Lease lease = co_await pool.acquire();
    const auto timeout = co_await error_of<PoolTimeout>(pool.acquire());
    EXPECT_TRUE(timeout);
    EXPECT_THAT(timeout->what(), AllOf(HasSubstr("size 1"), HasSubstr("overflow 0")));
  });
}

TEST_F(PoolNoticesTest, WhileTheServerIsAwayWaitersLearnWhy) {
  run([&]() -> Awaitable<void> {
    PoolParams away = params(2, 0);
    away.connect.dsn = quell::test::cluster().dsn("nowhere");
    away.connect_backoff = 10s;
    Pool pool(co_await boost::asio::this_coro::executor, away);
    EXPECT_TRUE(co_await error_of<ConnectError>(pool.acquire()));
    const auto timeout = co_await error_of<PoolTimeout>(pool.acquire());
    EXPECT_TRUE(timeout);
    EXPECT_THAT(timeout->what(), AllOf(HasSubstr("the last attempt to connect failed"), HasSubstr("\"nowhere\"")));
    EXPECT_THAT(kinds(), ElementsAre("connect_failed", "timeout"));
  });
}

TEST_F(PoolNoticesTest, AfterAPauseOneWaiterTriesAgainAndAllAreServed) {
  const std::string later = "later_" + std::to_string(getpid());
  boost::asio::io_context loop;
  PoolParams patient = params(3, 0);
  patient.connect.dsn = quell::test::cluster().dsn(later);
  patient.connect_backoff = 50ms;
  patient.timeout = 10s;
  Pool pool(loop.get_executor(), patient);
  int served = 0, refused = 0;
  for (int i = 0; i < 6; ++i) {
    boost::asio::co_spawn(loop, pid_of(pool),
                          [&](std::exception_ptr error, std::uint32_t) { ++(error ? refused : served); });
  }
  while (refused < 3) loop.run_one();  // all who could try at once
  EXPECT_EQ(pool.status().waiting, 3U);
  quell::test::cluster().create_database(later);
  loop.run();
  EXPECT_EQ(refused, 3);
  EXPECT_EQ(served, 3);
}

TEST_F(PoolNoticesTest, LimitOfTheQueueNamesTheHolders) {
  run([&]() -> Awaitable<void> {
    PoolParams limited = params(1, 0);
    limited.max_waiting = 0;
    Pool pool(co_await boost::asio::this_coro::executor, limited);
    const std::string holder = "pool_notices_test.cpp:" + std::to_string(__LINE__ + 1);
    const Lease lease = co_await pool.acquire();
    const auto timeout = co_await error_of<PoolTimeout>(pool.acquire());
    EXPECT_TRUE(timeout);
    EXPECT_THAT(timeout->what(), AllOf(HasSubstr("0 callers wait already"), HasSubstr(holder)));
  });
}

TEST_F(PoolNoticesTest, LastInFirstOutKeepsOneConnectionBusy) {
  run([&]() -> Awaitable<void> {
    for (const bool lifo : {false, true}) {
      PoolParams ordered = params(2, 0);
      ordered.use_lifo = lifo;
      Pool pool(co_await boost::asio::this_coro::executor, ordered);
      std::optional<Lease> first = co_await pool.acquire();
      std::optional<Lease> second = co_await pool.acquire();
      const std::uint32_t returned_last = (*second)->backend_pid();
      first.reset();
      second.reset();
      EXPECT_EQ(co_await pid_of(pool) == returned_last, lifo);
    }
  });
}

TEST_F(PoolNoticesTest, ForkedChildForgetsTheConnectionsOfItsParent) {
  boost::asio::io_context loop;
  Pool pool(loop.get_executor(), params(1, 0));
  std::uint32_t before = 0;
  const auto ask = [&] {
    boost::asio::co_spawn(
        loop,
        [](Pool& shared) -> Awaitable<std::uint32_t> {
          Lease lease = co_await shared.acquire();
          co_return static_cast<std::uint32_t>(co_await lease->fetch_one<int>("select pg_backend_pid()"));
        }(pool),
        [&](std::exception_ptr error, std::uint32_t pid) {
          EXPECT_FALSE(error);
          before = pid;
        });
    loop.restart();
    loop.run();
    return before;
  };
  const std::uint32_t first = ask();
  loop.notify_fork(boost::asio::execution_context::fork_prepare);
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    loop.notify_fork(boost::asio::execution_context::fork_child);
    pool.forget_after_fork();
    _exit(pool.status().checked_in == 0 ? 0 : 1);
  }
  loop.notify_fork(boost::asio::execution_context::fork_parent);
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  EXPECT_EQ(ask(), first) << "the server was not told goodbye";
}

}  // namespace
}  // namespace quell::db
