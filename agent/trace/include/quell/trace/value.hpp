#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>

namespace quell::trace {

/// The random key of one trace. Hashes of different traces cannot be compared.
using HashKey = std::array<std::byte, 16>;

/// How PostgreSQL sent a value (protocol 3, format codes).
enum class Format : std::uint8_t { text = 0, binary = 1 };

/// A value in canonical form: equal values are equal whatever type, format or driver carried them, so that int4 42 in
/// binary, '42' in text and int8 42 are one value. Integers with a magnitude below `kLargestPlainInteger` stand as they
/// are; everything else, and everything in a redacted trace, is a keyed 64-bit hash (SipHash-2-4).
class Value {
 public:
  enum class Kind : std::uint8_t { null = 0, integer = 1, hash = 2 };

  /// 2^48: serial keys stay readable and compress well; random 63-bit identifiers take eight bytes either way.
  static constexpr std::int64_t kLargestPlainInteger = std::int64_t{1} << 48;

  constexpr Value() = default;
  static constexpr Value null() { return {}; }
  static constexpr Value integer(std::int64_t number) { return {Kind::integer, static_cast<std::uint64_t>(number)}; }
  static constexpr Value hash(std::uint64_t bits) { return {Kind::hash, bits}; }

  [[nodiscard]] constexpr Kind kind() const { return kind_; }
  [[nodiscard]] constexpr bool is_null() const { return kind_ == Kind::null; }
  /// The number of an integer, the hash of a hash, 0 of NULL.
  [[nodiscard]] constexpr std::uint64_t bits() const { return bits_; }
  [[nodiscard]] constexpr std::int64_t as_integer() const { return static_cast<std::int64_t>(bits_); }

  friend constexpr auto operator<=>(const Value&, const Value&) = default;

 private:
  constexpr Value(Kind kind, std::uint64_t bits) : bits_(bits), kind_(kind) {}
  std::uint64_t bits_ = 0;
  Kind kind_ = Kind::null;
};

/// Turns what PostgreSQL sent into a canonical Value. Stateless but for the key; safe from any thread.
///
/// Text is read by *shape*, not by declared type, because drivers send parameters untyped: a canonical decimal integer
/// ("42", "-7"; not "+7", "007", "-0") is an integer, a UUID in any of the spellings PostgreSQL accepts is its 16
/// bytes, "t"/"f" stay text. Binary is read by type OID (bool, int2, int4, int8, oid, uuid, text-like types; numeric
/// with no fraction is an integer); an unknown type is hashed as its bytes.
class Canonicalizer {
 public:
  /// `redact`: integers are hashed too.
  explicit Canonicalizer(const HashKey& key, bool redact = false) : key_(key), redact_(redact) {}

  [[nodiscard]] Value from_text(std::string_view bytes) const;
  [[nodiscard]] Value from_binary(std::uint32_t type_oid, std::string_view bytes) const;
  [[nodiscard]] Value from_wire(std::uint32_t type_oid, Format format, std::string_view bytes) const {
    return format == Format::text ? from_text(bytes) : from_binary(type_oid, bytes);
  }
  [[nodiscard]] Value from_integer(std::int64_t number) const;

  [[nodiscard]] bool redacts() const { return redact_; }

 private:
  [[nodiscard]] Value hashed(char tag, std::string_view bytes) const;
  HashKey key_;
  bool redact_;
};

/// The keys PostgreSQL gives types a value edge can start from: integers, oid, uuid, text, varchar, bpchar, name.
[[nodiscard]] bool is_key_like(std::uint32_t type_oid);

}  // namespace quell::trace

template <>
struct std::hash<quell::trace::Value> {
  std::size_t operator()(const quell::trace::Value& value) const noexcept {
    std::uint64_t x = value.bits() + static_cast<std::uint64_t>(value.kind()) * 0x9E3779B97F4A7C15ULL;
    x ^= x >> 32;
    x *= 0xD6E8FEB86659FD93ULL;
    x ^= x >> 32;
    return static_cast<std::size_t>(x);
  }
};
