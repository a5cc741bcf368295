#pragma once

#include <QAbstractScrollArea>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "gui/model/lanes.hpp"

namespace quell::gui {

struct Theme;

/// The trace over time: an overview strip, a time axis and the lanes. Paints what is visible, whatever the trace's
/// length. Wheel scrolls, Ctrl+wheel zooms at the pointer, Shift+wheel pans, dragging selects a range.
class Timeline : public QAbstractScrollArea {
  Q_OBJECT
 public:
  explicit Timeline(QWidget* parent = nullptr);

  /// `lanes` may be null with a null session.
  void set_session(SessionPtr session, std::shared_ptr<const LaneSet> lanes);
  void set_lanes(std::shared_ptr<const LaneSet> lanes);
  void set_visible_range(TimeRange range);
  [[nodiscard]] TimeRange visible_range() const { return visible_; }
  [[nodiscard]] std::optional<TimeRange> selected_range() const { return selection_; }
  void select_query(std::uint32_t query);
  /// Lanes of other scope names step back; none: all alike.
  void emphasise(std::optional<std::uint32_t> scope_name);
  void show_whole();
  void fit_selection();
  void zoom(double factor);
  void pan(double share_of_width);
  /// The next or previous query of the selected query's lane.
  void step_query(int step);

  /// Where a lane's bars stand in the viewport, for tests: empty where the lane is scrolled out.
  [[nodiscard]] QRect lane_rect(std::size_t lane) const;
  [[nodiscard]] const LaneSet* lanes() const { return lanes_.get(); }

 signals:
  void query_selected(std::uint32_t query);
  void range_selected(std::optional<quell::gui::TimeRange> range);
  void visible_range_changed(const quell::gui::TimeRange& range);

 protected:
  void paintEvent(QPaintEvent* event) override;
  void resizeEvent(QResizeEvent* event) override;
  void mousePressEvent(QMouseEvent* event) override;
  void mouseMoveEvent(QMouseEvent* event) override;
  void mouseReleaseEvent(QMouseEvent* event) override;
  void mouseDoubleClickEvent(QMouseEvent* event) override;
  void wheelEvent(QWheelEvent* event) override;
  void keyPressEvent(QKeyEvent* event) override;
  bool viewportEvent(QEvent* event) override;
  void changeEvent(QEvent* event) override;

 private:
  enum class Drag : std::uint8_t { none, range, overview };
  struct LanePlace {
    int top = 0;  ///< from the top of the scrolled content
    int height = 0;
  };

  [[nodiscard]] int group_height(const LaneGroup& group) const;
  [[nodiscard]] TimeScale scale() const;
  [[nodiscard]] TimeRange whole() const;
  [[nodiscard]] double bars_width() const;
  [[nodiscard]] int lane_at(int y) const;
  [[nodiscard]] std::optional<std::uint32_t> query_at(QPoint position) const;
  [[nodiscard]] QString tooltip_at(QPoint position) const;
  void lay_out();
  void change_visible(TimeRange range);
  void move_overview(double x);
  void paint_overview(QPainter& painter, const Theme& theme);
  void paint_axis(QPainter& painter, const Theme& theme);
  void paint_group_backgrounds(QPainter& painter, const Theme& theme);
  void paint_grid(QPainter& painter, const Theme& theme);
  void paint_lanes(QPainter& painter, const Theme& theme);
  void paint_group(QPainter& painter, const Theme& theme, const LaneGroup& group);
  void paint_scopes(QPainter& painter, const Theme& theme, const Lane& lane, LanePlace place, bool faded);
  void paint_bars(QPainter& painter, const Theme& theme, const Lane& lane, LanePlace place, bool faded);
  void paint_bar_text(QPainter& painter, const Bar& bar, std::uint32_t query, const QRectF& rect, const QColor& fill);
  void paint_selection(QPainter& painter, const Theme& theme);

  SessionPtr session_;
  std::shared_ptr<const LaneSet> lanes_;
  std::vector<double> profile_;
  std::vector<LanePlace> places_;
  int content_height_ = 0;
  TimeRange visible_{0, 1};
  std::optional<TimeRange> selection_;
  std::optional<std::uint32_t> selected_query_;
  std::optional<std::uint32_t> emphasised_;
  Drag drag_ = Drag::none;
  QPoint drag_from_;
};

}  // namespace quell::gui
