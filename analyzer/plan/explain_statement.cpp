#include "analyzer/plan/explain_statement.hpp"

#include <algorithm>
#include <atomic>

#include <fmt/format.h>
#include <quell/db/sync_connection.hpp>

namespace quell::plan {

namespace {

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

std::string type_name(db::SyncConnection& connection, std::uint32_t oid, db::Deadline deadline) {
  if (oid == 0) return "unknown";  // PREPARE infers it, as Parse does
  db::SyncParameter parameter;
  parameter.bytes = std::to_string(oid);
  const auto result = connection.query("SELECT pg_catalog.format_type($1::pg_catalog.oid, NULL)", {parameter},
                                       trace::Format::text, deadline);
  return std::string(result.value(0, 0));
}

}  // namespace

std::string explain_prefix(RunMode mode, int server_version) {
  std::string options = "FORMAT JSON, VERBOSE";
  if (mode == RunMode::analyze) options += ", ANALYZE, BUFFERS";
  if (server_version >= 120000) options += ", SETTINGS";
  if (mode == RunMode::analyze && server_version >= 130000) options += ", WAL";
  return "EXPLAIN (" + options + ") ";
}

bool values_known(const std::vector<RunParameter>& parameters) {
  return std::none_of(parameters.begin(), parameters.end(), [](const RunParameter& parameter) {
    return parameter.cut || parameter.form == trace::ParameterForm::canonical;
  });
}

std::string explain_with_values(db::SyncConnection& connection, const RunRequest& request, RunMode mode,
                                db::Deadline deadline) {
  return join_lines(connection.query(explain_prefix(mode, connection.server_version()) + request.sql,
                                     to_sync(request.parameters), trace::Format::text, deadline));
}

std::string explain_without_values(db::SyncConnection& connection, const RunRequest& request, db::Deadline deadline) {
  static std::atomic<unsigned> serial{0};
  const std::string name = fmt::format("quell_generic_{}", ++serial);
  std::string types;
  std::string nulls;
  for (const RunParameter& parameter : request.parameters) {
    const std::string separator = types.empty() ? "" : ", ";
    types += separator + type_name(connection, parameter.type_oid, deadline);
    nulls += separator + "NULL";
  }
  const auto run = [&](const std::string& sql) { return connection.query(sql, {}, trace::Format::text, deadline); };
  connection.execute("SET LOCAL plan_cache_mode = force_generic_plan", deadline);
  run("PREPARE " + name + (types.empty() ? "" : " (" + types + ")") + " AS " + request.sql);
  const std::string arguments = nulls.empty() ? "" : "(" + nulls + ")";
  const auto result =
      run(explain_prefix(RunMode::explain, connection.server_version()) + "EXECUTE " + name + arguments);
  connection.execute("DEALLOCATE " + name, deadline);
  return join_lines(result);
}

}  // namespace quell::plan
