#pragma once

#include <charconv>
#include <chrono>
#include <concepts>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include <boost/describe/enum_to_string.hpp>
#include <boost/describe/enumerators.hpp>
#include <boost/describe/members.hpp>
#include <boost/mp11/algorithm.hpp>

#include <quell/db/types.hpp>

/// Writes described values straight into text, without a tree between. Members in the order of their declaration, so
/// the same value always gives the same bytes.
namespace quell::reference::http {

void write_string(std::string& out, std::string_view text);
void write_double(std::string& out, double value);
/// RFC 3339 in UTC, microseconds only where there are any: 2024-03-01T12:00:00Z.
void write_timestamp(std::string& out, db::Timestamp value);

template <class T>
inline constexpr bool is_optional = false;
template <class T>
inline constexpr bool is_optional<std::optional<T>> = true;
template <class T>
inline constexpr bool is_vector = false;
template <class T>
inline constexpr bool is_vector<std::vector<T>> = true;

template <class T>
void write_json(std::string& out, const T& value) {
  if constexpr (std::same_as<T, bool>) {
    out += value ? "true" : "false";
  } else if constexpr (std::integral<T>) {
    char digits[24];
    out.append(digits, std::to_chars(digits, digits + sizeof digits, value).ptr);
  } else if constexpr (std::floating_point<T>) {
    write_double(out, value);
  } else if constexpr (std::convertible_to<const T&, std::string_view>) {
    write_string(out, value);
  } else if constexpr (std::same_as<T, db::Timestamp>) {
    write_timestamp(out, value);
  } else if constexpr (std::same_as<T, db::Jsonb>) {
    out += value.text();
  } else if constexpr (std::same_as<T, db::Numeric>) {
    write_string(out, value.text());  // a JSON number would lose digits in most readers
  } else if constexpr (std::same_as<T, db::Uuid>) {
    write_string(out, value.to_string());
  } else if constexpr (is_optional<T>) {
    if (value) {
      write_json(out, *value);
    } else {
      out += "null";
    }
  } else if constexpr (is_vector<T>) {
    out += '[';
    for (const auto& item : value) {
      if (&item != value.data()) out += ',';
      write_json(out, item);
    }
    out += ']';
  } else if constexpr (std::is_enum_v<T>) {
    write_string(out, boost::describe::enum_to_string(value, ""));
  } else {
    out += '{';
    bool first = true;
    boost::mp11::mp_for_each<boost::describe::describe_members<T, boost::describe::mod_public>>([&](auto member) {
      if (!first) out += ',';
      first = false;
      out += '"';
      out += member.name;
      out += "\":";
      write_json(out, value.*member.pointer);
    });
    out += '}';
  }
}

}  // namespace quell::reference::http
