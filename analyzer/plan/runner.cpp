#include "analyzer/plan/runner.hpp"

#include <utility>

#include <fmt/format.h>
#include <quell/db/sync_connection.hpp>

#include "analyzer/plan/explain_statement.hpp"

namespace quell::plan {

namespace {

constexpr std::chrono::seconds kGrace{5};  // beyond the server's own timeout before the client gives up

void add_note(std::string& note, std::string_view sentence) {
  if (!note.empty()) note += "; ";
  note += sentence;
}

}  // namespace

struct Runner::State {
  db::SyncConnection connection;
  RunParams params;

  [[nodiscard]] db::Deadline deadline() const {
    if (params.statement_timeout.count() == 0) return db::Deadline::none();
    return db::Deadline::after(params.statement_timeout + kGrace);
  }

  void begin(bool read_only) {
    connection.execute(read_only ? "BEGIN READ ONLY" : "BEGIN", deadline());
    connection.execute(fmt::format("SET LOCAL statement_timeout = {}; SET LOCAL lock_timeout = {}",
                                   params.statement_timeout.count(), params.lock_timeout.count()),
                       deadline());
  }

  /// Ends the transaction whatever happened; a lost connection has ended it already.
  void roll_back() noexcept {
    try {
      connection.execute("ROLLBACK", db::Deadline::after(kGrace));
    } catch (const std::exception&) {  // the next statement reports it
    }
  }

  /// True: `result` holds the plan. False: result.note says why not.
  bool attempt(const RunRequest& request, RunMode mode, bool generic, RunResult& result) {
    try {
      begin(!(request.writes && mode == RunMode::analyze));
      result.raw_json = generic ? explain_without_values(connection, request, deadline())
                                : explain_with_values(connection, request, mode, deadline());
    } catch (const db::DeadlineExceeded& error) {
      if (connection.is_broken()) throw;
      roll_back();
      add_note(result.note, error.what());
      return false;
    } catch (const db::ServerError& error) {
      if (error.is_disconnect()) throw;
      roll_back();
      add_note(result.note, error.what());
      return false;
    }
    roll_back();
    result.mode = mode;
    result.generic = generic;
    ReadResult read = read_json(result.raw_json);
    if (read.plans.empty()) {
      add_note(result.note, read.diagnostics.empty() ? "the server sent no plan" : read.diagnostics.front().sentence);
      return false;
    }
    result.plan = std::move(read.plans.front());
    result.ok = true;
    return true;
  }
};

Runner::Runner(std::unique_ptr<State> state) : state_(std::move(state)) {}
Runner::Runner(Runner&&) noexcept = default;
Runner& Runner::operator=(Runner&&) noexcept = default;
Runner::~Runner() = default;

Runner Runner::connect(const std::string& dsn, RunParams params) {
  auto connection = db::SyncConnection::open(dsn, db::Deadline::after(params.connect_timeout));
  return Runner(std::make_unique<State>(State{std::move(connection), params}));
}

int Runner::server_version() const {
  return state_->connection.server_version();
}

RunResult Runner::run(const RunRequest& request) {
  RunResult result;
  bool generic = request.generic;
  RunMode mode = request.mode;
  if (!generic && !values_known(request.parameters)) {
    generic = true;
    add_note(result.note, "planned without the values: the trace does not hold them");
  }
  if (generic) {
    mode = RunMode::explain;
  } else if (mode == RunMode::analyze && request.writes && !state_->params.analyze_writes) {
    mode = RunMode::explain;
    add_note(result.note, "planned only: it writes");
  } else if (mode == RunMode::analyze && request.volatile_functions) {
    mode = RunMode::explain;
    add_note(result.note, "planned only: it calls a function that may have effects");
  }
  if (state_->attempt(request, mode, generic, result) || mode == RunMode::explain) return result;
  std::string why = "planned only: " + std::exchange(result.note, {});
  if (state_->attempt(request, RunMode::explain, generic, result)) result.note = std::move(why);
  return result;
}

}  // namespace quell::plan
