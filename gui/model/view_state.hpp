#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "analyzer/model/workload.hpp"

namespace quell::gui {

/// Half open, in trace time.
struct TimeRange {
  trace::Time begin = 0;
  trace::Time end = 0;
  [[nodiscard]] trace::Duration length() const { return end - begin; }
  friend bool operator==(const TimeRange&, const TimeRange&) = default;
};

/// What every view is limited to. Each member is one chip.
struct Filter {
  std::optional<TimeRange> range;  ///< queries that start in it
  std::optional<std::uint32_t> scope_name;
  std::optional<std::uint32_t> statement;
  std::string text;  ///< a part of the statement or of the scope's name, ignoring case

  [[nodiscard]] bool empty() const { return !range && !scope_name && !statement && text.empty(); }
  friend bool operator==(const Filter&, const Filter&) = default;
};

/// Filter and zoom together: one thing to undo.
struct ViewState {
  Filter filter;
  TimeRange visible;
  friend bool operator==(const ViewState&, const ViewState&) = default;
};

/// Back and forward as in a browser. Never empty.
class ViewHistory {
 public:
  explicit ViewHistory(ViewState first = {}) : states_{std::move(first)} {}

  [[nodiscard]] const ViewState& current() const { return states_[position_]; }
  /// Drops what was ahead. A state equal to the current one adds nothing.
  void push(ViewState state);
  [[nodiscard]] bool can_go_back() const { return position_ > 0; }
  [[nodiscard]] bool can_go_forward() const { return position_ + 1 < states_.size(); }
  const ViewState& back();
  const ViewState& forward();

 private:
  static constexpr std::size_t kLimit = 200;
  std::vector<ViewState> states_;
  std::size_t position_ = 0;
};

}  // namespace quell::gui
