#include "gui/view/plan_view.hpp"

#include <QEvent>
#include <QHeaderView>
#include <QLabel>
#include <QPainter>
#include <QStringList>
#include <QStyledItemDelegate>
#include <QTreeView>
#include <QVBoxLayout>
#include <algorithm>

#include "gui/model/wording.hpp"
#include "gui/view/theme.hpp"

namespace quell::gui {
namespace {

class RoomyRows : public QStyledItemDelegate {
 public:
  using QStyledItemDelegate::QStyledItemDelegate;
  [[nodiscard]] QSize sizeHint(const QStyleOptionViewItem& option, const QModelIndex& index) const override {
    return {QStyledItemDelegate::sizeHint(option, index).width(), option.fontMetrics.height() + 8};
  }
};

/// The share of a node as a bar behind its time.
class ShareDelegate : public RoomyRows {
 public:
  using RoomyRows::RoomyRows;
  void paint(QPainter* painter, const QStyleOptionViewItem& option, const QModelIndex& index) const override {
    const auto theme = Theme::of(option.palette);
    const double share = index.data(PlanModel::kShareRole).toDouble();
    const bool selected = option.state & QStyle::State_Selected;
    painter->save();
    if (selected) painter->fillRect(option.rect, option.palette.color(QPalette::Highlight));
    const QRect area = option.rect.adjusted(3, 3, -3, -3);
    const QColor under = option.palette.color(selected ? QPalette::Highlight : QPalette::Base);
    const QColor colour = mixed(theme.of(QueryClass::write), under, selected ? 0.3 : 0.45);
    if (share > 0) {
      const int width = std::max(2, static_cast<int>(share * area.width()));
      painter->fillRect(QRect(area.right() + 1 - width, area.top(), width, area.height()), colour);
    }
    painter->setPen(option.palette.color(selected ? QPalette::HighlightedText : QPalette::Text));
    painter->drawText(area.adjusted(0, 0, -2, 0), Qt::AlignVCenter | Qt::AlignRight, index.data().toString());
    painter->restore();
  }
};

class PlanTree : public QTreeView {
 public:
  using QTreeView::QTreeView;
  void keyboardSearch(const QString& /*search*/) override {}
};

QString why_no_plan(const Session& session, model::StatementIndex statement) {
  if (!session.report.database_used)
    return session.dsn_hint.empty() ? QStringLiteral("No plan was captured.")
                                    : QString::fromStdString(session.dsn_hint);
  const auto id = session.report.statements[statement].id;
  for (const auto& reason : session.report.not_planned)
    if (reason.find(id) != std::string::npos) return QStringLiteral("No plan: ") + QString::fromStdString(reason);
  return QStringLiteral("No plan: only the %1 costliest statements were explained.")
      .arg(format_count(session.report.plans.size()));
}

/// The weightiest of them; the terminal report has room for all.
QString insight_lines(const std::vector<plan::Insight>& insights) {
  constexpr std::size_t kMost = 3;
  QStringList lines;
  for (std::size_t i = 0; i < std::min(insights.size(), kMost); ++i) {
    const plan::Insight& insight = insights[i];
    const QString share = insight.share > 0 ? QStringLiteral("%1\u00a0% ").arg(qRound(insight.share * 100)) : QString();
    lines << QStringLiteral("\u25cf ") + share + QString::fromStdString(insight.cause) + u' ' +
                 QString::fromStdString(insight.fix);
    if (!insight.sql.empty()) lines << QStringLiteral("    ") + QString::fromStdString(insight.sql);
  }
  if (insights.size() > kMost)
    lines << QStringLiteral("and %1 more: quell explain shows all").arg(insights.size() - kMost);
  return lines.join(u'\n');
}

}  // namespace

PlanView::PlanView(QWidget* parent)
    : QWidget(parent),
      headline_(new QLabel(this)),
      insights_(new QLabel(this)),
      tree_(new PlanTree(this)),
      details_(new QLabel(this)) {
  headline_->setWordWrap(true);
  headline_->setTextInteractionFlags(Qt::TextSelectableByMouse);
  headline_->setContentsMargins(10, 8, 10, 6);
  insights_->setObjectName(QStringLiteral("insights"));
  insights_->setWordWrap(true);
  insights_->setTextFormat(Qt::PlainText);
  insights_->setTextInteractionFlags(Qt::TextSelectableByMouse);
  insights_->setContentsMargins(10, 0, 10, 8);
  insights_->setAccessibleName(QStringLiteral("What the plan rules say"));
  details_->setWordWrap(true);
  details_->setTextInteractionFlags(Qt::TextSelectableByMouse);
  details_->setContentsMargins(10, 6, 10, 8);
  setBackgroundRole(QPalette::Base);
  setAutoFillBackground(true);
  tree_->setModel(&model_);
  tree_->setUniformRowHeights(true);
  tree_->setItemDelegate(new RoomyRows(tree_));
  tree_->setItemDelegateForColumn(PlanModel::kSelf, new ShareDelegate(tree_));
  tree_->setFrameShape(QFrame::NoFrame);
  tree_->setIndentation(14);
  tree_->setAccessibleName(QStringLiteral("Plan"));
  tree_->viewport()->installEventFilter(this);
  tree_->header()->setStretchLastSection(false);
  tree_->header()->setMinimumSectionSize(30);
  auto* layout = new QVBoxLayout(this);
  layout->setContentsMargins(0, 0, 0, 0);
  layout->setSpacing(0);
  layout->addWidget(headline_);
  layout->addWidget(insights_);
  layout->addWidget(tree_, 1);
  layout->addWidget(details_);
  layout->addStretch(0);
  connect(tree_->selectionModel(), &QItemSelectionModel::currentChanged, this, [this](const QModelIndex& current) {
    auto lines = current.data(Qt::ToolTipRole).toString().split(u'\n');
    if (!lines.isEmpty()) lines.removeFirst();
    details_->setText(lines.join(QStringLiteral("\n")));
  });
  show_statement({}, model::kNone);
}

void PlanView::show_statement(const SessionPtr& session, model::StatementIndex statement) {
  const auto* plan = session && statement != model::kNone ? session->plan_of(statement) : nullptr;
  if (plan && plan->run.ok) {
    show_plan(*plan);
    return;
  }
  model_.set_plan(nullptr);
  tree_->hide();
  insights_->hide();
  details_->hide();
  if (!session || statement == model::kNone)
    headline_->setText(QStringLiteral("Select a finding, a statement or a query to see its plan."));
  else if (plan)
    headline_->setText(QStringLiteral("EXPLAIN failed: ") + QString::fromStdString(plan->run.note));
  else
    headline_->setText(why_no_plan(*session, statement));
}

void PlanView::show_plan(const report::StatementPlan& plan) {
  model_.set_plan(&plan.run.plan);
  tree_->expandAll();
  tree_->show();
  details_->show();
  QStringList parts;
  parts << (plan.run.mode == plan::RunMode::analyze ? QStringLiteral("EXPLAIN (ANALYZE, BUFFERS)")
                                                    : QStringLiteral("EXPLAIN, not executed"));
  const auto part = [](const char* name, double ms) {
    // A number stays on the line of its unit.
    return QString::fromLatin1(name) + QChar::Nbsp + format_milliseconds(ms).replace(u' ', QChar::Nbsp);
  };
  if (plan.run.plan.execution_ms) parts << part("execution", *plan.run.plan.execution_ms);
  if (plan.run.plan.planning_ms) parts << part("planning", *plan.run.plan.planning_ms);
  auto text = parts.join(QStringLiteral(" · "));
  if (!plan.run.note.empty()) text += u'\n' + QString::fromStdString(plan.run.note);
  headline_->setText(text);
  insights_->setText(insight_lines(plan.insights));
  insights_->setVisible(!plan.insights.empty());
  layout()->activate();
  fit_columns();
  tree_->setCurrentIndex(model_.index(0, 0));
}

void PlanView::fit_columns() {
  if (!has_plan()) return;
  int used = 0;
  for (int column = PlanModel::kSelf; column < PlanModel::kColumns; ++column) {
    tree_->resizeColumnToContents(column);
    const int least = column == PlanModel::kSelf ? 84 : 44;
    tree_->setColumnWidth(column, std::max(tree_->columnWidth(column), least));
    used += tree_->columnWidth(column);
  }
  tree_->setColumnWidth(PlanModel::kNode, std::max(tree_->viewport()->width() - used, 170));
}

bool PlanView::eventFilter(QObject* watched, QEvent* event) {
  if (event->type() == QEvent::Resize) fit_columns();
  return QWidget::eventFilter(watched, event);
}

}  // namespace quell::gui
