#pragma once

#include <span>
#include <string_view>

namespace quell::lint {

/// What can go wrong when a migration runs on a database in use, and what to write instead. docs/migration-lint.md has
/// a section for each.
struct Rule {
  std::string_view id;
  std::string_view breaks;   ///< the lock it takes, or what it breaks
  std::string_view instead;  ///< the safe way
};

[[nodiscard]] std::span<const Rule> rules();
/// Null where there is none.
[[nodiscard]] const Rule* find_rule(std::string_view id);

}  // namespace quell::lint
