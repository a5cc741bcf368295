#include "analyzer/gate/limits.hpp"

#include <limits>

#include <fmt/format.h>

#include "analyzer/gate/glob.hpp"

namespace quell::gate {
namespace {

template <typename T>
void fill(std::optional<Setting<T>>& mine, const std::optional<Setting<T>>& other) {
  if (!mine) mine = other;
}

std::string line_of(std::string_view key, std::string_view value, const Origin& origin) {
  return fmt::format("{:<36}{}", fmt::format("{} = {}", key, value), to_string(origin));
}

void explain_limit(std::string_view key, const std::optional<Setting<std::uint64_t>>& limit,
                   std::vector<std::string>& out) {
  out.push_back(limit ? line_of(key, std::to_string(limit->value), limit->origin) : fmt::format("{}: no limit", key));
}

void explain_reaction(std::string_view key, const std::optional<Setting<Reaction>>& reaction,
                      std::vector<std::string>& out) {
  if (reaction) out.push_back(line_of(key, fmt::format("\"{}\"", to_string(reaction->value)), reaction->origin));
}

}  // namespace

std::string to_string(const Origin& origin) {
  return origin.file.empty() ? "built in" : fmt::format("{}:{}", origin.file, origin.line);
}

std::string_view to_string(Reaction reaction) {
  switch (reaction) {
    case Reaction::ignore:
      return "ignore";
    case Reaction::warn:
      return "warn";
    case Reaction::fail:
      return "fail";
  }
  return "";
}

std::uint64_t Growth::allowed(std::uint64_t was) const {
  if (unlimited) return std::numeric_limits<std::uint64_t>::max();
  if (!percent) return amount;
  __extension__ using Wide = unsigned __int128;
  return static_cast<std::uint64_t>(Wide{was} * amount / 100);
}

std::string Growth::text() const {
  if (unlimited) return "any";
  return fmt::format("+{}{}", amount, percent ? "%" : "");
}

void Limits::fill_from(const Limits& other) {
  fill(max_queries, other.max_queries);
  fill(max_duplicates, other.max_duplicates);
  fill(max_repeat, other.max_repeat);
  max_findings.insert(other.max_findings.begin(), other.max_findings.end());
  fill(growth, other.growth);
  fill(on_changed_statement, other.on_changed_statement);
  fill(on_new_finding, other.on_new_finding);
  fill(on_new_unit, other.on_new_unit);
  fill(on_missing_unit, other.on_missing_unit);
  fill(on_unstable_unit, other.on_unstable_unit);
  fill(owner, other.owner);
}

const Limits& built_in_limits() {
  static const Limits limits = [] {
    Limits l;
    l.growth = {Growth{}, {}};
    l.on_changed_statement = {Reaction::fail, {}};
    l.on_new_finding = {Reaction::fail, {}};
    l.on_new_unit = {Reaction::warn, {}};
    l.on_missing_unit = {Reaction::ignore, {}};
    l.on_unstable_unit = {Reaction::warn, {}};
    return l;
  }();
  return limits;
}

Limits limits_of(const std::vector<UnitRule>& rules, const Limits& defaults, std::string_view suite,
                 std::string_view unit) {
  Limits limits;
  for (const UnitRule& rule : rules) {
    if (!glob_matches(rule.match, unit) || !glob_matches(rule.suite, suite)) continue;
    limits = rule.limits;
    break;
  }
  limits.fill_from(defaults);
  limits.fill_from(built_in_limits());
  return limits;
}

const std::vector<detect::Kind>& finding_kinds() {
  static const std::vector<detect::Kind> kinds = [] {
    std::vector<detect::Kind> all;
    for (std::uint8_t i = 0; !detect::to_string(static_cast<detect::Kind>(i)).empty(); ++i)
      all.push_back(static_cast<detect::Kind>(i));
    return all;
  }();
  return kinds;
}

std::vector<std::string> explain(const Limits& limits) {
  std::vector<std::string> out;
  explain_limit("max_queries", limits.max_queries, out);
  explain_limit("max_duplicates", limits.max_duplicates, out);
  explain_limit("max_repeat", limits.max_repeat, out);
  for (const auto& [kind, limit] : limits.max_findings)
    explain_limit(fmt::format("max_findings.{}", detect::to_string(kind)), limit, out);
  if (limits.growth)
    out.push_back(line_of("growth", fmt::format("\"{}\"", limits.growth->value.text()), limits.growth->origin));
  explain_reaction("on_changed_statement", limits.on_changed_statement, out);
  explain_reaction("on_new_finding", limits.on_new_finding, out);
  explain_reaction("on_new_unit", limits.on_new_unit, out);
  explain_reaction("on_missing_unit", limits.on_missing_unit, out);
  explain_reaction("on_unstable_unit", limits.on_unstable_unit, out);
  if (limits.owner) out.push_back(line_of("owner", fmt::format("\"{}\"", limits.owner->value), limits.owner->origin));
  return out;
}

}  // namespace quell::gate
