#include "analyzer/gate/check.hpp"

#include <algorithm>
#include <set>
#include <tuple>

#include <fmt/format.h>

#include "analyzer/gate/shell.hpp"

namespace quell::gate {
namespace {

/// An allowance still holds so long after its end, with a warning.
constexpr std::chrono::days kGrace{30};
/// Statements named with a breach of max_queries, which all of the unit's may be to blame for.
constexpr std::size_t kCostliest = 5;

std::string executions(std::uint64_t count) {
  return fmt::format("{} {}", count, count == 1 ? "execution" : "executions");
}

std::string queries(std::uint64_t count) {
  return fmt::format("{} {}", count, count == 1 ? "query" : "queries");
}

/// Kinds that follow from counts alone: what can be held against a baseline without timing.
bool is_repetition(detect::Kind kind) {
  return kind == detect::Kind::n_plus_one || kind == detect::Kind::n_plus_one_write ||
         kind == detect::Kind::duplicate_query;
}

/// Two executions are information until growth is shown: no budget counts them.
bool counts(const MeasuredFinding& finding) {
  return !is_repetition(finding.kind) || finding.severity != detect::Severity::info;
}

/// The exceptions of a configuration, with what became of each.
class Allowances {
 public:
  Allowances(const Config& config, std::chrono::year_month_day today) : config_(config), today_(today) {
    used_.resize(config.allow.size());
  }

  /// The exception that takes a statement of a unit out of the gate; null if there is none.
  const Allowance* for_statement(const std::string& suite, const std::string& unit, sql::Fingerprint fingerprint) {
    return find(suite, unit, [&](const Allowance& a) { return a.fingerprint == fingerprint; });
  }
  const Allowance* for_finding(const std::string& suite, const std::string& unit, const std::string& identity) {
    return find(suite, unit, [&](const Allowance& a) { return !a.finding.empty() && a.finding == identity; });
  }
  const Allowance* for_unit(const std::string& suite, const std::string& unit) {
    return find(suite, unit, [](const Allowance& a) { return a.whole_unit(); });
  }

  /// What is to be said about them in the end.
  void report(std::vector<Breach>& out) const {
    for (std::size_t i = 0; i < config_.allow.size(); ++i) {
      const Allowance& allowance = config_.allow[i];
      Breach breach;
      breach.rule = Rule::allowance;
      breach.level = Level::warning;
      breach.suite = allowance.suite;
      breach.unit = allowance.match;
      const std::string place = to_string(allowance.origin);
      if (ended(allowance)) {
        breach.sentence = fmt::format("the exception of {} ended on {} and no longer holds: {}", place,
                                      day(allowance.expires), allowance.reason);
        breach.accept = "mend what it excuses, or give it a new end";
      } else if (expired(allowance)) {
        breach.sentence = fmt::format("the exception of {} ended on {}; from {} on it no longer holds: {}", place,
                                      day(allowance.expires), day(last_day(allowance)), allowance.reason);
        breach.accept = "mend what it excuses, or give it a new end";
      } else if (!used_[i]) {
        breach.level = Level::note;
        breach.sentence = fmt::format("the exception of {} excuses nothing", place);
        breach.accept = "delete it";
      } else {
        continue;
      }
      out.push_back(std::move(breach));
    }
  }

