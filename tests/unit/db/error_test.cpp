#include <quell/db/error.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace quell::db {
namespace {

template <class E>
bool throws(const char* sqlstate, const char* message = "m") {
  ServerDiagnostics diagnostics;
  diagnostics.sqlstate = sqlstate;
  diagnostics.message = message;
  try {
    throw_server_error(std::move(diagnostics));
  } catch (const E& error) {
    return error.sqlstate() == sqlstate;
  } catch (const std::exception&) {
    return false;
  }
}

// SQLSTATE codes: PostgreSQL manual, appendix A.
TEST(ServerError, ClassFollowsSqlstate) {
  EXPECT_TRUE(throws<UniqueViolation>("23505"));
  EXPECT_TRUE(throws<IntegrityError>("23505"));
  EXPECT_TRUE(throws<ForeignKeyViolation>("23503"));
  EXPECT_TRUE(throws<NotNullViolation>("23502"));
  EXPECT_TRUE(throws<CheckViolation>("23514"));
  EXPECT_TRUE(throws<ExclusionViolation>("23P01"));
  EXPECT_TRUE(throws<IntegrityError>("23000"));
  EXPECT_TRUE(throws<DataError>("22012"));
  EXPECT_TRUE(throws<SerializationFailure>("40001"));
  EXPECT_TRUE(throws<RetryableError>("40P01"));
  EXPECT_TRUE(throws<Deadlock>("40P01"));
  EXPECT_TRUE(throws<QueryCanceled>("57014"));
  EXPECT_TRUE(throws<LockNotAvailable>("55P03"));
  EXPECT_TRUE(throws<InFailedTransaction>("25P02"));
  EXPECT_TRUE(throws<StatementError>("42P01"));
  EXPECT_TRUE(throws<PrivilegeError>("42501"));
  EXPECT_TRUE(throws<ResourceError>("53300"));
  EXPECT_TRUE(throws<ServerGone>("57P01"));
  EXPECT_TRUE(throws<ServerGone>("08006"));
  EXPECT_TRUE(throws<ServerError>("XX000"));
}

TEST(ServerError, OnlyTheStalePlanMessageIsAStalePlan) {
  EXPECT_TRUE(throws<StalePlan>("0A000", "cached plan must not change result type"));
  EXPECT_FALSE(throws<StalePlan>("0A000", "cannot do that"));
  EXPECT_TRUE(throws<StalePlan>("26000"));
}

TEST(ServerError, SentenceHasNoDetailAndKeepsPartsApart) {
  ServerDiagnostics diagnostics;
  diagnostics.sqlstate = "23505";
  diagnostics.severity = "ERROR";
  diagnostics.message = "duplicate key value violates unique constraint \"users_email_key\"";
  diagnostics.detail = "Key (email)=(someone@example.org) already exists.";
  diagnostics.hint = "try another";
  diagnostics.constraint = "users_email_key";
  const UniqueViolation error(diagnostics);
  EXPECT_STREQ(error.what(),
               "ERROR (23505): duplicate key value violates unique constraint \"users_email_key\" (hint: try another)");
  EXPECT_EQ(error.constraint(), "users_email_key");
  EXPECT_FALSE(error.is_disconnect());
}

TEST(ServerError, DisconnectsAreKnown) {
  for (const char* state : {"08000", "08006", "57P01", "57P02", "57P03"}) {
    ServerDiagnostics diagnostics;
    diagnostics.sqlstate = state;
    EXPECT_TRUE(ServerError(diagnostics).is_disconnect()) << state;
  }
  EXPECT_TRUE(ConnectError("x").is_disconnect());
  EXPECT_FALSE(PoolTimeout("x").is_disconnect());
}

}  // namespace
}  // namespace quell::db
