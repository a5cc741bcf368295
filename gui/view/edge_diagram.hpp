#pragma once

#include <QWidget>
#include <optional>

#include "gui/model/session.hpp"

namespace quell::gui {

/// The proof, drawn: the column of the parent's result, the arrow, the bind of the child.
class EdgeDiagram : public QWidget {
  Q_OBJECT
 public:
  explicit EdgeDiagram(QWidget* parent = nullptr);
  void set_edge(const std::optional<detect::ValueEdge>& edge);
  [[nodiscard]] QSize sizeHint() const override;
  [[nodiscard]] QSize minimumSizeHint() const override { return sizeHint(); }

 protected:
  void paintEvent(QPaintEvent* event) override;

 private:
  std::optional<detect::ValueEdge> edge_;
};

}  // namespace quell::gui
