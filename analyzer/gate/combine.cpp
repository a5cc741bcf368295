#include "analyzer/gate/combine.hpp"

#include <algorithm>
#include <cctype>

#include "analyzer/sql/utf8.hpp"

namespace quell::gate {
namespace {

using Counts = std::map<sql::Fingerprint, std::vector<std::uint64_t>>;

void merge_into(MeasuredUnit& mine, MeasuredUnit&& other) {
  mine.milliseconds =
      (mine.milliseconds * static_cast<double>(mine.runs) + other.milliseconds * static_cast<double>(other.runs)) /
      static_cast<double>(std::max<std::uint64_t>(1, mine.runs + other.runs));
  mine.runs += other.runs;
  mine.queries = std::max(mine.queries, other.queries);
  for (const auto& [kind, count] : other.ignored) {
    std::uint64_t& all = mine.ignored[kind];
    all = std::max(all, count);
  }
  for (MeasuredStatement& statement : other.statements) {
    const auto at = std::lower_bound(mine.statements.begin(), mine.statements.end(), statement.fingerprint,
                                     [](const MeasuredStatement& s, sql::Fingerprint f) { return s.fingerprint < f; });
    if (at == mine.statements.end() || at->fingerprint != statement.fingerprint) {
      mine.statements.insert(at, std::move(statement));
    } else if (statement.count > at->count) {
      *at = std::move(statement);
    }
  }
}

void merge_finding(std::vector<MeasuredFinding>& mine, MeasuredFinding&& other) {
  const auto known =
      std::find_if(mine.begin(), mine.end(), [&](const MeasuredFinding& f) { return f.identity == other.identity; });
  if (known == mine.end()) {
    mine.push_back(std::move(other));
  } else if (other.executions > known->executions) {
    *known = std::move(other);
  }
}

/// A name that is a file's name too: the baseline of a suite is a file.
std::string suite_name(std::string_view program) {
  std::string name;
  for (const char c : program) {
    const bool fit = std::isalnum(static_cast<unsigned char>(c)) || c == '.' || c == '-' || c == '_';
    name += fit ? c : '-';
  }
  while (name.starts_with('.') || name.starts_with('-')) name.erase(0, 1);
  return name.empty() ? "default" : name.substr(0, 100);
}

}  // namespace

const MeasuredUnit* Suite::unit(const std::string& wanted) const {
  const auto at = std::lower_bound(units.begin(), units.end(), wanted,
                                   [](const MeasuredUnit& u, const std::string& n) { return u.name < n; });
  return at != units.end() && at->name == wanted ? &*at : nullptr;
}

Suite combine(const std::string& suite, std::vector<Measurement> traces) {
  Suite out;
  out.name = suite;
  std::map<std::string, MeasuredUnit> units;
  std::map<std::string, std::uint64_t> traces_of_unit;
  std::map<std::string, Counts> counts;
  for (Measurement& trace : traces) {
    out.traces.push_back({trace.trace, std::move(trace.summary)});
    out.outside += trace.outside;
    out.statements.merge(trace.statements);
    for (MeasuredFinding& finding : trace.findings) merge_finding(out.findings, std::move(finding));
    for (MeasuredUnit& unit : trace.units) {
      const std::uint64_t before = traces_of_unit[unit.name]++;
      Counts& seen = counts[unit.name];
      for (const MeasuredStatement& statement : unit.statements) {
        auto& list = seen[statement.fingerprint];
        list.resize(before, 0);
        list.push_back(statement.count);
      }
      for (auto& [fingerprint, list] : seen) list.resize(before + 1, 0);
      const auto [at, is_new] = units.try_emplace(unit.name);
      if (is_new) {
        at->second = std::move(unit);
      } else {
        merge_into(at->second, std::move(unit));
      }
    }
  }
  for (auto& [name, seen] : counts) {
    UnstableUnit unstable{name, {}};
    for (auto& [fingerprint, list] : seen) {
      if (std::adjacent_find(list.begin(), list.end(), std::not_equal_to<>()) != list.end())
        unstable.statements.push_back({fingerprint, std::move(list)});
    }
    if (!unstable.statements.empty()) out.unstable.push_back(std::move(unstable));
  }
  for (auto& [name, unit] : units) out.units.push_back(std::move(unit));
  return out;
}

std::vector<Suite> suites_of(std::vector<Measurement> traces, const std::string& name) {
  std::map<std::string, std::vector<Measurement>> by_suite;
  for (Measurement& trace : traces)
    by_suite[suite_name(name.empty() ? trace.program : name)].push_back(std::move(trace));
  std::vector<Suite> out;
  for (auto& [suite, members] : by_suite) out.push_back(combine(suite, std::move(members)));
  return out;
}

}  // namespace quell::gate
