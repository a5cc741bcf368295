#pragma once

#include <concepts>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include <boost/describe/enum_from_string.hpp>
#include <boost/describe/enumerators.hpp>
#include <boost/json/value.hpp>
#include <boost/mp11/algorithm.hpp>

#include "reference_app/http/json_writer.hpp"
#include "reference_app/http/problem.hpp"
#include "reference_app/http/schema.hpp"
#include "reference_app/http/target.hpp"

/// From untrusted text and JSON to described structs, gathering every fault with its place.
namespace quell::reference::http {

/// Body text to JSON. Throws Problem 400 where it is not JSON, 415 where `content_type` is not JSON's. At most 32
/// levels.
[[nodiscard]] boost::json::value parse_json_body(std::string_view content_type, std::string_view body);

namespace detail {

[[nodiscard]] std::optional<std::int64_t> parse_integer(std::string_view text);
[[nodiscard]] std::optional<bool> parse_bool(std::string_view text);

bool check_integer(std::int64_t value, const Field& field, const Location& at, ValidationErrors& errors);
bool check_string(std::string_view value, const Field& field, const Location& at, ValidationErrors& errors);
bool check_count(std::size_t count, const Field& field, const Location& at, ValidationErrors& errors);
void add_type_error(std::string_view expected, const Location& at, ValidationErrors& errors);
void add_enum_error(std::span<const std::string_view> names, const Location& at, ValidationErrors& errors);
void add_missing(const Location& at, ValidationErrors& errors);
void add_unknown(const Location& at, ValidationErrors& errors);
void add_repeated(const Location& at, ValidationErrors& errors);
/// Parts between commas; empty text has none.
[[nodiscard]] std::vector<std::string_view> split_list(std::string_view text);
/// Text that should be a JSON object.
void decode_json_object(std::string_view text, const Location& at, ValidationErrors& errors, db::Jsonb& out);
void decode_json_object(const boost::json::value& json, const Location& at, ValidationErrors& errors, db::Jsonb& out);

template <class E>
std::vector<std::string_view> enum_names() {
  std::vector<std::string_view> names;
  boost::mp11::mp_for_each<boost::describe::describe_enumerators<E>>([&](auto e) { names.emplace_back(e.name); });
  return names;
}

template <class E>
void decode_enum(std::string_view text, const Location& at, ValidationErrors& errors, E& out) {
  const auto found = [&] {
    bool matched = false;
    boost::mp11::mp_for_each<boost::describe::describe_enumerators<E>>([&](auto e) {
      if (text == e.name) {
        out = e.value;
        matched = true;
      }
    });
    return matched;
  }();
  if (!found) add_enum_error(enum_names<E>(), at, errors);
}

/// A path or query parameter.
template <class T>
void decode_text(std::string_view text, const Field& field, const Location& at, ValidationErrors& errors, T& out) {
  if constexpr (is_optional<T>) {
    typename T::value_type value{};
    decode_text(text, field, at, errors, value);
    out = std::move(value);
  } else if constexpr (std::same_as<T, bool>) {
    if (const auto value = parse_bool(text)) {
      out = *value;
    } else {
      add_type_error("true or false", at, errors);
    }
  } else if constexpr (std::same_as<T, std::int64_t>) {
    if (const auto value = parse_integer(text)) {
      if (check_integer(*value, field, at, errors)) out = *value;
    } else {
      add_type_error("an integer", at, errors);
    }
  } else if constexpr (std::is_enum_v<T>) {
    decode_enum(text, at, errors, out);
  } else if constexpr (is_vector<T>) {
    const auto parts = split_list(text);
    if (!check_count(parts.size(), field, at, errors)) return;
    out.clear();
    out.resize(parts.size());
    const Field item_field = field_of_item(field);
    for (std::size_t i = 0; i < parts.size(); ++i) decode_text(parts[i], item_field, Location(at, i), errors, out[i]);
  } else if constexpr (std::same_as<T, db::Jsonb>) {
    decode_json_object(text, at, errors, out);
  } else {
    static_assert(std::same_as<T, std::string>, "no decoder for parameters of this type");
    if (check_string(text, field, at, errors)) out = text;
  }
}

template <class T>
void decode_object(const boost::json::value& json, const Location& at, ValidationErrors& errors, T& out);

/// One JSON value. Strict: no conversion between types but integer to floating point.
template <class T>
void decode_json(const boost::json::value& json, const Field& field, const Location& at, ValidationErrors& errors,
                 T& out) {
  if constexpr (is_optional<T>) {
    if (json.is_null()) return;
    typename T::value_type value{};
    decode_json(json, field, at, errors, value);
    out = std::move(value);
  } else if constexpr (is_vector<T>) {
    if (!json.is_array()) return add_type_error("an array", at, errors);
    const auto& array = json.get_array();
    if (!check_count(array.size(), field, at, errors)) return;
    const Field item_field = field_of_item(field);
    out.clear();
    out.resize(array.size());
    for (std::size_t i = 0; i < array.size(); ++i) decode_json(array[i], item_field, Location(at, i), errors, out[i]);
  } else if constexpr (std::same_as<T, bool>) {
    if (!json.is_bool()) return add_type_error("true or false", at, errors);
    out = json.get_bool();
  } else if constexpr (std::same_as<T, std::int64_t>) {
    if (!json.is_int64()) return add_type_error("an integer", at, errors);
    if (check_integer(json.get_int64(), field, at, errors)) out = json.get_int64();
  } else if constexpr (std::is_enum_v<T>) {
    if (!json.is_string()) return add_enum_error(enum_names<T>(), at, errors);
    decode_enum(std::string_view(json.get_string()), at, errors, out);
  } else if constexpr (std::same_as<T, std::string>) {
    if (!json.is_string()) return add_type_error("a string", at, errors);
    const std::string_view text = json.get_string();
    if (check_string(text, field, at, errors)) out = text;
  } else if constexpr (std::same_as<T, db::Numeric>) {
    std::string text;
    decode_json(json, field, at, errors, text);
    out = db::Numeric(std::move(text));
  } else if constexpr (std::same_as<T, db::Jsonb>) {
    decode_json_object(json, at, errors, out);
  } else {
    decode_object(json, at, errors, out);
  }
}

/// A header or cookie; empty: missing.
template <class T>
void decode_one(std::string_view text, const Field& field, const Location& at, ValidationErrors& errors, T& out) {
  if (!text.empty()) {
    decode_text(text, field, at, errors, out);
  } else if (field.required && !is_optional<T>) {
    add_missing(at, errors);
  }
}

template <class T>
bool is_member(std::string_view name) {
  bool found = false;
  boost::mp11::mp_for_each<MembersOf<T>>([&](auto member) { found = found || name == member.name; });
  return found;
}

/// Members that T does not have are an error: a misspelt one would otherwise be lost without a word.
template <class T>
void decode_object(const boost::json::value& json, const Location& at, ValidationErrors& errors, T& out) {
  if (!json.is_object()) return add_type_error("an object", at, errors);
  const auto& object = json.get_object();
  boost::mp11::mp_for_each<MembersOf<T>>([&](auto member) {
    using Member = std::remove_reference_t<decltype(out.*member.pointer)>;
    constexpr Field field = field_of<T>(decltype(member)::name);
    const Location here(at, field.name);
    if (const auto* value = object.if_contains(field.name)) {
      decode_json(*value, field, here, errors, out.*member.pointer);
    } else if (field.required && !is_optional<Member>) {
      add_missing(here, errors);
    }
  });
  for (const auto& entry : object) {
    if (!is_member<T>(entry.key())) add_unknown(Location(at, std::string_view(entry.key())), errors);
  }
}

}  // namespace detail

/// Path parameters, in the order of T's members.
template <class T>
void decode_path(std::span<const std::string_view> values, ValidationErrors& errors, T& out) {
  const Location path("path");
  std::size_t next = 0;
  boost::mp11::mp_for_each<MembersOf<T>>([&](auto member) {
    constexpr Field field = field_of<T>(decltype(member)::name);
    detail::decode_text(values[next++], field, Location(path, field.name), errors, out.*member.pointer);
  });
}

/// Query parameters; members keep their initial value where a parameter that is not required is missing.
template <class T>
void decode_query(const QueryParameters& parameters, ValidationErrors& errors, T& out) {
  const Location query("query");
  boost::mp11::mp_for_each<MembersOf<T>>([&](auto member) {
    using Member = std::remove_reference_t<decltype(out.*member.pointer)>;
    constexpr Field field = field_of<T>(decltype(member)::name);
    const Location here(query, field.name);
    const std::string* value = nullptr;
    for (const auto& [name, text] : parameters) {
      if (name != field.name) continue;
      if (value != nullptr) return detail::add_repeated(here, errors);
      value = &text;
    }
    if (value != nullptr) {
      detail::decode_text(*value, field, here, errors, out.*member.pointer);
    } else if (field.required && !is_optional<Member>) {
      detail::add_missing(here, errors);
    }
  });
  for (const auto& [name, text] : parameters) {
    if (!detail::is_member<T>(name)) detail::add_unknown(Location(query, name), errors);
  }
}

/// `if_match` to `If-Match`: the header of a member.
[[nodiscard]] std::string header_name(std::string_view member);

/// Members of T by the names of their headers; others are not looked at. An empty header counts as missing.
template <class T>
void decode_headers(const Request& request, ValidationErrors& errors, T& out) {
  const Location header("header");
  boost::mp11::mp_for_each<MembersOf<T>>([&](auto member) {
    constexpr Field field = field_of<T>(decltype(member)::name);
    const std::string name = header_name(field.name);
    detail::decode_one(request.header(name), field, Location(header, name), errors, out.*member.pointer);
  });
}

/// Members of T by the names of their cookies (RFC 6265); others are not looked at.
template <class T>
void decode_cookies(const Request& request, ValidationErrors& errors, T& out) {
  const Location cookie("cookie");
  boost::mp11::mp_for_each<MembersOf<T>>([&](auto member) {
    constexpr Field field = field_of<T>(decltype(member)::name);
    detail::decode_one(request.cookie(field.name), field, Location(cookie, field.name), errors, out.*member.pointer);
  });
}

template <class T>
void decode_body(const boost::json::value& json, ValidationErrors& errors, T& out) {
  detail::decode_object(json, Location("body"), errors, out);
}

}  // namespace quell::reference::http
