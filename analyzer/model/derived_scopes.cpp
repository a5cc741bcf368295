#include "analyzer/model/derived_scopes.hpp"

#include <algorithm>
#include <cmath>
#include <map>

#include "analyzer/model/query_detail.hpp"

namespace quell::model {
namespace {

constexpr trace::Duration kMillisecond = 1'000'000;
constexpr trace::Duration kDefaultGap = 20 * kMillisecond;
constexpr trace::Duration kShortestPause = kMillisecond;
constexpr trace::Duration kLongestPause = 10'000 * kMillisecond;
constexpr double kClearStep = 4.0;
constexpr std::uint8_t kTransactionConfidence = 60;
constexpr std::uint8_t kIdleGapConfidence = 30;

trace::Time end_of(const WorkloadState& state, QueryIndex query) {
  const auto fields = DetailReader(state.details.data() + state.detail[query]).fields();
  return state.start[query] + std::max(fields.ready, fields.complete);
}

trace::TransactionState state_after(const WorkloadState& state, QueryIndex query) {
  return state.contexts[state.context[query]].transaction_state;
}

bool open(trace::TransactionState transaction) {
  return transaction == trace::TransactionState::in_transaction || transaction == trace::TransactionState::failed;
}

void add_scope(WorkloadState& state, const std::vector<QueryIndex>& queries, trace::ScopeRule rule) {
  Scope scope;
  const bool transaction = rule == trace::ScopeRule::transaction;
  // Ids of recorded scopes count up from 1; derived ones are told apart by the top bit and made from their first query.
  scope.id = (trace::ScopeId{1} << 63) | queries.front();
  scope.kind = transaction ? trace::ScopeKind::transaction : trace::ScopeKind::idle_gap;
  scope.rule = rule;
  scope.confidence = transaction ? kTransactionConfidence : kIdleGapConfidence;
  scope.name = transaction ? kTransactionScopeName : kIdleGapScopeName;
  scope.begin = state.start[queries.front()];
  scope.end = end_of(state, queries.back());
  scope.ended = true;
  for (const QueryIndex query : queries) state.scope[query] = static_cast<ScopeIndex>(state.scopes.size());
  state.scopes.push_back(scope);
}

void derive_for_connection(WorkloadState& state, const std::vector<QueryIndex>& queries) {
  std::vector<trace::Duration> gaps;
  for (std::size_t i = 1; i < queries.size(); ++i) {
    gaps.push_back(std::max<trace::Duration>(0, state.start[queries[i]] - end_of(state, queries[i - 1])));
  }
  const std::vector<trace::Duration> gap_before = gaps;
  const trace::Duration threshold = idle_gap_threshold(std::move(gaps));
  std::vector<QueryIndex> run;
  bool in_transaction = false;
  const auto close_run = [&](trace::ScopeRule rule) {
    if (run.size() >= 2) add_scope(state, run, rule);
    run.clear();
  };
  for (std::size_t i = 0; i < queries.size(); ++i) {
    const bool opens = open(state_after(state, queries[i]));
    if (!in_transaction && (opens || (i > 0 && gap_before[i - 1] > threshold))) close_run(trace::ScopeRule::idle_gap);
    run.push_back(queries[i]);
    if (in_transaction && !opens) close_run(trace::ScopeRule::transaction);
    in_transaction = opens;
  }
  close_run(in_transaction ? trace::ScopeRule::transaction : trace::ScopeRule::idle_gap);
}

}  // namespace

trace::Duration idle_gap_threshold(std::vector<trace::Duration> gaps) {
  std::sort(gaps.begin(), gaps.end());
  double widest = 0;
  trace::Duration threshold = kDefaultGap;
  for (std::size_t i = 1; i < gaps.size(); ++i) {
    // Below a millisecond gaps are the program's own work; a step among those parts nothing.
    const trace::Duration low = std::max(gaps[i - 1], kShortestPause);
    if (gaps[i] <= low || gaps[i] > kLongestPause) continue;
    const double step = static_cast<double>(gaps[i]) / static_cast<double>(low);
    if (step < kClearStep || step <= widest) continue;
    widest = step;
    threshold = static_cast<trace::Duration>(std::sqrt(static_cast<double>(gaps[i]) * static_cast<double>(low)));
  }
  return threshold;
}

void derive_scopes(WorkloadState& state) {
  std::map<trace::ConnectionId, std::vector<QueryIndex>> by_connection;
  for (QueryIndex q = 0; q < state.start.size(); ++q) {
    const trace::ConnectionId connection = state.contexts[state.context[q]].connection;
    if (state.scope[q] == kNone && connection != 0) by_connection[connection].push_back(q);
  }
  for (const auto& [connection, queries] : by_connection) derive_for_connection(state, queries);
}

}  // namespace quell::model
