#include <gtest/gtest.h>

#include <QAction>
#include <QClipboard>
#include <QLabel>
#include <QLineEdit>
#include <QMenu>
#include <QMenuBar>
#include <QProgressBar>
#include <QPushButton>
#include <QSignalSpy>
#include <QTabWidget>
#include <QTest>
#include <QTreeView>
#include <semaphore>
#include <set>
#include <stdexcept>

#include "gui/view/filter_bar.hpp"
#include "gui/view/findings_list.hpp"
#include "gui/view/inspector.hpp"
#include "gui/view/main_window.hpp"
#include "gui/view/plan_view.hpp"
#include "gui/view/state_pages.hpp"
#include "gui/view/tables.hpp"
#include "gui/view/timeline.hpp"
#include "tests/unit/gui/sample_session.hpp"

namespace quell::gui {
namespace {

/// The real window over the sample trace. The keyboard goes to whatever has the focus, as a user's does.
class Window : public testing::Test {
 protected:
  void SetUp() override {
    window_.show();
    window_.open_trace(QStringLiteral("blog.qtr"));
    ASSERT_TRUE(QTest::qWaitForWindowActive(&window_));
    ASSERT_TRUE(settle());
  }

  bool settle() {
    return QTest::qWaitFor([this] { return window_.settled(); }, 5'000);
  }
  static void press(Qt::Key key, Qt::KeyboardModifiers modifiers = Qt::NoModifier) {
    auto* focus = QApplication::focusWidget();
    ASSERT_NE(focus, nullptr);
    QTest::keyClick(focus, key, modifiers);
    QCoreApplication::processEvents();
  }
  [[nodiscard]] std::size_t shown_queries() const { return window_.query_model().order().size(); }
  [[nodiscard]] bool inspector_says(const QString& part) const {
    for (const auto* label : window_.inspector()->findChildren<QLabel*>())
      if (label->isVisible() && label->text().contains(part)) return true;
    return false;
  }

  MainWindow window_{[](const std::string&, const LoadObserver&) { return sample::shared_session(); }};
};

TEST_F(Window, JAndEnterLeadFromTheFindingToItsWorstScope) {
  press(Qt::Key_J);
  EXPECT_TRUE(inspector_says(QStringLiteral("N+1 queries in GET /posts")));
  EXPECT_EQ(shown_queries(), sample::kQueries) << "selecting alone does not filter";

  press(Qt::Key_Return);
  ASSERT_TRUE(settle());
  EXPECT_EQ(shown_queries(), 126U);
  const auto& scope = window_.session()->scopes[2];  // the finding's example scope
  EXPECT_LE(window_.timeline()->visible_range().begin, scope.begin);
  EXPECT_GE(window_.timeline()->visible_range().end, scope.end);
  EXPECT_LT(window_.timeline()->visible_range().length(), 2 * (scope.end - scope.begin));
}

TEST_F(Window, TwoKeysLeadToThePlanOfAFinding) {
  press(Qt::Key_J);
  press(Qt::Key_E);
  auto* tree = window_.inspector()->plan_view()->tree();
  ASSERT_TRUE(tree->isVisible());
  EXPECT_EQ(tree->model()->index(0, 0).data().toString(), QStringLiteral("Index Scan using users_pkey on users"));
}

TEST_F(Window, PlanViewSaysWhatIsWrongWithThePlan) {
  PlanView view;
  view.resize(420, 500);
  view.show_statement(window_.session(), sample::kComments);
  const auto* words = view.findChild<QLabel*>(QStringLiteral("insights"));
  ASSERT_TRUE(words != nullptr && !words->isHidden());
  EXPECT_TRUE(words->text().startsWith(QStringLiteral("\u25cf 96\u00a0% Seq Scan on comments reads the whole table")))
      << words->text().toStdString();
  view.show_statement(window_.session(), sample::kAuthor);
  EXPECT_TRUE(words->isHidden()) << "nothing is wrong with that one";
}

TEST_F(Window, KGoesBackAndBothStopAtTheEnds) {
  press(Qt::Key_J);
  press(Qt::Key_J);
  press(Qt::Key_J);
  EXPECT_EQ(window_.findings()->currentIndex().row(), 1);
  press(Qt::Key_K);
  press(Qt::Key_K);
  EXPECT_EQ(window_.findings()->currentIndex().row(), 0);
}

TEST_F(Window, NumbersShowTheTables) {
  press(Qt::Key_2);
  EXPECT_EQ(window_.tabs()->currentIndex(), MainWindow::kQueries);
  press(Qt::Key_3);
  EXPECT_EQ(window_.tabs()->currentIndex(), MainWindow::kScopes);
  press(Qt::Key_1);
  EXPECT_EQ(window_.tabs()->currentIndex(), MainWindow::kStatements);
}

TEST_F(Window, ShowingATableSelectsNothing) {
  press(Qt::Key_J);
  press(Qt::Key_2);
  EXPECT_TRUE(inspector_says(QStringLiteral("N+1 queries in GET /posts")));
}

TEST_F(Window, SearchingFiltersAndLettersGoIntoTheField) {
  press(Qt::Key_F, Qt::ControlModifier);
  ASSERT_EQ(QApplication::focusWidget(), window_.filter_bar()->search_field());
  QTest::keyClicks(QApplication::focusWidget(), QStringLiteral("jk comments"));
  EXPECT_EQ(window_.filter_bar()->search_field()->text(), QStringLiteral("jk comments"));
  EXPECT_FALSE(window_.findings()->selectionModel()->hasSelection());
  window_.filter_bar()->search_field()->setText(QStringLiteral("comments"));
  ASSERT_TRUE(QTest::qWaitFor([this] { return shown_queries() == 10; }, 2'000));
}

TEST_F(Window, EscapeRemovesTheLastPartOfTheFilterAndBackBringsItBack) {
  press(Qt::Key_J);
  press(Qt::Key_Return);
  ASSERT_TRUE(settle());
  press(Qt::Key_Escape);
  ASSERT_TRUE(settle());
  EXPECT_EQ(shown_queries(), sample::kQueries);
  press(Qt::Key_Left, Qt::AltModifier);
  ASSERT_TRUE(settle());
  EXPECT_EQ(shown_queries(), 126U);
  press(Qt::Key_Right, Qt::AltModifier);
  ASSERT_TRUE(settle());
  EXPECT_EQ(shown_queries(), sample::kQueries);
}

TEST_F(Window, EnterOnAStatementShowsItsQueries) {
  press(Qt::Key_1);
  press(Qt::Key_Down);
  press(Qt::Key_Up);
  press(Qt::Key_Return);  // the costliest: 10 loads of comments
  ASSERT_TRUE(settle());
  EXPECT_EQ(window_.tabs()->currentIndex(), MainWindow::kQueries);
  EXPECT_EQ(shown_queries(), 10U);
}

TEST_F(Window, SelectingAQueryShowsItsBindsAndStackEverywhereOnce) {
  const QSignalSpy echoes(window_.timeline(), &Timeline::query_selected);
  press(Qt::Key_2);
  press(Qt::Key_Down);
  press(Qt::Key_Down);
  press(Qt::Key_B);
  EXPECT_TRUE(inspector_says(QStringLiteral("blog/render.cpp:88")));
  EXPECT_EQ(echoes.count(), 0) << "the timeline must not answer a selection with a selection";
}

TEST_F(Window, AClickOnABarSelectsItsQuery) {
  press(Qt::Key_J);
  press(Qt::Key_Return);
  ASSERT_TRUE(settle());
  auto* timeline = window_.timeline();
  const auto lane = timeline->lane_rect(0);
  ASSERT_FALSE(lane.isEmpty());
  const QSignalSpy selected(timeline, &Timeline::query_selected);
  // The example scope starts with its list query of 0.9 ms: a twelfth of the scope into the view, and a bit.
  const TimeScale scale(timeline->visible_range(), lane.width());
  const auto& session = *window_.session();
  const auto first = session.report.findings[0].example_queries[0];
  const auto x = lane.left() + static_cast<int>(scale.x_of(session.queries.start[first] + 450'000));
  QTest::mouseClick(timeline->viewport(), Qt::LeftButton, {}, {x, lane.center().y()});
  ASSERT_EQ(selected.count(), 1);
  EXPECT_EQ(selected[0][0].toUInt(), first);
}

TEST_F(Window, DraggingSelectsARangeWithItsStatistics) {
  auto* timeline = window_.timeline();
  const auto lane = timeline->lane_rect(0);
  const QPoint from(lane.left() + 5, lane.center().y());
  QTest::mousePress(timeline->viewport(), Qt::LeftButton, {}, from);
  QTest::mouseMove(timeline->viewport(), {lane.right() - 5, lane.center().y()});
  QTest::mouseRelease(timeline->viewport(), Qt::LeftButton, {}, {lane.right() - 5, lane.center().y()});
  ASSERT_TRUE(timeline->selected_range().has_value());
  bool shown = false;
  for (const auto* label : window_.findChildren<QLabel*>())
    shown = shown || label->text().contains(QStringLiteral("p95"));
  EXPECT_TRUE(shown);
}

TEST_F(Window, ZoomAndPanKeysWorkFromAnyPane) {
  const auto whole = window_.timeline()->visible_range();
  press(Qt::Key_W);
  const auto closer = window_.timeline()->visible_range();
  EXPECT_LT(closer.length(), whole.length());
  press(Qt::Key_D);
  EXPECT_GT(window_.timeline()->visible_range().begin, closer.begin);
  press(Qt::Key_0);
  EXPECT_EQ(window_.timeline()->visible_range(), whole);
}

TEST_F(Window, MarkdownOfTheFindingGoesToTheClipboard) {
  press(Qt::Key_J);
  press(Qt::Key_C, Qt::ControlModifier | Qt::ShiftModifier);
  EXPECT_TRUE(QApplication::clipboard()->text().startsWith(QStringLiteral("### N+1 queries in `GET /posts`")));
}

TEST_F(Window, EveryActionHasAKeyOfItsOwn) {
  std::set<QString> keys;
  for (const auto* title : window_.menuBar()->actions()) {
    for (const auto* action : title->menu()->actions()) {
      if (action->isSeparator() || action->isCheckable()) continue;  // the panels' own check boxes
      ASSERT_FALSE(action->shortcut().isEmpty()) << action->text().toStdString();
      EXPECT_TRUE(keys.insert(action->shortcut().toString()).second) << action->text().toStdString();
    }
  }
  EXPECT_GT(keys.size(), 20U);
}

TEST_F(Window, EveryWidgetThatTakesTheFocusHasAName) {
  press(Qt::Key_J);
  press(Qt::Key_Return);
  ASSERT_TRUE(settle());
  for (int page = 0; page < 3; ++page) {
    window_.inspector()->setCurrentIndex(page);
    QCoreApplication::processEvents();
    for (const auto* widget : window_.findChildren<QWidget*>()) {
      if (!widget->isVisible() || !(widget->focusPolicy() & Qt::TabFocus)) continue;
      EXPECT_FALSE(widget->accessibleName().isEmpty())
          << widget->metaObject()->className() << " " << widget->objectName().toStdString();
    }
  }
}

TEST(WindowStates, WithoutATraceItSaysHowToGetOne) {
  MainWindow window([](const std::string&, const LoadObserver&) { return sample::shared_session(); });
  window.show();
  auto* page = window.findChild<EmptyPage*>();
  ASSERT_TRUE(page->isVisible());
  EXPECT_FALSE(window.findings()->isVisible());
}

TEST(WindowStates, AFailedLoadShowsTheSentence) {
  MainWindow window([](const std::string&, const LoadObserver&) -> SessionPtr {
    throw std::runtime_error("x.qtr is not a Quell trace");
  });
  window.show();
  const QSignalSpy failed(&window, &MainWindow::load_failed);
  window.open_trace(QStringLiteral("x.qtr"));
  ASSERT_TRUE(QTest::qWaitFor([&] { return failed.count() == 1; }));
  auto* page = window.findChild<ErrorPage*>();
  ASSERT_TRUE(page->isVisible());
  bool shown = false;
  for (const auto* label : page->findChildren<QLabel*>())
    shown = shown || label->text() == QStringLiteral("x.qtr is not a Quell trace");
  EXPECT_TRUE(shown);
}

TEST(WindowStates, CancelLeavesAnEmptyWindow) {
  std::binary_semaphore go_on(0);
  MainWindow window([&](const std::string&, const LoadObserver& observer) -> SessionPtr {
    observer.progress(512, 1'024);
    go_on.acquire();
    return sample::shared_session();
  });
  window.show();
  window.open_trace(QStringLiteral("blog.qtr"));
  auto* page = window.findChild<LoadingPage*>();
  ASSERT_TRUE(page->isVisible());
  ASSERT_TRUE(QTest::qWaitFor([&] { return page->findChild<QProgressBar*>()->value() == 500; }));
  page->findChild<QPushButton*>()->click();
  EXPECT_TRUE(window.findChild<EmptyPage*>()->isVisible());
  go_on.release();
  QTest::qWait(50);
  EXPECT_TRUE(window.findChild<EmptyPage*>()->isVisible());
  EXPECT_EQ(window.session(), nullptr);
}

TEST(WindowStates, AnIncompleteTraceHasABannerAndNoFindingsAreExplained) {
  auto session = sample::make_session();
  session.report.findings.clear();
  session.report.trace.lost[static_cast<std::size_t>(trace::EventKind::query)] = 3;
  const auto shared = std::make_shared<const Session>(std::move(session));
  MainWindow window([&](const std::string&, const LoadObserver&) { return shared; });
  window.show();
  window.open_trace(QStringLiteral("blog.qtr"));
  ASSERT_TRUE(QTest::qWaitFor([&] { return window.settled(); }));
  bool banner = false;
  for (const auto* label : window.findChildren<QLabel*>())
    banner = banner || (label->isVisible() && label->text().contains(QStringLiteral("dropped 3 events")));
  EXPECT_TRUE(banner);
  EXPECT_EQ(window.findings()->model()->rowCount(), 0);
}

TEST(WindowStates, MayCloseAtAnyMomentOfLoading) {
  for (int round = 0; round < 40; ++round) {
    MainWindow window([](const std::string&, const LoadObserver& observer) {
      for (std::uint64_t i = 0; i < 20; ++i)
        if (!observer.progress(i, 20)) throw std::runtime_error("cancelled");
      return sample::shared_session();
    });
    window.show();
    window.open_trace(QStringLiteral("blog.qtr"));
    for (int pass = 0; pass < round % 4; ++pass) QCoreApplication::processEvents();
    window.close();
  }
}

}  // namespace
}  // namespace quell::gui
