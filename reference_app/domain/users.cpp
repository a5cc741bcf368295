#include "reference_app/domain/users.hpp"

namespace quell::reference {

db::Awaitable<std::optional<UserProfile>> find_user(db::Connection& connection, std::int64_t id) {
  return connection.fetch_optional<UserProfile>(
      "select id, name, email, created_at,"
      " (select count(*) from posts where author_id = users.id) as post_count"
      " from users where id = $1",
      id);
}

db::Awaitable<bool> user_exists(db::Connection& connection, std::int64_t id) {
  return connection.fetch_one<bool>("select exists (select from users where id = $1)", id);
}

db::Awaitable<UserProfile> create_user(db::Connection& connection, const std::string& name, const std::string& email) {
  return connection.fetch_one<UserProfile>(
      "insert into users (name, email) values ($1, $2)"
      " returning id, name, email, created_at, 0::bigint as post_count",
      name, email);
}

}  // namespace quell::reference
