#include <gtest/gtest.h>

#include <QAbstractItemModelTester>
#include <QSignalSpy>
#include <QTest>

#include "gui/model/finding_model.hpp"
#include "gui/model/plan_model.hpp"
#include "gui/model/query_model.hpp"
#include "gui/model/summary_models.hpp"
#include "tests/unit/gui/sample_session.hpp"

namespace quell::gui {
namespace {

// QAbstractItemModelTester in fatal mode ends the program at the first broken promise of a model.
constexpr auto kFatal = QAbstractItemModelTester::FailureReportingMode::Fatal;

std::string cell(const QAbstractItemModel& model, int row, int column) {
  return model.index(row, column).data().toString().toStdString();
}

bool settle(const QueryModel& model) {
  return QTest::qWaitFor([&] { return model.settled(); }, 5'000);
}

TEST(FindingModel, KeepsTheModelContractThroughFillAndClear) {
  FindingModel model;
  const QAbstractItemModelTester tester(&model, kFatal);
  EXPECT_EQ(model.rowCount(), 0);
  model.set_session(sample::shared_session());
  EXPECT_EQ(model.rowCount(), 2);
  model.set_session({});
  EXPECT_EQ(model.rowCount(), 0);
}

TEST(FindingModel, ARowIsASentenceForScreenReaders) {
  FindingModel model;
  model.set_session(sample::shared_session());
  EXPECT_EQ(cell(model, 0, 0), "high severity, N+1 queries in GET /posts, proved, saves 19 round trips, 4.31 ms");
}

TEST(FindingModel, TheSiteIsWhereTheChildIsExecuted) {
  FindingModel model;
  model.set_session(sample::shared_session());
  EXPECT_EQ(model.index(0, 0).data(FindingModel::kSite).toString().toStdString(), "blog/render.cpp:88");
}

TEST(FindingModel, TwoFindingsOfOneScopeDifferByTheirRelation) {
  FindingModel model;
  model.set_session(sample::shared_session());
  EXPECT_EQ(model.index(0, 0).data(FindingModel::kRelation).toString().toStdString(), "posts.author_id → users.id");
  EXPECT_EQ(model.index(1, 0).data(FindingModel::kRelation).toString().toStdString(),
            "SELECT t.id, t.label FROM tags t WHERE t.visible ORDER BY t.label");
}

TEST(StatementModel, KeepsTheModelContractUnderSortingAndFiltering) {
  StatementModel model;
  MarkedRows rows;
  rows.setSourceModel(&model);
  const QAbstractItemModelTester tester(&model, kFatal);
  const QAbstractItemModelTester proxy_tester(&rows, kFatal);
  model.set_session(sample::shared_session());
  rows.sort(StatementModel::kTotal, Qt::DescendingOrder);
  rows.set_marks({true, false, true, false, false, false, false, false, false});
  EXPECT_EQ(rows.rowCount(), 2);
  rows.set_marks({});
  EXPECT_EQ(rows.rowCount(), 9);
  model.set_session({});
}

TEST(StatementModel, NumbersSortAsNumbers) {
  StatementModel model;
  MarkedRows rows;
  rows.setSourceModel(&model);
  model.set_session(sample::shared_session());
  rows.sort(StatementModel::kExecutions, Qt::DescendingOrder);
  EXPECT_EQ(cell(rows, 0, StatementModel::kExecutions), "120");  // as text "6" would come first
  EXPECT_EQ(cell(rows, 1, StatementModel::kExecutions), "12");
}

TEST(StatementModel, AStatementWearsTheFindingsItIsTheChildOf) {
  StatementModel model;
  model.set_session(sample::shared_session());
  EXPECT_EQ(cell(model, sample::kAuthor, StatementModel::kFinding), "N+1 queries");
  EXPECT_EQ(cell(model, sample::kList, StatementModel::kFinding), "–");
}

TEST(ScopeModel, KeepsTheModelContractAndCountsFindings) {
  ScopeModel model;
  const QAbstractItemModelTester tester(&model, kFatal);
  model.set_session(sample::shared_session());
  ASSERT_EQ(model.rowCount(), 4);
  EXPECT_EQ(cell(model, 0, ScopeModel::kName), "GET /posts");
  EXPECT_EQ(cell(model, 0, ScopeModel::kQueries), "21");
  EXPECT_EQ(cell(model, 0, ScopeModel::kFindings), "1");
  EXPECT_EQ(cell(model, 1, ScopeModel::kFindings), "–");
}

TEST(QueryModel, KeepsTheModelContractThroughLoadFilterSortAndClear) {
  QueryModel model;
  const QAbstractItemModelTester tester(&model, kFatal);
  model.set_session(sample::shared_session());
  ASSERT_TRUE(settle(model));
  EXPECT_EQ(model.rowCount(), static_cast<int>(sample::kQueries));
  Filter filter;
  filter.scope_name = sample::kGetTags;
  model.set_filter(filter);
  ASSERT_TRUE(settle(model));
  EXPECT_EQ(model.rowCount(), 12);
  model.sort(static_cast<int>(QueryColumn::duration), Qt::DescendingOrder);
  ASSERT_TRUE(settle(model));
  EXPECT_EQ(model.rowCount(), 12);
  model.set_session({});
  EXPECT_EQ(model.rowCount(), 0);
}

TEST(QueryModel, CellsShowTheExecution) {
  QueryModel model;
  model.set_session(sample::shared_session());
  ASSERT_TRUE(settle(model));
  // Row 2: the first list request, after the two queries outside any scope.
  EXPECT_EQ(cell(model, 2, static_cast<int>(QueryColumn::scope)), "GET /posts");
  EXPECT_EQ(cell(model, 2, static_cast<int>(QueryColumn::duration)), "900 µs");
  EXPECT_EQ(cell(model, 2, static_cast<int>(QueryColumn::rows)), "20");
  EXPECT_EQ(cell(model, 2, static_cast<int>(QueryColumn::kind)), "read");
  EXPECT_EQ(cell(model, 0, static_cast<int>(QueryColumn::scope)), "–");
}

TEST(QueryModel, OnlyTheLastOfSeveralRequestsTakesEffect) {
  QueryModel model;
  model.set_session(sample::shared_session());
  ASSERT_TRUE(settle(model));
  const QSignalSpy reordered(&model, &QueryModel::reordered);
  Filter filter;
  for (const std::uint32_t statement : {sample::kList, sample::kTag, sample::kInsert}) {
    filter.statement = statement;
    model.set_filter(filter);
  }
  ASSERT_TRUE(settle(model));
  EXPECT_EQ(model.rowCount(), 3);
  EXPECT_EQ(reordered.count(), 1);
}

TEST(QueryModel, MayDieWhileItSorts) {
  const auto session = std::make_shared<const Session>(sample::make_long_session(200'000));
  for (int round = 0; round < 20; ++round) {
    QueryModel model;
    model.set_session(session);
    model.sort(static_cast<int>(QueryColumn::duration), Qt::DescendingOrder);
    QCoreApplication::processEvents();
  }
}

TEST(PlanModel, KeepsTheModelContractAndTheShapeOfThePlan) {
  PlanModel model;
  const QAbstractItemModelTester tester(&model, kFatal);
  EXPECT_EQ(model.rowCount(), 0);
  model.set_plan(&sample::shared_session()->plan_of(sample::kComments)->run.plan);
  ASSERT_EQ(model.rowCount(), 1);
  const auto root = model.index(0, PlanModel::kNode);
  EXPECT_EQ(root.data().toString(), QStringLiteral("Sort"));
  ASSERT_EQ(model.rowCount(root), 1);
  const auto scan = model.index(0, PlanModel::kNode, root);
  EXPECT_EQ(scan.data().toString(), QStringLiteral("Seq Scan on comments"));
  EXPECT_EQ(model.parent(scan), root);
  model.set_plan(nullptr);
  EXPECT_EQ(model.rowCount(), 0);
}

TEST(PlanModel, TheBarIsTheSelfTimeAsAShareOfTheWhole) {
  PlanModel model;
  model.set_plan(&sample::shared_session()->plan_of(sample::kComments)->run.plan);
  const auto root = model.index(0, PlanModel::kSelf);
  const auto scan = model.index(0, PlanModel::kSelf, model.index(0, 0));
  EXPECT_NEAR(root.data(PlanModel::kShareRole).toDouble(), 0.1 / 4.0, 1e-9);
  EXPECT_NEAR(scan.data(PlanModel::kShareRole).toDouble(), 3.9 / 4.0, 1e-9);
}

TEST(PlanModel, AnEstimateThatIsFarOffIsSaid) {
  PlanModel model;
  model.set_plan(&sample::shared_session()->plan_of(sample::kComments)->run.plan);
  // 2 rows expected, 35 came: off by 17.5.
  EXPECT_EQ(model.index(0, PlanModel::kRows).data().toString().toStdString(), "2 → 35  off ×10");
}

TEST(PlanModel, TotalsOfLoopsAreSpeltOut) {
  plan::Node node;
  node.type = "Index Scan";
  node.analyzed = true;
  node.actual_total_ms = 0.02;
  node.loops = 50;
  EXPECT_NE(node_details(node).toStdString().find("Total 1.00 ms = 20.0 µs a loop × 50"), std::string::npos);
}

TEST(VisibleRows, AreThoseWithAQueryThatPasses) {
  const auto& session = *sample::shared_session();
  Filter filter;
  filter.scope_name = sample::kPostPosts;
  const auto rows = visible_rows(session, filter, order_queries(session, {filter, QueryColumn::start, false}));
  EXPECT_EQ(rows.statements, (std::vector<bool>{false, false, false, false, false, true, true, true, false}));
  EXPECT_EQ(rows.scopes, (std::vector<bool>{false, false, false, true}));
  EXPECT_TRUE(visible_rows(session, {}, {}).statements.empty());
}

}  // namespace
}  // namespace quell::gui
