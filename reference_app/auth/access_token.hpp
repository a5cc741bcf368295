#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "reference_app/auth/identity.hpp"

namespace quell::reference::auth {

/// Makes and reads access tokens: JSON Web Tokens (RFC 7519) signed with HMAC-SHA-256 and nothing else, for one issuer
/// and audience, valid for `lifetime`. They are believed until they expire: a role taken away, or a user deleted, holds
/// that long. Usable from any thread.
class AccessTokens {
 public:
  using Clock = std::chrono::system_clock;
  static constexpr std::string_view kIssuer = "quell-reference";
  static constexpr std::string_view kAudience = "quell-reference-api";

  AccessTokens(std::string key, std::chrono::seconds lifetime) : key_(std::move(key)), lifetime_(lifetime) {}

  [[nodiscard]] std::string issue(Identity identity, Clock::time_point now = Clock::now()) const;
  /// Nothing where the token is malformed, not signed by this key, not valid now, or made for somebody else.
  [[nodiscard]] std::optional<Identity> read(std::string_view token) const;

  [[nodiscard]] std::chrono::seconds lifetime() const { return lifetime_; }

 private:
  std::string key_;
  std::chrono::seconds lifetime_;
};

}  // namespace quell::reference::auth
