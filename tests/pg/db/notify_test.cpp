#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/pg/db/support.hpp"
#include "tests/pg/support/cluster.hpp"

namespace quell::db {
namespace {

using namespace std::chrono_literals;
using test::error_of;
using test::run;

class NotifyTest : public testing::Test {
 protected:
  const std::string dsn_ = quell::test::fresh_database();
};

TEST_F(NotifyTest, PayloadAndSenderArrive) {
  run([&]() -> Awaitable<void> {
    Connection connection = co_await test::connect(dsn_);
    Connection sender = co_await test::connect(dsn_);
    Listener listener = co_await connection.listen("orders");
    co_await sender.query("select pg_notify('orders', 'naïve 7')");
    const auto arrived = co_await listener.next(Deadline::after(5s));
    EXPECT_TRUE(arrived.has_value());
    EXPECT_EQ(arrived->channel, "orders");
    EXPECT_EQ(arrived->payload, "naïve 7");
    EXPECT_EQ(arrived->backend_pid, sender.backend_pid());
  });
}

TEST_F(NotifyTest, WaitEndsWhenTheNotificationComesLater) {
  run([&]() -> Awaitable<void> {
    Connection connection = co_await test::connect(dsn_);
    Listener listener = co_await connection.listen("orders");
    const auto send_later = [](std::string dsn) -> Awaitable<void> {
      Connection sender = co_await test::connect(dsn);
      co_await test::sleep_for(50ms);
      co_await sender.query("notify orders");
    };
    boost::asio::co_spawn(co_await boost::asio::this_coro::executor, send_later(dsn_),
                          [](std::exception_ptr error) { EXPECT_FALSE(error); });
    const auto arrived = co_await listener.next(Deadline::after(10s));
    EXPECT_TRUE(arrived.has_value());
    EXPECT_EQ(arrived->payload, "");
  });
}

TEST_F(NotifyTest, NothingComesAtTheDeadlineAndTheConnectionGoesOn) {
  run([&]() -> Awaitable<void> {
    Connection connection = co_await test::connect(dsn_);
    Listener listener = co_await connection.listen("orders");
    const auto start = std::chrono::steady_clock::now();
    EXPECT_FALSE((co_await listener.next(Deadline::after(50ms))).has_value());
    EXPECT_GE(std::chrono::steady_clock::now() - start, 50ms);
    EXPECT_FALSE((co_await listener.next(Deadline::after(-1s))).has_value()) << "a look without waiting";
    EXPECT_EQ(co_await connection.fetch_one<int>("select 1"), 1);
  });
}

TEST_F(NotifyTest, WhatArrivesDuringStatementsIsKeptInOrder) {
  run([&]() -> Awaitable<void> {
    Connection connection = co_await test::connect(dsn_);
    Connection sender = co_await test::connect(dsn_);
    Listener orders = co_await connection.listen("orders");
    Listener others = co_await connection.listen("O\"thers");
    for (int i = 0; i < 3; ++i) {
      co_await sender.query("select pg_notify('orders', $1), pg_notify('O\"thers', $1)", std::to_string(i));
      co_await connection.query("select pg_sleep(0.01)");
    }
    for (int i = 0; i < 3; ++i) {
      EXPECT_EQ((co_await orders.next(Deadline::after(5s)))->payload, std::to_string(i));
      EXPECT_EQ(co_await connection.fetch_one<int>("select $1", i), i);
    }
    EXPECT_EQ((co_await others.next(Deadline::after(5s)))->payload, "0");
  });
}

TEST_F(NotifyTest, DroppedListenerStopsListening) {
  run([&]() -> Awaitable<void> {
    Connection connection = co_await test::connect(dsn_);
    {
      const Listener first = co_await connection.listen("orders");
      { const Listener second = co_await connection.listen("orders"); }
      EXPECT_EQ(co_await connection.fetch_one<std::string>("select pg_listening_channels()"), "orders")
          << "the first one goes on";
    }
    EXPECT_EQ(co_await connection.fetch_optional<std::string>("select pg_listening_channels()"), std::nullopt);
  });
}

TEST_F(NotifyTest, PoolGivesOutNoConnectionThatListens) {
  run([&]() -> Awaitable<void> {
    PoolParams params;
    params.connect = ConnectParams(dsn_);
    params.pool_size = 1;
    params.max_overflow = 0;
    Pool pool(co_await boost::asio::this_coro::executor, params);
    std::uint32_t pid = 0;
    {
      Lease lease = co_await pool.acquire();
      pid = lease->backend_pid();
      const Listener listener = co_await lease->listen("orders");
    }
    Lease lease = co_await pool.acquire();
    EXPECT_EQ(lease->backend_pid(), pid);
    EXPECT_EQ(co_await lease->fetch_optional<std::string>("select pg_listening_channels()"), std::nullopt);
  });
}

TEST_F(NotifyTest, ServerGoneIsAConnectError) {
  run([&]() -> Awaitable<void> {
    Connection connection = co_await test::connect(dsn_);
    Connection other = co_await test::connect(dsn_);
    Listener listener = co_await connection.listen("orders");
    co_await other.query("select pg_terminate_backend($1)", static_cast<std::int32_t>(connection.backend_pid()));
    EXPECT_TRUE(co_await error_of<ConnectError>(listener.next(Deadline::after(10s))));
    EXPECT_TRUE(connection.is_broken());
    EXPECT_TRUE(co_await error_of<ConnectError>(listener.next(Deadline::after(10s))));
  });
}

}  // namespace
}  // namespace quell::db
