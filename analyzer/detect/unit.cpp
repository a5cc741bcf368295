#include "analyzer/detect/unit.hpp"

#include <algorithm>
#include <set>
#include <unordered_map>

#include "analyzer/detect/array_bind.hpp"

namespace quell::detect {
namespace {

bool is_plumbing(sql::StatementKind kind) {
  using enum sql::StatementKind;
  switch (kind) {
    case transaction_control:
    case session:
    case catalog:
    case ddl:
      return true;
    case select:
    case insert:
    case update:
    case delete_:
    case merge:
    case copy:
    case other:
      return false;
  }
  return false;
}

/// The predicate whose list an execution's keys stand in; null if there is none.
const sql::Predicate* list_predicate(const sql::StatementFacts& facts) {
  for (const sql::Predicate& predicate : facts.predicates) {
    if (predicate.op == sql::PredicateOperator::any_of && predicate.bind > 0) return &predicate;
  }
  return nullptr;
}

/// Binds that stand outside the list.
std::size_t other_binds(const sql::StatementFacts& facts) {
  std::set<int> binds;
  for (const sql::Predicate& predicate : facts.predicates) {
    if (predicate.op != sql::PredicateOperator::any_of && predicate.bind > 0) binds.insert(predicate.bind);
  }
  if (facts.limit_bind > 0) binds.insert(facts.limit_bind);
  if (facts.offset_bind > 0) binds.insert(facts.offset_bind);
  return binds.size();
}

/// `needle` in lower case.
bool mentions(std::string_view text, std::string_view needle) {
  return std::search(text.begin(), text.end(), needle.begin(), needle.end(), [](char a, char b) {
           return (a >= 'A' && a <= 'Z' ? static_cast<char>(a + 32) : a) == b;
         }) != text.end();
}

/// How many keys the execution was given in a list; a list of one key is replaced by that key.
void load_list(const model::Workload& workload, const StatementTraits::Traits& traits, Unit& unit, Step& step) {
  if (step.value_count == 0 || (traits.list_position < 0 && !traits.may_take_array)) return;
  if (traits.list_position >= 0) {
    step.list_length = step.value_count > traits.other_binds ? step.value_count - traits.other_binds : 1;
    if (step.list_length != 1) return;
  }
  const auto binds = workload.binds(step.query);
  const trace::Canonicalizer canonicalizer(workload.header().key, workload.header().redacted);
  for (std::uint32_t position = 0; position < binds.size(); ++position) {
    if (traits.list_position >= 0 && position != static_cast<std::uint32_t>(traits.list_position)) continue;
    const auto elements = array_elements(binds[position], canonicalizer);
    if (!elements) continue;
    step.list_length = static_cast<std::uint32_t>(elements->size());
    if (elements->size() == 1) unit.values[step.first_value + position] = elements->front();
    return;
  }
}

void load_steps(const model::Workload& workload, const StatementTraits& traits,
                std::span<const model::QueryIndex> queries, Unit& unit) {
  for (const model::QueryIndex query : queries) {
    const model::Execution execution = workload.execution(query);
    Step step;
    step.query = query;
    step.statement = execution.statement;
    step.start = execution.start;
    step.end = execution.start + std::max<trace::Duration>(execution.duration(), 0);
    step.rows = execution.rows;
    step.batch = execution.pipeline_batch;
    step.stack = execution.stack;
    step.connection = execution.connection;
    step.failed = execution.failed();
    step.plumbing = traits[execution.statement].plumbing;
    step.judged = (execution.flags & (trace::query_flag::kTextCut | trace::query_flag::kSkippedAfterError)) == 0;
    step.first_value = static_cast<std::uint32_t>(unit.values.size());
    if (!step.plumbing) {
      workload.bind_values(query, unit.values);
      step.value_count = static_cast<std::uint32_t>(unit.values.size()) - step.first_value;
      load_list(workload, traits[execution.statement], unit, step);
    }
    unit.steps.push_back(step);
  }
}

bool same_call(const Unit& unit, const Step& a, const Step& b) {
  return a.statement == b.statement && std::ranges::equal(unit.binds(a), unit.binds(b));
}

/// Marks what failed, or was rolled back with a failure, and was done again later.
void mark_undone(Unit& unit) {
  if (std::none_of(unit.steps.begin(), unit.steps.end(), [](const Step& step) { return step.failed; })) return;
  const auto done_again = [&](std::size_t i) {
    for (std::size_t later = i + 1; later < unit.steps.size(); ++later) {
      if (same_call(unit, unit.steps[i], unit.steps[later])) return true;
    }
    return false;
  };
  std::unordered_map<trace::ConnectionId, std::vector<std::size_t>> in_transaction;
  for (std::size_t i = 0; i < unit.steps.size(); ++i) {
    const Step& step = unit.steps[i];
    std::vector<std::size_t>& open = in_transaction[step.connection];
    open.push_back(i);
    if (step.failed) {
      for (const std::size_t member : open) unit.steps[member].undone = done_again(member);
    }
    const auto state = unit.workload->execution(step.query).transaction_state;
    if (state == trace::TransactionState::idle || state == trace::TransactionState::unknown) open.clear();
  }
}

void make_groups(Unit& unit) {
  std::vector<std::uint32_t> order;
  for (std::uint32_t i = 0; i < unit.steps.size(); ++i) {
    if (unit.steps[i].judged) order.push_back(i);
  }
  std::stable_sort(order.begin(), order.end(),
                   [&](std::uint32_t a, std::uint32_t b) { return unit.steps[a].statement < unit.steps[b].statement; });
  for (std::size_t begin = 0; begin < order.size();) {
    std::size_t end = begin;
    const model::StatementIndex statement = unit.steps[order[begin]].statement;
    while (end < order.size() && unit.steps[order[end]].statement == statement) ++end;
    if (end - begin >= 2) {
      Group group;
      group.statement = statement;
      for (std::size_t i = begin; i < end; ++i) {
        if (unit.steps[order[i]].undone) {
          ++group.undone;
        } else {
          group.steps.push_back(order[i]);
        }
      }
      const bool plumbing = unit.steps[order[begin]].plumbing;
      if (!plumbing) unit.groups.push_back(std::move(group));
      if (plumbing && unit.facts(statement).kind == sql::StatementKind::catalog)
        unit.plumbing.push_back(std::move(group));
    }
    begin = end;
  }
}

}  // namespace

std::vector<std::vector<model::ScopeIndex>> unit_scopes(const model::Workload& workload) {
  const auto scopes = workload.scopes();
  const auto root_of = [&](model::ScopeIndex scope) {
    // Bounded: a damaged trace may hold a cycle of parents.
    for (std::size_t depth = 0; depth < 64; ++depth) {
      const trace::ScopeKind kind = scopes[scope].kind;
      const bool inner = kind == trace::ScopeKind::transaction || kind == trace::ScopeKind::idle_gap;
      if (!inner || scopes[scope].parent == model::kNone) break;
      scope = scopes[scope].parent;
    }
    return scope;
  };
  std::vector<model::ScopeIndex> roots(scopes.size());
  for (model::ScopeIndex s = 0; s < scopes.size(); ++s) roots[s] = root_of(s);
  std::vector<std::vector<model::ScopeIndex>> by_root(scopes.size());
  for (model::ScopeIndex s = 0; s < scopes.size(); ++s) {
    if (roots[s] == s) by_root[s].insert(by_root[s].begin(), s);
    if (roots[s] != s) by_root[roots[s]].push_back(s);
  }
  std::erase_if(by_root, [](const auto& members) { return members.empty(); });
  return by_root;
}

std::span<const model::QueryIndex> unit_queries(const model::Workload& workload,
                                                std::span<const model::ScopeIndex> scopes,
                                                std::vector<model::QueryIndex>& buffer) {
  if (scopes.size() == 1) return workload.queries_of_scope(scopes.front());
  buffer.clear();
  for (const model::ScopeIndex scope : scopes) {
    const auto queries = workload.queries_of_scope(scope);
    buffer.insert(buffer.end(), queries.begin(), queries.end());
  }
  std::sort(buffer.begin(), buffer.end());
  return buffer;
}

StatementTraits::StatementTraits(const model::Workload& workload) {
  for (const model::Statement& statement : workload.statements()) {
    Traits traits;
    traits.plumbing = is_plumbing(statement.facts.kind);
    const sql::Predicate* list = list_predicate(statement.facts);
    if (list != nullptr) {
      traits.list_position = list->bind - 1;
      traits.other_binds = static_cast<std::uint32_t>(other_binds(statement.facts));
    }
    const std::string& text = statement.facts.normalized;
    traits.may_take_array = mentions(text, "unnest") || mentions(text, "any") || mentions(text, "array");
    traits_.push_back(traits);
  }
}

void load_unit(const model::Workload& workload, const StatementTraits& traits, model::ScopeIndex scope,
               std::span<const model::QueryIndex> queries, Unit& unit) {
  unit.workload = &workload;
  unit.scope = scope;
  unit.steps.clear();
  unit.values.clear();
  unit.groups.clear();
  unit.plumbing.clear();
  if (scope != model::kNone) {
    const model::Scope& s = workload.scopes()[scope];
    unit.name = s.name;
    unit.rule = s.rule;
    unit.duration = s.end - s.begin;
  } else {
    unit.name = kOutsideScopes;
    unit.rule = trace::ScopeRule::idle_gap;
    unit.duration = 0;
  }
  load_steps(workload, traits, queries, unit);
  mark_undone(unit);
  if (scope != model::kNone) make_groups(unit);
}

std::uint64_t round_trips(const Unit& unit, std::span<const std::uint32_t> steps) {
  std::uint64_t trips = 0;
  std::set<std::uint64_t> batches;
  for (const std::uint32_t i : steps) {
    const std::uint64_t batch = unit.steps[i].batch;
    if (batch == 0 || batches.insert(batch).second) ++trips;
  }
  return trips;
}

}  // namespace quell::detect
