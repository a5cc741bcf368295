#include "analyzer/detect/repetition.hpp"

#include <algorithm>
#include <map>
#include <numeric>
#include <set>
#include <unordered_set>

#include "analyzer/detect/silence.hpp"
#include "analyzer/sql/hash.hpp"

namespace quell::detect {
namespace {

/// A pause between equal calls from which they are polling: a request that a person waits for does not sleep so long
/// between two reads of the same thing.
constexpr trace::Duration kPollingPause = 200'000'000;

using Steps = std::vector<std::uint32_t>;

std::uint64_t tuple_hash(const Unit& unit, const Step& step) {
  std::uint64_t h = step.value_count;
  for (const trace::Value& value : unit.binds(step)) h = sql::mix(h, std::hash<trace::Value>{}(value));
  return h;
}

std::uint64_t distinct_tuples(const Unit& unit, const Steps& steps) {
  std::unordered_set<std::uint64_t> seen;
  for (const std::uint32_t s : steps) seen.insert(tuple_hash(unit, unit.steps[s]));
  return seen.size();
}

/// Bind positions whose values differ between executions; empty where their number differs.
std::vector<std::uint32_t> varying_positions(const Unit& unit, const Steps& steps) {
  const std::uint32_t count = unit.steps[steps.front()].value_count;
  for (const std::uint32_t s : steps) {
    if (unit.steps[s].value_count != count) return {};
  }
  std::vector<std::uint32_t> out;
  const auto first = unit.binds(unit.steps[steps.front()]);
  for (std::uint32_t p = 0; p < count; ++p) {
    if (std::any_of(steps.begin(), steps.end(),
                    [&](std::uint32_t s) { return unit.binds(unit.steps[s])[p] != first[p]; })) {
      out.push_back(p);
    }
  }
  return out;
}

std::uint64_t median_list(const Unit& unit, const Steps& steps) {
  std::vector<std::uint64_t> lengths;
  for (const std::uint32_t s : steps) lengths.push_back(unit.steps[s].list_length);
  std::nth_element(lengths.begin(), lengths.begin() + static_cast<std::ptrdiff_t>(lengths.size() / 2), lengths.end());
  return lengths[lengths.size() / 2];
}

bool touches_table(const sql::StatementFacts& facts, const sql::StatementFacts& other) {
  return std::any_of(facts.tables.begin(), facts.tables.end(), [&](const sql::Table& table) {
    return std::any_of(other.tables.begin(), other.tables.end(),
                       [&](const sql::Table& written) { return written.name == table.name; });
  });
}

/// Between how many neighbours of `steps` a step stands for which `separates` holds.
template <typename Separates>
std::size_t separated(const Unit& unit, const Steps& steps, const Separates& separates) {
  std::size_t count = 0;
  for (std::size_t i = 1; i < steps.size(); ++i) {
    bool found = false;
    for (std::uint32_t s = steps[i - 1] + 1; s < steps[i] && !found; ++s) found = separates(unit.steps[s]);
    count += found ? 1 : 0;
  }
  return count;
}

bool written_between(const Unit& unit, const Steps& steps) {
  const sql::StatementFacts& facts = unit.facts(unit.steps[steps.front()].statement);
  const std::size_t written = separated(unit, steps, [&](const Step& step) {
    const sql::StatementFacts& other = unit.facts(step.statement);
    return other.is_write() && touches_table(facts, other);
  });
  return written + 1 == steps.size();
}

/// Between half of the neighbours at least: some migrations only move data.
bool schema_changes_between(const Unit& unit, const Steps& steps) {
  const std::size_t changed = separated(
      unit, steps, [&](const Step& step) { return unit.facts(step.statement).kind == sql::StatementKind::ddl; });
  return changed * 2 >= steps.size() - 1;
}

/// EXECUTE, FETCH, CALL, COPY: what runs behind the words is not known from them.
bool is_plain_query(const sql::StatementFacts& facts) {
  return facts.is_write() || facts.kind == sql::StatementKind::select;
}

bool is_polling(const Unit& unit, const Steps& steps) {
  if (steps.size() < 2) return false;
  const sql::StatementFacts& facts = unit.facts(unit.steps[steps.front()].statement);
  if (facts.locks_rows) return true;  // a work queue: each execution takes other rows
  std::vector<trace::Duration> pauses;
  for (std::size_t i = 1; i < steps.size(); ++i)
    pauses.push_back(unit.steps[steps[i]].start - unit.steps[steps[i - 1]].end);
  return *std::min_element(pauses.begin(), pauses.end()) >= kPollingPause;
}

/// Each execution after the first starts from a value that the result before it held.
bool continues_own_result(const Unit& unit, const Steps& steps, std::uint32_t position) {
  std::size_t linked = 0;
  for (std::size_t i = 1; i < steps.size(); ++i) {
    const auto result = unit.workload->result(unit.steps[steps[i - 1]].query);
    if (!result) return false;
    const trace::Value value = unit.binds(unit.steps[steps[i]])[position];
    bool found = false;
    for (std::uint32_t row = 0; row < result->rows && !found; ++row) {
      for (std::uint32_t c = 0; c < result->recorded_columns.size() && !found; ++c)
        found = result->value(row, c) == value;
    }
    linked += found ? 1 : 0;
  }
  return linked + 1 == steps.size();
}

/// The varying binds only move a window over one list: the name of the paging, or nothing.
std::string_view paging(const Unit& unit, const Steps& steps, const std::vector<std::uint32_t>& varying) {
  const sql::StatementFacts& facts = unit.facts(unit.steps[steps.front()].statement);
  if (varying.empty() || !(facts.has_limit || facts.has_offset)) return {};
  bool offset = true;
  bool keyset = true;
  for (const std::uint32_t position : varying) {
    const int bind = static_cast<int>(position) + 1;
    if (bind == facts.limit_bind) continue;
    offset = offset && bind == facts.offset_bind;
    bool range = false;
    bool ordered = false;
    for (const sql::Predicate& predicate : facts.predicates) {
      if (predicate.bind != bind) continue;
      range = predicate.op == sql::PredicateOperator::less || predicate.op == sql::PredicateOperator::greater;
      ordered = std::any_of(facts.order_by.begin(), facts.order_by.end(),
                            [&](const sql::OrderColumn& order) { return order.column == predicate.column; });
    }
    keyset = keyset && range && (ordered || continues_own_result(unit, steps, position));
  }
  if (offset) return silence::kOffsetPaging;
  return keyset ? silence::kKeysetPaging : std::string_view();
}

bool temporary_table_target(const Unit& unit, const sql::StatementFacts& facts) {
  if (facts.tables.empty()) return false;
  return std::any_of(unit.steps.begin(), unit.steps.end(), [&](const Step& step) {
    const std::string& created = unit.facts(step.statement).created_temporary_table;
    return !created.empty() && created == facts.tables.front().name;
  });
}

class Study {
 public:
  Study(const Unit& unit, const DetectParams& params) : unit_(unit), params_(params) {}

