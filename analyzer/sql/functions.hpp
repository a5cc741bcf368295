#pragma once

#include <string_view>

namespace quell::sql {

/// Immutable or stable built-in functions without side effects: safe to run again for a plan. Not listed = volatile.
[[nodiscard]] bool is_safe_function(std::string_view name);
[[nodiscard]] bool is_aggregate(std::string_view name);
/// Tells something about the session or the server: what drivers ask when they connect.
[[nodiscard]] bool is_session_function(std::string_view name);

/// Describes objects of the database: what pg_dump and psql call for each of them.
[[nodiscard]] bool is_catalog_function(std::string_view name);

}  // namespace quell::sql
