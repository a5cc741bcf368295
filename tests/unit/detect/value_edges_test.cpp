#include "analyzer/detect/value_edges.hpp"

#include <gtest/gtest.h>

#include "tests/unit/detect/scenario.hpp"

namespace quell::test {
namespace {

using detect::Confidence;
using detect::Finding;
using detect::Kind;

constexpr const char* kPosts = "SELECT id, author_id FROM posts ORDER BY id";
constexpr const char* kUser = "SELECT * FROM users WHERE id = $1";

Result posts(const std::vector<std::int64_t>& authors) {
  Result result{{{"id", "posts", 1}, {"author_id", "posts", 2}}, {}};
  std::int64_t id = 1;
  for (const std::int64_t author : authors) result.rows.push_back({id++, author});
  return result;
}

Finding find(Scenario& s) {
  const auto detection = s.detect();
  EXPECT_EQ(detection.findings.size(), 1U);
  return detection.findings.empty() ? Finding{} : detection.findings.front();
}

// posts.id and posts.author_id hold both 1 to 10: the order of the executions tells which.
TEST(ValueEdges, EqualSetsInTwoColumns_AreToldApartByRowOrder) {
  const std::vector<std::int64_t> authors{4, 9, 1, 7, 10, 2, 8, 3, 6, 5};
  Scenario s;
  s.scope("GET /posts");
  s.call(kPosts, {}, posts(authors));
  for (const std::int64_t author : authors) s.call(kUser, {author});
  s.end_scope();
  EXPECT_EQ(find(s).edge->from_column, "author_id");

  Scenario t;
  t.scope("GET /posts");
  t.call(kPosts, {}, posts(authors));
  for (std::int64_t id = 1; id <= 10; ++id) t.call("SELECT * FROM comments WHERE post_id = $1", {id});
  t.end_scope();
  EXPECT_EQ(find(t).edge->from_column, "id");
}

// Both columns 1 to 10 in the same order: only names are left.
TEST(ValueEdges, EqualColumns_AreToldApartByNames) {
  const std::vector<std::int64_t> same{1, 2, 3, 4, 5, 6, 7, 8, 9, 10};
  Scenario s;
  s.scope("GET /posts");
  s.call(kPosts, {}, posts(same));
  for (const std::int64_t author : same) s.call(kUser, {author});
  s.end_scope();
  EXPECT_EQ(find(s).edge->from_column, "author_id");

  Scenario t;
  t.scope("GET /posts");
  t.call(kPosts, {}, posts(same));
  for (const std::int64_t post : same) t.call("SELECT * FROM comments WHERE post_id = $1", {post});
  t.end_scope();
  EXPECT_EQ(find(t).edge->from_column, "id");
}

// Children in any order (a parallel loop): how often each value comes tells the column.
TEST(ValueEdges, ShuffledExecutions_AreToldApartByRepeats) {
  Scenario s;
  s.scope("GET /posts");
  s.call(kPosts, {}, posts({2, 1, 2, 5, 3, 4, 2}));
  for (const std::int64_t author : {4, 2, 1, 2, 3, 2, 5}) s.call(kUser, {author});
  s.end_scope();
  const Finding f = find(s);
  EXPECT_EQ(f.confidence, Confidence::proved);
  EXPECT_EQ(f.edge->from_column, "author_id");
  EXPECT_FALSE(f.edge->row_order);
}

// Values 1 to 5 stand in an earlier result of an unrelated table by chance: no proof from that.
TEST(ValueEdges, SmallIntegersOfAnotherTable_AreNoProof) {
  Scenario s;
  s.scope("GET /page");
  s.call("SELECT id FROM tags", {}, {{{"id", "tags", 1}}, rows(1, 10)});
  for (const std::int64_t user : {1, 2, 3, 4, 5}) s.call(kUser, {user});
  s.end_scope();
  const Finding f = find(s);
  EXPECT_EQ(f.confidence, Confidence::likely);
  EXPECT_FALSE(f.edge);
}

TEST(ValueEdges, FlagsAndEnumerations_AreNoProof) {
  Scenario s;
  s.scope("GET /page");
  s.call("SELECT id, active FROM accounts", {},
         {{{"id", "accounts", 1}, {"active", "accounts", 2}},
          {{std::int64_t{5}, std::string("t")}, {std::int64_t{6}, std::string("f")}}});
  for (const char* flag : {"t", "f", "t", "f"})
    s.call("SELECT count(*) FROM users WHERE active = $1", {std::string(flag)});
  s.end_scope();
  EXPECT_TRUE(of_kind(s.detect(), Kind::n_plus_one).empty());
}

TEST(ValueEdges, ResultThatCameLater_FeedsNothing) {
  Scenario s;
  s.scope("GET /page");
  for (const std::int64_t user : {5003, 5001, 5002}) s.call(kUser, {user});
  s.call(kPosts, {}, posts({5003, 5001, 5002}));
  s.end_scope();
  const Finding f = find(s);
  EXPECT_EQ(f.confidence, Confidence::likely);
  EXPECT_FALSE(f.edge);
}

TEST(ValueEdges, ResultOfAnotherScope_FeedsNothing) {
  Scenario s;
  s.scope("GET /a");
  s.call(kPosts, {}, posts({5003, 5001, 5002}));
  s.end_scope();
  s.scope("GET /b");
  for (const std::int64_t user : {5003, 5001, 5002}) s.call(kUser, {user});
  s.end_scope();
  EXPECT_FALSE(find(s).edge);
}

// Two references of each row to one table: two loops, one finding each.
TEST(ValueEdges, TwoReferencesOfEachRow_AreTwoFindings) {
  Scenario s;
  s.scope("GET /posts");
  Result result{{{"id", "posts", 1}, {"author_id", "posts", 2}, {"editor_id", "posts", 3}}, {}};
  for (std::int64_t i = 0; i < 6; ++i) result.rows.push_back({i + 1, 5000 + i, 7000 + i});
  s.call("SELECT id, author_id, editor_id FROM posts", {}, result);
  for (std::int64_t i = 0; i < 6; ++i) {
    s.call(kUser, {5000 + i});
    s.call(kUser, {7000 + i});
  }
  s.end_scope();
  const auto detection = s.detect();
  ASSERT_EQ(detection.findings.size(), 2U);
  EXPECT_EQ(detection.findings[0].executions, 6U);
  EXPECT_EQ(detection.findings[1].executions, 6U);
  EXPECT_NE(detection.findings[0].edge->from_column, detection.findings[1].edge->from_column);
}

// More rows than were recorded: the recorded ones still prove it.
TEST(ValueEdges, UuidKeys_AreProvedWhateverTheNames) {
  Scenario s;
  s.scope("GET /things");
  Result result{{{"ref", "things", 4}}, {}};
  std::vector<std::string> keys;
  for (int i = 0; i < 5; ++i) keys.push_back("0b9f7c1e-5a3d-4c2b-9e8f-00000000000" + std::to_string(i));
  for (const std::string& key : keys) result.rows.push_back({key});
  s.call("SELECT ref FROM things", {}, result);
  for (const std::string& key : keys) s.call("SELECT * FROM parts WHERE code = $1", {key});
  s.end_scope();
  const Finding f = find(s);
  EXPECT_EQ(f.confidence, Confidence::proved);
  EXPECT_EQ(f.edge->from_column, "ref");
}

TEST(NameAffinity, ReferencesFitTheTableTheyName) {
  EXPECT_EQ(detect::name_affinity("posts", "id", "comments", "post_id"), 4);
  EXPECT_EQ(detect::name_affinity("comments", "post_id", "posts", "id"), 4);
  EXPECT_EQ(detect::name_affinity("public.categories", "id", "items", "category_id"), 4);
  EXPECT_GT(detect::name_affinity("posts", "author_id", "users", "id"), 0);
  EXPECT_GT(detect::name_affinity("nodes", "id", "nodes", "parent_id"), 0);
  EXPECT_GT(detect::name_affinity("orders", "customer_uuid", "invoices", "customer_uuid"), 0);
  EXPECT_LT(detect::name_affinity("posts", "id", "users", "id"), 0);
  EXPECT_LT(detect::name_affinity("posts", "author_id", "items", "category_id"), 0);
  EXPECT_EQ(detect::name_affinity("", "x", "users", "name"), 0);
}

}  // namespace
}  // namespace quell::test