  UnitFacts run() {
    const bool any =
        std::any_of(unit_.groups.begin(), unit_.groups.end(), [](const Group& g) { return g.steps.size() >= 2; });
    if (any) facts_.values = index_values(unit_);
    for (const Group& group : unit_.groups) study_group(group);
    for (const Group& group : unit_.plumbing) benign(group.statement, group.steps, silence::kCatalog);
    check_then_insert();
    return std::move(facts_);
  }

 private:
  Repetition& add(model::StatementIndex statement, const Steps& steps, Repetition::Shape shape) {
    Repetition repetition;
    repetition.shape = shape;
    repetition.statement = statement;
    repetition.steps = steps;
    repetition.distinct = steps.empty() ? 0 : distinct_tuples(unit_, steps);
    facts_.repetitions.push_back(std::move(repetition));
    return facts_.repetitions.back();
  }

  void benign(model::StatementIndex statement, const Steps& steps, std::string_view reason) {
    add(statement, steps, Repetition::Shape::benign).reason = reason;
  }

  void study_group(const Group& group) {
    const Steps& steps = group.steps;
    const sql::StatementFacts& facts = unit_.facts(group.statement);
    if (steps.size() < 2) {
      if (group.undone > 0) benign(group.statement, steps, silence::kRetry);
      return;
    }
    const std::uint64_t trips = round_trips(unit_, steps);
    // A batch of several executions a trip is right, whatever it holds.
    if (trips == 1 || trips * 2 <= steps.size()) return benign(group.statement, steps, silence::kPipelined);
    if (schema_changes_between(unit_, steps)) return benign(group.statement, steps, silence::kMigration);
    const std::uint64_t lists = median_list(unit_, steps);
    if (lists >= 2 && distinct_tuples(unit_, steps) > 1) return study_chunks(group, lists);
    if (facts.kind == sql::StatementKind::insert) {
      const std::uint64_t rows =
          std::accumulate(steps.begin(), steps.end(), std::uint64_t{0},
                          [&](std::uint64_t sum, std::uint32_t s) { return sum + unit_.steps[s].rows; });
      if (rows >= 2 * steps.size()) return benign(group.statement, steps, silence::kBulkWrite);
    }
    const std::vector<std::uint32_t> varying = varying_positions(unit_, steps);
    if (distinct_tuples(unit_, steps) == 1) return study_equal(group);
    if (const std::string_view reason = paging(unit_, steps, varying); !reason.empty()) {
      return benign(group.statement, steps, reason);
    }
    study_varying(group, varying);
  }

