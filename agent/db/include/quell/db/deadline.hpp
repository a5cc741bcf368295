#pragma once

#include <chrono>

namespace quell::db {

/// An absolute point on the steady clock by which a call must have ended. Absolute, so that it passes unchanged through
/// nested calls and retries. Default: none, the call may take for ever.
class Deadline {
 public:
  using Clock = std::chrono::steady_clock;

  constexpr Deadline() = default;
  constexpr explicit Deadline(Clock::time_point at) : at_(at) {}

  static Deadline after(Clock::duration duration) { return Deadline(Clock::now() + duration); }
  static constexpr Deadline none() { return {}; }

  [[nodiscard]] constexpr bool is_none() const { return at_ == Clock::time_point::max(); }
  [[nodiscard]] constexpr Clock::time_point at() const { return at_; }
  [[nodiscard]] bool passed() const { return !is_none() && Clock::now() >= at_; }
  [[nodiscard]] constexpr Deadline earlier(Deadline other) const { return at_ <= other.at_ ? *this : other; }

  friend constexpr auto operator<=>(const Deadline&, const Deadline&) = default;

 private:
  Clock::time_point at_ = Clock::time_point::max();
};

}  // namespace quell::db
