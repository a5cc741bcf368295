#include <utility>

#include <fmt/format.h>
#include <libpq-fe.h>

#include "agent/db/src/pq/link.hpp"

namespace quell::db {

std::string detail::Link::quote_literal(std::string_view text) const {
  if (text.find('\0') != std::string_view::npos)
    throw UsageError("a text holds a zero byte, which PostgreSQL's text cannot");
  if (is_broken()) throw ConnectError("the connection is closed");
  const std::unique_ptr<char, decltype(&PQfreemem)> quoted(PQescapeLiteral(connection_, text.data(), text.size()),
                                                           PQfreemem);
  if (!quoted) throw UsageError("a text is not valid UTF-8");
  return quoted.get();
}

Awaitable<void> Connection::end_prepared(const char* how, std::string id, CallSite site) {
  const UnsafeStatement statement(fmt::format("{} prepared {}", how, link_->quote_literal(id)));
  co_await link_->run_script(Call(statement, site));
}

Awaitable<void> Connection::commit_prepared(std::string id, CallSite site) {
  return end_prepared("commit", std::move(id), site);
}

Awaitable<void> Connection::rollback_prepared(std::string id, CallSite site) {
  return end_prepared("rollback", std::move(id), site);
}

Awaitable<std::vector<PreparedTransaction>> Connection::prepared_transactions(CallSite site) {
  const Result found = co_await link_->run(
      Call(Statement("select gid, prepared, owner from pg_prepared_xacts where database = current_database() "
                     "order by prepared, gid"),
           site),
      Parameters());
  std::vector<PreparedTransaction> transactions;
  for (const Row row : found)
    transactions.push_back({row[0].as<std::string>(), row[1].as<Timestamp>(), row[2].as<std::string>()});
  co_return transactions;
}

}  // namespace quell::db
