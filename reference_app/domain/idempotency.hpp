#pragma once

#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>

#include <quell/db/connection.hpp>

/// Requests that may be sent twice and act once (Idempotency-Key).
namespace quell::reference {

/// The key belongs to another request of the same user.
class IdempotencyKeyReused : public std::runtime_error {
 public:
  IdempotencyKeyReused() : std::runtime_error("this idempotency key was used for another request") {}
};

class IdempotencyKey {
 public:
  /// `request_digest` tells requests apart: of everything that makes them differ.
  IdempotencyKey(std::int64_t user_id, std::string key, const std::string& request_digest)
      : user_id_(user_id), key_(std::move(key)), request_digest_(request_digest) {}

  /// First statement of the transaction that does the work. The id of what the same request made before: then there is
  /// nothing to do; nothing: do the work and `keep` its id before the commit. A second request that comes while the
  /// first works waits here for its end, and does the work itself where the first one fails. Takes the user's other
  /// keys away that are older than a day. Throws IdempotencyKeyReused.
  db::Awaitable<std::optional<std::int64_t>> claim(db::Connection& connection) const;
  db::Awaitable<void> keep(db::Connection& connection, std::int64_t resource_id) const;

 private:
  std::int64_t user_id_;
  std::string key_;
  db::Bytea request_digest_;
};

}  // namespace quell::reference
