#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace quell::reference::http {

/// Where a page of a list ended, as text that clients cannot read meaning into nor make themselves: the values of the
/// last row's order, and an HMAC over them and the list's name.
class CursorCodec {
 public:
  explicit CursorCodec(std::string key) : key_(std::move(key)) {}

  /// `list` tells lists apart whose cursors must not be exchanged: "posts", "users/7/posts".
  [[nodiscard]] std::string encode(std::string_view list, std::span<const std::int64_t> position) const;
  /// Nothing where the text was not made by `encode` for this list, with this key, from `count` values.
  [[nodiscard]] std::optional<std::vector<std::int64_t>> decode(std::string_view list, std::string_view text,
                                                                std::size_t count) const;

 private:
  std::string key_;
};

}  // namespace quell::reference::http
