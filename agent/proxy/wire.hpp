#pragma once

#include <cstdint>
#include <string_view>

/// Reading PostgreSQL's frontend/backend protocol 3.x (PostgreSQL documentation, "Message Formats").
namespace quell::proxy {

/// Codes that stand where a startup message has its protocol version.
inline constexpr std::uint32_t kCancelRequest = 80877102;
inline constexpr std::uint32_t kSslRequest = 80877103;
inline constexpr std::uint32_t kGssEncRequest = 80877104;

/// PostgreSQL refuses longer startup packets (MAX_STARTUP_PACKET_LENGTH); so do we, before allocating.
inline constexpr std::uint32_t kMaxStartupBytes = 10'000;

/// Reads network-order fields. A read past the end fails, returns zero or nothing, and so do all reads after it.
class Cursor {
 public:
  explicit Cursor(std::string_view bytes) : rest_(bytes) {}

  [[nodiscard]] bool failed() const { return failed_; }
  [[nodiscard]] bool at_end() const { return rest_.empty(); }
  [[nodiscard]] std::string_view rest() const { return rest_; }

  std::uint8_t u8() { return static_cast<std::uint8_t>(number(1)); }
  std::uint16_t u16() { return static_cast<std::uint16_t>(number(2)); }
  std::uint32_t u32() { return number(4); }
  std::int32_t i32() { return static_cast<std::int32_t>(number(4)); }

  std::string_view bytes(std::size_t count) {
    if (failed_ || rest_.size() < count) return fail();
    const std::string_view taken = rest_.substr(0, count);
    rest_.remove_prefix(count);
    return taken;
  }

  /// A string that ends in a zero byte, without it.
  std::string_view string() {
    const std::size_t end = rest_.find('\0');
    if (failed_ || end == std::string_view::npos) return fail();
    const std::string_view taken = rest_.substr(0, end);
    rest_.remove_prefix(end + 1);
    return taken;
  }

 private:
  std::uint32_t number(std::size_t size) {
    std::uint32_t value = 0;
    for (const char byte : bytes(size)) value = value << 8 | static_cast<std::uint8_t>(byte);
    return value;
  }
  std::string_view fail() {
    failed_ = true;
    rest_ = {};
    return {};
  }

  std::string_view rest_;
  bool failed_ = false;
};

}  // namespace quell::proxy
