#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "analyzer/detect/finding.hpp"

namespace quell::gate {

/// Where a setting stands. No file: built in.
struct Origin {
  std::string file;
  std::uint32_t line = 0;
};

/// "quell.toml:12", or "built in".
[[nodiscard]] std::string to_string(const Origin& origin);

template <typename T>
struct Setting {
  T value{};
  Origin origin;
};

/// What a rule does where it is broken.
enum class Reaction : std::uint8_t { ignore, warn, fail };
[[nodiscard]] std::string_view to_string(Reaction reaction);

/// How many executions more than the baseline has a unit may run: "+3", "+10%" of the baseline's,
/// rounded down, or "any".
struct Growth {
  std::uint64_t amount = 0;
  bool percent = false;
  bool unlimited = false;  ///< "any"

  [[nodiscard]] std::uint64_t allowed(std::uint64_t was) const;
  [[nodiscard]] std::string text() const;
};

/// The limits of one unit. Nothing: not limited.
struct Limits {
  std::optional<Setting<std::uint64_t>> max_queries;     ///< executions in one run
  std::optional<Setting<std::uint64_t>> max_duplicates;  ///< executions that only repeat one with the same values
  std::optional<Setting<std::uint64_t>> max_repeat;      ///< executions of one statement in one run
  std::map<detect::Kind, Setting<std::uint64_t>> max_findings;
  std::optional<Setting<Growth>> growth;
  std::optional<Setting<Reaction>> on_changed_statement;  ///< another statement, but not more executions
  std::optional<Setting<Reaction>> on_new_finding;        ///< an N+1 or a duplicate the baseline does not have
  std::optional<Setting<Reaction>> on_new_unit;           ///< the baseline does not have it
  std::optional<Setting<Reaction>> on_missing_unit;       ///< only the baseline has it
  std::optional<Setting<Reaction>> on_unstable_unit;      ///< traces of one commit differ
  std::optional<Setting<std::string>> owner;

  /// Takes from `other` what is not set here.
  void fill_from(const Limits& other);
};

/// Limits for the units that match, from a [[unit]] table.
struct UnitRule {
  std::string match = "*";
  std::string suite = "*";
  Limits limits;
  Origin origin;
};

/// What holds where no file says anything: no limits, and nothing more than the baseline.
[[nodiscard]] const Limits& built_in_limits();

/// The first rule that matches, then `defaults`, then what is built in.
[[nodiscard]] Limits limits_of(const std::vector<UnitRule>& rules, const Limits& defaults, std::string_view suite,
                               std::string_view unit);

/// Every kind of finding, in the order of the enumeration.
[[nodiscard]] const std::vector<detect::Kind>& finding_kinds();

/// The limits as lines "max_queries = 12  quell.toml:9", for `quell check --explain`.
[[nodiscard]] std::vector<std::string> explain(const Limits& limits);

}  // namespace quell::gate
