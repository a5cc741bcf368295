#pragma once

#include <cstdint>
#include <vector>

#include "gui/model/view_state.hpp"

namespace quell::gui {

/// Maps trace time to pixels of a strip that is `width` pixels wide.
class TimeScale {
 public:
  TimeScale() = default;
  TimeScale(TimeRange visible, double width);

  [[nodiscard]] double x_of(trace::Time time) const {
    return static_cast<double>(time - visible_.begin) * pixels_per_nanosecond_;
  }
  [[nodiscard]] trace::Time time_at(double x) const;
  [[nodiscard]] const TimeRange& visible() const { return visible_; }
  [[nodiscard]] double width() const { return width_; }

  /// Zooms by `factor` (> 1: closer) so that the time under `x` stays there; stays inside `whole` and shows at least
  /// kShortest.
  [[nodiscard]] TimeRange zoomed(double factor, double x, TimeRange whole) const;
  /// Moves by a number of pixels (positive: later), inside `whole`.
  [[nodiscard]] TimeRange panned(double pixels, TimeRange whole) const;

  /// Instants for labels, at least `spacing` pixels apart, on round numbers of the trace's own clock (0 at `origin`).
  struct Ticks {
    trace::Duration step = 0;
    std::vector<trace::Time> times;
  };
  [[nodiscard]] Ticks ticks(trace::Time origin, double spacing) const;

  static constexpr trace::Duration kShortest = 1'000;  ///< 1 µs across the window: below any round trip

 private:
  TimeRange visible_{0, 1};
  double width_ = 1;
  double pixels_per_nanosecond_ = 1;
};

/// `range` moved, and cut where it is longer, to lie inside `whole`.
[[nodiscard]] TimeRange clamped(TimeRange range, TimeRange whole);

}  // namespace quell::gui
