#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "analyzer/plan/plan.hpp"

namespace quell::plan {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pair;
using testing::SizeIs;

constexpr std::string_view kYaml = R"PLAN(- Plan: 
    Node Type: "Sort"
    Alias: "1"
    Plan Rows: 5
    Total Cost: 8.31
    Disabled: false
    Sort Key: 
      - "a: b"
      - "c \"d\""
    Workers: 
      - Worker Number: 0
        Actual Loops: 2
    Plans: 
      - Node Type: "Seq Scan"
        Filter: "(x = '# - :')"
        New Property: 12
  Settings: 
    work_mem: "64kB"
  Triggers: 
  Execution Time: 1.5
)PLAN";

constexpr std::string_view kXml = R"PLAN(<explain xmlns="http://www.postgresql.org/2009/explain">
  <Query>
    <Plan>
      <Node-Type>Sort</Node-Type>
      <Alias>1</Alias>
      <Plan-Rows>5</Plan-Rows>
      <Total-Cost>8.31</Total-Cost>
      <Disabled>false</Disabled>
      <Sort-Key>
        <Item>a: b</Item>
        <Item>c &quot;d&quot;</Item>
      </Sort-Key>
      <Workers>
        <Worker>
          <Worker-Number>0</Worker-Number>
          <Actual-Loops>2</Actual-Loops>
        </Worker>
      </Workers>
      <Plans>
        <Plan>
          <Node-Type>Seq Scan</Node-Type>
          <Filter>(x = '# - :')</Filter>
          <New-Property>12</New-Property>
        </Plan>
      </Plans>
    </Plan>
    <Settings>
      <work_mem>64kB</work_mem>
    </Settings>
    <Triggers>
    </Triggers>
    <Execution-Time>1.5</Execution-Time>
  </Query>
</explain>
)PLAN";

void expect_the_plan(const ReadResult& result) {
  ASSERT_THAT(result.diagnostics, IsEmpty());
  ASSERT_THAT(result.plans, SizeIs(1));
  const Plan& plan = result.plans[0];
  EXPECT_EQ(plan.execution_ms, 1.5);
  EXPECT_THAT(plan.settings, ElementsAre(Pair("work_mem", "64kB")));
  EXPECT_THAT(plan.triggers, IsEmpty());
  EXPECT_EQ(plan.root.type, "Sort");
  EXPECT_EQ(plan.root.alias, "1");
  EXPECT_EQ(plan.root.plan_rows, 5);
  EXPECT_EQ(plan.root.total_cost, 8.31);
  EXPECT_EQ(plan.root.detail("Sort Key"), "a: b, c \"d\"");
  ASSERT_THAT(plan.root.workers, SizeIs(1));
  EXPECT_EQ(plan.root.workers[0].loops, 2);
  ASSERT_THAT(plan.root.children, SizeIs(1));
  EXPECT_EQ(plan.root.children[0].type, "Seq Scan");
  EXPECT_THAT(plan.root.children[0].details, ElementsAre(Pair("Filter", "(x = '# - :')"), Pair("New Property", "12")));
}

TEST(ReadYaml, GivesTheTree) {
  expect_the_plan(read_yaml(kYaml));
  expect_the_plan(read_any(kYaml));
}

TEST(ReadXml, GivesTheTree) {
  expect_the_plan(read_xml(kXml));
  expect_the_plan(read_any(kXml));
}

/// As psql prints it: a heading, one cell, "+" where a line of it ends, padded to the widest.
std::string framed(std::string_view document) {
  std::string out = "  QUERY PLAN   \n---------------\n";
  while (!document.empty()) {
    const std::size_t end = document.find('\n');
    std::string line(document.substr(0, end));
    document.remove_prefix(end + 1);
    if (!document.empty()) {
      if (line.size() < 60) line.resize(60, ' ');
      line += '+';
    }
    out += " " + line + "\n";
  }
  return out + "(1 row)\n\n";
}

TEST(ReadYaml, TakesOffTheFrameOfPsql) {
  expect_the_plan(read_any(framed(kYaml)));
}

TEST(ReadXml, TakesOffTheFrameOfPsql) {
  expect_the_plan(read_any(framed(kXml)));
}

