#include "gui/model/lanes.hpp"

#include <algorithm>
#include <numeric>
#include <unordered_map>

namespace quell::gui {
namespace {

void add_checkpoints(const Session& session, Lane& lane) {
  Lane::Checkpoint sum;
  lane.checkpoints.reserve(lane.queries.size() / Lane::kStride + 1);
  for (std::size_t i = 0; i < lane.queries.size(); ++i) {
    if (i % Lane::kStride == 0) lane.checkpoints.push_back(sum);
    const auto query = lane.queries[i];
    sum.latest_end = i == 0 ? session.queries.end(query) : std::max(sum.latest_end, session.queries.end(query));
    ++sum.by_class[static_cast<std::size_t>(session.class_of(query))];
    if (session.queries.marks[query] & mark::kInFinding) ++sum.in_finding;
  }
}

Lane::Checkpoint counts_before(const Session& session, const Lane& lane, std::size_t position) {
  if (lane.queries.empty()) return {};
  auto block = std::min(position / Lane::kStride, lane.checkpoints.size() - 1);
  auto sum = lane.checkpoints[block];
  for (std::size_t i = block * Lane::kStride; i < position; ++i) {
    const auto query = lane.queries[i];
    ++sum.by_class[static_cast<std::size_t>(session.class_of(query))];
    if (session.queries.marks[query] & mark::kInFinding) ++sum.in_finding;
  }
  return sum;
}

/// The first position from which on some query still touches `time`.
std::size_t first_touching(const Session& session, const Lane& lane, trace::Time time) {
  // latest_end does not fall, so the blocks that ended before `time` are a prefix.
  const auto after =
      std::partition_point(lane.checkpoints.begin() + 1, lane.checkpoints.end(),
                           [&](const Lane::Checkpoint& checkpoint) { return checkpoint.latest_end < time; });
  auto position = static_cast<std::size_t>(after - lane.checkpoints.begin() - 1) * Lane::kStride;
  while (position < lane.queries.size() && session.queries.end(lane.queries[position]) < time &&
         session.queries.start[lane.queries[position]] < time)
    ++position;
  return position;
}

std::size_t first_starting_at(const Session& session, const Lane& lane, std::size_t from, trace::Time time) {
  const auto begin = lane.queries.begin() + static_cast<std::ptrdiff_t>(from);
  const auto found = std::partition_point(begin, lane.queries.end(),
                                          [&](std::uint32_t query) { return session.queries.start[query] < time; });
  return static_cast<std::size_t>(found - lane.queries.begin());
}

Bar bar_of(const Session& session, const Lane& lane, std::size_t first, std::size_t count, double left, double right) {
  Bar bar{left, right, static_cast<std::uint32_t>(first), static_cast<std::uint32_t>(count), {}, 0};
  const auto before = counts_before(session, lane, first);
  const auto after = counts_before(session, lane, first + count);
  for (std::size_t c = 0; c < kQueryClasses; ++c) bar.by_class[c] = after.by_class[c] - before.by_class[c];
  bar.in_finding = after.in_finding - before.in_finding;
  return bar;
}

/// Gives each span the first lane that is free at its begin.
class Packer {
 public:
  std::uint32_t place(trace::Time begin, trace::Time end) {
    for (std::uint32_t lane = 0; lane < ends_.size(); ++lane) {
      if (ends_[lane] <= begin) {
        ends_[lane] = end;
        return lane;
      }
    }
    if (ends_.size() < kMaxLanesPerGroup) {
      ends_.push_back(end);
      return static_cast<std::uint32_t>(ends_.size() - 1);
    }
    ends_.back() = std::max(ends_.back(), end);
    return kMaxLanesPerGroup - 1;
  }
  [[nodiscard]] std::uint32_t lanes() const { return static_cast<std::uint32_t>(ends_.size()); }

 private:
  std::vector<trace::Time> ends_;
};

struct Draft {
  LaneGroup group;
  double database_time = 0;
  Packer packer;
  std::vector<Lane> lanes;

