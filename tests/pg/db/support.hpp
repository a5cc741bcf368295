#pragma once

#include <chrono>
#include <exception>
#include <optional>
#include <string>
#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <quell/db/db.hpp>

namespace quell::db::test {

/// Runs `body`, a function that returns Awaitable<void>, to its end on an event loop of its own.
template <class Body>
void run(Body body) {
  boost::asio::io_context loop;
  std::exception_ptr failure;
  bool ended = false;
  boost::asio::co_spawn(loop, body(), [&](std::exception_ptr error) {
    failure = error;
    ended = true;
  });
  loop.run();
  if (failure) std::rethrow_exception(failure);
  if (!ended) throw std::logic_error("the coroutine did not end");
}

/// The error of type E that `running` ends with; nothing where it succeeds. Other errors pass through.
template <class E, class T>
Awaitable<std::optional<E>> error_of(Awaitable<T> running) {
  try {
    co_await std::move(running);
  } catch (const E& error) {
    co_return error;
  }
  co_return std::nullopt;
}

inline Awaitable<void> sleep_for(std::chrono::milliseconds time) {
  boost::asio::steady_timer timer(co_await boost::asio::this_coro::executor, time);
  co_await timer.async_wait(boost::asio::use_awaitable);
}

inline Awaitable<Connection> connect(std::string dsn) {
  ConnectParams params(std::move(dsn));
  Connection connection = co_await Connection::open(std::move(params));
  co_return connection;
}

}  // namespace quell::db::test
