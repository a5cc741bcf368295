#pragma once

#include <benchmark/benchmark.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <string>
#include <vector>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <quell/db/db.hpp>

struct pg_conn;

namespace quell::db::bench {

using Clock = std::chrono::steady_clock;

/// Of the one private server, with its tables filled.
const std::string& dsn();

inline constexpr std::int64_t kItems = 100'000;
inline constexpr std::int64_t kMillion = 1'000'000;

/// Times of single operations. What other work on the machine hardly moves is their minimum and 10th percentile.
class Samples {
 public:
  template <class Operation>
  void time(Operation&& operation) {
    const auto start = Clock::now();
    operation();
    add(Clock::now() - start);
  }
  void add(Clock::duration time) { microseconds_.push_back(std::chrono::duration<double, std::micro>(time).count()); }
  /// `part` of them are below; in microseconds.
  [[nodiscard]] double percentile(double part);

 private:
  std::vector<double> microseconds_;
};

/// Counters "<a>_p10_us", "<b>_p10_us", their medians, "minus_us" (a - b at p10) and "ratio_p10", "ratio_median" (a /
/// b).
void report(benchmark::State& state, const char* name_a, Samples& a, const char* name_b, Samples& b);

/// Blocking libpq, used as its manual says: binary, prepared.
class Libpq {
 public:
  Libpq();
  Libpq(const Libpq&) = delete;
  Libpq& operator=(const Libpq&) = delete;
  ~Libpq();

  std::size_t lookup(std::int64_t id);
  /// Reads every value of every row of `table`.
  std::size_t fetch(const char* text);

 private:
  pg_conn* connection_;
};

/// Runs a coroutine to its end on its own loop.
template <class Body>
void run(Body body) {
  boost::asio::io_context loop(1);
  boost::asio::co_spawn(loop, body(), [](std::exception_ptr error) {
    if (error) std::rethrow_exception(error);
  });
  loop.run();
}

inline Awaitable<Connection> connect() {
  ConnectParams params(dsn());
  Connection connection = co_await Connection::open(std::move(params));
  co_return connection;
}

/// Runs tests/bench/db/asyncpg_bench.py on the same server: minimum, p10 and median in microseconds.
struct Rival {
  double min_us = 0, p10_us = 0, median_us = 0;
};
Rival asyncpg(const std::string& what, int times);

}  // namespace quell::db::bench
