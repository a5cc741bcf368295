#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "analyzer/report/report.hpp"
#include "tests/unit/report/sample_report.hpp"

namespace quell::report {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

/// The lines that are Markdown: everything outside fenced blocks.
std::vector<std::string> lines_outside_blocks(const std::string& markdown) {
  std::vector<std::string> out;
  std::istringstream lines(markdown);
  std::string fence;
  for (std::string line; std::getline(lines, line);) {
    const std::string ticks = line.substr(0, line.find_first_not_of('`'));
    if (!fence.empty()) {
      // CommonMark: closed by a line of at least as many backticks and nothing else.
      if (ticks.size() >= fence.size() && ticks.size() == line.size()) fence.clear();
    } else if (ticks.size() >= 3) {
      fence = ticks;
    } else {
      out.push_back(line);
    }
  }
  EXPECT_EQ(fence, "") << "a block is left open";
  return out;
}

TEST(MarkdownReport, ShowsFindingsWithProofCostAndAdvice) {
  EXPECT_THAT(render_markdown(test::shop_report(), {}),
              AllOf(StartsWith("## Quell: 2 findings \\(1 high, 1 low\\), worth 230 round trips and 50.9 ms"),
                    HasSubstr("### 1. N+1, proved: `GET /books` (high)\n"),
                    HasSubstr("- 20 executions in one request, 20 distinct values, all 20 from books.publisher\\_id\n"),
                    HasSubstr("- child at `shop/publishers.cpp:17 publisher_of`\n"),
                    HasSubstr("```cpp\nco_await load_selectin(books, kPublisher);\n```\n"),
                    HasSubstr("identity 00000000000000aa"),
                    HasSubstr("cost 2,473 before, 107.2 after, over the trace; what-if cost by HypoPG")));
}

TEST(MarkdownReport, HidesValuesUnlessTold) {
  EXPECT_THAT(render_markdown(test::shop_report(), {}), Not(HasSubstr("Winter Gardens")));
  RenderParams params;
  params.show_values = true;
  EXPECT_THAT(render_markdown(test::shop_report(), params), HasSubstr("Winter Gardens"));
}

TEST(MarkdownReport, GivesHostileTextNoWayOut) {
  RenderParams params;
  params.explain_silence = true;
  params.show_values = true;
  for (const std::string& line : lines_outside_blocks(render_markdown(test::hostile_report(), params))) {
    EXPECT_THAT(line, Not(StartsWith("# head"))) << "a heading of the text";
    // What is left outside code spans must be inert.
    std::string outside;
    for (std::size_t i = 0; i < line.size();) {
      const std::size_t run = line[i] == '`' ? std::min(line.find_first_not_of('`', i), line.size()) - i : 0;
      if (run == 0 || (i > 0 && line[i - 1] == '\\')) {
        outside += line[i++];
        continue;
      }
      std::size_t close = i + run;
      for (;;) {
        close = line.find(std::string(run, '`'), close);
        ASSERT_NE(close, std::string::npos) << "a code span is left open: " << line;
        const std::size_t end = std::min(line.find_first_not_of('`', close), line.size());
        if (end - close == run) break;
        close = end;
      }
      i = close + run;
    }
    EXPECT_THAT(outside, AllOf(Not(HasSubstr("<script")), Not(HasSubstr("@octo")), Not(HasSubstr("#12")),
                               Not(HasSubstr("https://")), Not(HasSubstr("www.evil"))));
  }
}

TEST(MarkdownReport, FitsIntoACommentAndSaysWhatItLeftOut) {
  Report report = test::shop_report();
  report.findings.assign(500, report.findings[0]);
  report.examples.assign(500, {});
  const std::string out = render_markdown(report, {});
  EXPECT_LE(out.size(), 60'000U);
  EXPECT_THAT(out, HasSubstr("sections left out to fit into a comment. All of it: `quell report shop.qtr`\n"));
  EXPECT_THAT(out, HasSubstr("### 1. N+1")) << "what costs most comes first";
}

TEST(MarkdownReport, IsNotUsedUpByOneHugeStatement) {
  Report report = test::shop_report();
  report.statements[0].text = "SELECT " + std::string(1'000'000, 'x');
  report.findings[1].scope_name = std::string(100'000, 'y');
  const std::string out = render_markdown(report, {});
  EXPECT_LE(out.size(), 60'000U);
  EXPECT_THAT(out, HasSubstr("### 2. duplicate query"));
  EXPECT_THAT(out, Not(HasSubstr("left out")));
}

TEST(MarkdownReport, SaysWhatWasCheckedWhereThereIsNothingToReport) {
  EXPECT_THAT(render_markdown(test::quiet_report(), {}),
              AllOf(StartsWith("## Quell: No findings.\n\nChecked 0 executions"), HasSubstr("complete: 0 queries")));
}

}  // namespace
}  // namespace quell::report