 private:
  template <typename Fits>
  const Allowance* find(const std::string& suite, const std::string& unit, Fits fits) {
    const Allowance* found = nullptr;
    for (std::size_t i = 0; i < config_.allow.size(); ++i) {
      const Allowance& allowance = config_.allow[i];
      if (ended(allowance) || !fits(allowance) || !applies(allowance, suite, unit)) continue;
      used_[i] = true;
      if (!found) found = &allowance;
    }
    return found;
  }
  [[nodiscard]] bool expired(const Allowance& a) const {
    return std::chrono::sys_days(today_) > std::chrono::sys_days(a.expires);
  }
  [[nodiscard]] bool ended(const Allowance& a) const {
    return std::chrono::sys_days(today_) > std::chrono::sys_days(a.expires) + kGrace;
  }
  static std::chrono::year_month_day last_day(const Allowance& a) {
    return std::chrono::sys_days(a.expires) + kGrace + std::chrono::days(1);
  }
  static std::string day(std::chrono::year_month_day d) {
    return fmt::format("{:04}-{:02}-{:02}", static_cast<int>(d.year()), static_cast<unsigned>(d.month()),
                       static_cast<unsigned>(d.day()));
  }

  const Config& config_;
  std::chrono::year_month_day today_;
  std::vector<bool> used_;
};

/// Judges the units of one suite.
class SuiteCheck {
 public:
  SuiteCheck(const Suite& suite, const Reference* reference, const Config& config, const CheckParams& params,
             Allowances& allowances, GateResult& result)
      : suite_(suite),
        reference_(reference),
        config_(config),
        params_(params),
        allowances_(allowances),
        result_(result) {
    for (const MeasuredFinding& finding : suite.findings) findings_.emplace(finding.unit, &finding);
  }

  void run() {
    for (const MeasuredUnit& unit : suite_.units) check_unit(unit);
    if (reference_) check_missing();
    check_stability();
  }

 private:
  struct UnitCheck {
    const MeasuredUnit& unit;
    const Baseline::Block* block;
    Limits limits;
    const Allowance* quarantine;
    std::vector<StatementDelta> statements;  ///< those that are not excused, changed or not
    std::vector<const MeasuredFinding*> findings;
    std::uint64_t excused = 0;  ///< executions
    Level worst = Level::note;
  };

  void check_unit(const MeasuredUnit& unit) {
    UnitCheck check{unit,
                    reference_ ? reference_->baseline.unit(unit.name) : nullptr,
                    limits_of(unit.name),
                    nullptr,
                    {},
                    {},
                    0,
                    Level::note};
    gather_statements(check);
    gather_findings(check);
    // Asked for last: an exception for the whole unit is of use only where something is left.
    check_limits(check);
    check_findings_limits(check);
    if (check.block) {
      check_growth(check);
    } else if (reference_ && !reference_->baseline.units.empty()) {
      check_new_unit(check);
    }
    CheckedUnit checked;
    checked.suite = suite_.name;
    checked.name = unit.name;
    checked.runs = unit.runs;
    for (const MeasuredStatement& statement : unit.statements) checked.queries += statement.count;
    if (check.block) checked.was = total(*check.block);
    checked.milliseconds = unit.milliseconds;
    checked.level = check.worst;
    checked.ignored = unit.ignored;
    result_.units.push_back(std::move(checked));
  }

  [[nodiscard]] Limits limits_of(const std::string& unit) const {
    return gate::limits_of(config_.units, config_.defaults, suite_.name, unit);
  }

  static std::uint64_t total(const Baseline::Block& block) {
    std::uint64_t sum = 0;
    for (const auto& [fingerprint, line] : block) sum += line.count;
    return sum;
  }

  void gather_statements(UnitCheck& check) {
    std::map<sql::Fingerprint, StatementDelta> all;
    for (const MeasuredStatement& statement : check.unit.statements) {
      StatementDelta& delta = all[statement.fingerprint];
      delta.now = statement.count;
      delta.sites = statement.sites;
    }
    if (check.block) {
      for (const auto& [fingerprint, line] : *check.block) {
        all[fingerprint].was = line.count;
        all[fingerprint].text = line.comment;
      }
    }
    for (auto& [fingerprint, delta] : all) {
      delta.fingerprint = fingerprint;
      if (const auto text = suite_.statements.find(fingerprint); text != suite_.statements.end())
        delta.text = text->second.text;
      if (allowances_.for_statement(suite_.name, check.unit.name, fingerprint)) {
        check.excused += delta.now;
      } else {
        check.statements.push_back(std::move(delta));
      }
    }
  }

