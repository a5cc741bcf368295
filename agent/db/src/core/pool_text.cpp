// What a pool says about itself, in words.

#include <fmt/format.h>

#include <quell/db/pool.hpp>

namespace quell::db {

std::string_view to_string(PoolNotice::Kind kind) {
  using enum PoolNotice::Kind;
  switch (kind) {
    case first_connect:
      return "first_connect";
    case connect:
      return "connect";
    case connect_failed:
      return "connect_failed";
    case checkout:
      return "checkout";
    case checkin:
      return "checkin";
    case reset:
      return "reset";
    case ping:
      return "ping";
    case invalidate:
      return "invalidate";
    case soft_invalidate:
      return "soft_invalidate";
    case close:
      return "close";
    case detach:
      return "detach";
    case timeout:
      return "timeout";
    case leak:
      return "leak";
    case leak_returned:
      return "leak_returned";
  }
  return "unknown";
}

std::string PoolStatus::to_string() const {
  return fmt::format("pool size {}, checked in {}, overflow {}, checked out {}, waiting {}", size, checked_in, overflow,
                     checked_out, waiting);
}

}  // namespace quell::db
