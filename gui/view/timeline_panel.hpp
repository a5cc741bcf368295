#pragma once

#include <QWidget>
#include <memory>

#include "gui/model/lanes.hpp"

class QComboBox;

namespace quell::gui {

class Timeline;

/// The timeline under a line with its grouping and the meaning of its colours.
class TimelinePanel : public QWidget {
  Q_OBJECT
 public:
  explicit TimelinePanel(QWidget* parent = nullptr);
  void set_session(const SessionPtr& session);
  [[nodiscard]] Timeline* timeline() const { return timeline_; }

 private:
  void regroup();
  [[nodiscard]] std::shared_ptr<const LaneSet> lanes() const;
  SessionPtr session_;
  Timeline* timeline_;
  QComboBox* grouping_;
};

}  // namespace quell::gui
