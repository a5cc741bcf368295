#pragma once

#include <string_view>

#include "analyzer/plan/plan.hpp"

/// What the readers of all formats share: which property of EXPLAIN's structured output goes where. The structured
/// formats (JSON, YAML, XML) use the same names; the text reader translates to them.
namespace quell::plan {

/// Whether a property is text even where it looks like a number (an alias "1"); XML does not tell.
bool is_text_property(std::string_view key);

/// A scalar property of a node. `number` is its value where it is one (then `has_fraction` says whether it was written
/// with decimals). False: not a property with a field of its own; it belongs in Node::details.
bool set_node_text(Node& node, std::string_view key, std::string_view value);
bool set_node_number(Node& node, std::string_view key, double number, bool has_fraction);
bool set_node_flag(Node& node, std::string_view key, bool value);

/// A scalar property of one worker; false as above.
bool set_worker_number(Worker& worker, std::string_view key, double number);

/// A property beside the tree ("Planning Time"); false as above.
bool set_plan_number(Plan& plan, std::string_view key, double number);

/// A finite number of at least 0, else 0: hostile input says "Actual Loops": -3.
double sane(double number);
std::uint64_t to_count(double number);

/// Consistency that does not depend on the order of the properties; called when a node is complete.
void finish_node(Node& node);

}  // namespace quell::plan
