#include "analyzer/advise/selection.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <tuple>

#include <fmt/format.h>

namespace quell::advise {

namespace {

IndexSet united(const IndexSet& a, const IndexSet& b) {
  IndexSet out;
  std::set_union(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(out));
  return out;
}

IndexSet without(const IndexSet& set, std::size_t index) {
  IndexSet out = set;
  out.erase(std::remove(out.begin(), out.end(), index), out.end());
  return out;
}

class Search {
 public:
  Search(const std::vector<SelectionStatement>& statements, const std::vector<SelectionCandidate>& candidates,
         const CostFunction& cost, const SelectionParams& params, const std::function<bool()>& stop)
      : statements_(statements),
        candidates_(candidates),
        cost_(cost),
        params_(params),
        stop_(stop),
        cache_(statements.size()) {}

  Selection run() {
    Selection out;
    for (std::size_t i = 0; i < statements_.size(); ++i) out.before.push_back(planned(i, {}));
    seed();
    grow();
    prune();
    narrow();
    prune();
    out.chosen = chosen_;
    for (std::size_t i = 0; i < statements_.size(); ++i) out.after.push_back(planned(i, chosen_));
    for (std::size_t i = 0; i < candidates_.size(); ++i) {
      if (!std::binary_search(chosen_.begin(), chosen_.end(), i)) out.rejected.push_back({i, reason(i)});
    }
    out.what_if_calls = calls_;
    return out;
  }

 private:
  const PlannedCost& planned(std::size_t statement, const IndexSet& indexes) {
    IndexSet relevant;
    const IndexSet& mine = statements_[statement].relevant;
    std::set_intersection(indexes.begin(), indexes.end(), mine.begin(), mine.end(), std::back_inserter(relevant));
    auto& cached = cache_[statement];
    const auto found = cached.find(relevant);
    if (found != cached.end()) return found->second;
    ++calls_;
    PlannedCost cost = cost_(statement, relevant);
    std::sort(cost.used.begin(), cost.used.end());
    return cached.emplace(std::move(relevant), std::move(cost)).first->second;
  }

  /// Saved cost over the workload when `to` replaces `from`, and the cost of the statements it changes.
  struct Change {
    double saved = 0;
    double affected = 0;
  };
  Change change(const IndexSet& from, const IndexSet& to) {
    Change change;
    for (std::size_t i = 0; i < statements_.size(); ++i) {
      const double saved = planned(i, from).cost - planned(i, to).cost;
      if (saved == 0) continue;
      change.saved += saved * statements_[i].weight;
      change.affected += planned(i, {}).cost * statements_[i].weight;
    }
    return change;
  }

  [[nodiscard]] bool worth(const Change& change) const {
    return change.saved > 0 && change.saved >= params_.minimum_cost_saved &&
           change.saved >= params_.minimum_gain * change.affected;
  }

  [[nodiscard]] bool stopped() const { return stop_ && stop_(); }

  /// For each statement all its candidates at once: what the planner then uses, belongs together (both sides of a join,
  /// both arms of an OR), though each alone may save nothing.
  void seed() {
    std::set<IndexSet> moves;
    for (std::size_t i = 0; i < statements_.size() && !stopped(); ++i) {
      const double possible = planned(i, {}).cost * statements_[i].weight;
      if (possible < params_.minimum_cost_saved) continue;
      const PlannedCost& best = planned(i, statements_[i].own);
      if (best.used.empty() || best.cost >= planned(i, {}).cost) continue;
      moves.insert(best.used);
      for (const std::size_t index : best.used) {
        moves.insert({index});
        for (const std::size_t prefix : candidates_[index].prefixes) moves.insert({prefix});
      }
      // A wider candidate may be passed over only because a narrower one is there too.
      for (const std::size_t index : statements_[i].own) {
        if (candidates_[index].width > 1 && candidates_[index].width <= 3) moves.insert({index});
      }
    }
    moves_.assign(moves.begin(), moves.end());
  }

