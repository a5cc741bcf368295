#pragma once

#include <cstddef>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <quell/db/migrate.hpp>

namespace quell::db::core {

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

  /// What is missing for `target`, in order: "head", "heads", "+n", an id or a prefix of exactly one.
  [[nodiscard]] std::vector<std::size_t> upgrade_plan(const Applied& applied, std::string_view target) const;
  /// What has to go for `target`, in order: "base", "-n", an id or a prefix (the state just after that revision).
  [[nodiscard]] std::vector<std::size_t> downgrade_plan(const Applied& applied, std::string_view target) const;

 private:
  void sort();
  [[nodiscard]] std::size_t resolve(std::string_view id) const;
  [[nodiscard]] std::set<std::size_t> with_ancestors(const std::vector<std::size_t>& of) const;
  [[nodiscard]] std::set<std::size_t> descendants(std::size_t of) const;

  std::vector<Revision> revisions_;
  std::unordered_map<std::string, std::size_t> index_;
};

}  // namespace quell::db::core
