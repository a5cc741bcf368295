#pragma once

#include <string_view>

#include "reference_app/http/problem.hpp"

namespace quell::db {
class Error;
}

namespace quell::reference::http {

/// The one table from SQLSTATE to HTTP. Only the class of a failure and names of our own schema reach the client, never
/// the server's text, which repeats values. `constraint` may be empty.
[[nodiscard]] Problem problem_of_sqlstate(std::string_view sqlstate, std::string_view constraint);

/// The same for everything the database layer throws: pool timeouts and lost connections are 503, deadlines 504.
[[nodiscard]] Problem problem_of_database_error(const db::Error& error);

}  // namespace quell::reference::http
