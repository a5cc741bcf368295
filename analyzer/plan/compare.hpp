#pragma once

#include <string>
#include <vector>

#include "analyzer/plan/plan.hpp"

namespace quell::plan {

/// One structural difference of two plans of a statement. Estimates and times are no differences; they stand beside.
struct PlanChange {
  enum class Kind { access_path, join_method, join_order, node_added, node_gone };
  Kind kind = Kind::access_path;
  std::string subject;  ///< "posts p", "join of a, b", "Sort"; empty for the join order
  std::string before;   ///< "Seq Scan"; empty where there was none
  std::string after;    ///< "Index Scan using posts_pkey"
  /// Self times of the nodes concerned, milliseconds; both 0 where a plan has no times.
  double before_ms = 0;
  double after_ms = 0;
};

/// What is different in how `after` gets the same rows: relations by alias, joins by the relations below them, all
/// other nodes by type. In that order, then by name. Empty: the same plan, whatever its estimates.
[[nodiscard]] std::vector<PlanChange> compare(const Plan& before, const Plan& after);

}  // namespace quell::plan
