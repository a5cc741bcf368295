#pragma once

#include <vector>

#include <quell/db/migrate.hpp>

namespace quell::reference {

/// The service's schema, oldest step first. The SQL files beside this header, compiled in.
[[nodiscard]] std::vector<db::Revision> migrations();

}  // namespace quell::reference
