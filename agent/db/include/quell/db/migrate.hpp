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
#include <quell/db/schema.hpp>

/// Schema changes as code: revisions in a graph, each with a way up and a way down (docs/migrations.md).
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
  /// What stands between the lines `-- quell: begin autocommit` and `-- quell: end autocommit`, in either direction,
  /// runs outside of a transaction, each statement by itself.
  std::string up_sql;
  /// Nothing: irreversible.
  std::optional<std::string> down_sql;
  /// For data: run after the SQL of the same direction, inside its transaction where the SQL has no autocommit block.
  std::function<void(SyncConnection&)> up_code;
  std::function<void(SyncConnection&)> down_code;
  /// The files say that it has code: going up without `up_code` is refused.
  bool needs_code = false;
  /// False: all of it as if in one autocommit block.
  bool transactional = true;
  /// Instead of MigrationParams's.
  std::optional<std::chrono::milliseconds> lock_timeout;
  std::optional<std::chrono::milliseconds> statement_timeout;
};

/// Reads NNNN_name.up.sql and NNNN_name.down.sql; each follows the one with the next smaller number. Lines of the up
/// file before its first statement may say more: `-- quell: irreversible` (there is no down file), `-- quell:
/// no-transaction`, `-- quell: parents 0003 0004` (none behind it: a base), `-- quell: lock_timeout 2s`, `-- quell:
/// statement_timeout 10min`, `-- quell: code`. Throws MigrationError naming file and fault.
[[nodiscard]] std::vector<Revision> load_revisions(const std::filesystem::path& folder);

/// A revision as `load_revisions` makes it of two files, for programs that carry theirs inside. `default_parent`:
/// followed where the text names no parents; empty: none.
[[nodiscard]] Revision make_revision(const std::string& id, const std::string& name, const std::string& up_sql,
                                     const std::optional<std::string>& down_sql, const std::string& default_parent);

/// What to write into a new pair of files.
struct RevisionDraft {
  std::string id;       ///< empty: the next number of the folder
  std::string message;  ///< "add post index"; becomes the name
  std::vector<std::string> parents;
  std::string up_sql;  ///< empty: a comment that asks for it
  std::string down_sql;
};

/// Writes the files and returns the path of the up file. Throws MigrationError where the id is taken or the folder
/// cannot be written.
std::filesystem::path write_revision(const std::filesystem::path& folder, const RevisionDraft& draft);

struct MigrationParams {
  /// Schema-qualified where wanted.
  std::string version_table = "quell_migrations";
  /// How long to wait for another process that migrates the same database.
  std::chrono::milliseconds lock_timeout{30'000};
  /// Of each migration, so that it fails rather than stand in everybody's way. 0: none.
  std::chrono::milliseconds ddl_lock_timeout{5'000};
  std::chrono::milliseconds statement_timeout{0};
  /// Told before each step: "upgrade 0001 create_users"; and once when it waits for another process.
  std::function<void(std::string_view)> progress;
  /// What the program's models want (schema_of.hpp): `check` and `autogenerate` compare it with the database.
  std::optional<Schema> models;
};

struct AppliedRevision {
  std::string id;
  std::string name;
  std::string applied_at;  ///< the server's time, ISO 8601
  bool finished = true;    ///< false: interrupted
};

/// What `check` found.
struct MigrationProblem {
  enum class Kind : std::uint8_t {
    several_heads,  ///< of the revisions themselves
    interrupted,    ///< a revision began outside of a transaction and did not come to its end
    unknown,        ///< applied, but not among the revisions
    changed,        ///< not what was applied
    pending,        ///< not applied
    invalid_index,  ///< a CREATE INDEX CONCURRENTLY that failed
    drift,          ///< the database is not what the models want
  };
  Kind kind = Kind::pending;
  std::string sentence;
};

[[nodiscard]] std::string_view to_string(MigrationProblem::Kind kind);

/// Applies revisions to one database. Holds an advisory lock on a second connection while it changes anything, so that
/// two processes never migrate at once.
///
/// A revision is named by its id, an unambiguous prefix of it, "head" (the only one), "heads", "base", or relative to
/// another: "0007+2", "head-1".
class Migrator {
 public:
  Migrator(std::string dsn, std::vector<Revision> revisions, MigrationParams params = {});

  /// Applied steps are returned in order. `target`: "head", "heads", "+n", an id or an unambiguous prefix of one.
  std::vector<std::string> upgrade(std::string_view target = "head");
  /// `target`: "base", "-n", an id or a prefix: the state just after that revision.
  std::vector<std::string> downgrade(std::string_view target);
  /// Makes the records, and nothing else, say that exactly these revisions and their ancestors are applied as they are
  /// now ("base": none). The way out of an interrupted revision. Returns the ids whose record changed.
  std::vector<std::string> stamp(const std::vector<std::string>& targets);

  /// The same as text for psql, without a connection. `range`: "from:to"; "to" alone starts at the base.
  [[nodiscard]] std::string upgrade_sql(std::string_view range) const;
  /// `range`: "from:to".
  [[nodiscard]] std::string downgrade_sql(std::string_view range) const;

  /// The newest applied revisions, one for each branch; empty on a fresh database.
  [[nodiscard]] std::vector<std::string> current();
  [[nodiscard]] std::vector<AppliedRevision> applied();
  /// Whatever keeps this database from being exactly what the revisions (and the models) say. Empty: all is well.
  [[nodiscard]] std::vector<MigrationProblem> check();
  /// What leads from the database to MigrationParams::models. Throws MigrationError without any, and where revisions
  /// are pending.
  [[nodiscard]] SchemaChanges autogenerate();

  /// All revisions, oldest first.
  [[nodiscard]] const std::vector<Revision>& history() const { return revisions_; }
  /// Those of "from:to", both ends included, oldest first. Either end may be missing.
  [[nodiscard]] std::vector<Revision> history(std::string_view range) const;
  /// Those that `identifier` names: one, or several for "heads"; none for "base".
  [[nodiscard]] std::vector<Revision> find(std::string_view identifier) const;
  [[nodiscard]] std::vector<std::string> heads() const;

 private:
  std::string dsn_;
  std::vector<Revision> revisions_;  ///< parents before children
  MigrationParams params_;
};

/// One step that did not go up, down and up again.
struct VerifyFault {
  std::string revision;
  std::string sentence;  ///< names the first difference
};

struct VerifyParams {
  MigrationParams migration;
  /// An empty database to work in, which is left empty where every revision has a way down. Empty: a database made on
  /// the server of `dsn` and dropped afterwards.
  std::string scratch_dsn;
};

/// Takes each revision up, down and up again on a scratch database and compares the schema before and after. An
/// irreversible one only goes up. Stops at the first revision that fails to run.
[[nodiscard]] std::vector<VerifyFault> verify_migrations(const std::string& dsn, const std::vector<Revision>& revisions,
                                                         const VerifyParams& params = {});

}  // namespace quell::db
