#include "analyzer/detect/collector.hpp"

#include <algorithm>
#include <iterator>

#include "analyzer/detect/scaling.hpp"
#include "analyzer/detect/silence.hpp"
#include "analyzer/sql/hash.hpp"

namespace quell::detect {
namespace {

constexpr std::size_t kExampleChildren = 5;
constexpr double kNanosecondsAMillisecond = 1e6;

/// A slope over at least this many sizes says something.
constexpr std::uint64_t kSizesForSlope = 3;
constexpr double kGrows = 0.5;
constexpr double kBoundedSlope = 0.1;

double milliseconds(trace::Duration duration) {
  return static_cast<double>(duration) / kNanosecondsAMillisecond;
}

template <typename T>
T median(std::vector<T> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

/// Limits by which a reader decides what to mend first: 10 saved round trips are what half a page of a list costs, 50
/// ms what a person notices; where the executions take under a hundredth of the request they are not what makes it
/// slow.
Severity severity_of(const Finding& finding, double spent_share) {
  if (finding.kind == Kind::slow_query) {
    if (finding.cost.milliseconds >= 1000) return Severity::high;
    return finding.cost.milliseconds >= 300 ? Severity::medium : Severity::low;
  }
  if (spent_share > 0 && spent_share < 0.01) return Severity::low;
  if (finding.cost.round_trips >= 10 || finding.cost.milliseconds >= 50) return Severity::high;
  if (finding.cost.round_trips >= 4 || finding.cost.milliseconds >= 5) return Severity::medium;
  return Severity::low;
}

/// Documented in docs/detection.md: baselines depend on it.
std::string identity_of(const model::Workload& workload, Kind kind, std::string_view scope_name,
                        model::StatementIndex parent, model::StatementIndex child, std::string_view from_column,
                        std::string_view to_column) {
  const auto fingerprint = [&](model::StatementIndex statement) {
    return statement == model::kNone ? 0 : workload.statements()[statement].facts.fingerprint;
  };
  std::uint64_t h = sql::hash_bytes(to_string(kind));
  h = sql::hash_bytes(scope_name, h);
  h = sql::mix(h, fingerprint(parent));
  h = sql::mix(h, fingerprint(child));
  h = sql::hash_bytes(from_column, h);
  h = sql::hash_bytes(to_column, h);
  return sql::to_hex(h);
}

}  // namespace

void Collector::add(const Unit& unit, Occurrence occurrence) {
  Key key{occurrence.kind, unit.name, occurrence.parent, occurrence.child, {}, {}};
  if (occurrence.edge) {
    key.from_column = occurrence.edge->from_column;
    key.to_column = occurrence.edge->to_column;
  }
  entries_[std::move(key)].push_back({unit.scope, unit.duration, std::move(occurrence)});
}

void Collector::silence(const Unit& unit, model::StatementIndex statement, std::string_view reason,
                        std::uint64_t executions) {
  silences_[{unit.name, statement, reason}] += executions;
}

void Collector::merge(Collector&& later) {
  for (auto& [key, entries] : later.entries_) {
    auto& mine = entries_[key];
    std::move(entries.begin(), entries.end(), std::back_inserter(mine));
  }
  for (const auto& [key, executions] : later.silences_) silences_[key] += executions;
}

void Collector::add_call_sites(Finding& finding, const std::vector<Entry>& entries) const {
  std::map<std::pair<LocatedCallSite::Role, model::CallSite>, std::uint64_t> sites;
  const auto count = [&](model::QueryIndex query, LocatedCallSite::Role role) {
    const auto stack = workload_.stack(workload_.execution(query).stack);
    if (!stack.empty()) ++sites[{role, stack.front()}];
  };
  for (const Entry& entry : entries) {
    for (const model::QueryIndex query : entry.occurrence.parents) count(query, LocatedCallSite::Role::parent);
    for (const model::QueryIndex query : entry.occurrence.children) count(query, LocatedCallSite::Role::child);
  }
  for (const auto& [site, executions] : sites) finding.call_sites.push_back({site.first, site.second, executions});
  std::stable_sort(finding.call_sites.begin(), finding.call_sites.end(), [](const auto& a, const auto& b) {
    return a.role != b.role ? a.role < b.role : a.executions > b.executions;
  });
}

void Collector::add_cost(Finding& finding, const std::vector<Entry>& entries) const {
  std::vector<std::uint64_t> trips;
  std::vector<trace::Duration> times;
  trace::Duration scope_time = 0;
  trace::Duration total_time = 0;
  for (const Entry& entry : entries) {
    trips.push_back(entry.occurrence.round_trips);
    times.push_back(entry.occurrence.saved);
    finding.cost.total_round_trips += entry.occurrence.round_trips;
    total_time += entry.occurrence.saved;
    scope_time += entry.scope_duration;
  }
  finding.cost.total_milliseconds = milliseconds(total_time);
  finding.cost.round_trips = median(std::move(trips));
  finding.cost.milliseconds = milliseconds(median(std::move(times)));
  if (scope_time > 0) {
    finding.cost.share = std::min(1.0, static_cast<double>(total_time) / static_cast<double>(scope_time));
  }
}

double Collector::spent_share(const std::vector<Entry>& entries) {
  trace::Duration spent = 0;
  trace::Duration scopes = 0;
  for (const Entry& entry : entries) {
    spent += entry.occurrence.spent;
    scopes += entry.scope_duration;
  }
  return scopes > 0 ? static_cast<double>(spent) / static_cast<double>(scopes) : 0;
}

Finding Collector::make_finding(const Key& key, const std::vector<Entry>& entries) const {
  Finding finding;
  finding.kind = key.kind;
  finding.identity =
      identity_of(workload_, key.kind, key.scope_name, key.parent, key.child, key.from_column, key.to_column);
  finding.scope_name = std::string(key.scope_name);
  finding.parent = key.parent;
  finding.child = key.child;
  const auto example = std::max_element(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) {
    return a.occurrence.executions < b.occurrence.executions;
  });
  const Occurrence& shown = example->occurrence;
  finding.executions = shown.executions;
  finding.distinct_values = shown.distinct;
  finding.edge = shown.edge;
  finding.example_scope = example->scope;
  finding.example_queries = shown.parents;
  const std::size_t children = std::min(kExampleChildren, shown.children.size());
  finding.example_queries.insert(finding.example_queries.end(), shown.children.begin(),
                                 shown.children.begin() + static_cast<std::ptrdiff_t>(children));
  for (const Entry& entry : entries) {
    finding.confidence = std::max(finding.confidence, entry.occurrence.confidence);
    finding.total_executions += entry.occurrence.executions;
  }
  std::vector<model::ScopeIndex> scopes;
  for (const Entry& entry : entries) scopes.push_back(entry.scope);
  std::sort(scopes.begin(), scopes.end());
  finding.scopes_affected = static_cast<std::uint64_t>(std::unique(scopes.begin(), scopes.end()) - scopes.begin());
  add_cost(finding, entries);
  add_call_sites(finding, entries);
  return finding;
}

Detection Collector::finish(const DetectParams&) && {
  std::map<std::string_view, std::vector<std::vector<model::ScopeIndex>>> units_of;
  for (auto& scopes : unit_scopes(workload_)) {
    units_of[workload_.scopes()[scopes.front()].name].push_back(std::move(scopes));
  }
  Detection detection;
  for (const auto& [key, entries] : entries_) {
    Finding finding = make_finding(key, entries);
    const auto units = units_of.find(key.scope_name);
    if (units != units_of.end()) finding.scopes_total = units->second.size();
    bool information =
        std::all_of(entries.begin(), entries.end(), [](const Entry& e) { return e.occurrence.information; });
    if (finding.edge && key.parent != key.child && units != units_of.end()) {
      const auto example = std::max_element(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) {
        return a.occurrence.executions < b.occurrence.executions;
      });
      finding.scaling = measure_scaling(workload_, units->second, example->occurrence);
    }
    if (finding.scaling && finding.scaling->sizes >= kSizesForSlope) {
      if (finding.scaling->slope < kBoundedSlope) {
        silences_[{key.scope_name, key.child, silence::kBounded}] += finding.total_executions;
        continue;
      }
      if (finding.scaling->slope >= kGrows && finding.executions == 2) information = false;
    }
    finding.severity = information ? Severity::info : severity_of(finding, spent_share(entries));
    detection.findings.push_back(std::move(finding));
  }
  std::sort(detection.findings.begin(), detection.findings.end(), [](const Finding& a, const Finding& b) {
    return std::tuple(b.severity, b.cost.total_milliseconds, b.cost.total_round_trips, std::string_view(a.identity)) <
           std::tuple(a.severity, a.cost.total_milliseconds, a.cost.total_round_trips, std::string_view(b.identity));
  });
  for (const auto& [key, executions] : silences_) {
    const auto& [scope_name, statement, reason] = key;
    detection.silences.push_back({std::string(scope_name), statement, std::string(reason), executions});
  }
  return detection;
}

}  // namespace quell::detect
