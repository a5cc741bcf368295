#include "reference_app/http/database_problem.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <quell/db/error.hpp>

namespace quell::reference::http {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::Not;
using testing::Pair;

struct Case {
  const char* sqlstate;
  int status;
};

class SqlstateToHttp : public testing::TestWithParam<Case> {};

TEST_P(SqlstateToHttp, HasItsStatus) {
  EXPECT_EQ(problem_of_sqlstate(GetParam().sqlstate, "").status(), GetParam().status);
}

// The SQLSTATEs are those of the PostgreSQL manual, appendix A.
INSTANTIATE_TEST_SUITE_P(Table, SqlstateToHttp,
                         testing::Values(Case{"23505", 409}, Case{"23503", 409}, Case{"23P01", 409}, Case{"23502", 422},
                                         Case{"23514", 422}, Case{"22001", 422}, Case{"22P02", 422}, Case{"40001", 503},
                                         Case{"40P01", 503}, Case{"55P03", 503}, Case{"57014", 504}, Case{"53300", 503},
                                         Case{"57P01", 503}, Case{"57P03", 503}, Case{"08006", 503}, Case{"42P01", 500},
                                         Case{"XX000", 500}),
                         [](const auto& tested) { return std::string(tested.param.sqlstate); });

TEST(DatabaseProblem, NamesTheConstraintButNotTheValues) {
  db::ServerDiagnostics diagnostics;
  diagnostics.sqlstate = "23505";
  diagnostics.message = "duplicate key value violates unique constraint";
  diagnostics.detail = "Key (email)=(someone@example.org) already exists.";
  diagnostics.constraint = "users_email_key";
  const auto response = problem_of_database_error(db::UniqueViolation(diagnostics)).to_response("r");
  EXPECT_EQ(response.status, 409);
  EXPECT_THAT(response.body, HasSubstr("A record with this value exists already (users_email_key)."));
  EXPECT_THAT(response.body, Not(HasSubstr("someone")));
}

TEST(DatabaseProblem, TemporaryFailuresSayWhenToTryAgain) {
  EXPECT_THAT(problem_of_sqlstate("40001", "").to_response("r").headers, Contains(Pair("Retry-After", "1")));
  EXPECT_THAT(problem_of_database_error(db::PoolTimeout("pool")).to_response("r").headers,
              Contains(Pair("Retry-After", "1")));
}

TEST(DatabaseProblem, ConnectionsDeadlinesAndOurOwnMistakes) {
  EXPECT_EQ(problem_of_database_error(db::ConnectError("gone")).status(), 503);
  EXPECT_EQ(problem_of_database_error(db::DeadlineExceeded("late")).status(), 504);
  EXPECT_EQ(problem_of_database_error(db::UsageError("wrong")).status(), 500);
  EXPECT_THAT(problem_of_database_error(db::UsageError("secret text")).to_response("r").body, Not(HasSubstr("secret")));
}

}  // namespace
}  // namespace quell::reference::http
