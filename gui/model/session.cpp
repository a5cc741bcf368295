#include "gui/model/session.hpp"

#include <algorithm>
#include <unordered_map>

namespace quell::gui {

std::uint32_t Session::scope_name_index(const std::string& name) const {
  const auto found = std::find(scope_names.begin(), scope_names.end(), name);
  return found == scope_names.end() ? model::kNone : static_cast<std::uint32_t>(found - scope_names.begin());
}

std::uint32_t Session::scope_name_of(std::uint32_t query) const {
  const auto scope = queries.scope[query];
  return scope == model::kNone ? model::kNone : scopes[scope].name;
}

const report::StatementPlan* Session::plan_of(model::StatementIndex statement) const {
  const auto found = std::find_if(report.plans.begin(), report.plans.end(),
                                  [&](const report::StatementPlan& plan) { return plan.statement == statement; });
  return found == report.plans.end() ? nullptr : &*found;
}

QueryClass class_of_kind(sql::StatementKind kind, bool writes_in_cte) {
  using sql::StatementKind;
  switch (kind) {
    case StatementKind::select:
    case StatementKind::catalog:
      return writes_in_cte ? QueryClass::write : QueryClass::read;
    case StatementKind::insert:
    case StatementKind::update:
    case StatementKind::delete_:
    case StatementKind::merge:
      return QueryClass::write;
    case StatementKind::transaction_control:
      return QueryClass::transaction;
    case StatementKind::copy:
    case StatementKind::session:
    case StatementKind::ddl:
    case StatementKind::other:
      return QueryClass::other;
  }
  return QueryClass::other;
}

void mark_findings(Session& session) {
  auto& queries = session.queries;
  for (const auto& finding : session.report.findings) {
    const auto name = session.scope_name_index(finding.scope_name);
    const bool single = finding.kind == detect::Kind::slow_query;
    std::unordered_map<std::uint32_t, std::uint32_t> executions;  // by scope
    const auto belongs = [&](std::uint32_t query) {
      return queries.statement[query] == finding.child && session.scope_name_of(query) == name;
    };
    for (std::uint32_t query = 0; query < queries.size(); ++query)
      if (belongs(query)) ++executions[queries.scope[query]];
    for (std::uint32_t query = 0; query < queries.size(); ++query)
      if (belongs(query) && (single || executions[queries.scope[query]] > 1)) queries.marks[query] |= mark::kInFinding;
  }
}

}  // namespace quell::gui
