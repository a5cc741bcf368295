#include <algorithm>
#include <iterator>
#include <optional>

#include <fmt/format.h>

#include <quell/db/migrate.hpp>
#include <quell/db/scratch_database.hpp>
#include <quell/db/sync_connection.hpp>

#include "agent/db/src/core/revision_graph.hpp"
#include "agent/db/src/migrate/step.hpp"

namespace quell::db {
namespace {

using migrate::Direction;
using Lines = std::vector<std::string>;

/// The first line that one has and the other has not, as part of a sentence; empty: they are equal.
std::string first_difference(const Lines& expected, const Lines& actual) {
  Lines missing, extra;
  std::set_difference(expected.begin(), expected.end(), actual.begin(), actual.end(), std::back_inserter(missing));
  std::set_difference(actual.begin(), actual.end(), expected.begin(), expected.end(), std::back_inserter(extra));
  if (missing.empty() && extra.empty()) return {};
  if (extra.empty()) return fmt::format("`{}` is missing", missing.front());
  if (missing.empty()) return fmt::format("`{}` is there", extra.front());
  return fmt::format("`{}` is missing and `{}` is there", missing.front(), extra.front());
}

class Verification {
 public:
  Verification(const std::string& dsn, const std::vector<Revision>& revisions, const MigrationParams& params)
      : graph_(revisions), params_(params), table_(params.version_table), connection_(SyncConnection::open(dsn)) {}

  std::vector<VerifyFault> run() {
    require_empty();
    connection_.execute(table_.create_sql());
    const Lines empty = describe();
    for (const Revision& revision : graph_.revisions())
      if (!up_down_up(revision)) return std::move(faults_);
    if (all_the_way_down()) expect(empty, graph_.revisions().front(), "after the whole way down");
    return std::move(faults_);
  }

 private:
  Lines describe() { return describe_schema(connection_, params_.version_table); }

  void require_empty() {
    if (const Lines found = describe(); !found.empty())
      throw MigrationError(fmt::format("the scratch database is not empty: it has `{}`", found.front()));
    if (!table_.rows(connection_).empty())
      throw MigrationError("the scratch database has records of migrations: it must be empty");
  }

  bool step(const Revision& revision, Direction direction) {
    try {
      migrate::run_step(connection_, table_, params_, revision, direction);
      return true;
    } catch (const MigrationError& error) {
      faults_.push_back({revision.id, error.what()});
      return false;
    }
  }

  void expect(const Lines& expected, const Revision& revision, std::string_view when) {
    const std::string difference = first_difference(expected, describe());
    if (!difference.empty())
      faults_.push_back({revision.id, fmt::format("{}: {} {}", migrate::title_of(revision), when, difference)});
  }

  /// False where it failed to run.
  bool up_down_up(const Revision& revision) {
    if (params_.progress) params_.progress(fmt::format("verify {} {}", revision.id, revision.name));
    const Lines before = describe();
    if (!step(revision, Direction::up)) return false;
    if (!revision.down_sql) return true;
    const Lines after = describe();
    if (!step(revision, Direction::down)) return false;
    expect(before, revision, "after going up and down");
    if (!step(revision, Direction::up)) return false;
    expect(after, revision, "after going up, down and up");
    return true;
  }

  /// Back to the empty database; false where an irreversible revision or a failure ends the way.
  bool all_the_way_down() {
    const auto& revisions = graph_.revisions();
    for (auto revision = revisions.rbegin(); revision != revisions.rend(); ++revision)
      if (!revision->down_sql || !step(*revision, Direction::down)) return false;
    return !revisions.empty() && faults_.empty();
  }

  core::RevisionGraph graph_;
  const MigrationParams& params_;
  migrate::VersionTable table_;
  SyncConnection connection_;
  std::vector<VerifyFault> faults_;
};

}  // namespace

std::vector<VerifyFault> verify_migrations(const std::string& dsn, const std::vector<Revision>& revisions,
                                           const VerifyParams& params) {
  std::optional<ScratchDatabase> made;
  if (params.scratch_dsn.empty()) made.emplace(dsn);
  const std::string& scratch = made ? made->dsn() : params.scratch_dsn;
  MigrationParams migration = params.migration;
  migration.version_table = MigrationParams{}.version_table;  // the schema of another one is not there
  auto faults = Verification(scratch, revisions, migration).run();
  if (!made)
    SyncConnection::open(scratch).execute("drop table if exists " +
                                          migrate::VersionTable(migration.version_table).quoted());
  return faults;
}

}  // namespace quell::db
