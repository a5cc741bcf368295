#include "gui/view/main_window.hpp"

#include <QAction>
#include <QApplication>
#include <QClipboard>
#include <QCloseEvent>
#include <QDockWidget>
#include <QDragEnterEvent>
#include <QFileDialog>
#include <QFileInfo>
#include <QHeaderView>
#include <QLabel>
#include <QMimeData>
#include <QSettings>
#include <QStackedWidget>
#include <QStatusBar>
#include <QTabBar>
#include <QTabWidget>
#include <QToolBar>
#include <algorithm>

#include "gui/model/wording.hpp"
#include "gui/view/filter_bar.hpp"
#include "gui/view/findings_list.hpp"
#include "gui/view/inspector.hpp"
#include "gui/view/state_pages.hpp"
#include "gui/view/tables.hpp"
#include "gui/view/theme.hpp"
#include "gui/view/timeline.hpp"
#include "gui/view/timeline_panel.hpp"

namespace quell::gui {
namespace {

constexpr int kZoomPause = 350;  // milliseconds
constexpr int kLayoutVersion = 1;

QDockWidget* make_dock(QMainWindow* window, const QString& title, const QString& object_name, QWidget* content) {
  auto* dock = new QDockWidget(title, window);
  dock->setObjectName(object_name);
  dock->setWidget(content);
  return dock;
}

}  // namespace

MainWindow::MainWindow(LoadFunction load, QWidget* parent) : QMainWindow(parent), loader_(std::move(load)) {
  setWindowTitle(QStringLiteral("Quell"));
  setAcceptDrops(true);
  setDockOptions(AnimatedDocks | AllowNestedDocks | AllowTabbedDocks);
  statement_rows_.setSourceModel(&statement_model_);
  scope_rows_.setSourceModel(&scope_model_);
  zoom_pause_.setSingleShot(true);
  zoom_pause_.setInterval(kZoomPause);
  build_tabs();
  build_docks();
  build_bars();
  build_menus();
  connect_views();
  resize(1280, 800);
  restore_default_layout();
  default_layout_ = saveState(kLayoutVersion);
  show_page(empty_page_, false);
}

MainWindow::~MainWindow() = default;

Timeline* MainWindow::timeline() const {
  return timeline_panel_->timeline();
}

bool MainWindow::settled() const {
  return session_ && !loader_.loading() && query_model_.settled();
}

void MainWindow::build_tabs() {
  tabs_ = new QTabWidget(this);
  tabs_->setDocumentMode(true);
  tabs_->setAccessibleName(QStringLiteral("Tables"));
  tabs_->tabBar()->setAccessibleName(QStringLiteral("Tables"));
  statement_table_ = new DataTable(QStringLiteral("Statements"), tabs_);
  statement_table_->setModel(&statement_rows_);
  statement_table_->set_column_widths({0, 14, 6, 7, 7, 7, 6, 6});
  statement_table_->sortByColumn(StatementModel::kTotal, Qt::DescendingOrder);
  query_table_ = new DataTable(QStringLiteral("Queries"), tabs_);
  query_table_->setModel(&query_model_);
  query_table_->set_column_widths({9, 19, 9, 6, 10, 0});
  query_table_->horizontalHeader()->setSortIndicator(0, Qt::AscendingOrder);
  scope_table_ = new DataTable(QStringLiteral("Scopes"), tabs_);
  scope_table_->setModel(&scope_rows_);
  scope_table_->set_column_widths({0, 7, 15, 13, 9, 13, 8});
  scope_table_->sortByColumn(ScopeModel::kDatabase, Qt::DescendingOrder);
  for (auto* table : {statement_table_, query_table_, scope_table_})
    table->set_empty_text(QStringLiteral("Nothing passes the filter. Esc removes its last part."));
  tabs_->addTab(statement_table_, QStringLiteral("Statements"));
  tabs_->addTab(query_table_, QStringLiteral("Queries"));
  tabs_->addTab(scope_table_, QStringLiteral("Scopes"));

  pages_ = new QStackedWidget(this);
  pages_->setMinimumWidth(320);  // the pages' own hints would keep the window wider than 900 pixels
  empty_page_ = new EmptyPage(pages_);
  loading_page_ = new LoadingPage(pages_);
  error_page_ = new ErrorPage(pages_);
  for (auto* page : {static_cast<QWidget*>(empty_page_), static_cast<QWidget*>(loading_page_),
                     static_cast<QWidget*>(error_page_), static_cast<QWidget*>(tabs_)})
    pages_->addWidget(page);
  setCentralWidget(pages_);
}

void MainWindow::build_docks() {
  findings_ = new FindingsList(this);
  findings_->setModel(&finding_model_);
  findings_->setMinimumWidth(220);
  timeline_panel_ = new TimelinePanel(this);
  timeline_panel_->setMinimumHeight(140);
  inspector_ = new Inspector(this);
  inspector_->setMinimumWidth(320);
  findings_dock_ = make_dock(this, QStringLiteral("Findings"), QStringLiteral("findings"), findings_);
  timeline_dock_ = make_dock(this, QStringLiteral("Timeline"), QStringLiteral("timeline"), timeline_panel_);
  inspector_dock_ = make_dock(this, QStringLiteral("Inspector"), QStringLiteral("inspector"), inspector_);
}

void MainWindow::restore_default_layout() {
  setCorner(Qt::TopLeftCorner, Qt::LeftDockWidgetArea);
  setCorner(Qt::BottomLeftCorner, Qt::LeftDockWidgetArea);
  setCorner(Qt::TopRightCorner, Qt::TopDockWidgetArea);
  setCorner(Qt::BottomRightCorner, Qt::RightDockWidgetArea);
  if (!default_layout_.isEmpty()) {
    restoreState(default_layout_, kLayoutVersion);
  } else {
    addDockWidget(Qt::LeftDockWidgetArea, findings_dock_);
    addDockWidget(Qt::TopDockWidgetArea, timeline_dock_);
    addDockWidget(Qt::RightDockWidgetArea, inspector_dock_);
  }
  resizeDocks({findings_dock_, inspector_dock_}, {width() * 23 / 100, width() * 36 / 100}, Qt::Horizontal);
  resizeDocks({timeline_dock_}, {height() * 30 / 100}, Qt::Vertical);
}

void MainWindow::build_bars() {
  filter_toolbar_ = addToolBar(QStringLiteral("Filter"));
  filter_toolbar_->setObjectName(QStringLiteral("filter"));
  filter_toolbar_->setMovable(false);
  filter_bar_ = new FilterBar(this);
  filter_toolbar_->addWidget(filter_bar_);
  addToolBarBreak();
  banner_toolbar_ = addToolBar(QStringLiteral("Warning"));
  banner_toolbar_->setObjectName(QStringLiteral("warning"));
  banner_toolbar_->setMovable(false);
  banner_ = new QLabel(this);
  banner_->setWordWrap(true);
  banner_->setContentsMargins(10, 5, 10, 5);
  banner_->setAutoFillBackground(true);
  banner_->setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Preferred);
  banner_toolbar_->addWidget(banner_);
  totals_ = new QLabel(this);
  totals_->setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Preferred);  // its length must not widen the window
  statistics_ = new QLabel(this);
  statusBar()->addWidget(totals_, 1);
  statusBar()->addPermanentWidget(statistics_);
  statusBar()->setSizeGripEnabled(false);
}

