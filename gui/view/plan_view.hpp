#pragma once

#include <QWidget>

#include "gui/model/plan_model.hpp"
#include "gui/model/session.hpp"

class QLabel;
class QTreeView;

namespace quell::gui {

/// The plan of one statement as a tree with self-time bars, or the reason why there is none.
class PlanView : public QWidget {
  Q_OBJECT
 public:
  explicit PlanView(QWidget* parent = nullptr);
  /// `statement` model::kNone: nothing is selected.
  void show_statement(const SessionPtr& session, model::StatementIndex statement);
  [[nodiscard]] bool has_plan() const { return model_.rowCount() > 0; }
  [[nodiscard]] QTreeView* tree() const { return tree_; }

 protected:
  bool eventFilter(QObject* watched, QEvent* event) override;

 private:
  void show_plan(const report::StatementPlan& plan);
  void fit_columns();

  PlanModel model_;
  QLabel* headline_;
  QLabel* insights_;
  QTreeView* tree_;
  QLabel* details_;
};

}  // namespace quell::gui
