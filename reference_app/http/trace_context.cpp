#include "reference_app/http/trace_context.hpp"

#include <algorithm>
#include <span>

#include <fmt/format.h>
#include <sodium.h>

namespace quell::reference::http {
namespace {

std::optional<std::uint8_t> hex_digit(char c) {
  if (c >= '0' && c <= '9') return static_cast<std::uint8_t>(c - '0');
  if (c >= 'a' && c <= 'f') return static_cast<std::uint8_t>(c - 'a' + 10);
  return std::nullopt;  // capitals are not allowed by the specification
}

bool read_hex(std::string_view text, std::span<std::uint8_t> out) {
  for (std::size_t i = 0; i < out.size(); ++i) {
    const auto high = hex_digit(text[2 * i]);
    const auto low = hex_digit(text[2 * i + 1]);
    if (!high || !low) return false;
    out[i] = static_cast<std::uint8_t>(*high * 16 + *low);
  }
  return true;
}

bool all_zero(std::span<const std::uint8_t> bytes) {
  return std::ranges::all_of(bytes, [](std::uint8_t byte) { return byte == 0; });
}

std::string to_hex(std::span<const std::uint8_t> bytes) {
  std::string text;
  for (const std::uint8_t byte : bytes) fmt::format_to(std::back_inserter(text), "{:02x}", byte);
  return text;
}

template <std::size_t N>
std::array<std::uint8_t, N> random_bytes() {
  std::array<std::uint8_t, N> bytes;
  randombytes_buf(bytes.data(), bytes.size());
  return bytes;
}

}  // namespace

std::optional<trace::TraceContext> parse_traceparent(std::string_view header) {
  // version "-" trace-id "-" parent-id "-" flags; a later version may go on after another "-".
  constexpr std::size_t kLength = 55;
  if (header.size() < kLength || header[2] != '-' || header[35] != '-' || header[52] != '-') return std::nullopt;
  std::array<std::uint8_t, 1> version{};
  trace::TraceContext trace_id{};
  std::array<std::uint8_t, 8> parent_id{};
  std::array<std::uint8_t, 1> flags{};
  if (!read_hex(header, version) || version[0] == 0xFF) return std::nullopt;
  if (version[0] == 0 ? header.size() != kLength : header.size() > kLength && header[kLength] != '-')
    return std::nullopt;
  if (!read_hex(header.substr(3), trace_id) || all_zero(trace_id)) return std::nullopt;
  if (!read_hex(header.substr(36), parent_id) || all_zero(parent_id)) return std::nullopt;
  if (!read_hex(header.substr(53), flags)) return std::nullopt;
  return trace_id;
}

std::string make_traceparent(const trace::TraceContext& trace_id) {
  return fmt::format("00-{}-{}-01", to_hex(trace_id), to_hex(random_bytes<8>()));
}

trace::TraceContext random_trace_id() {
  return random_bytes<16>();
}

std::string request_id(std::string_view offered) {
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
           c == '-';
  };
  if (!offered.empty() && offered.size() <= 64 && std::ranges::all_of(offered, allowed)) return std::string(offered);
  return to_hex(random_bytes<16>());
}

}  // namespace quell::reference::http
