#pragma once

#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include <quell/db/types.hpp>
#include <quell/trace/value.hpp>

/// How C++ values travel: one Codec a type. Specialise it to teach the layer a type of your own.
namespace quell::db {

using trace::Format;

/// Type OIDs of the server's catalogue (pg_type.dat); fixed for ever.
namespace oid {
inline constexpr std::uint32_t kUnspecified = 0, kBool = 16, kBytea = 17, kChar = 18, kName = 19, kInt8 = 20,
                               kInt2 = 21, kInt4 = 23, kText = 25, kOid = 26, kJson = 114, kXml = 142, kFloat4 = 700,
                               kFloat8 = 701, kUnknown = 705, kBpchar = 1042, kVarchar = 1043, kDate = 1082,
                               kTime = 1083, kTimestamp = 1114, kTimestamptz = 1184, kInterval = 1186, kNumeric = 1700,
                               kUuid = 2950, kJsonb = 3802, kRecord = 2249,
                               kFirstOfUsers = 16'384;  // FirstNormalObjectId: enums, composites and other types made by users
}  // namespace oid

/// "int4" for 23; "type with OID 16412" for what is not built in.
[[nodiscard]] std::string type_name(std::uint32_t type_oid);

/// A specialisation has:
///   static constexpr std::uint32_t kOid, kArrayOid;    // kOid may be oid::kUnspecified: the server infers it
///   static constexpr Format kFormat;
///   static void encode(const T&, std::string& out);     // appends the bytes
///   static bool accepts(std::uint32_t type_oid);        // can decode a column of this type
///   static bool decode(std::uint32_t type_oid, std::string_view binary, T& out);  // false: bytes are malformed or out
///   of range
template <class T>
struct Codec;

namespace wire {

template <std::integral T>
void append(std::string& out, T value) {
  auto bits = static_cast<std::make_unsigned_t<T>>(value);
  char bytes[sizeof(T)];
  for (std::size_t i = sizeof(T); i-- > 0;) {
    bytes[i] = static_cast<char>(bits & 0xFF);
    if constexpr (sizeof(T) > 1) bits = static_cast<std::make_unsigned_t<T>>(bits >> 8);
  }
  out.append(bytes, sizeof(T));
}

/// Reads a big-endian integer; `bytes` has at least sizeof(T) bytes.
template <std::integral T>
[[nodiscard]] T load(const char* bytes) {
  std::make_unsigned_t<T> bits = 0;
  std::memcpy(&bits, bytes, sizeof(T));
  if constexpr (sizeof(T) == 2) bits = __builtin_bswap16(bits);
  if constexpr (sizeof(T) == 4) bits = __builtin_bswap32(bits);
  if constexpr (sizeof(T) == 8) bits = __builtin_bswap64(bits);
  return static_cast<T>(bits);
}

/// Walks the elements of a binary array (array_send in the server's arrayfuncs.c). One dimension only.
class ArrayReader {
 public:
  /// False where the bytes are no array of at most one dimension.
  bool open(std::string_view bytes);
  [[nodiscard]] std::uint32_t element_oid() const { return element_oid_; }
  [[nodiscard]] std::size_t size() const { return size_; }
  /// False at a malformed element. data() == nullptr is NULL.
  bool next(std::string_view& element);
  [[nodiscard]] bool at_end() const { return rest_.empty(); }

