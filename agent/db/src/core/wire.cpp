#include <array>
#include <limits>

#include <fmt/format.h>

#include <quell/db/codec.hpp>
#include <quell/db/error.hpp>
#include <quell/db/parameters.hpp>

namespace quell::db {
namespace {

struct TypeName {
  std::uint32_t oid;
  std::string_view name;
};

// pg_type.dat; arrays as element type and brackets.
constexpr std::array kTypeNames{TypeName{0, "text"},
                                TypeName{16, "bool"},
                                TypeName{17, "bytea"},
                                TypeName{18, "\"char\""},
                                TypeName{19, "name"},
                                TypeName{20, "int8"},
                                TypeName{21, "int2"},
                                TypeName{23, "int4"},
                                TypeName{25, "text"},
                                TypeName{26, "oid"},
                                TypeName{114, "json"},
                                TypeName{142, "xml"},
                                TypeName{700, "float4"},
                                TypeName{701, "float8"},
                                TypeName{705, "unknown"},
                                TypeName{869, "inet"},
                                TypeName{1000, "bool[]"},
                                TypeName{1001, "bytea[]"},
                                TypeName{1005, "int2[]"},
                                TypeName{1007, "int4[]"},
                                TypeName{1009, "text[]"},
                                TypeName{1015, "varchar[]"},
                                TypeName{1016, "int8[]"},
                                TypeName{1021, "float4[]"},
                                TypeName{1022, "float8[]"},
                                TypeName{1042, "char"},
                                TypeName{1043, "varchar"},
                                TypeName{1082, "date"},
                                TypeName{1083, "time"},
                                TypeName{1114, "timestamp"},
                                TypeName{1115, "timestamp[]"},
                                TypeName{1182, "date[]"},
                                TypeName{1183, "time[]"},
                                TypeName{1184, "timestamptz"},
                                TypeName{1185, "timestamptz[]"},
                                TypeName{1186, "interval"},
                                TypeName{1187, "interval[]"},
                                TypeName{1231, "numeric[]"},
                                TypeName{1266, "timetz"},
                                TypeName{1700, "numeric"},
                                TypeName{2278, "void"},
                                TypeName{2249, "record"},
                                TypeName{2950, "uuid"},
                                TypeName{2951, "uuid[]"},
                                TypeName{3802, "jsonb"},
                                TypeName{3807, "jsonb[]"},
                                TypeName{3904, "int4range"},
                                TypeName{3906, "numrange"},
                                TypeName{3908, "tsrange"},
                                TypeName{3910, "tstzrange"},
                                TypeName{3912, "daterange"},
                                TypeName{3926, "int8range"}};

constexpr std::int64_t kServerEpochMicroseconds = 946'684'800'000'000;  // 2000-01-01 after 1970-01-01
constexpr std::int32_t kServerEpochDays = 10'957;
constexpr std::int32_t kDateInfinity = std::numeric_limits<std::int32_t>::max();
constexpr std::int32_t kDateMinusInfinity = std::numeric_limits<std::int32_t>::min();

// numeric.c: the four fields before the base-10000 digits.
constexpr std::uint16_t kPositive = 0x0000, kNegative = 0x4000, kNaN = 0xC000, kInfinity = 0xD000,
                        kMinusInfinity = 0xF000;

std::uint16_t load_u16(const char* bytes) {
  return wire::load<std::uint16_t>(bytes);
}

void append_numeric_header(std::string& out, std::size_t digits, int weight, std::uint16_t sign, std::size_t scale) {
  wire::append(out, static_cast<std::int16_t>(digits));
  wire::append(out, static_cast<std::int16_t>(weight));
  wire::append(out, sign);
  wire::append(out, static_cast<std::int16_t>(scale));
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

/// Decimal digits before and after the point.
struct Decimal {
  bool negative = false;
  std::string whole;
  std::string fraction;
};

bool parse_decimal(std::string_view text, Decimal& out) {
  if (!text.empty() && (text[0] == '-' || text[0] == '+')) {
    out.negative = text[0] == '-';
    text.remove_prefix(1);
  }
  std::size_t at = 0;
  while (at < text.size() && is_digit(text[at])) out.whole += text[at++];
  if (at < text.size() && text[at] == '.') {
    ++at;
    while (at < text.size() && is_digit(text[at])) out.fraction += text[at++];
  }
  return at == text.size() && !(out.whole.empty() && out.fraction.empty()) && out.whole.size() <= 131'072 &&
         out.fraction.size() <= 16'383;
}

}  // namespace

std::string type_name(std::uint32_t type_oid) {
  for (const auto& known : kTypeNames)
    if (known.oid == type_oid) return std::string(known.name);
  return fmt::format("type with OID {}", type_oid);
}

Parameters& Parameters::append(const Parameters& other) {
  const std::size_t shift = bytes_.size();
  bytes_ += other.bytes_;
  for (Slot slot : other.slots_) {
    slot.offset += shift;
    slots_.push_back(slot);
  }
  return *this;
}

namespace wire {

bool ArrayReader::open(std::string_view bytes) {
  constexpr std::size_t kHeader = 12, kDimension = 8;
  if (bytes.size() < kHeader) return false;
  const auto dimensions = load<std::int32_t>(bytes.data());
  element_oid_ = load<std::uint32_t>(bytes.data() + 8);
  bytes.remove_prefix(kHeader);
  size_ = 0;
  rest_ = bytes;
  if (dimensions == 0) return bytes.empty();
  if (dimensions != 1 || bytes.size() < kDimension) return false;
  const auto size = load<std::int32_t>(bytes.data());
  rest_.remove_prefix(kDimension);
  if (size < 0 || static_cast<std::size_t>(size) > rest_.size() / 4) return false;
  size_ = static_cast<std::size_t>(size);
  return true;
}

bool ArrayReader::next(std::string_view& element) {
  return read_sized(rest_, element);
}

bool read_sized(std::string_view& bytes, std::string_view& value) {
  if (bytes.size() < 4) return false;
  const auto length = load<std::int32_t>(bytes.data());
  bytes.remove_prefix(4);
  if (length == -1) {
    value = {};
    return true;
  }
  if (length < 0 || static_cast<std::size_t>(length) > bytes.size()) return false;
  value = {bytes.data(), static_cast<std::size_t>(length)};
  bytes.remove_prefix(static_cast<std::size_t>(length));
  return true;
}

void append_array_header(std::string& out, std::uint32_t element_oid, std::size_t size, bool has_null) {
  append(out, std::int32_t{size > 0 ? 1 : 0});
  append(out, std::int32_t{has_null ? 1 : 0});
  append(out, element_oid);
  if (size == 0) return;
  append(out, static_cast<std::int32_t>(size));
  append(out, std::int32_t{1});  // lower bound
}

bool is_text_like(std::uint32_t type_oid) {
  switch (type_oid) {
    case oid::kText:
    case oid::kVarchar:
    case oid::kBpchar:
    case oid::kName:
    case oid::kChar:
    case oid::kJson:
    case oid::kXml:
    case oid::kUnknown:
      return true;
    default:  // enums, citext and other types made by users go over the wire as their text
      return type_oid >= oid::kFirstOfUsers;
  }
}

std::int64_t to_server_microseconds(std::chrono::microseconds since_1970) {
  const std::int64_t count = since_1970.count();
  if (count == std::numeric_limits<std::int64_t>::max()) return count;
  std::int64_t shifted = 0;
  if (__builtin_sub_overflow(count, kServerEpochMicroseconds, &shifted))
    return std::numeric_limits<std::int64_t>::min();
  return shifted;
}

bool from_server_microseconds(std::int64_t count, std::chrono::microseconds& since_1970) {
  constexpr auto kMax = std::numeric_limits<std::int64_t>::max();
  constexpr auto kMin = std::numeric_limits<std::int64_t>::min();
  std::int64_t shifted = count;
  if (count != kMax && count != kMin && __builtin_add_overflow(count, kServerEpochMicroseconds, &shifted)) return false;
  since_1970 = std::chrono::microseconds(shifted);
  return true;
}

void append_date(std::string& out, Date date) {
  const auto days = static_cast<std::int32_t>(date.time_since_epoch().count());
  if (days == kDateInfinity || days == kDateMinusInfinity) {
    append(out, days);
    return;
  }
  std::int32_t shifted = 0;
  if (__builtin_sub_overflow(days, kServerEpochDays, &shifted)) shifted = kDateMinusInfinity;
  append(out, shifted);
}

bool read_date(std::string_view bytes, Date& out) {
  if (bytes.size() != 4) return false;
  const auto days = load<std::int32_t>(bytes.data());
  std::int32_t shifted = days;
  if (days != kDateInfinity && days != kDateMinusInfinity && __builtin_add_overflow(days, kServerEpochDays, &shifted))
    return false;
  out = Date(std::chrono::days(shifted));
  return true;
}

void append_numeric(std::string& out, std::string_view text) {
  if (text == "NaN") return append_numeric_header(out, 0, 0, kNaN, 0);
  if (text == "Infinity") return append_numeric_header(out, 0, 0, kInfinity, 0);
  if (text == "-Infinity") return append_numeric_header(out, 0, 0, kMinusInfinity, 0);
  Decimal decimal;
  if (!parse_decimal(text, decimal)) throw UsageError("the text of a Numeric is not a number");
  const std::size_t scale = decimal.fraction.size();
  decimal.whole.insert(0, (4 - decimal.whole.size() % 4) % 4, '0');
  decimal.fraction.append((4 - scale % 4) % 4, '0');
  const std::string digits = decimal.whole + decimal.fraction;
  std::vector<std::int16_t> groups;
  for (std::size_t at = 0; at < digits.size(); at += 4)
    groups.push_back(static_cast<std::int16_t>((digits[at] - '0') * 1000 + (digits[at + 1] - '0') * 100 +
                                               (digits[at + 2] - '0') * 10 + (digits[at + 3] - '0')));
  int weight = static_cast<int>(decimal.whole.size() / 4) - 1;
  std::size_t first = 0;
  while (first < groups.size() && groups[first] == 0) {
    ++first;
    --weight;
  }
  while (groups.size() > first && groups.back() == 0) groups.pop_back();
  if (groups.size() == first) weight = 0;
  append_numeric_header(out, groups.size() - first, weight, decimal.negative ? kNegative : kPositive, scale);
  for (std::size_t i = first; i < groups.size(); ++i) append(out, groups[i]);
}

bool read_numeric(std::string_view bytes, std::string& out) {
  constexpr std::size_t kHeader = 8;
  if (bytes.size() < kHeader) return false;
  const std::size_t count = load_u16(bytes.data());
  const int weight = load<std::int16_t>(bytes.data() + 2);
  const std::uint16_t sign = load_u16(bytes.data() + 4);
  const std::size_t scale = load_u16(bytes.data() + 6);
  if (bytes.size() != kHeader + 2 * count || scale > 16'383) return false;
  out.clear();
  switch (sign) {
    case kNaN:
      out = "NaN";
      return true;
    case kInfinity:
      out = "Infinity";
      return true;
    case kMinusInfinity:
      out = "-Infinity";
      return true;
    case kNegative:
      out = "-";
      break;
    case kPositive:
      break;
    default:
      return false;
  }
  const auto group = [&](int index) -> int {
    if (index < 0 || static_cast<std::size_t>(index) >= count) return 0;
    return load<std::int16_t>(bytes.data() + kHeader + 2 * static_cast<std::size_t>(index));
  };
  for (std::size_t i = 0; i < count; ++i)
    if (group(static_cast<int>(i)) < 0 || group(static_cast<int>(i)) > 9999) return false;
  if (weight < 0) out += '0';
  for (int i = 0; i <= weight; ++i) out += i == 0 ? fmt::format("{}", group(i)) : fmt::format("{:04}", group(i));
  if (scale == 0) return true;
  std::string fraction;
  for (int i = weight + 1; fraction.size() < scale; ++i) fraction += fmt::format("{:04}", group(i));
  fraction.resize(scale);
  out.append(".").append(fraction);
  return true;
}

}  // namespace wire
}  // namespace quell::db
