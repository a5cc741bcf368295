#include <algorithm>
#include <thread>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <quell/db/migrate.hpp>
#include <quell/db/statement.hpp>
#include <quell/db/sync_connection.hpp>

#include "agent/db/src/core/revision_graph.hpp"
#include "agent/db/src/migrate/step.hpp"
#include "agent/db/src/migrate/version_table.hpp"

namespace quell::db {
namespace {

using core::RevisionGraph;
using migrate::Direction;
using migrate::VersionTable;

void tell(const MigrationParams& params, const std::string& sentence) {
  if (params.progress) params.progress(sentence);
}

/// Holds the right to migrate a database, on a connection of its own: taken on the migrating one it would need an open
/// transaction or get lost with it. Asks again and again rather than wait inside the server, where a waiting
/// statement's snapshot would keep the other side's CREATE INDEX CONCURRENTLY waiting for ever.
class MigrationLock {
 public:
  MigrationLock(const std::string& dsn, const MigrationParams& params) : connection_(SyncConnection::open(dsn)) {
    if (try_lock(params)) return;
    tell(params, "waiting for another process that migrates this database");
    const Deadline limit = Deadline::after(params.lock_timeout);
    while (!try_lock(params)) {
      if (limit.passed())
        throw MigrationError(fmt::format("another process has been migrating this database for more than {} ms",
                                         params.lock_timeout.count()));
      std::this_thread::sleep_for(kPause);
    }
  }

 private:
  static constexpr std::chrono::milliseconds kPause{50};

  bool try_lock(const MigrationParams& params) {
    const auto key =
        std::to_string(static_cast<std::int64_t>(statement_hash("quell migrations " + params.version_table)));
    return connection_.query("select pg_try_advisory_lock($1::bigint)", {{0, trace::Format::text, key}}).value(0, 0) ==
           "t";
  }

