#pragma once

#include <string>

#include "reference_app/service.hpp"

namespace CLI {
class App;
}

/// Settings of `serve`, each an option and an environment variable; secrets are variables only, because anybody on the
/// machine can read a command line.
namespace quell::reference {

inline constexpr const char* kSecretVariable = "QUELL_REFERENCE_JWT_SECRET";
inline constexpr const char* kAdminPasswordVariable = "QUELL_REFERENCE_ADMIN_PASSWORD";

/// The numbers and lists that main.cpp does not declare itself.
void declare_settings(CLI::App& serve, ServiceParams& params);

/// Throws CLI::ValidationError where the secret is set and too short.
void read_secret(http::ApiParams& params);
/// Throws CLI::ValidationError where it is not set or shorter than the API asks of anybody.
[[nodiscard]] std::string read_admin_password();

}  // namespace quell::reference
