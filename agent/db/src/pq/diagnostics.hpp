#pragma once

#include <memory>
#include <string>
#include <vector>

#include <libpq-fe.h>

#include <quell/db/error.hpp>

#include "agent/db/src/core/host_list.hpp"

namespace quell::db::detail {

struct ClearResult {
  void operator()(PGresult* result) const { PQclear(result); }
};
using ResultHandle = std::unique_ptr<PGresult, ClearResult>;

/// The fields of an error result.
[[nodiscard]] ServerDiagnostics diagnostics_of(const PGresult* result);

/// libpq's last message on one line, without its trailing newline.
[[nodiscard]] std::string connection_message(const PGconn* connection);

/// The places a connection string and the environment name; none where libpq reads them from a service file. Throws
/// ConnectError where the string cannot be parsed.
[[nodiscard]] std::vector<core::HostEntry> hosts_of(const std::string& dsn);

/// Starts connecting without blocking, but for names of `hosts` without an address, which libpq looks up itself. No
/// hosts: those of `dsn`. Throws ConnectError where the string cannot be parsed. `statement_timeout_ms` 0 leaves the
/// server's own.
[[nodiscard]] PGconn* start_connect(const std::string& dsn, long statement_timeout_ms,
                                    const std::vector<core::HostEntry>& hosts = {});

}  // namespace quell::db::detail
