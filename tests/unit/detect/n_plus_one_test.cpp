#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/detect/scenario.hpp"

namespace quell::test {
namespace {

using detect::Confidence;
using detect::Detection;
using detect::Finding;
using detect::Kind;
using detect::Severity;

const std::vector<ResultColumnSpec> kPostColumns{{"id", "posts", 1}, {"author_id", "posts", 2}};

Result posts(const std::vector<std::int64_t>& authors, std::int64_t first_id = 101) {
  Result result{kPostColumns, {}};
  for (const std::int64_t author : authors) result.rows.push_back({first_id++, author});
  return result;
}

constexpr const char* kPosts = "SELECT id, author_id FROM posts ORDER BY id LIMIT 20";
constexpr const char* kUser = "SELECT id, name FROM users WHERE id = $1";

/// The only finding; fails the test where there is not exactly one.
Finding only(const Detection& detection) {
  EXPECT_EQ(detection.findings.size(), 1U);
  return detection.findings.empty() ? Finding{} : detection.findings.front();
}

TEST(NPlusOne, ChildFedByParentRows_IsProved) {
  Scenario s;
  const auto list = s.stack("http/posts.cpp", 41, "list_posts");
  const auto lazy = s.stack("domain/post.cpp", 17, "author");
  s.scope("GET /posts");
  Call parent;
  parent.text = kPosts;
  parent.result = posts({5003, 5001, 5002, 5009});
  parent.stack = list;
  s.call(parent);
  for (const std::int64_t author : {5003, 5001, 5002, 5009}) {
    Call child;
    child.text = kUser;
    child.binds = {author};
    child.stack = lazy;
    s.call(child);
  }
  s.end_scope();
  const model::Workload workload = s.workload();
  const Finding f = only(detect::detect(workload));
  EXPECT_EQ(f.kind, Kind::n_plus_one);
  EXPECT_EQ(f.confidence, Confidence::proved);
  EXPECT_EQ(f.scope_name, "GET /posts");
  EXPECT_EQ(f.executions, 4U);
  EXPECT_EQ(f.distinct_values, 4U);
  EXPECT_EQ(f.scopes_affected, 1U);
  EXPECT_EQ(f.scopes_total, 1U);
  EXPECT_EQ(workload.statements()[f.parent].example_text, kPosts);
  EXPECT_EQ(workload.statements()[f.child].example_text, kUser);
  ASSERT_TRUE(f.edge);
  EXPECT_EQ(f.edge->from_table, "posts");
  EXPECT_EQ(f.edge->from_column, "author_id");
  EXPECT_EQ(f.edge->to_parameter, "$1");
  EXPECT_EQ(f.edge->to_table, "users");
  EXPECT_EQ(f.edge->to_column, "id");
  EXPECT_EQ(f.edge->covered, 4U);
  EXPECT_EQ(f.edge->executions, 4U);
  EXPECT_EQ(f.edge->parent_rows, 4U);
  EXPECT_TRUE(f.edge->row_order);
  ASSERT_EQ(f.call_sites.size(), 2U);
  EXPECT_EQ(f.call_sites[0].role, detect::LocatedCallSite::Role::parent);
  EXPECT_EQ(f.call_sites[0].site, (model::CallSite{"http/posts.cpp", 41, "list_posts"}));
  EXPECT_EQ(f.call_sites[1].role, detect::LocatedCallSite::Role::child);
  EXPECT_EQ(f.call_sites[1].site, (model::CallSite{"domain/post.cpp", 17, "author"}));
  EXPECT_EQ(f.call_sites[1].executions, 4U);
  EXPECT_THAT(f.example_queries, testing::ElementsAre(0, 1, 2, 3, 4));
}

// Four executions of 1 ms, 0.1 ms apart: three trips saved, each with its floor of 1 ms and the pause of 0.1 ms.
// The scope lasts 5 queries and 5 pauses: 5.5 ms.
TEST(NPlusOne, Cost_IsSavedTripsTimesFloorAndPause) {
  Scenario s;
  s.scope("GET /posts");
  s.call(kPosts, {}, posts({5003, 5001, 5002, 5009}));
  for (const std::int64_t author : {5003, 5001, 5002, 5009}) s.call(kUser, {author});
  s.end_scope();
  const Finding f = only(s.detect());
  EXPECT_EQ(f.cost.round_trips, 3U);
  EXPECT_DOUBLE_EQ(f.cost.milliseconds, 3.3);
  EXPECT_EQ(f.cost.total_round_trips, 3U);
  EXPECT_DOUBLE_EQ(f.cost.total_milliseconds, 3.3);
  EXPECT_NEAR(f.cost.share, 3.3 / 5.5, 1e-9);
}

// C49: 10 executions of 1 ms in a request of 1.5 s: the database is not what makes it slow.
TEST(NPlusOne, ShareUnderAHundredth_IsLowSeverity) {
  Scenario s;
  s.scope("GET /posts");
  std::vector<std::int64_t> authors;
  for (std::int64_t i = 0; i < 10; ++i) authors.push_back(5001 + i * 3);
  s.call(kPosts, {}, posts(authors));
  for (const std::int64_t author : authors) {
    Call child;
    child.text = kUser;
    child.binds = {author};
    child.pause = 150'000'000;
    s.call(child);
  }
  s.end_scope();
  const Finding f = only(s.detect());
  EXPECT_EQ(f.severity, Severity::low);
  EXPECT_EQ(f.confidence, Confidence::proved);
  EXPECT_DOUBLE_EQ(f.cost.milliseconds, 9.0);  // the pauses are the program's own
}

TEST(NPlusOne, LiteralsInlinedByTheDriver_AreOneStatementWithRecoveredBinds) {
  Scenario s;
  s.scope("GET /posts");
  s.call(kPosts, {}, posts({5003, 5001, 5002, 5009}));
  for (const std::int64_t author : {5003, 5001, 5002, 5009}) {
    s.call("SELECT id, name FROM users WHERE id = " + std::to_string(author));
  }
  s.end_scope();
  const Finding f = only(s.detect());
  EXPECT_EQ(f.confidence, Confidence::proved);
  ASSERT_TRUE(f.edge);
  EXPECT_EQ(f.edge->from_column, "author_id");
  EXPECT_EQ(f.edge->to_column, "id");
  EXPECT_EQ(f.edge->covered, 4U);
}

TEST(NPlusOne, RedactedTrace_IsProvedAllTheSame) {
  Scenario s(true);
  s.scope("GET /posts");
  s.call(kPosts, {}, posts({5, 2, 9, 7}));
  for (const std::int64_t author : {5, 2, 9, 7}) s.call(kUser, {author});
  s.end_scope();
  const Finding f = only(s.detect());
  EXPECT_EQ(f.confidence, Confidence::proved);
  EXPECT_EQ(f.edge->from_column, "author_id");
}

// C33
TEST(NPlusOne, ValuesFromOutside_AreLikelyWithoutEdge) {
  Scenario s;
  s.scope("GET /report");
  for (std::int64_t i = 0; i < 10; ++i) s.call(kUser, {7000 + i * 13});
  s.end_scope();
  const Finding f = only(s.detect());
  EXPECT_EQ(f.kind, Kind::n_plus_one);
  EXPECT_EQ(f.confidence, Confidence::likely);
  EXPECT_FALSE(f.edge);
  EXPECT_EQ(f.parent, model::kNone);
  EXPECT_EQ(f.executions, 10U);
}

// C31
TEST(NPlusOne, OneElementInList_IsAnEqualityLookup) {
  Scenario s;
  s.scope("GET /users");
  Result users{{{"id", "users", 1}}, rows(1, 10)};
  s.call("SELECT id FROM users", {}, users);
  for (std::int64_t id = 1; id <= 10; ++id) s.call("SELECT * FROM posts WHERE user_id IN ($1)", {id});
  s.end_scope();
  const Finding f = only(s.detect());
  EXPECT_EQ(f.kind, Kind::n_plus_one);
  EXPECT_EQ(f.confidence, Confidence::proved);
  EXPECT_EQ(f.edge->from_table, "users");
  EXPECT_EQ(f.edge->to_column, "user_id");
}

TEST(NPlusOne, ArrayOfOneKeyEachTime_IsALoopAndNotABatch) {
  Scenario s;
  s.scope("GET /users");
  s.call("SELECT id FROM users", {}, {{{"id", "users", 1}}, rows(1, 6)});
  for (std::int64_t id = 1; id <= 6; ++id) {
    s.call("SELECT * FROM posts WHERE user_id = ANY($1)", {"{" + std::to_string(id) + "}"});
  }
  s.end_scope();
  const Finding f = only(s.detect());
  EXPECT_EQ(f.kind, Kind::n_plus_one);
  EXPECT_EQ(f.confidence, Confidence::proved);
}

// C09, C74
TEST(NPlusOne, CountLoop_IsProved) {
  Scenario s;
  s.scope("GET /blogs");
  s.call("SELECT id FROM blogs", {}, {{{"id", "blogs", 1}}, rows(1, 20)});
  for (std::int64_t id = 1; id <= 20; ++id) {
    s.call("SELECT COUNT(*) FROM comments WHERE blog_id = $1", {id}, {{{"count", "", 0}}, {{std::int64_t{3}}}});
  }
  s.end_scope();
  const Finding f = only(s.detect());
  EXPECT_EQ(f.confidence, Confidence::proved);
  EXPECT_EQ(f.severity, Severity::high);
}

// C20
TEST(NPlusOne, EmptyChildren_StillCount) {
  Scenario s;
  s.scope("GET /users");
  s.call("SELECT id FROM users", {}, {{{"id", "users", 1}}, rows(1, 3)});
  for (std::int64_t id = 1; id <= 3; ++id) {
    Result addresses{{{"id", "addresses", 1}}, {}};
    if (id != 2) addresses.rows.push_back({id * 100});
    s.call("SELECT id FROM addresses WHERE user_id = $1", {id}, addresses);
  }
  s.end_scope();
  EXPECT_EQ(only(s.detect()).executions, 3U);
}

TEST(NPlusOne, IdentityMap_LoadsEachKeyOnceAndIsProved) {
  Scenario s;
  s.scope("GET /posts");
  s.call(kPosts, {}, posts({7, 3, 7, 7, 3, 9, 4}));
  for (const std::int64_t author : {7, 3, 9, 4}) s.call(kUser, {author});
  s.end_scope();
  const Finding f = only(s.detect());
  EXPECT_EQ(f.confidence, Confidence::proved);
  EXPECT_EQ(f.edge->from_column, "author_id");
  EXPECT_EQ(f.edge->parent_rows, 7U);
  EXPECT_TRUE(f.edge->row_order);
}

TEST(NPlusOne, WithoutIdentityMap_RepeatsBelongToTheLoop) {
  Scenario s;
  s.scope("GET /posts");
  s.call(kPosts, {}, posts({7, 3, 7, 7, 3, 9, 4}));
  for (const std::int64_t author : {7, 3, 7, 7, 3, 9, 4}) s.call(kUser, {author});
  s.end_scope();
  const Finding f = only(s.detect());
  EXPECT_EQ(f.confidence, Confidence::proved);
  EXPECT_EQ(f.executions, 7U);
  EXPECT_EQ(f.distinct_values, 4U);
}

// K10: 5 posts with 4 comments each: factors 5 and 20.
TEST(NPlusOne, NestedLoops_AreTwoFindings) {
  Scenario s;
  s.scope("GET /posts");
  s.call("SELECT id FROM posts", {}, {{{"id", "posts", 1}}, rows(11, 15)});
  for (std::int64_t post = 11; post <= 15; ++post) {
    Result comments{{{"id", "comments", 1}, {"author_id", "comments", 3}}, {}};
    for (std::int64_t k = 0; k < 4; ++k) comments.rows.push_back({post * 10 + k, post * 100 + k});
    s.call("SELECT id, author_id FROM comments WHERE post_id = $1", {post}, comments);
    for (std::int64_t k = 0; k < 4; ++k) s.call(kUser, {post * 100 + k});
  }
  s.end_scope();
  const Detection d = s.detect();
  ASSERT_EQ(d.findings.size(), 2U);
  EXPECT_EQ(d.findings[0].executions, 20U);
  EXPECT_EQ(d.findings[0].confidence, Confidence::proved);
  EXPECT_EQ(d.findings[0].edge->from_table, "comments");
  EXPECT_EQ(d.findings[0].edge->from_column, "author_id");
  EXPECT_EQ(d.findings[1].executions, 5U);
  EXPECT_EQ(d.findings[1].edge->from_table, "posts");
}

// C43, C44: one request over several connections, children overlapping.
TEST(NPlusOne, ParallelChildrenOnSeveralConnections_AreOneLoop) {
  Scenario s;
  s.scope("GET /a");
  s.call("SELECT id FROM a", {}, {{{"id", "a", 1}}, rows(1001, 1020)});
  for (std::int64_t id = 1001; id <= 1020; ++id) {
    Call child;
    child.text = "SELECT * FROM b WHERE a_id = $1";
    child.binds = {id};
    child.connection = static_cast<trace::ConnectionId>(1 + id % 5);
    child.overlap = id % 5 != 1;
    s.call(child);
  }
  s.end_scope();
  const Finding f = only(s.detect());
  EXPECT_EQ(f.confidence, Confidence::proved);
  EXPECT_EQ(f.executions, 20U);
  // Four stretches of five overlapping executions: three saved, 1 ms and 0.1 ms each.
  EXPECT_DOUBLE_EQ(f.cost.milliseconds, 3.3);
}

// Scopes that a proxy saw on two connections under one trace id.
TEST(NPlusOne, ScopesOfOneTraceIdOnSeveralConnections_AreOneScope) {
  trace::TraceContext context{};
  context[0] = 7;
  Scenario s;
  s.scope("GET /a", trace::ScopeKind::request, trace::ScopeRule::comment_tag, context);
  s.call("SELECT id FROM a", {}, {{{"id", "a", 1}}, rows(1001, 1003)});
  s.end_scope();
  for (std::int64_t id = 1001; id <= 1003; ++id) {
    s.scope("GET /a", trace::ScopeKind::request, trace::ScopeRule::comment_tag, context);
    s.call("SELECT * FROM b WHERE a_id = $1", {id});
    s.end_scope();
  }
  const Finding f = only(s.detect());
  EXPECT_EQ(f.executions, 3U);
  EXPECT_EQ(f.scopes_total, 1U);
}

TEST(NPlusOne, TwoExecutions_AreInformation) {
  Scenario s;
  s.scope("GET /posts");
  s.call(kPosts, {}, posts({5003, 5001}));
  for (const std::int64_t author : {5003, 5001}) s.call(kUser, {author});
  s.end_scope();
  const Finding f = only(s.detect());
  EXPECT_EQ(f.severity, Severity::info);
  EXPECT_LT(f.confidence, Confidence::proved);
}

// C77: two executions each time the list has two rows, one where it has one, none where it is empty.
TEST(NPlusOne, TwoExecutionsThatGrowWithTheRows_AreMoreThanInformation) {
  Scenario s;
  for (const std::int64_t size : {0, 1, 2}) {
    s.scope("GET /posts");
    std::vector<std::int64_t> authors;
    for (std::int64_t i = 0; i < size; ++i) authors.push_back(5001 + i);
    s.call(kPosts, {}, posts(authors));
    for (const std::int64_t author : authors) s.call(kUser, {author});
    s.end_scope();
  }
  const Finding f = only(s.detect());
  EXPECT_NE(f.severity, Severity::info);
  ASSERT_TRUE(f.scaling);
  EXPECT_DOUBLE_EQ(f.scaling->slope, 1.0);
  EXPECT_EQ(f.scaling->sizes, 3U);
  EXPECT_EQ(f.scopes_affected, 1U);
  EXPECT_EQ(f.scopes_total, 3U);
}

TEST(NPlusOne, SlopeOverScopesOfOneName_IsOne) {
  Scenario s;
  for (const std::int64_t size : {2, 5, 9, 20}) {
    s.scope("GET /posts");
    std::vector<std::int64_t> authors;
    for (std::int64_t i = 0; i < size; ++i) authors.push_back(5001 + i);
    s.call(kPosts, {}, posts(authors));
    for (const std::int64_t author : authors) s.call(kUser, {author});
    s.end_scope();
  }
  const Finding f = only(s.detect());
  ASSERT_TRUE(f.scaling);
  EXPECT_DOUBLE_EQ(f.scaling->slope, 1.0);
  EXPECT_DOUBLE_EQ(f.scaling->r_squared, 1.0);
  EXPECT_EQ(f.scaling->scopes, 4U);
  EXPECT_EQ(f.executions, 20U);
  EXPECT_EQ(f.total_executions, 36U);
  EXPECT_EQ(f.scopes_affected, 4U);
}

// The three newest posts are shown with their author, however many posts there are.
TEST(NPlusOne, ExecutionsThatDoNotGrowWithTheRows_AreSilent) {
  Scenario s;
  for (const std::int64_t size : {5, 10, 20}) {
    s.scope("GET /posts");
    std::vector<std::int64_t> authors;
    for (std::int64_t i = 0; i < size; ++i) authors.push_back(5001 + i);
    s.call(kPosts, {}, posts(authors));
    for (std::size_t i = 0; i < 3; ++i) s.call(kUser, {authors[i]});
    s.end_scope();
  }
  EXPECT_TRUE(is_silent(s.detect(), "does not grow with the parent's rows"));
}

// K5
TEST(NPlusOne, TreeWalk_IsFedByItsOwnResults) {
  Scenario s;
  s.scope("GET /tree");
  const char* children = "SELECT id FROM nodes WHERE parent_id = $1";
  const std::map<std::int64_t, std::vector<std::int64_t>> tree{{1, {2, 3}}, {2, {4, 5}}, {3, {6}}};
  for (const std::int64_t node : {1, 2, 4, 5, 3, 6}) {
    Result result{{{"id", "nodes", 1}}, {}};
    if (tree.contains(node)) {
      for (const std::int64_t child : tree.at(node)) result.rows.push_back({child});
    }
    s.call(children, {node}, result);
  }
  s.end_scope();
  const Finding f = only(s.detect());
  EXPECT_EQ(f.confidence, Confidence::proved);
  EXPECT_EQ(f.parent, f.child);
  EXPECT_EQ(f.edge->from_column, "id");
  EXPECT_EQ(f.edge->to_column, "parent_id");
  EXPECT_EQ(f.edge->covered, 5U);
}

// C51
TEST(NPlusOneWrite, InsertLoop_IsFound) {
  Scenario s;
  s.scope("POST /import");
  for (std::int64_t i = 0; i < 50; ++i) {
    Call insert;
    insert.text = "INSERT INTO items (sku, amount) VALUES ($1, $2)";
    insert.binds = {"sku-" + std::to_string(i), i};
    insert.rows = 1;
    insert.transaction_state = trace::TransactionState::in_transaction;
    s.call(insert);
  }
  s.end_scope();
  const Finding f = only(s.detect());
  EXPECT_EQ(f.kind, Kind::n_plus_one_write);
  EXPECT_EQ(f.executions, 50U);
}

// C58
TEST(NPlusOneWrite, UpdateLoopOverReadRows_IsProved) {
  Scenario s;
  s.scope("POST /series");
  s.call("SELECT id FROM posts WHERE series = $1", {std::int64_t{4}}, {{{"id", "posts", 1}}, rows(31, 50)});
  for (std::int64_t id = 31; id <= 50; ++id) {
    Call update;
    update.text = "UPDATE posts SET series = NULL WHERE id = $1";
    update.binds = {id};
    update.rows = 1;
    s.call(update);
  }
  s.end_scope();
  const Finding f = only(s.detect());
  EXPECT_EQ(f.kind, Kind::n_plus_one_write);
  EXPECT_EQ(f.confidence, Confidence::proved);
  EXPECT_EQ(f.edge->from_column, "id");
}

// C25
TEST(NPlusOneWrite, CheckThenInsertCycle_IsOneFinding) {
  Scenario s;
  s.scope("POST /import");
  for (std::int64_t i = 0; i < 20; ++i) {
    const std::string email = "someone" + std::to_string(i) + "@example.org";
    s.call("SELECT id FROM users WHERE email = $1 AND account = $2 LIMIT 1", {email, std::int64_t{1}},
           {{{"id", "users", 1}}, {}});
    Call insert;
    insert.text = "INSERT INTO users (email, account) VALUES ($1, $2)";
    insert.binds = {email, std::int64_t{1}};
    insert.rows = 1;
    s.call(insert);
  }
  s.end_scope();
  const Finding f = only(s.detect());
  EXPECT_EQ(f.kind, Kind::n_plus_one_write);
  EXPECT_EQ(f.executions, 20U);
}

TEST(NPlusOneWrite, DataModifyingCte_IsAWrite) {
  Scenario s;
  s.scope("POST /archive");
  s.call("SELECT id FROM jobs", {}, {{{"id", "jobs", 1}}, rows(901, 905)});
  for (std::int64_t id = 901; id <= 905; ++id) {
    s.call("WITH gone AS (DELETE FROM jobs WHERE id = $1 RETURNING *) INSERT INTO archive SELECT * FROM gone", {id});
  }
  s.end_scope();
  EXPECT_EQ(only(s.detect()).kind, Kind::n_plus_one_write);
}

// C57
TEST(NPlusOneWrite, InsertsIntoATemporaryTable_AreInformation) {
  Scenario s;
  s.scope("job");
  s.call("CREATE TEMP TABLE staging (a int)");
  for (std::int64_t i = 0; i < 4; ++i) {
    Call insert;
    insert.text = "INSERT INTO staging VALUES ($1)";
    insert.binds = {i * 1000 + 7};
    insert.rows = 1;
    s.call(insert);
  }
  s.end_scope();
  EXPECT_EQ(only(s.detect()).severity, Severity::info);
}

// C72
TEST(BatchPlusOne, SmallConstantChunks_AreInformation) {
  Scenario s;
  s.scope("GET /a");
  s.call("SELECT id FROM a", {}, {{{"id", "a", 1}}, rows(1, 100)});
  for (std::int64_t chunk = 0; chunk < 20; ++chunk) {
    std::vector<Cell> keys;
    for (std::int64_t k = 1; k <= 5; ++k) keys.emplace_back(chunk * 5 + k);
    s.call("SELECT * FROM b WHERE a_id IN ($1, $2, $3, $4, $5)", keys);
  }
  s.end_scope();
  const Finding f = only(s.detect());
  EXPECT_EQ(f.kind, Kind::batch_plus_one);
  EXPECT_EQ(f.severity, Severity::info);
  EXPECT_EQ(f.executions, 20U);
}

TEST(SlowQuery, ExecutionOverTheLimit_IsReportedOnceAStatement) {
  Scenario s;
  s.scope("GET /slow");
  Call slow;
  slow.text = "SELECT * FROM big WHERE a = $1";
  slow.binds = {std::int64_t{1}};
  slow.duration = 350'000'000;
  s.call(slow);
  s.end_scope();
  const Finding f = only(s.detect());
  EXPECT_EQ(f.kind, Kind::slow_query);
  EXPECT_EQ(f.severity, Severity::medium);
  EXPECT_DOUBLE_EQ(f.cost.milliseconds, 350.0);
}

TEST(SlowQuery, OutsideEveryScope_IsReportedToo) {
  Scenario s;
  s.no_scope();
  Call slow;
  slow.text = "VACUUM";
  slow.duration = 350'000'000;
  slow.text = "SELECT * FROM big";
  s.call(slow);
  EXPECT_EQ(only(s.detect()).scope_name, "(outside any scope)");
}

TEST(Findings, IdentityDoesNotDependOnCountsLiteralsOrOrder) {
  const auto run = [](std::int64_t size, bool literals) {
    Scenario s;
    s.scope("GET /posts");
    std::vector<std::int64_t> authors;
    for (std::int64_t i = 0; i < size; ++i) authors.push_back(5001 + (i * 7) % 40);
    s.call(kPosts, {}, posts(authors));
    for (const std::int64_t author : authors) {
      if (literals) {
        s.call("/* page */ select id, name from users u where u.id = " + std::to_string(author));
      } else {
        s.call(kUser, {author});
      }
    }
    s.end_scope();
    return only(s.detect()).identity;
  };
  const std::string identity = run(5, false);
  EXPECT_EQ(identity.size(), 16U);
  EXPECT_EQ(run(20, false), identity);
  EXPECT_EQ(run(9, true), identity);
}

}  // namespace
}  // namespace quell::test
