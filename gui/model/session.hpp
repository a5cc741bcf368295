#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "analyzer/model/workload.hpp"
#include "analyzer/report/report.hpp"

namespace quell::gui {

/// What the colour of a query says. Never its cost: width already shows that.
enum class QueryClass : std::uint8_t { read, write, transaction, other };
inline constexpr std::size_t kQueryClasses = 4;

/// Bits of QueryTable::marks.
namespace mark {
inline constexpr std::uint8_t kFailed = 1;
inline constexpr std::uint8_t kInFinding = 2;  ///< one of the repeated executions of some finding
}  // namespace mark

/// The executions of a trace in the columns that the timeline and the query table scan; sorted by start. 29 bytes each.
struct QueryTable {
  std::vector<trace::Time> start;
  std::vector<float> duration;  ///< nanoseconds; 24 bits of precision are more than any view shows
  std::vector<std::uint32_t> statement;
  std::vector<std::uint32_t> scope;  ///< index into Session::scopes, or model::kNone
  std::vector<std::uint32_t> connection;
  std::vector<std::uint32_t> rows;  ///< saturates
  std::vector<std::uint8_t> marks;

  [[nodiscard]] std::uint32_t size() const { return static_cast<std::uint32_t>(start.size()); }
  [[nodiscard]] trace::Time end(std::uint32_t query) const {
    return start[query] + static_cast<trace::Duration>(duration[query]);
  }
};

/// One scope (a request, a job, ...) as the timeline draws it.
struct ScopeSpan {
  trace::Time begin = 0;
  trace::Time end = 0;
  std::uint32_t name = 0;  ///< index into Session::scope_names
  std::int32_t outcome = 0;
};

struct BindText {
  std::string type;
  std::string value;  ///< as shown
};

/// What the inspector shows of one execution.
struct QueryDetail {
  std::string text;
  std::vector<BindText> binds;
  std::vector<model::CallSite> stack;  ///< innermost first
  std::string sqlstate;                ///< empty: success
};

struct LaneSet;

/// Everything a window shows of one trace. Immutable after loading, so that views and workers share it without locks.
struct Session {
  report::Report report;
  QueryTable queries;
  std::vector<ScopeSpan> scopes;
  std::vector<std::string> scope_names;
  std::vector<QueryClass> statement_classes;  ///< index = model::StatementIndex
  trace::Time begin = 0;
  trace::Time end = 0;
  double load_seconds = 0;
  std::string dsn_hint;  ///< why there are no plans, and how to get them; empty where plans were asked for
  /// The timeline's lanes by scope name, made by the loader so that the window need not; null: the window makes them.
  std::shared_ptr<const LaneSet> lanes;
  /// Decodes one execution; callable from any thread.
  std::function<QueryDetail(std::uint32_t query)> detail;

  /// Index into scope_names, or model::kNone.
  [[nodiscard]] std::uint32_t scope_name_index(const std::string& name) const;
  /// Index into scope_names of the scope of a query, or model::kNone.
  [[nodiscard]] std::uint32_t scope_name_of(std::uint32_t query) const;
  [[nodiscard]] QueryClass class_of(std::uint32_t query) const { return statement_classes[queries.statement[query]]; }
  /// The plan of a statement, or null.
  [[nodiscard]] const report::StatementPlan* plan_of(model::StatementIndex statement) const;
};

using SessionPtr = std::shared_ptr<const Session>;

/// The colour class of a statement kind.
[[nodiscard]] QueryClass class_of_kind(sql::StatementKind kind, bool writes_in_cte);

/// Sets mark::kInFinding on the repeated executions of every finding: those of its child statement in each scope of its
/// name that executed it more than once; of a slow query, every execution in such a scope.
void mark_findings(Session& session);

}  // namespace quell::gui
