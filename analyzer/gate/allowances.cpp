#include "analyzer/gate/allowances.hpp"

#include <fmt/format.h>

namespace quell::gate {
namespace {

constexpr std::chrono::days kGrace{30};

std::string day(std::chrono::sys_days when) {
  const std::chrono::year_month_day d(when);
  return fmt::format("{:04}-{:02}-{:02}", static_cast<int>(d.year()), static_cast<unsigned>(d.month()),
                     static_cast<unsigned>(d.day()));
}

/// The last day on which it holds.
std::chrono::sys_days last_day(const Allowance& allowance) {
  return std::chrono::sys_days(allowance.expires) + kGrace;
}

}  // namespace

Allowances::Allowances(const Config& config, std::chrono::year_month_day today) : config_(config), today_(today) {
  used_.resize(config.allow.size());
}

const Allowance* Allowances::for_statement(const std::string& suite, const std::string& unit,
                                           sql::Fingerprint fingerprint) {
  return find(suite, unit, [&](const Allowance& a) { return a.fingerprint == fingerprint; });
}

const Allowance* Allowances::for_finding(const std::string& suite, const std::string& unit,
                                         const std::string& identity) {
  return find(suite, unit, [&](const Allowance& a) { return !a.finding.empty() && a.finding == identity; });
}

const Allowance* Allowances::for_unit(const std::string& suite, const std::string& unit) {
  return find(suite, unit, [](const Allowance& a) { return a.whole_unit(); });
}

const Allowance* Allowances::find(const std::string& suite, const std::string& unit,
                                  const std::function<bool(const Allowance&)>& fits) {
  const Allowance* found = nullptr;
  for (std::size_t i = 0; i < config_.allow.size(); ++i) {
    const Allowance& allowance = config_.allow[i];
    if (today_ > last_day(allowance) || !fits(allowance) || !applies(allowance, suite, unit)) continue;
    used_[i] = true;
    if (!found) found = &allowance;
  }
  return found;
}

void Allowances::report(std::vector<Breach>& out) const {
  for (std::size_t i = 0; i < config_.allow.size(); ++i) {
    const Allowance& allowance = config_.allow[i];
    const std::chrono::sys_days end(allowance.expires);
    Breach breach;
    breach.rule = Rule::allowance;
    breach.level = Level::warning;
    breach.suite = allowance.suite;
    breach.unit = allowance.match;
    breach.sentence = fmt::format("the exception of {} ", to_string(allowance.origin));
    breach.accept = "mend what it excuses, or give it a new end";
    if (today_ > last_day(allowance)) {
      breach.sentence += fmt::format("ended on {} and no longer holds: {}", day(end), allowance.reason);
    } else if (today_ > end) {
      breach.sentence += fmt::format("ended on {}; after {} it no longer holds: {}", day(end), day(last_day(allowance)),
                                     allowance.reason);
    } else if (!used_[i]) {
      breach.level = Level::note;
      breach.sentence += "excuses nothing";
      breach.accept = "delete it";
    } else {
      continue;
    }
    out.push_back(std::move(breach));
  }
}

}  // namespace quell::gate
