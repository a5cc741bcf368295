#include "gui/app/load_session.hpp"

#include <algorithm>
#include <chrono>
#include <limits>
#include <unordered_map>

#include <quell/trace/error.hpp>

#include "analyzer/report/value_text.hpp"
#include "gui/model/lanes.hpp"

namespace quell::gui {
namespace {

/// The types whose parameters drivers declare most; others are named by their OID, as without a catalogue.
std::string type_text(std::uint32_t oid) {
  static const std::unordered_map<std::uint32_t, const char*> names = {
      {0, "(not given)"},  {16, "bool"},          {17, "bytea"},     {20, "int8"},      {21, "int2"},
      {23, "int4"},        {25, "text"},          {114, "json"},     {700, "float4"},   {701, "float8"},
      {1007, "int4[]"},    {1009, "text[]"},      {1016, "int8[]"},  {1043, "varchar"}, {1082, "date"},
      {1114, "timestamp"}, {1184, "timestamptz"}, {1700, "numeric"}, {2950, "uuid"},    {3802, "jsonb"}};
  const auto found = names.find(oid);
  return found == names.end() ? "type " + std::to_string(oid) : found->second;
}

QueryDetail detail_of(const model::Workload& workload, std::uint32_t query) {
  QueryDetail detail;
  detail.text = workload.text_of(query);
  const auto execution = workload.execution(query);
  for (const auto& bind : workload.binds(query))
    detail.binds.push_back({type_text(bind.type_oid), report::value_text(bind)});
  const auto stack = workload.stack(execution.stack);
  detail.stack.assign(stack.begin(), stack.end());
  if (execution.failed()) detail.sqlstate.assign(execution.sqlstate.begin(), execution.sqlstate.end());
  return detail;
}

/// A transaction or an idle gap inside a request is shown, as it is judged, with the request.
model::ScopeIndex shown_scope(std::span<const model::Scope> scopes, model::ScopeIndex scope) {
  while (scope != model::kNone && scopes[scope].parent != model::kNone &&
         (scopes[scope].kind == trace::ScopeKind::transaction || scopes[scope].kind == trace::ScopeKind::idle_gap))
    scope = scopes[scope].parent;
  return scope;
}

void fill_scopes(const model::Workload& workload, Session& session) {
  std::unordered_map<std::string_view, std::uint32_t> index_of;
  for (const auto& scope : workload.scopes()) {
    const auto [position, added] =
        index_of.try_emplace(scope.name, static_cast<std::uint32_t>(session.scope_names.size()));
    if (added) session.scope_names.emplace_back(scope.name);
    session.scopes.push_back({scope.begin, scope.end, position->second, scope.outcome});
  }
}

void fill_queries(const model::Workload& workload, Session& session) {
  auto& queries = session.queries;
  const auto count = workload.query_count();
  queries.start.reserve(count);
  queries.duration.reserve(count);
  queries.statement.reserve(count);
  queries.scope.reserve(count);
  queries.connection.reserve(count);
  queries.rows.reserve(count);
  queries.marks.reserve(count);
  for (model::QueryIndex query = 0; query < count; ++query) {
    const auto execution = workload.execution(query);
    queries.start.push_back(execution.start);
    queries.duration.push_back(static_cast<float>(std::max<trace::Duration>(execution.duration(), 0)));
    queries.statement.push_back(execution.statement);
    queries.scope.push_back(shown_scope(workload.scopes(), execution.scope));
    queries.connection.push_back(execution.connection);
    queries.rows.push_back(
        static_cast<std::uint32_t>(std::min<std::uint64_t>(execution.rows, std::numeric_limits<std::uint32_t>::max())));
    queries.marks.push_back(execution.failed() ? mark::kFailed : std::uint8_t{0});
  }
}

void fill_span(Session& session) {
  session.begin = std::numeric_limits<trace::Time>::max();
  session.end = std::numeric_limits<trace::Time>::min();
  for (std::uint32_t query = 0; query < session.queries.size(); ++query) {
    session.begin = std::min(session.begin, session.queries.start[query]);
    session.end = std::max(session.end, session.queries.end(query));
  }
  for (const auto& scope : session.scopes) {
    session.begin = std::min(session.begin, scope.begin);
    session.end = std::max(session.end, scope.end);
  }
  if (session.begin > session.end) session.begin = session.end = 0;
}

void fill_report(const model::Workload& workload, const std::string& path, const std::string& dsn,
                 const LoadObserver& observer, Session& session) {
  report::ReportParams params;
  if (!dsn.empty()) {
    params.dsn = dsn;
    try {
      session.report = report::build_report(workload, path, params, observer.step);
      return;
    } catch (const Error& error) {
      session.dsn_hint = std::string("No plans: ") + error.what();
      params.dsn.clear();
    }
  } else {
    session.dsn_hint =
        "No plans: they come from a database. Start the viewer with --dsn to explain the costliest statements; each "
        "runs "
        "in a transaction that is rolled back.";
  }
  session.report = report::build_report(workload, path, params, observer.step);
}

}  // namespace

SessionPtr load_session(const std::string& path, const std::string& dsn, const LoadObserver& observer) {
  const auto started = std::chrono::steady_clock::now();
  const auto workload = std::make_shared<const model::Workload>(model::load_workload(path, observer.progress));
  auto session = std::make_shared<Session>();
  fill_report(*workload, path, dsn, observer, *session);
  fill_scopes(*workload, *session);
  fill_queries(*workload, *session);
  fill_span(*session);
  for (const auto& statement : workload->statements())
    session->statement_classes.push_back(class_of_kind(statement.facts.kind, statement.facts.writes_in_cte));
  mark_findings(*session);
  session->lanes = std::make_shared<const LaneSet>(build_lanes(*session, Grouping::scope_name));
  session->detail = [workload](std::uint32_t query) { return detail_of(*workload, query); };
  session->load_seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count();
  return session;
}

}  // namespace quell::gui
