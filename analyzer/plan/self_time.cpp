#include <algorithm>
#include <numeric>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "analyzer/plan/plan.hpp"
#include "analyzer/plan/references.hpp"

// Self time. The idea: time is *given* from the root downwards. Every node gets a budget of wall time from whoever ran
// it, keeps what its children do not use, and gives the rest on; nobody can give more than it got. So nothing becomes
// negative and the sum over all nodes is the root's time, whatever rounding or hostile input says; what had to be cut
// widens the node's interval or marks it approximate.
//
// Who ran a node is its parent, with two exceptions that PostgreSQL's tree does not show: an InitPlan is run by the
// node that first asks for its result, and a CTE by the scans that read it.
namespace quell::plan {

namespace {

constexpr double kHalfDigitMs = 0.0005;  // times have three decimals a loop

/// A part of `child`'s time that was spent inside another node, as wall time.
struct Edge {
  std::size_t child = 0;
  double wall = 0;
  double wall_high = 0;  ///< where the plan leaves it open: at most this
};

struct Entry {
  Node* node = nullptr;
  std::size_t parent = 0;
  std::size_t end = 0;  ///< entries of the subtree are [own index, end)
  double total = 0;
  double error = 0;  ///< of total, by rounding
  double used = 0;   ///< sum of gives
  std::vector<Edge> gives;
  std::size_t givers = 0;  ///< that have not given yet
  double budget = 0;
  double stretch = 1;  ///< upper bound of the true budget over budget
  bool approximate = false;

  [[nodiscard]] double room() const { return total - used; }
};

bool is_gather(const Node& node) {
  return node.type == "Gather" || node.type == "Gather Merge";
}
bool is_init_plan(const Node& node) {
  return node.parent_relationship == "InitPlan";
}
bool is_cte(const Node& node) {
  return is_init_plan(node) && node.subplan_name.starts_with("CTE ");
}

/// Nodes visited in search of the scans of CTEs and the users of InitPlans. Machine-written plans need thousands; past
/// this the owner is taken, so that invented plans cannot make it quadratic.
constexpr std::size_t kSearchLimit = 5'000'000;

class Attribution {
 public:
  explicit Attribution(Node& root) {
    flatten(root, 0);
    for (std::size_t i = 1; i < entries_.size(); ++i) {
      if (!is_init_plan(*entries_[i].node)) give(entries_[i].parent, edge_to(entries_[i].parent, i));
    }
    for (std::size_t i = 1; i < entries_.size(); ++i) {
      if (is_cte(*entries_[i].node)) share_cte(i);
    }
    for (std::size_t i = 1; i < entries_.size(); ++i) {
      if (!is_init_plan(*entries_[i].node) || is_cte(*entries_[i].node)) continue;
      give(evaluator(i), {i, entries_[i].total, entries_[i].total});
    }
  }

  void run() {
    entries_[0].budget = entries_[0].total;
    std::vector<std::size_t> ready;
    for (std::size_t i = 0; i < entries_.size(); ++i) {
      if (entries_[i].givers == 0) ready.push_back(i);
    }
    while (!ready.empty()) {
      const std::size_t index = ready.back();
      ready.pop_back();
      settle(index, ready);
    }
    // Left over are cycles, which only invented plans have: nobody outside gave them time.
    for (const Entry& entry : entries_) entry.node->self_approximate |= entry.givers > 0;
  }

 private:
  void flatten(Node& node, std::size_t parent) {
    const std::size_t index = entries_.size();
    Entry& entry = entries_.emplace_back();
    entry.node = &node;
    entry.parent = parent;
    entry.total = node.timed ? node.total_ms() : 0;
    entry.error = node.timed ? kHalfDigitMs * node.loops : 0;
    node.self_ms = node.self_cpu_ms = 0;
    node.self_interval = {};
    node.self_approximate = false;
    for (Node& child : node.children) flatten(child, index);
    entries_[index].end = entries_.size();
  }

