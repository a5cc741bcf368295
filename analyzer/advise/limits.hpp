#pragma once

#include <chrono>

#include <quell/db/deadline.hpp>

namespace quell::db {
class SyncConnection;
}

namespace quell::advise {

/// When a step of the advisor is given up on this side: a little after the server's own limit. 0: never.
[[nodiscard]] db::Deadline step_deadline(std::chrono::milliseconds statement_timeout);

/// BEGIN, with both limits for this transaction.
void begin_limited(db::SyncConnection& connection, std::chrono::milliseconds statement_timeout,
                   std::chrono::milliseconds lock_timeout);

}  // namespace quell::advise
