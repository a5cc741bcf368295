#include "analyzer/gate/measure.hpp"

#include <algorithm>
#include <unordered_map>
#include <utility>

#include <fmt/format.h>

#include "analyzer/detect/unit.hpp"
#include "analyzer/gate/glob.hpp"
#include "analyzer/sql/utf8.hpp"

namespace quell::gate {
namespace {

/// More call sites than a reader looks at.
constexpr std::size_t kSites = 3;
constexpr double kNanosecondsAMillisecond = 1e6;
constexpr std::string_view kIgnoredTable = "ignored table";

/// A name that stands in a baseline file under its own key: one line of valid UTF-8, apart from those of other kinds.
std::string unit_name(trace::ScopeKind kind, std::string_view name) {
  std::string shown = sql::printable(name);
  switch (kind) {
    case trace::ScopeKind::request: {
      const bool taken = shown == "format" || shown == kOutsideUnit || shown.starts_with("job:") ||
                         shown.starts_with("test:") || shown.starts_with("request:");
      return taken || shown.empty() ? "request:" + shown : shown;
    }
    case trace::ScopeKind::job:
      return "job:" + shown;
    case trace::ScopeKind::test:
      return "test:" + shown;
    case trace::ScopeKind::transaction:
    case trace::ScopeKind::idle_gap:
      break;
  }
  return std::string(kOutsideUnit);
}

class Counter {
 public:
  Counter(const model::Workload& workload, const CountParams& params)
      : workload_(workload),
        params_(params),
        traits_(workload),
        ignored_(ignored_classes(workload, params)),
        in_run_(workload.statements().size()) {}

  void count(Measurement& out) {
    for (auto& [name, runs] : runs_by_unit(out)) {
      const std::size_t skipped = runs.size() > params_.warmup ? params_.warmup : 0;
      runs.erase(runs.begin(), runs.begin() + static_cast<std::ptrdiff_t>(skipped));
      out.units.push_back(measure_unit(name, runs));
    }
  }

 private:
  using Run = std::vector<model::QueryIndex>;
  struct Most {
    std::uint64_t count = 0;
    std::size_t run = 0;
  };

  std::map<std::string, std::vector<Run>> runs_by_unit(Measurement& out) const {
    std::map<std::string, std::vector<Run>> by_unit;
    Run outside;
    std::vector<model::QueryIndex> buffer;
    // Names are few where scopes are many.
    std::map<std::pair<trace::ScopeKind, std::string_view>, std::vector<Run>*> known;
    for (const std::vector<model::ScopeIndex>& scopes : detect::unit_scopes(workload_)) {
      const model::Scope& root = workload_.scopes()[scopes.front()];
      const auto queries = detect::unit_queries(workload_, scopes, buffer);
      if (root.kind == trace::ScopeKind::transaction || root.kind == trace::ScopeKind::idle_gap) {
        outside.insert(outside.end(), queries.begin(), queries.end());
        continue;
      }
      std::vector<Run>*& runs = known[{root.kind, root.name}];
      if (!runs) runs = &by_unit[unit_name(root.kind, root.name)];
      runs->emplace_back(queries.begin(), queries.end());
    }
    const auto without_scope = workload_.queries_without_scope();
    outside.insert(outside.end(), without_scope.begin(), without_scope.end());
    std::sort(outside.begin(), outside.end());
    out.outside = outside.size();
    if (params_.outside && !outside.empty()) by_unit[std::string(kOutsideUnit)].push_back(std::move(outside));
    return by_unit;
  }

  MeasuredUnit measure_unit(const std::string& name, const std::vector<Run>& runs) {
    MeasuredUnit unit;
    unit.name = name;
    unit.runs = runs.size();
    std::unordered_map<model::StatementIndex, Most> most;
    for (std::size_t run = 0; run < runs.size(); ++run) {
      count_run(name, runs[run], unit.milliseconds);
      std::uint64_t queries = 0;
      std::map<std::string_view, std::uint64_t> ignored;
      for (const model::StatementIndex statement : seen_) {
        const std::uint64_t count = std::exchange(in_run_[statement], 0);
        if (!ignored_[statement].empty()) {
          ignored[ignored_[statement]] += count;
          continue;
        }
        queries += count;
        Most& best = most[statement];
        if (count > best.count) best = {count, run};
      }
      seen_.clear();
      unit.queries = std::max(unit.queries, queries);
      for (const auto& [kind, count] : ignored) {
        std::uint64_t& all = unit.ignored[std::string(kind)];
        all = std::max(all, count);
      }
    }
    if (!runs.empty()) unit.milliseconds /= static_cast<double>(runs.size());
    add_statements(runs, most, unit);
    return unit;
  }

  /// Executions of each statement in one run into `in_run_`, the statements into `seen_`.
  void count_run(const std::string& name, const Run& run, double& milliseconds) {
    bool failed = false;
    for (const model::QueryIndex query : run) {
      const model::Execution execution = workload_.execution(query);
      failed = failed || execution.failed();
      if (execution.ready != 0 || execution.complete != 0)
        milliseconds += static_cast<double>(execution.duration()) / kNanosecondsAMillisecond;
      if ((execution.flags & trace::query_flag::kSkippedAfterError) == 0) add(execution.statement);
    }
    // What was done again after an error differs from run to run: it counts once. The whole of a recording has no
    // beginning and end that retries could be told by.
    if (!failed || name == kOutsideUnit) return;
    for (const model::StatementIndex statement : seen_) in_run_[statement] = 0;
    seen_.clear();
    detect::load_unit(workload_, traits_, workload_.scope_of(run.front()), run, unit_);
    for (const detect::Step& step : unit_.steps) {
      const bool skipped = (workload_.execution(step.query).flags & trace::query_flag::kSkippedAfterError) != 0;
      if (!step.undone && !skipped) add(step.statement);
    }
  }

