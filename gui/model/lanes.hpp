#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "gui/model/session.hpp"
#include "gui/model/time_scale.hpp"

namespace quell::gui {

enum class Grouping : std::uint8_t { scope_name, connection };

/// One row of the timeline. Scopes of one name that overlap in time stand in lanes of their own, below each other.
struct Lane {
  std::uint32_t group = 0;             ///< index into LaneSet::groups
  std::vector<std::uint32_t> queries;  ///< by start
  std::vector<std::uint32_t> scopes;   ///< by begin; they do not overlap; empty when grouped by connection

  /// Every kStride queries: what is needed to jump over the queries before.
  struct Checkpoint {
    trace::Time latest_end = 0;                           ///< of all queries before this one
    std::array<std::uint32_t, kQueryClasses> by_class{};  ///< of all queries before this one
    std::uint32_t in_finding = 0;                         ///< of all queries before this one
  };
  static constexpr std::size_t kStride = 64;
  std::vector<Checkpoint> checkpoints;
};

struct LaneGroup {
  std::string label;
  std::uint32_t key = 0;  ///< scope name index or connection id; model::kNone: outside any scope
  std::uint32_t first_lane = 0;
  std::uint32_t lanes = 0;
  std::uint32_t queries = 0;
  bool has_finding = false;
};

struct LaneSet {
  std::vector<LaneGroup> groups;  ///< those with findings first, then by database time, descending
  std::vector<Lane> lanes;
};

/// Lanes a group is spread over at most; more concurrency than that shares the last lane.
inline constexpr std::uint32_t kMaxLanesPerGroup = 12;

[[nodiscard]] LaneSet build_lanes(const Session& session, Grouping grouping);

/// A drawn bar: one query, or a run of `count` queries too narrow to be drawn on their own.
struct Bar {
  double left = 0;
  double right = 0;
  std::uint32_t first = 0;  ///< position in Lane::queries
  std::uint32_t count = 1;
  std::array<std::uint32_t, kQueryClasses> by_class{};
  std::uint32_t in_finding = 0;

  /// The most frequent class; the earlier of equals.
  [[nodiscard]] QueryClass main_class() const;
};

/// A bar is at least this wide; what is narrower folds.
inline constexpr double kLeastBarWidth = 3;

/// The bars of a lane inside the scale's range, left to right, without overlap. Each query from the first that reaches
/// into the range to the last that starts in it is counted by exactly one bar. The work is bounded by the width and the
/// logarithm of the lane's length, not by the length (after Tracy's timeline).
[[nodiscard]] std::vector<Bar> fold_lane(const Session& session, const Lane& lane, const TimeScale& scale);

/// Database time in each of `buckets` equal parts of the trace, as a share of the highest; for the overview strip.
[[nodiscard]] std::vector<double> load_profile(const Session& session, std::size_t buckets);

}  // namespace quell::gui
