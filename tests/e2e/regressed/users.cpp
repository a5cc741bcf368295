// reference_app/domain/users.cpp with mistakes to choose from: tests/e2e/gate_test.py lists them.
#include "reference_app/domain/users.hpp"

#include "tests/e2e/regressed/regression.hpp"

namespace quell::reference {
namespace {

db::Awaitable<std::optional<UserProfile>> read_profile(db::Connection& connection, std::int64_t id) {
  return connection.fetch_optional<UserProfile>(
      "select id, name, email, created_at,"
      " (select count(*) from posts where author_id = users.id) as post_count"
      " from users where id = $1",
      id);
}

}  // namespace

db::Awaitable<std::optional<UserProfile>> find_user(db::Connection& connection, std::int64_t id) {
  if (seeded("duplicate_read")) co_await read_profile(connection, id);
  if (seeded("write_in_a_read")) co_await connection.execute("update users set name = name where id = $1", id);
  if (seeded("locks_rows")) {
    co_return co_await connection.fetch_optional<UserProfile>(
        "select id, name, email, created_at,"
        " (select count(*) from posts where author_id = users.id) as post_count"
        " from users where id = $1 for update",
        id);
  }
  if (seeded("control_comment_and_spelling")) {
    co_return co_await connection.fetch_optional<UserProfile>(
        "SELECT id, name, email, created_at, /* the author's posts */\n"
        "  (SELECT count(*) FROM posts WHERE author_id = users.id) AS post_count\n"
        "FROM users WHERE id = $1",
        id);
  }
  if (seeded("control_transaction")) {
    auto transaction = co_await connection.begin();
    auto user = co_await read_profile(connection, id);
    co_await transaction.commit();
    co_return user;
  }
  co_return co_await read_profile(connection, id);
}

db::Awaitable<bool> user_exists(db::Connection& connection, std::int64_t id) {
  return connection.fetch_one<bool>("select exists (select from users where id = $1)", id);
}

db::Awaitable<UserProfile> create_user(db::Connection& connection, const std::string& name, const std::string& email) {
  auto user = co_await connection.fetch_one<UserProfile>(
      "insert into users (name, email) values ($1, $2)"
      " returning id, name, email, created_at, 0::bigint as post_count",
      name, email);
  if (seeded("read_after_write")) co_await read_profile(connection, user.id);
  co_return user;
}

}  // namespace quell::reference
