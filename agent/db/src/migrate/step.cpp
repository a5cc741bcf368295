#include "agent/db/src/migrate/step.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace quell::db::migrate {
namespace {

const std::string& sql_of(const Revision& revision, Direction direction) {
  return direction == Direction::up ? revision.up_sql : *revision.down_sql;
}
const std::function<void(SyncConnection&)>& code_of(const Revision& revision, Direction direction) {
  return direction == Direction::up ? revision.up_code : revision.down_code;
}

/// One transaction does it all, record included.
bool is_atomic(const Revision& revision, const std::vector<ScriptPart>& parts) {
  return revision.transactional &&
         std::none_of(parts.begin(), parts.end(), [](const ScriptPart& part) { return part.autocommit; });
}

/// The line of the file that the server's position (in characters, from 1) stands on.
std::size_t line_of(const ScriptPart& part, std::int32_t position) {
  std::size_t line = part.line;
  std::int32_t left = position - 1;
  for (const char c : part.text) {
    if ((static_cast<unsigned char>(c) & 0xC0) == 0x80) continue;  // not the first byte of a character
    if (left-- <= 0) break;
    if (c == '\n') ++line;
  }
  return line;
}

void run_part(SyncConnection& connection, const ScriptPart& part) {
  try {
    connection.execute(part.text);
  } catch (const ServerError& error) {
    const std::int32_t position = error.diagnostics().position;
    if (position <= 0) throw;
    throw MigrationError(fmt::format("line {}: {}", line_of(part, position), error.what()));
  }
}

/// `work` between begin and commit; rolled back where it throws.
template <class Work>
void in_transaction(SyncConnection& connection, Work work) {
  connection.execute("begin");
  try {
    work();
    connection.execute("commit");
  } catch (...) {
    if (!connection.is_broken() && connection.in_transaction()) connection.execute("rollback");
    throw;
  }
}

void require_transaction(SyncConnection& connection) {
  if (!connection.in_transaction())
    throw MigrationError(
        "its SQL ends the transaction it runs in: leave out commit and rollback, or use '-- quell: begin autocommit'");
}

class Step {
 public:
  Step(SyncConnection& connection, const VersionTable& table, const Revision& revision, Direction direction)
      : connection_(connection),
        table_(table),
        revision_(revision),
        direction_(direction),
        parts_(parts_of(revision, direction)) {}

  void run() { is_atomic(revision_, parts_) ? run_atomically() : run_in_parts(); }

 private:
  void run_atomically() {
    in_transaction(connection_, [&] {
      for (const ScriptPart& part : parts_) run_part(connection_, part);
      require_transaction(connection_);
      run_code();
      require_transaction(connection_);
      if (direction_ == Direction::up) {
        connection_.execute(table_.add_sql(revision_, true));
      } else {
        table_.change(connection_, table_.remove_sql(revision_.id), revision_.id);
      }
    });
  }

  /// The record says that it began before it begins and how far it came, so that an interrupted one is known.
  void run_in_parts() {
    if (direction_ == Direction::up) {
      connection_.execute(table_.add_sql(revision_, false));
    } else {
      table_.change(connection_, table_.start_removal_sql(revision_.id), revision_.id);
    }
    for (std::size_t at = 0; at < parts_.size(); ++at) {
      try {
        run_and_record(at);
      } catch (const Error& error) {
        if (at == 0 && !parts_[at].autocommit && !connection_.is_broken()) {
          forget_start();
          throw;
        }
        throw MigrationError(fmt::format("{} ({} of its {} parts are done; what to do now: quell migrate check)",
                                         error.what(), at, parts_.size()));
      }
    }
    run_code();
    table_.change(connection_,
                  direction_ == Direction::up ? table_.finish_sql(revision_.id) : table_.remove_sql(revision_.id),
                  revision_.id);
  }

  void run_and_record(std::size_t at) {
    const auto record = [&] { table_.change(connection_, table_.progress_sql(revision_.id, at + 1), revision_.id); };
    if (parts_[at].autocommit) {
      run_part(connection_, parts_[at]);
      record();
      return;
    }
    in_transaction(connection_, [&] {
      run_part(connection_, parts_[at]);
      require_transaction(connection_);
      record();
    });
  }

