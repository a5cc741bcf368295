#pragma once

#include <string>
#include <vector>

#include <quell/db/migrate.hpp>
#include <quell/db/sync_connection.hpp>

namespace quell::db::migrate {

/// The table that says which revisions a database has: one row each, with the checksum of what ran and whether it came
/// to its end.
class VersionTable {
 public:
  struct Row {
    std::string id;
    std::string name;
    std::string checksum;
    bool finished = false;
    std::string applied_at;
  };

  /// `name` may have a schema before a dot.
  explicit VersionTable(const std::string& name);

  void create_if_missing(SyncConnection& connection) const;
  /// Oldest first; empty where the table does not exist.
  [[nodiscard]] std::vector<Row> rows(SyncConnection& connection) const;
  void add(SyncConnection& connection, const Revision& revision, bool finished) const;
  void finish(SyncConnection& connection, const std::string& id) const;
  /// Throws MigrationError where the row is not there: somebody else was faster.
  void remove(SyncConnection& connection, const std::string& id) const;
  void start_removal(SyncConnection& connection, const std::string& id) const;

  [[nodiscard]] const std::string& quoted() const { return quoted_; }

 private:
  std::string quoted_;
};

[[nodiscard]] std::string checksum_of(const Revision& revision);

}  // namespace quell::db::migrate
