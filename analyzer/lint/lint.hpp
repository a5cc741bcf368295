#pragma once

#include <cstddef>
#include <set>
#include <string>
#include <vector>

#include <quell/db/migrate.hpp>

namespace quell::lint {

/// One statement that breaks one rule.
struct Finding {
  std::string rule;
  std::string revision;
  std::string file;  ///< "0007_add_post_index.up.sql"
  std::size_t line = 0;
  std::string subject;  ///< what the statement does: "add column users.email"
};

struct LintParams {
  /// Revisions to report on; the others only tell what is known before them. Empty: all.
  std::set<std::string> only_revisions;
  /// Ids of rules not to apply.
  std::set<std::string> without_rules;
};

/// Reads the revisions in order (parents before children). What a revision makes itself may be changed freely in it.
/// Of the way down only the grammar is checked: it is for emergencies, when nothing else is.
[[nodiscard]] std::vector<Finding> lint(const std::vector<db::Revision>& revisions, const LintParams& params = {});

}  // namespace quell::lint