void MainWindow::connect_views() {
  connect(empty_page_, &EmptyPage::open_requested, this, &MainWindow::ask_for_trace);
  connect(error_page_, &ErrorPage::open_requested, this, &MainWindow::ask_for_trace);
  connect(loading_page_, &LoadingPage::cancel_requested, &loader_, &Loader::cancel);
  connect(&loader_, &Loader::progressed, loading_page_, &LoadingPage::set_progress);
  connect(&loader_, &Loader::step_began, loading_page_, &LoadingPage::set_step);
  connect(&loader_, &Loader::loaded, this, &MainWindow::show_session);
  connect(&loader_, &Loader::failed, this, &MainWindow::show_error);
  connect(&loader_, &Loader::cancelled, this,
          [this] { show_page(session_ ? static_cast<QWidget*>(tabs_) : empty_page_, session_ != nullptr); });

  connect(findings_, &FindingsList::finding_selected, this, &MainWindow::select_finding);
  connect(findings_, &FindingsList::finding_activated, this, &MainWindow::jump_to_finding);
  connect(filter_bar_, &FilterBar::filter_changed, this, &MainWindow::change_filter);
  connect(&query_model_, &QueryModel::reordered, this, &MainWindow::after_reorder);

  connect(statement_table_, &DataTable::row_selected, this, [this](const QModelIndex& index) {
    if (!selecting_)
      inspector_->show_statement(static_cast<model::StatementIndex>(statement_rows_.mapToSource(index).row()));
  });
  connect(statement_table_, &DataTable::row_activated, this, [this](const QModelIndex& index) {
    auto filter = history_.current().filter;
    filter.statement = static_cast<std::uint32_t>(statement_rows_.mapToSource(index).row());
    change_filter(filter);
    tabs_->setCurrentIndex(kQueries);
  });
  connect(query_table_, &DataTable::row_selected, this, [this](const QModelIndex& index) {
    if (!selecting_) select_query(query_model_.query_at(index.row()));
  });
  connect(query_table_, &DataTable::row_activated, this, [this](const QModelIndex& index) {
    select_query(query_model_.query_at(index.row()));
    timeline()->fit_selection();
  });
  connect(query_table_->selectionModel(), &QItemSelectionModel::selectionChanged, this, &MainWindow::show_statistics);
  connect(scope_table_, &DataTable::row_activated, this, [this](const QModelIndex& index) {
    const auto row = static_cast<std::size_t>(scope_rows_.mapToSource(index).row());
    auto filter = history_.current().filter;
    filter.scope_name = session_->scope_name_index(session_->report.scopes[row].name);
    change_filter(filter);
  });

  connect(timeline(), &Timeline::query_selected, this, &MainWindow::select_query);
  connect(timeline(), &Timeline::range_selected, this, &MainWindow::show_statistics);
  connect(timeline(), &Timeline::visible_range_changed, &zoom_pause_, qOverload<>(&QTimer::start));
  connect(&zoom_pause_, &QTimer::timeout, this, [this] {
    history_.push({history_.current().filter, timeline()->visible_range()});
  });
}

