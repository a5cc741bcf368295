#include "reference_app/domain/accounts.hpp"

#include <tuple>

#include <boost/describe/enum_from_string.hpp>

#include "reference_app/auth/secret.hpp"

namespace quell::reference {
namespace {

constexpr std::size_t kTokenBytes = 32;

// The token is random and long: a plain digest of it cannot be reversed by guessing, as one of a password could.
db::Bytea stored_form(const std::string& token) {
  return db::Bytea(auth::digest(token));
}

std::string new_token() {
  return auth::to_base64url(auth::random_bytes(kTokenBytes));
}

}  // namespace

auth::Role role_of(const std::string& text) {
  auth::Role role = auth::Role::user;
  boost::describe::enum_from_string(text.c_str(), role);
  return role;
}

db::Awaitable<std::optional<Login>> find_login(db::Connection& connection, const std::string& email) {
  return connection.fetch_optional<Login>(
      "select users.id, users.role, credentials.password_hash"
      " from users join credentials on credentials.user_id = users.id where users.email = $1",
      email);
}

db::Awaitable<std::int64_t> create_account(db::Connection& connection, const std::string& name,
                                           const std::string& email, const std::string& password_hash) {
  return connection.fetch_one<std::int64_t>(
      "with added as (insert into users (name, email) values ($1, $2) returning id)"
      " insert into credentials (user_id, password_hash) select id, $3 from added returning user_id",
      name, email, password_hash);
}

db::Awaitable<std::int64_t> make_admin(db::Connection& connection, const std::string& name, const std::string& email,
                                       const std::string& password_hash) {
  return connection.fetch_one<std::int64_t>(
      "with kept as (insert into users (name, email, role) values ($1, $2, 'admin')"
      " on conflict (email) do update set role = 'admin' returning id)"
      " insert into credentials (user_id, password_hash) select id, $3 from kept"
      " on conflict (user_id) do update set password_hash = excluded.password_hash, changed_at = now()"
      " returning user_id",
      name, email, password_hash);
}

db::Awaitable<std::string> start_family(db::Connection& connection, std::int64_t user_id,
                                        std::chrono::seconds lifetime) {
  std::string token = new_token();
  const db::Bytea stored = stored_form(token);
  const std::int64_t seconds = lifetime.count();
  // Who logs in takes his expired tokens away.
  co_await connection.execute(
      "with swept as (delete from refresh_tokens where user_id = $1 and expires_at <= now())"
      " insert into refresh_tokens (user_id, family, token_hash, expires_at)"
      " values ($1, gen_random_uuid(), $2, now() + make_interval(secs => $3::bigint))",
      user_id, stored, seconds);
  co_return token;
}

db::Awaitable<std::optional<Rotated>> rotate(db::Connection& connection, const std::string& token,
                                             std::chrono::seconds lifetime) {
  Rotated rotated;
  rotated.token = new_token();
  const db::Bytea old_form = stored_form(token);
  const db::Bytea new_form = stored_form(rotated.token);
  const std::int64_t seconds = lifetime.count();
  // Of two that come at the same time the second waits for the row and then finds it used.
  const auto owner = co_await connection.fetch_optional<std::tuple<std::int64_t, std::string>>(
      "with used as (update refresh_tokens set used_at = now()"
      " where token_hash = $1 and used_at is null and revoked_at is null and expires_at > now()"
      " returning user_id, family),"
      " added as (insert into refresh_tokens (user_id, family, token_hash, expires_at)"
      " select user_id, family, $2, now() + make_interval(secs => $3::bigint) from used returning user_id)"
      " select users.id, users.role from added join users on users.id = added.user_id",
      old_form, new_form, seconds);
  if (!owner) {
    co_await end_family(connection, token);
    co_return std::nullopt;
  }
  rotated.identity = {std::get<0>(*owner), role_of(std::get<1>(*owner))};
  co_return rotated;
}

db::Awaitable<void> end_family(db::Connection& connection, const std::string& token) {
  const db::Bytea stored = stored_form(token);
  co_await connection.execute(
      "update refresh_tokens set revoked_at = now() where revoked_at is null"
      " and family = (select family from refresh_tokens where token_hash = $1)",
      stored);
}

}  // namespace quell::reference
