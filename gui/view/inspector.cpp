#include "gui/view/inspector.hpp"

#include <QApplication>
#include <QClipboard>
#include <QHBoxLayout>
#include <QHeaderView>
#include <QLabel>
#include <QScrollArea>
#include <QScrollBar>
#include <QTabBar>
#include <QTableWidget>
#include <QToolButton>
#include <QVBoxLayout>
#include <algorithm>

#include "gui/model/wording.hpp"
#include "gui/view/edge_diagram.hpp"
#include "gui/view/plan_view.hpp"
#include "gui/view/sql_view.hpp"
#include "gui/view/theme.hpp"

namespace quell::gui {
namespace {

constexpr int kMostSqlLines = 12;
constexpr int kMostBindRows = 5;

QLabel* wrapped_label(QWidget* parent) {
  auto* label = new QLabel(parent);
  label->setWordWrap(true);
  label->setTextInteractionFlags(Qt::TextSelectableByMouse);
  return label;
}

void set_muted(QLabel* label) {
  auto palette = label->palette();
  palette.setColor(QPalette::WindowText, Theme::of(palette).muted);
  label->setPalette(palette);
}

void remove_widgets(QLayout* layout) {
  while (auto* item = layout->takeAt(0)) {
    if (item->widget()) item->widget()->deleteLater();
    delete item;
  }
}

}  // namespace

Inspector::Inspector(QWidget* parent) : QTabWidget(parent) {
  setDocumentMode(true);
  setAccessibleName(QStringLiteral("Inspector"));
  tabBar()->setAccessibleName(QStringLiteral("Inspector pages"));
  plan_ = new PlanView(this);
  addTab(build_finding_page(), QStringLiteral("Finding"));
  addTab(build_statement_page(), QStringLiteral("Statement"));
  addTab(plan_, QStringLiteral("Plan"));
  set_session({});
}

QWidget* Inspector::build_finding_page() {
  finding_scroll_ = new QScrollArea(this);
  finding_scroll_->setWidgetResizable(true);
  finding_scroll_->setFrameShape(QFrame::NoFrame);
  finding_scroll_->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
  finding_scroll_->setAccessibleName(QStringLiteral("Finding"));
  auto* page = new QWidget(finding_scroll_);
  page->setBackgroundRole(QPalette::Base);
  page->setAutoFillBackground(true);
  finding_layout_ = new QVBoxLayout(page);
  finding_layout_->setContentsMargins(12, 10, 12, 12);
  finding_layout_->setSpacing(6);
  finding_scroll_->setWidget(page);
  return finding_scroll_;
}

QWidget* Inspector::build_statement_page() {
  auto* page = new QWidget(this);
  page->setBackgroundRole(QPalette::Base);
  page->setAutoFillBackground(true);
  auto* layout = new QVBoxLayout(page);
  layout->setContentsMargins(12, 10, 12, 12);
  layout->setSpacing(6);
  statement_headline_ = wrapped_label(page);
  statement_numbers_ = wrapped_label(page);
  set_muted(statement_numbers_);
  sql_ = new SqlView(page);
  sql_->set_most_lines(kMostSqlLines);
  binds_label_ = wrapped_label(page);
  binds_ = new QTableWidget(0, 3, page);
  binds_->setHorizontalHeaderLabels({QStringLiteral("Bind"), QStringLiteral("Type"), QStringLiteral("Value")});
  binds_->horizontalHeader()->setStretchLastSection(true);
  binds_->verticalHeader()->hide();
  binds_->verticalHeader()->setDefaultSectionSize(fontMetrics().height() + 8);
  binds_->setEditTriggers(QAbstractItemView::NoEditTriggers);
  binds_->setAccessibleName(QStringLiteral("Binds"));
  binds_->setTabKeyNavigation(false);
  stack_ = wrapped_label(page);
  layout->addWidget(statement_headline_);
  layout->addWidget(statement_numbers_);
  layout->addWidget(sql_);
  layout->addWidget(binds_label_);
  layout->addWidget(binds_);
  layout->addWidget(stack_);
  layout->addStretch(1);
  return page;
}

void Inspector::set_session(SessionPtr session) {
  session_ = std::move(session);
  finding_.reset();
  remove_widgets(finding_layout_);
  add_text(QStringLiteral("Select a finding: J goes to the next one, Enter to its worst request on the timeline."),
           true);
  finding_layout_->addStretch(1);
  fill_statement(model::kNone, {});
  setCurrentIndex(kFinding);
}

void Inspector::show_finding(std::size_t finding) {
  finding_ = finding;
  const auto& shown = session_->report.findings[finding];
  fill_finding(shown);
  fill_statement(shown.child, shown.example_queries.empty()
                                  ? std::optional<std::uint32_t>()
                                  : shown.example_queries[shown.example_queries.size() > 1 ? 1 : 0]);
  if (currentIndex() == kStatement) setCurrentIndex(kFinding);
}

void Inspector::show_statement(model::StatementIndex statement) {
  fill_statement(statement, {});
  if (currentIndex() == kFinding) setCurrentIndex(kStatement);
}

void Inspector::show_query(std::uint32_t query) {
  fill_statement(session_->queries.statement[query], query);
  if (currentIndex() == kFinding) setCurrentIndex(kStatement);
}

QString Inspector::markdown() const {
  if (!finding_) return QStringLiteral("```sql\n%1\n```\n").arg(sql());
  return finding_markdown(session_->report.findings[*finding_], *session_);
}

QString Inspector::sql() const {
  return sql_->toPlainText();
}

void Inspector::add_text(const QString& text, bool muted) {
  auto* label = wrapped_label(finding_scroll_->widget());
  label->setText(text);
  if (muted) set_muted(label);
  finding_layout_->addWidget(label);
}

void Inspector::add_section(const QString& title) {
  auto* label = new QLabel(title, finding_scroll_->widget());
  QFont font = label->font();
  font.setBold(true);
  label->setFont(font);
  label->setContentsMargins(0, 8, 0, 0);
  finding_layout_->addWidget(label);
}

void Inspector::add_code(const QString& code, const QString& name) {
  auto* parent = finding_scroll_->widget();
  auto* row = new QWidget(parent);
  auto* layout = new QHBoxLayout(row);
  layout->setContentsMargins(0, 0, 0, 0);
  auto* view = new SqlView(row);
  view->set_sql(code);
  view->set_most_lines(6);
  view->setAccessibleName(name);
  auto* copy = new QToolButton(row);
  copy->setText(QStringLiteral("Copy"));
  copy->setAccessibleName(QStringLiteral("Copy ") + name);
  copy->setToolTip(QStringLiteral("Copy to the clipboard"));
  connect(copy, &QToolButton::clicked, this, [code] { QApplication::clipboard()->setText(code); });
  layout->addWidget(view, 1);
  layout->addWidget(copy, 0, Qt::AlignTop);
  finding_layout_->addWidget(row);
}

void Inspector::fill_finding(const detect::Finding& finding) {
  remove_widgets(finding_layout_);
  auto* title = wrapped_label(finding_scroll_->widget());
  QFont font = title->font();
  font.setPointSizeF(font.pointSizeF() * 1.25);
  font.setBold(true);
  title->setFont(font);
  title->setText(title_of(finding.kind) + QStringLiteral(" in ") + QString::fromStdString(finding.scope_name));
  finding_layout_->addWidget(title);

  auto facts = QStringLiteral("%1 severity · %2 · %3 of %4 scopes")
                   .arg(word_of(finding.severity), word_of(finding.confidence), format_count(finding.scopes_affected),
                        format_count(finding.scopes_total));
  const auto saving = saving_of(finding);
  if (!saving.isEmpty()) facts += QStringLiteral(" · ") + saving + QStringLiteral(" a scope");
  add_text(facts, true);
  add_text(finding_sentence(finding, *session_));

  add_section(QStringLiteral("Evidence"));
  if (finding.edge) {
    auto* diagram = new EdgeDiagram(finding_scroll_->widget());
    diagram->set_edge(finding.edge);
    finding_layout_->addWidget(diagram);
  }
  add_text(confidence_sentence(finding));
  add_call_sites(finding);
  add_advice(finding);
  finding_layout_->addStretch(1);
  finding_scroll_->verticalScrollBar()->setValue(0);
}

void Inspector::add_call_sites(const detect::Finding& finding) {
  add_section(QStringLiteral("Call sites"));
  if (finding.call_sites.empty()) {
    add_text(QStringLiteral("The recorder did not note where these statements were executed."), true);
    return;
  }
  for (const auto& located : finding.call_sites) {
    const auto role =
        located.role == detect::LocatedCallSite::Role::parent ? QStringLiteral("parent") : QStringLiteral("child");
    add_text(QStringLiteral("%1  %2").arg(role, site_text(located.site)));
  }
}

void Inspector::add_advice(const detect::Finding& finding) {
  const auto serves_child = [&](const advise::IndexAdvice& advice) {
    return std::any_of(advice.statements.begin(), advice.statements.end(),
                       [&](const auto& served) { return served.statement == finding.child; });
  };
  add_section(QStringLiteral("Advice"));
  bool any = false;
  for (const auto& advice : finding.advice) {
    add_text(word_of(advice.kind) + QStringLiteral(": ") + QString::fromStdString(advice.sentence));
    if (!advice.code.empty()) add_code(QString::fromStdString(advice.code), word_of(advice.kind));
    any = true;
  }
  for (const auto& advice : session_->report.index_advice) {
    if (!serves_child(advice)) continue;
    add_index_advice(advice);
    any = true;
  }
  if (!any) add_text(QStringLiteral("No advice for this finding."), true);
}

void Inspector::add_index_advice(const advise::IndexAdvice& advice) {
  auto text = QStringLiteral("Index on %1: ").arg(QString::fromStdString(advice.table));
  switch (advice.verification) {
    case advise::Verification::not_verified:
      text += QStringLiteral("not verified.");
      break;
    case advise::Verification::what_if:
      text += QStringLiteral("the planner's cost falls from %1 to %2 (what-if).")
                  .arg(format_number(advice.cost_before), format_number(advice.cost_after));
      break;
    case advise::Verification::measured:
      text += QStringLiteral("measured: cost %1 before, %2 after.")
                  .arg(format_number(advice.cost_before), format_number(advice.cost_after));
      break;
  }
  if (!advice.note.empty()) text += u' ' + QString::fromStdString(advice.note);
  add_text(text);
  add_code(QString::fromStdString(advice.ddl), QStringLiteral("index"));
}

void Inspector::fill_statement(model::StatementIndex statement, std::optional<std::uint32_t> query) {
  const bool shown = session_ && statement != model::kNone && statement < session_->report.statements.size();
  for (QWidget* widget : {static_cast<QWidget*>(statement_numbers_), static_cast<QWidget*>(sql_)})
    widget->setVisible(shown);
  for (QWidget* widget :
       {static_cast<QWidget*>(binds_label_), static_cast<QWidget*>(binds_), static_cast<QWidget*>(stack_)})
    widget->setVisible(shown && query.has_value());
  plan_->show_statement(shown ? session_ : SessionPtr(), shown ? statement : model::kNone);
  if (!shown) {
    statement_headline_->setText(QStringLiteral("Select a statement or a query to see its SQL, binds and call stack."));
    return;
  }
  const auto& summary = session_->report.statements[statement];
  statement_numbers_->setText(
      QStringLiteral("%1 · total %2 · p50 %3 · p95 %4 · %5 · fingerprint %6")
          .arg(format_counted(summary.executions, QStringLiteral("call")), format_milliseconds(summary.total_ms),
               format_milliseconds(summary.p50_ms), format_milliseconds(summary.p95_ms),
               format_counted(summary.rows, QStringLiteral("row")), QString::fromStdString(summary.id)));
  if (!query) {
    statement_headline_->setText(QStringLiteral("Statement, literals as parameters"));
    sql_->set_sql(QString::fromStdString(summary.text));
    return;
  }
  const auto detail = session_->detail(*query);
  statement_headline_->setText(QStringLiteral("One execution: %1, %2%3")
                                   .arg(format_duration(static_cast<double>(session_->queries.duration[*query])),
                                        format_counted(session_->queries.rows[*query], QStringLiteral("row")),
                                        detail.sqlstate.empty() ? QString()
                                                                : QStringLiteral(", failed with SQLSTATE ") +
                                                                      QString::fromStdString(detail.sqlstate)));
  sql_->set_sql(QString::fromStdString(detail.text));
  fill_binds(detail);
  QString stack = QStringLiteral("Call stack");
  for (const auto& site : detail.stack) stack += QStringLiteral("\n    ") + site_text(site);
  stack_->setText(detail.stack.empty() ? QStringLiteral("The recorder did not note the call site.") : stack);
}

void Inspector::fill_binds(const QueryDetail& detail) {
  binds_label_->setText(detail.binds.empty() ? QStringLiteral("No binds.") : QStringLiteral("Binds"));
  binds_->setVisible(!detail.binds.empty());
  binds_->setRowCount(static_cast<int>(detail.binds.size()));
  for (int row = 0; row < binds_->rowCount(); ++row) {
    const auto& bind = detail.binds[static_cast<std::size_t>(row)];
    binds_->setItem(row, 0, new QTableWidgetItem(QStringLiteral("$%1").arg(row + 1)));
    binds_->setItem(row, 1, new QTableWidgetItem(QString::fromStdString(bind.type)));
    binds_->setItem(row, 2, new QTableWidgetItem(QString::fromStdString(bind.value)));
  }
  const int shown = std::min(binds_->rowCount(), kMostBindRows);
  binds_->setFixedHeight(binds_->horizontalHeader()->sizeHint().height() + 2 * binds_->frameWidth() +
                         shown * binds_->verticalHeader()->defaultSectionSize());
  binds_->resizeColumnToContents(0);
  binds_->resizeColumnToContents(1);
}

}  // namespace quell::gui
