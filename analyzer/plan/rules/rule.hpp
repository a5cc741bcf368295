#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "analyzer/plan/insight.hpp"

/// What the plan rules share. One rule a file; rules.cpp lists them.
namespace quell::plan {

inline constexpr std::size_t kNoParent = static_cast<std::size_t>(-1);

/// A node with what the tree around it says.
struct PlacedNode {
  const Node* node = nullptr;
  std::size_t parent = kNoParent;
  double subtree_ms = 0;  ///< self times of the node and all below
  bool completed =
      true;  ///< nobody above stopped asking early (LIMIT, semi-join, merge join): its row count means something
};

class PlacedPlan {
 public:
  explicit PlacedPlan(const Plan& source);

  [[nodiscard]] const Plan& plan() const { return *plan_; }
  [[nodiscard]] const std::vector<PlacedNode>& nodes() const { return nodes_; }
  /// Milliseconds as a share of the execution, 0 to 1.
  [[nodiscard]] double share(double ms) const;

 private:
  void place(const Node& node, std::size_t parent, bool completed);
  const Plan* plan_;
  std::vector<PlacedNode> nodes_;
};

/// The number at the front of a detail; 0 where there is none.
[[nodiscard]] double number_of(const Node& node, std::string_view key);
/// "Seq Scan on posts".
[[nodiscard]] std::string title(const Node& node);
/// "public.posts", quoted where needed: for statements to try.
[[nodiscard]] std::string table_sql(const Node& node);
/// Rows over all loops.
[[nodiscard]] double rows_of(const Node& node);
/// Kilobytes as work_mem takes them, rounded up to a full megabyte: "12MB".
[[nodiscard]] std::string work_mem(double kilobytes);

using Rule = void (*)(const PlacedPlan& plan, std::vector<Insight>& out);

void rule_never_runs(const PlacedPlan& plan, std::vector<Insight>& out);
void rule_discarding_scan(const PlacedPlan& plan, std::vector<Insight>& out);
void rule_inefficient_index(const PlacedPlan& plan, std::vector<Insight>& out);
void rule_blocked_index(const PlacedPlan& plan, std::vector<Insight>& out);
void rule_misestimate(const PlacedPlan& plan, std::vector<Insight>& out);
void rule_correlated_subplan(const PlacedPlan& plan, std::vector<Insight>& out);
void rule_looping_join(const PlacedPlan& plan, std::vector<Insight>& out);
void rule_memoize_misses(const PlacedPlan& plan, std::vector<Insight>& out);
void rule_sort_spill(const PlacedPlan& plan, std::vector<Insight>& out);
void rule_hash_spill(const PlacedPlan& plan, std::vector<Insight>& out);
void rule_aggregate_spill(const PlacedPlan& plan, std::vector<Insight>& out);
void rule_lossy_bitmap(const PlacedPlan& plan, std::vector<Insight>& out);
void rule_heap_fetches(const PlacedPlan& plan, std::vector<Insight>& out);
void rule_large_offset(const PlacedPlan& plan, std::vector<Insight>& out);
void rule_trigger_time(const PlacedPlan& plan, std::vector<Insight>& out);
void rule_workers_not_launched(const PlacedPlan& plan, std::vector<Insight>& out);
void rule_jit_time(const PlacedPlan& plan, std::vector<Insight>& out);
void rule_planning_time(const PlacedPlan& plan, std::vector<Insight>& out);
void rule_slow_reads(const PlacedPlan& plan, std::vector<Insight>& out);
void rule_disabled_node(const PlacedPlan& plan, std::vector<Insight>& out);

}  // namespace quell::plan
