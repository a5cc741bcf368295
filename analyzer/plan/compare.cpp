#include "analyzer/plan/compare.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace quell::plan {
namespace {

struct Timed {
  std::string what;
  double ms = 0;
};

/// A plan as it is compared. A relation that is scanned several times under one alias (partitions have aliases of their
/// own) keeps its ways in order.
struct Shape {
  std::map<std::string, Timed> scans;  ///< "posts p" -> "Index Scan using posts_pkey"
  std::vector<std::string> order;      ///< of the relations, outermost first
  std::map<std::string, Timed> joins;  ///< "a, b" -> "Hash Join Left"
  std::map<std::string, Timed> others;
  std::map<std::string, int> other_counts;
};

bool is_join(const Node& node) {
  return node.type == "Nested Loop" || node.type == "Hash Join" || node.type == "Merge Join";
}

void append(Timed& to, const std::string& what, double ms) {
  to.what += to.what.empty() ? what : ", " + what;
  to.ms += ms;
}

std::string scan_name(const Node& node) {
  return node.alias.empty() || node.alias == node.relation ? node.relation : node.relation + " " + node.alias;
}

/// "Bitmap Heap Scan using posts_a, posts_b": the indexes stand in the nodes below it.
Timed bitmap_scan(const Node& node) {
  Timed scan{node.type, 0};
  std::string indexes;
  walk(node, [&](const Node& each, std::size_t) {
    scan.ms += each.self_ms;
    if (!each.index.empty()) indexes += (indexes.empty() ? "" : ", ") + each.index;
  });
  if (!indexes.empty()) scan.what += " using " + indexes;
  return scan;
}

/// Adds the node and all below; gives the relations below it.
std::set<std::string> gather(const Node& node, Shape& shape) {
  std::set<std::string> below;
  const bool bitmap = node.type == "Bitmap Heap Scan";
  if (!node.relation.empty()) {
    const Timed scan = bitmap
                           ? bitmap_scan(node)
                           : Timed{node.index.empty() ? node.type : node.type + " using " + node.index, node.self_ms};
    const std::string name = scan_name(node);
    append(shape.scans[name], scan.what, scan.ms);
    shape.order.push_back(name);
    below.insert(name);
  }
  if (bitmap) return below;
  for (const Node& child : node.children) below.merge(gather(child, shape));
  if (is_join(node)) {
    const std::string type = node.join_type.empty() || node.join_type == "Inner" ? "" : " " + node.join_type;
    append(shape.joins[fmt::format("{}", fmt::join(below, ", "))], node.type + type, node.self_ms);
  } else if (node.relation.empty() && node.type != "Hash") {  // a Hash belongs to its join
    shape.others[node.type].ms += node.self_ms;
    ++shape.other_counts[node.type];
  }
  return below;
}

Shape shape_of(const Plan& plan) {
  Shape shape;
  gather(plan.root, shape);
  return shape;
}

void compare_named(const std::map<std::string, Timed>& before, const std::map<std::string, Timed>& after,
                   PlanChange::Kind kind, const std::string& prefix, std::vector<PlanChange>& out) {
  std::set<std::string> names;
  for (const auto& [name, way] : before) names.insert(name);
  for (const auto& [name, way] : after) names.insert(name);
  for (const std::string& name : names) {
    const auto was = before.find(name);
    const auto is = after.find(name);
    const Timed none;
    const Timed& from = was == before.end() ? none : was->second;
    const Timed& to = is == after.end() ? none : is->second;
    if (from.what != to.what) out.push_back({kind, prefix + name, from.what, to.what, from.ms, to.ms});
  }
}

}  // namespace

std::vector<PlanChange> compare(const Plan& before, const Plan& after) {
  const Shape was = shape_of(before);
  const Shape is = shape_of(after);
  std::vector<PlanChange> out;
  compare_named(was.scans, is.scans, PlanChange::Kind::access_path, "", out);
  compare_named(was.joins, is.joins, PlanChange::Kind::join_method, "join of ", out);
  const std::set<std::string> relations(was.order.begin(), was.order.end());
  if (was.order != is.order && relations == std::set<std::string>(is.order.begin(), is.order.end())) {
    out.push_back({PlanChange::Kind::join_order, "", fmt::format("{}", fmt::join(was.order, ", ")),
                   fmt::format("{}", fmt::join(is.order, ", "))});
  }
  std::set<std::string> types;
  for (const auto& [type, count] : was.other_counts) types.insert(type);
  for (const auto& [type, count] : is.other_counts) types.insert(type);
  for (const std::string& type : types) {
    const auto count_in = [&](const Shape& shape) {
      const auto found = shape.other_counts.find(type);
      return found == shape.other_counts.end() ? 0 : found->second;
    };
    const auto time_in = [&](const Shape& shape) {
      const auto found = shape.others.find(type);
      return found == shape.others.end() ? 0 : found->second.ms;
    };
    const int from = count_in(was);
    const int to = count_in(is);
    if (from == to) continue;
    out.push_back({to > from ? PlanChange::Kind::node_added : PlanChange::Kind::node_gone, type,
                   from == 0 ? "" : fmt::format("{}", from), to == 0 ? "" : fmt::format("{}", to), time_in(was),
                   time_in(is)});
  }
  return out;
}

}  // namespace quell::plan
