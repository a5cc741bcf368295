#pragma once

#include <quell/db/connection.hpp>

#include "reference_app/domain/seed_rows.hpp"

namespace quell::reference {

/// Fills an empty, migrated database and gathers its statistics. Throws db::UsageError where users exist already.
db::Awaitable<void> seed(db::Connection& connection, SeedSize size);

}  // namespace quell::reference
