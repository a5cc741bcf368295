#include "agent/db/src/pq/diagnostics.hpp"

#include <array>
#include <cstdlib>

namespace quell::db::detail {
namespace {

std::string field(const PGresult* result, int code) {
  const char* text = PQresultErrorField(result, code);
  return text != nullptr ? text : "";
}

void ignore_notice(void*, const PGresult*) {}

std::string one_line(std::string text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.pop_back();
  for (char& c : text)
    if (c == '\n' || c == '\t') c = ' ';
  return text;
}

}  // namespace

ServerDiagnostics diagnostics_of(const PGresult* result) {
  ServerDiagnostics d;
  d.sqlstate = field(result, PG_DIAG_SQLSTATE);
  d.severity = field(result, PG_DIAG_SEVERITY);
  d.message = field(result, PG_DIAG_MESSAGE_PRIMARY);
  d.detail = field(result, PG_DIAG_MESSAGE_DETAIL);
  d.hint = field(result, PG_DIAG_MESSAGE_HINT);
  d.schema = field(result, PG_DIAG_SCHEMA_NAME);
  d.table = field(result, PG_DIAG_TABLE_NAME);
  d.column = field(result, PG_DIAG_COLUMN_NAME);
  d.constraint = field(result, PG_DIAG_CONSTRAINT_NAME);
  d.position = static_cast<std::int32_t>(std::strtol(field(result, PG_DIAG_STATEMENT_POSITION).c_str(), nullptr, 10));
  if (d.message.empty()) d.message = one_line(PQresultErrorMessage(result));
  return d;
}

std::string connection_message(const PGconn* connection) {
  return one_line(PQerrorMessage(connection));
}

PGconn* start_connect(const std::string& dsn, long statement_timeout_ms) {
  // Parsed first: the message of a malformed string repeats it, password and all.
  PQconninfoOption* parsed = PQconninfoParse(dsn.c_str(), nullptr);
  if (parsed == nullptr)
    throw ConnectError(
        "the connection string cannot be read: write \"host=… dbname=…\" or \"postgresql://host/dbname\"");
  std::string options;
  for (const PQconninfoOption* option = parsed; option->keyword != nullptr; ++option)
    if (std::string_view(option->keyword) == "options" && option->val != nullptr) options = option->val;
  PQconninfoFree(parsed);
  if (statement_timeout_ms > 0) options += " -c statement_timeout=" + std::to_string(statement_timeout_ms);

  const std::array keywords{"dbname", "client_encoding", "fallback_application_name", "options",
                            static_cast<const char*>(nullptr)};
  const std::array values{dsn.c_str(), "UTF8", "quell", options.c_str(), static_cast<const char*>(nullptr)};
  PGconn* connection = PQconnectStartParams(keywords.data(), values.data(), /*expand_dbname=*/1);
  if (connection == nullptr) throw std::bad_alloc();
  PQsetNoticeReceiver(connection, ignore_notice, nullptr);
  return connection;
}

}  // namespace quell::db::detail
