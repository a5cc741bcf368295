#pragma once

#include <array>
#include <chrono>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

/// Values C++ has no type of its own for. Classes with constructors, not aggregates: g++ 12 destroys a temporary
/// aggregate twice inside one co_await expression.
namespace quell::db {

/// timestamptz: microseconds since 1970, UTC. The server's 'infinity' and '-infinity' are max() and min().
using Timestamp = std::chrono::sys_time<std::chrono::microseconds>;
/// date.
using Date = std::chrono::sys_days;
/// time (of day, without zone).
class TimeOfDay {
 public:
  constexpr TimeOfDay() = default;
  constexpr explicit TimeOfDay(std::chrono::microseconds since_midnight) : since_midnight_(since_midnight) {}
  [[nodiscard]] constexpr std::chrono::microseconds since_midnight() const { return since_midnight_; }
  friend constexpr auto operator<=>(const TimeOfDay&, const TimeOfDay&) = default;

 private:
  std::chrono::microseconds since_midnight_{0};
};

/// timestamp without time zone: what the wall says somewhere.
using LocalTimestamp = std::chrono::local_time<std::chrono::microseconds>;

/// interval, as PostgreSQL keeps it: three parts that do not convert into each other.
class Interval {
 public:
  constexpr Interval() = default;
  constexpr Interval(std::int32_t months, std::int32_t days, std::chrono::microseconds time)
      : months_(months), days_(days), time_(time) {}
  [[nodiscard]] constexpr std::int32_t months() const { return months_; }
  [[nodiscard]] constexpr std::int32_t days() const { return days_; }
  [[nodiscard]] constexpr std::chrono::microseconds time() const { return time_; }
  friend constexpr bool operator==(const Interval&, const Interval&) = default;

 private:
  std::int32_t months_ = 0;
  std::int32_t days_ = 0;
  std::chrono::microseconds time_{0};
};

class Uuid {
 public:
  constexpr Uuid() = default;  ///< all zero
  constexpr explicit Uuid(const std::array<std::byte, 16>& bytes) : bytes_(bytes) {}
  /// Reads the canonical spelling (8-4-4-4-12 hexadecimal digits, either case); nothing where it is anything else.
  static std::optional<Uuid> parse(std::string_view text);

  [[nodiscard]] std::string to_string() const;
  [[nodiscard]] constexpr const std::array<std::byte, 16>& bytes() const { return bytes_; }
  friend constexpr auto operator<=>(const Uuid&, const Uuid&) = default;

 private:
  std::array<std::byte, 16> bytes_{};
};

/// jsonb (or json) as text; <quell/db/json.hpp> converts to and from Boost.JSON. The server checks the syntax.
class Jsonb {
 public:
  Jsonb() = default;
  explicit Jsonb(std::string text) : text_(std::move(text)) {}
  [[nodiscard]] const std::string& text() const { return text_; }
  friend bool operator==(const Jsonb&, const Jsonb&) = default;

 private:
  std::string text_;
};

/// numeric, exactly as the server writes it ("-12.50", "NaN", "Infinity"); compared as text.
class Numeric {
 public:
  Numeric() = default;
  explicit Numeric(std::string text) : text_(std::move(text)) {}
  [[nodiscard]] const std::string& text() const { return text_; }
  friend bool operator==(const Numeric&, const Numeric&) = default;

 private:
  std::string text_ = "0";
};

/// bytea.
class Bytea {
 public:
  Bytea() = default;
  explicit Bytea(std::string bytes) : bytes_(std::move(bytes)) {}
  [[nodiscard]] const std::string& bytes() const { return bytes_; }
  friend bool operator==(const Bytea&, const Bytea&) = default;

 private:
  std::string bytes_;
};

}  // namespace quell::db

template <>
struct std::hash<quell::db::Uuid> {
  std::size_t operator()(const quell::db::Uuid& uuid) const noexcept {
    std::uint64_t halves[2];
    std::memcpy(halves, uuid.bytes().data(), sizeof(halves));
    return static_cast<std::size_t>(halves[0] ^ (halves[1] * 0x9E3779B97F4A7C15ULL));
  }
};