  void give(std::size_t from, const Edge& edge) {
    entries_[from].gives.push_back(edge);
    entries_[from].used += edge.wall;
    ++entries_[edge.child].givers;
  }

  /// Wall time of a child inside its parent. Below a Gather with per-worker times that of the slowest participant;
  /// without, the mean of the participants (each runs the section once for every loop of the Gather) is a lower bound
  /// and the Gather's own time an upper one.
  [[nodiscard]] Edge edge_to(std::size_t parent, std::size_t child) const {
    const Entry& gather = entries_[parent];
    const Entry& section = entries_[child];
    const double participants = section.node->loops / std::max(1.0, gather.node->loops);
    if (!is_gather(*gather.node) || participants <= 1) return {child, section.total, section.total};
    const double mean = section.total / participants;
    const double most = std::min(section.total, std::max(mean, gather.total));
    if (section.node->workers.empty()) return {child, mean, most};
    double slowest = 0;
    double in_workers = 0;
    for (const Worker& worker : section.node->workers) {
      slowest = std::max(slowest, worker.total_ms());
      in_workers += worker.total_ms();
    }
    slowest = std::clamp(std::max(slowest, section.total - in_workers), mean, most);
    return {child, slowest, slowest};
  }

  /// A CTE's time lies inside the scans that read it, first come first served; the plan says only how long each scan
  /// took, so it is split by that.
  void share_cte(std::size_t cte) {
    const std::string_view name = std::string_view(entries_[cte].node->subplan_name).substr(4);
    const Entry& owner = entries_[entries_[cte].parent];
    double scanned = 0;
    std::vector<std::size_t> scans;
    if (!search(owner)) return give(entries_[cte].parent, {cte, entries_[cte].total, entries_[cte].total});
    for (std::size_t i = entries_[cte].parent; i < owner.end; ++i) {
      const bool inside_itself = i >= cte && i < entries_[cte].end;
      const Node& node = *entries_[i].node;
      if (inside_itself || node.type != "CTE Scan" || node.cte != name || entries_[i].total == 0) continue;
      scans.push_back(i);
      scanned += entries_[i].total;
    }
    const double inside = std::min(entries_[cte].total, scanned);
    for (const std::size_t scan : scans) {
      const double part = inside * entries_[scan].total / scanned;
      give(scan, {cte, part, part});
      if (scans.size() > 1) entries_[scan].approximate = true;
    }
    // What no scan pulled ran after the root node had finished: INSERT ... RETURNING that nobody reads to the end.
    const double outside = entries_[cte].total - inside;
    if (outside > entries_[cte].error + kHalfDigitMs) entries_[cte].budget = outside;
  }

  /// The node inside which an InitPlan ran: the first in execution order that mentions its result and has room for its
  /// time. LIMIT does not show what it evaluates: where nobody mentions it, the owner or else the roomiest.
  std::size_t evaluator(std::size_t init_plan) {
    const std::size_t owner = entries_[init_plan].parent;
    if (!search(entries_[owner])) return owner;
    const std::vector<std::string> names = result_names(entries_[init_plan].node->subplan_name);
    std::vector<std::size_t> order;
    execution_order(owner, init_plan, order);
    const auto fits = [&](std::size_t i) {
      return entries_[i].room() + entries_[i].error + entries_[init_plan].error + kHalfDigitMs >=
             entries_[init_plan].total;
    };
    std::optional<std::size_t> mention;
    for (const std::size_t i : order) {
      if (entries_[i].node->loops == 0 || !mentions_any(*entries_[i].node, names)) continue;
      const std::size_t user = gather_above(i, owner);
      if (fits(user)) return user;
      if (!mention) mention = user;
    }
    if (!mention && fits(owner)) return owner;
    const std::size_t roomiest = *std::max_element(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
      return entries_[a].room() < entries_[b].room();
    });
    if (fits(roomiest)) return roomiest;
    entries_[owner].approximate = true;
    return mention.value_or(owner);
  }

