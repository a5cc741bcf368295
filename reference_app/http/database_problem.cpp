#include "reference_app/http/database_problem.hpp"

#include <array>

#include <fmt/format.h>

#include <quell/db/error.hpp>

namespace quell::reference::http {
namespace {

struct Rule {
  std::string_view sqlstate;  ///< whole code or its class, the first two characters
  int status;
  std::string_view type;
  std::string_view detail;
};

constexpr std::string_view kUnavailable = "The database is not available. Try again later.";

// The first rule whose text begins the SQLSTATE decides (PostgreSQL manual, appendix A).
constexpr std::array kRules{
    Rule{"23505", 409, "conflict", "A record with this value exists already"},
    Rule{"23P01", 409, "conflict", "The record overlaps an existing one"},
    Rule{"23503", 409, "missing-reference",
         "The record refers to one that does not exist, or is referred to by another"},
    Rule{"23", 422, "constraint-violated", "A value breaks a rule of the data"},
    Rule{"22", 422, "value-refused", "The database refused a value"},
    Rule{"40001", 503, "try-again", "Too many changes at the same time. Try again."},
    Rule{"40P01", 503, "try-again", "Too many changes at the same time. Try again."},
    Rule{"55P03", 503, "try-again", "Too many changes at the same time. Try again."},
    Rule{"57014", 504, "timeout", "The database did not answer in time."},
    Rule{"53", 503, "unavailable", kUnavailable},
    Rule{"57P", 503, "unavailable", kUnavailable},
    Rule{"08", 503, "unavailable", kUnavailable},
};

Problem unavailable() {
  return Problem(503, "unavailable", std::string(kUnavailable)).with("Retry-After", "1");
}

Problem unknown_failure() {
  return {500, "internal-error", "The request failed. Its id is in the service's log."};
}

}  // namespace

Problem problem_of_sqlstate(std::string_view sqlstate, std::string_view constraint) {
  for (const Rule& rule : kRules) {
    if (!sqlstate.starts_with(rule.sqlstate)) continue;
    std::string detail(rule.detail);
    if (sqlstate.starts_with("23")) detail += constraint.empty() ? "." : fmt::format(" ({}).", constraint);
    if (sqlstate.starts_with("22")) detail += '.';
    Problem problem(rule.status, std::string(rule.type), detail);
    return rule.status == 503 ? std::move(problem).with("Retry-After", "1") : problem;
  }
  return unknown_failure();
}

Problem problem_of_database_error(const db::Error& error) {
  if (const auto* server = dynamic_cast<const db::ServerError*>(&error)) {
    return problem_of_sqlstate(server->sqlstate(), server->constraint());
  }
  if (dynamic_cast<const db::DeadlineExceeded*>(&error) != nullptr) {
    return {504, "timeout", "The database did not answer in time."};
  }
  if (dynamic_cast<const db::PoolTimeout*>(&error) != nullptr || error.is_disconnect()) return unavailable();
  return unknown_failure();
}

}  // namespace quell::reference::http
