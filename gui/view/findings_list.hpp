#pragma once

#include <QListView>

#include "gui/model/finding_model.hpp"

namespace quell::gui {

/// The entry point of the window: one card a finding.
class FindingsList : public QListView {
  Q_OBJECT
 public:
  explicit FindingsList(QWidget* parent = nullptr);

  /// Shown instead of an empty list.
  void set_empty_text(const QString& text);
  /// Selects the finding `step` rows away; from none, the first or the last one.
  void move_current(int step);

  /// Letters are shortcuts of the window.
  void keyboardSearch(const QString& /*search*/) override {}

 signals:
  void finding_selected(int row);
  void finding_activated(int row);

 protected:
  void currentChanged(const QModelIndex& current, const QModelIndex& previous) override;
  void focusInEvent(QFocusEvent* event) override;
  void keyPressEvent(QKeyEvent* event) override;
  void paintEvent(QPaintEvent* event) override;

 private:
  bool gaining_focus_ = false;  ///< Qt then makes the first row current; the user selected nothing
  QString empty_text_;
};

}  // namespace quell::gui
