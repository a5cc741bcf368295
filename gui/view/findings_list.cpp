#include "gui/view/findings_list.hpp"

#include <QKeyEvent>
#include <QPainter>
#include <QStyledItemDelegate>
#include <algorithm>

#include "gui/view/theme.hpp"

namespace quell::gui {
namespace {

constexpr int kPadding = 10;
constexpr int kStripe = 4;
constexpr int kLineGap = 3;

/// Three small bars, filled from the left by severity: readable without colour.
void paint_severity(QPainter& painter, QPoint position, int severity, const QColor& colour) {
  constexpr int kWidth = 4;
  for (int i = 0; i < 3; ++i) {
    const int height = 5 + 3 * i;
    const QRect bar(position.x() + i * (kWidth + 2), position.y() + 11 - height, kWidth, height);
    if (i < severity)
      painter.fillRect(bar, colour);
    else {
      painter.setPen(mixed(colour, Qt::gray, 0.5));
      painter.drawRect(bar.adjusted(0, 0, -1, -1));
    }
  }
}

class CardDelegate : public QStyledItemDelegate {
 public:
  using QStyledItemDelegate::QStyledItemDelegate;

  [[nodiscard]] QSize sizeHint(const QStyleOptionViewItem& option, const QModelIndex& /*index*/) const override {
    return {200, 4 * option.fontMetrics.height() + 3 * kLineGap + 2 * kPadding};
  }

  void paint(QPainter* painter, const QStyleOptionViewItem& option, const QModelIndex& index) const override {
    const auto theme = Theme::of(option.palette);
    const auto severity = static_cast<detect::Severity>(index.data(FindingModel::kSeverity).toInt());
    const bool selected = option.state & QStyle::State_Selected;
    const QColor background = selected ? mixed(theme.accent, option.palette.color(QPalette::Base), 0.18)
                                       : option.palette.color(QPalette::Base);
    const QColor colour = theme.of(severity);
    const QColor text = option.palette.color(QPalette::Text);

    painter->save();
    painter->fillRect(option.rect, background);
    painter->fillRect(QRect(option.rect.topLeft(), QSize(kStripe, option.rect.height())), colour);
    painter->setPen(theme.grid);
    painter->drawLine(option.rect.bottomLeft(), option.rect.bottomRight());
    if (selected && option.state & QStyle::State_HasFocus) {
      painter->setPen(QPen(theme.accent, 2));
      painter->drawRect(option.rect.adjusted(1, 1, -2, -2));
    }

    const int line = option.fontMetrics.height();
    QRect row = option.rect.adjusted(kStripe + kPadding, kPadding, -kPadding, 0);
    row.setHeight(line);
    paint_title(*painter, option, index, row, text, colour);

    row.translate(0, line + kLineGap);
    painter->setFont(option.font);
    painter->setPen(text);
    painter->drawText(row, Qt::AlignVCenter, elided(option, index.data(FindingModel::kWhere).toString(), row.width()));

    painter->setPen(theme.muted);
    row.translate(0, line + kLineGap);
    auto evidence = index.data(FindingModel::kConfidence).toString();
    const auto saving = index.data(FindingModel::kSaving).toString();
    if (!saving.isEmpty()) evidence += QStringLiteral(" · ") + saving;
    painter->drawText(row, Qt::AlignVCenter, elided(option, evidence, row.width()));

    row.translate(0, line + kLineGap);
    auto site = index.data(FindingModel::kSite).toString();
    if (site.isEmpty()) site = QStringLiteral("call site not recorded");
    painter->drawText(row, Qt::AlignVCenter, option.fontMetrics.elidedText(site, Qt::ElideLeft, row.width()));
    painter->restore();
  }

 private:
  static QString elided(const QStyleOptionViewItem& option, const QString& text, int width) {
    return option.fontMetrics.elidedText(text, Qt::ElideRight, width);
  }

  static void paint_title(QPainter& painter, const QStyleOptionViewItem& option, const QModelIndex& index,
                          const QRect& row, const QColor& text, const QColor& colour) {
    QFont bold = option.font;
    bold.setBold(true);
    painter.setFont(bold);
    const QFontMetrics metrics(bold);
    const auto times = index.data(FindingModel::kTimes).toString();
    const auto word = index.data(FindingModel::kSeverityWord).toString();
    const int severity = index.data(FindingModel::kSeverity).toInt();
    paint_severity(painter, {row.left(), row.top() + (row.height() - 11) / 2}, severity, colour);
    const int word_width = option.fontMetrics.horizontalAdvance(word);
    const QRect title_row = row.adjusted(24, 0, -word_width - 8, 0);
    painter.setPen(text);
    const auto title = index.data(FindingModel::kTitle).toString() + (times.isEmpty() ? QString() : u' ' + times);
    painter.drawText(title_row, Qt::AlignVCenter, metrics.elidedText(title, Qt::ElideRight, title_row.width()));
    painter.setFont(option.font);
    painter.setPen(colour);
    painter.drawText(row, Qt::AlignVCenter | Qt::AlignRight, word);
  }
};

}  // namespace

FindingsList::FindingsList(QWidget* parent) : QListView(parent) {
  setItemDelegate(new CardDelegate(this));
  setUniformItemSizes(true);
  setSelectionMode(QAbstractItemView::SingleSelection);
  setVerticalScrollMode(QAbstractItemView::ScrollPerPixel);
  setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
  setFrameShape(QFrame::NoFrame);
  setAccessibleName(QStringLiteral("Findings"));
  connect(this, &QListView::doubleClicked, this,
          [this](const QModelIndex& index) { emit finding_activated(index.row()); });
}

void FindingsList::set_empty_text(const QString& text) {
  empty_text_ = text;
  viewport()->update();
}

void FindingsList::move_current(int step) {
  if (!model() || model()->rowCount() == 0) return;
  const int rows = model()->rowCount();
  // Current without being selected: Qt did that when the list got the focus.
  const bool selected = selectionModel()->isSelected(currentIndex());
  const int from = selected ? currentIndex().row() : step > 0 ? -1 : rows;
  if (!selected) setCurrentIndex({});
  setCurrentIndex(model()->index(std::clamp(from + step, 0, rows - 1), 0));
  setFocus();
}

void FindingsList::currentChanged(const QModelIndex& current, const QModelIndex& previous) {
  QListView::currentChanged(current, previous);
  if (current.isValid() && !gaining_focus_) emit finding_selected(current.row());
}

void FindingsList::focusInEvent(QFocusEvent* event) {
  gaining_focus_ = true;
  QListView::focusInEvent(event);
  gaining_focus_ = false;
}

void FindingsList::keyPressEvent(QKeyEvent* event) {
  if ((event->key() == Qt::Key_Return || event->key() == Qt::Key_Enter) &&
      selectionModel()->isSelected(currentIndex())) {
    emit finding_activated(currentIndex().row());
    return;
  }
  QListView::keyPressEvent(event);
}

void FindingsList::paintEvent(QPaintEvent* event) {
  QListView::paintEvent(event);
  if (model() && model()->rowCount() > 0) return;
  QPainter painter(viewport());
  painter.setPen(Theme::of(palette()).muted);
  painter.drawText(viewport()->rect().adjusted(14, 14, -14, -14), Qt::AlignTop | Qt::TextWordWrap, empty_text_);
}

}  // namespace quell::gui
