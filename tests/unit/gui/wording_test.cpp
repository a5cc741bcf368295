#include "gui/model/wording.hpp"

#include <gtest/gtest.h>

#include "tests/unit/gui/sample_session.hpp"

namespace quell::gui {
namespace {

std::string text(const QString& string) {
  return string.toStdString();
}

TEST(Wording, DurationsHaveThreeDigitsAndTheFittingUnit) {
  EXPECT_EQ(text(format_duration(0)), "0 ns");
  EXPECT_EQ(text(format_duration(850)), "850 ns");
  EXPECT_EQ(text(format_duration(12'345)), "12.3 µs");
  EXPECT_EQ(text(format_duration(4'100'000)), "4.10 ms");
  EXPECT_EQ(text(format_duration(999'600)), "1.00 ms");
  EXPECT_EQ(text(format_duration(1'250'000'000)), "1.25 s");
  EXPECT_EQ(text(format_duration(3'600e9)), "3,600 s");
}

TEST(Wording, CountsAreGroupedAndNounsFollowThem) {
  EXPECT_EQ(text(format_count(1'204'331)), "1,204,331");
  EXPECT_EQ(text(format_counted(1, "row")), "1 row");
  EXPECT_EQ(text(format_counted(0, "row")), "0 rows");
  EXPECT_EQ(text(format_counted(2, "query", "queries")), "2 queries");
}

TEST(Wording, BytesUseBinaryUnits) {
  EXPECT_EQ(text(format_bytes(1'023)), "1,023 B");
  EXPECT_EQ(text(format_bytes(12 * 1'024)), "12.0 KiB");
  EXPECT_EQ(text(format_bytes(3 * 1'024 * 1'024 / 2)), "1.50 MiB");
}

TEST(Wording, AnInstantShowsAsManyDigitsAsTheStepNeeds) {
  EXPECT_EQ(text(format_instant(1'500'000'000, 500'000'000)), "1.5 s");
  EXPECT_EQ(text(format_instant(61'000'000, 1'000'000)), "0.061 s");
  EXPECT_EQ(text(format_instant(61'000'500, 500)), "61,000.5 µs");
}

TEST(Wording, AProofNamesTheColumnAndTheShare) {
  const auto& finding = sample::shared_session()->report.findings[0];
  EXPECT_EQ(text(confidence_sentence(finding)),
            "Proved: 20 of 20 executions were given a value read from posts.author_id.");
}

TEST(Wording, AFindingSaysWhatRanHowOftenAndWhere) {
  const auto& session = *sample::shared_session();
  EXPECT_EQ(
      text(finding_sentence(session.report.findings[0], session)),
      "SELECT id, name, email FROM users WHERE id = $1 ran 20 times in one GET /posts, with 20 different values.");
  EXPECT_EQ(text(finding_sentence(session.report.findings[1], session)),
            "SELECT t.id, t.label FROM tags t WHERE t.visible ORDER BY t.label ran 3 times in one GET /tags, with the "
            "same values each time.");
}

TEST(Wording, TheSavingIsRoundTripsAndTime) {
  EXPECT_EQ(text(saving_of(sample::shared_session()->report.findings[0])), "saves 19 round trips, 4.31 ms");
  EXPECT_EQ(text(saving_of(detect::Finding())), "");
}

TEST(Wording, MarkdownHoldsSitesAdviceAndIdentity) {
  const auto& session = *sample::shared_session();
  const auto markdown = text(finding_markdown(session.report.findings[0], session));
  EXPECT_NE(markdown.find("### N+1 queries in `GET /posts` (high, proved)"), std::string::npos);
  EXPECT_NE(markdown.find("- child: `blog/render.cpp:88  render_author`"), std::string::npos);
  EXPECT_NE(markdown.find("selectin(connection, posts, &Post::author)"), std::string::npos);
  EXPECT_NE(markdown.find("Finding `5f1e0c9a77d04b31`"), std::string::npos);
}

TEST(Wording, ACompleteTraceNeedsNoWarning) {
  trace::Summary summary;
  summary.closed = true;
  EXPECT_EQ(text(incompleteness_of(summary)), "");
}

TEST(Wording, AWarningSaysWhatIsMissingAndWhatItMeans) {
  trace::Summary summary;
  summary.closed = true;
  summary.lost[static_cast<std::size_t>(trace::EventKind::query)] = 3;
  EXPECT_EQ(text(incompleteness_of(summary)),
            "This trace is incomplete: the recorder dropped 3 events, so counts are lower bounds.");
  summary.lost = {};
  summary.damage = {{trace::Damage::Kind::torn_tail, 100, 12 * 1024, "torn"}};
  EXPECT_EQ(text(incompleteness_of(summary)),
            "This trace is incomplete: 12.0 KiB could not be read (the file ends inside a block).");
  summary.damage.clear();
  summary.closed = false;
  EXPECT_EQ(text(incompleteness_of(summary)),
            "This trace is incomplete: its writer has not closed it: the program is still running, or was killed.");
}

TEST(Wording, PercentilesAreNearestRank) {
  std::vector<float> durations{50, 10, 20, 40, 30};
  const auto distribution = distribution_of(durations);
  EXPECT_EQ(distribution.count, 5U);
  EXPECT_DOUBLE_EQ(distribution.sum, 150);
  EXPECT_DOUBLE_EQ(distribution.min, 10);
  EXPECT_DOUBLE_EQ(distribution.p50, 30);  // rank ceil(0.5 × 5) = 3
  EXPECT_DOUBLE_EQ(distribution.p95, 50);  // rank ceil(0.95 × 5) = 5
  EXPECT_DOUBLE_EQ(distribution.max, 50);
}

}  // namespace
}  // namespace quell::gui