  /// Nothing was changed: as if it had not begun.
  void forget_start() {
    table_.change(connection_,
                  direction_ == Direction::up ? table_.remove_sql(revision_.id) : table_.finish_sql(revision_.id),
                  revision_.id);
  }

  void run_code() {
    if (const auto& code = code_of(revision_, direction_)) code(connection_);
  }

  SyncConnection& connection_;
  const VersionTable& table_;
  const Revision& revision_;
  Direction direction_;
  std::vector<ScriptPart> parts_;
};

/// Its first words, on one line.
std::string begin_of(std::string_view sql) {
  constexpr std::size_t kLength = 80;
  std::size_t end = std::min(kLength, sql.size());
  while (end < sql.size() && (static_cast<unsigned char>(sql[end]) & 0xC0) == 0x80) --end;  // inside of a character
  std::string text(sql.substr(0, end));
  std::replace(text.begin(), text.end(), '\n', ' ');
  return end < sql.size() ? text + " ..." : text;
}

}  // namespace

std::vector<ScriptPart> parts_of(const Revision& revision, Direction direction) {
  return db::parts_of(sql_of(revision, direction), !revision.transactional);
}

std::string title_of(const Revision& revision) {
  return fmt::format("revision '{}' ({})", revision.id, revision.name);
}

std::string describe_interruption(const VersionTable::Row& row, const Revision* revision) {
  std::string where;
  if (revision != nullptr && (row.going == Direction::up || revision->down_sql)) {
    const auto parts = parts_of(*revision, row.going);
    where = fmt::format(" after {} of its {} parts", row.parts_done, parts.size());
    if (row.parts_done < parts.size())
      where +=
          fmt::format(", before or in line {}, `{}`", parts[row.parts_done].line, begin_of(parts[row.parts_done].text));
  }
  return fmt::format("revision '{}' ({}) was interrupted on its way {}{}", row.id, row.name,
                     row.going == Direction::up ? "up" : "down", where);
}

void run_step(SyncConnection& connection, const VersionTable& table, const MigrationParams& params,
              const Revision& revision, Direction direction) {
  try {
    if (direction == Direction::up && revision.needs_code && !revision.up_code)
      throw MigrationError("it has code: only the program that carries it can run it");
    connection.set_lock_timeout(revision.lock_timeout.value_or(params.ddl_lock_timeout));
    connection.set_statement_timeout(revision.statement_timeout.value_or(params.statement_timeout));
    Step(connection, table, revision, direction).run();
  } catch (const std::exception& error) {  // C++ steps may throw anything
    throw MigrationError(fmt::format("{} failed on its way {}: {}", title_of(revision),
                                     direction == Direction::up ? "up" : "down", error.what()));
  }
}

std::string step_sql(const VersionTable& table, const MigrationParams& params, const Revision& revision,
                     Direction direction) {
  const bool up = direction == Direction::up;
  if (code_of(revision, direction) || (up && revision.needs_code))
    throw MigrationError(
        fmt::format("{} has code on its way {}, which cannot be written as SQL: run it against the database",
                    title_of(revision), up ? "up" : "down"));
  const auto parts = parts_of(revision, direction);
  std::string sql = fmt::format("-- {} {} {}\nset lock_timeout = '{}ms';\nset statement_timeout = '{}ms';\n",
                                up ? "upgrade" : "downgrade", revision.id, revision.name,
                                revision.lock_timeout.value_or(params.ddl_lock_timeout).count(),
                                revision.statement_timeout.value_or(params.statement_timeout).count());
  const auto add = [&](const std::string& statement) { sql += statement + ";\n"; };
  if (is_atomic(revision, parts)) {
    add("begin");
    for (const ScriptPart& part : parts) add(part.text);
    add(up ? table.add_sql(revision, true) : table.remove_sql(revision.id));
    add("commit");
    return sql;
  }
  add(up ? table.add_sql(revision, false) : table.start_removal_sql(revision.id));
  for (std::size_t at = 0; at < parts.size(); ++at) {
    if (!parts[at].autocommit) add("begin");
    add(parts[at].text);
    add(table.progress_sql(revision.id, at + 1));
    if (!parts[at].autocommit) add("commit");
  }
  add(up ? table.finish_sql(revision.id) : table.remove_sql(revision.id));
  return sql;
}

}  // namespace quell::db::migrate