  /// A Gather evaluates the parameters its workers need before it starts them.
  [[nodiscard]] std::size_t gather_above(std::size_t user, std::size_t owner) const {
    std::size_t found = user;
    for (std::size_t i = user; i != owner; i = entries_[i].parent) {
      const std::size_t parent = entries_[i].parent;
      if (is_gather(*entries_[parent].node) && !is_init_plan(*entries_[i].node)) found = parent;
    }
    return found;
  }

  /// The owner's subtree without the InitPlan itself, deepest first: a node's conditions are evaluated on rows its
  /// first child gave it. A one-time filter is evaluated before its child.
  void execution_order(std::size_t index, std::size_t without, std::vector<std::size_t>& out) const {
    const bool first = !entries_[index].node->detail("One-Time Filter").empty();
    if (first) out.push_back(index);
    for (std::size_t child = index + 1; child < entries_[index].end; child = entries_[child].end) {
      if (child != without) execution_order(child, without, out);
    }
    if (!first) out.push_back(index);
  }

  bool search(const Entry& owner) {
    const std::size_t nodes = owner.end - static_cast<std::size_t>(&owner - entries_.data());
    searched_ += nodes;
    return searched_ <= kSearchLimit;
  }

  void settle(std::size_t index, std::vector<std::size_t>& ready) {
    Entry& entry = entries_[index];
    const double scale = entry.total > 0 ? entry.budget / entry.total : 0;
    double open = 0;
    double error = entry.error;
    for (const Edge& edge : entry.gives) {
      open += edge.wall_high - edge.wall;
      error += entries_[edge.child].error;
    }
    if (entry.used > entry.total + error) entry.approximate = true;
    const double fraction = entry.used > entry.total ? entry.total / entry.used : 1;
    for (const Edge& edge : entry.gives) {
      Entry& child = entries_[edge.child];
      child.budget += scale * fraction * edge.wall;
      child.stretch = std::max(child.stretch, entry.stretch * (edge.wall > 0 ? edge.wall_high / edge.wall : 1));
      child.approximate = child.approximate || child.stretch > 1;
      if (--child.givers == 0) ready.push_back(edge.child);
    }
    Node& node = *entry.node;
    node.self_cpu_ms = std::max(0.0, entry.room());
    node.self_ms = scale * node.self_cpu_ms;
    node.self_interval = {std::max(0.0, node.self_ms - scale * (error + open)),
                          (node.self_ms + scale * error) * entry.stretch};
    node.self_approximate = entry.approximate || open > 0;
  }

  std::vector<Entry> entries_;
  std::size_t searched_ = 0;
};

double sum_of_self(const Node& node) {
  return std::accumulate(node.children.begin(), node.children.end(), node.self_ms,
                         [](double sum, const Node& child) { return sum + sum_of_self(child); });
}

Node* find_modify(Node& node) {
  if (node.type == "ModifyTable" || node.type == "Insert" || node.type == "Update") return &node;
  for (Node& child : node.children) {
    if (Node* found = find_modify(child)) return found;
  }
  return nullptr;
}

}  // namespace

void attribute_self_time(Plan& plan) {
  Attribution(plan.root).run();
  plan.unaccounted_ms = 0;
  if (!plan.execution_ms || !plan.root.timed) return;
  double triggers = plan.serialize_ms;
  for (const Trigger& trigger : plan.triggers) triggers += trigger.ms;
  plan.unaccounted_ms = *plan.execution_ms - sum_of_self(plan.root) - triggers;
  if (plan.unaccounted_ms >= 0) return;
  // BEFORE triggers run inside ModifyTable: their time is not its own.
  Node* modify = triggers > 0 ? find_modify(plan.root) : nullptr;
  if (!modify) return;
  const double inside = std::min(modify->self_ms, -plan.unaccounted_ms);
  modify->self_ms -= inside;
  modify->self_cpu_ms = std::max(0.0, modify->self_cpu_ms - inside);
  modify->self_interval.low = std::max(0.0, modify->self_interval.low - inside);
  plan.unaccounted_ms += inside;
}

}  // namespace quell::plan
