#pragma once

#include <QTableView>
#include <vector>

#include "gui/model/query_model.hpp"

namespace quell::gui {

/// A table with rows of one height: `ResizeToContents` would measure every row of a long trace. Return activates the
/// current row.
class DataTable : public QTableView {
  Q_OBJECT
 public:
  explicit DataTable(const QString& name, QWidget* parent = nullptr);
  /// Widths of the columns in characters; 0 for the one that takes the rest.
  void set_column_widths(const std::vector<int>& characters);
  /// Shown where there are no rows.
  void set_empty_text(const QString& text);

  /// Letters are shortcuts of the window, and a search would walk over every row.
  void keyboardSearch(const QString& /*search*/) override {}

 signals:
  void row_selected(const QModelIndex& index);
  void row_activated(const QModelIndex& index);

 protected:
  void currentChanged(const QModelIndex& current, const QModelIndex& previous) override;
  void focusInEvent(QFocusEvent* event) override;
  void keyPressEvent(QKeyEvent* event) override;
  void paintEvent(QPaintEvent* event) override;
  void resizeEvent(QResizeEvent* event) override;

 private:
  void fit_columns();
  std::vector<int> widths_;
  bool gaining_focus_ = false;  ///< Qt then makes the first row current; the user selected nothing
  QString empty_text_;
};

}  // namespace quell::gui
