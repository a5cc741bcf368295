#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include <boost/describe/class.hpp>
#include <boost/describe/members.hpp>
#include <boost/mp11/algorithm.hpp>

/// What a field of a request or response may hold. Boost.Describe knows names and types; this knows the rest. One
/// declaration drives decoding, validation and the OpenAPI document.
namespace quell::reference::http {

enum class Format : std::uint8_t { none, email, password };

/// Of a string: lengths in code points. Of an array: lengths in items, and the other limits hold for each item.
struct Field {
  std::string_view name;
  std::string_view description = {};
  bool required = true;  ///< std::optional members never are
  std::optional<std::int64_t> minimum = {};
  std::optional<std::int64_t> maximum = {};
  std::optional<std::size_t> min_length = {};
  std::optional<std::size_t> max_length = {};
  std::string_view pattern = {};  ///< RE2, must match the whole value
  Format format = Format::none;
  /// An enumeration whose values are so different in cost that each is a trace scope of its own: GET
  /// /posts?loading=lazy.
  bool names_scope = false;
};

/// Specialised for each described struct that crosses HTTP: `kName` and `kFields`. Fields that are not listed have no
/// limits.
template <class T>
struct Schema;

template <class T>
using MembersOf = boost::describe::describe_members<T, boost::describe::mod_public>;

/// Whether every listed field is a member of T: a misspelt one would silently check nothing.
template <class T>
constexpr bool fields_are_members() {
  bool all = true;
  for (const Field& field : Schema<T>::kFields) {
    bool found = false;
    boost::mp11::mp_for_each<MembersOf<T>>([&](auto member) { found = found || field.name == member.name; });
    all = all && found;
  }
  return all;
}

/// The declared limits of a member; none where it is not listed.
template <class T>
constexpr Field field_of(std::string_view name) {
  static_assert(fields_are_members<T>(), "Schema<T>::kFields names something that is no member of T");
  for (const Field& field : Schema<T>::kFields) {
    if (field.name == name) return field;
  }
  return Field{.name = name};
}

/// What holds for each item of an array: the lengths are the array's own.
constexpr Field field_of_item(Field field) {
  field.description = {};
  field.min_length.reset();
  field.max_length.reset();
  return field;
}

/// For operations without path parameters, query parameters or body.
struct None {};
BOOST_DESCRIBE_STRUCT(None, (), ())

template <>
struct Schema<None> {
  static constexpr std::string_view kName = "None";
  static constexpr std::array<Field, 0> kFields{};
};

}  // namespace quell::reference::http
