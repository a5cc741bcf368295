#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analyzer/gate/check.hpp"
#include "tests/unit/detect/scenario.hpp"

namespace quell::gate {
namespace {

using test::Scenario;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const std::string kUser = "select name from users where id = $1";
const std::string kOrders = "select id from orders where state = $1 limit 10";
const std::string kItems = "select id from items where order_id = $1";

/// Units by name, with how often each statement ran in their one run; binds differ, so it is a repetition.
using Units = std::map<std::string, std::map<std::string, int>>;

trace::Summary complete_summary() {
  trace::Summary summary;
  summary.closed = true;
  return summary;
}

Measurement measurement_of(const Units& units, bool same_binds = false) {
  Scenario s;
  for (const auto& [name, statements] : units) {
    s.scope(name);
    for (const auto& [sql, times] : statements) {
      const auto stack = s.stack("shop/orders.py", 41, "list_orders");
      for (int i = 0; i < times; ++i) {
        test::Call call;
        call.text = sql;
        call.binds = {std::int64_t{same_binds ? 1 : 1000 + 7 * i}};
        call.stack = stack;
        s.call(call);
      }
    }
    s.end_scope();
  }
  const model::Workload workload = s.workload();
  Measurement measurement = measure(workload, detect::detect(workload).findings, "new.qtr", {});
  measurement.program = "api";
  measurement.summary = complete_summary();
  return measurement;
}

class Gate {
 public:
  Gate& base(const Units& units) {
    Reference reference;
    reference.baseline = baseline_of(combine("api", {measurement_of(units)}));
    reference.source = "quell-baseline/api.toml";
    references_["api"] = std::move(reference);
    return *this;
  }
  Gate& base_trace(const Units& units) {
    base(units);
    references_["api"].committed = false;
    references_["api"].source = "base.qtr";
    return *this;
  }
  Gate& config(const std::string& toml) {
    config_ = parse_config("version = 1\n" + toml, "quell.toml", "/repo");
    return *this;
  }
  Gate& strict() {
    params_.strict = true;
    return *this;
  }
  Gate& on(int year, unsigned month, unsigned day) {
    params_.today = std::chrono::year(year) / static_cast<int>(month) / static_cast<int>(day);
    return *this;
  }

  GateResult check(const Units& units) { return check(std::vector{measurement_of(units)}); }
  GateResult check(std::vector<Measurement> traces) {
    return gate::check(suites_of(std::move(traces), ""), references_, config_, params_);
  }

  std::map<std::string, Reference>& references() { return references_; }
  CheckParams& params() { return params_; }