  void add(model::StatementIndex statement) {
    if (in_run_[statement]++ == 0) seen_.push_back(statement);
  }

  void add_statements(const std::vector<Run>& runs, const std::unordered_map<model::StatementIndex, Most>& most,
                      MeasuredUnit& unit) const {
    std::map<std::size_t, std::vector<model::StatementIndex>> by_run;
    for (const auto& [statement, best] : most) by_run[best.run].push_back(statement);
    for (const auto& [run, statements] : by_run) {
      std::unordered_map<model::StatementIndex, std::map<model::CallSite, std::uint64_t>> sites;
      for (const model::QueryIndex query : runs[run]) {
        const auto stack = workload_.stack(workload_.execution(query).stack);
        if (!stack.empty()) ++sites[workload_.statement_of(query)][stack.front()];
      }
      for (const model::StatementIndex statement : statements) {
        MeasuredStatement measured;
        measured.fingerprint = workload_.statements()[statement].facts.fingerprint;
        measured.count = most.at(statement).count;
        std::vector<std::pair<model::CallSite, std::uint64_t>> order(sites[statement].begin(), sites[statement].end());
        std::stable_sort(order.begin(), order.end(), [](const auto& a, const auto& b) { return a.second > b.second; });
        for (std::size_t i = 0; i < std::min(kSites, order.size()); ++i) measured.sites.push_back(order[i].first);
        unit.statements.push_back(std::move(measured));
      }
    }
    std::sort(unit.statements.begin(), unit.statements.end(),
              [](const auto& a, const auto& b) { return a.fingerprint < b.fingerprint; });
  }

  const model::Workload& workload_;
  const CountParams& params_;
  detect::StatementTraits traits_;
  std::vector<std::string> ignored_;         ///< by statement
  std::vector<std::uint64_t> in_run_;        ///< by statement; zero between runs
  std::vector<model::StatementIndex> seen_;  ///< of the run that is counted
  detect::Unit unit_;
};

MeasuredFinding measured(const model::Workload& workload, const detect::Finding& finding) {
  MeasuredFinding out;
  out.identity = finding.identity;
  out.kind = finding.kind;
  out.confidence = finding.confidence;
  out.severity = finding.severity;
  out.unit = kOutsideUnit;
  if (finding.example_scope != model::kNone) {
    const model::Scope& scope = workload.scopes()[finding.example_scope];
    out.unit = unit_name(scope.kind, scope.name);
  }
  if (finding.child != model::kNone) out.child = workload.statements()[finding.child].facts.fingerprint;
  out.executions = finding.executions;
  out.distinct_values = finding.distinct_values;
  if (finding.edge) {
    const std::string& table = finding.edge->from_table;
    out.edge = table.empty() ? finding.edge->from_column : table + "." + finding.edge->from_column;
  }
  if (!finding.advice.empty()) {
    out.advice = finding.advice.front().sentence;
    out.advice_code = finding.advice.front().code;
  }
  return out;
}

}  // namespace

std::string kind_name(sql::StatementKind kind) {
  std::string name(sql::to_string(kind));
  std::replace(name.begin(), name.end(), ' ', '_');
  return name;
}

const std::vector<std::string>& kind_names() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> all;
    for (auto kind = sql::StatementKind::select; kind <= sql::StatementKind::other;
         kind = static_cast<sql::StatementKind>(static_cast<std::uint8_t>(kind) + 1))
      all.push_back(kind_name(kind));
    return all;
  }();
  return names;
}

std::vector<std::string> ignored_classes(const model::Workload& workload, const CountParams& params) {
  std::vector<std::string> out;
  for (const model::Statement& statement : workload.statements()) {
    std::string kind = kind_name(statement.facts.kind);
    const auto& tables = statement.facts.tables;
    const bool ignored_tables =
        !tables.empty() && std::all_of(tables.begin(), tables.end(), [&](const sql::Table& table) {
          return std::any_of(params.ignore_tables.begin(), params.ignore_tables.end(), [&](const std::string& pattern) {
            return glob_matches(pattern, table.name) || glob_matches(pattern, table.schema + "." + table.name);
          });
        });
    if (std::find(params.ignore.begin(), params.ignore.end(), kind) != params.ignore.end()) {
      out.push_back(std::move(kind));
    } else {
      out.emplace_back(ignored_tables ? kIgnoredTable : std::string_view{});
    }
  }
  return out;
}

Measurement measure(const model::Workload& workload, const std::vector<detect::Finding>& findings,
                    const std::string& trace, const CountParams& params) {
  Measurement out;
  out.trace = trace;
  out.program = workload.header().program;
  out.summary = workload.summary();
  for (const model::Statement& statement : workload.statements()) {
    const sql::StatementFacts& facts = statement.facts;
    out.statements[facts.fingerprint] = sql::printable(facts.normalized);
  }
  Counter(workload, params).count(out);
  for (const detect::Finding& finding : findings) out.findings.push_back(measured(workload, finding));
  return out;
}

}  // namespace quell::gate
