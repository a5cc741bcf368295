#include <quell/db/pool.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>

#include "tests/pg/db/recorder.hpp"
#include "tests/pg/db/support.hpp"
#include "tests/pg/support/cluster.hpp"

namespace quell::db {
namespace {

using namespace std::chrono_literals;
using test::error_of;
using test::Recorder;
using test::run;
using testing::AllOf;
using testing::Contains;
using testing::HasSubstr;

class PoolTest : public testing::Test {
 protected:
  PoolParams params(std::size_t size, int overflow) {
    PoolParams params;
    params.connect = ConnectParams(dsn_);
    params.connect.observer = recorder_.observer();
    params.pool_size = size;
    params.max_overflow = overflow;
    params.timeout = 100ms;
    return params;
  }

  std::string dsn_ = quell::test::fresh_database();
  Recorder recorder_;
};

Awaitable<std::uint32_t> pid_of(Pool& pool) {
  Lease lease = co_await pool.acquire();
  co_return lease->backend_pid();
}

boost::asio::any_io_executor executor_of(const boost::asio::io_context& loop) {
  return const_cast<boost::asio::io_context&>(loop).get_executor();
}

TEST_F(PoolTest, ConnectionsAreReusedAndOverflowIsClosedOnReturn) {
  run([&]() -> Awaitable<void> {
    Pool pool(co_await boost::asio::this_coro::executor, params(1, 1));
    EXPECT_EQ(pool.status().checked_in, 0U) << "starts empty";
    const std::uint32_t first = co_await pid_of(pool);
    EXPECT_EQ(co_await pid_of(pool), first);
    {
      const Lease a = co_await pool.acquire();
      const Lease b = co_await pool.acquire();
      EXPECT_EQ(pool.status().overflow, 1U);
      EXPECT_EQ(pool.status().to_string(), "pool size 1, checked in 0, overflow 1, checked out 2, waiting 0");
    }
    EXPECT_EQ(pool.status().checked_in, 1U);
    EXPECT_EQ(pool.status().checked_out, 0U);
  });
}

TEST_F(PoolTest, ExhaustionNamesSizesTimeAndTheLongestHolder) {
  run([&]() -> Awaitable<void> {
    Pool pool(co_await boost::asio::this_coro::executor, params(1, 0));
    const std::string holder = "pool_test.cpp:" + std::to_string(__LINE__ + 1);
    const Lease lease = co_await pool.acquire();
    const auto start = std::chrono::steady_clock::now();
    const auto timeout = co_await error_of<PoolTimeout>(pool.acquire());
    const auto waited = std::chrono::steady_clock::now() - start;
    EXPECT_TRUE(timeout);
    EXPECT_THAT(timeout->what(),
                AllOf(HasSubstr("size 1"), HasSubstr("overflow 0"), HasSubstr("in 0.1 s"), HasSubstr(holder)));
    EXPECT_GE(waited, 100ms);
    EXPECT_LT(waited, 2s);
    EXPECT_THAT(recorder_.pool, Contains(trace::PoolAction::timeout));
    EXPECT_EQ(pool.status().waiting, 0U);
  });
}

TEST_F(PoolTest, DeadlineBeforeTheTimeoutIsADeadline) {
  run([&]() -> Awaitable<void> {
    PoolParams slow = params(1, 0);
    slow.timeout = 30s;
    Pool pool(co_await boost::asio::this_coro::executor, slow);
    const Lease lease = co_await pool.acquire();
    EXPECT_TRUE(co_await error_of<DeadlineExceeded>(pool.acquire({.deadline = Deadline::after(50ms)})));
  });
}

TEST_F(PoolTest, QueueHasALimit) {
  run([&]() -> Awaitable<void> {
    PoolParams limited = params(1, 0);
    limited.max_waiting = 0;
    Pool pool(co_await boost::asio::this_coro::executor, limited);
    const Lease lease = co_await pool.acquire();
    const auto start = std::chrono::steady_clock::now();
    EXPECT_TRUE(co_await error_of<PoolTimeout>(pool.acquire()));
    EXPECT_LT(std::chrono::steady_clock::now() - start, 50ms) << "fails at once";
  });
}

TEST_F(PoolTest, WaitersAreServedInOrder) {
  boost::asio::io_context loop;
  std::vector<int> order;
  {
    PoolParams patient = params(1, 0);
    patient.timeout = 30s;
    Pool pool(executor_of(loop), patient);
    for (int i = 0; i < 5; ++i) {
      boost::asio::co_spawn(
          loop,
          [](Pool& shared, std::vector<int>& done, int number) -> Awaitable<void> {
            Lease lease = co_await shared.acquire();
            co_await lease->query("select 1");
            done.push_back(number);
          }(pool, order, i),
          [](std::exception_ptr error) { EXPECT_FALSE(error); });
    }
    loop.run();
    EXPECT_EQ(pool.status().checked_in, 1U);
  }
  EXPECT_THAT(order, testing::ElementsAre(0, 1, 2, 3, 4));
}

TEST_F(PoolTest, OpenTransactionIsRolledBackOnReturn) {
  run([&]() -> Awaitable<void> {
    Pool pool(co_await boost::asio::this_coro::executor, params(1, 0));
    std::uint32_t pid = 0;
    {
      Lease lease = co_await pool.acquire();
      pid = lease->backend_pid();
      co_await lease->execute("create table t (a int)");
      const Transaction dropped = co_await lease->begin();
      co_await lease->execute("insert into t values (1)");
    }
    Lease lease = co_await pool.acquire();
    EXPECT_EQ(lease->backend_pid(), pid);
    EXPECT_FALSE(lease->in_transaction());
    EXPECT_EQ(co_await lease->fetch_one<std::int64_t>("select count(*) from t"), 0);
  });
}

TEST_F(PoolTest, NothingIsSentOnReturnAfterACommit) {
  run([&]() -> Awaitable<void> {
    Pool pool(co_await boost::asio::this_coro::executor, params(1, 0));
    {
      Lease lease = co_await pool.acquire();
      Transaction transaction = co_await lease->begin();
      co_await transaction.commit();
    }
    co_await test::sleep_for(20ms);
    EXPECT_THAT(recorder_.texts(), testing::ElementsAre("begin", "commit"));
  });
}

TEST_F(PoolTest, LeaseReturnedWithAStatementRunningIsCancelledAndReused) {
  run([&]() -> Awaitable<void> {
    PoolParams patient = params(1, 0);
    patient.timeout = 10s;
    Pool pool(co_await boost::asio::this_coro::executor, patient);
    const std::uint32_t pid = co_await pid_of(pool);
    {
      Lease lease = co_await pool.acquire({.deadline = Deadline::after(50ms)});
      EXPECT_TRUE(co_await error_of<DeadlineExceeded>(lease->query("select pg_sleep(30)")));
    }
    const auto start = std::chrono::steady_clock::now();
    EXPECT_EQ(co_await pid_of(pool), pid);
    EXPECT_LT(std::chrono::steady_clock::now() - start, 3s);
  });
}

/// Starts `pool.acquire()` and a long statement in a coroutine of its own and cancels it after a while.
Awaitable<void> cancelled_use(Pool& pool, std::chrono::milliseconds after) {
  boost::asio::cancellation_signal signal;
  bool ended = false;
  boost::asio::co_spawn(
      co_await boost::asio::this_coro::executor,
      [](Pool& shared) -> Awaitable<void> {
        Lease lease = co_await shared.acquire();
        const Transaction transaction = co_await lease->begin();
        co_await lease->query("select pg_sleep(30)");
      }(pool),
      boost::asio::bind_cancellation_slot(signal.slot(), [&](std::exception_ptr error) {
        ended = true;
        EXPECT_TRUE(error);
      }));
  co_await test::sleep_for(after);
  signal.emit(boost::asio::cancellation_type::terminal);
  while (!ended) co_await test::sleep_for(1ms);
}

TEST_F(PoolTest, CancelledCoroutineLosesNoSlot) {
  run([&]() -> Awaitable<void> {
    PoolParams patient = params(1, 0);
    patient.timeout = 10s;
    Pool pool(co_await boost::asio::this_coro::executor, patient);
    // From before the connect to the middle of the statement.
    for (const int delay : {0, 1, 2, 3, 5, 8, 40}) {
      co_await cancelled_use(pool, std::chrono::milliseconds(delay));
      Lease lease = co_await pool.acquire();
      EXPECT_EQ(co_await lease->fetch_one<int>("select 1"), 1) << delay;
      EXPECT_FALSE(lease->in_transaction());
    }
    co_await test::sleep_for(20ms);
    EXPECT_EQ(pool.status().checked_out, 0U);
    EXPECT_EQ(pool.status().checked_in, 1U);
  });
}

TEST_F(PoolTest, CancelledWaiterLeavesTheQueue) {
  run([&]() -> Awaitable<void> {
    PoolParams patient = params(1, 0);
    patient.timeout = 10s;
    Pool pool(co_await boost::asio::this_coro::executor, patient);
    {
      const Lease lease = co_await pool.acquire();
      co_await cancelled_use(pool, 20ms);
      EXPECT_EQ(pool.status().waiting, 0U);
    }
    EXPECT_EQ(co_await error_of<Error>(pid_of(pool)), std::nullopt);
  });
}

TEST_F(PoolTest, FailedConnectGivesTheSlotBack) {
  run([&]() -> Awaitable<void> {
    PoolParams wrong = params(1, 0);
    wrong.connect.dsn = quell::test::cluster().dsn("nowhere");
    Pool pool(co_await boost::asio::this_coro::executor, wrong);
    EXPECT_TRUE(co_await error_of<ConnectError>(pool.acquire()));
    EXPECT_TRUE(co_await error_of<ConnectError>(pool.acquire())) << "not a PoolTimeout: the slot is free again";
    EXPECT_EQ(pool.status().checked_out, 0U);
  });
}

TEST_F(PoolTest, ServerRestartCostsOneFailedPingAndReplacesAllOldConnections) {
  run([&]() -> Awaitable<void> {
    PoolParams pinging = params(3, 0);
    pinging.pre_ping = true;
    pinging.ping_after_idle = 0ms;
    pinging.timeout = 10s;
    Pool pool(co_await boost::asio::this_coro::executor, pinging);
    {
      const Lease a = co_await pool.acquire();
      const Lease b = co_await pool.acquire();
      const Lease c = co_await pool.acquire();
    }
    EXPECT_EQ(pool.status().checked_in, 3U);
    quell::test::cluster().restart(/*immediate=*/true);
    recorder_.clear();
    {
      Lease a = co_await pool.acquire();
      Lease b = co_await pool.acquire();
      Lease c = co_await pool.acquire();
      EXPECT_EQ(co_await a->fetch_one<int>("select 1"), 1);
      EXPECT_EQ(co_await b->fetch_one<int>("select 2"), 2);
      EXPECT_EQ(co_await c->fetch_one<int>("select 3"), 3);
    }
    using enum trace::PoolAction;
    EXPECT_EQ(std::count(recorder_.pool.begin(), recorder_.pool.end(), invalidate), 1) << "one failed ping";
    EXPECT_EQ(std::count(recorder_.pool.begin(), recorder_.pool.end(), ping), 0);
    EXPECT_EQ(std::count(recorder_.pool.begin(), recorder_.pool.end(), connect), 3);
  });
}

TEST_F(PoolTest, PingIsSkippedForAFreshConnection) {
  run([&]() -> Awaitable<void> {
    PoolParams pinging = params(1, 0);
    pinging.pre_ping = true;
    pinging.ping_after_idle = 10s;
    Pool pool(co_await boost::asio::this_coro::executor, pinging);
    co_await pid_of(pool);
    co_await pid_of(pool);
    EXPECT_THAT(recorder_.pool, testing::Not(Contains(trace::PoolAction::ping)));
  });
}

TEST_F(PoolTest, LostConnectionInvalidatesThePool) {
  run([&]() -> Awaitable<void> {
    Pool pool(co_await boost::asio::this_coro::executor, params(2, 0));
    std::uint32_t second = 0;
    {
      Lease a = co_await pool.acquire();
      Lease b = co_await pool.acquire();
      second = b->backend_pid();
      co_await b->query("select pg_terminate_backend($1)", static_cast<std::int32_t>(a->backend_pid()));
      EXPECT_TRUE(co_await error_of<Error>(a->query("select 1")));
    }
    EXPECT_NE(co_await pid_of(pool), second) << "all older connections are replaced";
  });
}

TEST_F(PoolTest, InvalidateDetachAndDispose) {
  run([&]() -> Awaitable<void> {
    Pool pool(co_await boost::asio::this_coro::executor, params(1, 0));
    const std::uint32_t first = co_await pid_of(pool);
    {
      Lease lease = co_await pool.acquire();
      lease.invalidate();
    }
    const std::uint32_t second = co_await pid_of(pool);
    EXPECT_NE(second, first);
    Lease lease = co_await pool.acquire();
    Connection own = std::move(lease).detach();
    EXPECT_EQ(pool.status().checked_out, 0U);
    EXPECT_EQ(own.backend_pid(), second);
    EXPECT_NE(co_await pid_of(pool), second);
    pool.dispose();
    EXPECT_EQ(pool.status().checked_in, 0U);
    EXPECT_TRUE(co_await error_of<UsageError>(pool.acquire()));
    EXPECT_EQ(co_await own.fetch_one<int>("select 1"), 1);
  });
}

TEST_F(PoolTest, RecycleReplacesOldConnections) {
  run([&]() -> Awaitable<void> {
    PoolParams short_lived = params(1, 0);
    short_lived.recycle = 30ms;
    Pool pool(co_await boost::asio::this_coro::executor, short_lived);
    const std::uint32_t first = co_await pid_of(pool);
    co_await test::sleep_for(60ms);
    EXPECT_NE(co_await pid_of(pool), first);
  });
}

TEST_F(PoolTest, ScopeTravelsWithTheLease) {
  run([&]() -> Awaitable<void> {
    Pool pool(co_await boost::asio::this_coro::executor, params(1, 0));
    {
      Lease lease = co_await pool.acquire({.scope = 42});
      co_await lease->query("select 1");
      EXPECT_EQ(recorder_.queries.back().scope, 42U);
    }
    Lease lease = co_await pool.acquire();
    co_await lease->query("select 1");
    EXPECT_EQ(recorder_.queries.back().scope, 0U);
  });
}

TEST_F(PoolTest, LeaseMayOutliveItsPool) {
  run([&]() -> Awaitable<void> {
    auto pool = std::make_unique<Pool>(co_await boost::asio::this_coro::executor, params(1, 0));
    Lease lease = co_await pool->acquire();
    pool.reset();
    EXPECT_EQ(co_await lease->fetch_one<int>("select 1"), 1);
  });
}

TEST_F(PoolTest, EventLoopDestroyedInTheMiddleOfEverythingLeaksNothing) {
  std::optional<Pool> pool;
  {
    boost::asio::io_context loop;
    pool.emplace(executor_of(loop), params(2, 0));
    for (int i = 0; i < 4; ++i) {
      boost::asio::co_spawn(
          loop,
          [](Pool& shared) -> Awaitable<void> {
            Lease lease = co_await shared.acquire();
            const Transaction transaction = co_await lease->begin();
            co_await lease->query("select pg_sleep(30)");
          }(*pool),
          [](std::exception_ptr) {});
    }
    loop.run_for(50ms);
    pool.reset();
  }
}

}  // namespace
}  // namespace quell::db
