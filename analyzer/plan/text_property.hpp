#pragma once

#include <string_view>

#include "analyzer/plan/plan.hpp"

namespace quell::plan {

/// One "Key: value" line below a node, in the names of the structured formats: "Buffers: shared hit=3" sets the
/// buffers, "Sort Method: quicksort  Memory: 25kB" becomes Sort Method, Sort Space Used and Sort Space Type. What is
/// not known becomes a detail. False: the line has no key.
bool set_text_property(Node& node, std::string_view line);

/// "Worker 0:  actual time=..." or "Worker 0:  Sort Method: ..."; false: another line.
bool set_worker_line(Node& node, std::string_view line);

/// What the text format leaves out because it is zero. Called when the node's lines are complete.
void complete_text_node(Node& node);

}  // namespace quell::plan
