#include "reference_app/auth/rate_limiter.hpp"

#include <algorithm>

namespace quell::reference::auth {
namespace {

using Seconds = std::chrono::duration<double>;

std::chrono::nanoseconds to_nanoseconds(double seconds) {
  return std::chrono::ceil<std::chrono::nanoseconds>(Seconds(seconds));
}

}  // namespace

std::chrono::nanoseconds RateLimiter::take(std::string_view who, const Rate& rate) {
  if (rate.burst <= 0) return {};
  const auto now = now_();
  const std::lock_guard lock(mutex_);
  std::string key(who);
  if (buckets_.size() >= kMaxBuckets && !buckets_.contains(key)) make_room(now);
  const auto [place, is_new] = buckets_.try_emplace(std::move(key));
  Bucket& bucket = place->second;
  bucket.tokens =
      is_new ? rate.burst : std::min(rate.burst, bucket.tokens + Seconds(now - bucket.at).count() * rate.per_second);
  bucket.at = now;
  std::chrono::nanoseconds wait{};
  if (bucket.tokens >= 1) {
    bucket.tokens -= 1;
  } else {
    wait = to_nanoseconds((1 - bucket.tokens) / rate.per_second);
  }
  bucket.full = now + to_nanoseconds((rate.burst - bucket.tokens) / rate.per_second);
  return wait;
}

void RateLimiter::make_room(Clock::time_point now) {
  std::erase_if(buckets_, [&](const auto& entry) { return entry.second.full <= now; });
  if (buckets_.size() >= kMaxBuckets) buckets_.clear();
}

std::size_t RateLimiter::size() const {
  const std::lock_guard lock(mutex_);
  return buckets_.size();
}

}  // namespace quell::reference::auth
