#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <random>
#include <string_view>

namespace quell::reference {

/// mt19937_64 gives the same numbers everywhere; the standard's distributions do not, so the few needed are here.
class SeedRandom {
 public:
  explicit SeedRandom(std::uint64_t seed) : engine_(seed) {}

  std::int64_t below(std::int64_t bound) { return static_cast<std::int64_t>(unit() * static_cast<double>(bound)); }
  /// 0 is the likeliest: the share of the first k of n is the square root of k/n.
  std::int64_t skewed_below(std::int64_t bound) {
    const double u = unit();
    return static_cast<std::int64_t>(u * u * static_cast<double>(bound));
  }
  template <std::size_t N>
  std::string_view pick(const std::array<std::string_view, N>& words) {
    return words[static_cast<std::size_t>(below(N))];
  }
  template <std::size_t N>
  std::string_view pick_skewed(const std::array<std::string_view, N>& words) {
    return words[static_cast<std::size_t>(skewed_below(N))];
  }

 private:
  double unit() { return static_cast<double>(engine_() >> 11) * 0x1.0p-53; }
  std::mt19937_64 engine_;
};

/// Spreads ranks over ids, so that the most prolific user is not simply the first.
inline std::int64_t id_of_rank(std::int64_t rank, std::int64_t count) {
  std::int64_t step = 617;
  while (std::gcd(step, count) != 1) ++step;
  return (rank * step + count / 3) % count + 1;
}

}  // namespace quell::reference