  /// Greedy: the move that saves most for each index it adds; of equals the fewest columns and bytes.
  void grow() {
    while (chosen_.size() < params_.most && !stopped()) {
      std::optional<std::tuple<double, double, double, IndexSet>> best;
      for (const IndexSet& move : moves_) {
        const IndexSet next = united(chosen_, move);
        if (next.size() == chosen_.size()) continue;
        const Change gain = change(chosen_, next);
        if (!worth(gain)) continue;
        const auto added = static_cast<double>(next.size() - chosen_.size());
        auto rank = std::tuple(-gain.saved / added, width(move), size(move), move);
        if (!best || rank < *best) best = std::move(rank);
      }
      if (!best) return;
      chosen_ = united(chosen_, std::get<3>(*best));
    }
  }

  /// Leave one out: an index whose absence costs little goes, the least useful first.
  void prune() {
    while (!stopped()) {
      std::optional<std::tuple<double, double, std::size_t>> worst;
      for (const std::size_t index : chosen_) {
        const Change loss = change(without(chosen_, index), chosen_);
        if (!worth(loss)) {
          auto rank = std::tuple(loss.saved, -candidates_[index].size, index);
          if (!worst || rank < *worst) worst = rank;
        }
      }
      if (!worst) return;
      chosen_ = without(chosen_, std::get<2>(*worst));
    }
  }

  /// A prefix does nearly as well: take it, it is smaller and serves more.
  void narrow() {
    for (const std::size_t index : IndexSet(chosen_)) {
      const IndexSet rest = without(chosen_, index);
      const double gain = change(rest, chosen_).saved;
      IndexSet prefixes = candidates_[index].prefixes;
      std::sort(prefixes.begin(), prefixes.end(), [&](std::size_t a, std::size_t b) {
        return std::pair(candidates_[a].width, a) < std::pair(candidates_[b].width, b);
      });
      for (const std::size_t prefix : prefixes) {
        if (stopped()) return;
        const IndexSet next = united(rest, {prefix});
        if (change(next, chosen_).saved > params_.prefix_loss * gain) continue;
        chosen_ = next;
        break;
      }
    }
  }

  [[nodiscard]] double width(const IndexSet& set) const {
    double sum = 0;
    for (const std::size_t index : set) sum += static_cast<double>(candidates_[index].width);
    return sum;
  }
  [[nodiscard]] double size(const IndexSet& set) const {
    double sum = 0;
    for (const std::size_t index : set) sum += candidates_[index].size;
    return sum;
  }

  std::string reason(std::size_t index) {
    if (stopped()) return "not judged: the time limit ended the search";
    const Change beside = change(chosen_, united(chosen_, {index}));
    if (beside.saved >= params_.minimum_cost_saved) {
      return fmt::format(
          "saves {:.0f} planner units beside the advised indexes, {:.0f} % of the statements it changes: below the "
          "{:.0f} % asked for",
          beside.saved, beside.affected > 0 ? 100 * beside.saved / beside.affected : 0, 100 * params_.minimum_gain);
    }
    const Change alone = change({}, {index});
    if (alone.saved >= params_.minimum_cost_saved) {
      return fmt::format("alone it saves {:.0f} planner units, beside the advised indexes {:.0f}", alone.saved,
                         std::max(0.0, beside.saved));
    }
    if (alone.saved <= 0) return "the planner would not use it";
    return fmt::format("saves {:.0f} planner units over the trace: less than the {:.0f} an index must save",
                       alone.saved, params_.minimum_cost_saved);
  }

  const std::vector<SelectionStatement>& statements_;
  const std::vector<SelectionCandidate>& candidates_;
  const CostFunction& cost_;
  const SelectionParams& params_;
  const std::function<bool()>& stop_;
  std::vector<std::map<IndexSet, PlannedCost>> cache_;
  std::vector<IndexSet> moves_;
  IndexSet chosen_;
  std::size_t calls_ = 0;
};

}  // namespace

Selection select_indexes(const std::vector<SelectionStatement>& statements,
                         const std::vector<SelectionCandidate>& candidates, const CostFunction& cost,
                         const SelectionParams& params, const std::function<bool()>& stop) {
  return Search(statements, candidates, cost, params, stop).run();
}

}  // namespace quell::advise
