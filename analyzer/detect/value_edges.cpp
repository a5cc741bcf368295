#include "analyzer/detect/value_edges.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <tuple>
#include <unordered_map>
#include <unordered_set>

namespace quell::detect {
namespace {

/// Integers below this are keys of small tables, counters, enumerations: many columns hold the same ones by chance.
constexpr std::int64_t kSmallInteger = 1000;

/// The values of the child's executions at one position, numbered in order of first use.
struct ChildValues {
  std::vector<std::uint32_t> numbers;  ///< by execution
  std::vector<trace::Value> distinct;
  std::unordered_map<trace::Value, std::uint32_t> number_of;
  std::array<std::uint64_t, 16> filter{};  ///< a Bloom filter of one hash: most values of a result are not among them
  bool small = true;                       ///< all small integers
  bool ascending = true;                   ///< in order of first use

  [[nodiscard]] std::uint32_t find(trace::Value value) const {
    const std::size_t h = std::hash<trace::Value>{}(value)&1023;
    if ((filter[h / 64] >> (h % 64) & 1) == 0) return model::kNone;
    const auto found = number_of.find(value);
    return found != number_of.end() ? found->second : model::kNone;
  }
};

ChildValues child_values(const Unit& unit, std::span<const std::uint32_t> steps, std::uint32_t position) {
  ChildValues child;
  for (const std::uint32_t s : steps) {
    const auto binds = unit.binds(unit.steps[s]);
    const trace::Value value = position < binds.size() ? binds[position] : trace::Value::null();
    if (value.is_null()) {  // NULL comes from nowhere
      child.numbers.push_back(model::kNone);
      continue;
    }
    const auto [entry, added] = child.number_of.try_emplace(value, static_cast<std::uint32_t>(child.distinct.size()));
    if (added) {
      const std::size_t h = std::hash<trace::Value>{}(value)&1023;
      child.filter[h / 64] |= std::uint64_t{1} << (h % 64);
      child.small = child.small && value.kind() == trace::Value::Kind::integer && value.as_integer() < kSmallInteger &&
                    value.as_integer() > -kSmallInteger;
      child.ascending = child.ascending && (child.distinct.empty() || child.distinct.back() < value);
      child.distinct.push_back(value);
    }
    child.numbers.push_back(entry->second);
  }
  return child;
}

/// First look at a column: which executions it covers.
struct Cover {
  std::size_t column = 0;
  std::uint64_t covered = 0;
  std::vector<bool> covers;
};

Cover cover_of(const Unit& unit, const ParentColumn& column, std::span<const std::uint32_t> steps,
               const ChildValues& child) {
  std::vector<trace::Time> available(child.distinct.size(), std::numeric_limits<trace::Time>::max());
  const trace::Time last_start = unit.steps[steps.back()].start;
  for (const ParentColumn::Occurrence& occurrence : column.occurrences) {
    const Step& parent = unit.steps[occurrence.step];
    if (parent.end > last_start) continue;
    const auto result = unit.workload->result(parent.query);
    for (std::uint32_t row = 0; row < result->rows; ++row) {
      const std::uint32_t number = child.find(result->value(row, occurrence.recorded));
      if (number != model::kNone) available[number] = std::min(available[number], parent.end);
    }
  }
  Cover cover;
  cover.covers.resize(steps.size());
  for (std::size_t i = 0; i < steps.size(); ++i) {
    const bool covered = child.numbers[i] != model::kNone && available[child.numbers[i]] <= unit.steps[steps[i]].start;
    cover.covers[i] = covered;
    cover.covered += covered ? 1 : 0;
  }
  return cover;
}

/// Second look: order and repeats.
struct Shape {
  std::uint64_t rows = 0;
  std::uint64_t distinct = 0;
  std::uint64_t range = 0;  ///< of the integers in the column: largest less smallest, and one
  bool row_order = false;   ///< the child's values, repeats removed, begin the column's, repeats removed
  bool every_row = false;
  bool same_repeats = false;    ///< each value as often as in the column
  bool within_repeats = false;  ///< none oftener than in the column
};

Shape shape_of(const Unit& unit, const ParentColumn& column, std::span<const std::uint32_t> steps,
               const ChildValues& child, const Cover& cover) {
  Shape shape;
  std::vector<std::uint32_t> rows;  // numbers of the child's values in row order; kNone for others
  std::unordered_set<trace::Value> others;
  std::int64_t smallest = std::numeric_limits<std::int64_t>::max();
  std::int64_t largest = std::numeric_limits<std::int64_t>::min();
  const trace::Time last_start = unit.steps[steps.back()].start;
  for (const ParentColumn::Occurrence& occurrence : column.occurrences) {
    const Step& parent = unit.steps[occurrence.step];
    if (parent.end > last_start) continue;
    const auto result = unit.workload->result(parent.query);
    shape.rows += result->rows;
    for (std::uint32_t row = 0; row < result->rows; ++row) {
      const trace::Value value = result->value(row, occurrence.recorded);
      if (value.is_null()) continue;
      const std::uint32_t number = child.find(value);
      if (number == model::kNone) others.insert(value);
      rows.push_back(number);
      smallest = std::min(smallest, value.as_integer());
      largest = std::max(largest, value.as_integer());
    }
  }
  std::vector<std::uint32_t> executions;
  for (std::size_t i = 0; i < steps.size(); ++i) {
    if (cover.covers[i]) executions.push_back(child.numbers[i]);
  }
  // Values that the child never used stand between; they are told apart so that they break the order.
  std::vector<std::uint32_t> row_values;
  std::vector<std::uint32_t> used;
  std::vector<bool> in_rows(child.distinct.size());
  std::vector<bool> in_used(child.distinct.size());
  for (const std::uint32_t number : rows) {
    if (number != model::kNone && in_rows[number]) continue;
    if (number != model::kNone) in_rows[number] = true;
    row_values.push_back(number);
  }
  for (const std::uint32_t number : executions) {
    if (in_used[number]) continue;
    in_used[number] = true;
    used.push_back(number);
  }
  shape.distinct = static_cast<std::uint64_t>(std::count(in_rows.begin(), in_rows.end(), true)) + others.size();
  shape.range = rows.empty() ? 0 : static_cast<std::uint64_t>(largest) - static_cast<std::uint64_t>(smallest) + 1;
  shape.row_order = used.size() <= row_values.size() && std::equal(used.begin(), used.end(), row_values.begin());
  // A loop that stops early has read a prefix of the rows.
  shape.every_row = executions.size() <= rows.size() && std::equal(executions.begin(), executions.end(), rows.begin());
  std::vector<std::int64_t> balance(child.distinct.size());
  for (const std::uint32_t number : executions) ++balance[number];
  for (const std::uint32_t number : rows) {
    if (number != model::kNone) --balance[number];
  }
  shape.same_repeats = std::all_of(balance.begin(), balance.end(), [](std::int64_t n) { return n == 0; });
  shape.within_repeats = std::all_of(balance.begin(), balance.end(), [](std::int64_t n) { return n <= 0; });
  return shape;
}

/// Whether a set of `chosen` out of `range` neighbouring integers is one of so many that meeting it by chance, on top
/// of names that fit, is out of question.
bool is_rare_set(std::uint64_t chosen, std::uint64_t range) {
  constexpr double kRare = 30;
  if (chosen > range) return false;
  double sets = 1;
  for (std::uint64_t i = 0; i < std::min(chosen, range - chosen); ++i) {
    sets = sets * static_cast<double>(range - i) / static_cast<double>(i + 1);
    if (sets >= kRare) return true;
  }
  return false;
}

/// At least three quarters.
bool mostly(std::uint64_t part, std::uint64_t whole) {
  return part * 4 >= whole * 3;
}

/// Chance is excluded: see docs/detection.md, "Value edges".
bool is_proof(const ChildValues& child, const Cover& cover, const Shape& shape, int affinity, std::size_t executions) {
  const std::size_t distinct = child.distinct.size();
  if (executions < 2 || cover.covered < 2 || distinct < 2) return false;
  // Two values are a flag as often as two keys: only the exact sequence of the rows speaks for keys.
  if (distinct == 2) return affinity >= 1 && (shape.every_row || (shape.row_order && executions == 2));
  if (!child.small) return true;
  const bool ordered = shape.row_order || shape.every_row;
  const bool whole = cover.covered == executions && shape.distinct == distinct;
  if (affinity >= 1) {
    if (ordered) return true;
    if (cover.covered < executions) return false;
    // Repeats that the rows have too; a loop cut short has read most of them.
    if (executions > distinct) return shape.same_repeats || (shape.within_repeats && mostly(executions, shape.rows));
    // Each key of the table that the name tells, once.
    if (affinity >= 3 && shape.within_repeats && mostly(executions, shape.rows)) return true;
    if (!whole) return false;
    return affinity >= 2 || is_rare_set(distinct, shape.range);
  }
  if (affinity < 0) return ordered && whole && !child.ascending;
  return ordered && (whole || !child.ascending);
}

struct Candidate {
  EdgeMatch match;
  bool plausible = true;
  bool same_repeats = false;
  bool exact = false;
  int affinity = 0;

