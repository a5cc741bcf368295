#pragma once

#include <QWidget>
#include <optional>

#include "gui/model/session.hpp"
#include "gui/model/view_state.hpp"

class QHBoxLayout;
class QLabel;
class QLineEdit;

namespace quell::gui {

/// What every view is limited to, as chips that can be taken away, and the search field.
class FilterBar : public QWidget {
  Q_OBJECT
 public:
  explicit FilterBar(QWidget* parent = nullptr);
  void show_filter(const Session* session, const Filter& filter);
  void focus_search();
  [[nodiscard]] QLineEdit* search_field() const { return search_; }

 signals:
  /// The user took a chip away, cleared all, or typed.
  void filter_changed(const quell::gui::Filter& filter);

 private:
  void add_chip(const QString& text, const QString& tooltip, Filter without);
  Filter filter_;
  QHBoxLayout* chips_;
  QLineEdit* search_;
};

}  // namespace quell::gui
