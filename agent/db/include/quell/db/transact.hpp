#pragma once

#include <chrono>
#include <cstddef>
#include <exception>
#include <type_traits>
#include <utility>

#include <quell/db/pool.hpp>

namespace quell::db {

struct TransactOptions {
  TransactionOptions transaction = {};
  AcquireOptions acquire = {};
  /// Runs in all; 1 never repeats. Serialization failures and deadlocks are rare or an error of design: more attempts
  /// only hide the latter.
  int attempts = 5;
  /// Before the second attempt, doubled before each further one.
  std::chrono::milliseconds backoff{5};
};

namespace detail {
[[nodiscard]] Awaitable<void> pause(std::chrono::milliseconds time);
}

/// Runs `body(connection)` inside a transaction on a connection of the pool and commits; repeats the whole of it when
/// the server answers with a serialization failure (40001) or a deadlock (40P01). Any other error, and the last of
/// these, passes through after a rollback. The body may run several times: nothing outside of the database may depend
/// on how often. It must not hold what needs a destructor (g++ 12 would run it twice): capture by reference.
///
///     co_await transact(pool, {}, [&](Connection& connection) -> Awaitable<void> { … });
template <class Body>
[[nodiscard]] auto transact(Pool& pool, TransactOptions options, Body body, CallSite site = CallSite::current())
    -> std::invoke_result_t<Body&, Connection&> {
  static_assert(std::is_trivially_destructible_v<Body>, "capture by reference: see the comment of transact");
  using Value = typename std::invoke_result_t<Body&, Connection&>::value_type;
  std::chrono::milliseconds backoff = options.backoff;
  for (int attempt = 1;; ++attempt) {
    try {
      Lease lease = co_await pool.acquire(options.acquire, site);
      Transaction transaction = co_await lease->begin(options.transaction, site);
      if constexpr (std::is_void_v<Value>) {
        co_await body(*lease);
        co_await transaction.commit(site);
        co_return;
      } else {
        Value value = co_await body(*lease);
        co_await transaction.commit(site);
        co_return value;
      }
    } catch (const RetryableError&) {
      if (attempt >= options.attempts) throw;
    }
    co_await detail::pause(backoff);
    backoff *= 2;
  }
}

}  // namespace quell::db
