#include <string>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <boost/json.hpp>

#include "analyzer/report/gate/diff.hpp"
#include "analyzer/report/gate/outputs.hpp"
#include "analyzer/report/gate/wording.hpp"
#include "analyzer/report/safe_text.hpp"

namespace quell::report {
namespace {

namespace json = boost::json;
using gate::Breach;
using gate::GateResult;
using gate::Level;
using gate::Rule;
using gate::StatementDelta;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

StatementDelta statement(sql::Fingerprint fingerprint, std::string text, std::uint64_t was, std::uint64_t now,
                         std::vector<model::CallSite> sites = {}) {
  return {fingerprint, std::move(text), was, now, std::move(sites)};
}

/// Boost.JSON 1.81 refuses some well-formed UTF-8 after an escape in a long string, so that is checked by itself.
json::value parse_json(const std::string& text) {
  json::parse_options options;
  options.allow_invalid_utf8 = true;
  return json::parse(text, {}, options);
}

Breach growth(const std::string& unit) {
  Breach breach;
  breach.rule = Rule::growth;
  breach.level = Level::failure;
  breach.suite = "api";
  breach.unit = unit;
  breach.sentence = "21 queries, was 2; +0 allowed (built in)";
  breach.was = 2;
  breach.now = 21;
  breach.statements = {statement(0xABC, "select id from items where order_id = $1", 1, 20,
                                 {{"/repo/shop/orders.py", 41, "list_orders"}, {"/repo/shop/more.py", 7, "more"}})};
  gate::MeasuredFinding finding;
  finding.kind = detect::Kind::n_plus_one;
  finding.confidence = detect::Confidence::proved;
  finding.executions = 20;
  finding.distinct_values = 20;
  finding.edge = "orders.id";
  finding.advice = "Ask items once.";
  finding.advice_code = "select id\n  from items";
  breach.findings = {finding};
  breach.owner = "@shop-team";
  breach.accept = "quell baseline update new.qtr --unit '" + unit + "'";
  return breach;
}

GateResult result_of(std::vector<Breach> breaches) {
  GateResult result;
  result.outcome = gate::Outcome::passed;
  for (const Breach& breach : breaches) {
    if (breach.level == Level::failure) result.outcome = gate::Outcome::failed;
    gate::CheckedUnit unit;
    unit.suite = breach.suite;
    unit.name = breach.unit;
    unit.queries = breach.now;
    unit.was = breach.was;
    unit.milliseconds = 12.5;
    unit.level = breach.level;
    unit.ignored = {{"transaction_control", 2}};
    result.units.push_back(unit);
  }
  result.breaches = std::move(breaches);
  trace::Summary summary;
  summary.closed = true;
  result.traces = {{"new.qtr", summary}};
  result.compared_with = {"quell-baseline/api.toml"};
  result.ignored = {"transaction_control"};
  return result;
}

GateRenderParams params() {
  GateRenderParams out;
  out.repository = "/repo";
  out.fallback_file = "shop/quell.toml";
  out.version = "0.1.0";
  return out;
}

/// Breaks out of everything that is not escaped.
const std::string kHostile =
    "GET /a|b`c`<script>alert(1)</script> %0A::error::x, y: z ]]> --> \"q\" 'p' & @team #1 \x1b[31m "
    "\xff\xEF\xBF\xBE\n::error::y";

Breach hostile() {
  Breach breach = growth(kHostile);
  breach.statements[0].text = "select '" + kHostile + "' from t";
  breach.statements[0].sites = {{"/repo/a b,c:d%.py", 3, kHostile}};
  breach.findings[0].advice = kHostile;
  breach.findings[0].advice_code = "```\n" + kHostile + "\n```";
  breach.owner = kHostile;
  breach.accept = kHostile;
  breach.sentence = kHostile;
  return breach;
}

std::size_t lines_that_start_with(const std::string& text, const std::string& begin) {
  std::size_t count = 0;
  for (std::size_t at = 0; at < text.size(); at = std::min(text.find('\n', at), text.size() - 1) + 1)
    count += text.compare(at, begin.size(), begin) == 0 ? 1 : 0;
  return count;
}

TEST(GateText, SaysWhatWhereWasNowWhyAndHowToAccept) {
  const std::string text = gate_text(result_of({growth("GET /orders")}), params());
  EXPECT_EQ(text,
            "FAILED: 1 failure in 1 unit, compared with quell-baseline/api.toml\n"
            "\n"
            "FAIL  GET /orders  (growth)\n"
            "              21 queries, was 2; +0 allowed (built in)\n"
            "   more       20 executions, was 1 (0000000000000abc)\n"
            "              select id from items where order_id = $1\n"
            "              at shop/orders.py:41 list_orders\n"
            "              at shop/more.py:7 more\n"
            "   finding    N+1, proved: 20 executions, 20 distinct values from orders.id\n"
            "   do         Ask items once.\n"
            "                select id\n"
            "                  from items\n"
            "   owner      @shop-team\n"
            "   accept     quell baseline update new.qtr --unit 'GET /orders'\n"
            "\n"
            "Not counted as queries: transaction_control (up to 2 a run).\n"
            "Trace new.qtr, complete.\n");
}

TEST(GateText, HostileTextsCannotReachTheTerminal) {
  const std::string text = gate_text(result_of({hostile()}), params());
  EXPECT_THAT(text, Not(HasSubstr("\x1b")));
  EXPECT_THAT(text, Not(HasSubstr("\xff")));
  EXPECT_EQ(lines_that_start_with(text, "::error"), 0U);
}

TEST(GateText, AnUncheckedGateNeverLooksPassed) {
  GateResult result = result_of({});
  result.outcome = gate::Outcome::nothing_checked;
  result.problems = {"there is no quell-baseline/api.toml"};
  for (const NamedGateOutput& output : gate_outputs()) {
    const std::string text = output.render(result, params());
    EXPECT_THAT(text, HasSubstr("there is no quell-baseline/api.toml")) << output.name;
    EXPECT_THAT(text, Not(HasSubstr("PASSED"))) << output.name;
  }
}

TEST(GateMarkdown, BeginsWithTheMarkerOfItsSuite) {
  EXPECT_THAT(gate_markdown(result_of({growth("GET /")}), params()),
              StartsWith("<!-- quell-gate api -->\n## Quell gate: "));
  EXPECT_THAT(gate_summary(result_of({growth("GET /")}), params()), StartsWith("## Quell gate: "));
}

TEST(GateMarkdown, HostileTextsMakeNoMarkupMentionOrHtml) {
  const std::string text = gate_markdown(result_of({hostile()}), params());
  // What stands outside the fenced block.
  const std::size_t fence = text.find("````text\n");
  ASSERT_NE(fence, std::string::npos);
  const std::size_t close = text.find("\n````\n", fence);
  ASSERT_NE(close, std::string::npos);
  std::string outside = text.substr(0, fence) + text.substr(close + 5);
  outside.erase(outside.find("``"), outside.rfind("``") - outside.find("``"));  // the code span of the name
  EXPECT_THAT(outside, Not(HasSubstr("<script>")));
  EXPECT_THAT(outside, HasSubstr("&lt;script&gt;"));
  EXPECT_THAT(outside, Not(HasSubstr(" @team")));
  EXPECT_EQ(lines_that_start_with(outside, "| fails |"), 1U);
  EXPECT_EQ(lines_that_start_with(text, "````"), 2U) << "the block ends where it should";
}

TEST(GateMarkdown, FitsIntoACommentAndSaysWhatIsLeftOut) {
  std::vector<Breach> breaches;
  for (int i = 0; i < 3'000; ++i) breaches.push_back(growth(fmt::format("GET /orders/{}", i)));
  const GateResult result = result_of(std::move(breaches));
  const std::string comment = gate_markdown(result, params());
  EXPECT_LE(comment.size(), 60'000U);
  EXPECT_GT(comment.size(), 50'000U);
  EXPECT_THAT(comment, HasSubstr("sections left out to fit"));
  EXPECT_EQ(lines_that_start_with(comment, "| fails |"), 20U);
  EXPECT_THAT(comment, HasSubstr("2,980 more rows below"));
  const std::string summary = gate_summary(result, params());
  EXPECT_LE(summary.size(), 900U * 1024U);
  EXPECT_GT(summary.size(), comment.size());
}

TEST(GateAnnotations, StandAtTheCallSiteAndEscape) {
  const std::string text = gate_annotations(result_of({hostile()}), params());
  EXPECT_EQ(lines_that_start_with(text, "::error file=a b%2Cc%3Ad%25.py,line=3,title=Quell gate%3A growth::GET /a|b"),
            1U);
  EXPECT_EQ(lines_that_start_with(text, ""), 1U) << "one command, one line";
  EXPECT_THAT(text, HasSubstr("%250A"));
  EXPECT_THAT(text, HasSubstr("%0A"));
}

TEST(GateAnnotations, AreAtMostTenErrorsAndTenWarnings) {
  std::vector<Breach> breaches;
  for (int i = 0; i < 40; ++i) {
    breaches.push_back(growth(fmt::format("GET /{}", i)));
    if (i % 2 == 0) breaches.back().level = Level::warning;
  }
  const std::string text = gate_annotations(result_of(std::move(breaches)), params());
  EXPECT_EQ(lines_that_start_with(text, "::error "), 10U);
  EXPECT_EQ(lines_that_start_with(text, "::warning "), 10U);
  EXPECT_THAT(text, HasSubstr("::error title=Quell gate::and 11 more"));
}

TEST(GateAnnotations, NineteenMoreWarningsMakeNoError) {
  std::vector<Breach> breaches;
  for (int i = 0; i < 19; ++i) {
    breaches.push_back(growth(fmt::format("GET /{}", i)));
    breaches.back().level = Level::warning;
  }
  EXPECT_EQ(lines_that_start_with(gate_annotations(result_of(std::move(breaches)), params()), "::error"), 0U);
}

TEST(GateSarif, HasRuleLevelPlaceFingerprintAndRelatedPlaces) {
  const json::value sarif = parse_json(gate_sarif(result_of({growth("GET /orders")}), params()));
  EXPECT_EQ(sarif.at("version"), "2.1.0");
  const json::value& run = sarif.at("runs").at(0);
  const json::value& result = run.at("results").at(0);
  EXPECT_EQ(result.at("ruleId"), "growth");
  EXPECT_EQ(run.at("tool")
                .at("driver")
                .at("rules")
                .at(static_cast<std::size_t>(result.at("ruleIndex").to_number<int>()))
                .at("id"),
            "growth");
  EXPECT_EQ(result.at("level"), "error");
  EXPECT_EQ(result.at("baselineState"), "updated");
  const json::value& place = result.at("locations").at(0).at("physicalLocation");
  EXPECT_EQ(place.at("artifactLocation").at("uri"), "shop/orders.py");
  EXPECT_EQ(place.at("artifactLocation").at("uriBaseId"), "%SRCROOT%");
  EXPECT_EQ(place.at("region").at("startLine"), 41);
  EXPECT_EQ(result.at("relatedLocations").at(0).at("physicalLocation").at("artifactLocation").at("uri"),
            "shop/more.py");
  EXPECT_EQ(run.at("invocations").at(0).at("exitCode"), 1);
}

TEST(GateSarif, FingerprintsDoNotMoveWithLinesOrCounts) {
  Breach moved = growth("GET /orders");
  moved.statements[0].sites[0].line = 99;
  moved.statements[0].now = 30;
  moved.sentence = "31 queries, was 2";
  EXPECT_EQ(breach_identity(moved), breach_identity(growth("GET /orders")));
  EXPECT_NE(breach_identity(growth("GET /users")), breach_identity(growth("GET /orders")));
}

TEST(GateSarif, FileNamesAreUris) {
  const json::value sarif = parse_json(gate_sarif(result_of({hostile()}), params()));
  EXPECT_EQ(sarif.at("runs")
                .at(0)
                .at("results")
                .at(0)
                .at("locations")
                .at(0)
                .at("physicalLocation")
                .at("artifactLocation")
                .at("uri"),
            "a%20b%2Cc%3Ad%25.py");
}

TEST(GateSarif, WithoutACallSiteTheConfigurationIsThePlace) {
  Breach breach = growth("GET /");
  breach.statements[0].sites.clear();
  const json::value sarif = parse_json(gate_sarif(result_of({breach}), params()));
  EXPECT_EQ(sarif.at("runs")
                .at(0)
                .at("results")
                .at(0)
                .at("locations")
                .at(0)
                .at("physicalLocation")
                .at("artifactLocation")
                .at("uri"),
            "shop/quell.toml");
}

TEST(GateSarif, HoldsAtMostFiveThousandResults) {
  std::vector<Breach> breaches;
  for (int i = 0; i < 5'100; ++i) breaches.push_back(growth(fmt::format("GET /{}", i)));
  const json::value sarif = parse_json(gate_sarif(result_of(std::move(breaches)), params()));
  EXPECT_EQ(sarif.at("runs").at(0).at("results").as_array().size(), 5'000U);
}

TEST(GateSarif, AnExcusedBreachIsSuppressed) {
  Breach breach = growth("GET /");
  breach.level = Level::note;
  breach.allowed = "ticket 812";
  const json::value sarif = parse_json(gate_sarif(result_of({breach}), params()));
  const json::value& suppression = sarif.at("runs").at(0).at("results").at(0).at("suppressions").at(0);
  EXPECT_EQ(suppression.at("kind"), "external");
  EXPECT_EQ(suppression.at("justification"), "ticket 812");
}

TEST(GateJunit, HasACaseForEachUnitAndBrokenRule) {
  Breach second = growth("GET /orders");
  second.rule = Rule::max_queries;
  GateResult result = result_of({growth("GET /orders")});
  result.breaches.push_back(second);
  result.units.push_back({"api", "GET /fine", 1, 1, 1, 1.0, Level::note, {}});
  const std::string xml = gate_junit(result, params());
  EXPECT_THAT(xml, HasSubstr("<testsuite name=\"api\" tests=\"3\" failures=\"2\" errors=\"0\""));
  EXPECT_THAT(xml, HasSubstr("name=\"GET /orders [growth]\" file=\"shop/orders.py\" line=\"41\" time=\"0.012500\""));
  EXPECT_THAT(xml, HasSubstr("name=\"GET /orders [max_queries]\""));
  EXPECT_THAT(xml, HasSubstr("<testcase classname=\"api\" name=\"GET /fine\" time=\"0.001000\"/>"));
}

TEST(GateJunit, HoldsOnlyWhatXmlCanHold) {
  const std::string xml = gate_junit(result_of({hostile()}), params());
  EXPECT_THAT(xml, Not(HasSubstr("<script")));
  EXPECT_THAT(xml, Not(HasSubstr("]]>")));
  EXPECT_THAT(xml, Not(HasSubstr("\x1b")));
  EXPECT_THAT(xml, Not(HasSubstr("\xff")));
  EXPECT_THAT(xml, Not(HasSubstr("\xEF\xBF\xBE"))) << "U+FFFE is no XML character";
}

TEST(GateCodeQuality, FingerprintsAreUnique) {
  const json::value list =
      parse_json(gate_code_quality(result_of({growth("GET /"), growth("GET /"), growth("GET /b")}), params()));
  std::set<std::string> fingerprints;
  for (const json::value& entry : list.as_array()) {
    fingerprints.insert(entry.at("fingerprint").as_string().c_str());
    EXPECT_EQ(entry.at("location").at("path"), "shop/orders.py");
    EXPECT_EQ(entry.at("location").at("lines").at("begin"), 41);
    EXPECT_EQ(entry.at("severity"), "major");
    EXPECT_EQ(entry.at("check_name"), "growth");
    EXPECT_TRUE(entry.at("description").is_string());
  }
  EXPECT_EQ(fingerprints.size(), 3U);
}

TEST(GateRdjson, HasMessagePlaceSeverityAndCode) {
  const json::value rdjson = parse_json(gate_rdjson(result_of({growth("GET /")}), params()));
  EXPECT_EQ(rdjson.at("source").at("name"), "quell");
  const json::value& diagnostic = rdjson.at("diagnostics").at(0);
  EXPECT_EQ(diagnostic.at("severity"), "ERROR");
  EXPECT_EQ(diagnostic.at("code").at("value"), "growth");
  EXPECT_EQ(diagnostic.at("location").at("range").at("start").at("line"), 41);
}

TEST(GateJson, HostileTextsStayValid) {
  for (const GateOutput output : {gate_json, gate_sarif, gate_code_quality, gate_rdjson}) {
    const std::string text = output(result_of({hostile()}), params());
    EXPECT_NO_THROW((void)parse_json(text));
    EXPECT_TRUE(valid_utf8(text) == text);
    EXPECT_THAT(text, Not(HasSubstr("\x1b")));
  }
}

TEST(Replacement, SaysWhatTheNewStatementLost) {
  const auto words = [](const std::string& was, const std::string& now) {
    Breach breach;
    breach.statements = {statement(1, now, 0, 1), statement(2, was, 1, 0)};
    return replacement_words(breach);
  };
  EXPECT_EQ(words("select id from a order by id limit $1", "select id from a order by id"), "no LIMIT any more");
  EXPECT_EQ(words("select id from a where b = $1", "select a.id from a join c on c.id = a.c_id where b = $1"),
            "1 more table");
  EXPECT_EQ(words("select id from a where b = $1", "select id from a"), "no condition any more");
  EXPECT_EQ(words("select id from a order by id", "select id from a"), "no ORDER BY any more");
  EXPECT_EQ(words("select id from a where b = $1", "select id from a where b = $1 for update"), "locks rows");
  EXPECT_EQ(words("select id from a", "select id, b from a"), "");
  EXPECT_EQ(words("select id from a where b = ...", "select id from a"), "") << "the old text was cut";
  EXPECT_EQ(words("not sql at all (", "select id from a"), "");
}

TEST(DiffText, SaysNewGoneMoreSlowerAndMended) {
  gate::TraceDiff diff;
  diff.before = "main.qtr";
  diff.after = "branch.qtr";
  gate::StatementChange slower;
  slower.change = gate::Change::slower;
  slower.fingerprint = 0xABC;
  slower.text = "select id from items";
  slower.was = {10, 2.0, {}};
  slower.now = {10, 8.0, {{"/repo/shop/orders.py", 41, "list_orders"}}};
  diff.statements = {slower};
  gate::UnitChange unit;
  unit.unit = "GET /orders";
  unit.was = 2;
  unit.now = 3;
  unit.statements = {statement(0xDEF, "select 1", 0, 1)};
  diff.units = {unit};
  gate::MeasuredFinding finding = growth("GET /orders").findings[0];
  finding.unit = "GET /orders";
  diff.mended_findings = {finding};
  DiffRenderParams render;
  render.repository = "/repo";
  EXPECT_EQ(diff_text(diff, render),
            "branch.qtr compared with main.qtr: 1 statement and 1 unit changed, 0 findings new, 1 mended.\n"
            "\n"
            "Statements\n"
            "   slower     8.00 ms, was 2.00 ms, median of 10 executions (0000000000000abc)\n"
            "              select id from items\n"
            "              at shop/orders.py:41 list_orders\n"
            "\n"
            "Units\n"
            "   GET /orders: 3 queries, was 2\n"
            "   new        1 execution, was 0 (0000000000000def) select 1\n"
            "\n"
            "Mended findings\n"
            "   GET /orders: N+1, proved: 20 executions, 20 distinct values from orders.id\n");
  EXPECT_NO_THROW((void)parse_json(diff_json(diff)));
  EXPECT_THAT(diff_markdown(diff), HasSubstr("| slower | `select id from items` | 8.00 ms, was 2.00 ms"));
}

TEST(DiffMarkdown, FitsIntoAComment) {
  gate::TraceDiff diff;
  gate::StatementChange change;
  change.text = kHostile;
  diff.statements.assign(5'000, change);
  const std::string text = diff_markdown(diff);
  EXPECT_LE(text.size(), 60'000U);
  EXPECT_THAT(text, HasSubstr("left out to fit"));
}

}  // namespace
}  // namespace quell::report
