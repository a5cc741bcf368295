#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "reference_app/auth/access_token.hpp"
#include "reference_app/auth/identity.hpp"
#include "reference_app/auth/rate_limiter.hpp"
#include "reference_app/http/message.hpp"

/// Who may send a request, and how often.
namespace quell::reference::http {

enum class Access : std::uint8_t {
  anyone,
  user,   ///< with an access token; whose records he may change is the handler's question
  admin,  ///< the same, of an administrator
};

enum class Limit : std::uint8_t {
  none,
  authentication,  ///< whatever checks or makes a password or a token
  expensive,       ///< whatever costs the database or other users more than a page of a list
};

struct RateParams {
  /// Of one address. 20 at once, then one in three seconds: an office behind one address can log in.
  auth::Rate authentication{20, 1.0 / 3};
  /// Of one account, wherever the requests come from: 10 at once, then one in six seconds.
  auth::Rate account{10, 1.0 / 6};
  /// Of one address and of one user.
  auth::Rate expensive{100, 20};
};

class Admission {
 public:
  Admission(const auth::AccessTokens& tokens, RateParams rates) : tokens_(tokens), rates_(rates) {}

  /// The sender of a request to an operation with these needs; nothing for a request without a token, where anyone may
  /// send it. Throws Problem: 401 without a valid token, 403 without the role, 429 with Retry-After too often.
  std::optional<auth::Identity> admit(const Request& request, Access access, Limit limit);

  /// Counts one attempt to enter this account. Throws Problem 429.
  void count_attempt(std::string_view account);

 private:
  [[nodiscard]] auth::Identity authenticate(const Request& request) const;
  void take(std::string_view kind, std::string_view who, const auth::Rate& rate);

  const auth::AccessTokens& tokens_;
  RateParams rates_;
  auth::RateLimiter limiter_;
};

}  // namespace quell::reference::http