 private:
  std::string_view rest_;
  std::uint32_t element_oid_ = 0;
  std::size_t size_ = 0;
};

void append_array_header(std::string& out, std::uint32_t element_oid, std::size_t size, bool has_null);
/// A length and as many bytes, or -1 for NULL: then data() == nullptr. Takes it off `bytes`; false where it is cut.
bool read_sized(std::string_view& bytes, std::string_view& value);
void append_numeric(std::string& out, std::string_view text);
bool read_numeric(std::string_view bytes, std::string& out);
bool is_text_like(std::uint32_t type_oid);
/// A number of microseconds from 2000-01-01 as the server counts, and the other way round; infinities saturate.
std::int64_t to_server_microseconds(std::chrono::microseconds since_1970);
bool from_server_microseconds(std::int64_t count, std::chrono::microseconds& since_1970);
void append_date(std::string& out, Date date);
bool read_date(std::string_view bytes, Date& out);

}  // namespace wire

template <>
struct Codec<bool> {
  static constexpr std::uint32_t kOid = oid::kBool, kArrayOid = 1000;
  static constexpr Format kFormat = Format::binary;
  static void encode(bool value, std::string& out) { out.push_back(value ? '\1' : '\0'); }
  static bool accepts(std::uint32_t type_oid) { return type_oid == oid::kBool; }
  static bool decode(std::uint32_t, std::string_view bytes, bool& out) {
    if (bytes.size() != 1) return false;
    out = bytes[0] != 0;
    return true;
  }
};

/// Signed integers of 2, 4 and 8 bytes; they read every smaller integer type too. PostgreSQL has no unsigned ones.
template <std::signed_integral T>
requires(sizeof(T) >= 2 && !std::same_as<T, char> && !std::same_as<T, wchar_t>) struct Codec<T> {
  static constexpr std::uint32_t kOid = sizeof(T) == 2 ? oid::kInt2 : sizeof(T) == 4 ? oid::kInt4 : oid::kInt8;
  static constexpr std::uint32_t kArrayOid = sizeof(T) == 2 ? 1005 : sizeof(T) == 4 ? 1007 : 1016;
  static constexpr Format kFormat = Format::binary;
  static void encode(T value, std::string& out) { wire::append(out, value); }
  static bool accepts(std::uint32_t type_oid) {
    return type_oid == kOid || (sizeof(T) >= 4 && type_oid == oid::kInt2) ||
           (sizeof(T) == 8 && type_oid == oid::kInt4) || (sizeof(T) == 8 && type_oid == oid::kOid);
  }
  static bool decode(std::uint32_t type_oid, std::string_view bytes, T& out) {
    if (type_oid == oid::kOid && bytes.size() == 4) {
      out = static_cast<T>(wire::load<std::uint32_t>(bytes.data()));
      return true;
    }
    switch (bytes.size()) {
      case 2:
        out = wire::load<std::int16_t>(bytes.data());
        return true;
      case 4:
        if constexpr (sizeof(T) < 4) return false;
        out = static_cast<T>(wire::load<std::int32_t>(bytes.data()));
        return true;
      case 8:
        if constexpr (sizeof(T) < 8) return false;
        out = static_cast<T>(wire::load<std::int64_t>(bytes.data()));
        return true;
      default:
        return false;
    }
  }
};

/// float reads float4 only: reading float8 would lose digits silently.
template <>
struct Codec<float> {
  static constexpr std::uint32_t kOid = oid::kFloat4, kArrayOid = 1021;
  static constexpr Format kFormat = Format::binary;
  static void encode(float value, std::string& out) { wire::append(out, std::bit_cast<std::int32_t>(value)); }
  static bool accepts(std::uint32_t type_oid) { return type_oid == oid::kFloat4; }
  static bool decode(std::uint32_t, std::string_view bytes, float& out) {
    if (bytes.size() != 4) return false;
    out = std::bit_cast<float>(wire::load<std::int32_t>(bytes.data()));
    return true;
  }
};

template <>
struct Codec<double> {
  static constexpr std::uint32_t kOid = oid::kFloat8, kArrayOid = 1022;
  static constexpr Format kFormat = Format::binary;
  static void encode(double value, std::string& out) { wire::append(out, std::bit_cast<std::int64_t>(value)); }
  static bool accepts(std::uint32_t type_oid) { return type_oid == oid::kFloat8 || type_oid == oid::kFloat4; }
  static bool decode(std::uint32_t, std::string_view bytes, double& out) {
    if (bytes.size() == 4) {
      out = static_cast<double>(std::bit_cast<float>(wire::load<std::int32_t>(bytes.data())));
    } else if (bytes.size() == 8) {
      out = std::bit_cast<double>(wire::load<std::int64_t>(bytes.data()));
    } else {
      return false;
    }
    return true;
  }
};

/// Text goes out with no type, so that the server infers it as it does for a quoted literal: one string binds to text,
/// varchar, an enum or a date. Reads text, varchar, char(n), name, json, xml and the types the server's users make
/// (enums).
template <>
struct Codec<std::string> {
  static constexpr std::uint32_t kOid = oid::kUnspecified, kArrayOid = 1009;
  static constexpr Format kFormat = Format::text;
  static void encode(std::string_view value, std::string& out) { out.append(value); }
  static bool accepts(std::uint32_t type_oid) { return wire::is_text_like(type_oid); }
  static bool decode(std::uint32_t, std::string_view bytes, std::string& out) {
    out.assign(bytes);
    return true;
  }
};

/// Read as a view it is valid as long as the Result.
template <>
struct Codec<std::string_view> : Codec<std::string> {
  static bool decode(std::uint32_t, std::string_view bytes, std::string_view& out) {
    out = bytes;
    return true;
  }
};

template <>
struct Codec<Uuid> {
  static constexpr std::uint32_t kOid = oid::kUuid, kArrayOid = 2951;
  static constexpr Format kFormat = Format::binary;
  static void encode(const Uuid& value, std::string& out) {
    out.append(reinterpret_cast<const char*>(value.bytes().data()), value.bytes().size());
  }
  static bool accepts(std::uint32_t type_oid) { return type_oid == oid::kUuid; }
  static bool decode(std::uint32_t, std::string_view bytes, Uuid& out) {
    std::array<std::byte, 16> raw;
    if (bytes.size() != raw.size()) return false;
    std::memcpy(raw.data(), bytes.data(), raw.size());
    out = Uuid(raw);
    return true;
  }
};

template <>
struct Codec<Timestamp> {
  static constexpr std::uint32_t kOid = oid::kTimestamptz, kArrayOid = 1185;
  static constexpr Format kFormat = Format::binary;
  static void encode(Timestamp value, std::string& out) {
    wire::append(out, wire::to_server_microseconds(value.time_since_epoch()));
  }
  static bool accepts(std::uint32_t type_oid) { return type_oid == oid::kTimestamptz; }
  static bool decode(std::uint32_t, std::string_view bytes, Timestamp& out) {
    std::chrono::microseconds since_1970{};
    if (bytes.size() != 8 || !wire::from_server_microseconds(wire::load<std::int64_t>(bytes.data()), since_1970))
      return false;
    out = Timestamp(since_1970);
    return true;
  }
};

template <>
struct Codec<LocalTimestamp> {
  static constexpr std::uint32_t kOid = oid::kTimestamp, kArrayOid = 1115;
  static constexpr Format kFormat = Format::binary;
  static void encode(LocalTimestamp value, std::string& out) {
    wire::append(out, wire::to_server_microseconds(value.time_since_epoch()));
  }
  static bool accepts(std::uint32_t type_oid) { return type_oid == oid::kTimestamp; }
  static bool decode(std::uint32_t, std::string_view bytes, LocalTimestamp& out) {
    std::chrono::microseconds since_1970{};
    if (bytes.size() != 8 || !wire::from_server_microseconds(wire::load<std::int64_t>(bytes.data()), since_1970))
      return false;
    out = LocalTimestamp(since_1970);
    return true;
  }
};

template <>
struct Codec<Date> {
  static constexpr std::uint32_t kOid = oid::kDate, kArrayOid = 1182;
  static constexpr Format kFormat = Format::binary;
  static void encode(Date value, std::string& out) { wire::append_date(out, value); }
  static bool accepts(std::uint32_t type_oid) { return type_oid == oid::kDate; }
  static bool decode(std::uint32_t, std::string_view bytes, Date& out) { return wire::read_date(bytes, out); }
};

template <>
struct Codec<TimeOfDay> {
  static constexpr std::uint32_t kOid = oid::kTime, kArrayOid = 1183;
  static constexpr Format kFormat = Format::binary;
  static void encode(TimeOfDay value, std::string& out) {
    wire::append(out, static_cast<std::int64_t>(value.since_midnight().count()));
  }
  static bool accepts(std::uint32_t type_oid) { return type_oid == oid::kTime; }
  static bool decode(std::uint32_t, std::string_view bytes, TimeOfDay& out) {
    if (bytes.size() != 8) return false;
    out = TimeOfDay(std::chrono::microseconds(wire::load<std::int64_t>(bytes.data())));
    return true;
  }
};

template <>
struct Codec<Interval> {
  static constexpr std::uint32_t kOid = oid::kInterval, kArrayOid = 1187;
  static constexpr Format kFormat = Format::binary;
  static void encode(const Interval& value, std::string& out) {
    wire::append(out, static_cast<std::int64_t>(value.time().count()));
    wire::append(out, value.days());
    wire::append(out, value.months());
  }
  static bool accepts(std::uint32_t type_oid) { return type_oid == oid::kInterval; }
  static bool decode(std::uint32_t, std::string_view bytes, Interval& out) {
    if (bytes.size() != 16) return false;
    out = Interval(wire::load<std::int32_t>(bytes.data() + 12), wire::load<std::int32_t>(bytes.data() + 8),
                   std::chrono::microseconds(wire::load<std::int64_t>(bytes.data())));
    return true;
  }
};

/// Goes out as text, which the server parses as strictly as binary and which needs no version byte.
template <>
struct Codec<Jsonb> {
  static constexpr std::uint32_t kOid = oid::kJsonb, kArrayOid = 3807;
  static constexpr Format kFormat = Format::binary;
  static void encode(const Jsonb& value, std::string& out) {
    out.push_back('\1');  // jsonb_recv: the version of the binary form
    out.append(value.text());
  }
  static bool accepts(std::uint32_t type_oid) { return type_oid == oid::kJsonb || type_oid == oid::kJson; }
  static bool decode(std::uint32_t type_oid, std::string_view bytes, Jsonb& out) {
    if (type_oid == oid::kJsonb) {
      if (bytes.empty() || bytes[0] != '\1') return false;
      bytes.remove_prefix(1);
    }
    out = Jsonb(std::string(bytes));
    return true;
  }
};

/// Text that is no number is refused by the server, not here: it is sent as text.
template <>
struct Codec<Numeric> {
  static constexpr std::uint32_t kOid = oid::kNumeric, kArrayOid = 1231;
  static constexpr Format kFormat = Format::text;
  static void encode(const Numeric& value, std::string& out) { out.append(value.text()); }
  static bool accepts(std::uint32_t type_oid) { return type_oid == oid::kNumeric; }
  static bool decode(std::uint32_t, std::string_view bytes, Numeric& out) {
    std::string text;
    if (!wire::read_numeric(bytes, text)) return false;
    out = Numeric(std::move(text));
    return true;
  }
};

template <>
struct Codec<Bytea> {
  static constexpr std::uint32_t kOid = oid::kBytea, kArrayOid = 1001;
  static constexpr Format kFormat = Format::binary;
  static void encode(const Bytea& value, std::string& out) { out.append(value.bytes()); }
  static bool accepts(std::uint32_t type_oid) { return type_oid == oid::kBytea; }
  static bool decode(std::uint32_t, std::string_view bytes, Bytea& out) {
    out = Bytea(std::string(bytes));
    return true;
  }
};

/// The type inside std::optional, or the type itself.
template <class T>
struct Nullable {
  using Value = T;
  static constexpr bool kIs = false;
};
template <class T>
struct Nullable<std::optional<T>> {
  using Value = T;
  static constexpr bool kIs = true;
};

namespace wire {

/// The type of T inside an array or a composite, which have no way to leave it open.
template <class T>
inline constexpr std::uint32_t kElementOid = Codec<T>::kOid == oid::kUnspecified ? oid::kText : Codec<T>::kOid;

/// The value in binary form with its length before it, as arrays, ranges and composites hold it.
template <class T>
void append_sized(const T& value, std::string& out) {
  const std::size_t at = out.size();
  append(out, std::int32_t{0});
  if constexpr (std::same_as<T, Numeric>) {
    append_numeric(out, value.text());
  } else {
    Codec<T>::encode(value, out);
  }
  std::string length;
  append(length, static_cast<std::int32_t>(out.size() - at - 4));
  out.replace(at, 4, length);
}

}  // namespace wire

/// One-dimensional arrays; std::vector<std::optional<T>> where elements may be NULL.
template <class T>
struct Codec<std::vector<T>> {
  using Element = typename Nullable<T>::Value;
  using Of = Codec<Element>;
  static constexpr std::uint32_t kOid = Of::kArrayOid, kArrayOid = Of::kArrayOid;
  static constexpr Format kFormat = Format::binary;

