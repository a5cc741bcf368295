#pragma once

#include <QTabWidget>
#include <cstdint>
#include <optional>

#include "gui/model/session.hpp"

class QLabel;
class QScrollArea;
class QTableWidget;
class QVBoxLayout;

namespace quell::gui {

class EdgeDiagram;
class PlanView;
class SqlView;

/// The right side of the window: everything about the finding, statement or query that is selected.
class Inspector : public QTabWidget {
  Q_OBJECT
 public:
  enum Page { kFinding, kStatement, kPlan };
  explicit Inspector(QWidget* parent = nullptr);

  void set_session(SessionPtr session);
  void show_finding(std::size_t finding);
  void show_statement(model::StatementIndex statement);
  void show_query(std::uint32_t query);
  /// What is shown, as Markdown for the clipboard.
  [[nodiscard]] QString markdown() const;
  [[nodiscard]] QString sql() const;
  [[nodiscard]] PlanView* plan_view() const { return plan_; }

 private:
  QWidget* build_finding_page();
  QWidget* build_statement_page();
  void fill_finding(const detect::Finding& finding);
  void fill_statement(model::StatementIndex statement, std::optional<std::uint32_t> query);
  void fill_binds(const QueryDetail& detail);
  void add_section(const QString& title);
  void add_text(const QString& text, bool muted = false);
  void add_call_sites(const detect::Finding& finding);
  void add_advice(const detect::Finding& finding);
  void add_index_advice(const advise::IndexAdvice& advice);
  void add_code(const QString& code, const QString& name);

  SessionPtr session_;
  std::optional<std::size_t> finding_;
  QScrollArea* finding_scroll_ = nullptr;
  QVBoxLayout* finding_layout_ = nullptr;
  QLabel* statement_headline_ = nullptr;
  QLabel* statement_numbers_ = nullptr;
  SqlView* sql_ = nullptr;
  QLabel* binds_label_ = nullptr;
  QTableWidget* binds_ = nullptr;
  QLabel* stack_ = nullptr;
  PlanView* plan_ = nullptr;
};

}  // namespace quell::gui
