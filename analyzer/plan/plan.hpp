#pragma once

#include <cstddef>
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

/// Blocks and I/O time. PostgreSQL gives totals over all loops and processes, children included: never multiply.
struct Buffers {
  std::uint64_t shared_hit = 0;
  std::uint64_t shared_read = 0;
  std::uint64_t shared_dirtied = 0;
  std::uint64_t shared_written = 0;
  std::uint64_t local_hit = 0;
  std::uint64_t local_read = 0;
  std::uint64_t local_dirtied = 0;
  std::uint64_t local_written = 0;
  std::uint64_t temp_read = 0;
  std::uint64_t temp_written = 0;
  double io_read_ms = 0;  ///< only with track_io_timing; summed over processes, so it may exceed the node's wall time
  double io_write_ms = 0;
  friend bool operator==(const Buffers&, const Buffers&) = default;
};

using Details = std::vector<std::pair<std::string, std::string>>;

/// One parallel worker's part of a node (EXPLAIN VERBOSE). The leader's part is what is left.
struct Worker {
  std::uint64_t number = 0;
  double actual_total_ms = 0;  ///< per loop
  double actual_rows = 0;      ///< per loop
  double loops = 0;
  Details details;
  [[nodiscard]] double total_ms() const { return actual_total_ms * loops; }
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
  std::string cte;  ///< of a CTE Scan
  bool parallel_aware = false;
  bool async_capable = false;
  bool costed = false;  ///< the estimates are set (not COSTS OFF)
  double startup_cost = 0;
  double total_cost = 0;
  double plan_rows = 0;
  double plan_width = 0;
  bool analyzed = false;  ///< rows and loops are set
  bool timed = false;     ///< the times are set too (not TIMING OFF); with `analyzed` only
  double actual_startup_ms = 0;
  double actual_total_ms = 0;
  double actual_rows = 0;
  /// Half of the last printed digit of actual_rows: 0.5 up to PostgreSQL 17, 0.005 from 18 on.
  double rows_rounding = 0.5;
  double loops = 0;  ///< over all processes; 0: never executed
  std::optional<double> workers_planned;
  std::optional<double> workers_launched;
  std::optional<double> rows_removed_by_filter;  ///< per loop
  std::optional<Buffers> buffers;                ///< totals, children included
  /// Conditions and everything else, in the plan's order: ("Index Cond", "(id = 1)"), ("Sort Key", "a, b DESC").
  Details details;
  std::vector<Worker> workers;
  std::vector<Node> children;

  /// Filled by attribute_self_time(): this node's share of the wall clock over all loops, without its children. Under a
  /// Gather the parallel section's wall time is shared among its nodes by the CPU time they took in all processes.
  double self_ms = 0;
  Interval self_interval;
  /// The same without the division: summed over all processes.
  double self_cpu_ms = 0;
  /// The plan does not say exactly: parallel without per-worker times, overlapping asynchronous scans, or totals that
  /// contradict each other by more than rounding.
  bool self_approximate = false;

  /// Over all loops and processes.
  [[nodiscard]] double total_ms() const { return actual_total_ms * loops; }
  [[nodiscard]] bool never_executed() const { return analyzed && loops == 0; }
  /// Rows over all loops. "rows=0 loops=1000000" may be 0 to 500,000 rows.
  [[nodiscard]] Interval total_rows() const;
  /// Value of the first detail of that name; empty where there is none.
  [[nodiscard]] std::string_view detail(std::string_view key) const;
};

struct Trigger {
  std::string name;
  std::string constraint;  ///< of a constraint trigger; empty otherwise
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
  double jit_ms = 0;        ///< partly inside the first-row time of nodes: not added to them
  double serialize_ms = 0;  ///< EXPLAIN (SERIALIZE), PostgreSQL 17 and later; outside the nodes
  Details settings;         ///< non-default planner settings, EXPLAIN (SETTINGS)
  Details details;          ///< everything else beside the tree ("Query Identifier", "JIT", "Planning")
  /// execution − sum of self times − triggers − serialisation: executor start and end, and what nobody measured.
  double unaccounted_ms = 0;
  std::string query_text;  ///< auto_explain
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

/// Deeper plans are cut there with a diagnostic. Real plans of machine-written SQL reach about a hundred levels.
inline constexpr std::size_t kMaxPlanDepth = 500;

/// EXPLAIN (FORMAT JSON) output: the array, or auto_explain's bare object, or several of them one after the other.
/// Never throws on any bytes; linear time. Unknown keys are kept in `details`.
[[nodiscard]] ReadResult read_json(std::string_view bytes);

/// EXPLAIN's text output as it is found in terminals, logs and chats: any options, psql frames, lines wrapped by a
/// client, the statement before or after it, several plans. Gives the same tree as read_json for the same plan. Never
/// throws; linear time. Lines it does not know become details of the node they stand below.
[[nodiscard]] ReadResult read_text(std::string_view bytes);

/// EXPLAIN (FORMAT YAML) and (FORMAT XML) output, and auto_explain's of these formats. As read_json. What stands before
/// a fault is kept, with a diagnostic.
[[nodiscard]] ReadResult read_yaml(std::string_view bytes);
[[nodiscard]] ReadResult read_xml(std::string_view bytes);

/// Any of the formats, told apart by how the text begins; psql's frames are taken off. Or a server's log (stderr, csv
/// or json): the plans of its auto_explain entries.
[[nodiscard]] ReadResult read_any(std::string_view bytes);

/// Computes self times and `unaccounted_ms`. Called by the readers; idempotent. Afterwards, for a timed plan:
/// no self time is negative, and sum of self times + triggers + serialisation + unaccounted = execution.
void attribute_self_time(Plan& plan);

/// Pre-order walk of a plan's nodes; `visit(node, depth)`.
template <typename NodeType, typename Visit>
void walk(NodeType& node, const Visit& visit, std::size_t depth = 0) {
  visit(node, depth);
  for (auto& child : node.children) walk(child, visit, depth + 1);
}

}  // namespace quell::plan
