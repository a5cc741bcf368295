#include <quell/db/error.hpp>

#include <utility>

#include <fmt/format.h>

namespace quell::db {
namespace {

std::string sentence_of(const ServerDiagnostics& d) {
  std::string sentence = fmt::format("{} ({}): {}", d.severity.empty() ? "ERROR" : d.severity, d.sqlstate, d.message);
  if (!d.hint.empty()) sentence += fmt::format(" (hint: {})", d.hint);
  return sentence;
}

bool is_gone(std::string_view sqlstate) {
  return sqlstate.starts_with("08") || sqlstate == "57P01" || sqlstate == "57P02" || sqlstate == "57P03" ||
         sqlstate == "57P05";
}

}  // namespace

ServerError::ServerError(ServerDiagnostics diagnostics)
    : Error(sentence_of(diagnostics)),
      diagnostics_(std::make_shared<const ServerDiagnostics>(std::move(diagnostics))) {}

bool ServerError::is_disconnect() const {
  return is_gone(sqlstate());
}

void throw_server_error(ServerDiagnostics diagnostics) {
  const std::string state = diagnostics.sqlstate;
  const std::string_view state_class = std::string_view(state).substr(0, 2);
  auto d = std::move(diagnostics);
  if (state == "23502") throw NotNullViolation(std::move(d));
  if (state == "23503") throw ForeignKeyViolation(std::move(d));
  if (state == "23505") throw UniqueViolation(std::move(d));
  if (state == "23514") throw CheckViolation(std::move(d));
  if (state == "23P01") throw ExclusionViolation(std::move(d));
  if (state_class == "23") throw IntegrityError(std::move(d));
  if (state_class == "22") throw DataError(std::move(d));
  if (state == "40001") throw SerializationFailure(std::move(d));
  if (state == "40P01") throw Deadlock(std::move(d));
  if (state == "57014") throw QueryCanceled(std::move(d));
  if (state == "55P03") throw LockNotAvailable(std::move(d));
  if (state == "25P02") throw InFailedTransaction(std::move(d));
  if (state == "42501") throw PrivilegeError(std::move(d));
  if (state_class == "42") throw StatementError(std::move(d));
  // 0A000 is any unsupported feature; only this message means a stale plan (plancache.c, RevalidateCachedQuery).
  if (state == "26000" || (state == "0A000" && d.message == "cached plan must not change result type"))
    throw StalePlan(std::move(d));
  if (state_class == "53") throw ResourceError(std::move(d));
  if (is_gone(state)) throw ServerGone(std::move(d));
  throw ServerError(std::move(d));
}

}  // namespace quell::db
