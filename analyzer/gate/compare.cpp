#include "analyzer/gate/compare.hpp"

#include <algorithm>
#include <cmath>
#include <set>
#include <tuple>

#include <fmt/format.h>

#include "analyzer/gate/check.hpp"

namespace quell::gate {
namespace {

constexpr double kNanosecondsAMillisecond = 1e6;
constexpr std::size_t kSites = 3;

StatementUse use_of_statement(const model::Workload& workload, model::StatementIndex statement) {
  StatementUse use;
  std::vector<trace::Duration> durations;
  std::map<model::CallSite, std::uint64_t> sites;
  for (const model::QueryIndex query : workload.queries_of_statement(statement)) {
    const model::Execution execution = workload.execution(query);
    ++use.executions;
    if (execution.ready != 0 || execution.complete != 0) durations.push_back(execution.duration());
    if (const auto stack = workload.stack(execution.stack); !stack.empty()) ++sites[stack.front()];
  }
  if (!durations.empty()) {
    const auto middle = durations.begin() + static_cast<std::ptrdiff_t>((durations.size() - 1) / 2);
    std::nth_element(durations.begin(), middle, durations.end());
    use.median_ms = static_cast<double>(*middle) / kNanosecondsAMillisecond;
  }
  std::vector<std::pair<model::CallSite, std::uint64_t>> order(sites.begin(), sites.end());
  std::stable_sort(order.begin(), order.end(), [](const auto& a, const auto& b) { return a.second > b.second; });
  for (std::size_t i = 0; i < std::min(kSites, order.size()); ++i) use.sites.push_back(order[i].first);
  return use;
}

/// How the use of a statement changed; `was` and `now` differ at least in one of the two.
std::optional<Change> change_of(const StatementUse& was, const StatementUse& now, const CompareParams& params) {
  if (was.executions == 0) return Change::added;
  if (now.executions == 0) return Change::gone;
  if (now.executions > was.executions) return Change::more;
  if (now.executions < was.executions) return Change::fewer;
  if (was.executions < params.executions) return std::nullopt;
  const auto far = [&](double less, double more) {
    return more >= less * params.factor && more - less >= params.milliseconds;
  };
  if (far(was.median_ms, now.median_ms)) return Change::slower;
  if (far(now.median_ms, was.median_ms)) return Change::faster;
  return std::nullopt;
}

void compare_statements(const TraceUse& before, const TraceUse& after, const CompareParams& params, TraceDiff& out) {
  std::set<sql::Fingerprint> all;
  for (const TraceUse* trace : {&before, &after}) {
    for (const auto& [fingerprint, use] : trace->statements) all.insert(fingerprint);
  }
  const auto use = [](const TraceUse& trace, sql::Fingerprint fingerprint) {
    const auto at = trace.statements.find(fingerprint);
    return at != trace.statements.end() ? at->second : StatementUse{};
  };
  for (const sql::Fingerprint fingerprint : all) {
    StatementChange change;
    change.fingerprint = fingerprint;
    change.was = use(before, fingerprint);
    change.now = use(after, fingerprint);
    const auto kind = change_of(change.was, change.now, params);
    if (!kind) continue;
    change.change = *kind;
    const TraceUse& from = change.now.executions > 0 ? after : before;
    change.text = from.measurement.statements.at(fingerprint);
    out.statements.push_back(std::move(change));
  }
  const auto size = [](const StatementChange& c) {
    const double executions = std::abs(static_cast<double>(c.now.executions) - static_cast<double>(c.was.executions));
    return std::tuple(executions, std::abs(c.now.median_ms - c.was.median_ms));
  };
  std::stable_sort(out.statements.begin(), out.statements.end(),
                   [&](const StatementChange& a, const StatementChange& b) {
                     return a.change != b.change ? a.change < b.change : size(a) > size(b);
                   });
}

void compare_units(const Suite& before, const Suite& after, TraceDiff& out) {
  const Baseline baseline = baseline_of(before);
  auto texts = after.statements;
  texts.insert(before.statements.begin(), before.statements.end());
  std::set<std::string> names;
  for (const Suite* suite : {&before, &after}) {
    for (const MeasuredUnit& unit : suite->units) names.insert(unit.name);
  }
  for (const std::string& name : names) {
    const Baseline::Block* was = baseline.unit(name);
    const MeasuredUnit* now = after.unit(name);
    UnitChange change;
    change.unit = name;
    change.is_new = was == nullptr;
    change.is_gone = now == nullptr;
    change.statements = deltas(was, now, texts);
    if (was) {
      for (const auto& [fingerprint, line] : *was) change.was += line.count;
    }
    if (now) {
      for (const MeasuredStatement& statement : now->statements) change.now += statement.count;
    }
    if (change.is_new || change.is_gone || !change.statements.empty()) out.units.push_back(std::move(change));
  }
}

/// Findings of `of` whose identity `other` does not have.
std::vector<MeasuredFinding> only_in(const Measurement& of, const Measurement& other) {
  std::set<std::string_view> identities;
  for (const MeasuredFinding& finding : other.findings) identities.insert(finding.identity);
  std::vector<MeasuredFinding> out;
  for (const MeasuredFinding& finding : of.findings) {
    if (!identities.contains(finding.identity)) out.push_back(finding);
  }
  return out;
}

}  // namespace

std::string_view to_string(Change change) {
  switch (change) {
    case Change::added:
      return "new";
    case Change::gone:
      return "gone";
    case Change::more:
      return "more";
    case Change::fewer:
      return "fewer";
    case Change::slower:
      return "slower";
    case Change::faster:
      return "faster";
  }
  return "";
}

TraceUse use_of(const model::Workload& workload, const std::vector<detect::Finding>& findings, const std::string& trace,
                const CountParams& params) {
  TraceUse out;
  out.measurement = measure(workload, findings, trace, params);
  const std::vector<std::string> ignored = ignored_classes(workload, params);
  for (model::StatementIndex statement = 0; statement < workload.statements().size(); ++statement) {
    if (!ignored[statement].empty()) continue;
    out.statements[workload.statements()[statement].facts.fingerprint] = use_of_statement(workload, statement);
  }
  return out;
}

TraceDiff compare(const TraceUse& before, const TraceUse& after, const CompareParams& params) {
  TraceDiff out;
  out.before = before.measurement.trace;
  out.after = after.measurement.trace;
  for (const TraceUse* trace : {&before, &after}) {
    const std::vector<std::string> missing = losses(trace->measurement.summary);
    if (!missing.empty())
      out.problems.push_back(fmt::format("{} is incomplete: {}", trace->measurement.trace, fmt::join(missing, "; ")));
  }
  compare_statements(before, after, params, out);
  compare_units(combine("", {before.measurement}), combine("", {after.measurement}), out);
  out.new_findings = only_in(after.measurement, before.measurement);
  out.mended_findings = only_in(before.measurement, after.measurement);
  return out;
}

}  // namespace quell::gate