  static void encode(const std::vector<T>& values, std::string& out) {
    bool has_null = false;
    if constexpr (Nullable<T>::kIs) {
      for (const auto& value : values) has_null = has_null || !value.has_value();
    }
    wire::append_array_header(out, wire::kElementOid<Element>, values.size(), has_null);
    for (const auto& value : values) {
      if constexpr (Nullable<T>::kIs) {
        if (value) {
          wire::append_sized<Element>(*value, out);
        } else {
          wire::append(out, std::int32_t{-1});
        }
      } else {
        wire::append_sized<Element>(value, out);
      }
    }
  }
  static bool accepts(std::uint32_t type_oid) { return type_oid == kArrayOid || accepts_cousin(type_oid); }
  static bool decode(std::uint32_t, std::string_view bytes, std::vector<T>& out) {
    wire::ArrayReader reader;
    if (!reader.open(bytes)) return false;
    if (reader.size() > 0 && !Of::accepts(reader.element_oid())) return false;
    out.clear();
    out.reserve(reader.size());
    for (std::size_t i = 0; i < reader.size(); ++i) {
      std::string_view element;
      if (!reader.next(element)) return false;
      if (element.data() == nullptr) {
        if constexpr (Nullable<T>::kIs) {
          out.emplace_back();
          continue;
        } else {
          return false;
        }
      }
      Element value{};
      if (!Of::decode(reader.element_oid(), element, value)) return false;
      out.emplace_back(std::move(value));
    }
    return reader.at_end();
  }

 private:
  /// Smaller integers and other text types read as well as the exact one.
  static bool accepts_cousin(std::uint32_t type_oid) {
    if constexpr (std::signed_integral<Element>) {
      return (sizeof(Element) >= 4 && type_oid == 1005) || (sizeof(Element) == 8 && type_oid == 1007);
    } else if constexpr (std::same_as<Element, std::string>) {
      return type_oid == 1015 || type_oid == 1014 || type_oid == 1003 || type_oid == 199 || type_oid >= oid::kFirstOfUsers;
    } else if constexpr (Of::kArrayOid == oid::kUnspecified) {
      return type_oid >= oid::kFirstOfUsers;
    } else {
      return false;
    }
  }
};

template <class T>
concept Encodable = requires(const T& value, std::string& out) {
  Codec<T>::encode(value, out);
};

}  // namespace quell::db
