#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include <quell/db/pool.hpp>

#include "reference_app/http/message.hpp"

/// Counts for Prometheus (text exposition format 0.0.4). Written and read from any thread, without locks.
namespace quell::reference::http {

/// Of one operation.
class RequestMetrics {
 public:
  void record(int status, std::chrono::nanoseconds duration);
  [[nodiscard]] std::uint64_t count(int status) const;

  /// Upper bounds of the histogram's buckets in seconds; one more counts everything.
  static constexpr std::array<double, 13> kBuckets{0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1,
                                                   0.25,  0.5,    1,     2.5,  5,     10};
  /// Appends the counter's lines, `http_requests_total{method=,route=,status=} n`.
  void write_counts(std::string& out, std::string_view method, std::string_view route) const;
  /// Appends the histogram's lines; nothing where no request was recorded.
  void write_durations(std::string& out, std::string_view method, std::string_view route) const;

 private:
  static constexpr int kStatuses = 600;
  std::array<std::atomic<std::uint64_t>, kStatuses> by_status_{};
  std::array<std::atomic<std::uint64_t>, kBuckets.size() + 1> by_duration_{};
  std::atomic<std::uint64_t> nanoseconds_{0};
};

/// Of the pools of all workers. Each worker reports its own after every request.
class PoolMetrics {
 public:
  static constexpr std::size_t kMaxWorkers = 256;
  void record(std::size_t worker, const db::PoolStatus& status);
  void write(std::string& out) const;

 private:
  struct Gauge {
    std::atomic<std::size_t> idle{0}, in_use{0}, waiting{0};
    std::atomic<bool> known{false};
  };
  std::array<Gauge, kMaxWorkers> workers_{};
};

}  // namespace quell::reference::http
