#pragma once

#include <cstdint>

#include <boost/describe/enum.hpp>

namespace quell::reference::auth {

enum class Role : std::uint8_t { user, admin };
BOOST_DESCRIBE_ENUM(Role, user, admin)

/// Who sends a request, by its access token.
struct Identity {
  std::int64_t user_id = 0;
  Role role = Role::user;

  [[nodiscard]] bool is_admin() const { return role == Role::admin; }
  /// Whether a record of `owner_id` may be changed.
  [[nodiscard]] bool may_change(std::int64_t owner_id) const { return is_admin() || owner_id == user_id; }
};

}  // namespace quell::reference::auth
