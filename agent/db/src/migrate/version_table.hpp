#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include <quell/db/migrate.hpp>
#include <quell/db/sync_connection.hpp>

namespace quell::db::migrate {

enum class Direction { up, down };

/// The table that says which revisions a database has: one row each, with the checksum of what ran and whether it came
/// to its end. Its statements as text, so that they can be run or printed.
class VersionTable {
 public:
  struct Row {
    std::string id;
    std::string name;
    std::string checksum;
    bool finished = false;
    std::string applied_at;
    Direction going = Direction::up;  ///< of one that is not finished
    std::size_t parts_done = 0;       ///< of one that is not finished
  };

  /// `name` may have a schema before a dot.
  explicit VersionTable(const std::string& name);

  [[nodiscard]] std::string create_sql() const;
  [[nodiscard]] std::string add_sql(const Revision& revision, bool finished) const;
  [[nodiscard]] std::string start_removal_sql(const std::string& id) const;
  [[nodiscard]] std::string progress_sql(const std::string& id, std::size_t parts_done) const;
  [[nodiscard]] std::string finish_sql(const std::string& id) const;
  [[nodiscard]] std::string remove_sql(const std::string& id) const;

  /// Oldest first; empty where the table does not exist.
  [[nodiscard]] std::vector<Row> rows(SyncConnection& connection) const;
  /// Runs one of the texts above on the row of `id`. Throws MigrationError where it was not there: somebody else was
  /// faster.
  void change(SyncConnection& connection, const std::string& sql, const std::string& id) const;

  [[nodiscard]] const std::string& quoted() const { return quoted_; }

 private:
  std::string quoted_;
};

[[nodiscard]] std::string checksum_of(const Revision& revision);

}  // namespace quell::db::migrate
