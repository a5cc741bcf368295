#include "gui/app/screenshot.hpp"

#include <QApplication>
#include <QElapsedTimer>
#include <QEventLoop>
#include <QPixmap>
#include <QTabWidget>

#include "gui/app/options.hpp"
#include "gui/view/inspector.hpp"
#include "gui/view/main_window.hpp"

namespace quell::gui {
namespace {

/// Layout requests and deferred deletions that one pass of the event loop leaves behind.
void let_layout_settle() {
  for (int pass = 0; pass < 5; ++pass) {
    QApplication::sendPostedEvents(nullptr, QEvent::DeferredDelete);
    QApplication::processEvents();
  }
}

}  // namespace

void show_what_is_asked(MainWindow& window, const Options& options) {
  if (options.select > 0) window.jump_to_finding(static_cast<int>(options.select) - 1);
  if (options.tab == "statements") window.tabs()->setCurrentIndex(MainWindow::kStatements);
  if (options.tab == "queries") window.tabs()->setCurrentIndex(MainWindow::kQueries);
  if (options.tab == "scopes") window.tabs()->setCurrentIndex(MainWindow::kScopes);
  if (options.page == "finding") window.inspector()->setCurrentIndex(Inspector::kFinding);
  if (options.page == "statement") window.inspector()->setCurrentIndex(Inspector::kStatement);
  if (options.page == "plan") window.inspector()->setCurrentIndex(Inspector::kPlan);
}

std::string take_screenshot(MainWindow& window, const Options& options) {
  std::string failure;
  QEventLoop loop;
  QObject::connect(&window, &MainWindow::load_failed, &loop, [&](const QString& sentence) {
    failure = sentence.toStdString();
    loop.quit();
  });
  QObject::connect(&window, &MainWindow::settled_changed, &loop, [&] {
    if (window.settled()) loop.quit();
  });
  window.show();
  window.open_trace(QString::fromStdString(options.trace));
  loop.exec();
  if (!failure.empty()) return failure;
  const auto findings = window.session()->report.findings.size();
  if (options.select > findings)
    return "there is no finding " + std::to_string(options.select) + ": the trace has " + std::to_string(findings);
  show_what_is_asked(window, options);
  while (!window.settled()) loop.exec();
  let_layout_settle();
  const auto path = QString::fromStdString(options.screenshot);
  if (!window.grab().save(path, "PNG")) return "cannot write " + options.screenshot;
  return {};
}

}  // namespace quell::gui
