#include <quell/trace/value.hpp>

#include <sodium.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <string>

namespace quell::trace {
namespace {

// Type OIDs of src/include/catalog/pg_type.dat; they are fixed for the life of PostgreSQL.
constexpr std::uint32_t kBool = 16;
constexpr std::uint32_t kChar = 18;
constexpr std::uint32_t kName = 19;
constexpr std::uint32_t kInt8 = 20;
constexpr std::uint32_t kInt2 = 21;
constexpr std::uint32_t kInt4 = 23;
constexpr std::uint32_t kText = 25;
constexpr std::uint32_t kOid = 26;
constexpr std::uint32_t kJson = 114;
constexpr std::uint32_t kUnknown = 705;
constexpr std::uint32_t kBpchar = 1042;
constexpr std::uint32_t kVarchar = 1043;
constexpr std::uint32_t kNumeric = 1700;
constexpr std::uint32_t kUuid = 2950;

// What a hash is of: a text and an integer with the same bytes differ.
constexpr char kIntegerTag = 'i';
constexpr char kTextTag = 't';
constexpr char kUuidTag = 'u';

std::uint64_t big_endian(std::string_view bytes) {
  std::uint64_t number = 0;
  for (const char c : bytes) number = (number << 8) | static_cast<unsigned char>(c);
  return number;
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::optional<std::int64_t> parse_integer(std::string_view text) {
  const std::string_view digits = text.starts_with('-') ? text.substr(1) : text;
  if (digits.empty() || digits.size() > 19) return std::nullopt;
  if (digits.front() == '0' && text.size() > 1) return std::nullopt;  // 007, -0
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

// As string_to_uuid in src/backend/utils/adt/uuid.c: braces or none, a hyphen or none after each four digits.
std::optional<std::array<char, 16>> parse_uuid(std::string_view text) {
  if (text.size() < 32 || text.size() > 41) return std::nullopt;
  if (text.starts_with('{')) {
    if (!text.ends_with('}')) return std::nullopt;
    text = text.substr(1, text.size() - 2);
  }
  std::array<char, 16> bytes{};
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (text.size() < 2) return std::nullopt;
    const int high = hex_digit(text[0]);
    const int low = hex_digit(text[1]);
    if (high < 0 || low < 0) return std::nullopt;
    bytes[i] = static_cast<char>(high * 16 + low);
    text.remove_prefix(2);
    if (i % 2 == 1 && i < 15 && text.starts_with('-')) text.remove_prefix(1);
  }
  if (!text.empty()) return std::nullopt;
  return bytes;
}

// The text PostgreSQL prints for a numeric (numeric_send and get_str_from_var in numeric.c). Nothing where the bytes
// are no numeric or it is no finite number.
std::optional<std::string> numeric_text(std::string_view bytes) {
  constexpr std::size_t kHead = 8;
  constexpr std::uint64_t kNegative = 0x4000;
  if (bytes.size() < kHead) return std::nullopt;
  const std::uint64_t count = big_endian(bytes.substr(0, 2));
  const auto weight = static_cast<std::int16_t>(big_endian(bytes.substr(2, 2)));
  const std::uint64_t sign = big_endian(bytes.substr(4, 2));
  const std::uint64_t scale = big_endian(bytes.substr(6, 2));
  if (bytes.size() != kHead + 2 * count || (sign != 0 && sign != kNegative) || scale > 0x3FFF) return std::nullopt;
  const auto digits_at = [&](int index) {  // base 10000, most significant first
    const std::uint64_t digit = index >= 0 && static_cast<std::uint64_t>(index) < count
                                    ? big_endian(bytes.substr(kHead + 2 * static_cast<std::size_t>(index), 2))
                                    : 0;
    std::string four = std::to_string(digit % 10000);
    return std::string(4 - four.size(), '0') + four;
  };
  std::string whole;
  for (int i = 0; i <= weight; ++i) whole += digits_at(i);
  whole.erase(0, std::min(whole.find_first_not_of('0'), whole.size()));
  if (whole.empty()) whole = "0";
  std::string fraction;
  for (int i = weight + 1; fraction.size() < scale; ++i) fraction += digits_at(i);
  fraction.resize(scale);
  return (sign == kNegative ? "-" : "") + whole + (scale > 0 ? "." + fraction : "");
}

}  // namespace

Value Canonicalizer::hashed(char tag, std::string_view bytes) const {
  static_assert(crypto_shorthash_KEYBYTES == 16 && crypto_shorthash_BYTES == 8);
  constexpr std::size_t kStackBytes = 512;
  std::array<unsigned char, kStackBytes> near{};
  std::string far;
  const unsigned char* message = near.data();
  if (bytes.size() < kStackBytes) {
    near[0] = static_cast<unsigned char>(tag);
    if (!bytes.empty()) std::memcpy(near.data() + 1, bytes.data(), bytes.size());
  } else {
    far.reserve(bytes.size() + 1);
    far += tag;
    far += bytes;
    message = reinterpret_cast<const unsigned char*>(far.data());
  }
  std::uint64_t hash = 0;
  crypto_shorthash(reinterpret_cast<unsigned char*>(&hash), message, bytes.size() + 1,
                   reinterpret_cast<const unsigned char*>(key_.data()));
  return Value::hash(hash);
}

Value Canonicalizer::from_integer(std::int64_t number) const {
  const bool plain = number > -Value::kLargestPlainInteger && number < Value::kLargestPlainInteger;
  if (plain && !redact_) return Value::integer(number);
  std::array<char, 8> bytes{};
  std::memcpy(bytes.data(), &number, bytes.size());
  return hashed(kIntegerTag, {bytes.data(), bytes.size()});
}

Value Canonicalizer::from_text(std::string_view bytes) const {
  if (bytes.data() == nullptr) return Value::null();
  if (const auto number = parse_integer(bytes)) return from_integer(*number);
  if (const auto uuid = parse_uuid(bytes)) return hashed(kUuidTag, {uuid->data(), uuid->size()});
  return hashed(kTextTag, bytes);
}

Value Canonicalizer::from_binary(std::uint32_t type_oid, std::string_view bytes) const {
  if (bytes.data() == nullptr) return Value::null();
  switch (type_oid) {
    case kBool:
      if (bytes.size() == 1) return from_text(bytes[0] != 0 ? "t" : "f");
      break;
    case kInt2:
      if (bytes.size() == 2) return from_integer(static_cast<std::int16_t>(big_endian(bytes)));
      break;
    case kInt4:
      if (bytes.size() == 4) return from_integer(static_cast<std::int32_t>(big_endian(bytes)));
      break;
    case kInt8:
      if (bytes.size() == 8) return from_integer(static_cast<std::int64_t>(big_endian(bytes)));
      break;
    case kOid:
      if (bytes.size() == 4) return from_integer(static_cast<std::int64_t>(big_endian(bytes)));
      break;
    case kUuid:
      if (bytes.size() == 16) return hashed(kUuidTag, bytes);
      break;
    case kNumeric:
      if (const auto text = numeric_text(bytes)) return from_text(*text);
      break;
    case kText:
    case kVarchar:
    case kBpchar:
    case kName:
    case kChar:
    case kJson:
    case kUnknown:
      return from_text(bytes);
    default:
      break;
  }
  return hashed(kTextTag, bytes);
}

bool is_key_like(std::uint32_t type_oid) {
  switch (type_oid) {
    case kInt2:
    case kInt4:
    case kInt8:
    case kOid:
    case kUuid:
    case kText:
    case kVarchar:
    case kBpchar:
    case kName:
      return true;
    default:
      return false;
  }
}

}  // namespace quell::trace
