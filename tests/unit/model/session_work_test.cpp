#include "analyzer/model/session_work.hpp"

#include <gtest/gtest.h>

namespace quell::model {
namespace {

SessionWork work(std::string_view sql) {
  return session_work(sql::analyze_statement(sql));
}

TEST(SessionWork, DriversAndPoolsAreKnownByWhatTheySend) {
  using enum SessionWork;
  const std::pair<std::string_view, SessionWork> kCases[] = {
      {"SET extra_float_digits = 3", setting},                 // JDBC
      {"select pg_catalog.version()", setting},                // SQLAlchemy
      {"show standard_conforming_strings", setting},           // SQLAlchemy
      {"SELECT t.oid, t.typname FROM pg_type as t", setting},  // ActiveRecord, pgx
      {"SET application_name = 'PostgreSQL JDBC Driver'", setting},
      {"SELECT 1", validation},
      {"select 1;", validation},
      {"/* ping */ SELECT 1", validation},
      {"", validation},  // JDBC's isValid
      {"DISCARD ALL", reset},
      {"RESET ALL", reset},
      {"DEALLOCATE ALL", reset},
      {"UNLISTEN *", reset},
      {"SELECT pg_advisory_unlock_all()", reset},  // asyncpg
      {"CLOSE ALL", reset},
      {"ROLLBACK", boundary},
      {"BEGIN ISOLATION LEVEL SERIALIZABLE", boundary},
      {"SELECT id FROM posts", none},
      {"SELECT 1 FROM posts LIMIT 1", none},
      {"INSERT INTO t VALUES (1)", none},
      {"this is no SQL", none},
  };
  for (const auto& [sql, expected] : kCases) EXPECT_EQ(work(sql), expected) << sql;
}

std::string changes(std::string_view sql, const std::vector<std::string>& parameters = {}) {
  std::string out;
  for (const VariableChange& change : variable_changes(sql, parameters)) {
    out += "[" + change.name + "=" + change.value + (change.local ? " local]" : "]");
  }
  return out;
}

TEST(VariableChanges, AreReadFromEveryWayToSetOne) {
  EXPECT_EQ(changes("SET app.request_id = 'r-1'"), "[app.request_id=r-1]");
  EXPECT_EQ(changes("set local App.\"Route\" TO '/it''s'"), "[app.route=/it's local]");
  EXPECT_EQ(changes("SET SESSION app.test TO checkout"), "[app.test=checkout]");
  EXPECT_EQ(changes("SELECT set_config('app.request', 'GET /a', true), set_config('x.y', 'z', false)"),
            "[app.request=GET /a local][x.y=z]");
  EXPECT_EQ(changes("SELECT pg_catalog.set_config($1::text, $2, $3)", {"app.job", "mail", "t"}),
            "[app.job=mail local]");
  EXPECT_EQ(changes("RESET app.request"), "[app.request=]");
  EXPECT_EQ(changes("SET app.request TO DEFAULT"), "[app.request=]");
  EXPECT_EQ(changes("DISCARD ALL"), "[=]");
  EXPECT_EQ(changes("RESET ALL"), "[=]");
}

TEST(VariableChanges, WhatIsNoChangeIsNone) {
  for (const std::string_view sql :
       {"SET TRANSACTION READ ONLY", "SET TIME ZONE 'UTC'", "SELECT set_config('a.b', lower('X'), false)",
        "SELECT set_config('a.b'", "SELECT 'set_config'", "DISCARD PLANS", "SET", "SHOW app.request",
        "SELECT set_config($1, $2, $3)"}) {
    EXPECT_EQ(changes(sql), "") << sql;
  }
}

}  // namespace
}  // namespace quell::model
