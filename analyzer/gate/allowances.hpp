#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include "analyzer/gate/breach.hpp"
#include "analyzer/gate/config.hpp"

namespace quell::gate {

/// The exceptions of a configuration on one day, with what became of each. One still holds for 30 days after its end,
/// with a warning.
class Allowances {
 public:
  Allowances(const Config& config, std::chrono::year_month_day today);

  /// The first exception that takes a statement, a finding or a whole unit out of the gate; null if there is none.
  [[nodiscard]] const Allowance* for_statement(const std::string& suite, const std::string& unit,
                                               sql::Fingerprint fingerprint);
  [[nodiscard]] const Allowance* for_finding(const std::string& suite, const std::string& unit,
                                             const std::string& identity);
  [[nodiscard]] const Allowance* for_unit(const std::string& suite, const std::string& unit);

  /// What is to be said about them when everything was judged: those that ended, and those nothing was asked of.
  void report(std::vector<Breach>& out) const;

 private:
  const Allowance* find(const std::string& suite, const std::string& unit,
                        const std::function<bool(const Allowance&)>& fits);

  const Config& config_;
  std::chrono::sys_days today_;
  std::vector<bool> used_;
};

}  // namespace quell::gate
