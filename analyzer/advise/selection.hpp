#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

/// Which of the candidate indexes to advise. Pure: costs come from a function, so that tests need no database. The
/// method is documented in docs/index-advisor.md.
namespace quell::advise {

/// Candidates as sorted indexes into the caller's list.
using IndexSet = std::vector<std::size_t>;

struct PlannedCost {
  double cost = 0;
  IndexSet used;  ///< candidates the plan uses
};

struct SelectionStatement {
  double weight = 1;  ///< executions
  IndexSet own;       ///< candidates made from this statement
  IndexSet relevant;  ///< own, and those of other statements that may serve it too
};

struct SelectionCandidate {
  std::size_t width = 1;  ///< columns
  double size = 1;        ///< bytes, or anything that grows with it; breaks ties towards the smaller
  /// Candidates whose keys are a true prefix of this one's: they serve less and cost less.
  IndexSet prefixes;
};

struct SelectionParams {
  double minimum_gain = 0.10;        ///< share of the cost of the statements an index changes
  double minimum_cost_saved = 1000;  ///< planner units over the workload
  /// A narrower index replaces a wider one where that gives away at most this share of the wider one's gain.
  double prefix_loss = 0.02;
  std::size_t most = 50;  ///< indexes advised at most
};

/// Cost of one statement with exactly these hypothetical indexes. Called with sorted sets of its relevant candidates
/// only; results are cached by select_indexes, so each pair is asked once. Throws what the caller throws.
using CostFunction = std::function<PlannedCost(std::size_t statement, const IndexSet& indexes)>;

struct Rejected {
  std::size_t candidate = 0;
  std::string reason;
};

struct Selection {
  IndexSet chosen;
  std::vector<PlannedCost> before;  ///< a statement
  std::vector<PlannedCost> after;   ///< with all chosen
  std::vector<Rejected> rejected;   ///< every candidate not chosen, in their order
  std::size_t what_if_calls = 0;
};

/// Same input, same result. `stop()` returning true ends the search with the best so far.
[[nodiscard]] Selection select_indexes(const std::vector<SelectionStatement>& statements,
                                       const std::vector<SelectionCandidate>& candidates, const CostFunction& cost,
                                       const SelectionParams& params, const std::function<bool()>& stop = {});

}  // namespace quell::advise
