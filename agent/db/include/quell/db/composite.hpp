#pragma once

#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>

#include <boost/describe/enumerators.hpp>
#include <boost/describe/members.hpp>
#include <boost/mp11/algorithm.hpp>

#include <quell/db/codec.hpp>
#include <quell/db/error.hpp>

/// Types that users make in the server: enums and composites, by Boost.Describe. The server's own OIDs for them differ
/// from database to database, so parameters of these types go out untyped and the statement has to say what they are,
/// by the column they are compared with or by a cast: `$1::address`.
namespace quell::db {

namespace detail {
template <class T>
concept DescribedStruct = std::is_class_v<T> && boost::describe::has_describe_members<T>::value;
template <class T>
concept DescribedEnum = std::is_enum_v<T> && boost::describe::has_describe_enumerators<T>::value;
}  // namespace detail

/// BOOST_DESCRIBE_ENUM(Mood, happy, sad): the labels are the enumerators' names. For labels that are no C++ names,
/// specialise Codec. A label the enumeration does not have is a DecodeError.
template <detail::DescribedEnum T>
struct Codec<T> {
  static constexpr std::uint32_t kOid = oid::kUnspecified, kArrayOid = oid::kUnspecified;
  static constexpr Format kFormat = Format::text;
  static void encode(T value, std::string& out) {
    bool known = false;
    boost::mp11::mp_for_each<boost::describe::describe_enumerators<T>>([&](auto enumerator) {
      if (!known && enumerator.value == value) out.append(enumerator.name);
      known = known || enumerator.value == value;
    });
    if (!known) throw UsageError("an enumeration has a value that is none of its described enumerators");
  }
  static bool accepts(std::uint32_t type_oid) { return wire::is_text_like(type_oid); }
  static bool decode(std::uint32_t, std::string_view bytes, T& out) {
    bool known = false;
    boost::mp11::mp_for_each<boost::describe::describe_enumerators<T>>([&](auto enumerator) {
      if (bytes != enumerator.name) return;
      out = enumerator.value;
      known = true;
    });
    return known;
  }
};

/// BOOST_DESCRIBE_STRUCT(Address, (), (street, number)): a composite type whose attributes are the members, in this
/// order. Built-in types must be the attributes' very types: std::string is text, not varchar.
template <detail::DescribedStruct T>
struct Codec<T> {
  static constexpr std::uint32_t kOid = oid::kUnspecified, kArrayOid = oid::kUnspecified;
  static constexpr Format kFormat = Format::binary;
  using Members = boost::describe::describe_members<T, boost::describe::mod_public>;

  static void encode(const T& value, std::string& out) {
    wire::append(out, static_cast<std::int32_t>(boost::mp11::mp_size<Members>::value));
    boost::mp11::mp_for_each<Members>([&](auto member) {
      using Member = std::remove_cvref_t<decltype(value.*member.pointer)>;
      using Value = typename Nullable<Member>::Value;
      wire::append(out, wire::kElementOid<Value>);
      if constexpr (Nullable<Member>::kIs) {
        if (!(value.*member.pointer)) return wire::append(out, std::int32_t{-1});
        wire::append_sized(*(value.*member.pointer), out);
      } else {
        wire::append_sized(value.*member.pointer, out);
      }
    });
  }
  static bool accepts(std::uint32_t type_oid) { return type_oid == oid::kRecord || type_oid >= oid::kFirstOfUsers; }
  static bool decode(std::uint32_t, std::string_view bytes, T& out) {
    if (bytes.size() < 4 || wire::load<std::int32_t>(bytes.data()) != boost::mp11::mp_size<Members>::value)
      return false;
    bytes.remove_prefix(4);
    bool good = true;
    boost::mp11::mp_for_each<Members>([&](auto member) { good = good && decode_member(bytes, out.*member.pointer); });
    return good && bytes.empty();
  }

 private:
  template <class Member>
  static bool decode_member(std::string_view& bytes, Member& member) {
    using Value = typename Nullable<Member>::Value;
    if (bytes.size() < 4) return false;
    const auto type_oid = wire::load<std::uint32_t>(bytes.data());
    bytes.remove_prefix(4);
    std::string_view raw;
    if (!wire::read_sized(bytes, raw)) return false;
    if (raw.data() == nullptr) {
      member = Member{};
      return Nullable<Member>::kIs;
    }
    if (!Codec<Value>::accepts(type_oid)) return false;
    if constexpr (Nullable<Member>::kIs) {
      return Codec<Value>::decode(type_oid, raw, member.emplace());
    } else {
      return Codec<Value>::decode(type_oid, raw, member);
    }
  }
};

}  // namespace quell::db