  void gather_findings(UnitCheck& check) {
    const auto [begin, end] = findings_.equal_range(check.unit.name);
    for (auto at = begin; at != end; ++at) {
      const MeasuredFinding& finding = *at->second;
      if (allowances_.for_finding(suite_.name, check.unit.name, finding.identity) || !statement(check, finding.child))
        continue;
      check.findings.push_back(&finding);
    }
  }

  static const StatementDelta* statement(const UnitCheck& check, sql::Fingerprint fingerprint) {
    const auto at = std::find_if(check.statements.begin(), check.statements.end(),
                                 [&](const StatementDelta& d) { return d.fingerprint == fingerprint; });
    return at != check.statements.end() ? &*at : nullptr;
  }

  /// The statements that `wanted` picks, what grew most first, then what runs most.
  template <typename Wanted>
  static std::vector<StatementDelta> pick(const UnitCheck& check, Wanted wanted) {
    std::vector<StatementDelta> out;
    std::copy_if(check.statements.begin(), check.statements.end(), std::back_inserter(out), wanted);
    const auto grown = [](const StatementDelta& d) {
      return static_cast<std::int64_t>(d.now) - static_cast<std::int64_t>(d.was);
    };
    std::stable_sort(out.begin(), out.end(), [&](const StatementDelta& a, const StatementDelta& b) {
      return std::tuple(grown(a), a.now) > std::tuple(grown(b), b.now);
    });
    return out;
  }

  void check_limits(UnitCheck& check) {
    const Limits& limits = check.limits;
    const std::uint64_t now = check.unit.queries - std::min(check.unit.queries, check.excused);
    if (limits.max_queries && now > limits.max_queries->value) {
      Breach breach = begin(check, Rule::max_queries, Reaction::fail);
      breach.sentence = over(queries(now) + " in one run", *limits.max_queries);
      breach.now = now;
      breach.statements = pick(check, [](const StatementDelta& d) { return d.now > 0; });
      breach.statements.resize(std::min(breach.statements.size(), kCostliest));
      add_limit(check, std::move(breach), "max_queries", limits.max_queries->origin);
    }
    if (limits.max_repeat) {
      const std::uint64_t most = limits.max_repeat->value;
      std::vector<StatementDelta> over_limit = pick(check, [&](const StatementDelta& d) { return d.now > most; });
      if (!over_limit.empty()) {
        Breach breach = begin(check, Rule::max_repeat, Reaction::fail);
        for (const StatementDelta& d : over_limit) breach.now = std::max(breach.now, d.now);
        breach.sentence = over(executions(breach.now) + " of one statement in one run", *limits.max_repeat);
        breach.statements = std::move(over_limit);
        add_limit(check, std::move(breach), "max_repeat", limits.max_repeat->origin);
      }
    }
  }

  void check_findings_limits(UnitCheck& check) {
    const Limits& limits = check.limits;
    if (limits.max_duplicates) {
      std::uint64_t duplicates = 0;
      std::vector<const MeasuredFinding*> found;
      for (const MeasuredFinding* finding : check.findings) {
        if (finding->kind != detect::Kind::duplicate_query) continue;
        duplicates += finding->executions - std::max<std::uint64_t>(1, finding->distinct_values);
        found.push_back(finding);
      }
      if (duplicates > limits.max_duplicates->value) {
        Breach breach = begin(check, Rule::max_duplicates, Reaction::fail);
        breach.now = duplicates;
        breach.sentence =
            over(executions(duplicates) + " that only repeat one with the same values", *limits.max_duplicates);
        blame(check, found, breach);
        add_limit(check, std::move(breach), "max_duplicates", limits.max_duplicates->origin);
      }
    }
    for (const auto& [kind, limit] : limits.max_findings) {
      std::vector<const MeasuredFinding*> found;
      for (const MeasuredFinding* finding : check.findings) {
        if (finding->kind == kind && counts(*finding)) found.push_back(finding);
      }
      if (found.size() <= limit.value) continue;
      Breach breach = begin(check, Rule::max_findings, Reaction::fail);
      breach.now = found.size();
      breach.sentence = over(fmt::format("{} of kind {}", found.size(), detect::to_string(kind)), limit);
      blame(check, found, breach);
      add_limit(check, std::move(breach), fmt::format("max_findings.{}", detect::to_string(kind)), limit.origin);
    }
  }

