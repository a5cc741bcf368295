#pragma once

#include <optional>
#include <string_view>

#include "analyzer/plan/plan.hpp"

namespace quell::plan {

/// "Hash Left Join  (cost=1.00..2.00 rows=3 width=4) (actual time=0.1..0.2 rows=3 loops=1)" as the node the structured
/// formats would give: type "Hash Join", join type "Left". Nothing where the text is no node: without numbers (COSTS
/// OFF) only PostgreSQL's own node types are recognised, unless `arrow` says that "->" stood before it.
[[nodiscard]] std::optional<Node> parse_node_line(std::string_view text, bool arrow);

/// "actual time=0.004..0.004 rows=1 loops=1"; false where it is something else.
bool parse_actual(std::string_view text, Node& node);

}  // namespace quell::plan
