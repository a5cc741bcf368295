#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace quell::plan {

/// A number with the interval that rounding leaves: PostgreSQL prints per-loop averages with few decimals.
struct Interval {
  double low = 0;
  double high = 0;
};

struct Buffers {
  std::uint64_t shared_hit = 0;
  std::uint64_t shared_read = 0;
  std::uint64_t shared_dirtied = 0;
  std::uint64_t shared_written = 0;
  std::uint64_t local_hit = 0;
  std::uint64_t local_read = 0;
  std::uint64_t temp_read = 0;
  std::uint64_t temp_written = 0;
};

/// One node of a plan. Estimates and actuals are per loop, as PostgreSQL gives them; times in milliseconds.
struct Node {
  std::string type;  ///< "Index Scan"
  std::string
      parent_relationship;   ///< "Outer", "Inner", "InitPlan", "SubPlan", "Member", "Subquery"; empty at the root
  std::string subplan_name;  ///< "InitPlan 1 (returns $0)", "CTE x"
  std::string schema;
  std::string relation;
  std::string alias;
  std::string index;
  std::string join_type;
  std::string scan_direction;
  double startup_cost = 0;
  double total_cost = 0;
  double plan_rows = 0;
  std::uint64_t plan_width = 0;
  bool analyzed = false;  ///< actual_* are set
  double actual_startup_ms = 0;
  double actual_total_ms = 0;
  double actual_rows = 0;
  double loops = 0;  ///< 0: never executed
  std::optional<double> workers_planned;
  std::optional<double> workers_launched;
  std::optional<double> rows_removed_by_filter;  ///< per loop
  std::optional<Buffers> buffers;                ///< totals, children included
  /// Conditions and everything else, in the plan's order: ("Index Cond", "(id = 1)"), ("Sort Key", "a, b DESC").
  std::vector<std::pair<std::string, std::string>> details;
  std::vector<Node> children;

  /// Filled by attribute_self_time(): this node's own share over all loops, without its children.
  double self_ms = 0;
  Interval self_interval;

  [[nodiscard]] double total_ms() const { return actual_total_ms * loops; }
  [[nodiscard]] bool never_executed() const { return analyzed && loops == 0; }
  [[nodiscard]] std::string_view detail(std::string_view key) const;
};

struct Trigger {
  std::string name;
  std::string relation;
  double ms = 0;
  double calls = 0;
};

struct Plan {
  Node root;
  bool analyzed = false;
  std::optional<double> planning_ms;
  std::optional<double> execution_ms;
  std::vector<Trigger> triggers;
  double jit_ms = 0;
  std::vector<std::pair<std::string, std::string>> settings;
  double unaccounted_ms = 0;  ///< execution − root − triggers
  std::string query_text;     ///< auto_explain
};

/// Something a reader could not use; `offset` in bytes of the input.
struct Diagnostic {
  std::size_t offset = 0;
  std::string sentence;
};

struct ReadResult {
  std::vector<Plan> plans;
  std::vector<Diagnostic> diagnostics;  ///< empty plans and a diagnostic: nothing could be read
};

/// EXPLAIN (FORMAT JSON) output: the array, or auto_explain's bare object. Never throws on any bytes; bounded depth.
[[nodiscard]] ReadResult read_json(std::string_view bytes);

/// Computes self times. Called by the readers.
void attribute_self_time(Plan& plan);

}  // namespace quell::plan
