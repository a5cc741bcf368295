#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <quell/db/error.hpp>

/// Schema changes as code: revisions in a graph, each with a way up and a way down.
namespace quell::db {

/// A malformed folder, an unknown or ambiguous identifier, several heads, a checksum that changed, a lock held by
/// another.
class MigrationError : public Error {
 public:
  using Error::Error;
};

class SyncConnection;

/// One step of the schema's history.
struct Revision {
  std::string id;                    ///< unique; "0007" in a folder of numbered files
  std::string name;                  ///< "add_post_index"
  std::vector<std::string> parents;  ///< empty: a base; several: a merge
  std::string up_sql;
  /// Nothing: irreversible.
  std::optional<std::string> down_sql;
  /// For data: run inside the same transaction, after the SQL of the same direction.
  std::function<void(SyncConnection&)> up_code;
  std::function<void(SyncConnection&)> down_code;
  /// False for what cannot run in a transaction (CREATE INDEX CONCURRENTLY): one statement, committed by itself.
  bool transactional = true;
};

/// Reads NNNN_name.up.sql and NNNN_name.down.sql; each follows the one with the next smaller number. A first line
/// `-- quell: irreversible` in the up file stands for a missing down file, `-- quell: no-transaction` sets
/// Revision::transactional, `-- quell: parents 0003 0004` names other parents. Throws MigrationError naming file and
/// fault.
[[nodiscard]] std::vector<Revision> load_revisions(const std::filesystem::path& folder);

struct MigrationParams {
  /// Schema-qualified where wanted.
  std::string version_table = "quell_migrations";
  /// How long to wait for another process that migrates the same database.
  std::chrono::milliseconds lock_timeout{30'000};
  /// Of each migration, so that it fails rather than stand in everybody's way. 0: none.
  std::chrono::milliseconds ddl_lock_timeout{5'000};
  std::chrono::milliseconds statement_timeout{0};
  /// Told before each step: "upgrade 0001 create_users".
  std::function<void(std::string_view)> progress;
};

struct AppliedRevision {
  std::string id;
  std::string name;
  std::string applied_at;  ///< the server's time, ISO 8601
};

/// Applies revisions to one database. Holds an advisory lock on a second connection while it changes anything, so that
/// two processes never migrate at once.
class Migrator {
 public:
  Migrator(std::string dsn, std::vector<Revision> revisions, MigrationParams params = {});

  /// Applied steps are returned in order. `target`: "head", "+n", an id or an unambiguous prefix of one.
  std::vector<std::string> upgrade(std::string_view target = "head");
  /// `target`: "base", "-n", an id or a prefix: the state just after that revision.
  std::vector<std::string> downgrade(std::string_view target);
  /// The newest applied revisions, one for each branch; empty on a fresh database.
  [[nodiscard]] std::vector<std::string> current();
  /// All revisions, oldest first.
  [[nodiscard]] const std::vector<Revision>& history() const { return revisions_; }
  [[nodiscard]] std::vector<AppliedRevision> applied();

 private:
  std::string dsn_;
  std::vector<Revision> revisions_;  ///< parents before children
  MigrationParams params_;
};

}  // namespace quell::db
