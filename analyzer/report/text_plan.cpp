#include "analyzer/report/text_plan.hpp"

#include <algorithm>
#include <array>
#include <string_view>

#include <fmt/format.h>

#include "analyzer/report/safe_text.hpp"
#include "analyzer/report/wording.hpp"

namespace quell::report {
namespace {

/// What a reader needs of a node's details, in the order in which it is shown.
constexpr std::array<std::string_view, 12> kShownDetails = {
    "Index Cond",      "Recheck Cond", "Hash Cond", "Merge Cond", "Join Filter", "Filter",
    "One-Time Filter", "TID Cond",     "Order By",  "Sort Key",   "Group Key",   "Sort Method"};

constexpr double kMisestimate = 10;

/// A node as drawn: cells before the tree column, and the node's own text.
struct Row {
  std::array<std::string, 4> cells;  ///< self ms, rows, loops, buffers
  std::string tree;
  const plan::Node* node = nullptr;
  bool condition = false;
};

std::string node_label(const plan::Node& node) {
  std::string label = node.type;
  if (!node.join_type.empty() && node.join_type != "Inner") label += " " + node.join_type;
  if (!node.index.empty()) label += " using " + node.index;
  if (!node.relation.empty()) label += " on " + node.relation;
  if (!node.alias.empty() && node.alias != node.relation) label += " " + node.alias;
  if (!node.subplan_name.empty()) label += " [" + node.subplan_name + "]";
  if (node.never_executed()) label += "  (never executed)";
  return printable(label);
}

std::string buffers_cell(const plan::Node& node) {
  if (!node.buffers) return "";
  std::string out = grouped(node.buffers->shared_hit + node.buffers->shared_read);
  if (node.buffers->shared_read > 0) out += fmt::format(" ({} read)", grouped(node.buffers->shared_read));
  if (const auto temp = node.buffers->temp_read + node.buffers->temp_written; temp > 0)
    out += fmt::format(" +{} temp", grouped(temp));
  return out;
}

bool misestimated(const plan::Node& node) {
  if (!node.analyzed || node.loops == 0) return false;
  // A row more or less than none is no factor: both sides count as at least one.
  const double estimated = std::max(node.plan_rows, 1.0);
  const double actual = std::max(node.actual_rows, 1.0);
  return estimated / actual >= kMisestimate || actual / estimated >= kMisestimate;
}

void add_conditions(const plan::Node& node, const std::string& indent, const RenderParams& params,
                    std::vector<Row>& rows) {
  const auto add = [&](std::string text) {
    Row row;
    row.tree = indent + printable(text);
    row.condition = true;
    rows.push_back(std::move(row));
  };
  for (const std::string_view key : kShownDetails) {
    const std::string_view value = node.detail(key);
    if (!value.empty()) add(fmt::format("{}: {}", key, params.show_values ? std::string(value) : mask_values(value)));
  }
  if (node.rows_removed_by_filter && *node.rows_removed_by_filter > 0)
    add(fmt::format("Rows removed by filter: {} a loop", estimate(*node.rows_removed_by_filter)));
}

void add_node(const plan::Node& node, std::size_t depth, const RenderParams& params, std::vector<Row>& rows) {
  const std::string indent = depth == 0 ? "" : std::string((depth - 1) * 3, ' ') + "-> ";
  Row row;
  row.node = &node;
  if (node.analyzed) {
    row.cells = {fmt::format("{:.3f}", node.self_ms),
                 fmt::format("{}/{}", estimate(node.plan_rows), estimate(node.actual_rows)), estimate(node.loops),
                 buffers_cell(node)};
  } else {
    row.cells = {"", estimate(node.plan_rows), "", fmt::format("{:.2f}", node.total_cost)};
  }
  row.tree = indent + node_label(node);
  rows.push_back(std::move(row));
  add_conditions(node, std::string(depth * 3 + 2, ' '), params, rows);
  for (const plan::Node& child : node.children) add_node(child, depth + 1, params, rows);
}

}  // namespace

std::vector<PlanLine> plan_lines(const plan::Plan& plan, const RenderParams& params) {
  std::vector<Row> rows(1);
  rows[0].cells = plan.analyzed ? std::array<std::string, 4>{"self ms", "rows est/act", "loops", "buffers"}
                                : std::array<std::string, 4>{"", "rows est", "", "cost"};
  rows[0].tree = "node";
  add_node(plan.root, 0, params, rows);

  std::array<std::size_t, 4> widths{};
  double most = 0;
  for (const Row& row : rows) {
    for (std::size_t i = 0; i < widths.size(); ++i) widths[i] = std::max(widths[i], row.cells[i].size());
    if (row.node) most = std::max(most, row.node->self_ms);
  }
  std::vector<PlanLine> lines;
  for (const Row& row : rows) {
    PlanLine line;
    for (std::size_t i = 0; i < widths.size(); ++i) {
      if (widths[i] > 0) line.text += fmt::format("{:>{}}  ", row.cells[i], widths[i]);
    }
    line.text += row.tree;
    line.condition = row.condition;
    line.costliest = row.node && most > 0 && row.node->self_ms == most;
    line.misestimated = row.node && misestimated(*row.node);
    if (line.misestimated) line.text += "  (rows misestimated)";
    lines.push_back(std::move(line));
  }
  return lines;
}

std::string plan_heading(const StatementPlan& plan, const RenderParams& params) {
  const std::string note = params.show_values ? plan.run.note : mask_message(plan.run.note);
  if (!plan.run.ok) return "no plan: " + note;
  std::string out = plan.run.mode == plan::RunMode::analyze ? "EXPLAIN (ANALYZE, BUFFERS)" : "EXPLAIN";
  if (plan.run.plan.planning_ms) out += ", planning " + milliseconds(*plan.run.plan.planning_ms);
  if (plan.run.plan.execution_ms) out += ", execution " + milliseconds(*plan.run.plan.execution_ms);
  if (plan.run.generic) out += " of the generic plan";
  if (!note.empty()) out += "; " + note;
  return out;
}

std::string insight_share(const plan::Insight& insight) {
  return insight.share > 0 ? percent(insight.share) : "note";
}

std::string insight_evidence(const plan::Insight& insight, const RenderParams& params) {
  if (insight.condition.empty()) return insight.evidence;
  return insight.evidence + ": " + (params.show_values ? insight.condition : mask_values(insight.condition));
}

std::string plan_parameters(const StatementPlan& plan, const RenderParams& params) {
  if (plan.parameters.empty()) return {};
  if (!params.show_values)
    return fmt::format("with {} (--show-values shows {})", counted(plan.parameters.size(), "captured parameter"),
                       plan.parameters.size() == 1 ? "it" : "them");
  std::string out = "with ";
  for (std::size_t i = 0; i < plan.parameters.size(); ++i)
    out += fmt::format("{}${} = {}", i == 0 ? "" : ", ", i + 1, plan.parameters[i]);
  return out;
}

}  // namespace quell::report
