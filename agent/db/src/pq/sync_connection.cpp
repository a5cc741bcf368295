#include <quell/db/sync_connection.hpp>

#include <poll.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <limits>
#include <utility>

#include <fmt/format.h>

#include "agent/db/src/pq/diagnostics.hpp"

namespace quell::db {
namespace {

constexpr std::chrono::milliseconds kDrainTime{1'000};

enum class Ready { yes, timed_out };

Ready wait_for(int socket, short events, Deadline deadline) {
  pollfd entry{socket, events, 0};
  for (;;) {
    int timeout = -1;
    if (!deadline.is_none()) {
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline.at() - Deadline::Clock::now()).count();
      if (left <= 0) return Ready::timed_out;
      timeout = static_cast<int>(std::min<std::int64_t>(left, std::numeric_limits<int>::max()));
    }
    const int ready = poll(&entry, 1, timeout);
    if (ready > 0) return Ready::yes;
    if (ready < 0 && errno != EINTR) throw ConnectError("waiting for the server's socket failed");
  }
}

/// Ends a COPY the caller did not know it started, so that the connection can be used again.
void leave_copy(PGconn* connection, ExecStatusType status) {
  if (status == PGRES_COPY_IN) {
    PQputCopyEnd(connection, "COPY is not supported by SyncConnection");
    return;
  }
  PQsetnonblocking(connection, 0);
  char* row = nullptr;
  while (PQgetCopyData(connection, &row, 0) > 0) PQfreemem(row);
  PQsetnonblocking(connection, 1);
}

}  // namespace

SyncResult::SyncResult(pg_result* raw) : raw_(raw) {}
SyncResult::SyncResult(SyncResult&& other) noexcept : raw_(std::exchange(other.raw_, nullptr)) {}
SyncResult& SyncResult::operator=(SyncResult&& other) noexcept {
  std::swap(raw_, other.raw_);
  return *this;
}
SyncResult::~SyncResult() {
  PQclear(raw_);
}

std::size_t SyncResult::rows() const {
  return static_cast<std::size_t>(PQntuples(raw_));
}
std::size_t SyncResult::columns() const {
  return static_cast<std::size_t>(PQnfields(raw_));
}
std::string_view SyncResult::column_name(std::size_t column) const {
  const char* name = PQfname(raw_, static_cast<int>(column));
  return name != nullptr ? name : "";
}
std::uint32_t SyncResult::type_oid(std::size_t column) const {
  return PQftype(raw_, static_cast<int>(column));
}
std::uint32_t SyncResult::table_oid(std::size_t column) const {
  return PQftable(raw_, static_cast<int>(column));
}
std::int16_t SyncResult::attribute_number(std::size_t column) const {
  return static_cast<std::int16_t>(PQftablecol(raw_, static_cast<int>(column)));
}
std::string_view SyncResult::value(std::size_t row, std::size_t column) const {
  const int r = static_cast<int>(row);
  const int c = static_cast<int>(column);
  if (PQgetisnull(raw_, r, c) != 0) return {};
  return {PQgetvalue(raw_, r, c), static_cast<std::size_t>(PQgetlength(raw_, r, c))};
}
std::uint64_t SyncResult::affected() const {
  const std::string_view count = raw_ != nullptr ? PQcmdTuples(raw_) : "";
  std::uint64_t value = 0;
  std::from_chars(count.data(), count.data() + count.size(), value);
  return value;
}

SyncConnection SyncConnection::open(const std::string& dsn, Deadline deadline) {
  SyncConnection connection(detail::start_connect(dsn, 0));
  PGconn* raw = connection.connection_;
  if (PQstatus(raw) == CONNECTION_BAD) throw ConnectError(detail::connection_message(raw));
  for (PostgresPollingStatusType state = PGRES_POLLING_WRITING; state != PGRES_POLLING_OK; state = PQconnectPoll(raw)) {
    if (state == PGRES_POLLING_FAILED) throw ConnectError(detail::connection_message(raw));
    const short events = state == PGRES_POLLING_READING ? POLLIN : POLLOUT;
    if (wait_for(PQsocket(raw), events, deadline) == Ready::timed_out)
      throw DeadlineExceeded("the server did not accept the connection before the deadline");
  }
  PQsetnonblocking(raw, 1);
  return connection;
}

SyncConnection::SyncConnection(SyncConnection&& other) noexcept
    : connection_(std::exchange(other.connection_, nullptr)) {}
SyncConnection& SyncConnection::operator=(SyncConnection&& other) noexcept {
  std::swap(connection_, other.connection_);
  return *this;
}
SyncConnection::~SyncConnection() {
  PQfinish(connection_);
}

SyncResult SyncConnection::query(const std::string& text, const std::vector<SyncParameter>& parameters,
                                 trace::Format result_format, Deadline deadline) {
  std::vector<Oid> types;
  std::vector<const char*> values;
  std::vector<int> lengths;
  std::vector<int> formats;
  for (const auto& parameter : parameters) {
    if (parameter.bytes && parameter.format == trace::Format::text && parameter.bytes->find('\0') != std::string::npos)
      throw UsageError(
          fmt::format("parameter ${} holds a zero byte, which PostgreSQL's text cannot", types.size() + 1));
    types.push_back(parameter.type_oid);
    values.push_back(parameter.bytes ? parameter.bytes->c_str() : nullptr);
    lengths.push_back(parameter.bytes ? static_cast<int>(parameter.bytes->size()) : 0);
    formats.push_back(static_cast<int>(parameter.format));
  }
  if (is_broken()) throw ConnectError("the connection is closed");
  if (PQsendQueryParams(connection_, text.c_str(), static_cast<int>(types.size()), types.data(), values.data(),
                        lengths.data(), formats.data(), static_cast<int>(result_format)) == 0)
    throw ConnectError(detail::connection_message(connection_));
  return collect(deadline);
}

void SyncConnection::execute(const std::string& text, Deadline deadline) {
  if (is_broken()) throw ConnectError("the connection is closed");
  if (PQsendQuery(connection_, text.c_str()) == 0) throw ConnectError(detail::connection_message(connection_));
  collect(deadline);
}

void SyncConnection::wait(bool for_write, Deadline deadline) {
  const short events = static_cast<short>(for_write ? POLLIN | POLLOUT : POLLIN);
  if (wait_for(PQsocket(connection_), events, deadline) == Ready::yes) return;
  cancel_and_drain();
  throw DeadlineExceeded("the deadline passed before the server answered; the statement was cancelled");
}

SyncResult SyncConnection::collect(Deadline deadline) {
  for (int left = PQflush(connection_); left != 0; left = PQflush(connection_)) {
    if (left < 0) throw ConnectError(detail::connection_message(connection_));
    wait(/*for_write=*/true, deadline);
    PQconsumeInput(connection_);  // else a server that waits for us to read never reads what we write
  }
  detail::ResultHandle last;
  std::optional<ServerDiagnostics> failure;
  bool was_copy = false;
  for (;;) {
    while (PQisBusy(connection_) != 0) {
      wait(/*for_write=*/false, deadline);
      if (PQconsumeInput(connection_) == 0) break;  // PQgetResult says why
    }
    detail::ResultHandle result(PQgetResult(connection_));
    if (!result) break;
    const ExecStatusType status = PQresultStatus(result.get());
    if (status == PGRES_COPY_IN || status == PGRES_COPY_OUT) {
      was_copy = true;
      leave_copy(connection_, status);
    } else if (status == PGRES_FATAL_ERROR && !failure) {
      failure = detail::diagnostics_of(result.get());
    }
    last = std::move(result);
  }
  if (was_copy) throw UsageError("COPY is not supported by SyncConnection");
  if (!failure) return SyncResult(last.release());
  if (failure->sqlstate.empty()) throw ConnectError("the server closed the connection: " + failure->message);
  throw_server_error(std::move(*failure));
}

void SyncConnection::cancel_and_drain() {
  if (PGcancel* cancel = PQgetCancel(connection_)) {
    std::array<char, 256> message{};
    PQcancel(cancel, message.data(), static_cast<int>(message.size()));
    PQfreeCancel(cancel);
  }
  const Deadline give_up = Deadline::after(kDrainTime);
  for (;;) {
    while (PQisBusy(connection_) != 0) {
      if (wait_for(PQsocket(connection_), POLLIN, give_up) == Ready::timed_out) {
        PQfinish(std::exchange(connection_, nullptr));
        return;
      }
      if (PQconsumeInput(connection_) == 0) break;
    }
    PGresult* result = PQgetResult(connection_);
    if (result == nullptr) return;
    const ExecStatusType status = PQresultStatus(result);
    PQclear(result);
    if (status == PGRES_COPY_IN || status == PGRES_COPY_OUT) leave_copy(connection_, status);
  }
}

void SyncConnection::set(std::string_view name, std::string_view value) {
  const std::string format = "select set_config($1, $2, false)";
  query(format, {{0, trace::Format::text, std::string(name)}, {0, trace::Format::text, std::string(value)}});
}
void SyncConnection::set_statement_timeout(std::chrono::milliseconds timeout) {
  set("statement_timeout", std::to_string(timeout.count()));
}
void SyncConnection::set_lock_timeout(std::chrono::milliseconds timeout) {
  set("lock_timeout", std::to_string(timeout.count()));
}

int SyncConnection::server_version() const {
  return PQserverVersion(connection_);
}
bool SyncConnection::in_transaction() const {
  return PQtransactionStatus(connection_) > PQTRANS_ACTIVE;
}
bool SyncConnection::is_broken() const {
  return PQstatus(connection_) != CONNECTION_OK;
}
std::uint32_t SyncConnection::backend_pid() const {
  return static_cast<std::uint32_t>(PQbackendPID(connection_));
}
std::string SyncConnection::database() const {
  const char* name = PQdb(connection_);
  return name != nullptr ? name : "";
}

}  // namespace quell::db
