#include "gui/view/tables.hpp"

#include <QApplication>
#include <QClipboard>
#include <QHeaderView>
#include <QKeyEvent>
#include <QPainter>
#include <algorithm>

#include "gui/view/theme.hpp"

namespace quell::gui {

DataTable::DataTable(const QString& name, QWidget* parent) : QTableView(parent) {
  setAccessibleName(name);
  setSelectionBehavior(QAbstractItemView::SelectRows);
  setSelectionMode(QAbstractItemView::ExtendedSelection);
  setEditTriggers(QAbstractItemView::NoEditTriggers);
  setAlternatingRowColors(true);
  setShowGrid(false);
  setWordWrap(false);
  setTabKeyNavigation(false);
  setSortingEnabled(true);
  setFrameShape(QFrame::NoFrame);
  setVerticalScrollMode(QAbstractItemView::ScrollPerPixel);
  setHorizontalScrollMode(QAbstractItemView::ScrollPerPixel);
  verticalHeader()->hide();
  verticalHeader()->setSectionResizeMode(QHeaderView::Fixed);
  verticalHeader()->setDefaultSectionSize(fontMetrics().height() + 8);
  horizontalHeader()->setHighlightSections(false);
  horizontalHeader()->setMinimumSectionSize(36);
  connect(this, &QTableView::doubleClicked, this, &DataTable::row_activated);
}

void DataTable::set_column_widths(const std::vector<int>& characters) {
  widths_ = characters;
  fit_columns();
}

void DataTable::set_empty_text(const QString& text) {
  empty_text_ = text;
  viewport()->update();
}

void DataTable::fit_columns() {
  if (!model() || widths_.empty()) return;
  int used = 0;
  for (std::size_t column = 0; column < widths_.size(); ++column) {
    if (widths_[column] == 0 || isColumnHidden(static_cast<int>(column))) continue;
    constexpr int kSortArrow = 12;
    const int header = horizontalHeader()->sectionSizeHint(static_cast<int>(column)) + kSortArrow;
    const int width = std::max(fontMetrics().averageCharWidth() * widths_[column] + 14, header);
    setColumnWidth(static_cast<int>(column), width);
    used += width;
  }
  const int least = fontMetrics().averageCharWidth() * 24;
  for (std::size_t column = 0; column < widths_.size(); ++column)
    if (widths_[column] == 0) setColumnWidth(static_cast<int>(column), std::max(viewport()->width() - used, least));
}

void DataTable::resizeEvent(QResizeEvent* event) {
  QTableView::resizeEvent(event);
  if (event->oldSize().width() != event->size().width()) fit_columns();
}

void DataTable::currentChanged(const QModelIndex& current, const QModelIndex& previous) {
  QTableView::currentChanged(current, previous);
  if (current.isValid() && !gaining_focus_) emit row_selected(current);
}

void DataTable::focusInEvent(QFocusEvent* event) {
  gaining_focus_ = true;
  QTableView::focusInEvent(event);
  gaining_focus_ = false;
}

void DataTable::keyPressEvent(QKeyEvent* event) {
  if ((event->key() == Qt::Key_Return || event->key() == Qt::Key_Enter) && currentIndex().isValid()) {
    emit row_activated(currentIndex());
    return;
  }
  if (event->matches(QKeySequence::Copy) && currentIndex().isValid()) {
    QApplication::clipboard()->setText(currentIndex().data().toString());
    return;
  }
  QTableView::keyPressEvent(event);
}

void DataTable::paintEvent(QPaintEvent* event) {
  QTableView::paintEvent(event);
  if (!model() || model()->rowCount() > 0 || empty_text_.isEmpty()) return;
  QPainter painter(viewport());
  painter.setPen(Theme::of(palette()).muted);
  painter.drawText(viewport()->rect().adjusted(16, 16, -16, -16), Qt::AlignTop | Qt::AlignHCenter | Qt::TextWordWrap,
                   empty_text_);
}

}  // namespace quell::gui
