#include <thread>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <quell/db/migrate.hpp>
#include <quell/db/statement.hpp>
#include <quell/db/sync_connection.hpp>

#include "agent/db/src/core/revision_graph.hpp"
#include "agent/db/src/migrate/version_table.hpp"

namespace quell::db {
namespace {

using core::RevisionGraph;
using migrate::VersionTable;

enum class Direction { up, down };

/// Holds the right to migrate a database, on a connection of its own: taken on the migrating one it would need an open
/// transaction or get lost with it. Asks again and again rather than wait inside the server, where a waiting
/// statement's snapshot would keep the other side's CREATE INDEX CONCURRENTLY waiting for ever.
class MigrationLock {
 public:
  MigrationLock(const std::string& dsn, const MigrationParams& params) : connection_(SyncConnection::open(dsn)) {
    const auto key =
        std::to_string(static_cast<std::int64_t>(statement_hash("quell migrations " + params.version_table)));
    const Deadline limit = Deadline::after(params.lock_timeout);
    while (connection_.query("select pg_try_advisory_lock($1::bigint)", {{0, trace::Format::text, key}}).value(0, 0) !=
           "t") {
      if (limit.passed())
        throw MigrationError(fmt::format("another process has been migrating this database for more than {} ms",
                                         params.lock_timeout.count()));
      std::this_thread::sleep_for(kPause);
    }
  }

 private:
  static constexpr std::chrono::milliseconds kPause{50};
  SyncConnection connection_;  ///< its end is the lock's end
};

RevisionGraph::Applied applied_ids(const std::vector<VersionTable::Row>& rows) {
  RevisionGraph::Applied ids;
  for (const auto& row : rows) ids.insert(row.id);
  return ids;
}

void check_rows(const RevisionGraph& graph, const std::vector<VersionTable::Row>& rows, const std::string& table) {
  for (const auto& row : rows) {
    if (!row.finished)
      throw MigrationError(
          fmt::format("revision '{0}' was interrupted: mend the schema by hand, then set finished = true for it "
                      "in {1} or delete its row",
                      row.id, table));
    const Revision* known = nullptr;
    for (const Revision& revision : graph.revisions())
      if (revision.id == row.id) known = &revision;
    if (known == nullptr)
      throw MigrationError(
          fmt::format("the database has revision '{}' ({}), which this program does not know: is it older "
                      "than the database?",
                      row.id, row.name));
    if (migrate::checksum_of(*known) != row.checksum)
      throw MigrationError(
          fmt::format("revision '{}' ({}) was changed after it had been applied: undo the change and write a "
                      "new revision",
                      row.id, row.name));
  }
}

/// One step on one connection.
class Step {
 public:
  Step(SyncConnection& connection, const VersionTable& table, const MigrationParams& params)
      : connection_(connection), table_(table), params_(params) {}

  void run(const Revision& revision, Direction direction) {
    try {
      connection_.set_lock_timeout(params_.ddl_lock_timeout);
      connection_.set_statement_timeout(params_.statement_timeout);
      revision.transactional ? run_in_transaction(revision, direction) : run_alone(revision, direction);
    } catch (const Error& error) {
      throw MigrationError(fmt::format("revision '{}' ({}) failed on its way {}: {}", revision.id, revision.name,
                                       direction == Direction::up ? "up" : "down", error.what()));
    }
  }

 private:
  void run_body(const Revision& revision, Direction direction) {
    const std::string& sql = direction == Direction::up ? revision.up_sql : *revision.down_sql;
    if (!sql.empty()) connection_.execute(sql);
    const auto& code = direction == Direction::up ? revision.up_code : revision.down_code;
    if (code) code(connection_);
  }

  void run_in_transaction(const Revision& revision, Direction direction) {
    connection_.execute("begin");
    try {
      run_body(revision, direction);
      if (!connection_.in_transaction())
        throw MigrationError(
            "its SQL ends the transaction it runs in: leave out commit and rollback, or say '-- quell: "
            "no-transaction'");
      direction == Direction::up ? table_.add(connection_, revision, true) : table_.remove(connection_, revision.id);
      connection_.execute("commit");
    } catch (...) {
      if (connection_.in_transaction()) connection_.execute("rollback");
      throw;
    }
  }

  /// Its entry says that it began before it begins, so that an interrupted one is known.
  void run_alone(const Revision& revision, Direction direction) {
    if (direction == Direction::up) {
      table_.add(connection_, revision, false);
      run_body(revision, direction);
      table_.finish(connection_, revision.id);
    } else {
      table_.start_removal(connection_, revision.id);
      run_body(revision, direction);
      table_.remove(connection_, revision.id);
    }
  }

  SyncConnection& connection_;
  const VersionTable& table_;
  const MigrationParams& params_;
};

template <class Plan>
std::vector<std::string> migrate_database(const std::string& dsn, const std::vector<Revision>& revisions,
                                          const MigrationParams& params, Direction direction, Plan plan) {
  const RevisionGraph graph(revisions);
  const MigrationLock lock(dsn, params);
  SyncConnection connection = SyncConnection::open(dsn);
  const VersionTable table(params.version_table);
  table.create_if_missing(connection);
  const auto rows = table.rows(connection);
  check_rows(graph, rows, table.quoted());
  const std::vector<std::size_t> steps = plan(graph, applied_ids(rows));
  if (direction == Direction::down)
    for (const std::size_t index : steps)
      if (!graph.revisions()[index].down_sql)
        throw MigrationError(fmt::format("revision '{}' ({}) is irreversible: nothing was changed",
                                         graph.revisions()[index].id, graph.revisions()[index].name));
  std::vector<std::string> done;
  Step step(connection, table, params);
  for (const std::size_t index : steps) {
    const Revision& revision = graph.revisions()[index];
    if (params.progress)
      params.progress(
          fmt::format("{} {} {}", direction == Direction::up ? "upgrade" : "downgrade", revision.id, revision.name));
    step.run(revision, direction);
    done.push_back(revision.id);
  }
  return done;
}

}  // namespace

Migrator::Migrator(std::string dsn, std::vector<Revision> revisions, MigrationParams params)
    : dsn_(std::move(dsn)), revisions_(RevisionGraph(std::move(revisions)).revisions()), params_(std::move(params)) {}

std::vector<std::string> Migrator::upgrade(std::string_view target) {
  return migrate_database(dsn_, revisions_, params_, Direction::up,
                          [&](const RevisionGraph& graph, const RevisionGraph::Applied& applied) {
                            return graph.upgrade_plan(applied, target);
                          });
}

std::vector<std::string> Migrator::downgrade(std::string_view target) {
  return migrate_database(dsn_, revisions_, params_, Direction::down,
                          [&](const RevisionGraph& graph, const RevisionGraph::Applied& applied) {
                            return graph.downgrade_plan(applied, target);
                          });
}

std::vector<std::string> Migrator::current() {
  SyncConnection connection = SyncConnection::open(dsn_);
  return RevisionGraph(revisions_).current(applied_ids(VersionTable(params_.version_table).rows(connection)));
}

std::vector<AppliedRevision> Migrator::applied() {
  SyncConnection connection = SyncConnection::open(dsn_);
  std::vector<AppliedRevision> applied;
  for (const auto& row : VersionTable(params_.version_table).rows(connection))
    applied.push_back({row.id, row.name, row.applied_at});
  return applied;
}

}  // namespace quell::db
