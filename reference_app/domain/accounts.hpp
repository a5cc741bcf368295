#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include <boost/describe/class.hpp>

#include <quell/db/connection.hpp>

#include "reference_app/auth/identity.hpp"

/// Passwords and refresh tokens in the database: only hashes of either.
namespace quell::reference {

struct Login {
  std::int64_t id = 0;
  std::string role;
  std::string password_hash;
};
BOOST_DESCRIBE_STRUCT(Login, (), (id, role, password_hash))

/// Nothing where no user has this address or he has no password.
db::Awaitable<std::optional<Login>> find_login(db::Connection& connection, const std::string& email);

[[nodiscard]] auth::Role role_of(const std::string& text);

/// A user with a password, in one statement. Throws db::UniqueViolation where the address is taken.
db::Awaitable<std::int64_t> create_account(db::Connection& connection, const std::string& name,
                                           const std::string& email, const std::string& password_hash);

/// The user with this address, made where there is none, becomes an administrator with this password.
db::Awaitable<std::int64_t> make_admin(db::Connection& connection, const std::string& name, const std::string& email,
                                       const std::string& password_hash);

/// A refresh token to be given to the client, and when it ends. Starts a family of tokens: one for each login.
db::Awaitable<std::string> start_family(db::Connection& connection, std::int64_t user_id,
                                        std::chrono::seconds lifetime);

struct Rotated {
  auth::Identity identity;
  std::string token;
};

/// Exchanges a refresh token for a new one of its family, once. A token that comes again was stolen from the client, or
/// by the client: then its whole family ends, and the answer is nothing, as it is for an unknown or expired one.
db::Awaitable<std::optional<Rotated>> rotate(db::Connection& connection, const std::string& token,
                                             std::chrono::seconds lifetime);

/// Ends the token's family; nothing where there is none.
db::Awaitable<void> end_family(db::Connection& connection, const std::string& token);

}  // namespace quell::reference