  SyncConnection connection_;  ///< its end is the lock's end
};

/// The connection that changes the schema. The server looks whether we are still there, so that nothing goes on after
/// we were killed.
SyncConnection open_for_change(const std::string& dsn) {
  SyncConnection connection = SyncConnection::open(dsn);
  try {
    connection.set("client_connection_check_interval", "1s");
  } catch (const ServerError&) {  // before PostgreSQL 14, or on a system that cannot
  }
  return connection;
}

RevisionGraph::Applied applied_ids(const std::vector<VersionTable::Row>& rows) {
  RevisionGraph::Applied ids;
  for (const auto& row : rows) ids.insert(row.id);
  return ids;
}

const Revision* find_revision(const std::vector<Revision>& revisions, const std::string& id) {
  const auto found =
      std::find_if(revisions.begin(), revisions.end(), [&](const Revision& revision) { return revision.id == id; });
  return found == revisions.end() ? nullptr : &*found;
}

/// The targets that stamp takes for a set of applied revisions.
std::string stamp_targets(const RevisionGraph& graph, const RevisionGraph::Applied& applied) {
  const auto newest = graph.current(applied);
  return newest.empty() ? "base" : fmt::format("{}", fmt::join(newest, " "));
}

/// What is wrong with the record `row`, if anything; `applied` are all of the records.
std::optional<MigrationProblem> problem_of(const VersionTable::Row& row, const RevisionGraph& graph,
                                           const RevisionGraph::Applied& applied) {
  using Kind = MigrationProblem::Kind;
  const Revision* known = find_revision(graph.revisions(), row.id);
  if (!row.finished) {
    RevisionGraph::Applied without = applied;
    without.erase(row.id);
    return MigrationProblem{
        Kind::interrupted,
        fmt::format("{}. Mend the schema by hand, then record what it is: `stamp {}` with this revision, `stamp {}` "
                    "without it",
                    migrate::describe_interruption(row, known), stamp_targets(graph, applied),
                    stamp_targets(graph, without))};
  }
  if (known == nullptr)
    return MigrationProblem{Kind::unknown, fmt::format("the database has revision '{}' ({}), which is not among the "
                                                       "revisions given: are they older than the database?",
                                                       row.id, row.name)};
  if (migrate::checksum_of(*known) != row.checksum)
    return MigrationProblem{Kind::changed, fmt::format("revision '{}' ({}) was changed after it had been applied: undo "
                                                       "the change and write a new revision",
                                                       row.id, row.name)};
  return std::nullopt;
}

std::vector<MigrationProblem> problems_of(const std::vector<VersionTable::Row>& rows, const RevisionGraph& graph) {
  std::vector<MigrationProblem> problems;
  for (const auto& row : rows)
    if (auto problem = problem_of(row, graph, applied_ids(rows))) problems.push_back(std::move(*problem));
  return problems;
}

void require_sound(const RevisionGraph& graph, const std::vector<VersionTable::Row>& rows) {
  if (const auto problems = problems_of(rows, graph); !problems.empty())
    throw MigrationError(problems.front().sentence);
}

void require_way_down(const RevisionGraph& graph, const std::vector<std::size_t>& steps) {
  for (const std::size_t index : steps) {
    const Revision& revision = graph.revisions()[index];
    if (!revision.down_sql)
      throw MigrationError(fmt::format("{} is irreversible: nothing was changed", migrate::title_of(revision)));
  }
}

template <class Plan>
std::vector<std::string> migrate_database(const std::string& dsn, const std::vector<Revision>& revisions,
                                          const MigrationParams& params, Direction direction, Plan plan) {
  const RevisionGraph graph(revisions);
  const MigrationLock lock(dsn, params);
  SyncConnection connection = open_for_change(dsn);
  const VersionTable table(params.version_table);
  connection.execute(table.create_sql());
  const auto rows = table.rows(connection);
  require_sound(graph, rows);
  const std::vector<std::size_t> steps = plan(graph, applied_ids(rows));
  if (direction == Direction::down) require_way_down(graph, steps);
  std::vector<std::string> done;
  for (const std::size_t index : steps) {
    const Revision& revision = graph.revisions()[index];
    tell(params,
         fmt::format("{} {} {}", direction == Direction::up ? "upgrade" : "downgrade", revision.id, revision.name));
    migrate::run_step(connection, table, params, revision, direction);
    done.push_back(revision.id);
  }
  return done;
}

std::string script_of(const RevisionGraph& graph, const std::vector<std::size_t>& steps, Direction direction,
                      const MigrationParams& params) {
  const VersionTable table(params.version_table);
  std::string sql = "-- Written by quell migrate. Run it with: psql --set ON_ERROR_STOP=1 --file FILE\n";
  if (direction == Direction::up) sql += table.create_sql() + ";\n";
  for (const std::size_t index : steps)
    sql += "\n" + migrate::step_sql(table, params, graph.revisions()[index], direction);
  return sql;
}

std::vector<MigrationProblem> invalid_indexes(SyncConnection& connection) {
  const SyncResult result = connection.query(
      "select i.indexrelid::regclass, i.indrelid::regclass from pg_index i where not i.indisvalid and not exists "
      "(select from pg_stat_progress_create_index p where p.index_relid = i.indexrelid) order by 1");
  std::vector<MigrationProblem> problems;
  for (std::size_t row = 0; row < result.rows(); ++row)
    problems.push_back(
        {MigrationProblem::Kind::invalid_index,
         fmt::format("index {0} of {1} is invalid, a CREATE INDEX CONCURRENTLY failed: drop index concurrently {0}",
                     result.value(row, 0), result.value(row, 1))});
  return problems;
}

}  // namespace

std::string_view to_string(MigrationProblem::Kind kind) {
  switch (kind) {
    case MigrationProblem::Kind::several_heads:
      return "several_heads";
    case MigrationProblem::Kind::interrupted:
      return "interrupted";
    case MigrationProblem::Kind::unknown:
      return "unknown";
    case MigrationProblem::Kind::changed:
      return "changed";
    case MigrationProblem::Kind::pending:
      return "pending";
    case MigrationProblem::Kind::invalid_index:
      return "invalid_index";
    case MigrationProblem::Kind::drift:
      return "drift";
  }
  return "";
}

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

std::vector<std::string> Migrator::stamp(const std::vector<std::string>& targets) {
  const RevisionGraph graph(revisions_);
  RevisionGraph::Applied wanted;
  for (const std::string& target : targets) wanted.merge(graph.closure(target));
  const MigrationLock lock(dsn_, params_);
  SyncConnection connection = SyncConnection::open(dsn_);
  const VersionTable table(params_.version_table);
  connection.execute(table.create_sql() + "; begin");
  std::vector<std::string> changed;
  RevisionGraph::Applied right;  // as wanted already
  const auto rows = table.rows(connection);
  for (const auto& row : rows) {
    if (wanted.contains(row.id) && !problem_of(row, graph, applied_ids(rows))) {
      right.insert(row.id);
      continue;
    }
    table.change(connection, table.remove_sql(row.id), row.id);
    if (!wanted.contains(row.id)) changed.push_back(row.id);
  }
  for (const Revision& revision : revisions_) {
    if (!wanted.contains(revision.id) || right.contains(revision.id)) continue;
    connection.execute(table.add_sql(revision, true));
    changed.push_back(revision.id);
  }
  connection.execute("commit");
  return changed;
}

std::string Migrator::upgrade_sql(std::string_view range) const {
  const RevisionGraph graph(revisions_);
  const auto ends = core::split_range(range).value_or(core::RangeText{"base", range});
  const auto applied = graph.closure(ends.from.empty() ? "base" : ends.from);
  return script_of(graph, graph.upgrade_plan(applied, ends.to.empty() ? "head" : ends.to), Direction::up, params_);
}

std::string Migrator::downgrade_sql(std::string_view range) const {
  const RevisionGraph graph(revisions_);
  const auto ends = core::split_range(range);
  if (!ends || ends->from.empty() || ends->to.empty())
    throw MigrationError(fmt::format("'{}' does not say where the way down begins and ends: write from:to", range));
  const auto steps = graph.downgrade_plan(graph.closure(ends->from), ends->to);
  require_way_down(graph, steps);
  return script_of(graph, steps, Direction::down, params_);
}

std::vector<std::string> Migrator::current() {
  SyncConnection connection = SyncConnection::open(dsn_);
  return RevisionGraph(revisions_).current(applied_ids(VersionTable(params_.version_table).rows(connection)));
}

std::vector<AppliedRevision> Migrator::applied() {
  SyncConnection connection = SyncConnection::open(dsn_);
  std::vector<AppliedRevision> applied;
  for (const auto& row : VersionTable(params_.version_table).rows(connection))
    applied.push_back({row.id, row.name, row.applied_at, row.finished});
  return applied;
}

std::vector<MigrationProblem> Migrator::check() {
  using Kind = MigrationProblem::Kind;
  std::vector<MigrationProblem> problems;
  const RevisionGraph graph(revisions_);
  if (const auto all = graph.heads(); all.size() > 1)
    problems.push_back({Kind::several_heads,
                        fmt::format("the revisions have {} heads ({}): merge them", all.size(), fmt::join(all, ", "))});
  SyncConnection connection = SyncConnection::open(dsn_);
  const auto rows = VersionTable(params_.version_table).rows(connection);
  for (auto& problem : problems_of(rows, graph)) problems.push_back(std::move(problem));
  for (const std::size_t index : graph.upgrade_plan(applied_ids(rows), "heads"))
    problems.push_back({Kind::pending, fmt::format("{} is not applied", migrate::title_of(graph.revisions()[index]))});
  for (auto& problem : invalid_indexes(connection)) problems.push_back(std::move(problem));
  if (params_.models && problems.empty())
    for (const std::string& change :
         compare_schemas(read_schema(connection), *params_.models, {params_.version_table}).summary)
      problems.push_back({Kind::drift, fmt::format("the database needs: {}", change)});
  return problems;
}

SchemaChanges Migrator::autogenerate() {
  if (!params_.models) throw MigrationError("there are no models to compare the database with");
  const RevisionGraph graph(revisions_);
  SyncConnection connection = SyncConnection::open(dsn_);
  const auto rows = VersionTable(params_.version_table).rows(connection);
  require_sound(graph, rows);
  if (const auto pending = graph.upgrade_plan(applied_ids(rows), "heads"); !pending.empty())
    throw MigrationError(fmt::format("{} is not applied: upgrade first, what it does would be written again",
                                     migrate::title_of(graph.revisions()[pending.front()])));
  return compare_schemas(read_schema(connection), *params_.models, {params_.version_table});
}

std::vector<Revision> Migrator::history(std::string_view range) const {
  std::vector<Revision> found;
  for (const std::size_t index : RevisionGraph(revisions_).range(range)) found.push_back(revisions_[index]);
  return found;
}

std::vector<Revision> Migrator::find(std::string_view identifier) const {
  std::vector<Revision> found;
  for (const std::size_t index : RevisionGraph(revisions_).find(identifier)) found.push_back(revisions_[index]);
  return found;
}

std::vector<std::string> Migrator::heads() const {
  return RevisionGraph(revisions_).heads();
}

}  // namespace quell::db
