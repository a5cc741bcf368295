#include "analyzer/advise/limits.hpp"

#include <fmt/format.h>
#include <quell/db/sync_connection.hpp>

namespace quell::advise {

db::Deadline step_deadline(std::chrono::milliseconds statement_timeout) {
  constexpr std::chrono::seconds kGrace{5};
  return statement_timeout.count() == 0 ? db::Deadline::none() : db::Deadline::after(statement_timeout + kGrace);
}

void begin_limited(db::SyncConnection& connection, std::chrono::milliseconds statement_timeout,
                   std::chrono::milliseconds lock_timeout) {
  connection.execute("BEGIN", step_deadline(statement_timeout));
  connection.execute(fmt::format("SET LOCAL statement_timeout = {}; SET LOCAL lock_timeout = {}",
                                 statement_timeout.count(), lock_timeout.count()),
                     step_deadline(statement_timeout));
}

}  // namespace quell::advise
