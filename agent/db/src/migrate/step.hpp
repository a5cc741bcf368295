#pragma once

#include <string>

#include <quell/db/migrate.hpp>
#include <quell/db/sql_script.hpp>
#include <quell/db/sync_connection.hpp>

#include "agent/db/src/migrate/version_table.hpp"

namespace quell::db::migrate {

/// The SQL of one direction of one revision, in the parts it runs in.
[[nodiscard]] std::vector<ScriptPart> parts_of(const Revision& revision, Direction direction);

/// "revision '0003' (index)".
[[nodiscard]] std::string title_of(const Revision& revision);

/// What became of a revision that is not finished. `revision`: null where it is not known.
[[nodiscard]] std::string describe_interruption(const VersionTable::Row& row, const Revision* revision);

/// Runs one direction of one revision on `connection` and keeps its record. Throws MigrationError naming it and, where
/// the server refused a statement, the line.
void run_step(SyncConnection& connection, const VersionTable& table, const MigrationParams& params,
              const Revision& revision, Direction direction);

/// The same as text for psql. Throws MigrationError where the step is code.
[[nodiscard]] std::string step_sql(const VersionTable& table, const MigrationParams& params, const Revision& revision,
                                   Direction direction);

}  // namespace quell::db::migrate
