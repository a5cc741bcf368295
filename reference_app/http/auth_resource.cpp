#include <fmt/format.h>

#include "reference_app/domain/accounts.hpp"
#include "reference_app/domain/users.hpp"
#include "reference_app/http/api.hpp"
#include "reference_app/http/challenge.hpp"
#include "reference_app/http/representations.hpp"
#include "reference_app/http/resources.hpp"

namespace quell::reference::http {

/// A long password would be dear to hash; nobody types 128 characters.
inline constexpr Field kNewPasswordField{
    .name = "password", .min_length = 10, .max_length = 128, .format = Format::password};

struct Registration {
  std::string name;
  std::string email;
  std::string password;
};
BOOST_DESCRIBE_STRUCT(Registration, (), (name, email, password))
template <>
struct Schema<Registration> {
  static constexpr std::string_view kName = "Registration";
  static constexpr std::array kFields{Field{.name = "name", .min_length = 1, .max_length = 100},
                                      Field{.name = "email", .max_length = 254, .format = Format::email},
                                      kNewPasswordField};
};

struct Credentials {
  std::string email;
  std::string password;
};
BOOST_DESCRIBE_STRUCT(Credentials, (), (email, password))
template <>
struct Schema<Credentials> {
  static constexpr std::string_view kName = "Credentials";
  // No lengths but the limits: what is too short is wrong like any other.
  static constexpr std::array kFields{Field{.name = "email", .max_length = 254},
                                      Field{.name = "password", .max_length = 128, .format = Format::password}};
};

struct TokenPair {
  std::string access_token;
  std::string token_type = "Bearer";
  std::int64_t expires_in = 0;
  std::string refresh_token;
};
BOOST_DESCRIBE_STRUCT(TokenPair, (), (access_token, token_type, expires_in, refresh_token))
template <>
struct Schema<TokenPair> {
  static constexpr std::string_view kName = "TokenPair";
  static constexpr std::array kFields{
      Field{.name = "expires_in", .description = "Seconds the access token is valid."},
      Field{.name = "refresh_token", .description = "Good for one exchange at /auth/refresh. Also set as a cookie."}};
};

struct RefreshBody {
  std::optional<std::string> refresh_token;
};
BOOST_DESCRIBE_STRUCT(RefreshBody, (), (refresh_token))
template <>
struct Schema<RefreshBody> {
  static constexpr std::string_view kName = "RefreshBody";
  static constexpr std::array kFields{Field{
      .name = "refresh_token", .description = "Instead of the cookie.", .max_length = 100, .format = Format::password}};
};

struct RefreshCookie {
  std::optional<std::string> refresh_token;
};
BOOST_DESCRIBE_STRUCT(RefreshCookie, (), (refresh_token))
template <>
struct Schema<RefreshCookie> {
  static constexpr std::string_view kName = "RefreshCookie";
  static constexpr std::array kFields{
      Field{.name = "refresh_token", .description = "As set by /auth/login.", .max_length = 100}};
};

namespace {

using RefreshInput = Input<None, None, RefreshBody, None, RefreshCookie>;

/// The cookie is sent to /auth only, by pages of this site only, and no script can read it.
void set_cookie(RequestContext& context, std::string_view token, std::chrono::seconds age) {
  context.response().set(
      "Set-Cookie",
      fmt::format("refresh_token={}; Path=/auth; Max-Age={}; HttpOnly; Secure; SameSite=Strict", token, age.count()));
}

TokenPair make_pair(RequestContext& context, const auth::Identity& identity, std::string refresh_token) {
  const Api& api = context.api();
  set_cookie(context, refresh_token, api.refresh_lifetime());
  TokenPair pair;
  pair.access_token = api.tokens().issue(identity);
  pair.expires_in = api.tokens().lifetime().count();
  pair.refresh_token = std::move(refresh_token);
  return pair;
}

std::string token_of(const RefreshInput& input) {
  const auto& token = input.body.refresh_token ? input.body.refresh_token : input.cookie.refresh_token;
  if (token) return *token;
  ValidationErrors errors;
  const Location body("body");
  errors.add(Location(body, "refresh_token"), "missing", "is required, here or as a cookie");
  errors.throw_if_any();
  return {};
}

asio::awaitable<UserProfile> enroll(RequestContext& context, const Input<None, None, Registration>& input) {
  const Registration& given = input.body;
  context.api().count_attempt(given.email);
  const std::string hash = co_await context.hasher().hash(given.password);
  auto connection = co_await context.acquire();
  const std::int64_t id = co_await create_account(*connection, given.name, given.email, hash);
  context.response().set("Location", fmt::format("/users/{}", id));
  auto profile = co_await find_user(*connection, id);
  if (!profile) throw not_found("user", id);
  co_return std::move(*profile);
}

// Unknown addresses, users without a password and wrong passwords cost the same and look the same.
asio::awaitable<TokenPair> login(RequestContext& context, const Input<None, None, Credentials>& input) {
  context.api().count_attempt(input.body.email);
  std::optional<Login> user;
  {
    // Not held while the password is checked: there are more requests than connections.
    auto connection = co_await context.acquire();
    user = co_await find_login(*connection, input.body.email);
  }
  const std::string stored = user ? user->password_hash : std::string();
  if (!co_await context.hasher().verify(stored, input.body.password)) {
    throw Problem(401, "wrong-credentials", "There is no user with this e-mail address and password.")
        .with("WWW-Authenticate", kChallenge);
  }
  auto connection = co_await context.acquire();
  std::string token = co_await start_family(*connection, user->id, context.api().refresh_lifetime());
  co_return make_pair(context, {user->id, role_of(user->role)}, std::move(token));
}

asio::awaitable<TokenPair> refresh(RequestContext& context, const RefreshInput& input) {
  const std::string token = token_of(input);
  auto connection = co_await context.acquire();
  auto rotated = co_await rotate(*connection, token, context.api().refresh_lifetime());
  if (!rotated) {
    throw Problem(401, "invalid-token", "The refresh token is not valid, or not any more.")
        .with("WWW-Authenticate", kInvalidTokenChallenge);
  }
  co_return make_pair(context, rotated->identity, std::move(rotated->token));
}

asio::awaitable<None> logout(RequestContext& context, const RefreshInput& input) {
  const std::string token = token_of(input);
  auto connection = co_await context.acquire();
  co_await end_family(*connection, token);
  set_cookie(context, "", std::chrono::seconds(0));
  co_return None{};
}

}  // namespace

void add_auth(Api& api) {
  api.add({.method = Method::post,
           .route = "/auth/register",
           .id = "register",
           .summary = "Become a user with a password",
           .tag = "auth",
           .status = 201,
           .limit = Limit::authentication,
           .problems = {409}},
          &enroll);
  api.add({.method = Method::post,
           .route = "/auth/login",
           .id = "login",
           .summary = "Exchange e-mail address and password for tokens",
           .tag = "auth",
           .limit = Limit::authentication,
           .problems = {401}},
          &login);
  api.add({.method = Method::post,
           .route = "/auth/refresh",
           .id = "refresh",
           .summary = "Exchange a refresh token for new tokens",
           .description = "Each refresh token is good for one exchange. One that comes again ends all tokens of its "
                          "login: it was stolen from the client, or by it.",
           .tag = "auth",
           .limit = Limit::authentication,
           .problems = {401}},
          &refresh);
  api.add({.method = Method::post,
           .route = "/auth/logout",
           .id = "logout",
           .summary = "End all refresh tokens of a login",
           .tag = "auth",
           .status = 204,
           .limit = Limit::authentication},
          &logout);
}

}  // namespace quell::reference::http
