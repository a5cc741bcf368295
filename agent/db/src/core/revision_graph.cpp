#include "agent/db/src/core/revision_graph.hpp"

#include <algorithm>
#include <charconv>
#include <optional>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace quell::db::core {
namespace {

/// The n of "+n" or "-n"; nothing where `text` is no such thing.
std::optional<std::size_t> steps(std::string_view text, char sign) {
  if (text.size() < 2 || text[0] != sign) return std::nullopt;
  std::size_t count = 0;
  const auto [end, error] = std::from_chars(text.data() + 1, text.data() + text.size(), count);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return count;
}

}  // namespace

std::optional<RangeText> split_range(std::string_view text) {
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos) return std::nullopt;
  return RangeText{text.substr(0, colon), text.substr(colon + 1)};
}

RevisionGraph::RevisionGraph(std::vector<Revision> revisions) : revisions_(std::move(revisions)) {
  const auto index = [this] {
    index_.clear();
    for (std::size_t i = 0; i < revisions_.size(); ++i)
      if (!index_.emplace(revisions_[i].id, i).second)
        throw MigrationError(fmt::format("two revisions have the id '{}'", revisions_[i].id));
  };
  index();
  for (const Revision& revision : revisions_)
    for (const std::string& parent : revision.parents)
      if (!index_.contains(parent))
        throw MigrationError(fmt::format("revision '{}' follows '{}', which does not exist", revision.id, parent));
  sort();
  index();
}

void RevisionGraph::sort() {
  std::vector<Revision> sorted;
  std::set<std::string> placed;
  std::vector<bool> done(revisions_.size());
  while (sorted.size() < revisions_.size()) {
    const std::size_t before = sorted.size();
    for (std::size_t i = 0; i < revisions_.size(); ++i) {
      const auto is_placed = [&](const std::string& parent) { return placed.contains(parent); };
      if (done[i] || !std::all_of(revisions_[i].parents.begin(), revisions_[i].parents.end(), is_placed)) continue;
      done[i] = true;
      placed.insert(revisions_[i].id);
      sorted.push_back(revisions_[i]);
    }
    if (sorted.size() > before) continue;
    const auto stuck = std::find(done.begin(), done.end(), false) - done.begin();
    throw MigrationError(
        fmt::format("a revision is its own ancestor: {}", circle_from(static_cast<std::size_t>(stuck))));
  }
  revisions_ = std::move(sorted);
}

std::vector<std::string> RevisionGraph::heads() const {
  Applied all;
  for (const Revision& revision : revisions_) all.insert(revision.id);
  return current(all);
}

std::vector<std::string> RevisionGraph::current(const Applied& applied) const {
  std::set<std::string> followed;
  for (const Revision& revision : revisions_)
    if (applied.contains(revision.id)) followed.insert(revision.parents.begin(), revision.parents.end());
  std::vector<std::string> newest;
  for (const Revision& revision : revisions_)
    if (applied.contains(revision.id) && !followed.contains(revision.id)) newest.push_back(revision.id);
  return newest;
}

/// From `start`, which cannot be placed, along parents that cannot either: "c follows b follows c".
std::string RevisionGraph::circle_from(std::size_t start) const {
  std::set<std::string> placed;
  for (bool more = true; more;) {
    more = false;
    for (const Revision& revision : revisions_) {
      const auto is_placed = [&](const std::string& parent) { return placed.contains(parent); };
      if (!placed.contains(revision.id) && std::all_of(revision.parents.begin(), revision.parents.end(), is_placed))
        more = placed.insert(revision.id).second;
    }
  }
  std::vector<std::string> path{revisions_[start].id};
  for (;;) {
    const auto& parents = revisions_[index_.at(path.back())].parents;
    path.push_back(
        *std::find_if(parents.begin(), parents.end(), [&](const auto& parent) { return !placed.contains(parent); }));
    const auto met = std::find(path.begin(), path.end() - 1, path.back());
    if (met == path.end() - 1) continue;
    return fmt::format("'{}'", fmt::join(met, path.end(), "' follows '"));
  }
}

/// The revision with this id or, alone, with this beginning of one.
std::optional<std::size_t> RevisionGraph::resolve(std::string_view id) const {
  if (id.empty()) return std::nullopt;
  std::vector<std::string> found;
  for (std::size_t i = 0; i < revisions_.size(); ++i) {
    if (revisions_[i].id == id) return i;
    if (revisions_[i].id.starts_with(id)) found.push_back(revisions_[i].id);
  }
  if (found.size() > 1) throw MigrationError(fmt::format("'{}' may be any of {}", id, fmt::join(found, ", ")));
  if (found.empty()) return std::nullopt;
  return index_.at(found.front());
}

/// `count` children or parents on, where there is only one way.
std::size_t RevisionGraph::walk(std::size_t from, std::size_t count, bool up) const {
  std::size_t at = from;
  for (std::size_t step = 0; step < count; ++step) {
    std::vector<std::string> next;
    if (up) {
      for (const Revision& revision : revisions_)
        if (std::count(revision.parents.begin(), revision.parents.end(), revisions_[at].id) > 0)
          next.push_back(revision.id);
    } else {
      next = revisions_[at].parents;
    }
    if (next.empty())
      throw MigrationError(
          fmt::format("there are only {} revisions {} '{}'", step, up ? "after" : "before", revisions_[from].id));
    if (next.size() > 1)
      throw MigrationError(fmt::format("from '{}' there are several ways ({}): name the revision you mean",
                                       revisions_[at].id, fmt::join(next, ", ")));
    at = index_.at(next.front());
  }
  return at;
}

