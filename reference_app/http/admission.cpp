#include "reference_app/http/admission.hpp"

#include <fmt/format.h>

#include "reference_app/http/challenge.hpp"
#include "reference_app/http/problem.hpp"

namespace quell::reference::http {
namespace {

// RFC 6750.
constexpr std::string_view kScheme = "Bearer ";

// The scheme's name is not case-sensitive.
bool is_bearer(std::string_view header) {
  return header.size() > kScheme.size() && same_name(header.substr(0, kScheme.size()), kScheme);
}

}  // namespace

auth::Identity Admission::authenticate(const Request& request) const {
  const auto header = request.header("Authorization");
  if (header.empty()) {
    throw Problem(401, "unauthenticated", "This needs an access token: log in at /auth/login.")
        .with("WWW-Authenticate", kChallenge);
  }
  if (is_bearer(header)) {
    if (const auto identity = tokens_.read(header.substr(kScheme.size()))) return *identity;
  }
  throw Problem(401, "invalid-token", "The access token is not valid, or not any more.")
      .with("WWW-Authenticate", kInvalidTokenChallenge);
}

std::optional<auth::Identity> Admission::admit(const Request& request, Access access, Limit limit) {
  if (limit == Limit::authentication) take("authentication", request.peer, rates_.authentication);
  std::optional<auth::Identity> identity;
  if (access != Access::anyone) identity = authenticate(request);
  if (limit == Limit::expensive) {
    take("expensive from", request.peer, rates_.expensive);
    if (identity) take("expensive of", std::to_string(identity->user_id), rates_.expensive);
  }
  if (access == Access::admin && !identity->is_admin()) {
    throw Problem(403, "forbidden", "This is for administrators only.");
  }
  return identity;
}

void Admission::count_attempt(std::string_view account) {
  take("account", account, rates_.account);
}

void Admission::take(std::string_view kind, std::string_view who, const auth::Rate& rate) {
  const auto wait = limiter_.take(fmt::format("{} {}", kind, who), rate);
  if (wait.count() <= 0) return;
  const auto seconds = std::chrono::ceil<std::chrono::seconds>(wait).count();
  throw Problem(429, "too-many-requests", fmt::format("Too many requests of this kind: try again in {} s.", seconds))
      .with("Retry-After", std::to_string(seconds));
}

}  // namespace quell::reference::http
