#include "analyzer/plan/runner.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include <fmt/format.h>
#include <quell/db/sync_connection.hpp>

namespace quell::plan {

namespace {

constexpr std::chrono::seconds kGrace{5};  // beyond the server's own timeout before the client gives up

bool values_known(const RunRequest& request) {
  return std::none_of(request.parameters.begin(), request.parameters.end(), [](const RunParameter& parameter) {
    return parameter.cut || parameter.form == trace::ParameterForm::canonical;
  });
}

std::vector<db::SyncParameter> to_sync(const std::vector<RunParameter>& parameters) {
  std::vector<db::SyncParameter> out;
  out.reserve(parameters.size());
  for (const RunParameter& parameter : parameters) {
    db::SyncParameter& added = out.emplace_back();
    added.type_oid = parameter.type_oid;
    added.format = parameter.form == trace::ParameterForm::binary ? trace::Format::binary : trace::Format::text;
    if (parameter.form != trace::ParameterForm::null) added.bytes = parameter.bytes;
  }
  return out;
}

std::string join_lines(const db::SyncResult& result) {
  std::string text;
  for (std::size_t row = 0; row < result.rows(); ++row) {
    if (row > 0) text += '\n';
    text += result.value(row, 0);
  }
  return text;
}

void add_note(std::string& note, std::string_view sentence) {
  if (!note.empty()) note += "; ";
  note += sentence;
}

}  // namespace

std::string explain_prefix(RunMode mode, int server_version) {
  std::string options = "FORMAT JSON, VERBOSE";
  if (mode == RunMode::analyze) options += ", ANALYZE, BUFFERS";
  if (server_version >= 120000) options += ", SETTINGS";
  if (mode == RunMode::analyze && server_version >= 130000) options += ", WAL";
  return "EXPLAIN (" + options + ") ";
}

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

  std::string explain(const RunRequest& request, RunMode mode) {
    begin(!(request.writes && mode == RunMode::analyze));
    return join_lines(connection.query(explain_prefix(mode, connection.server_version()) + request.sql,
                                       to_sync(request.parameters), trace::Format::text, deadline()));
  }

  std::string explain_generic(const RunRequest& request) {
    begin(true);
    std::string types;
    std::string nulls;
    for (const RunParameter& parameter : request.parameters) {
      const std::string separator = types.empty() ? "" : ", ";
      types += separator + type_name(parameter.type_oid);
      nulls += separator + "NULL";
    }
    const std::string name = "quell_generic";
    connection.execute("SET LOCAL plan_cache_mode = force_generic_plan", deadline());
    connection.query("PREPARE " + name + (types.empty() ? "" : " (" + types + ")") + " AS " + request.sql, {},
                     trace::Format::text, deadline());
    std::string raw;
    try {
      const std::string arguments = nulls.empty() ? "" : "(" + nulls + ")";
      raw = join_lines(connection.query(
          explain_prefix(RunMode::explain, connection.server_version()) + "EXECUTE " + name + arguments, {},
          trace::Format::text, deadline()));
    } catch (const db::ServerError&) {
      roll_back();
      connection.execute("DEALLOCATE " + name, deadline());
      throw;
    }
    connection.execute("DEALLOCATE " + name, deadline());
    return raw;
  }

  std::string type_name(std::uint32_t oid) {
    if (oid == 0) return "unknown";
    db::SyncParameter parameter;
    parameter.bytes = std::to_string(oid);
    const auto result = connection.query("SELECT pg_catalog.format_type($1::pg_catalog.oid, NULL)", {parameter},
                                         trace::Format::text, deadline());
    return std::string(result.value(0, 0));
  }

  /// True: `result` holds the plan. False: result.note says why not.
  bool attempt(const RunRequest& request, RunMode mode, bool generic, RunResult& result) {
    try {
      result.raw_json = generic ? explain_generic(request) : explain(request, mode);
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
  if (!generic && !values_known(request)) {
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
