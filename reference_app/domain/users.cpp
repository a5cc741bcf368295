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

db::Awaitable<std::vector<UserAccount>> list_users(db::Connection& connection, Slice slice, std::int64_t after_id) {
  return connection.fetch<UserAccount>(
      "select id, name, email, role, credentials.user_id is not null as has_password, created_at"
      " from users left join credentials on credentials.user_id = users.id"
      " where id > $3 order by id limit $1 offset $2",
      slice.limit, slice.offset, after_id);
}

db::Awaitable<std::optional<UserProfile>> update_user(db::Connection& connection, std::int64_t id, UserChange change) {
  return connection.fetch_optional<UserProfile>(
      "update users set name = coalesce($2, name), email = coalesce($3, email), role = coalesce($4, role)"
      " where id = $1 returning id, name, email, created_at,"
      " (select count(*) from posts where author_id = users.id) as post_count",
      id, change.name, change.email, change.role);
}

db::Awaitable<bool> delete_user(db::Connection& connection, std::int64_t id) {
  co_return co_await connection.execute("delete from users where id = $1", id) == 1;
}

}  // namespace quell::reference
