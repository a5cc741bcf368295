#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <quell/db/connection.hpp>

#include "reference_app/domain/models.hpp"
#include "reference_app/domain/slice.hpp"

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

/// What only administrators see.
struct UserAccount {
  std::int64_t id = 0;
  std::string name;
  std::string email;
  std::string role;
  bool has_password = false;
  db::Timestamp created_at;
};
BOOST_DESCRIBE_STRUCT(UserAccount, (), (id, name, email, role, has_password, created_at))

/// By id. Only those with a larger id than `after_id`.
db::Awaitable<std::vector<UserAccount>> list_users(db::Connection& connection, Slice slice, std::int64_t after_id);

/// What is not given stays as it is.
struct UserChange {
  const std::optional<std::string>& name;
  const std::optional<std::string>& email;
  const std::optional<std::string>& role;
};

/// Nothing where there is no such user. Throws db::UniqueViolation where the e-mail address is taken.
db::Awaitable<std::optional<UserProfile>> update_user(db::Connection& connection, std::int64_t id, UserChange change);

/// With credentials and tokens; whether there was one. Throws db::ForeignKeyViolation where he wrote posts or comments.
db::Awaitable<bool> delete_user(db::Connection& connection, std::int64_t id);

/// Throws db::UniqueViolation where the e-mail address is taken.
db::Awaitable<UserProfile> create_user(db::Connection& connection, const std::string& name, const std::string& email);

}  // namespace quell::reference
