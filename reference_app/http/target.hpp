#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace quell::reference::http {

using QueryParameters = std::vector<std::pair<std::string, std::string>>;

/// A request target, percent-decoded. `/` alone has no segments; a trailing slash is an empty last segment.
struct Target {
  std::vector<std::string> segments;
  QueryParameters query;
};

/// Reads an origin-form target (RFC 9112, 3.2.1). Nothing where it is malformed, or where the decoded text is not UTF-8
/// or holds a NUL, which no text column can store.
[[nodiscard]] std::optional<Target> parse_target(std::string_view target);

/// Whether `text` is well-formed UTF-8 (RFC 3629) without NUL.
[[nodiscard]] bool is_storable_text(std::string_view text);

}  // namespace quell::reference::http
