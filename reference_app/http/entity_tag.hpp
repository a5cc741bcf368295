#pragma once

#include <string>
#include <string_view>

/// Validators and conditional requests (RFC 9110, 8.8.3 and 13).
namespace quell::reference::http {

/// A strong validator of these bytes, in quotes.
[[nodiscard]] std::string entity_tag(std::string_view body);
/// The tag of the same content in another encoding: strong tags name bytes.
[[nodiscard]] std::string gzip_entity_tag(std::string_view tag);

/// Whether `tag` is in an If-Match or If-None-Match list, `*` included, in whatever encoding. `weak_too`: If-None-Match
/// compares weakly, If-Match strongly.
[[nodiscard]] bool names_entity_tag(std::string_view list, std::string_view tag, bool weak_too);

}  // namespace quell::reference::http
