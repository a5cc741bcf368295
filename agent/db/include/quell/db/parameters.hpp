#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include <quell/db/codec.hpp>

namespace quell::db {

/// The values of one execution, already in wire form. Calls build it from their arguments; make one by hand where the
/// number of values is known only at run time.
class Parameters {
 public:
  Parameters() = default;

  template <class... Values>
  static Parameters of(const Values&... values) {
    Parameters parameters;
    parameters.slots_.reserve(sizeof...(values));
    (parameters.add(values), ...);
    return parameters;
  }

  template <class T>
  Parameters& add(const T& value) {
    if constexpr (std::is_convertible_v<const T&, std::string_view>) {
      add_encoded<std::string>(std::string_view(value));
    } else if constexpr (Nullable<T>::kIs) {
      using Value = typename Nullable<T>::Value;
      if (value) {
        add(*value);
      } else {
        add_null(Codec<Value>::kOid);
      }
    } else {
      static_assert(!std::is_unsigned_v<T> || std::is_same_v<T, bool>,
                    "PostgreSQL has no unsigned integers: cast to a signed type");
      static_assert(Encodable<T>, "no quell::db::Codec for this parameter type");
      add_encoded<T>(value);
    }
    return *this;
  }
  Parameters& add(std::nullopt_t) { return add_null(oid::kUnspecified); }
  Parameters& add_null(std::uint32_t type_oid) {
    slots_.push_back({type_oid, Format::text, 0, -1});
    return *this;
  }
  /// Bytes that are in wire form already.
  Parameters& add_raw(std::uint32_t type_oid, Format format, std::string_view bytes) {
    slots_.push_back({type_oid, format, bytes_.size(), static_cast<std::int32_t>(bytes.size())});
    bytes_.append(bytes).push_back('\0');
    return *this;
  }
  Parameters& append(const Parameters& other);

  [[nodiscard]] std::size_t size() const { return slots_.size(); }
  [[nodiscard]] std::uint32_t type_oid(std::size_t index) const { return slots_[index].type_oid; }
  [[nodiscard]] Format format(std::size_t index) const { return slots_[index].format; }
  /// data() == nullptr is NULL. Followed by a zero byte.
  [[nodiscard]] std::string_view bytes(std::size_t index) const {
    const Slot& slot = slots_[index];
    if (slot.size < 0) return {};
    return {bytes_.data() + slot.offset, static_cast<std::size_t>(slot.size)};
  }

 private:
  struct Slot {
    std::uint32_t type_oid;
    Format format;
    std::size_t offset;
    std::int32_t size;  ///< -1 is NULL
  };

  template <class T, class Value>
  void add_encoded(const Value& value) {
    const std::size_t offset = bytes_.size();
    Codec<T>::encode(value, bytes_);
    slots_.push_back({Codec<T>::kOid, Codec<T>::kFormat, offset, static_cast<std::int32_t>(bytes_.size() - offset)});
    bytes_.push_back('\0');  // libpq takes text values by their terminating zero
  }

  std::vector<Slot> slots_;
  std::string bytes_;
};

}  // namespace quell::db
