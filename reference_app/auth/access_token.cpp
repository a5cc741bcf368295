// The only file that knows the JWT library and the JSON library it brings.
#include "reference_app/auth/access_token.hpp"

#include <charconv>

#include <boost/describe/enum_from_string.hpp>
#include <boost/describe/enum_to_string.hpp>
#include <jwt/jwt.hpp>

#include "reference_app/auth/secret.hpp"

namespace quell::reference::auth {
namespace {

// cpp-jwt parses a token before it checks its signature, and compares signatures with ==. Here only bytes this key has
// signed, found out in constant time, get as far as its parser.
bool is_signed(std::string_view token, std::string_view key) {
  const auto dot = token.rfind('.');
  if (dot == std::string_view::npos) return false;
  const auto code = from_base64url(token.substr(dot + 1));
  return code && is_message_code(*code, key, token.substr(0, dot));
}

std::optional<std::int64_t> to_id(const std::string& text) {
  std::int64_t id = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return id;
}

std::string to_text(std::string_view text) {
  return std::string(text);
}

}  // namespace

std::string AccessTokens::issue(Identity identity, Clock::time_point now) const {
  using namespace jwt::params;
  jwt::jwt_object token{algorithm("HS256"), secret(key_)};
  token.add_claim("iss", to_text(kIssuer))
      .add_claim("aud", to_text(kAudience))
      .add_claim("sub", std::to_string(identity.user_id))
      .add_claim("role", std::string(boost::describe::enum_to_string(identity.role, "user")))
      .add_claim("iat", now)
      .add_claim("nbf", now)
      .add_claim("exp", now + lifetime_);
  return token.signature();
}

std::optional<Identity> AccessTokens::read(std::string_view token) const {
  if (!is_signed(token, key_)) return std::nullopt;
  using namespace jwt::params;
  try {
    std::error_code error;
    const auto decoded = jwt::decode(jwt::string_view(token.data(), token.size()), algorithms({"HS256"}), error,
                                     secret(key_), issuer(to_text(kIssuer)), aud(to_text(kAudience)));
    if (error) return std::nullopt;
    // The library lets a token without times pass, and must not be asked for a claim that is missing.
    for (const char* claim : {"exp", "nbf", "sub", "role"}) {
      if (!decoded.has_claim(claim)) return std::nullopt;
    }
    const auto id = to_id(decoded.payload().get_claim_value<std::string>("sub"));
    Identity identity;
    const auto role = decoded.payload().get_claim_value<std::string>("role");
    if (!id || !boost::describe::enum_from_string(role.c_str(), identity.role)) return std::nullopt;
    identity.user_id = *id;
    return identity;
  } catch (const std::exception&) {  // a claim of another type
    return std::nullopt;
  }
}

}  // namespace quell::reference::auth