  void study_chunks(const Group& group, std::uint64_t chunk) {
    if (group.steps.size() < params_.n_plus_one_threshold || chunk > params_.small_chunk) {
      return benign(group.statement, group.steps, silence::kChunkedLoading);
    }
    add(group.statement, group.steps, Repetition::Shape::small_chunks);
  }

  void study_equal(const Group& group) {
    const sql::StatementFacts& facts = unit_.facts(group.statement);
    if (facts.is_write()) {
      if (facts.kind != sql::StatementKind::insert) return benign(group.statement, group.steps, silence::kEqualWrites);
      add(group.statement, group.steps, Repetition::Shape::varying_values);  // rows of defaults: still one trip each
      return;
    }
    if (!is_plain_query(facts)) return benign(group.statement, group.steps, silence::kNoPlainQuery);
    if (unit_.rule == trace::ScopeRule::idle_gap) return benign(group.statement, group.steps, silence::kDerivedScope);
    if (facts.volatile_functions) return benign(group.statement, group.steps, silence::kVolatile);
    if (is_polling(unit_, group.steps)) return benign(group.statement, group.steps, silence::kPolling);
    if (written_between(unit_, group.steps)) return benign(group.statement, group.steps, silence::kReadAfterWrite);
    add(group.statement, group.steps, Repetition::Shape::equal_values);
  }

  /// Takes out one edge after another: executions that two loops over two columns made are two repetitions.
  void study_varying(const Group& group, const std::vector<std::uint32_t>& varying) {
    Steps rest = group.steps;
    while (rest.size() >= 2) {
      auto edge = find_edge(unit_, facts_.values, rest, varying, false);
      if (!edge || edge->covered < rest.size()) {
        if (const auto walk = find_edge(unit_, facts_.values, rest, varying, true);
            walk && is_walk(group, *walk, rest)) {
          add_walk(group, rest, *walk);
          return;
        }
      }
      if (!edge) break;
      Steps covered;
      Steps uncovered;
      for (std::size_t i = 0; i < rest.size(); ++i) (edge->covers[i] ? covered : uncovered).push_back(rest[i]);
      if (!uncovered.empty()) {
        if (one_row_holds_all(unit_, rest, edge->position)) break;
        if (covered.size() < 2) break;
        edge = find_edge(unit_, facts_.values, covered, varying, false);  // judged by these executions alone
        if (!edge || edge->covered < covered.size()) break;
      }
      if (!edge->proved) break;
      Repetition& repetition = add(group.statement, covered, Repetition::Shape::varying_values);
      repetition.edge = std::move(edge);
      repetition.bounded = temporary_table_target(unit_, unit_.facts(group.statement));
      rest = std::move(uncovered);
    }
    if (!rest.empty()) without_edge(group, rest, varying);
  }

  /// Each level of a tree read by the keys of the level above: all executions but the roots start from own results.
  [[nodiscard]] bool is_walk(const Group& group, const EdgeMatch& walk, const Steps& steps) const {
    const std::size_t roots = steps.size() - walk.covered;
    if (roots > std::max<std::size_t>(1, steps.size() / 4)) return false;
    const ParentColumn& column = facts_.values.columns[walk.column];
    const TargetColumn target = target_of(unit_.facts(group.statement), walk.position);
    return !target.column.empty() && target.column != column.name;
  }

  void add_walk(const Group& group, const Steps& steps, const EdgeMatch& walk) {
    Repetition& repetition = add(group.statement, steps, Repetition::Shape::varying_values);
    repetition.edge = walk;
    // Results of one row each lead to one execution each: a chain, which grows with depth, not with rows.
    repetition.chain =
        std::all_of(steps.begin(), steps.end(), [&](std::uint32_t s) { return unit_.steps[s].rows <= 1; });
  }

