#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "analyzer/model/workload.hpp"

namespace quell::detect {

/// One execution as the rules see it.
struct Step {
  model::QueryIndex query = 0;
  model::StatementIndex statement = 0;
  trace::Time start = 0;
  trace::Time end = 0;
  std::uint64_t rows = 0;
  std::uint64_t batch = 0;  ///< pipeline batch; 0: none
  trace::StackId stack = 0;
  trace::ConnectionId connection = 0;
  std::uint32_t first_value = 0;  ///< of its binds in Unit::values
  std::uint32_t value_count = 0;
  std::uint32_t list_length = 0;  ///< keys of its IN or ANY list; 0: the statement has none
  bool failed = false;
  bool undone = false;  ///< failed, or rolled back after a failure, and tried again later: not an execution of its own
  bool plumbing = false;  ///< transaction control, session, catalogue, DDL: never a finding
  bool judged = true;     ///< false: text cut, or the server skipped it
};

/// The executions of one statement within a unit, without the undone ones; steps in time order.
struct Group {
  model::StatementIndex statement = 0;
  std::vector<std::uint32_t> steps;
  std::uint64_t undone = 0;
};

/// What is judged together: one scope with the scopes inside it that are no request, job or test of their own.
struct Unit {
  const model::Workload* workload = nullptr;
  model::ScopeIndex scope = model::kNone;  ///< kNone: all that is outside every scope
  std::string_view name;
  trace::ScopeRule rule = trace::ScopeRule::agent;
  trace::Duration duration = 0;
  std::vector<Step> steps;           ///< by start
  std::vector<trace::Value> values;  ///< binds of all steps
  std::vector<Group> groups;         ///< of two executions or more; by first step
  std::vector<Group> plumbing;       ///< catalogue statements of two executions or more

  [[nodiscard]] std::span<const trace::Value> binds(const Step& step) const {
    return std::span(values).subspan(step.first_value, step.value_count);
  }
  [[nodiscard]] const sql::StatementFacts& facts(model::StatementIndex statement) const {
    return workload->statements()[statement].facts;
  }
};

inline constexpr std::string_view kOutsideScopes = "(outside any scope)";

/// The scopes of each unit, root first; by root, so in time order.
[[nodiscard]] std::vector<std::vector<model::ScopeIndex>> unit_scopes(const model::Workload& workload);

/// Their executions in time order; a view into the workload or, of several scopes, into `buffer`.
[[nodiscard]] std::span<const model::QueryIndex> unit_queries(const model::Workload& workload,
                                                              std::span<const model::ScopeIndex> scopes,
                                                              std::vector<model::QueryIndex>& buffer);

/// What the loading of units asks of each statement, computed once.
class StatementTraits {
 public:
  explicit StatementTraits(const model::Workload& workload);

  struct Traits {
    bool plumbing = false;
    bool may_take_array = false;      ///< an array bind may stand in it
    std::int32_t list_position = -1;  ///< bind, from 0, at which an IN or ANY list begins; -1: none
    std::uint32_t other_binds = 0;    ///< binds outside that list
  };
  [[nodiscard]] const Traits& operator[](model::StatementIndex statement) const { return traits_[statement]; }

 private:
  std::vector<Traits> traits_;
};

/// Fills `unit` (reusing its memory) with `queries`, which are in time order.
void load_unit(const model::Workload& workload, const StatementTraits& traits, model::ScopeIndex scope,
               std::span<const model::QueryIndex> queries, Unit& unit);

/// The number of round trips that `steps` took: a pipeline batch counts once.
[[nodiscard]] std::uint64_t round_trips(const Unit& unit, std::span<const std::uint32_t> steps);

}  // namespace quell::detect