void MainWindow::ask_for_trace() {
  const auto path = QFileDialog::getOpenFileName(this, QStringLiteral("Open a trace"), {},
                                                 QStringLiteral("Traces (*.qtr);;All files (*)"));
  if (!path.isEmpty()) open_trace(path);
}

void MainWindow::open_trace(const QString& path) {
  loading_page_->begin(path);
  show_page(loading_page_, false);
  loader_.start(path);
}

void MainWindow::show_page(QWidget* page, bool panels) {
  pages_->setCurrentWidget(page);
  for (auto* dock : {findings_dock_, timeline_dock_, inspector_dock_}) dock->setVisible(panels);
  filter_toolbar_->setVisible(panels);
  banner_toolbar_->setVisible(panels && !banner_->text().isEmpty());
  statusBar()->setVisible(panels);
}

void MainWindow::show_error(const QString& sentence) {
  error_page_->show_error(loader_.path(), sentence);
  show_page(error_page_, false);
  emit load_failed(sentence);
}

void MainWindow::show_session(const SessionPtr& session) {
  session_ = session;
  const auto& report = session->report;
  setWindowTitle(QFileInfo(QString::fromStdString(report.trace_path)).fileName() + QStringLiteral(" – Quell"));
  banner_->setText(incompleteness_of(report.trace));
  const auto theme = Theme::of(palette());
  auto colours = palette();
  colours.setColor(QPalette::Window, theme.warning_background);
  colours.setColor(QPalette::WindowText, theme.warning_text);
  banner_->setPalette(colours);

  finding_model_.set_session(session);
  statement_model_.set_session(session);
  scope_model_.set_session(session);
  query_model_.set_session(session);
  statement_table_->setColumnHidden(StatementModel::kErrors, !statement_model_.has_errors());
  statement_rows_.set_marks({});
  scope_rows_.set_marks({});
  timeline_panel_->set_session(session);
  inspector_->set_session(session);
  findings_->set_empty_text(no_findings_text({}));
  findings_dock_->setWindowTitle(report.findings.empty()
                                     ? QStringLiteral("Findings")
                                     : QStringLiteral("Findings (%1)").arg(format_count(report.findings.size())));
  history_ = ViewHistory({{}, timeline()->visible_range()});
  filter_bar_->show_filter(session.get(), {});
  double database = 0;
  for (const auto& statement : report.statements) database += statement.total_ms;
  totals_->setText(
      QStringLiteral("  %1 queries · %2 statements · %3 scopes · %4 long · %5 in the database · %6 · read in %7")
          .arg(format_count(session->queries.size()), format_count(report.statements.size()),
               format_count(session->scopes.size()), format_milliseconds(report.span_ms), format_milliseconds(database),
               banner_->text().isEmpty() ? QStringLiteral("complete") : QStringLiteral("incomplete"),
               format_duration(session->load_seconds * 1e9)));
  show_page(tabs_, true);
  findings_->setFocus();
}

