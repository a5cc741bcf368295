#include "gui/model/time_scale.hpp"

#include <algorithm>
#include <cmath>

namespace quell::gui {

TimeScale::TimeScale(TimeRange visible, double width) : visible_(visible), width_(std::max(width, 1.0)) {
  visible_.end = std::max(visible_.end, visible_.begin + 1);
  pixels_per_nanosecond_ = width_ / static_cast<double>(visible_.length());
}

trace::Time TimeScale::time_at(double x) const {
  return visible_.begin + static_cast<trace::Duration>(std::floor(x / pixels_per_nanosecond_));
}

TimeRange clamped(TimeRange range, TimeRange whole) {
  if (range.length() >= whole.length()) return whole;
  if (range.begin < whole.begin) return {whole.begin, whole.begin + range.length()};
  if (range.end > whole.end) return {whole.end - range.length(), whole.end};
  return range;
}

TimeRange TimeScale::zoomed(double factor, double x, TimeRange whole) const {
  const auto length = std::max(static_cast<double>(visible_.length()) / factor, static_cast<double>(kShortest));
  const double share = std::clamp(x / width_, 0.0, 1.0);
  const auto anchor = static_cast<double>(visible_.begin) + share * static_cast<double>(visible_.length());
  const auto begin = static_cast<trace::Time>(std::llround(anchor - share * length));
  return clamped({begin, begin + static_cast<trace::Duration>(std::llround(length))}, whole);
}

TimeRange TimeScale::panned(double pixels, TimeRange whole) const {
  const auto shift = static_cast<trace::Duration>(std::llround(pixels / pixels_per_nanosecond_));
  return clamped({visible_.begin + shift, visible_.end + shift}, whole);
}

TimeScale::Ticks TimeScale::ticks(trace::Time origin, double spacing) const {
  Ticks result;
  const double least = spacing / pixels_per_nanosecond_;
  trace::Duration step = 1;
  static constexpr trace::Duration kFactors[] = {1, 2, 5};
  for (trace::Duration power = 1; power < 4'000'000'000'000'000'000 / 10; power *= 10) {
    bool found = false;
    for (const auto factor : kFactors) {
      step = power * factor;
      if (static_cast<double>(step) >= least) {
        found = true;
        break;
      }
    }
    if (found) break;
  }
  result.step = step;
  const auto since = visible_.begin - origin;
  auto first = since / step * step;
  if (first < since) first += step;
  for (auto time = origin + first; time < visible_.end; time += step) result.times.push_back(time);
  return result;
}

}  // namespace quell::gui
