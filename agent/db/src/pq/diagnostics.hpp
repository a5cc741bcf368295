#pragma once

#include <memory>
#include <string>

#include <libpq-fe.h>

#include <quell/db/error.hpp>

namespace quell::db::detail {

struct ClearResult {
  void operator()(PGresult* result) const { PQclear(result); }
};
using ResultHandle = std::unique_ptr<PGresult, ClearResult>;

/// The fields of an error result.
[[nodiscard]] ServerDiagnostics diagnostics_of(const PGresult* result);

/// libpq's last message on one line, without its trailing newline.
[[nodiscard]] std::string connection_message(const PGconn* connection);

/// Starts connecting without blocking (but for name resolution, which libpq does itself). Throws ConnectError where the
/// string cannot be parsed. `statement_timeout_ms` 0 leaves the server's own.
[[nodiscard]] PGconn* start_connect(const std::string& dsn, long statement_timeout_ms);

}  // namespace quell::db::detail
