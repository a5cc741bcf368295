#include "analyzer/plan/text_node.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <string>

#include "analyzer/plan/node_fields.hpp"

namespace quell::plan {

namespace {

/// Node types as the text format prints them, without joins, aggregates, set operations and writes, which it composes.
constexpr std::array kPlainTypes = std::to_array<std::string_view>({"Result",
                                                                    "ProjectSet",
                                                                    "Append",
                                                                    "Merge Append",
                                                                    "Recursive Union",
                                                                    "BitmapAnd",
                                                                    "BitmapOr",
                                                                    "Gather",
                                                                    "Gather Merge",
                                                                    "Seq Scan",
                                                                    "Sample Scan",
                                                                    "Index Scan",
                                                                    "Index Only Scan",
                                                                    "Bitmap Index Scan",
                                                                    "Bitmap Heap Scan",
                                                                    "Tid Scan",
                                                                    "Tid Range Scan",
                                                                    "Subquery Scan",
                                                                    "Function Scan",
                                                                    "Table Function Scan",
                                                                    "Values Scan",
                                                                    "CTE Scan",
                                                                    "Named Tuplestore Scan",
                                                                    "WorkTable Scan",
                                                                    "Foreign Scan",
                                                                    "Materialize",
                                                                    "Memoize",
                                                                    "Sort",
                                                                    "Incremental Sort",
                                                                    "Group",
                                                                    "WindowAgg",
                                                                    "Unique",
                                                                    "LockRows",
                                                                    "Limit",
                                                                    "Hash"});

constexpr std::array kWrites = std::to_array<std::string_view>({"Insert", "Update", "Delete", "Merge"});

bool take_prefix(std::string_view& text, std::string_view prefix) {
  if (!text.starts_with(prefix)) return false;
  text.remove_prefix(prefix.size());
  return true;
}

/// A number right after `key`, e.g. "rows=" in "rows=20.00 width=4".
struct Number {
  double value = 0;
  bool fraction = false;
};
std::optional<Number> number_after(std::string_view text, std::string_view key) {
  const std::size_t at = text.find(key);
  if (at == std::string_view::npos) return std::nullopt;
  const char* begin = text.data() + at + key.size();
  Number number;
  // "0.00..8.29": from_chars would take "0.00." no further than the second dot, which is right.
  const auto result = std::from_chars(begin, text.data() + text.size(), number.value, std::chars_format::fixed);
  if (result.ec != std::errc()) return std::nullopt;
  number.fraction =
      std::string_view(begin, static_cast<std::size_t>(result.ptr - begin)).find('.') != std::string::npos;
  return number;
}

/// Both ends of "key=a..b".
bool range_after(std::string_view text, std::string_view key, double& low, double& high) {
  const std::size_t at = text.find(key);
  if (at == std::string_view::npos) return false;
  const std::string_view rest = text.substr(at + key.size());
  const auto first = number_after(rest, "");
  const auto second = number_after(rest, "..");
  if (!first || !second) return false;
  low = first->value;
  high = second->value;
  return true;
}

/// Offset of ` word ` outside double quotes; npos where there is none.
std::size_t find_outside_quotes(std::string_view text, std::string_view word) {
  bool quoted = false;
  for (std::size_t i = 0; i + word.size() <= text.size(); ++i) {
    if (text[i] == '"') quoted = !quoted;
    if (!quoted && text.substr(i, word.size()) == word) return i;
  }
  return std::string_view::npos;
}

/// Takes one identifier, quoted or not, off the front and unquotes it.
std::string take_name(std::string_view& text) {
  std::string name;
  if (!text.starts_with('"')) {
    const std::size_t end = std::min(text.find_first_of(" ."), text.size());
    name = text.substr(0, end);
    text.remove_prefix(end);
    return name;
  }
  std::size_t i = 1;
  for (; i < text.size(); ++i) {
    if (text[i] != '"') {
      name += text[i];
    } else if (i + 1 < text.size() && text[i + 1] == '"') {
      name += text[i++];
    } else {
      ++i;
      break;
    }
  }
  text.remove_prefix(i);
  return name;
}

/// "[schema.]name [alias]". As in the structured formats an alias is always set.
void set_target(Node& node, std::string_view text) {
  std::string schema;
  std::string name = take_name(text);
  if (take_prefix(text, ".")) {
    schema = std::move(name);
    name = take_name(text);
  }
  std::string alias = take_prefix(text, " ") ? take_name(text) : name;
  if (node.type == "Bitmap Index Scan") {
    node.index = std::move(name);
    return;
  }
  node.schema = std::move(schema);
  if (node.type == "CTE Scan" || node.type == "WorkTable Scan") {
    node.cte = std::move(name);
  } else if (node.type == "Function Scan") {
    node.details.emplace_back("Function Name", std::move(name));
  } else if (node.type == "Table Function Scan") {
    node.details.emplace_back("Table Function Name", std::move(name));
  } else if (node.type == "Named Tuplestore Scan") {
    node.details.emplace_back("Tuplestore Name", std::move(name));
  } else if (node.type != "Subquery Scan" && node.type != "Values Scan") {
    node.relation = std::move(name);
  }
  node.alias = std::move(alias);
}

bool set_join(Node& node, std::string_view text) {
  std::string_view type;
  if (take_prefix(text, "Nested Loop")) {
    type = "Nested Loop";
    if (text.empty()) text = " Join";
  } else if (take_prefix(text, "Hash")) {
    type = "Hash Join";
  } else if (take_prefix(text, "Merge")) {
    type = "Merge Join";
  }
  if (type.empty() || !text.ends_with(" Join")) return false;
  text.remove_suffix(5);
  take_prefix(text, " ");
  constexpr std::array kKinds =
      std::to_array<std::string_view>({"", "Left", "Right", "Full", "Semi", "Anti", "Right Semi", "Right Anti"});
  if (std::find(kKinds.begin(), kKinds.end(), text) == kKinds.end()) return false;
  node.type = type;
  node.join_type = text.empty() ? "Inner" : text;
  return true;
}

bool set_aggregate(Node& node, std::string_view text) {
  std::string_view mode = "Simple";
  if (take_prefix(text, "Partial ")) mode = "Partial";
  if (take_prefix(text, "Finalize ")) mode = "Finalize";
  std::string_view strategy;
  if (text == "Aggregate") strategy = "Plain";
  if (text == "HashAggregate") strategy = "Hashed";
  if (text == "GroupAggregate") strategy = "Sorted";
  if (text == "MixedAggregate") strategy = "Mixed";
  if (strategy.empty()) return false;
  node.type = "Aggregate";
  node.details.emplace_back("Strategy", strategy);
  node.details.emplace_back("Partial Mode", mode);
  return true;
}

bool set_set_operation(Node& node, std::string_view text) {
  const bool hashed = take_prefix(text, "HashSetOp ");
  if (!hashed && !take_prefix(text, "SetOp ")) return false;
  node.type = "SetOp";
  node.details.emplace_back("Strategy", hashed ? "Hashed" : "Sorted");
  node.details.emplace_back("Command", text);
  return true;
}

/// The node's type and what is composed into it; false: not one of PostgreSQL's.
bool set_type(Node& node, std::string_view text, bool has_target) {
  node.parallel_aware = take_prefix(text, "Parallel ");
  node.async_capable = take_prefix(text, "Async ");
  const bool backward = text.ends_with(" Backward");
  if (backward) text.remove_suffix(9);
  if (set_join(node, text) || set_aggregate(node, text) || set_set_operation(node, text)) return true;
  if (std::find(kWrites.begin(), kWrites.end(), text) != kWrites.end() && has_target) {
    node.type = "ModifyTable";
    node.details.emplace_back("Operation", text);
    return true;
  }
  if (text.starts_with("Custom Scan (") && text.ends_with(')')) {
    node.type = "Custom Scan";
    node.details.emplace_back("Custom Plan Provider", text.substr(13, text.size() - 14));
    return true;
  }
  node.type = text;
  if (text == "Index Scan" || text == "Index Only Scan") node.scan_direction = backward ? "Backward" : "Forward";
  return std::find(kPlainTypes.begin(), kPlainTypes.end(), text) != kPlainTypes.end();
}

void set_cost(Node& node, std::string_view text) {
  double startup = 0;
  double total = 0;
  if (!range_after(text, "cost=", startup, total)) return;
  set_node_number(node, "Startup Cost", startup, false);
  set_node_number(node, "Total Cost", total, false);
  if (const auto rows = number_after(text, "rows=")) set_node_number(node, "Plan Rows", rows->value, false);
  if (const auto width = number_after(text, "width=")) set_node_number(node, "Plan Width", width->value, false);
}

}  // namespace

bool parse_actual(std::string_view text, Node& node) {
  const auto loops = number_after(text, "loops=");
  if (!loops) return false;
  double startup = 0;
  double total = 0;
  if (range_after(text, "time=", startup, total)) {
    set_node_number(node, "Actual Startup Time", startup, true);
    set_node_number(node, "Actual Total Time", total, true);
  }
  if (const auto rows = number_after(text, "rows=")) {
    set_node_number(node, "Actual Rows", rows->value, rows->fraction);
  }
  set_node_number(node, "Actual Loops", loops->value, false);
  return true;
}

std::optional<Node> parse_node_line(std::string_view text, bool arrow) {
  std::size_t numbers = std::string_view::npos;
  for (const std::string_view begin : {" (cost=", " (actual ", " (never executed)"}) {
    numbers = std::min(numbers, find_outside_quotes(text, begin));
  }
  const bool has_numbers = numbers != std::string_view::npos;
  std::string_view head = text.substr(0, numbers);
  while (head.ends_with(' ')) head.remove_suffix(1);
  std::string_view target;
  const std::size_t on = find_outside_quotes(head, " on ");
  if (on != std::string_view::npos) {
    target = head.substr(on + 4);
    head = head.substr(0, on);
  }
  Node node;
  const std::size_t using_index = find_outside_quotes(head, " using ");
  if (using_index != std::string_view::npos) {
    std::string_view name = head.substr(using_index + 7);
    node.index = take_name(name);
    head = head.substr(0, using_index);
  }
  const bool known = set_type(node, head, !target.empty());
  if (head.empty() || (!known && !arrow && !has_numbers)) return std::nullopt;
  if (!target.empty()) set_target(node, target);
  if (!has_numbers) return node;
  const std::string_view rest = text.substr(numbers);
  const std::size_t actual = rest.find("(actual ");
  set_cost(node, rest.substr(0, actual));
  if (actual != std::string_view::npos) {
    parse_actual(rest.substr(actual), node);
  } else if (rest.find("(never executed)") != std::string_view::npos) {
    node.analyzed = true;
  }
  finish_node(node);
  return node;
}

}  // namespace quell::plan
