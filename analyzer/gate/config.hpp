#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "analyzer/gate/limits.hpp"
#include "analyzer/gate/measure.hpp"

namespace quell::gate {

inline constexpr std::string_view kConfigName = "quell.toml";
inline constexpr std::string_view kBaselineFolder = "quell-baseline";

/// An exception from the rules: a statement, a finding or a whole unit, with a reason and an end.
struct Allowance {
  std::string match = "*";  ///< glob on units
  std::string suite = "*";  ///< glob
  std::optional<sql::Fingerprint> fingerprint;
  std::string finding;  ///< an identity; empty: none
  std::string reason;
  std::chrono::year_month_day expires;  ///< the last day
  Origin origin;

  /// Neither a statement nor a finding is named: everything about the unit.
  [[nodiscard]] bool whole_unit() const { return !fingerprint && finding.empty(); }
};

/// Whether it is about this unit at all.
[[nodiscard]] bool applies(const Allowance& allowance, std::string_view suite, std::string_view unit);

/// quell.toml, or the chain of them where they are nested: the nearest says most.
struct Config {
  std::vector<std::string> files;  ///< nearest first; empty: there is none
  /// Folder that paths are relative to: of the nearest file, or where the search began.
  std::string folder;
  std::string baseline;              ///< folder of the baselines; empty: there is none, only limits hold
  std::string suite;                 ///< name for all traces; empty: each trace's program
  std::vector<std::string> require;  ///< suites that must be there
  CountParams count;
  Limits defaults;
  std::vector<UnitRule> units;  ///< the first that matches is taken
  std::vector<Allowance> allow;
};

/// Walks up from `folder` and reads quell.toml there and in the folders above, until one says `root = true`. Throws
/// FileError: every unknown key is an error, with line, column and what was probably meant.
[[nodiscard]] Config find_config(const std::string& folder);

/// Reads this file and, unless it says `root = true`, those in the folders above it.
[[nodiscard]] Config load_config(const std::string& file);

/// One file, without those above it. `file` is for messages and origins, `folder` what its paths are relative to.
[[nodiscard]] Config parse_config(std::string_view text, const std::string& file, const std::string& folder);

}  // namespace quell::gate
