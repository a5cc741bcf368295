#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include <fmt/format.h>

#include "analyzer/plan/rules/rule.hpp"

namespace quell::plan {

namespace {

constexpr std::array kRules = std::to_array<Rule>({
    rule_never_runs,           rule_discarding_scan, rule_inefficient_index, rule_blocked_index, rule_misestimate,
    rule_correlated_subplan,   rule_looping_join,    rule_memoize_misses,    rule_sort_spill,    rule_hash_spill,
    rule_aggregate_spill,      rule_lossy_bitmap,    rule_heap_fetches,      rule_large_offset,  rule_trigger_time,
    rule_workers_not_launched, rule_jit_time,        rule_planning_time,     rule_slow_reads,    rule_disabled_node,
});

/// Reads all its input before it gives the first row.
bool is_blocking(const Node& node) {
  return node.type == "Sort" || node.type == "Hash" || node.type == "SetOp" || node.type == "ModifyTable" ||
         (node.type == "Aggregate" && node.detail("Strategy") != "Sorted");
}

/// May stop asking this child before it has given all its rows.
bool may_stop_early(const Node& node, const Node& child) {
  if (node.type == "Limit" || node.type == "Merge Join" || child.parent_relationship == "SubPlan") return true;
  const bool existence = node.join_type == "Semi" || node.join_type == "Anti";
  return existence && node.type == "Nested Loop" && child.parent_relationship == "Inner";
}

}  // namespace

PlacedPlan::PlacedPlan(const Plan& source) : plan_(&source) {
  place(source.root, kNoParent, true);
}

void PlacedPlan::place(const Node& node, std::size_t parent, bool completed) {
  const std::size_t index = nodes_.size();
  nodes_.push_back({&node, parent, node.self_ms, completed});
  for (const Node& child : node.children) {
    const std::size_t at = nodes_.size();
    place(child, index, (completed || is_blocking(node)) && !may_stop_early(node, child));
    nodes_[index].subtree_ms += nodes_[at].subtree_ms;
  }
}

double PlacedPlan::share(double ms) const {
  const double execution = plan_->execution_ms.value_or(0);
  return execution > 0 ? std::clamp(ms / execution, 0.0, 1.0) : 0;
}

double number_of(const Node& node, std::string_view key) {
  const std::string_view text = node.detail(key);
  double number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number, std::chars_format::fixed);
  return std::isfinite(number) ? number : 0;
}

std::string title(const Node& node) {
  if (!node.index.empty() && !node.relation.empty()) {
    return fmt::format("{} using {} on {}", node.type, node.index, node.relation);
  }
  const std::string& on = !node.relation.empty() ? node.relation : node.index;
  return on.empty() ? node.type : fmt::format("{} on {}", node.type, on);
}

std::string table_sql(const Node& node) {
  const auto quoted = [](const std::string& name) {
    constexpr std::string_view kPlain = "abcdefghijklmnopqrstuvwxyz_0123456789";
    if (name.find_first_not_of(kPlain) == std::string::npos && !(name[0] >= '0' && name[0] <= '9')) return name;
    std::string out = "\"";
    for (const char c : name) out += c == '"' ? std::string("\"\"") : std::string(1, c);
    return out + "\"";
  };
  return (node.schema.empty() ? "" : quoted(node.schema) + ".") + quoted(node.relation);
}

double rows_of(const Node& node) {
  return node.actual_rows * node.loops;
}

std::string work_mem(double kilobytes) {
  return fmt::format("{:.0f}MB", std::max(1.0, std::ceil(kilobytes / 1024)));
}

std::vector<Insight> inspect(const Plan& plan) {
  const PlacedPlan placed(plan);
  std::vector<Insight> out;
  for (const Rule rule : kRules) rule(placed, out);
  std::stable_sort(out.begin(), out.end(), [](const Insight& a, const Insight& b) { return a.share > b.share; });
  return out;
}

}  // namespace quell::plan
