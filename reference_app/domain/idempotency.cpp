#include "reference_app/domain/idempotency.hpp"

#include <tuple>

namespace quell::reference {

db::Awaitable<std::optional<std::int64_t>> IdempotencyKey::claim(db::Connection& connection) const {
  const auto claimed = co_await connection.execute(
      "with swept as (delete from idempotency_keys"
      " where user_id = $1 and key <> $2 and created_at < now() - interval '1 day')"
      " insert into idempotency_keys (user_id, key, request_digest) values ($1, $2, $3) on conflict do nothing",
      user_id_, key_, request_digest_);
  if (claimed == 1) co_return std::nullopt;
  using Row = std::tuple<bool, std::int64_t>;
  const auto earlier = co_await connection.fetch_one<Row>(
      "select request_digest = $3, resource_id from idempotency_keys where user_id = $1 and key = $2", user_id_, key_,
      request_digest_);
  if (!std::get<0>(earlier)) throw IdempotencyKeyReused();
  co_return std::get<1>(earlier);
}

db::Awaitable<void> IdempotencyKey::keep(db::Connection& connection, std::int64_t resource_id) const {
  co_await connection.execute("update idempotency_keys set resource_id = $3 where user_id = $1 and key = $2", user_id_,
                              key_, resource_id);
}

}  // namespace quell::reference
