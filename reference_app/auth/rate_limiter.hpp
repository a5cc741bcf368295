#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

namespace quell::reference::auth {

/// A token bucket: `burst` at once, then `per_second` in the long run. A burst of 0 means no limit.
struct Rate {
  double burst = 0;
  double per_second = 0;
};

/// Counts requests by who sends them. Usable from any thread.
class RateLimiter {
 public:
  using Clock = std::chrono::steady_clock;
  /// Buckets kept; beyond that many, those that are full again are dropped, and where none is, all are: an attacker
  /// with that many addresses is not held by a table of them.
  static constexpr std::size_t kMaxBuckets = 100'000;

  explicit RateLimiter(std::function<Clock::time_point()> now = &Clock::now) : now_(std::move(now)) {}

  /// Takes one token of `who`'s bucket. Zero where there was one, otherwise how long until there is.
  [[nodiscard]] std::chrono::nanoseconds take(std::string_view who, const Rate& rate);

  [[nodiscard]] std::size_t size() const;

 private:
  struct Bucket {
    double tokens = 0;
    Clock::time_point at;    ///< when `tokens` was right
    Clock::time_point full;  ///< when there will be nothing left to know of it
  };
  void make_room(Clock::time_point now);

  std::function<Clock::time_point()> now_;
  mutable std::mutex mutex_;
  std::unordered_map<std::string, Bucket> buckets_;
};

}  // namespace quell::reference::auth
