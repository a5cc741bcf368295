#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "analyzer/sql/statement_facts.hpp"

/// Statements that drivers and connection pools send for a session's sake, not for a request's.
namespace quell::model {

enum class SessionWork : std::uint8_t {
  none,        ///< the program's own
  setting,     ///< asks about or sets up the session: SET, SHOW, version(), catalogue look-ups; at its start: start-up
  validation,  ///< asks whether the connection lives: SELECT 1, an empty query
  reset,       ///< a pool cleans up: DISCARD ALL, RESET ALL, DEALLOCATE ALL, CLOSE ALL, UNLISTEN *
  boundary,    ///< BEGIN, COMMIT, ROLLBACK and their like
};

[[nodiscard]] SessionWork session_work(const sql::StatementFacts& facts);

/// A session variable gets a value.
struct VariableChange {
  std::string name;    ///< in lower case; empty: all variables are reset
  std::string value;   ///< empty: it is reset
  bool local = false;  ///< until the transaction ends
};

/// What SET, RESET, DISCARD and set_config() in `sql` do; `parameters`: text of $1, $2, ..., empty where not known.
/// Values that are no plain literal or parameter leave the change out.
[[nodiscard]] std::vector<VariableChange> variable_changes(std::string_view sql,
                                                           std::span<const std::string> parameters);

}  // namespace quell::model
