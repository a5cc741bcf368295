#pragma once

namespace quell::reference::http {

/// WWW-Authenticate of every 401 (RFC 6750, 3): how to do better.
inline constexpr const char* kChallenge = R"(Bearer realm="quell-reference")";
/// The same where a token came that is not valid.
inline constexpr const char* kInvalidTokenChallenge = R"(Bearer realm="quell-reference", error="invalid_token")";

}  // namespace quell::reference::http
