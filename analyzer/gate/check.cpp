#include "analyzer/gate/check.hpp"

#include <algorithm>
#include <tuple>

#include <fmt/format.h>

#include "analyzer/gate/allowances.hpp"
#include "analyzer/gate/suite_check.hpp"

namespace quell::gate {
namespace {

bool has_limits(const Limits& l) {
  return l.max_queries || l.max_duplicates || l.max_repeat || !l.max_findings.empty();
}

/// Why a suite was not really checked; empty: it was.
std::string not_checked(const Suite& suite, const Reference* reference, const Config& config,
                        const CheckParams& params) {
  if (suite.units.empty())
    return fmt::format(
        "no request, test or job is named in {} ({} outside of any): mark them with a hook or the tracer, or set "
        "outside = true under [count] in quell.toml to take each recording as one unit",
        suite.traces.front().path, executions(suite.outside));
  if (!reference) {
    const bool limited =
        has_limits(config.defaults) || std::any_of(config.units.begin(), config.units.end(),
                                                   [](const UnitRule& rule) { return has_limits(rule.limits); });
    return limited ? "" : "there is neither a baseline nor a limit in quell.toml: nothing can fail";
  }
  if (reference->missing)
    return fmt::format("there is no {}: make it with {}", reference->source, params.update_command);
  if (reference->baseline.units.empty())
    return fmt::format("{} holds no unit: nothing was compared", reference->source);
  const bool any = std::any_of(suite.units.begin(), suite.units.end(),
                               [&](const MeasuredUnit& unit) { return reference->baseline.unit(unit.name); });
  return any ? ""
             : fmt::format("{} holds none of the {} units of the suite '{}': nothing was compared", reference->source,
                           suite.units.size(), suite.name);
}

void judge_traces(const std::vector<Suite::Trace>& traces, std::vector<std::string>& problems) {
  for (const Suite::Trace& trace : traces) {
    const std::vector<std::string> missing = losses(trace.summary);
    if (!missing.empty()) problems.push_back(fmt::format("{} is incomplete: {}", trace.path, fmt::join(missing, "; ")));
  }
}

}  // namespace

std::string_view to_string(Outcome outcome) {
  switch (outcome) {
    case Outcome::passed:
      return "passed";
    case Outcome::failed:
      return "failed";
    case Outcome::incomplete:
      return "incomplete";
    case Outcome::nothing_checked:
      return "nothing_checked";
  }
  return "";
}

std::size_t GateResult::count(Level level) const {
  return static_cast<std::size_t>(
      std::count_if(breaches.begin(), breaches.end(), [&](const Breach& b) { return b.level == level; }));
}

std::vector<std::string> losses(const trace::Summary& summary) {
  std::vector<std::string> out;
  std::uint64_t lost = 0;
  for (const std::uint64_t count : summary.lost) lost += count;
  if (lost > 0) out.push_back(fmt::format("its recorder dropped {} {}", lost, lost == 1 ? "event" : "events"));
  for (const trace::Damage& damage : summary.damage) {
    if (damage.kind != trace::Damage::Kind::unknown_block) out.push_back(damage.sentence);
  }
  if (!summary.closed) out.emplace_back("its writer did not close it");
  return out;
}

GateResult check(const std::vector<Suite>& suites, const std::map<std::string, Reference>& references,
                 const Config& config, const CheckParams& params) {
  GateResult result;
  result.ignored = config.count.ignore;
  for (const std::string& table : config.count.ignore_tables) result.ignored.push_back("table " + table);
  Allowances allowances(config, params.today);
  std::vector<std::string> incomplete;
  std::vector<std::string> nothing;
  for (const Suite& suite : suites) {
    const auto at = references.find(suite.name);
    const Reference* reference = at != references.end() ? &at->second : nullptr;
    check_suite(suite, reference, config, params, allowances, result);
    result.outside += suite.outside;
    result.traces.insert(result.traces.end(), suite.traces.begin(), suite.traces.end());
    judge_traces(suite.traces, incomplete);
    if (reference) {
      if (!reference->missing) result.compared_with.push_back(reference->source);
      judge_traces(reference->traces, incomplete);
    }
    if (std::string reason = not_checked(suite, reference, config, params); !reason.empty())
      nothing.push_back(std::move(reason));
  }
  for (const std::string& required : config.require) {
    if (std::none_of(suites.begin(), suites.end(), [&](const Suite& s) { return s.name == required; }))
      nothing.push_back(
          fmt::format("the suite '{}' is required by quell.toml, but no trace of it was given", required));
  }
  allowances.report(result.breaches);
  std::stable_sort(result.breaches.begin(), result.breaches.end(), [](const Breach& a, const Breach& b) {
    return std::tuple(b.level, std::string_view(a.suite), std::string_view(a.unit), a.rule) <
           std::tuple(a.level, std::string_view(b.suite), std::string_view(b.unit), b.rule);
  });
  result.problems = incomplete;
  result.problems.insert(result.problems.end(), nothing.begin(), nothing.end());
  if (!incomplete.empty() && !params.allow_partial) {
    result.outcome = Outcome::incomplete;
  } else if (!nothing.empty()) {
    result.outcome = Outcome::nothing_checked;
  } else if (result.count(Level::failure) > 0) {
    result.outcome = Outcome::failed;
  }
  return result;
}

}  // namespace quell::gate
