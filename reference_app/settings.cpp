#include "reference_app/settings.hpp"

#include <cstdlib>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

namespace quell::reference {
namespace {

/// An option in whole units of a duration.
template <class Duration>
CLI::Option* add_duration(CLI::App& app, const std::string& name, Duration& value, const std::string& text) {
  return app
      .add_option_function<std::int64_t>(
          name, [&value](std::int64_t count) { value = Duration(count); }, text)
      ->check(CLI::Range(std::int64_t{0}, std::int64_t{INT32_MAX}))
      ->default_str(std::to_string(value.count()));
}

void add_rate(CLI::App& app, const std::string& name, const std::string& variable, auth::Rate& rate,
              const std::string& whose) {
  app.add_option(name + "-burst", rate.burst, fmt::format("{}: requests at once; 0: no limit", whose))
      ->envname(variable + "_BURST")
      ->check(CLI::Range(0.0, 1e9))
      ->capture_default_str();
  app.add_option(name + "-rate", rate.per_second, fmt::format("{}: requests a second in the long run", whose))
      ->envname(variable + "_RATE")
      ->check(CLI::Range(1e-6, 1e9))
      ->capture_default_str();
}

void declare_limits(CLI::App& serve, ServiceParams& params) {
  http::RateParams& rates = params.api.rates;
  add_rate(serve, "--auth", "QUELL_REFERENCE_AUTH", rates.authentication, "Logins and the like of one address");
  add_rate(serve, "--account", "QUELL_REFERENCE_ACCOUNT", rates.account, "Logins to one account");
  add_rate(serve, "--expensive", "QUELL_REFERENCE_EXPENSIVE", rates.expensive,
           "Expensive operations of one address, and of one user");
  serve.add_option("--max-body", params.server.max_body_bytes, "Bytes of a request's body")
      ->envname("QUELL_REFERENCE_MAX_BODY")
      ->capture_default_str();
  serve.add_option("--max-connections", params.server.max_connections, "Connections of one worker")
      ->envname("QUELL_REFERENCE_MAX_CONNECTIONS")
      ->capture_default_str();
  serve.add_option("--max-hashes", params.hasher.max_pending, "Passwords waiting to be hashed, for each worker")
      ->envname("QUELL_REFERENCE_MAX_HASHES")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
}

}  // namespace

void declare_settings(CLI::App& serve, ServiceParams& params) {
  declare_limits(serve, params);
  add_duration(serve, "--request-timeout-ms", params.api.request_timeout, "For one request, in milliseconds")
      ->envname("QUELL_REFERENCE_REQUEST_TIMEOUT_MS");
  add_duration(serve, "--drain-timeout-ms", params.server.drain_timeout, "For running requests when told to end")
      ->envname("QUELL_REFERENCE_DRAIN_TIMEOUT_MS");
  add_duration(serve, "--access-lifetime-s", params.api.access_lifetime, "An access token's, in seconds")
      ->envname("QUELL_REFERENCE_ACCESS_LIFETIME_S");
  add_duration(serve, "--refresh-lifetime-s", params.api.refresh_lifetime, "A refresh token's, in seconds")
      ->envname("QUELL_REFERENCE_REFRESH_LIFETIME_S");
  add_duration(serve, "--cache-lifetime-ms", params.cache.lifetime, "Of cached replies; 0 caches none")
      ->envname("QUELL_REFERENCE_CACHE_LIFETIME_MS");
  serve
      .add_option("--cors-origins", params.api.cors.origins,
                  "Origins whose pages may read replies, separated by commas; * for all")
      ->envname("QUELL_REFERENCE_CORS_ORIGINS")
      ->delimiter(',');
  serve.add_option("--min-gzip", params.api.finish.min_gzip_bytes, "Bodies from this size on are compressed")
      ->envname("QUELL_REFERENCE_MIN_GZIP")
      ->capture_default_str();
}

void read_secret(http::ApiParams& params) {
  const char* secret = std::getenv(kSecretVariable);
  if (secret == nullptr) return;
  params.secret = secret;
  if (params.secret.size() < http::ApiParams::kMinSecretBytes) {
    throw CLI::ValidationError(kSecretVariable,
                               fmt::format("must have at least {} bytes; make one with: openssl rand -hex 32",
                                           http::ApiParams::kMinSecretBytes));
  }
}

std::string read_admin_password() {
  constexpr std::size_t kMinLength = 10;
  const char* password = std::getenv(kAdminPasswordVariable);
  if (password == nullptr || std::string_view(password).size() < kMinLength) {
    throw CLI::ValidationError(kAdminPasswordVariable,
                               fmt::format("must be set to at least {} characters", kMinLength));
  }
  return password;
}

}  // namespace quell::reference