TEST(ReadYaml, SeveralPlansInARowAreAllRead) {
  EXPECT_THAT(read_any(std::string(kYaml) + std::string(kYaml)).plans, SizeIs(2));
}

TEST(ReadXml, SeveralPlansInARowAreAllRead) {
  EXPECT_THAT(read_any(std::string(kXml) + std::string(kXml)).plans, SizeIs(2));
}

TEST(ReadYaml, WhatStandsBeforeAFaultIsKept) {
  const ReadResult result = read_yaml("- Plan:\n    Node Type: \"Sort\"\n    what is this\n    Plan Rows: 7\n");
  ASSERT_THAT(result.plans, SizeIs(1));
  EXPECT_EQ(result.plans[0].root.type, "Sort");
  ASSERT_THAT(result.diagnostics, SizeIs(1));
  EXPECT_EQ(result.diagnostics[0].offset, 30u) << "the third line begins there";
  EXPECT_THAT(result.diagnostics[0].sentence, HasSubstr("a property and its value"));
}

TEST(ReadYaml, DeeperIndentationWithoutAKeyIsAFault) {
  const ReadResult result = read_yaml("- Plan:\n    Node Type: \"Sort\"\n        Plan Rows: 7\n");
  ASSERT_THAT(result.diagnostics, SizeIs(1));
  EXPECT_THAT(result.diagnostics[0].sentence, HasSubstr("indented deeper"));
}

TEST(ReadXml, TruncatedPlanIsReadAsFarAsItGoes) {
  const ReadResult result = read_xml(kXml.substr(0, kXml.find("<New-Property>")));
  ASSERT_THAT(result.plans, SizeIs(1));
  EXPECT_EQ(result.plans[0].root.children.at(0).detail("Filter"), "(x = '# - :')");
  ASSERT_THAT(result.diagnostics, SizeIs(1));
  EXPECT_THAT(result.diagnostics[0].sentence, HasSubstr("not XML here"));
}

TEST(ReadXml, OtherXmlSaysThatItIsNoPlan) {
  const ReadResult result = read_any("<html><body>502</body></html>");
  EXPECT_THAT(result.plans, IsEmpty());
  ASSERT_THAT(result.diagnostics, SizeIs(1));
  EXPECT_THAT(result.diagnostics[0].sentence, HasSubstr("no <explain> in it"));
}

TEST(ReadXml, EntitiesOfADocumentTypeAreNotExpanded) {
  const ReadResult result = read_xml(
      "<!DOCTYPE x [<!ENTITY a "
      "'aaaaaaaaaa'>]><explain><Query><Plan><Node-Type>&a;</Node-Type></Plan></Query></explain>");
  ASSERT_THAT(result.plans, SizeIs(1));
  EXPECT_EQ(result.plans[0].root.type, "&a;");
}

TEST(ReadYaml, TenThousandLevelsAreCutWithASentence) {
  std::string deep = "Plan:\n";
  for (int level = 1; level <= 10'000; ++level) deep += std::string(static_cast<std::size_t>(level), ' ') + "Plans:\n";
  EXPECT_THAT(read_yaml(deep).diagnostics, SizeIs(testing::Ge(1u)));
}

TEST(ReadXml, TenThousandLevelsAreCutWithASentence) {
  std::string deep = "<explain><Query>";
  for (int level = 0; level < 10'000; ++level) deep += "<Plan><Node-Type>Append</Node-Type><Plans>";
  const ReadResult result = read_xml(deep);
  ASSERT_THAT(result.plans, SizeIs(1));
  EXPECT_THAT(result.diagnostics.at(0).sentence, HasSubstr("500 levels"));
}

TEST(ReadAny, NumbersThatAreNoneStayText) {
  const ReadResult result =
      read_yaml("Plan:\n  Node Type: \"Scan\"\n  Plan Rows: NaN\n  Total Cost: 9223372036854775808\n");
  ASSERT_THAT(result.plans, SizeIs(1));
  EXPECT_EQ(result.plans[0].root.detail("Plan Rows"), "NaN");
  EXPECT_EQ(result.plans[0].root.total_cost, 9223372036854775808.0);
}

}  // namespace
}  // namespace quell::plan
