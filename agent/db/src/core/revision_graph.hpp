#pragma once

#include <cstddef>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <quell/db/migrate.hpp>

namespace quell::db::core {

/// A range as it is written, "from:to"; an end that is missing is empty.
struct RangeText {
  std::string_view from;
  std::string_view to;
};
/// Nothing where there is no colon.
[[nodiscard]] std::optional<RangeText> split_range(std::string_view text);

/// The shape of a schema's history: which revisions follow which. Pure; a plan is a list of indexes into `revisions`.
class RevisionGraph {
 public:
  using Applied = std::set<std::string>;

  /// Throws MigrationError at a doubled id, an unknown parent or a cycle; the revisions are put into an order with
  /// parents before children, otherwise as they were.
  explicit RevisionGraph(std::vector<Revision> revisions);

  [[nodiscard]] const std::vector<Revision>& revisions() const { return revisions_; }
  [[nodiscard]] std::vector<std::string> heads() const;
  /// Applied revisions that no applied one follows.
  [[nodiscard]] std::vector<std::string> current(const Applied& applied) const;

  /// What is missing for `target`, in order: "head", "heads", "+n", or anything `find` knows.
  [[nodiscard]] std::vector<std::size_t> upgrade_plan(const Applied& applied, std::string_view target) const;
  /// What has to go for `target`, in order: "base", "-n", or one revision that `find` knows (the state just after it).
  [[nodiscard]] std::vector<std::size_t> downgrade_plan(const Applied& applied, std::string_view target) const;

  /// "head", "heads", "base" (none), an id, a prefix of exactly one, and "id+n", "id-n".
  [[nodiscard]] std::vector<std::size_t> find(std::string_view identifier) const;
  /// `of` and everything before it.
  [[nodiscard]] Applied closure(std::string_view identifier) const;
  /// "from:to" with both ends, in order; an end that is missing is the base or the heads.
  [[nodiscard]] std::vector<std::size_t> range(std::string_view text) const;

 private:
  void sort();
  [[nodiscard]] std::optional<std::size_t> resolve(std::string_view id) const;
  [[nodiscard]] std::size_t find_one(std::string_view identifier) const;
  [[nodiscard]] std::size_t walk(std::size_t from, std::size_t count, bool up) const;
  [[nodiscard]] std::string circle_from(std::size_t start) const;
  [[nodiscard]] std::set<std::size_t> with_ancestors(const std::vector<std::size_t>& of) const;
  [[nodiscard]] std::set<std::size_t> descendants(std::size_t of) const;

  std::vector<Revision> revisions_;
  std::unordered_map<std::string, std::size_t> index_;
};

}  // namespace quell::db::core
