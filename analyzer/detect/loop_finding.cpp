#include "analyzer/detect/loop_finding.hpp"

#include <algorithm>
#include <string>
#include <vector>

#include "analyzer/detect/silence.hpp"

namespace quell::detect {
namespace {

struct Savings {
  std::uint64_t round_trips = 0;
  trace::Duration time = 0;
  trace::Duration spent = 0;  ///< in the executions, overlaps counted once
};

/// See Cost in finding.hpp.
Savings savings_of(const Unit& unit, std::span<const std::uint32_t> steps) {
  Savings savings;
  const std::uint64_t trips = round_trips(unit, steps);
  savings.round_trips = trips > 0 ? trips - 1 : 0;
  std::vector<trace::Duration> durations;
  for (const std::uint32_t s : steps) durations.push_back(unit.steps[s].end - unit.steps[s].start);
  const auto quartile = durations.begin() + static_cast<std::ptrdiff_t>(durations.size() / 4);
  std::nth_element(durations.begin(), quartile, durations.end());
  const trace::Duration floor = *quartile;
  trace::Duration shortest_pause = floor + 1;
  std::int64_t stretches = 1;
  trace::Time covered_until = unit.steps[steps.front()].end;
  savings.spent = covered_until - unit.steps[steps.front()].start;
  for (std::size_t i = 1; i < steps.size(); ++i) {
    const Step& step = unit.steps[steps[i]];
    if (step.start >= covered_until) {
      ++stretches;
      shortest_pause = std::min(shortest_pause, step.start - covered_until);
    }
    savings.spent += std::max<trace::Duration>(0, step.end - std::max(step.start, covered_until));
    covered_until = std::max(covered_until, step.end);
  }
  savings.time = (stretches - 1) * (floor + (shortest_pause <= floor ? shortest_pause : 0));
  return savings;
}

ValueEdge describe(const Unit& unit, const UnitFacts& facts, const Repetition& repetition) {
  const EdgeMatch& match = *repetition.edge;
  const ParentColumn& column = facts.values.columns[match.column];
  const TargetColumn target = target_of(unit.facts(repetition.statement), match.position);
  ValueEdge edge;
  edge.from_table = std::string(unit.workload->table_name(column.table_oid));
  edge.from_column = std::string(column.name);
  edge.to_parameter = "$" + std::to_string(match.position + 1);
  edge.to_table = std::string(target.table);
  edge.to_column = std::string(target.column);
  edge.covered = match.covered;
  edge.executions = repetition.steps.size();
  edge.parent_rows = match.parent_rows;
  edge.row_order = match.row_order || match.every_row;
  return edge;
}

}  // namespace

Occurrence occurrence_of(const Unit& unit, const UnitFacts& facts, const Repetition& repetition, Kind kind) {
  Occurrence occurrence;
  occurrence.kind = kind;
  occurrence.child = repetition.statement;
  occurrence.executions = repetition.steps.size();
  occurrence.distinct = repetition.distinct;
  const Savings savings = savings_of(unit, repetition.steps);
  occurrence.round_trips = savings.round_trips;
  occurrence.saved = savings.time;
  occurrence.spent = savings.spent;
  for (const std::uint32_t s : repetition.steps) occurrence.children.push_back(unit.steps[s].query);
  if (repetition.edge) {
    const ParentColumn& column = facts.values.columns[repetition.edge->column];
    occurrence.parent = column.statement;
    occurrence.edge = describe(unit, facts, repetition);
    occurrence.edge_table_oid = column.table_oid;
    occurrence.edge_attribute_number = column.attribute_number;
    occurrence.edge_position = repetition.edge->position;
    occurrence.parents.push_back(unit.steps[repetition.edge->parent_step].query);
  }
  return occurrence;
}

void collect_loop(const Unit& unit, const UnitFacts& facts, const Repetition& repetition, Kind kind,
                  const DetectParams& params, Collector& collector) {
  const bool few = repetition.steps.size() < params.n_plus_one_threshold;
  if (few && !repetition.edge) {
    collector.silence(unit, repetition.statement, silence::kTooFew, repetition.steps.size());
    return;
  }
  Occurrence occurrence = occurrence_of(unit, facts, repetition, kind);
  occurrence.confidence = repetition.edge && !few ? Confidence::proved : Confidence::likely;
  occurrence.information = few || repetition.bounded || repetition.chain;
  collector.add(unit, std::move(occurrence));
}

}  // namespace quell::detect
