#include "analyzer/gate/breach.hpp"

namespace quell::gate {

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

}  // namespace quell::gate
