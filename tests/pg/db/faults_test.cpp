// Connections that break: every phase of a connection, cut, half sent or left without an answer, through a relay.

#include "tests/pg/db/faults.hpp"

#include <gmock/gmock.h>

#include <functional>

namespace quell::db {
namespace {

using namespace std::chrono_literals;
using quell::test::Relay;
using test::Cancellable;
using test::error_of;
using test::run;
using testing::HasSubstr;
using Direction = Relay::Direction;
using Action = Relay::Action;
using Clock = std::chrono::steady_clock;

using FaultsTest = test::FaultsTest;

Awaitable<std::uint32_t> pid_of(Pool& pool) {
  Lease lease = co_await pool.acquire();
  co_await lease->query("select 1");
  co_return lease->backend_pid();
}

/// Waits until everything given back has been cleaned up.
Awaitable<void> settled(Pool& pool) {
  for (int i = 0; i < 5000 && pool.status().checked_out > 0; ++i) co_await test::sleep_for(1ms);
  EXPECT_EQ(pool.status().checked_out, 0U);
}

// --- the relay itself ----------------------------------------------------------------------------------------------

TEST_F(FaultsTest, RelayForwardsWhatItDoesNotBreak) {
  run([&]() -> Awaitable<void> {
    Connection connection = co_await Connection::open(relayed());
    EXPECT_EQ(co_await connection.fetch_one<std::int64_t>(
                  "select sum(length(repeat('x', i))) from generate_series(1, 1000) i"),
              500'500);
    const std::string large(300'000, 'y');
    EXPECT_EQ(co_await connection.fetch_one<std::string>("select $1::text", large), large);
    EXPECT_EQ(relay_.open(), 1U);
  });
}

TEST_F(FaultsTest, RelayDelaysBothWays) {
  run([&]() -> Awaitable<void> {
    Connection connection = co_await Connection::open(relayed());
    relay_.delay(30ms);
    const auto start = Clock::now();
    co_await connection.query("select 1");
    EXPECT_GE(Clock::now() - start, 60ms);
  });
}

// --- no answer -----------------------------------------------------------------------------------------------------

TEST_F(FaultsTest, DeadPeer_ConnectingEndsAtTheDeadlineOrTheTimeout) {
  relay_.drop();
  run([&]() -> Awaitable<void> {
    ConnectParams params = relayed();
    params.connect_timeout = 80ms;
    auto start = Clock::now();
    const auto timeout = co_await error_of<ConnectError>(Connection::open(params));
    EXPECT_TRUE(timeout);
    EXPECT_THAT(timeout->what(), HasSubstr("within 80 ms"));
    EXPECT_LT(Clock::now() - start, 1s);
    start = Clock::now();
    EXPECT_TRUE(co_await error_of<DeadlineExceeded>(Connection::open(params, Deadline::after(20ms))));
    EXPECT_LT(Clock::now() - start, 1s);
  });
}

TEST_F(FaultsTest, DeadPeer_StatementEndsAtItsDeadlineAndTheConnectionIsReplaced) {
  run([&]() -> Awaitable<void> {
    Pool pool(co_await boost::asio::this_coro::executor, pool_of(1));
    const std::uint32_t first = co_await pid_of(pool);
    {
      Lease lease = co_await pool.acquire();
      relay_.drop();
      const auto start = Clock::now();
      EXPECT_TRUE(co_await error_of<DeadlineExceeded>(lease->query({"select 1", Deadline::after(100ms)})));
      EXPECT_LT(Clock::now() - start, 1s);
    }
    relay_.heal();
    EXPECT_NE(co_await pid_of(pool), first);
    co_await settled(pool);
  });
}

TEST_F(FaultsTest, DeadPeer_CancelRequestsOfOthersAreStillSent) {
  run([&]() -> Awaitable<void> {
    Connection dead = co_await Connection::open(relayed());
    Connection alive = co_await Connection::open(ConnectParams(dsn(cluster_->port())));
    relay_.drop();
    EXPECT_TRUE(co_await error_of<DeadlineExceeded>(dead.query({"select 1", Deadline::after(50ms)})));
    // Its cancel request hangs now, as long as the kernel likes.
    EXPECT_TRUE(co_await error_of<DeadlineExceeded>(alive.query({"select pg_sleep(30)", Deadline::after(50ms)})));
    const auto start = Clock::now();
    EXPECT_EQ(co_await alive.fetch_one<int>("select 1"), 1);
    EXPECT_LT(Clock::now() - start, 1500ms);
  });
}

TEST_F(FaultsTest, DeadPeer_PingGivesUpAndTheConnectionIsReplaced) {
  run([&]() -> Awaitable<void> {
    PoolParams params = pool_of(1);
    params.pre_ping = true;
    params.ping_after_idle = 0ms;
    params.reset_timeout = 100ms;
    Pool pool(co_await boost::asio::this_coro::executor, params);
    const std::uint32_t first = co_await pid_of(pool);
    relay_.drop();
    relay_.heal();  // the server is back, the old connection is dead
    const auto start = Clock::now();
    EXPECT_NE(co_await pid_of(pool), first);
    EXPECT_LT(Clock::now() - start, 2s);
  });
}

TEST_F(FaultsTest, HalfAPacket_EndsAtTheDeadlineAndTheConnectionIsReusedWhenTheRestComes) {
  run([&]() -> Awaitable<void> {
    Connection connection = co_await Connection::open(relayed());
    const std::uint32_t pid = connection.backend_pid();
    relay_.arm({.direction = Direction::to_client, .bytes = 3, .action = Action::hold});  // of a five-byte header
    const auto start = Clock::now();
    EXPECT_TRUE(co_await error_of<DeadlineExceeded>(connection.query({"select 1", Deadline::after(80ms)})));
    EXPECT_LT(Clock::now() - start, 1s);
    relay_.release();
    EXPECT_EQ(co_await connection.fetch_one<int>("select 2"), 2);
    EXPECT_EQ(connection.backend_pid(), pid);
  });
}

TEST_F(FaultsTest, HalfAPacketWithoutDeadline_WaitsForTheRest) {
  run([&]() -> Awaitable<void> {
    Connection connection = co_await Connection::open(relayed());
    relay_.arm({.direction = Direction::to_client, .bytes = 3, .action = Action::hold});
    const Cancellable later(co_await boost::asio::this_coro::executor, [](Relay& relay) -> Awaitable<void> {
      co_await test::sleep_for(60ms);
      relay.release();
    }(relay_));
    const auto start = Clock::now();
    EXPECT_EQ(co_await connection.fetch_one<int>("select 2"), 2);
    EXPECT_GE(Clock::now() - start, 50ms);
  });
}

TEST_F(FaultsTest, DeadlineInTheMiddleOfAResult_CancelsAndReusesTheConnection) {
  run([&]() -> Awaitable<void> {
    Pool pool(co_await boost::asio::this_coro::executor, pool_of(1));
    const std::uint32_t first = co_await pid_of(pool);
    {
      Lease lease = co_await pool.acquire();
      // More than any socket buffer holds: the server is still sending when the request reaches it.
      relay_.arm({.direction = Direction::to_client, .bytes = 5'000, .action = Action::hold});
      EXPECT_TRUE(co_await error_of<DeadlineExceeded>(
          lease->query({"select i, repeat('x', 1000) from generate_series(1, 100000) i", Deadline::after(100ms)})));
      EXPECT_TRUE(relay_.fired());
      relay_.release();
    }
    const std::size_t before = relay_.bytes_to_client();
    EXPECT_EQ(co_await pid_of(pool), first);
    EXPECT_LT(relay_.bytes_to_client() - before, 90'000'000U) << "cancelled, not read to its end";
    EXPECT_EQ(pool.status().checked_in, 1U);
  });
}

// --- cut -----------------------------------------------------------------------------------------------------------

TEST_F(FaultsTest, RefusedConnect_IsAConnectErrorAndGivesTheSlotBack) {
  relay_.refuse();
  run([&]() -> Awaitable<void> {
    Pool pool(co_await boost::asio::this_coro::executor, pool_of(1));
    EXPECT_TRUE(co_await error_of<ConnectError>(pid_of(pool)));
    EXPECT_EQ(pool.status().checked_out, 0U);
    relay_.heal();
    EXPECT_GT(co_await pid_of(pool), 0U);
  });
}

TEST_F(FaultsTest, CutInAuthentication_IsAConnectErrorAndGivesTheSlotBack) {
  // The answer to the TLS question, and ten bytes of what follows it.
  for (const std::size_t bytes : {0U, 1U, 11U}) {
    relay_.arm({.direction = Direction::to_client, .bytes = bytes, .action = Action::cut});
    run([&]() -> Awaitable<void> {
      Pool pool(co_await boost::asio::this_coro::executor, pool_of(1));
      EXPECT_TRUE(co_await error_of<ConnectError>(pid_of(pool))) << bytes;
      EXPECT_TRUE(relay_.fired());
      EXPECT_EQ(pool.status().checked_out, 0U);
      EXPECT_GT(co_await pid_of(pool), 0U);
    });
  }
}

/// Arms `fault`, runs `use` on a lease and expects a lost connection, a slot that is free again and a pool that works.
void expect_lost(Relay& relay, PoolParams params, Relay::Fault fault, std::function<Awaitable<void>(Connection&)> use) {
  run([&]() -> Awaitable<void> {
    Pool pool(co_await boost::asio::this_coro::executor, params);
    const std::uint32_t first = co_await pid_of(pool);
    const auto start = Clock::now();
    {
      Lease lease = co_await pool.acquire();
      relay.arm(fault);
      const auto error = co_await error_of<ConnectError>(use(*lease));
      EXPECT_TRUE(error);
      EXPECT_TRUE(error && error->is_disconnect());
      EXPECT_TRUE(lease->is_broken());
      EXPECT_TRUE(co_await error_of<ConnectError>(lease->query("select 1"))) << "and stays lost";
      EXPECT_TRUE(relay.fired());
    }
    EXPECT_LT(Clock::now() - start, 2s);
    EXPECT_EQ(pool.status().checked_out, 0U);
    EXPECT_EQ(pool.status().checked_in, 0U) << "discarded";
    EXPECT_NE(co_await pid_of(pool), first);
  });
}

TEST_F(FaultsTest, CutWhileIdle_IsNoticedByTheNextStatement) {
  run([&]() -> Awaitable<void> {
    Pool pool(co_await boost::asio::this_coro::executor, pool_of(1));
    const std::uint32_t first = co_await pid_of(pool);
    relay_.cut();
    EXPECT_TRUE(co_await error_of<ConnectError>(pid_of(pool)));
    EXPECT_NE(co_await pid_of(pool), first);
  });
}

TEST_F(FaultsTest, CutBeforeAStatementIsWhollySent_LosesTheConnection) {
  expect_lost(relay_, pool_of(1), {Direction::to_server, "select 'half", 4, Action::cut},
              [](Connection& c) -> Awaitable<void> { co_await c.query("select 'half'"); });
}

TEST_F(FaultsTest, CutBeforeTheAnswer_LosesTheConnection) {
  expect_lost(relay_, pool_of(1), {Direction::to_client, {}, 0, Action::cut},
              [](Connection& c) -> Awaitable<void> { co_await c.query("select 'sent'"); });
}

TEST_F(FaultsTest, CutInTheMiddleOfAResult_LosesTheConnection) {
  expect_lost(relay_, pool_of(1), {Direction::to_client, {}, 50'000, Action::cut},
              [](Connection& c) -> Awaitable<void> { co_await c.query("select generate_series(1, 100000)"); });
}

TEST_F(FaultsTest, CutInCommit_LosesTheConnectionAndWhatWasNotCommitted) {
  // Before the server sees it; a cut after it would leave the outcome open, which the error cannot know.
  expect_lost(relay_, pool_of(1), {Direction::to_server, "commit", 0, Action::cut},
              [](Connection& c) -> Awaitable<void> {
                Transaction transaction = co_await c.begin();
                co_await c.execute("insert into notes values (1, 'lost')");
                co_await transaction.commit();
              });
  run([&]() -> Awaitable<void> {
    Connection connection = co_await Connection::open(relayed());
    EXPECT_EQ(co_await connection.fetch_one<std::int64_t>("select count(*) from notes where id = 1"), 0);
  });
}

TEST_F(FaultsTest, CutInAPipeline_KeepsTheAnswersThatCame) {
  run([&]() -> Awaitable<void> {
    Pool pool(co_await boost::asio::this_coro::executor, pool_of(1));
    const std::uint32_t first = co_await pid_of(pool);
    {
      Lease lease = co_await pool.acquire();
      Pipeline pipeline(*lease);
      const auto early = pipeline.add<std::string>("select 'early'");
      const auto late = pipeline.add<std::string>("select repeat('late', 10000)");
      relay_.arm({.direction = Direction::to_client, .after_text = "latelate", .bytes = 8, .action = Action::cut});
      EXPECT_TRUE(co_await error_of<ConnectError>(pipeline.run()));
      EXPECT_TRUE(lease->is_broken());
      EXPECT_EQ(early.one(), "early");
      EXPECT_THROW((void)late.one(), Error);
    }
    EXPECT_NE(co_await pid_of(pool), first);
    EXPECT_EQ(pool.status().checked_in, 1U);
  });
}

TEST_F(FaultsTest, CutInReset_DiscardsTheConnectionInTheBackground) {
  run([&]() -> Awaitable<void> {
    Pool pool(co_await boost::asio::this_coro::executor, pool_of(1));
    const std::uint32_t first = co_await pid_of(pool);
    {
      Lease lease = co_await pool.acquire();
      const Transaction dropped = co_await lease->begin();
      relay_.arm({.direction = Direction::to_server, .after_text = "rollback", .action = Action::cut});
    }
    co_await settled(pool);
    EXPECT_TRUE(relay_.fired());
    EXPECT_EQ(pool.status().checked_in, 0U);
    EXPECT_NE(co_await pid_of(pool), first);
  });
}

TEST_F(FaultsTest, DeadPeerInReset_IsGivenUpAfterTheResetTimeout) {
  run([&]() -> Awaitable<void> {
    PoolParams params = pool_of(1);
    params.reset_timeout = 100ms;
    Pool pool(co_await boost::asio::this_coro::executor, params);
    const std::uint32_t first = co_await pid_of(pool);
    {
      Lease lease = co_await pool.acquire();
      const Transaction dropped = co_await lease->begin();
      relay_.arm({.direction = Direction::to_server, .after_text = "rollback", .action = Action::drop});
    }
    const auto start = Clock::now();
    EXPECT_NE(co_await pid_of(pool), first) << "who waits gets the slot";
    EXPECT_LT(Clock::now() - start, 2s);
  });
}

TEST_F(FaultsTest, ServerRestart_CostsOneFailedPingAndReplacesEveryOldConnection) {
  run([&]() -> Awaitable<void> {
    PoolParams params = pool_of(3);
    params.pre_ping = true;
    params.ping_after_idle = 0ms;
    Pool pool(co_await boost::asio::this_coro::executor, params);
    std::optional<Lease> in_use;
    {
      const Lease a = co_await pool.acquire();
      const Lease b = co_await pool.acquire();
      in_use = co_await pool.acquire();
    }
    cluster_->restart(/*immediate=*/true);
    recorder_.clear();
    Lease a = co_await pool.acquire();
    Lease b = co_await pool.acquire();
    EXPECT_EQ(co_await a->fetch_one<int>("select 1"), 1);
    EXPECT_EQ(co_await b->fetch_one<int>("select 2"), 2);
    EXPECT_TRUE(co_await error_of<Error>((*in_use)->query("select 3"))) << "its holder is told";
    in_use.reset();
    Lease c = co_await pool.acquire();
    EXPECT_EQ(co_await c->fetch_one<int>("select 3"), 3);
    using enum trace::PoolAction;
    const auto count = [&](trace::PoolAction action) {
      return std::count(recorder_.pool.begin(), recorder_.pool.end(), action);
    };
    EXPECT_EQ(count(ping), 0) << "none succeeded";
    EXPECT_EQ(count(invalidate), 1) << "one failed";
    EXPECT_EQ(count(connect), 3);
  });
}

// --- anywhere ------------------------------------------------------------------------------------------------------

/// A session that goes through every kind of exchange.
Awaitable<void> whole_session(Pool& pool) {
  Lease lease = co_await pool.acquire();
  co_await lease->query("select 1");
  {
    Transaction transaction = co_await lease->begin();
    co_await lease->execute("insert into notes values (7, 'seven')");
    co_await transaction.rollback();
  }
  Pipeline pipeline(*lease);
  for (int i = 0; i < 3; ++i) pipeline.add("select $1::int", i);
  co_await pipeline.run();
  co_await lease->execute_script("select 2; select 3");
  const Transaction left_open = co_await lease->begin();
  co_await lease->query("select 4");
}

TEST_F(FaultsTest, CutAfterAnyNumberOfBytes_LosesNoSlotAndTheNextCallerIsServed) {
  for (const Direction direction : {Direction::to_client, Direction::to_server}) {
    bool fired = true;
    int runs = 0;
    for (std::size_t bytes = 0; fired; bytes += 13, ++runs) {
      run([&]() -> Awaitable<void> {
        Pool pool(co_await boost::asio::this_coro::executor, pool_of(1));
        relay_.arm({.direction = direction, .bytes = bytes, .action = Action::cut});
        bool lost = false;
        try {
          co_await whole_session(pool);
        } catch (const Error& error) {
          lost = true;
          EXPECT_TRUE(error.is_disconnect()) << error.what();
        }
        co_await settled(pool);
        fired = relay_.fired();
        relay_.disarm();
        EXPECT_TRUE(fired || !lost) << bytes;
        EXPECT_EQ(co_await error_of<Error>(whole_session(pool)), std::nullopt) << bytes;
      });
      ASSERT_FALSE(HasFailure()) << "after " << bytes << " bytes";
    }
    EXPECT_GT(runs, 20) << "it was cut at many places";
  }
}

TEST_F(FaultsTest, CancelledAfterAnyNumberOfBytes_LosesNoSlotAndTheNextCallerIsServed) {
  bool fired = true;
  int runs = 0;
  for (std::size_t bytes = 0; fired; bytes += 41, ++runs) {
    run([&]() -> Awaitable<void> {
      Pool pool(co_await boost::asio::this_coro::executor, pool_of(1));
      relay_.arm({.direction = Direction::to_client, .bytes = bytes, .action = Action::hold});
      Cancellable session(co_await boost::asio::this_coro::executor, whole_session(pool));
      while (!session.ended() && !relay_.fired()) co_await test::sleep_for(1ms);
      session.cancel();
      while (!session.ended()) co_await test::sleep_for(1ms);
      relay_.disarm();
      fired = relay_.fired();
      relay_.release();
      EXPECT_EQ(co_await error_of<Error>(whole_session(pool)), std::nullopt) << bytes;
      co_await settled(pool);
      EXPECT_EQ(pool.status().waiting, 0U);
      EXPECT_EQ(pool.status().checked_in, 1U);
    });
    ASSERT_FALSE(HasFailure()) << "after " << bytes << " bytes";
  }
  EXPECT_GT(runs, 20) << "it was cancelled at many places";
}

}  // namespace
}  // namespace quell::db
