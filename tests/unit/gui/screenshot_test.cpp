// What a window looks like, as far as a program can judge it: contrast, filled panes, bars where the lanes are.
#include <gtest/gtest.h>

#include <QApplication>
#include <QImage>
#include <QTest>
#include <set>

#include "gui/view/findings_list.hpp"
#include "gui/view/inspector.hpp"
#include "gui/view/main_window.hpp"
#include "gui/view/theme.hpp"
#include "gui/view/timeline.hpp"
#include "tests/unit/gui/sample_session.hpp"

namespace quell::gui {
namespace {

class Screenshot : public testing::TestWithParam<ThemeChoice> {
 protected:
  void SetUp() override { apply_theme(*qApp, GetParam()); }
  void TearDown() override { apply_theme(*qApp, ThemeChoice::light); }

  static QImage draw(MainWindow& window) {
    window.show();
    window.open_trace(QStringLiteral("blog.qtr"));
    EXPECT_TRUE(QTest::qWaitFor([&] { return window.settled(); }));
    window.jump_to_finding(0);
    EXPECT_TRUE(QTest::qWaitFor([&] { return window.settled(); }));
    QCoreApplication::processEvents();
    return window.grab().toImage().convertToFormat(QImage::Format_RGB32);
  }
  static std::set<QRgb> colours(const QImage& image, const QRect& area) {
    std::set<QRgb> found;
    for (int y = area.top(); y <= area.bottom(); ++y)
      for (int x = area.left(); x <= area.right(); ++x) found.insert(image.pixel(x, y));
    return found;
  }
  static QRect place_of(const QWidget& widget, const MainWindow& window) {
    return {widget.mapTo(&window, QPoint(0, 0)), widget.size()};
  }

  static SessionPtr sample_session(const std::string&, const LoadObserver&) { return sample::shared_session(); }
};

TEST_P(Screenshot, EveryPaneShowsSomething) {
  MainWindow window(sample_session);
  const auto image = draw(window);
  ASSERT_EQ(image.size(), QSize(1280, 800));
  for (const QWidget* pane :
       {static_cast<const QWidget*>(window.findings()), static_cast<const QWidget*>(window.timeline()),
        static_cast<const QWidget*>(window.inspector())})
    EXPECT_GT(colours(image, place_of(*pane, window)).size(), 20U) << pane->accessibleName().toStdString();
}

TEST_P(Screenshot, TheLaneOfTheFindingHasBarsInTheColourOfReadsAndOutlinesOfTheFinding) {
  MainWindow window(sample_session);
  const auto image = draw(window);
  const auto lane = window.timeline()->lane_rect(0);
  ASSERT_FALSE(lane.isEmpty());
  const QRect place(window.timeline()->viewport()->mapTo(&window, lane.topLeft()), lane.size());
  const auto found = colours(image, place);
  const auto theme = Theme::of(QApplication::palette());
  EXPECT_TRUE(found.contains(theme.of(QueryClass::read).rgb()));
  EXPECT_FALSE(found.contains(theme.of(QueryClass::write).rgb()));
  // Each of the 20 children is a bar of its own at this zoom: count the runs of the fill along the middle of the lane.
  int runs = 0;
  bool inside = false;
  for (int x = place.left(); x <= place.right(); ++x) {
    const bool filled = image.pixel(x, place.top() + place.height() - 6) == theme.of(QueryClass::read).rgb();
    if (filled && !inside) ++runs;
    inside = filled;
  }
  EXPECT_GE(runs, 20);
}

TEST_P(Screenshot, EveryTextColourIsReadable) {
  const auto palette = QApplication::palette();
  const auto theme = Theme::of(palette);
  const QColor base = palette.color(QPalette::Base);
  constexpr double kReadable = 4.5;  // WCAG 2 AA
  for (const auto& [name, colour] :
       std::initializer_list<std::pair<const char*, QColor>>{{"text", palette.color(QPalette::Text)},
                                                             {"muted", theme.muted},
                                                             {"finding", theme.finding},
                                                             {"medium", theme.of(detect::Severity::medium)},
                                                             {"low", theme.of(detect::Severity::low)},
                                                             {"info", theme.of(detect::Severity::info)},
                                                             {"keyword", theme.sql_keyword},
                                                             {"string", theme.sql_string},
                                                             {"number", theme.sql_number},
                                                             {"parameter", theme.sql_parameter},
                                                             {"comment", theme.sql_comment}})
    EXPECT_GE(contrast(colour, base), kReadable) << name;
  EXPECT_GE(contrast(theme.muted, theme.panel), kReadable);
  EXPECT_GE(contrast(theme.muted, palette.color(QPalette::Window)), kReadable);
  EXPECT_GE(contrast(palette.color(QPalette::WindowText), palette.color(QPalette::Window)), kReadable);
  EXPECT_GE(contrast(palette.color(QPalette::ButtonText), palette.color(QPalette::Button)), kReadable);
  EXPECT_GE(contrast(palette.color(QPalette::HighlightedText), palette.color(QPalette::Highlight)), kReadable);
  EXPECT_GE(contrast(theme.warning_text, theme.warning_background), kReadable);
  for (std::size_t i = 0; i < kQueryClasses; ++i) {
    const QColor fill = theme.of(static_cast<QueryClass>(i));
    EXPECT_GE(contrast(fill, base), 3.0) << "bars must stand out: " << i;  // WCAG 2, graphical objects
    EXPECT_GE(contrast(readable_on(fill), fill), kReadable) << i;
  }
}

TEST_P(Screenshot, ThemeFollowsTheLightnessOfThePalette) {
  EXPECT_EQ(Theme::of(QApplication::palette()).dark, GetParam() == ThemeChoice::dark);
}

INSTANTIATE_TEST_SUITE_P(Themes, Screenshot, testing::Values(ThemeChoice::light, ThemeChoice::dark),
                         [](const auto& test) { return test.param == ThemeChoice::dark ? "dark" : "light"; });

TEST(Contrast, BlackOnWhiteIsTwentyOne) {
  EXPECT_NEAR(contrast(Qt::black, Qt::white), 21, 1e-9);
  EXPECT_NEAR(contrast(Qt::white, Qt::white), 1, 1e-9);
}

}  // namespace
}  // namespace quell::gui