  void check_growth(UnitCheck& check) {
    std::uint64_t was = 0;
    std::uint64_t now = 0;
    std::uint64_t added = 0;
    for (const StatementDelta& d : check.statements) {
      was += d.was;
      now += d.now;
      if (d.now > d.was) added += d.now - d.was;
    }
    const Setting<Growth>& growth = *check.limits.growth;
    const std::uint64_t allowed = growth.value.allowed(was);
    const auto changed = [](const StatementDelta& d) { return d.now != d.was; };
    if (added > allowed) {
      const bool more = now > was && now - was > allowed;
      const Setting<Reaction>& on_changed = *check.limits.on_changed_statement;
      Breach breach =
          more ? begin(check, Rule::growth, Reaction::fail) : begin(check, Rule::changed_statement, on_changed.value);
      breach.was = was;
      breach.now = now;
      breach.sentence = more ? fmt::format("{}, was {}; {} allowed ({})", queries(now), was, growth.value.text(),
                                           to_string(growth.origin))
                             : fmt::format("not the statements of {}; {}, was {}", source(), queries(now), was);
      breach.statements = pick(check, changed);
      attach_new_findings(check, breach);
      add_accept(check, breach);
      add(check, std::move(breach));
    } else if (now < was && added == 0) {
      Breach breach = begin(check, Rule::improved, params_.strict ? Reaction::fail : Reaction::ignore);
      breach.was = was;
      breach.now = now;
      breach.sentence = fmt::format("{}, was {}: the baseline should follow", queries(now), was);
      breach.statements = pick(check, changed);
      add_accept(check, breach);
      add(check, std::move(breach));
    }
    check_new_findings(check);
  }

  void check_new_unit(UnitCheck& check) {
    Breach breach = begin(check, Rule::new_unit, check.limits.on_new_unit->value);
    breach.statements = pick(check, [](const StatementDelta& d) { return d.now > 0; });
    for (const StatementDelta& d : breach.statements) breach.now += d.now;
    breach.sentence = fmt::format("{}; {} does not have this unit", queries(breach.now), source());
    breach.statements.resize(std::min(breach.statements.size(), kCostliest));
    add_accept(check, breach);
    add(check, std::move(breach));
    check_new_findings(check);
  }

  /// A repetition whose statement runs more often than the baseline knows is new.
  [[nodiscard]] static bool is_new(const UnitCheck& check, const MeasuredFinding& finding) {
    const StatementDelta* d = statement(check, finding.child);
    return is_repetition(finding.kind) && finding.severity != detect::Severity::info && d && d->now > d->was;
  }

  /// Findings are told with the statements they are about, once.
  void attach_new_findings(UnitCheck& check, Breach& breach) const {
    if (check.limits.on_new_finding->value == Reaction::ignore) return;
    std::erase_if(check.findings, [&](const MeasuredFinding* finding) {
      if (!is_new(check, *finding)) return false;
      breach.findings.push_back(*finding);
      return true;
    });
  }

  void check_new_findings(UnitCheck& check) {
    for (const MeasuredFinding* finding : check.findings) {
      if (!is_new(check, *finding)) continue;
      Breach breach = begin(check, Rule::new_finding, check.limits.on_new_finding->value);
      const StatementDelta& d = *statement(check, finding->child);
      breach.was = d.was;
      breach.now = d.now;
      breach.sentence = fmt::format("{} of one statement, was {}", executions(d.now), d.was);
      blame(check, {finding}, breach);
      add_accept(check, breach);
      add(check, std::move(breach));
    }
  }

