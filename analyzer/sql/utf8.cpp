#include "analyzer/sql/utf8.hpp"

#include <algorithm>
#include <cstdint>

namespace quell::sql {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

/// Controls, and marks that change the direction or the width of what follows.
bool is_unshowable(char32_t c) {
  return c < 0x20 || (c >= 0x7F && c < 0xA0) || (c >= 0x200B && c <= 0x200F) || (c >= 0x2028 && c <= 0x202E) ||
         (c >= 0x2066 && c <= 0x2069) || c == 0xFEFF;
}

}  // namespace

// The Unicode Standard, table 3-7: no overlong forms, no surrogates, nothing above U+10FFFF.
CodePoint decode_utf8(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(text[i]); };
  const std::uint8_t lead = byte(0);
  if (lead < 0x80) return {lead, 1, true};
  std::size_t length = 0;
  char32_t value = 0;
  if (lead >= 0xC2 && lead <= 0xDF) {
    length = 2;
    value = lead & 0x1FU;
  } else if (lead >= 0xE0 && lead <= 0xEF) {
    length = 3;
    value = lead & 0x0FU;
  } else if (lead >= 0xF0 && lead <= 0xF4) {
    length = 4;
    value = lead & 0x07U;
  } else {
    return {};
  }
  if (text.size() < length) return {};
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0U) != 0x80) return {};
    value = (value << 6U) | (byte(i) & 0x3FU);
  }
  const bool overlong = (length == 3 && value < 0x800) || (length == 4 && value < 0x10000);
  if (overlong || (value >= 0xD800 && value <= 0xDFFF) || value > 0x10FFFF) return {};
  return {value, length, true};
}

std::string valid_utf8(std::string_view bytes) {
  std::string out;
  out.reserve(bytes.size());
  while (!bytes.empty()) {
    const CodePoint next = decode_utf8(bytes);
    out += next.valid ? bytes.substr(0, next.bytes) : kReplacement;
    bytes.remove_prefix(next.bytes);
  }
  return out;
}

std::string printable(std::string_view bytes) {
  std::string out;
  out.reserve(bytes.size());
  bool space = false;
  while (!bytes.empty()) {
    const CodePoint next = decode_utf8(bytes);
    if (next.valid && (next.value == ' ' || (next.value >= '\t' && next.value <= '\r'))) {
      space = !out.empty();
    } else {
      if (space) out += ' ';
      space = false;
      out += next.valid && !is_unshowable(next.value) ? bytes.substr(0, next.bytes) : kReplacement;
    }
    bytes.remove_prefix(next.bytes);
  }
  return out;
}

std::size_t display_width(std::string_view utf8) {
  return static_cast<std::size_t>(
      std::count_if(utf8.begin(), utf8.end(), [](char c) { return (static_cast<std::uint8_t>(c) & 0xC0U) != 0x80; }));
}

std::string shorten(std::string_view utf8, std::size_t columns) {
  if (display_width(utf8) <= columns) return std::string(utf8);
  const std::size_t keep = columns > 3 ? columns - 3 : 0;
  std::size_t bytes = 0;
  for (std::size_t column = 0; column < keep; ++column) bytes += decode_utf8(utf8.substr(bytes)).bytes;
  return std::string(utf8.substr(0, bytes)) + std::string(std::min<std::size_t>(columns, 3), '.');
}

}  // namespace quell::sql
