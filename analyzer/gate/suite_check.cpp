#include "analyzer/gate/suite_check.hpp"

#include <algorithm>
#include <map>
#include <tuple>

#include <fmt/format.h>

#include "analyzer/gate/shell.hpp"

namespace quell::gate {
namespace {

/// Statements named with a breach of max_queries, which all of the unit's may be to blame for.
constexpr std::size_t kCostliest = 5;

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
        delta.text = text->second;
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
          delta.text = text->second;
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

}  // namespace

void check_suite(const Suite& suite, const Reference* reference, const Config& config, const CheckParams& params,
                 Allowances& allowances, GateResult& result) {
  SuiteCheck(suite, reference, config, params, allowances, result).run();
}

std::string executions(std::uint64_t count) {
  return fmt::format("{} {}", count, count == 1 ? "execution" : "executions");
}

}  // namespace quell::gate