  /// Larger is better; the tail makes the order total.
  [[nodiscard]] auto rank() const {
    return std::tuple(match.covered, plausible, match.proved,
                      static_cast<int>(match.every_row) + static_cast<int>(match.row_order), same_repeats, affinity,
                      exact, match.parent_step, ~match.column, ~match.position);
  }
};

}  // namespace

ValueIndex index_values(const Unit& unit) {
  ValueIndex index;
  struct Key {
    model::StatementIndex statement;
    std::uint32_t table_oid;
    std::int16_t attribute_number;
    std::string_view name;
    auto operator<=>(const Key&) const = default;
  };
  std::vector<std::pair<Key, std::size_t>> known;
  for (std::uint32_t s = 0; s < unit.steps.size(); ++s) {
    const Step& step = unit.steps[s];
    if (step.plumbing || step.failed) continue;
    const auto result = unit.workload->result(step.query);
    if (!result || result->rows == 0) continue;
    for (std::uint32_t i = 0; i < result->recorded_columns.size(); ++i) {
      const model::ResultColumn& column = result->columns[result->recorded_columns[i]];
      const Key key{step.statement, column.table_oid, column.attribute_number, column.name};
      auto found = std::find_if(known.rbegin(), known.rend(), [&](const auto& entry) { return entry.first == key; });
      if (found == known.rend()) {
        known.emplace_back(key, index.columns.size());
        index.columns.push_back({step.statement, column.name, column.table_oid, column.attribute_number, false, {}});
        found = known.rbegin();
      }
      ParentColumn& parent = index.columns[found->second];
      parent.occurrences.push_back({s, i});
      parent.truncated = parent.truncated || result->total_rows > result->rows;
    }
  }
  return index;
}

std::optional<EdgeMatch> find_edge(const Unit& unit, const ValueIndex& index, std::span<const std::uint32_t> steps,
                                   std::span<const std::uint32_t> positions, bool own_results) {
  const model::StatementIndex child_statement = unit.steps[steps.front()].statement;
  std::optional<Candidate> best;
  for (const std::uint32_t position : positions) {
    const ChildValues child = child_values(unit, steps, position);
    if (child.distinct.size() < 2) continue;
    const TargetColumn target = target_of(unit.facts(child_statement), position);
    for (std::size_t c = 0; c < index.columns.size(); ++c) {
      const ParentColumn& column = index.columns[c];
      if ((column.statement == child_statement) != own_results) continue;
      Cover cover = cover_of(unit, column, steps, child);
      if (cover.covered < 2 || (best && cover.covered < best->match.covered)) continue;
      const Shape shape = shape_of(unit, column, steps, child, cover);
      const std::string_view table = unit.workload->table_name(column.table_oid);
      Candidate candidate;
      candidate.affinity = name_affinity(table, column.name, target.table, target.column);
      candidate.plausible = candidate.affinity >= 0 || !child.small;
      candidate.same_repeats = shape.same_repeats;
      candidate.exact = shape.distinct == child.distinct.size();
      EdgeMatch& match = candidate.match;
      match.column = c;
      match.position = position;
      match.covered = cover.covered;
      match.parent_rows = shape.rows;
      match.parent_distinct = shape.distinct;
      match.row_order = shape.row_order;
      match.every_row = shape.every_row;
      match.proved = is_proof(child, cover, shape, candidate.affinity, steps.size());
      const auto first = std::find(cover.covers.begin(), cover.covers.end(), true);
      const trace::Time first_start = unit.steps[steps[static_cast<std::size_t>(first - cover.covers.begin())]].start;
      for (const ParentColumn::Occurrence& occurrence : column.occurrences) {
        if (unit.steps[occurrence.step].end <= first_start) match.parent_step = occurrence.step;
      }
      match.covers = std::move(cover.covers);
      if (!best || candidate.rank() > best->rank()) best = std::move(candidate);
    }
  }
  if (!best) return std::nullopt;
  return std::move(best->match);
}

bool one_row_holds_all(const Unit& unit, std::span<const std::uint32_t> steps, std::uint32_t position) {
  const ChildValues child = child_values(unit, steps, position);
  if (child.distinct.size() < 2 || child.distinct.size() > 16) return false;
  const trace::Time first_start = unit.steps[steps.front()].start;
  for (const Step& parent : unit.steps) {
    if (parent.end > first_start || parent.plumbing) continue;
    const auto result = unit.workload->result(parent.query);
    if (!result || result->recorded_columns.size() < child.distinct.size()) continue;
    for (std::uint32_t row = 0; row < result->rows; ++row) {
      std::unordered_set<std::uint32_t> found;
      for (std::uint32_t column = 0; column < result->recorded_columns.size(); ++column) {
        const std::uint32_t number = child.find(result->value(row, column));
        if (number != model::kNone) found.insert(number);
      }
      if (found.size() == child.distinct.size()) return true;
    }
  }
  return false;
}

}  // namespace quell::detect
