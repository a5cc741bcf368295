// Scopes that the traffic itself names: comment tags, session variables, application_name.
#include <algorithm>

#include <gtest/gtest.h>

#include "tests/unit/detect/scenario.hpp"

namespace quell::model {
namespace {

using test::Call;
using test::Scenario;
using trace::TransactionState;

constexpr trace::Duration kMillisecond = 1'000'000;

Call on(trace::ConnectionId connection, std::string text, TransactionState state = TransactionState::idle) {
  Call call;
  call.text = std::move(text);
  call.connection = connection;
  call.transaction_state = state;
  return call;
}

/// "name rule/confidence: executions", a scope a line, in time order.
std::string shown(const Workload& w) {
  std::string out;
  for (ScopeIndex s = 0; s < w.scopes().size(); ++s) {
    const Scope& scope = w.scopes()[s];
    out += std::string(scope.name) + " " + std::to_string(static_cast<int>(scope.rule)) + "/" +
           std::to_string(scope.confidence) + ": " + std::to_string(w.queries_of_scope(s).size()) + "\n";
  }
  return out;
}

TEST(NamedScopes, OneTraceIdOnTwoConnectionsIsOneScope) {
  Scenario s;
  s.no_scope();
  const std::string a = " /*route='/a',traceparent='00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'*/";
  const std::string b = " /*route='/a',traceparent='00-1bf7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'*/";
  // Two requests to one route, interleaved on two connections without a pause.
  for (int i = 0; i < 3; ++i) {
    s.call(on(1, "SELECT x FROM t" + a));
    s.call(on(2, "SELECT x FROM t" + b));
    s.call(on(2, "SELECT y FROM t" + a));
  }
  const Workload w = s.workload();
  EXPECT_EQ(shown(w), "/a 1/100: 6\n/a 1/100: 3\n");
  EXPECT_EQ(w.scopes()[0].kind, trace::ScopeKind::request);
  EXPECT_EQ(w.scopes()[0].trace_context[0], 0x0a);
  EXPECT_EQ(w.statements().size(), 2U) << "tags must not make statements";
}

TEST(NamedScopes, RouteWithoutAnIdIsPartedByPauses) {
  Scenario s;
  s.no_scope();
  for (int request = 0; request < 2; ++request) {
    for (int i = 0; i < 3; ++i) s.call(on(1, "SELECT x FROM t /*controller='posts',action='index'*/"));
    s.pause(500 * kMillisecond);
  }
  s.call(on(1, "SELECT x FROM t /*controller='posts',action='show'*/"));
  EXPECT_EQ(shown(s.workload()), "posts#index 1/80: 3\nposts#index 1/80: 3\nposts#show 1/80: 1\n");
}

TEST(NamedScopes, TransactionControlGoesWithItsTaggedQueries) {
  Scenario s;
  s.no_scope();
  s.call(on(1, "BEGIN", TransactionState::in_transaction));
  s.call(on(1, "SELECT x FROM t /*route='/a'*/", TransactionState::in_transaction));
  s.call(on(1, "COMMIT"));
  EXPECT_EQ(shown(s.workload()), "/a 1/80: 3\n");
}

TEST(NamedScopes, VariableNamesWhatFollowsUntilItIsReset) {
  Scenario s;
  s.no_scope();
  s.call(on(1, "SET app.route = '/posts'"));
  s.call(on(1, "SELECT x FROM t"));
  s.call(on(1, "SELECT x FROM t"));
  s.call(on(1, "SET app.route = '/posts'"));  // the next request
  s.call(on(1, "SELECT x FROM t"));
  s.call(on(1, "DISCARD ALL"));
  s.call(on(1, "SELECT x FROM t"));
  s.call(on(1, "SELECT x FROM t"));
  EXPECT_EQ(shown(s.workload()), "/posts 3/90: 3\n/posts 3/90: 2\n(idle gap) 5/30: 2\n");
}

TEST(NamedScopes, LocalVariableEndsWithItsTransaction) {
  Scenario s;
  s.no_scope();
  s.call(on(1, "BEGIN", TransactionState::in_transaction));
  s.call(on(1, "SELECT set_config('app.job', 'mail', true)", TransactionState::in_transaction));
  s.call(on(1, "SELECT x FROM t", TransactionState::in_transaction));
  s.call(on(1, "COMMIT"));
  s.call(on(1, "SELECT x FROM t"));
  s.call(on(1, "SELECT x FROM t"));
  const Workload w = s.workload();
  EXPECT_EQ(shown(w), "mail 3/90: 4\n(idle gap) 5/30: 2\n");
  EXPECT_EQ(w.scopes()[0].kind, trace::ScopeKind::job);
}

TEST(NamedScopes, RequestIdIsNoNameAndJoinsConnections) {
  Scenario s;
  s.no_scope();
  for (const trace::ConnectionId connection : {1U, 2U}) {
    s.call(on(connection, "SET app.request_id = 'c0ffee'"));
    s.call(on(connection, "SET app.route = '/b'"));
    s.call(on(connection, "SELECT x FROM t"));
  }
  s.call(on(1, "SET app.request_id = 'decade'"));
  s.call(on(1, "SELECT x FROM t"));
  EXPECT_EQ(shown(s.workload()), "/b 3/90: 6\n(app.request_id) 3/90: 2\n");
}

TEST(NamedScopes, FailedSetAndOtherVariablesNameNothing) {
  Scenario s;
  s.no_scope();
  Call failed = on(1, "SET app.route = '/a'");
  failed.sqlstate = "42704";
  s.call(failed);
  s.call(on(1, "SET app.tenant = 'x'"));
  s.call(on(1, "SET app.latest_seen = 'x'"));
  s.call(on(1, "SET application_name = 'worker 7'"));
  s.call(on(1, "SELECT x FROM t"));
  s.call(on(1, "SELECT x FROM t"));
  EXPECT_EQ(shown(s.workload()), "(idle gap) 5/30: 2\n");
}

TEST(NamedScopes, ApplicationNameMayNameATest) {
  Scenario s;
  s.no_scope();
  s.connection(1, "test: checkout").connection(2, "shop");
  for (const trace::ConnectionId connection : {1U, 2U}) {
    s.call(on(connection, "SELECT x FROM t"));
    s.call(on(connection, "DISCARD ALL"));
    s.pause(500 * kMillisecond);
    s.call(on(connection, "SELECT x FROM t"));
    s.call(on(connection, "SELECT x FROM t"));
  }
  const Workload w = s.workload();
  EXPECT_EQ(shown(w), "checkout 3/80: 3\n(idle gap) 5/30: 2\n");
  EXPECT_EQ(w.scopes()[0].kind, trace::ScopeKind::test);
}

TEST(NamedScopes, RedactedVariablesStillPartRequests) {
  Scenario s(true);
  s.no_scope();
  for (int request = 0; request < 2; ++request) {
    s.call(on(1, "SET app.request_id = '?'"));
    s.call(on(1, "SELECT x FROM t"));
  }
  EXPECT_EQ(shown(s.workload()), "(app.request_id) 3/90: 2\n(app.request_id) 3/90: 2\n");
}

TEST(NamedScopes, CommentsCallSiteStandsForAMissingOne) {
  Scenario s;
  s.no_scope();
  s.call(on(1, "SELECT x FROM t /*route='/a',source_location='app/post.rb%3A7'*/"));
  const Workload w = s.workload();
  const auto stack = w.stack(w.execution(0).stack);
  ASSERT_EQ(stack.size(), 1U);
  EXPECT_EQ(stack[0].file, "app/post.rb");
  EXPECT_EQ(stack[0].line, 7U);
}

// What drivers and pools send.

TEST(DerivedScopes, StartUpAndPoolWorkAreInNoScopeAndPartRequests) {
  Scenario s;
  s.no_scope();
  // SQLAlchemy's start-up in a transaction of its own.
  s.call(on(1, "BEGIN", TransactionState::in_transaction));
  s.call(on(1, "select pg_catalog.version()", TransactionState::in_transaction));
  s.call(on(1, "show standard_conforming_strings", TransactionState::in_transaction));
  s.call(on(1, "ROLLBACK"));
  s.call(on(1, "SET timezone TO 'UTC'"));
  for (int request = 0; request < 3; ++request) {  // no pause between the requests
    s.call(on(1, "SELECT 1"));
    s.call(on(1, "SELECT x FROM t"));
    s.call(on(1, "SELECT y FROM t"));
    s.call(on(1, "ROLLBACK"));
  }
  const Workload w = s.workload();
  EXPECT_EQ(shown(w), "(idle gap) 5/30: 2\n(idle gap) 5/30: 2\n(idle gap) 5/30: 2\n");
  EXPECT_EQ(w.queries_without_scope().size(), 5U + 3 * 2);
}

}  // namespace
}  // namespace quell::model
