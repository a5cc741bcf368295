#pragma once

#include <string>
#include <vector>

#include <quell/db/deadline.hpp>

#include "analyzer/plan/run_request.hpp"

namespace quell::db {
class SyncConnection;
}

/// One EXPLAIN inside whatever transaction the caller has begun. All throw what SyncConnection::query throws.
namespace quell::plan {

/// The EXPLAIN statement before the SQL: options that `server_version` (150004) knows, JSON format.
[[nodiscard]] std::string explain_prefix(RunMode mode, int server_version);

/// No parameter was cut or redacted.
[[nodiscard]] bool values_known(const std::vector<RunParameter>& parameters);

/// Binds the values as they were captured, by the extended protocol: EXPLAIN takes $n there, and the planner sees the
/// values as it would for a custom plan. Returns the server's JSON.
[[nodiscard]] std::string explain_with_values(db::SyncConnection& connection, const RunRequest& request, RunMode mode,
                                              db::Deadline deadline);

/// The generic plan: PREPARE with the types of the parameters, EXPLAIN EXECUTE under force_generic_plan (for this
/// transaction; PostgreSQL 12 and later). Where it throws, the prepared statement stays in the session.
[[nodiscard]] std::string explain_without_values(db::SyncConnection& connection, const RunRequest& request,
                                                 db::Deadline deadline);

}  // namespace quell::plan
