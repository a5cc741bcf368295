#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <quell/db/codec.hpp>

namespace quell::db {

enum class Bound : std::uint8_t { inclusive, exclusive };

/// A range of PostgreSQL: int4range, int8range, numrange, tsrange, tstzrange and daterange for T = std::int32_t,
/// std::int64_t, Numeric, LocalTimestamp, Timestamp and Date. An absent bound is infinite. The server writes ranges of
/// integers and dates as [lower, upper): [1,3] comes back as [1,4).
template <class T>
class Range {
 public:
  /// Without bounds: everything.
  Range() = default;
  Range(std::optional<T> lower, std::optional<T> upper, Bound lower_bound = Bound::inclusive,
        Bound upper_bound = Bound::exclusive)
      : lower_(std::move(lower)),
        upper_(std::move(upper)),
        lower_inclusive_(lower_ && lower_bound == Bound::inclusive),
        upper_inclusive_(upper_ && upper_bound == Bound::inclusive) {}
  static Range nothing() {
    Range range;
    range.empty_ = true;
    return range;
  }

  /// Holds no value at all; has no bounds then.
  [[nodiscard]] bool empty() const { return empty_; }
  [[nodiscard]] const std::optional<T>& lower() const { return lower_; }
  [[nodiscard]] const std::optional<T>& upper() const { return upper_; }
  [[nodiscard]] bool lower_inclusive() const { return lower_inclusive_; }
  [[nodiscard]] bool upper_inclusive() const { return upper_inclusive_; }
  friend bool operator==(const Range&, const Range&) = default;

 private:
  std::optional<T> lower_, upper_;
  bool lower_inclusive_ = false;
  bool upper_inclusive_ = false;
  bool empty_ = false;
};

namespace wire {

/// The range type over a type; arrays of it have the next OID (pg_type.dat).
template <class T>
inline constexpr std::uint32_t kRangeOid = 0;
template <>
inline constexpr std::uint32_t kRangeOid<std::int32_t> = 3904;
template <>
inline constexpr std::uint32_t kRangeOid<Numeric> = 3906;
template <>
inline constexpr std::uint32_t kRangeOid<LocalTimestamp> = 3908;
template <>
inline constexpr std::uint32_t kRangeOid<Timestamp> = 3910;
template <>
inline constexpr std::uint32_t kRangeOid<Date> = 3912;
template <>
inline constexpr std::uint32_t kRangeOid<std::int64_t> = 3926;

/// The first byte of a range in binary form (rangetypes.h).
inline constexpr unsigned char kRangeEmpty = 0x01, kLowerInclusive = 0x02, kUpperInclusive = 0x04,
                               kLowerInfinite = 0x08, kUpperInfinite = 0x10;

}  // namespace wire

template <class T>
struct Codec<Range<T>> {
  static_assert(wire::kRangeOid<T> != 0, "PostgreSQL has no range over this type");
  static constexpr std::uint32_t kOid = wire::kRangeOid<T>, kArrayOid = wire::kRangeOid<T> + 1;
  static constexpr Format kFormat = Format::binary;

  static void encode(const Range<T>& value, std::string& out) {
    if (value.empty()) {
      out.push_back(static_cast<char>(wire::kRangeEmpty));
      return;
    }
    unsigned flags = 0;
    if (value.lower_inclusive()) flags |= wire::kLowerInclusive;
    if (value.upper_inclusive()) flags |= wire::kUpperInclusive;
    if (!value.lower()) flags |= wire::kLowerInfinite;
    if (!value.upper()) flags |= wire::kUpperInfinite;
    out.push_back(static_cast<char>(flags));
    if (value.lower()) wire::append_sized(*value.lower(), out);
    if (value.upper()) wire::append_sized(*value.upper(), out);
  }
  static bool accepts(std::uint32_t type_oid) { return type_oid == kOid; }
  static bool decode(std::uint32_t, std::string_view bytes, Range<T>& out) {
    if (bytes.empty()) return false;
    const auto flags = static_cast<unsigned char>(bytes[0]);
    bytes.remove_prefix(1);
    if ((flags & wire::kRangeEmpty) != 0) {
      out = Range<T>::nothing();
      return bytes.empty();
    }
    std::optional<T> lower, upper;
    if ((flags & wire::kLowerInfinite) == 0 && !read_bound(bytes, lower)) return false;
    if ((flags & wire::kUpperInfinite) == 0 && !read_bound(bytes, upper)) return false;
    out = Range<T>(std::move(lower), std::move(upper),
                   (flags & wire::kLowerInclusive) != 0 ? Bound::inclusive : Bound::exclusive,
                   (flags & wire::kUpperInclusive) != 0 ? Bound::inclusive : Bound::exclusive);
    return bytes.empty();
  }

 private:
  static bool read_bound(std::string_view& bytes, std::optional<T>& bound) {
    std::string_view raw;
    return wire::read_sized(bytes, raw) && raw.data() != nullptr &&
           Codec<T>::decode(Codec<T>::kOid, raw, bound.emplace());
  }
};

}  // namespace quell::db
