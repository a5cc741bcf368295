#pragma once

#include <optional>
#include <string>
#include <string_view>

/// Random values, digests and codes, all libsodium's.
namespace quell::reference::auth {

/// Base64 for URLs without padding (RFC 4648, 5).
[[nodiscard]] std::string to_base64url(std::string_view bytes);
/// Nothing where the text is not exactly that.
[[nodiscard]] std::optional<std::string> from_base64url(std::string_view text);
[[nodiscard]] std::string to_hex(std::string_view bytes);

/// From the system's generator.
[[nodiscard]] std::string random_bytes(std::size_t count);

/// BLAKE2b of 16 bytes: names content. Not a code: anyone can make it.
[[nodiscard]] std::string digest(std::string_view bytes);

/// HMAC-SHA-256 (RFC 2104), 32 bytes.
[[nodiscard]] std::string message_code(std::string_view key, std::string_view message);
/// In time that does not depend on where `code` is wrong.
[[nodiscard]] bool is_message_code(std::string_view code, std::string_view key, std::string_view message);

/// A key of its own for each purpose, so that a code made for one means nothing to another.
[[nodiscard]] std::string derived_key(std::string_view secret, std::string_view purpose);

}  // namespace quell::reference::auth
