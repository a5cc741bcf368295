#include "analyzer/model/derived_scopes.hpp"

#include <gtest/gtest.h>

#include "tests/unit/detect/scenario.hpp"

namespace quell::model {
namespace {

using test::Call;
using test::Scenario;
using trace::TransactionState;

constexpr trace::Duration kMillisecond = 1'000'000;

Call with_state(std::string text, TransactionState state) {
  Call call;
  call.text = std::move(text);
  call.transaction_state = state;
  return call;
}

TEST(DerivedScopes, ExplicitTransactionIsAScope) {
  Scenario s;
  s.no_scope();
  s.call("SELECT a FROM t");
  s.call(with_state("BEGIN", TransactionState::in_transaction));
  s.call(with_state("UPDATE t SET a = 1", TransactionState::in_transaction));
  s.call(with_state("COMMIT", TransactionState::idle));
  const Workload w = s.workload();
  ASSERT_EQ(w.scopes().size(), 1U);
  EXPECT_EQ(w.scopes()[0].rule, trace::ScopeRule::transaction);
  EXPECT_EQ(w.scopes()[0].name, kTransactionScopeName);
  EXPECT_LT(w.scopes()[0].confidence, 100);
  EXPECT_EQ(w.queries_of_scope(0).size(), 3U);
  EXPECT_EQ(w.queries_without_scope().size(), 1U);
}

TEST(DerivedScopes, PauseOnAConnectionEndsAScope) {
  Scenario s;
  s.no_scope();
  for (int request = 0; request < 3; ++request) {
    for (int i = 0; i < 4; ++i) s.call("SELECT a FROM t");
    s.pause(500 * kMillisecond);
  }
  const Workload w = s.workload();
  ASSERT_EQ(w.scopes().size(), 3U);
  for (ScopeIndex scope = 0; scope < 3; ++scope) {
    EXPECT_EQ(w.scopes()[scope].rule, trace::ScopeRule::idle_gap);
    EXPECT_EQ(w.queries_of_scope(scope).size(), 4U);
  }
}

TEST(DerivedScopes, ConnectionsAreNeverJoined) {
  Scenario s;
  s.no_scope();
  for (int i = 0; i < 4; ++i) {
    Call call = with_state("SELECT a FROM t", TransactionState::idle);
    call.connection = static_cast<trace::ConnectionId>(1 + i % 2);
    s.call(call);
  }
  EXPECT_EQ(s.workload().scopes().size(), 2U);
}

TEST(DerivedScopes, QueriesOfAnAgentsScopeStayInIt) {
  Scenario s;
  s.scope("GET /x");
  s.call(with_state("BEGIN", TransactionState::in_transaction));
  s.call(with_state("COMMIT", TransactionState::idle));
  s.end_scope();
  EXPECT_EQ(s.workload().scopes().size(), 1U);
}

TEST(IdleGapThreshold, LiesInTheWidestStep) {
  // 2 ms and 200 ms: the geometric mean is 20 ms.
  EXPECT_EQ(idle_gap_threshold({2 * kMillisecond, 200 * kMillisecond, kMillisecond}), 20 * kMillisecond);
}

TEST(IdleGapThreshold, WithoutAClearStepIsTwentyMilliseconds) {
  EXPECT_EQ(idle_gap_threshold({}), 20 * kMillisecond);
  EXPECT_EQ(idle_gap_threshold({2 * kMillisecond, 3 * kMillisecond, 5 * kMillisecond}), 20 * kMillisecond);
  EXPECT_EQ(idle_gap_threshold({1000, 500'000}), 20 * kMillisecond);  // both are the program's own work
}

}  // namespace
}  // namespace quell::model
