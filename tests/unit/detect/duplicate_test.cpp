#include <gtest/gtest.h>

#include "tests/unit/detect/scenario.hpp"

namespace quell::test {
namespace {

using detect::Kind;

// C38
TEST(DuplicateQuery, SameValuesAgain_AreDuplicatesAndNoLoop) {
  Scenario s;
  s.scope("GET /ticket");
  s.call("SELECT * FROM tickets WHERE id = $1", {std::int64_t{9}});
  for (int i = 0; i < 2; ++i) s.call("SELECT * FROM users WHERE id = $1", {std::int64_t{1}});
  for (int i = 0; i < 3; ++i) s.call("SELECT * FROM groups WHERE id = $1", {std::int64_t{100}});
  s.end_scope();
  const auto detection = s.detect();
  ASSERT_EQ(detection.findings.size(), 2U);
  const auto duplicates = of_kind(detection, Kind::duplicate_query);
  ASSERT_EQ(duplicates.size(), 2U);
  EXPECT_EQ(duplicates[0].executions, 3U);
  EXPECT_EQ(duplicates[0].distinct_values, 1U);
  EXPECT_EQ(duplicates[0].cost.round_trips, 2U);
  EXPECT_EQ(duplicates[1].executions, 2U);
}

// C39
TEST(DuplicateQuery, SameListOfKeysTwice_IsADuplicate) {
  Scenario s;
  s.scope("GET /uploads");
  for (int i = 0; i < 2; ++i) s.call("SELECT * FROM uploads WHERE id IN (1, 2, 3, 4, 5)");
  s.end_scope();
  EXPECT_EQ(of_kind(s.detect(), Kind::duplicate_query).size(), 1U);
}

TEST(DuplicateQuery, ReadAgainAfterAWriteToItsTable_IsRight) {
  Scenario s;
  s.scope("PUT /user");
  s.call("SELECT * FROM users WHERE id = $1", {std::int64_t{1}});
  Call update;
  update.text = "UPDATE users SET name = $1 WHERE id = $2";
  update.binds = {std::string("new"), std::int64_t{1}};
  update.rows = 1;
  s.call(update);
  s.call("SELECT * FROM users WHERE id = $1", {std::int64_t{1}});
  s.end_scope();
  EXPECT_TRUE(is_silent(s.detect(), "read again after a write"));
}

// K12
TEST(DuplicateQuery, VolatileFunctions_CannotBeRemembered) {
  Scenario s;
  s.scope("POST /orders");
  for (int i = 0; i < 20; ++i) s.call("SELECT nextval('orders_id_seq')");
  s.end_scope();
  EXPECT_TRUE(is_silent(s.detect(), "volatile function"));
}

TEST(DuplicateQuery, ParentsAllOfOneAuthor_AreDuplicatesAndNoLoop) {
  Scenario s;
  s.scope("GET /posts");
  detect::Detection detection;
  Result posts{{{"id", "posts", 1}, {"author_id", "posts", 2}}, {}};
  for (std::int64_t id = 1; id <= 5; ++id) posts.rows.push_back({id, std::int64_t{42}});
  s.call("SELECT id, author_id FROM posts", {}, posts);
  for (int i = 0; i < 5; ++i) s.call("SELECT * FROM users WHERE id = $1", {std::int64_t{42}});
  s.end_scope();
  detection = s.detect();
  ASSERT_EQ(detection.findings.size(), 1U);
  EXPECT_EQ(detection.findings[0].kind, Kind::duplicate_query);
}

}  // namespace
}  // namespace quell::test
