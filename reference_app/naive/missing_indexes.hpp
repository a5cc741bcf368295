#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <quell/db/migrate.hpp>

/// The schema as those leave it who never look at a plan: a branch of the migrations that drops the indexes behind
/// foreign keys, search and filters.
namespace quell::reference::naive {

inline constexpr std::string_view kMissingIndexes = "naive";

/// `good` with the branch kMissingIndexes on top of its last revision.
[[nodiscard]] std::vector<db::Revision> with_missing_indexes(std::vector<db::Revision> good);

}  // namespace quell::reference::naive