  void without_edge(const Group& group, const Steps& steps, const std::vector<std::uint32_t>& varying) {
    if (steps.size() < 2) return;
    for (const std::uint32_t position : varying) {
      if (one_row_holds_all(unit_, steps, position)) {
        return benign(group.statement, steps, silence::kSeveralKeysOfOneRow);
      }
    }
    const sql::StatementFacts& facts = unit_.facts(group.statement);
    const std::uint64_t distinct = distinct_tuples(unit_, steps);
    if (!is_plain_query(facts)) return benign(group.statement, steps, silence::kNoPlainQuery);
    if (unit_.rule == trace::ScopeRule::idle_gap) return benign(group.statement, steps, silence::kDerivedScope);
    // A loader of lists that happened to get one key each time, from different places: not a loop without an edge.
    if (median_list(unit_, steps) == 1) return benign(group.statement, steps, silence::kChunkedLoading);
    if (only_ranges_vary(facts, varying) && is_polling(unit_, steps)) {
      return benign(group.statement, steps, silence::kPolling);
    }
    if (distinct < params_.n_plus_one_threshold) {
      if (distinct < steps.size() && !facts.is_write()) {
        add(group.statement, steps, Repetition::Shape::equal_values);
        return;
      }
      return benign(group.statement, steps, silence::kTooFew);
    }
    const Steps loop = largest_call_site(steps);
    if (loop.size() < params_.n_plus_one_threshold || distinct_tuples(unit_, loop) < params_.n_plus_one_threshold) {
      return benign(group.statement, steps, silence::kDifferentCallSites);
    }
    Repetition& repetition = add(group.statement, loop, Repetition::Shape::varying_values);
    repetition.bounded = temporary_table_target(unit_, facts);
  }

  [[nodiscard]] static bool only_ranges_vary(const sql::StatementFacts& facts,
                                             const std::vector<std::uint32_t>& varying) {
    return !varying.empty() && std::all_of(varying.begin(), varying.end(), [&](std::uint32_t position) {
      return std::any_of(facts.predicates.begin(), facts.predicates.end(), [&](const sql::Predicate& predicate) {
        return predicate.bind == static_cast<int>(position) + 1 &&
               (predicate.op == sql::PredicateOperator::less || predicate.op == sql::PredicateOperator::greater ||
                predicate.op == sql::PredicateOperator::between);
      });
    });
  }

  /// Without an edge, only a loop at one place counts; all of `steps` where no call site is known.
  [[nodiscard]] Steps largest_call_site(const Steps& steps) const {
    std::map<trace::StackId, Steps> by_stack;
    for (const std::uint32_t s : steps) by_stack[unit_.steps[s].stack].push_back(s);
    const auto largest = std::max_element(by_stack.begin(), by_stack.end(), [](const auto& a, const auto& b) {
      return a.second.size() < b.second.size();
    });
    return largest->second;
  }

  /// A read that looks whether a row is there and an INSERT after each: one loop, told of once, as a write.
  void check_then_insert() {
    for (Repetition& read : facts_.repetitions) {
      if (read.shape != Repetition::Shape::varying_values || unit_.facts(read.statement).is_write()) continue;
      for (const Repetition& write : facts_.repetitions) {
        const sql::StatementFacts& facts = unit_.facts(write.statement);
        if (write.shape != Repetition::Shape::varying_values || facts.kind != sql::StatementKind::insert) continue;
        if (!alternate(read.steps, write.steps) || !shares_values(read.steps, write.steps)) continue;
        read.shape = Repetition::Shape::benign;
        read.reason = silence::kCheckThenInsert;
        break;
      }
    }
  }

  [[nodiscard]] static bool alternate(const Steps& reads, const Steps& writes) {
    if (reads.size() < writes.size() || writes.size() * 2 < reads.size()) return false;
    std::size_t r = 0;
    for (const std::uint32_t write : writes) {
      if (r >= reads.size() || reads[r] > write) return false;
      while (r < reads.size() && reads[r] < write) ++r;
    }
    return true;
  }

  /// Each write takes a varying value of the read before it.
  [[nodiscard]] bool shares_values(const Steps& reads, const Steps& writes) const {
    const std::vector<std::uint32_t> varying = varying_positions(unit_, reads);
    for (const std::uint32_t write : writes) {
      const auto after = std::lower_bound(reads.begin(), reads.end(), write);
      if (after == reads.begin()) return false;
      const auto keys = unit_.binds(unit_.steps[*(after - 1)]);
      const auto written = unit_.binds(unit_.steps[write]);
      const bool shared = std::any_of(varying.begin(), varying.end(), [&](std::uint32_t position) {
        return std::find(written.begin(), written.end(), keys[position]) != written.end();
      });
      if (!shared) return false;
    }
    return true;
  }

  const Unit& unit_;
  const DetectParams& params_;
  UnitFacts facts_;
};

}  // namespace

UnitFacts study(const Unit& unit, const DetectParams& params) {
  return Study(unit, params).run();
}

}  // namespace quell::detect
