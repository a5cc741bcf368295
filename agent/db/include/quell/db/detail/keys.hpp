#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <optional>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include <quell/db/model.hpp>
#include <quell/db/parameters.hpp>

/// Keys of one or several columns as values: read from objects, hashed, bound.
namespace quell::db::detail {

struct KeyHash {
  template <class Key>
  std::size_t operator()(const Key& key) const {
    return std::hash<Key>()(key);
  }
  template <class Clock, class Duration>
  std::size_t operator()(const std::chrono::time_point<Clock, Duration>& key) const {
    return (*this)(key.time_since_epoch().count());
  }
  template <class... Parts>
  std::size_t operator()(const std::tuple<Parts...>& key) const {
    std::size_t hash = 0;
    std::apply([&](const Parts&... part) { ((hash = hash * 0x9E3779B97F4A7C15ULL + (*this)(part)), ...); }, key);
    return hash;
  }
};

template <class Key>
struct IsCompositeKey : std::false_type {};
template <class... Parts>
struct IsCompositeKey<std::tuple<Parts...>> : std::true_type {};

/// The key in `members` of an object, as the Key they refer to; nothing where one of them is NULL.
template <class Key, class T, class Declared>
std::optional<Key> key_in(const T& object, const Declared& declared) {
  const auto is_null = [&](auto member) {
    using Member = std::remove_cvref_t<decltype(object.*member)>;
    if constexpr (Nullable<Member>::kIs) {
      return !(object.*member).has_value();
    } else {
      return false;
    }
  };
  const auto value = [&](auto member) -> const auto& {
    using Member = std::remove_cvref_t<decltype(object.*member)>;
    if constexpr (Nullable<Member>::kIs) {
      return *(object.*member);
    } else {
      return object.*member;
    }
  };
  return std::apply(
      [&](auto... member) -> std::optional<Key> {
        if ((is_null(member) || ...)) return std::nullopt;
        return Key(value(member)...);
      },
      as_tuple(declared));
}

template <class T>
KeyOf<T> key_of(const T& object) {
  return *key_in<KeyOf<T>>(object, Model<T>::kKey);
}

/// One key as one parameter for each column.
template <class Key>
Parameters key_values(const Key& key) {
  if constexpr (IsCompositeKey<Key>::value) {
    return std::apply([](const auto&... part) { return Parameters::of(part...); }, key);
  } else {
    return Parameters::of(key);
  }
}

/// Many keys as one array parameter for each column.
template <class Key>
Parameters key_arrays(const std::vector<Key>& keys) {
  if constexpr (IsCompositeKey<Key>::value) {
    Parameters parameters;
    const auto add_column = [&]<std::size_t I>(std::integral_constant<std::size_t, I>) {
      std::vector<std::tuple_element_t<I, Key>> column;
      column.reserve(keys.size());
      for (const Key& key : keys) column.push_back(std::get<I>(key));
      parameters.add(column);
    };
    [&]<std::size_t... I>(std::index_sequence<I...>) {
      (add_column(std::integral_constant<std::size_t, I>()), ...);
    }
    (std::make_index_sequence<std::tuple_size_v<Key>>());
    return parameters;
  } else {
    return Parameters::of(keys);
  }
}

}  // namespace quell::db::detail
