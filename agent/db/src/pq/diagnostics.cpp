#include "agent/db/src/pq/diagnostics.hpp"

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

using Options = std::unique_ptr<PQconninfoOption, decltype(&PQconninfoFree)>;

/// Parsed before libpq does it to connect: the message of a malformed string repeats it, password and all.
Options parse_dsn(const std::string& dsn) {
  Options parsed(PQconninfoParse(dsn.c_str(), nullptr), PQconninfoFree);
  if (!parsed)
    throw ConnectError(
        "the connection string cannot be read: write \"host=… dbname=…\" or \"postgresql://host/dbname\"");
  return parsed;
}

/// Out of the string, else out of the environment.
std::string value_of(const PQconninfoOption* options, std::string_view keyword, const char* variable) {
  for (; options->keyword != nullptr; ++options)
    if (options->keyword == keyword && options->val != nullptr) return options->val;
  const char* value = variable != nullptr ? std::getenv(variable) : nullptr;
  return value != nullptr ? value : "";
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

std::vector<core::HostEntry> hosts_of(const std::string& dsn) {
  const Options options = parse_dsn(dsn);
  const std::string host = value_of(options.get(), "host", "PGHOST");
  const std::string address = value_of(options.get(), "hostaddr", "PGHOSTADDR");
  if (!value_of(options.get(), "service", "PGSERVICE").empty()) return {};
  return core::parse_hosts(host, address, value_of(options.get(), "port", "PGPORT"));
}

PGconn* start_connect(const std::string& dsn, long statement_timeout_ms, const std::vector<core::HostEntry>& hosts) {
  std::string options = value_of(parse_dsn(dsn).get(), "options", nullptr);
  if (statement_timeout_ms > 0) options += " -c statement_timeout=" + std::to_string(statement_timeout_ms);

  // Later keywords win over those of the string in "dbname".
  const core::HostOptions places = core::join_hosts(hosts);
  std::vector<const char*> keywords{"dbname", "client_encoding", "fallback_application_name", "options"};
  std::vector<const char*> values{dsn.c_str(), "UTF8", "quell", options.c_str()};
  if (!hosts.empty()) {
    keywords.insert(keywords.end(), {"host", "hostaddr", "port"});
    values.insert(values.end(), {places.host.c_str(), places.address.c_str(), places.port.c_str()});
  }
  keywords.push_back(nullptr);
  values.push_back(nullptr);
  PGconn* connection = PQconnectStartParams(keywords.data(), values.data(), /*expand_dbname=*/1);
  if (connection == nullptr) throw std::bad_alloc();
  PQsetNoticeReceiver(connection, ignore_notice, nullptr);
  return connection;
}

}  // namespace quell::db::detail
