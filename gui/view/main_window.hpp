#pragma once

#include <QMainWindow>
#include <QTimer>
#include <functional>

#include "gui/model/finding_model.hpp"
#include "gui/model/loader.hpp"
#include "gui/model/query_model.hpp"
#include "gui/model/summary_models.hpp"
#include "gui/model/view_state.hpp"

class QLabel;
class QStackedWidget;
class QTabWidget;
class QToolBar;

namespace quell::gui {

class DataTable;
class EmptyPage;
class ErrorPage;
class FilterBar;
class FindingsList;
class Inspector;
class LoadingPage;
class Timeline;
class TimelinePanel;

/// The window of one trace. Findings on the left lead to everything else; filter and zoom have one history.
class MainWindow : public QMainWindow {
  Q_OBJECT
 public:
  enum Tab { kStatements, kQueries, kScopes };

  explicit MainWindow(LoadFunction load, QWidget* parent = nullptr);
  ~MainWindow() override;

  void open_trace(const QString& path);
  void select_finding(int row);
  /// Filters to the finding's scope, shows its worst scope on the timeline and selects its statement.
  void jump_to_finding(int row);
  /// Keeps the layout in the user's settings from now on, and takes it from there.
  void remember_layout();

  [[nodiscard]] const SessionPtr& session() const { return session_; }
  /// A trace is shown and its tables are sorted.
  [[nodiscard]] bool settled() const;
  [[nodiscard]] FindingsList* findings() const { return findings_; }
  [[nodiscard]] Inspector* inspector() const { return inspector_; }
  [[nodiscard]] Timeline* timeline() const;
  [[nodiscard]] QTabWidget* tabs() const { return tabs_; }
  [[nodiscard]] FilterBar* filter_bar() const { return filter_bar_; }
  [[nodiscard]] const QueryModel& query_model() const { return query_model_; }
  [[nodiscard]] const ViewState& view_state() const { return history_.current(); }

 signals:
  /// settled() became true, or a filter or an order took effect.
  void settled_changed();
  void load_failed(const QString& sentence);

 protected:
  void closeEvent(QCloseEvent* event) override;
  void dragEnterEvent(QDragEnterEvent* event) override;
  void dropEvent(QDropEvent* event) override;

 private:
  void build_docks();
  void build_tabs();
  void build_bars();
  void build_menus();
  void build_go_menu();
  void build_view_menu();
  void connect_views();
  QAction* add_action(QMenu* menu, const QString& text, const QKeySequence& key, std::function<void()> run);

  void ask_for_trace();
  void show_page(QWidget* page, bool panels);
  void show_session(const SessionPtr& session);
  void show_error(const QString& sentence);
  void apply(const ViewState& state);
  void change_filter(const Filter& filter);
  void after_reorder();
  void select_query(std::uint32_t query);
  void copy(const QString& text, const QString& what);
  void step_same_statement(int step);
  void drop_last_chip();
  void filter_to_range();
  void show_keys();
  void show_statistics();
  void restore_default_layout();

  SessionPtr session_;
  Loader loader_;
  FindingModel finding_model_;
  StatementModel statement_model_;
  ScopeModel scope_model_;
  QueryModel query_model_;
  MarkedRows statement_rows_;
  MarkedRows scope_rows_;
  ViewHistory history_;
  QTimer zoom_pause_;  ///< a zoom becomes one step of the history when it has come to rest
  bool selecting_ = false;
  bool remembers_layout_ = false;
  QByteArray default_layout_;

  QStackedWidget* pages_ = nullptr;
  EmptyPage* empty_page_ = nullptr;
  LoadingPage* loading_page_ = nullptr;
  ErrorPage* error_page_ = nullptr;
  QTabWidget* tabs_ = nullptr;
  DataTable* statement_table_ = nullptr;
  DataTable* query_table_ = nullptr;
  DataTable* scope_table_ = nullptr;
  FindingsList* findings_ = nullptr;
  TimelinePanel* timeline_panel_ = nullptr;
  Inspector* inspector_ = nullptr;
  FilterBar* filter_bar_ = nullptr;
  QDockWidget* findings_dock_ = nullptr;
  QDockWidget* timeline_dock_ = nullptr;
  QDockWidget* inspector_dock_ = nullptr;
  QToolBar* filter_toolbar_ = nullptr;
  QToolBar* banner_toolbar_ = nullptr;
  QLabel* banner_ = nullptr;
  QLabel* totals_ = nullptr;
  QLabel* statistics_ = nullptr;
};

}  // namespace quell::gui