std::vector<std::size_t> RevisionGraph::find(std::string_view identifier) const {
  if (const auto exact = resolve(identifier)) return {*exact};
  if (identifier == "base") return {};
  if (identifier == "head" || identifier == "heads") {
    const auto all = heads();
    if (identifier == "head" && all.size() > 1)
      throw MigrationError(fmt::format("there are {} heads ({}): name one, say 'heads' for all, or merge them",
                                       all.size(), fmt::join(all, ", ")));
    std::vector<std::size_t> indexes;
    for (const std::string& head : all) indexes.push_back(index_.at(head));
    return indexes;
  }
  const std::size_t sign = identifier.find_last_of("+-");
  if (sign != std::string_view::npos && sign > 0) {
    const bool up = identifier[sign] == '+';
    if (const auto count = steps(identifier.substr(sign), identifier[sign]))
      return {walk(find_one(identifier.substr(0, sign)), *count, up)};
  }
  throw MigrationError(fmt::format("there is no revision '{}'", identifier));
}

std::size_t RevisionGraph::find_one(std::string_view identifier) const {
  const auto found = find(identifier);
  if (found.size() != 1)
    throw MigrationError(fmt::format("'{}' names {} revisions, one is needed here", identifier, found.size()));
  return found.front();
}

RevisionGraph::Applied RevisionGraph::closure(std::string_view identifier) const {
  Applied ids;
  for (const std::size_t i : with_ancestors(find(identifier))) ids.insert(revisions_[i].id);
  return ids;
}

std::vector<std::size_t> RevisionGraph::range(std::string_view text) const {
  const auto ends = split_range(text);
  if (!ends) throw MigrationError(fmt::format("'{}' is no range: write from:to, from: or :to", text));
  const auto first = ends->from.empty() ? std::vector<std::size_t>{} : find(ends->from);
  std::set<std::size_t> wanted = with_ancestors(find(ends->to.empty() ? "heads" : ends->to));
  for (const std::size_t from : first)
    if (!wanted.contains(from)) throw MigrationError(fmt::format("'{}' is no ancestor of '{}'", ends->from, ends->to));
  for (const std::size_t before : with_ancestors(first))
    if (std::find(first.begin(), first.end(), before) == first.end()) wanted.erase(before);
  return {wanted.begin(), wanted.end()};
}

std::set<std::size_t> RevisionGraph::with_ancestors(const std::vector<std::size_t>& of) const {
  std::set<std::size_t> found(of.begin(), of.end());
  for (std::size_t i = revisions_.size(); i-- > 0;)  // children stand after their parents
    if (found.contains(i))
      for (const std::string& parent : revisions_[i].parents) found.insert(index_.at(parent));
  return found;
}

std::set<std::size_t> RevisionGraph::descendants(std::size_t of) const {
  std::set<std::size_t> found{of};
  for (std::size_t i = of + 1; i < revisions_.size(); ++i)
    for (const std::string& parent : revisions_[i].parents)
      if (found.contains(index_.at(parent))) found.insert(i);
  found.erase(of);
  return found;
}

std::vector<std::size_t> RevisionGraph::upgrade_plan(const Applied& applied, std::string_view target) const {
  const auto count = steps(target, '+');
  std::vector<std::size_t> missing;
  for (const std::size_t i : with_ancestors(find(count ? "head" : target)))
    if (!applied.contains(revisions_[i].id)) missing.push_back(i);
  if (!count) return missing;
  if (*count > missing.size())
    throw MigrationError(fmt::format("{} more steps were asked for, there are {}", *count, missing.size()));
  missing.resize(*count);
  return missing;
}

std::vector<std::size_t> RevisionGraph::downgrade_plan(const Applied& applied, std::string_view target) const {
  std::vector<std::size_t> gone;
  if (const auto count = steps(target, '-')) {
    Applied left = applied;
    while (gone.size() < *count) {
      const auto newest = current(left);
      if (newest.empty())
        throw MigrationError(fmt::format("{} steps down were asked for, {} are applied", *count, gone.size()));
      if (newest.size() > 1)
        throw MigrationError(
            fmt::format("{} branches are applied ({}), so that '{}' may go down any of them: name the revision to go "
                        "down to",
                        newest.size(), fmt::join(newest, ", "), target));
      gone.push_back(index_.at(newest.front()));
      left.erase(newest.front());
    }
    return gone;
  }
  std::set<std::size_t> after;
  if (target != "base") {
    const std::size_t kept = find_one(target);
    if (!applied.contains(revisions_[kept].id))
      throw MigrationError(
          fmt::format("revision '{}' is not applied: there is no way down to it", revisions_[kept].id));
    after = descendants(kept);
  }
  for (std::size_t i = revisions_.size(); i-- > 0;)
    if (applied.contains(revisions_[i].id) && (target == "base" || after.contains(i))) gone.push_back(i);
  return gone;
}

}  // namespace quell::db::core
