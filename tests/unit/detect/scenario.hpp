#pragma once

#include <cstdint>
#include <initializer_list>
#include <map>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "analyzer/detect/finding.hpp"
#include "analyzer/model/workload_builder.hpp"

/// Builds small workloads from a few lines: scopes, queries with binds, results with values. Times move by themselves:
/// each query takes 1 ms and the next starts 0.1 ms later, unless said otherwise.
namespace quell::test {

using Cell = std::variant<std::nullptr_t, std::int64_t, std::string>;
using Row = std::vector<Cell>;

/// A result column; `table` and `number` name its origin ("" and 0: an expression).
struct ResultColumnSpec {
  std::string name;
  std::string table;
  std::int16_t number = 0;
};

struct Result {
  std::vector<ResultColumnSpec> columns;
  std::vector<Row> rows;
  std::uint64_t total_rows = 0;  ///< 0: rows.size()
};

struct Call {
  std::string text;
  std::vector<Cell> binds;
  Result result;
  trace::ConnectionId connection = 1;
  trace::Duration duration = 1'000'000;
  trace::Duration pause = 100'000;  ///< before it starts
  std::string sqlstate;
  std::uint64_t rows = 0;  ///< where there is no result: affected
  std::uint64_t batch = 0;
  trace::TransactionState transaction_state = trace::TransactionState::idle;
  trace::StackId stack = 0;
  std::uint16_t flags = 0;
  bool overlap = false;  ///< starts with the query before it
};

class Scenario {
 public:
  explicit Scenario(bool redacted = false);

  /// Begins a scope; later calls belong to it.
  Scenario& scope(std::string_view name, trace::ScopeKind kind = trace::ScopeKind::request,
                  trace::ScopeRule rule = trace::ScopeRule::agent, const trace::TraceContext& context = {});
  Scenario& end_scope(std::int32_t outcome = 200);
  Scenario& no_scope();

  trace::QueryId call(const Call& call);
  trace::QueryId call(std::string_view text, std::vector<Cell> binds = {}, Result result = {});

  /// What a client said when it connected.
  Scenario& connection(trace::ConnectionId id, std::string_view application_name);

  /// One call in a scope of its own, while the open scope goes on.
  void beside(std::string_view scope_name, const Call& call);

  /// A call site; give its id to Call::stack.
  trace::StackId stack(std::string_view file, std::uint32_t line, std::string_view function);
  Scenario& pause(trace::Duration duration);

  [[nodiscard]] model::Workload workload();
  [[nodiscard]] detect::Detection detect(const detect::DetectParams& params = {});

  /// OID the scenario gives a table.
  [[nodiscard]] std::uint32_t table_oid(std::string_view table);

 private:
  trace::TextId text(std::string_view bytes);

  trace::Header header_;
  trace::Canonicalizer canonicalizer_;
  model::WorkloadBuilder builder_;
  trace::Time now_ = 1'000'000'000;
  trace::Time last_start_ = 0;
  trace::ScopeId scope_ = 0;
  trace::ScopeId next_scope_ = 1;
  trace::QueryId next_query_ = 1;
  trace::StackId next_stack_ = 1;
  std::map<std::string, trace::TextId, std::less<>> texts_;
  std::map<std::string, std::uint32_t, std::less<>> tables_;
  std::map<std::vector<std::string>, trace::ShapeId> shapes_;
};

/// Rows [first, last] of one integer column, or of several made by `row`.
[[nodiscard]] std::vector<Row> rows(std::int64_t first, std::int64_t last);

/// Findings of one kind.
[[nodiscard]] std::vector<detect::Finding> of_kind(const detect::Detection& detection, detect::Kind kind);
[[nodiscard]] bool is_silent(const detect::Detection& detection, std::string_view reason);

}  // namespace quell::test
