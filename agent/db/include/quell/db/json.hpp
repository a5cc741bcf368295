#pragma once

#include <boost/json/value.hpp>

#include <quell/db/types.hpp>

namespace quell::db {

[[nodiscard]] Jsonb to_jsonb(const boost::json::value& value);
/// Throws Error where the text is not JSON.
[[nodiscard]] boost::json::value to_json(const Jsonb& jsonb);

}  // namespace quell::db
