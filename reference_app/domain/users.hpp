#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include <quell/db/connection.hpp>

#include "reference_app/domain/models.hpp"

namespace quell::reference {

struct UserProfile {
  std::int64_t id = 0;
  std::string name;
  std::string email;
  db::Timestamp created_at;
  std::int64_t post_count = 0;
};
BOOST_DESCRIBE_STRUCT(UserProfile, (), (id, name, email, created_at, post_count))

db::Awaitable<std::optional<UserProfile>> find_user(db::Connection& connection, std::int64_t id);
db::Awaitable<bool> user_exists(db::Connection& connection, std::int64_t id);

/// Throws db::UniqueViolation where the e-mail address is taken.
db::Awaitable<UserProfile> create_user(db::Connection& connection, const std::string& name, const std::string& email);

}  // namespace quell::reference