  Lane& lane(std::uint32_t index) {
    if (lanes.size() <= index) lanes.resize(index + 1);
    return lanes[index];
  }
};

void add_query(const Session& session, Draft& draft, std::uint32_t lane, std::uint32_t query) {
  draft.lane(lane).queries.push_back(query);
  draft.database_time += static_cast<double>(session.queries.duration[query]);
  ++draft.group.queries;
  if (session.queries.marks[query] & mark::kInFinding) draft.group.has_finding = true;
}

std::vector<Draft> drafts_by_scope_name(const Session& session) {
  std::vector<Draft> drafts(session.scope_names.size() + 1);
  for (std::size_t i = 0; i < session.scope_names.size(); ++i) {
    drafts[i].group.label = session.scope_names[i];
    drafts[i].group.key = static_cast<std::uint32_t>(i);
  }
  auto& outside = drafts.back();
  outside.group.label = "(outside any scope)";
  outside.group.key = model::kNone;

  std::vector<std::uint32_t> order(session.scopes.size());
  std::iota(order.begin(), order.end(), 0U);
  std::stable_sort(order.begin(), order.end(),
                   [&](std::uint32_t a, std::uint32_t b) { return session.scopes[a].begin < session.scopes[b].begin; });
  std::vector<std::uint32_t> lane_of(session.scopes.size());
  for (const auto scope : order) {
    const auto& span = session.scopes[scope];
    auto& draft = drafts[span.name];
    lane_of[scope] = draft.packer.place(span.begin, span.end);
    draft.lane(lane_of[scope]).scopes.push_back(scope);
  }
  for (std::uint32_t query = 0; query < session.queries.size(); ++query) {
    const auto scope = session.queries.scope[query];
    if (scope == model::kNone)
      add_query(session, outside, outside.packer.place(session.queries.start[query], session.queries.end(query)),
                query);
    else
      add_query(session, drafts[session.scopes[scope].name], lane_of[scope], query);
  }
  return drafts;
}

std::vector<Draft> drafts_by_connection(const Session& session) {
  std::vector<Draft> drafts;
  std::unordered_map<std::uint32_t, std::size_t> draft_of;
  for (std::uint32_t query = 0; query < session.queries.size(); ++query) {
    const auto connection = session.queries.connection[query];
    const auto [position, added] = draft_of.try_emplace(connection, drafts.size());
    if (added) {
      drafts.emplace_back();
      drafts.back().group.label = "connection " + std::to_string(connection);
      drafts.back().group.key = connection;
    }
    add_query(session, drafts[position->second], 0, query);
  }
  return drafts;
}

}  // namespace

QueryClass Bar::main_class() const {
  const auto largest = std::max_element(by_class.begin(), by_class.end());
  return static_cast<QueryClass>(largest - by_class.begin());
}

LaneSet build_lanes(const Session& session, Grouping grouping) {
  auto drafts = grouping == Grouping::scope_name ? drafts_by_scope_name(session) : drafts_by_connection(session);
  std::stable_sort(drafts.begin(), drafts.end(), [](const Draft& a, const Draft& b) {
    if (a.group.has_finding != b.group.has_finding) return a.group.has_finding;
    return a.database_time > b.database_time;
  });
  LaneSet set;
  for (auto& draft : drafts) {
    if (draft.lanes.empty()) continue;
    draft.group.first_lane = static_cast<std::uint32_t>(set.lanes.size());
    draft.group.lanes = static_cast<std::uint32_t>(draft.lanes.size());
    for (auto& lane : draft.lanes) {
      lane.group = static_cast<std::uint32_t>(set.groups.size());
      add_checkpoints(session, lane);
      set.lanes.push_back(std::move(lane));
    }
    set.groups.push_back(std::move(draft.group));
  }
  return set;
}

std::vector<Bar> fold_lane(const Session& session, const Lane& lane, const TimeScale& scale) {
  std::vector<Bar> bars;
  if (lane.queries.empty()) return bars;
  const auto& queries = session.queries;
  const auto last = first_starting_at(session, lane, 0, scale.visible().end);
  const auto right_of = [&](std::size_t i) { return scale.x_of(queries.end(lane.queries[i])); };
  const auto left_of = [&](std::size_t i) { return scale.x_of(queries.start[lane.queries[i]]); };
  const auto wide = [&](std::size_t i) { return right_of(i) - left_of(i) >= kLeastBarWidth; };

  std::size_t i = first_touching(session, lane, scale.visible().begin);
  double covered = -kLeastBarWidth;
  while (i < last) {
    const double left = std::max(left_of(i), covered);
    if (wide(i) && right_of(i) - left >= kLeastBarWidth) {
      // What starts and ends beneath a wide query (another connection of the same scope) is counted with it.
      std::size_t next = i + 1;
      const double right = right_of(i);
      while (next < last && right_of(next) <= right && next - i < Lane::kStride) ++next;
      bars.push_back(bar_of(session, lane, i, next - i, left, right));
      covered = right;
      i = next;
      continue;
    }
    std::size_t end = i;
    double right = left;
    // Queries that start in the next three pixels join the run; a gap as wide, or a wide query, ends it.
    while (end < last) {
      const double reach = std::max(left_of(end), right) + kLeastBarWidth;
      auto next = std::max(first_starting_at(session, lane, end, scale.time_at(reach)), end + 1);
      next = std::min(next, last);
      const bool ends_wide = next - 1 > i && wide(next - 1);
      if (ends_wide) --next;
      if (next > end) right = std::max({right, right_of(next - 1), left_of(next - 1) + 1});
      end = next;
      if (ends_wide || end >= last || wide(end) || left_of(end) - right >= kLeastBarWidth) break;
    }
    if (end == i) end = i + 1;
    right = std::max(right, left + kLeastBarWidth);
    bars.push_back(bar_of(session, lane, i, end - i, left, right));
    covered = right;
    i = end;
  }
  return bars;
}

std::vector<double> load_profile(const Session& session, std::size_t buckets) {
  std::vector<double> profile(buckets, 0.0);
  const auto span = static_cast<double>(std::max<trace::Duration>(session.end - session.begin, 1));
  if (buckets == 0) return profile;
  const double bucket_length = span / static_cast<double>(buckets);
  for (std::uint32_t query = 0; query < session.queries.size(); ++query) {
    const auto begin = static_cast<double>(session.queries.start[query] - session.begin) / bucket_length;
    const auto end = begin + static_cast<double>(session.queries.duration[query]) / bucket_length;
    for (auto bucket = static_cast<std::size_t>(std::max(begin, 0.0));
         bucket < buckets && static_cast<double>(bucket) < end; ++bucket)
      profile[bucket] += std::min(end, static_cast<double>(bucket) + 1) - std::max(begin, static_cast<double>(bucket));
  }
  const double highest = *std::max_element(profile.begin(), profile.end());
  if (highest > 0)
    for (auto& share : profile) share /= highest;
  return profile;
}

}  // namespace quell::gui
