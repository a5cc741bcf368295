#include "analyzer/plan/node_fields.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

namespace quell::plan {

namespace {

struct TextField {
  std::string_view key;
  std::string Node::*member;
};

constexpr std::array kTextFields{
    TextField{"Node Type", &Node::type},
    TextField{"Parent Relationship", &Node::parent_relationship},
    TextField{"Subplan Name", &Node::subplan_name},
    TextField{"Schema", &Node::schema},
    TextField{"Relation Name", &Node::relation},
    TextField{"Alias", &Node::alias},
    TextField{"Index Name", &Node::index},
    TextField{"Join Type", &Node::join_type},
    TextField{"Scan Direction", &Node::scan_direction},
    TextField{"CTE Name", &Node::cte},
};

struct BlockField {
  std::string_view key;
  std::uint64_t Buffers::*member;
};

constexpr std::array kBlockFields{
    BlockField{"Shared Hit Blocks", &Buffers::shared_hit},
    BlockField{"Shared Read Blocks", &Buffers::shared_read},
    BlockField{"Shared Dirtied Blocks", &Buffers::shared_dirtied},
    BlockField{"Shared Written Blocks", &Buffers::shared_written},
    BlockField{"Local Hit Blocks", &Buffers::local_hit},
    BlockField{"Local Read Blocks", &Buffers::local_read},
    BlockField{"Local Dirtied Blocks", &Buffers::local_dirtied},
    BlockField{"Local Written Blocks", &Buffers::local_written},
    BlockField{"Temp Read Blocks", &Buffers::temp_read},
    BlockField{"Temp Written Blocks", &Buffers::temp_written},
};

bool set_buffer(Node& node, std::string_view key, double number) {
  for (const BlockField& field : kBlockFields) {
    if (key != field.key) continue;
    if (!node.buffers) node.buffers.emplace();
    (*node.buffers).*field.member = to_count(number);
    return true;
  }
  // Up to 16 "I/O Read Time" and "Temp I/O Read Time"; from 17 on the former is split into shared and local.
  if (!key.ends_with("I/O Read Time") && !key.ends_with("I/O Write Time")) return false;
  if (!node.buffers) node.buffers.emplace();
  (key.ends_with("Read Time") ? node.buffers->io_read_ms : node.buffers->io_write_ms) += sane(number);
  return true;
}

}  // namespace

double sane(double number) {
  return std::isfinite(number) && number > 0 ? number : 0;
}

std::uint64_t to_count(double number) {
  constexpr double kLargest = 9.0e18;  // below 2^63, exactly convertible
  return static_cast<std::uint64_t>(std::min(sane(number), kLargest));
}

bool is_text_property(std::string_view key) {
  return std::any_of(kTextFields.begin(), kTextFields.end(), [&](const TextField& field) { return field.key == key; });
}

bool set_node_text(Node& node, std::string_view key, std::string_view value) {
  for (const TextField& field : kTextFields) {
    if (key != field.key) continue;
    node.*field.member = value;
    return true;
  }
  return false;
}

bool set_node_number(Node& node, std::string_view key, double number, bool has_fraction) {
  const double value = sane(number);
  if (key == "Startup Cost") {
    node.startup_cost = value;
  } else if (key == "Total Cost") {
    node.total_cost = value;
    node.costed = true;
  } else if (key == "Plan Rows") {
    node.plan_rows = value;
  } else if (key == "Plan Width") {
    node.plan_width = value;
  } else if (key == "Actual Startup Time") {
    node.actual_startup_ms = value;
  } else if (key == "Actual Total Time") {
    node.actual_total_ms = value;
    node.timed = true;
  } else if (key == "Actual Rows") {
    node.actual_rows = value;
    if (has_fraction) node.rows_rounding = 0.005;
  } else if (key == "Actual Loops") {
    node.loops = value;
    node.analyzed = true;
  } else if (key == "Workers Planned") {
    node.workers_planned = value;
  } else if (key == "Workers Launched") {
    node.workers_launched = value;
  } else if (key == "Rows Removed by Filter") {
    node.rows_removed_by_filter = value;
  } else {
    return set_buffer(node, key, number);
  }
  return true;
}

bool set_node_flag(Node& node, std::string_view key, bool value) {
  if (key == "Parallel Aware") {
    node.parallel_aware = value;
  } else if (key == "Async Capable") {
    node.async_capable = value;
  } else {
    return false;
  }
  return true;
}

bool set_worker_number(Worker& worker, std::string_view key, double number) {
  const double value = sane(number);
  if (key == "Worker Number") {
    worker.number = to_count(number);
  } else if (key == "Actual Total Time") {
    worker.actual_total_ms = value;
  } else if (key == "Actual Rows") {
    worker.actual_rows = value;
  } else if (key == "Actual Loops") {
    worker.loops = value;
  } else {
    return key == "Actual Startup Time";
  }
  return true;
}

bool set_plan_number(Plan& plan, std::string_view key, double number) {
  if (key == "Planning Time") {
    plan.planning_ms = sane(number);
  } else if (key == "Execution Time" || key == "Total Runtime") {
    plan.execution_ms = sane(number);
  } else {
    return false;
  }
  return true;
}

void finish_node(Node& node) {
  // Never executed: the structured formats print zeros, the text format nothing.
  node.timed = node.timed && node.analyzed && node.loops > 0;
}

}  // namespace quell::plan
