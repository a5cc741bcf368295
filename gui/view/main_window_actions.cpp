// The menus of the main window: every action, its key, and the list of keys made from them.
#include <QAction>
#include <QDialog>
#include <QDialogButtonBox>
#include <QDockWidget>
#include <QLabel>
#include <QMenu>
#include <QMenuBar>
#include <QTabWidget>
#include <QVBoxLayout>

#include "gui/view/filter_bar.hpp"
#include "gui/view/findings_list.hpp"
#include "gui/view/inspector.hpp"
#include "gui/view/main_window.hpp"
#include "gui/view/tables.hpp"
#include "gui/view/timeline.hpp"

namespace quell::gui {

QAction* MainWindow::add_action(QMenu* menu, const QString& text, const QKeySequence& key, std::function<void()> run) {
  auto* action = menu->addAction(text);
  action->setShortcut(key);
  connect(action, &QAction::triggered, this, std::move(run));
  return action;
}

void MainWindow::build_menus() {
  auto* file = menuBar()->addMenu(QStringLiteral("&File"));
  add_action(file, QStringLiteral("&Open a trace…"), QKeySequence::Open, [this] { ask_for_trace(); });
  add_action(file, QStringLiteral("&Reload"), Qt::CTRL | Qt::Key_R, [this] {
    if (!loader_.path().isEmpty()) open_trace(loader_.path());
  });
  file->addSeparator();
  add_action(file, QStringLiteral("&Quit"), Qt::CTRL | Qt::Key_Q, [this] { close(); });

  auto* edit = menuBar()->addMenu(QStringLiteral("&Edit"));
  add_action(edit, QStringLiteral("&Find"), QKeySequence::Find, [this] {
    if (session_) filter_bar_->focus_search();
  });
  add_action(edit, QStringLiteral("Copy &SQL"), Qt::CTRL | Qt::SHIFT | Qt::Key_S,
             [this] { copy(inspector_->sql(), QStringLiteral("SQL")); });
  add_action(edit, QStringLiteral("Copy as &Markdown"), Qt::CTRL | Qt::SHIFT | Qt::Key_C, [this] {
    if (session_) copy(inspector_->markdown(), QStringLiteral("Markdown"));
  });
  build_go_menu();
  build_view_menu();
  auto* help = menuBar()->addMenu(QStringLiteral("&Help"));
  add_action(help, QStringLiteral("&Keys"), QKeySequence(QStringLiteral("?")), [this] { show_keys(); });
}

void MainWindow::build_go_menu() {
  auto* go = menuBar()->addMenu(QStringLiteral("&Go"));
  add_action(go, QStringLiteral("&Next finding"), Qt::Key_J, [this] { findings_->move_current(1); });
  add_action(go, QStringLiteral("&Previous finding"), Qt::Key_K, [this] { findings_->move_current(-1); });
  go->addSeparator();
  add_action(go, QStringLiteral("Next query of the lane"), Qt::Key_Period, [this] { timeline()->step_query(1); });
  add_action(go, QStringLiteral("Previous query of the lane"), Qt::Key_Comma, [this] { timeline()->step_query(-1); });
  add_action(go, QStringLiteral("Next query of the same statement"), Qt::Key_N, [this] { step_same_statement(1); });
  add_action(go, QStringLiteral("Previous query of the same statement"), Qt::Key_P,
             [this] { step_same_statement(-1); });
  go->addSeparator();
  add_action(go, QStringLiteral("&Back"), Qt::ALT | Qt::Key_Left, [this] { apply(history_.back()); });
  add_action(go, QStringLiteral("&Forward"), Qt::ALT | Qt::Key_Right, [this] { apply(history_.forward()); });
  add_action(go, QStringLiteral("Filter to the time range"), Qt::Key_M, [this] { filter_to_range(); });
  add_action(go, QStringLiteral("Remove the last filter"), Qt::Key_Escape, [this] { drop_last_chip(); });
}

void MainWindow::build_view_menu() {
  auto* view = menuBar()->addMenu(QStringLiteral("&View"));
  const auto show_tab = [this](Tab tab) {
    tabs_->setCurrentIndex(tab);
    tabs_->currentWidget()->setFocus();
  };
  add_action(view, QStringLiteral("&Statements"), Qt::Key_1, [show_tab] { show_tab(kStatements); });
  add_action(view, QStringLiteral("&Queries"), Qt::Key_2, [show_tab] { show_tab(kQueries); });
  add_action(view, QStringLiteral("S&copes"), Qt::Key_3, [show_tab] { show_tab(kScopes); });
  view->addSeparator();
  add_action(view, QStringLiteral("Finding in the inspector"), Qt::Key_I,
             [this] { inspector_->setCurrentIndex(Inspector::kFinding); });
  add_action(view, QStringLiteral("SQL and binds"), Qt::Key_B,
             [this] { inspector_->setCurrentIndex(Inspector::kStatement); });
  add_action(view, QStringLiteral("Plan"), Qt::Key_E, [this] { inspector_->setCurrentIndex(Inspector::kPlan); });
  view->addSeparator();
  add_action(view, QStringLiteral("Zoom in"), Qt::Key_W, [this] { timeline()->zoom(1.25); });
  add_action(view, QStringLiteral("Zoom out"), Qt::Key_S, [this] { timeline()->zoom(0.8); });
  add_action(view, QStringLiteral("Earlier"), Qt::Key_A, [this] { timeline()->pan(-0.15); });
  add_action(view, QStringLiteral("Later"), Qt::Key_D, [this] { timeline()->pan(0.15); });
  add_action(view, QStringLiteral("Fit the selection"), Qt::Key_F, [this] { timeline()->fit_selection(); });
  add_action(view, QStringLiteral("Whole trace"), Qt::Key_0, [this] { timeline()->show_whole(); });
  view->addSeparator();
  add_action(view, QStringLiteral("Focus findings"), Qt::CTRL | Qt::Key_1, [this] { findings_->setFocus(); });
  add_action(view, QStringLiteral("Focus timeline"), Qt::CTRL | Qt::Key_2, [this] { timeline()->setFocus(); });
  add_action(view, QStringLiteral("Focus tables"), Qt::CTRL | Qt::Key_3,
             [this] { tabs_->currentWidget()->setFocus(); });
  add_action(view, QStringLiteral("Focus inspector"), Qt::CTRL | Qt::Key_4, [this] { inspector_->setFocus(); });
  view->addSeparator();
  for (auto* dock : {findings_dock_, timeline_dock_, inspector_dock_}) view->addAction(dock->toggleViewAction());
  add_action(view, QStringLiteral("Restore default layout"), Qt::CTRL | Qt::Key_0,
             [this] { restore_default_layout(); });
}

void MainWindow::show_keys() {
  auto* dialog = new QDialog(this);
  dialog->setAttribute(Qt::WA_DeleteOnClose);
  dialog->setWindowTitle(QStringLiteral("Keys"));
  QString rows;
  for (const auto* title : menuBar()->actions()) {
    rows += QStringLiteral("<tr><td colspan=2><b>%1</b></td></tr>").arg(title->text().remove(u'&').toHtmlEscaped());
    for (const auto* action : title->menu()->actions())
      if (!action->shortcut().isEmpty())
        rows += QStringLiteral("<tr><td style='padding-right:24px'>%1</td><td>%2</td></tr>")
                    .arg(action->shortcut().toString(QKeySequence::NativeText).toHtmlEscaped(),
                         action->text().remove(u'&').toHtmlEscaped());
  }
  rows += QStringLiteral(
      "<tr><td colspan=2><b>Here and there</b></td></tr><tr><td>Enter</td><td>finding: to its worst scope; statement, "
      "scope: filter; query: zoom</td></tr><tr><td>+ −</td><td>zoom the focused timeline</td></tr>");
  auto* label = new QLabel(QStringLiteral("<table>%1</table>").arg(rows), dialog);
  label->setTextFormat(Qt::RichText);
  auto* buttons = new QDialogButtonBox(QDialogButtonBox::Close, dialog);
  connect(buttons, &QDialogButtonBox::rejected, dialog, &QDialog::reject);
  auto* layout = new QVBoxLayout(dialog);
  layout->addWidget(label);
  layout->addWidget(buttons);
  dialog->show();
}

}  // namespace quell::gui