  void check_missing() {
    for (const auto& [name, block] : reference_->baseline.units) {
      if (suite_.unit(name)) continue;
      const Limits limits = limits_of(name);
      Breach breach;
      breach.rule = Rule::missing_unit;
      breach.level = level_of(limits.on_missing_unit->value);
      breach.suite = suite_.name;
      breach.unit = name;
      breach.was = total(block);
      breach.sentence = fmt::format("was not run; {} has it", source());
      if (limits.owner) breach.owner = limits.owner->value;
      if (reference_->committed) breach.accept = "quell baseline prune, where it is gone for good";
      result_.breaches.push_back(std::move(breach));
    }
  }

  void check_stability() {
    for (const UnstableUnit& unstable : suite_.unstable) {
      const Limits limits = limits_of(unstable.name);
      const Allowance* quarantine = allowances_.for_unit(suite_.name, unstable.name);
      Breach breach;
      breach.rule = Rule::unstable_unit;
      breach.level = quarantine ? Level::note : level_of(limits.on_unstable_unit->value);
      breach.suite = suite_.name;
      breach.unit = unstable.name;
      if (limits.owner) breach.owner = limits.owner->value;
      if (quarantine) breach.allowed = quarantine->reason;
      std::vector<std::string> sentences;
      for (const UnstableUnit::Statement& statement : unstable.statements) {
        StatementDelta delta;
        delta.fingerprint = statement.fingerprint;
        delta.was = *std::min_element(statement.counts.begin(), statement.counts.end());
        delta.now = *std::max_element(statement.counts.begin(), statement.counts.end());
        if (const auto text = suite_.statements.find(statement.fingerprint); text != suite_.statements.end())
          delta.text = text->second.text;
        sentences.push_back(
            fmt::format("{} ran {}", sql::to_hex(statement.fingerprint), fmt::join(statement.counts, ", ")));
        breach.statements.push_back(std::move(delta));
      }
      breach.sentence =
          fmt::format("differs between the traces: {} times; the most is judged", fmt::join(sentences, "; "));
      result_.breaches.push_back(std::move(breach));
    }
  }

  static Level level_of(Reaction reaction) {
    switch (reaction) {
      case Reaction::ignore:
        return Level::note;
      case Reaction::warn:
        return Level::warning;
      case Reaction::fail:
        return Level::failure;
    }
    return Level::failure;
  }

  [[nodiscard]] Breach begin(const UnitCheck& check, Rule rule, Reaction reaction) const {
    Breach breach;
    breach.rule = rule;
    breach.level = level_of(reaction);
    breach.suite = suite_.name;
    breach.unit = check.unit.name;
    if (check.limits.owner) breach.owner = check.limits.owner->value;
    return breach;
  }

  static std::string over(const std::string& what, const Setting<std::uint64_t>& limit) {
    return fmt::format("{}; at most {} allowed ({})", what, limit.value, to_string(limit.origin));
  }

  static void blame(const UnitCheck& check, const std::vector<const MeasuredFinding*>& found, Breach& breach) {
    for (const MeasuredFinding* finding : found) {
      breach.findings.push_back(*finding);
      const StatementDelta* d = statement(check, finding->child);
      const bool known = std::any_of(breach.statements.begin(), breach.statements.end(),
                                     [&](const StatementDelta& s) { return s.fingerprint == finding->child; });
      if (d && !known) breach.statements.push_back(*d);
    }
  }

  [[nodiscard]] std::string source() const { return reference_ ? reference_->source : std::string(); }

