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
        fmt::format("revision '{}' is its own ancestor", revisions_[static_cast<std::size_t>(stuck)].id));
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

std::size_t RevisionGraph::resolve(std::string_view id) const {
  std::vector<std::string> found;
  for (std::size_t i = 0; i < revisions_.size(); ++i) {
    if (revisions_[i].id == id) return i;
    if (!id.empty() && revisions_[i].id.starts_with(id)) found.push_back(revisions_[i].id);
  }
  if (found.empty()) throw MigrationError(fmt::format("there is no revision '{}'", id));
  if (found.size() > 1) throw MigrationError(fmt::format("'{}' may be any of {}", id, fmt::join(found, ", ")));
  return index_.at(found.front());
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
  std::vector<std::size_t> missing;
  const auto take_missing = [&](const std::set<std::size_t>& wanted) {
    for (const std::size_t i : wanted)
      if (!applied.contains(revisions_[i].id)) missing.push_back(i);
  };
  const auto count = steps(target, '+');
  if (target == "head" || target == "heads" || count) {
    const auto all_heads = heads();
    if (target != "heads" && all_heads.size() > 1)
      throw MigrationError(fmt::format("there are {} heads ({}): name one, say 'heads' for all, or merge them",
                                       all_heads.size(), fmt::join(all_heads, ", ")));
    std::vector<std::size_t> indexes;
    for (const std::string& head : all_heads) indexes.push_back(index_.at(head));
    take_missing(with_ancestors(indexes));
    if (count && *count > missing.size())
      throw MigrationError(fmt::format("{} more steps were asked for, there are {}", *count, missing.size()));
    if (count) missing.resize(*count);
    return missing;
  }
  take_missing(with_ancestors({resolve(target)}));
  return missing;
}

std::vector<std::size_t> RevisionGraph::downgrade_plan(const Applied& applied, std::string_view target) const {
  std::vector<std::size_t> present;
  for (std::size_t i = revisions_.size(); i-- > 0;)
    if (applied.contains(revisions_[i].id)) present.push_back(i);
  if (target == "base") return present;
  if (const auto count = steps(target, '-')) {
    if (*count > present.size())
      throw MigrationError(fmt::format("{} steps down were asked for, {} are applied", *count, present.size()));
    present.resize(*count);
    return present;
  }
  const std::size_t kept = resolve(target);
  if (!applied.contains(revisions_[kept].id))
    throw MigrationError(fmt::format("revision '{}' is not applied: there is no way down to it", revisions_[kept].id));
  const std::set<std::size_t> gone = descendants(kept);
  std::erase_if(present, [&](std::size_t i) { return !gone.contains(i); });
  return present;
}

}  // namespace quell::db::core