void MainWindow::select_finding(int row) {
  if (!session_ || row < 0 || row >= finding_model_.rowCount()) return;
  if (!findings_->selectionModel()->isRowSelected(row)) {
    findings_->setCurrentIndex({});
    findings_->setCurrentIndex(finding_model_.index(row, 0));  // comes back here
    return;
  }
  const auto& finding = session_->report.findings[static_cast<std::size_t>(row)];
  inspector_->show_finding(static_cast<std::size_t>(row));
  const auto name = session_->scope_name_index(finding.scope_name);
  timeline()->emphasise(name == model::kNone ? std::optional<std::uint32_t>() : name);
  selecting_ = true;
  if (finding.child != model::kNone) {
    const auto shown = statement_rows_.mapFromSource(statement_model_.index(static_cast<int>(finding.child), 0));
    if (shown.isValid()) statement_table_->setCurrentIndex(shown);
  }
  selecting_ = false;
}

void MainWindow::jump_to_finding(int row) {
  select_finding(row);
  if (!session_ || row < 0 || row >= finding_model_.rowCount()) return;
  const auto& finding = session_->report.findings[static_cast<std::size_t>(row)];
  ViewState state{{}, timeline()->visible_range()};
  const auto name = session_->scope_name_index(finding.scope_name);
  if (name != model::kNone) state.filter.scope_name = name;
  if (finding.example_scope != model::kNone && finding.example_scope < session_->scopes.size()) {
    const auto& scope = session_->scopes[finding.example_scope];
    const auto margin = std::max<trace::Duration>((scope.end - scope.begin) / 12, TimeScale::kShortest);
    state.visible = {scope.begin - margin, scope.end + margin};
  }
  timeline()->set_visible_range(state.visible);
  state.visible = timeline()->visible_range();
  history_.push(state);
  apply(state);
  if (!finding.example_queries.empty()) timeline()->select_query(finding.example_queries.back());
}

void MainWindow::change_filter(const Filter& filter) {
  ViewState state{filter, timeline()->visible_range()};
  history_.push(state);
  apply(state);
}

void MainWindow::apply(const ViewState& state) {
  if (!session_) return;
  zoom_pause_.stop();
  timeline()->set_visible_range(state.visible);
  filter_bar_->show_filter(session_.get(), state.filter);
  query_model_.set_filter(state.filter);
  if (state.filter.scope_name) timeline()->emphasise(state.filter.scope_name);
  if (!state.filter.scope_name && !findings_->currentIndex().isValid()) timeline()->emphasise({});
}

void MainWindow::after_reorder() {
  if (!session_) return;
  const auto rows = visible_rows(*session_, history_.current().filter, query_model_.order());
  statement_rows_.set_marks(rows.statements);
  scope_rows_.set_marks(rows.scopes);
  tabs_->setTabText(
      kStatements,
      QStringLiteral("Statements (%1)").arg(format_count(static_cast<std::uint64_t>(statement_rows_.rowCount()))));
  tabs_->setTabText(kQueries, QStringLiteral("Queries (%1)").arg(format_count(query_model_.order().size())));
  tabs_->setTabText(
      kScopes, QStringLiteral("Scopes (%1)").arg(format_count(static_cast<std::uint64_t>(scope_rows_.rowCount()))));
  show_statistics();
  emit settled_changed();
}