  void add_accept(const UnitCheck& check, Breach& breach) const {
    if (reference_ && reference_->committed) {
      breach.accept = fmt::format("{} --unit {}", params_.update_command, shell_word(check.unit.name));
    } else if (!breach.statements.empty()) {
      breach.accept = fmt::format("an [[allow]] in quell.toml with fingerprint = \"{}\", a reason and an end",
                                  sql::to_hex(breach.statements.front().fingerprint));
    }
  }

  void add_limit(UnitCheck& check, Breach&& breach, const std::string& key, const Origin& origin) {
    breach.accept = fmt::format("raise {} in {}, or an [[allow]] there with a reason and an end", key, origin.file);
    add(check, std::move(breach));
  }

  void add(UnitCheck& check, Breach&& breach) {
    if (breach.level != Level::note) {
      if (const Allowance* quarantine = allowances_.for_unit(suite_.name, check.unit.name)) {
        breach.level = Level::note;
        breach.allowed = quarantine->reason;
      }
    }
    check.worst = std::max(check.worst, breach.level);
    result_.breaches.push_back(std::move(breach));
  }

  const Suite& suite_;
  const Reference* reference_;
  const Config& config_;
  const CheckParams& params_;
  Allowances& allowances_;
  GateResult& result_;
  std::multimap<std::string, const MeasuredFinding*> findings_;
};

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

std::string_view to_string(Rule rule) {
  switch (rule) {
    case Rule::max_queries:
      return "max_queries";
    case Rule::max_duplicates:
      return "max_duplicates";
    case Rule::max_repeat:
      return "max_repeat";
    case Rule::max_findings:
      return "max_findings";
    case Rule::growth:
      return "growth";
    case Rule::changed_statement:
      return "changed_statement";
    case Rule::new_finding:
      return "new_finding";
    case Rule::new_unit:
      return "new_unit";
    case Rule::missing_unit:
      return "missing_unit";
    case Rule::unstable_unit:
      return "unstable_unit";
    case Rule::improved:
      return "improved";
    case Rule::allowance:
      return "allowance";
  }
  return "";
}

const std::vector<Rule>& rules() {
  static const std::vector<Rule> all = {Rule::max_queries,   Rule::max_duplicates, Rule::max_repeat,
                                        Rule::max_findings,  Rule::growth,         Rule::changed_statement,
                                        Rule::new_finding,   Rule::new_unit,       Rule::missing_unit,
                                        Rule::unstable_unit, Rule::improved,       Rule::allowance};
  return all;
}

std::string_view describe(Rule rule) {
  switch (rule) {
    case Rule::max_queries:
      return "A unit runs more queries in one run than quell.toml allows.";
    case Rule::max_duplicates:
      return "A unit repeats queries with the same values more often than quell.toml allows.";
    case Rule::max_repeat:
      return "A unit runs one statement more often in one run than quell.toml allows.";
    case Rule::max_findings:
      return "A unit has more findings of a kind than quell.toml allows.";
    case Rule::growth:
      return "A unit runs more queries than the baseline and the allowed growth.";
    case Rule::changed_statement:
      return "A unit runs other statements than the baseline, but not more.";
    case Rule::new_finding:
      return "A unit has an N+1 or a duplicate that the baseline does not have.";
    case Rule::new_unit:
      return "The baseline does not have this unit.";
    case Rule::missing_unit:
      return "The baseline has a unit that was not run.";
    case Rule::unstable_unit:
      return "A unit runs different statements in traces of one commit.";
    case Rule::improved:
      return "A unit runs fewer queries than the baseline.";
    case Rule::allowance:
      return "An exception of quell.toml has ended or excuses nothing.";
  }
  return "";
}

std::string_view to_string(Level level) {
  switch (level) {
    case Level::note:
      return "note";
    case Level::warning:
      return "warning";
    case Level::failure:
      return "failure";
  }
  return "";
}

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
    SuiteCheck(suite, reference, config, params, allowances, result).run();
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
