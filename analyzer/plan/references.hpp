#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "analyzer/plan/plan.hpp"

namespace quell::plan {

/// How expressions name the result of an InitPlan: "InitPlan 1 (returns $0,$1)" gives "$0", "$1" (up to PostgreSQL 16)
/// and "InitPlan 1" (from 17 on: "(InitPlan 1).col1").
[[nodiscard]] std::vector<std::string> result_names(std::string_view subplan_name);

/// One of the names stands in one of the node's conditions as a whole word: "$1" is not in "$12".
[[nodiscard]] bool mentions_any(const Node& node, const std::vector<std::string>& names);

}  // namespace quell::plan