void MainWindow::select_query(std::uint32_t query) {
  inspector_->show_query(query);
  timeline()->select_query(query);
  const int row = query_model_.row_of(query);
  selecting_ = true;
  if (row >= 0 && query_table_->currentIndex().row() != row) query_table_->setCurrentIndex(query_model_.index(row, 0));
  selecting_ = false;
}

void MainWindow::show_statistics() {
  if (!session_) return;
  const auto& queries = session_->queries;
  std::vector<float> durations;
  QString what;
  if (const auto range = timeline()->selected_range()) {
    const auto begin = std::lower_bound(queries.start.begin(), queries.start.end(), range->begin);
    const auto end = std::lower_bound(begin, queries.start.end(), range->end);
    durations.assign(queries.duration.begin() + (begin - queries.start.begin()),
                     queries.duration.begin() + (end - queries.start.begin()));
    what = QStringLiteral("range of ") + format_duration(static_cast<double>(range->length()));
  } else {
    // Ranges, not rows: a million selected rows are one range.
    for (const auto& rows : query_table_->selectionModel()->selection())
      for (int row = rows.top(); row <= rows.bottom(); ++row)
        durations.push_back(queries.duration[query_model_.query_at(row)]);
    if (durations.size() < 2) durations.clear();
    what = QStringLiteral("selection");
  }
  statistics_->setText(durations.empty() ? QString()
                                         : what + QStringLiteral(":   ") +
                                               format_distribution(distribution_of(durations)) + QStringLiteral("  "));
}

void MainWindow::copy(const QString& text, const QString& what) {
  if (text.isEmpty()) return;
  QApplication::clipboard()->setText(text);
  statusBar()->showMessage(what + QStringLiteral(" copied"), 2000);
}

void MainWindow::step_same_statement(int step) {
  if (!session_ || !query_table_->currentIndex().isValid()) return;
  const auto statement = session_->queries.statement[query_model_.query_at(query_table_->currentIndex().row())];
  for (int row = query_table_->currentIndex().row() + step; row >= 0 && row < query_model_.rowCount(); row += step) {
    if (session_->queries.statement[query_model_.query_at(row)] != statement) continue;
    select_query(query_model_.query_at(row));
    return;
  }
}

void MainWindow::drop_last_chip() {
  auto filter = history_.current().filter;
  if (filter.range)
    filter.range.reset();
  else if (filter.statement)
    filter.statement.reset();
  else if (filter.scope_name)
    filter.scope_name.reset();
  else
    filter.text.clear();
  if (session_) change_filter(filter);
}

void MainWindow::filter_to_range() {
  if (!session_) return;
  auto filter = history_.current().filter;
  filter.range = timeline()->selected_range() ? *timeline()->selected_range() : timeline()->visible_range();
  change_filter(filter);
}

void MainWindow::remember_layout() {
  remembers_layout_ = true;
  const QSettings settings;
  restoreGeometry(settings.value(QStringLiteral("geometry")).toByteArray());
  restoreState(settings.value(QStringLiteral("layout")).toByteArray(), kLayoutVersion);
}

void MainWindow::closeEvent(QCloseEvent* event) {
  loader_.cancel();
  if (remembers_layout_ && session_) {
    QSettings settings;
    settings.setValue(QStringLiteral("geometry"), saveGeometry());
    settings.setValue(QStringLiteral("layout"), saveState(kLayoutVersion));
  }
  QMainWindow::closeEvent(event);
}

void MainWindow::dragEnterEvent(QDragEnterEvent* event) {
  if (event->mimeData()->hasUrls() && event->mimeData()->urls().front().isLocalFile()) event->acceptProposedAction();
}

void MainWindow::dropEvent(QDropEvent* event) {
  open_trace(event->mimeData()->urls().front().toLocalFile());
}

}  // namespace quell::gui