 private:
  Config config_ = parse_config("version = 1\n", "quell.toml", "/repo");
  std::map<std::string, Reference> references_;
  CheckParams params_{std::chrono::year(2026) / 11 / 25, false, false, "quell baseline update new.qtr"};
};

std::vector<Rule> rules_of(const GateResult& result, Level level) {
  std::vector<Rule> out;
  for (const Breach& breach : result.breaches) {
    if (breach.level == level) out.push_back(breach.rule);
  }
  return out;
}

TEST(Check, TheSameAsTheBaselinePassesWithoutAWord) {
  const GateResult result = Gate().base({{"GET /", {{kOrders, 1}}}}).check({{"GET /", {{kOrders, 1}}}});
  EXPECT_EQ(result.outcome, Outcome::passed);
  EXPECT_THAT(result.breaches, IsEmpty());
  ASSERT_EQ(result.units.size(), 1U);
  EXPECT_EQ(result.units[0].was, 1U);
}

TEST(Check, OneMoreQueryFailsAndNamesStatementCallSiteWasNowAndTheAcceptingCommand) {
  const GateResult result = Gate().base({{"GET /", {{kOrders, 1}}}}).check({{"GET /", {{kOrders, 1}, {kUser, 1}}}});
  EXPECT_EQ(result.outcome, Outcome::failed);
  ASSERT_EQ(result.breaches.size(), 1U);
  const Breach& breach = result.breaches[0];
  EXPECT_EQ(breach.rule, Rule::growth);
  EXPECT_EQ(breach.sentence, "2 queries, was 1; +0 allowed (built in)");
  ASSERT_EQ(breach.statements.size(), 1U);
  EXPECT_EQ(breach.statements[0].text, kUser);
  EXPECT_EQ(breach.statements[0].was, 0U);
  EXPECT_EQ(breach.statements[0].now, 1U);
  EXPECT_EQ(breach.statements[0].sites.at(0).file, "shop/orders.py");
  EXPECT_EQ(breach.accept, "quell baseline update new.qtr --unit 'GET /'");
}

TEST(Check, ANewNPlusOneIsToldOnceWithTheGrowthItCauses) {
  const GateResult result =
      Gate().base({{"GET /", {{kOrders, 1}, {kItems, 1}}}}).check({{"GET /", {{kOrders, 1}, {kItems, 20}}}});
  ASSERT_EQ(result.breaches.size(), 1U);
  EXPECT_EQ(result.breaches[0].rule, Rule::growth);
  ASSERT_EQ(result.breaches[0].findings.size(), 1U);
  EXPECT_EQ(result.breaches[0].findings[0].kind, detect::Kind::n_plus_one);
  EXPECT_EQ(result.breaches[0].statements[0].was, 1U);
  EXPECT_EQ(result.breaches[0].statements[0].now, 20U);
}

TEST(Check, ARepetitionThatTheBaselineKnowsIsNoNewFinding) {
  const GateResult result = Gate().base({{"GET /", {{kItems, 20}}}}).check({{"GET /", {{kItems, 20}}}});
  EXPECT_EQ(result.outcome, Outcome::passed);
  EXPECT_THAT(result.breaches, IsEmpty());
}

TEST(Check, ANewFindingWithinTheAllowedGrowthStillFails) {
  const GateResult result = Gate()
                                .config("[defaults]\ngrowth = \"any\"\n")
                                .base({{"GET /", {{kItems, 1}}}})
                                .check({{"GET /", {{kItems, 20}}}});
  EXPECT_THAT(rules_of(result, Level::failure), ElementsAre(Rule::new_finding));
}

TEST(Check, GrowthWithinTheAllowancePasses) {
  Gate gate;
  gate.config("[defaults]\ngrowth = \"+1\"\n").base({{"GET /", {{kOrders, 1}}}});
  EXPECT_EQ(gate.check({{"GET /", {{kOrders, 1}, {kUser, 1}}}}).outcome, Outcome::passed);
  EXPECT_EQ(gate.check({{"GET /", {{kOrders, 1}, {kUser, 1}, {kItems, 1}}}}).outcome, Outcome::failed);
}

TEST(Check, AnotherStatementInPlaceOfOneIsAChangeNotGrowth) {
  Gate gate;
  gate.base({{"GET /", {{kOrders, 1}}}});
  const Units now = {{"GET /", {{"select id from orders where state = $1", 1}}}};
  const GateResult result = gate.check(now);
  EXPECT_THAT(rules_of(result, Level::failure), ElementsAre(Rule::changed_statement));
  EXPECT_EQ(result.breaches[0].statements.size(), 2U);
  EXPECT_EQ(result.breaches[0].statements[1].text, "select id from orders where state = $1 limit $2");
  gate.config("[defaults]\non_changed_statement = \"warn\"\n");
  EXPECT_EQ(gate.check(now).outcome, Outcome::passed);
  EXPECT_THAT(rules_of(gate.check(now), Level::warning), ElementsAre(Rule::changed_statement));
}

TEST(Check, LessThanTheBaselineIsANoteAndFailsOnlyWhereStrict) {
  Gate gate;
  gate.base({{"GET /", {{kOrders, 1}, {kUser, 3}}}});
  const Units now = {{"GET /", {{kOrders, 1}, {kUser, 1}}}};
  EXPECT_EQ(gate.check(now).outcome, Outcome::passed);
  EXPECT_THAT(rules_of(gate.check(now), Level::note), ElementsAre(Rule::improved));
  EXPECT_EQ(gate.strict().check(now).outcome, Outcome::failed);
}

TEST(Check, ANewUnitWarnsUnlessToldOtherwise) {
  Gate gate;
  gate.base({{"GET /", {{kOrders, 1}}}});
  const Units now = {{"GET /", {{kOrders, 1}}}, {"GET /new", {{kUser, 1}}}};
  EXPECT_EQ(gate.check(now).outcome, Outcome::passed);
  EXPECT_THAT(rules_of(gate.check(now), Level::warning), ElementsAre(Rule::new_unit));
  gate.config("[defaults]\non_new_unit = \"fail\"\n");
  EXPECT_EQ(gate.check(now).outcome, Outcome::failed);
}

TEST(Check, AnNPlusOneInANewUnitFails) {
  const GateResult result =
      Gate().base({{"GET /", {{kOrders, 1}}}}).check({{"GET /", {{kOrders, 1}}}, {"GET /new", {{kItems, 9}}}});
  EXPECT_THAT(rules_of(result, Level::failure), ElementsAre(Rule::new_finding));
}

TEST(Check, AUnitThatWasNotRunIsANote) {
  const GateResult result =
      Gate().base({{"GET /", {{kOrders, 1}}}, {"GET /b", {{kUser, 1}}}}).check({{"GET /", {{kOrders, 1}}}});
  EXPECT_EQ(result.outcome, Outcome::passed);
  EXPECT_THAT(rules_of(result, Level::note), ElementsAre(Rule::missing_unit));
}

TEST(Check, LimitsHoldWhateverTheBaselineSays) {
  const Units units = {{"GET /", {{kOrders, 1}, {kItems, 8}}}};
  const GateResult result =
      Gate()
          .config("[defaults]\nmax_queries = 8\nmax_repeat = 7\nmax_findings = { n_plus_one = 0 }\n")
          .base(units)
          .check(units);
  EXPECT_THAT(rules_of(result, Level::failure), ElementsAre(Rule::max_queries, Rule::max_repeat, Rule::max_findings));
  EXPECT_EQ(result.breaches[0].sentence, "9 queries in one run; at most 8 allowed (quell.toml:3)");
  EXPECT_EQ(result.breaches[1].sentence, "8 executions of one statement in one run; at most 7 allowed (quell.toml:4)");
  EXPECT_THAT(result.breaches[0].accept, HasSubstr("raise max_queries in quell.toml"));
}

TEST(Check, LimitsThatAreJustKeptPass) {
  const Units units = {{"GET /", {{kOrders, 1}, {kItems, 8}}}};
  EXPECT_EQ(Gate()
                .config("[defaults]\nmax_queries = 9\nmax_repeat = 8\nmax_findings = { n_plus_one = 1 }\n")
                .base(units)
                .check(units)
                .outcome,
            Outcome::passed);
}

TEST(Check, DuplicatesAreWhatOnlyRepeatsTheSameValues) {
  Gate gate;
  gate.config("[defaults]\nmax_duplicates = 2\n").base({{"GET /", {{kUser, 4}}}});
  const GateResult result = gate.check(std::vector{measurement_of({{"GET /", {{kUser, 4}}}}, true)});
  ASSERT_THAT(rules_of(result, Level::failure), ElementsAre(Rule::max_duplicates));
  EXPECT_EQ(result.breaches[0].now, 3U);  // the first of four is none
}

TEST(Allow, AnExcusedStatementDoesNotCount) {
  Gate gate;
  gate.base({{"GET /", {{kOrders, 1}}}})
      .config("[defaults]\nmax_queries = 1\n[[allow]]\nfingerprint = \"" +
              sql::to_hex(sql::analyze_statement(kUser).fingerprint) +
              "\"\nreason = \"ticket 812\"\nexpires = 2026-12-31\n");
  EXPECT_EQ(gate.check({{"GET /", {{kOrders, 1}, {kUser, 1}}}}).outcome, Outcome::passed);
  EXPECT_EQ(gate.check({{"GET /", {{kOrders, 1}, {kItems, 1}}}}).outcome, Outcome::failed);
}

TEST(Allow, AnExcusedUnitLeavesANoteWithTheReason) {
  const GateResult result = Gate()
                                .base({{"GET /", {{kOrders, 1}}}})
                                .config("[[allow]]\nmatch = \"GET /\"\nreason = \"ticket 812\"\nexpires = 2026-12-31\n")
                                .check({{"GET /", {{kOrders, 1}, {kUser, 1}}}});
  EXPECT_EQ(result.outcome, Outcome::passed);
  ASSERT_THAT(rules_of(result, Level::note), ElementsAre(Rule::growth));
  EXPECT_EQ(result.breaches[0].allowed, "ticket 812");
}

TEST(Allow, WarnsForThirtyDaysAfterItsEndAndThenNoLongerHolds) {
  Gate gate;
  gate.base({{"GET /", {{kOrders, 1}}}})
      .config("[[allow]]\nmatch = \"GET /\"\nreason = \"ticket 812\"\nexpires = 2026-11-25\n");
  const Units now = {{"GET /", {{kOrders, 1}, {kUser, 1}}}};
  EXPECT_THAT(rules_of(gate.on(2026, 11, 25).check(now), Level::warning), IsEmpty());
  const GateResult grace = gate.on(2026, 12, 25).check(now);
  EXPECT_EQ(grace.outcome, Outcome::passed);
  EXPECT_THAT(rules_of(grace, Level::warning), ElementsAre(Rule::allowance));
  const GateResult over = gate.on(2026, 12, 26).check(now);
  EXPECT_EQ(over.outcome, Outcome::failed);
  EXPECT_THAT(rules_of(over, Level::warning), ElementsAre(Rule::allowance));
}

TEST(Allow, ThatExcusesNothingIsNamed) {
  const GateResult result = Gate()
                                .base({{"GET /", {{kOrders, 1}}}})
                                .config("[[allow]]\nmatch = \"GET /gone\"\nreason = \"x\"\nexpires = 2026-12-31\n")
                                .check({{"GET /", {{kOrders, 1}}}});
  ASSERT_THAT(rules_of(result, Level::note), ElementsAre(Rule::allowance));
  EXPECT_THAT(result.breaches[0].sentence, HasSubstr("quell.toml:2 excuses nothing"));
}

TEST(BaseTraces, AreAcceptedByAnExceptionBecauseThereIsNoFileToUpdate) {
  const GateResult result =
      Gate().base_trace({{"GET /", {{kOrders, 1}}}}).check({{"GET /", {{kOrders, 1}, {kUser, 1}}}});
  EXPECT_EQ(result.outcome, Outcome::failed);
  EXPECT_THAT(result.breaches[0].accept, HasSubstr("[[allow]]"));
  EXPECT_THAT(result.breaches[0].accept, HasSubstr(sql::to_hex(sql::analyze_statement(kUser).fingerprint)));
}

TEST(Stability, UnitsThatDifferBetweenTracesAreWarnedOfAndTheMostIsJudged) {
  const GateResult result = Gate()
                                .base({{"GET /", {{kOrders, 1}, {kUser, 1}}}})
                                .check(std::vector{measurement_of({{"GET /", {{kOrders, 1}}}}),
                                                   measurement_of({{"GET /", {{kOrders, 1}, {kUser, 1}}}})});
  EXPECT_EQ(result.outcome, Outcome::passed);
  ASSERT_THAT(rules_of(result, Level::warning), ElementsAre(Rule::unstable_unit));
  EXPECT_EQ(result.breaches[0].statements.at(0).text, kUser);
  EXPECT_THAT(result.breaches[0].sentence, HasSubstr("ran 0, 1 times"));
}

TEST(NothingChecked, WithoutABaselineFile) {
  Gate gate;
  gate.references()["api"].source = "quell-baseline/api.toml";
  gate.references()["api"].missing = true;
  const GateResult result = gate.check({{"GET /", {{kOrders, 1}}}});
  EXPECT_EQ(result.outcome, Outcome::nothing_checked);
  EXPECT_THAT(result.problems,
              ElementsAre("there is no quell-baseline/api.toml: make it with quell baseline update new.qtr"));
}

TEST(NothingChecked, WithAnEmptyBaseline) {
  Gate gate;
  gate.references()["api"].source = "quell-baseline/api.toml";
  const GateResult result = gate.check({{"GET /", {{kOrders, 1}}}});
  EXPECT_EQ(result.outcome, Outcome::nothing_checked);
  EXPECT_THAT(result.problems[0], HasSubstr("holds no unit"));
}

TEST(NothingChecked, WhereNoUnitIsInTheBaseline) {
  const GateResult result = Gate().base({{"GET /other", {{kOrders, 1}}}}).check({{"GET /", {{kOrders, 1}}}});
  EXPECT_EQ(result.outcome, Outcome::nothing_checked);
  EXPECT_THAT(result.problems[0], HasSubstr("holds none of the 1 units"));
}

TEST(NothingChecked, WhereTheTraceNamesNoUnit) {
  Scenario s;
  s.call(kUser, {std::int64_t{1}});
  Measurement measurement = measure(s.workload(), {}, "new.qtr", {});
  measurement.program = "api";
  measurement.summary = complete_summary();
  const GateResult result = Gate().base({{"GET /", {{kOrders, 1}}}}).check(std::vector{measurement});
  EXPECT_EQ(result.outcome, Outcome::nothing_checked);
  EXPECT_THAT(result.problems[0], HasSubstr("outside = true"));
}

TEST(NothingChecked, WhereARequiredSuiteIsMissing) {
  const GateResult result = Gate()
                                .config("require = [\"api\", \"worker\"]\n")
                                .base({{"GET /", {{kOrders, 1}}}})
                                .check({{"GET /", {{kOrders, 1}}}});
  EXPECT_EQ(result.outcome, Outcome::nothing_checked);
  EXPECT_THAT(result.problems, ElementsAre(HasSubstr("the suite 'worker' is required")));
}

TEST(NothingChecked, WithNeitherBaselineNorLimit) {
  Gate gate;
  gate.config("baseline = \"\"\n");
  EXPECT_EQ(gate.check({{"GET /", {{kOrders, 1}}}}).outcome, Outcome::nothing_checked);
  gate.config("baseline = \"\"\n[defaults]\nmax_queries = 1\n");
  EXPECT_EQ(gate.check({{"GET /", {{kOrders, 1}}}}).outcome, Outcome::passed);
  EXPECT_EQ(gate.check({{"GET /", {{kOrders, 2}}}}).outcome, Outcome::failed);
}

TEST(Incomplete, TracesAreNotJudgedUnlessAllowed) {
  Gate gate;
  gate.base({{"GET /", {{kOrders, 1}}}});
  const auto lossy = [] {
    Measurement measurement = measurement_of({{"GET /", {{kOrders, 1}, {kUser, 1}}}});
    measurement.summary.lost[static_cast<std::size_t>(trace::EventKind::query)] = 3;
    return std::vector{measurement};
  };
  const GateResult result = gate.check(lossy());
  EXPECT_EQ(result.outcome, Outcome::incomplete);
  EXPECT_THAT(result.problems, ElementsAre("new.qtr is incomplete: its recorder dropped 3 events"));
  gate.params().allow_partial = true;
  EXPECT_EQ(gate.check(lossy()).outcome, Outcome::failed);
}

TEST(Incomplete, BaseTracesAreNotJudgedEither) {
  Gate gate;
  gate.base_trace({{"GET /", {{kOrders, 1}}}});
  trace::Summary open;
  gate.references()["api"].traces.push_back({"base.qtr", open});
  const GateResult result = gate.check({{"GET /", {{kOrders, 1}}}});
  EXPECT_EQ(result.outcome, Outcome::incomplete);
  EXPECT_THAT(result.problems, ElementsAre("base.qtr is incomplete: its writer did not close it"));
}

TEST(Breaches, ComeWithFailuresFirst) {
  const GateResult result =
      Gate()
          .base({{"GET /a", {{kOrders, 2}}}, {"GET /b", {{kOrders, 1}}}})
          .check({{"GET /a", {{kOrders, 1}}}, {"GET /b", {{kOrders, 1}, {kUser, 1}}}, {"GET /new", {{kUser, 1}}}});
  std::vector<Level> levels;
  for (const Breach& breach : result.breaches) levels.push_back(breach.level);
  EXPECT_THAT(levels, ElementsAre(Level::failure, Level::warning, Level::note));
}

}  // namespace
}  // namespace quell::gate
