#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <quell/trace/event.hpp>
#include <quell/trace/reader.hpp>

#include "analyzer/sql/statement_facts.hpp"

namespace quell::model {

using StatementIndex = std::uint32_t;
using ScopeIndex = std::uint32_t;
using QueryIndex = std::uint32_t;
inline constexpr std::uint32_t kNone = 0xFFFFFFFF;

struct CallSite {
  std::string file;  ///< relative to the source root where the recorder knew it
  std::uint32_t line = 0;
  std::string function;
  friend auto operator<=>(const CallSite&, const CallSite&) = default;
};

/// A statement: all executions of one fingerprint. `facts` come from the first text seen; Literals of single executions
/// are in Workload::binds.
struct Statement {
  sql::StatementFacts facts;
  std::string example_text;  ///< the first text as sent
};

struct Scope {
  trace::ScopeId id = 0;
  trace::ScopeKind kind = trace::ScopeKind::request;
  trace::ScopeRule rule = trace::ScopeRule::agent;
  std::uint8_t confidence = 100;
  std::string_view name;  ///< valid as long as the workload
  trace::TraceContext trace_context{};
  ScopeIndex parent = kNone;
  trace::Time begin = 0;
  trace::Time end = 0;  ///< last event of the scope where no end was recorded
  std::int32_t outcome = 0;
  bool ended = false;
};

/// One execution, decoded on demand from the columns.
struct Execution {
  trace::Time start = 0;
  trace::Time first_byte = 0;
  trace::Time complete = 0;
  trace::Time ready = 0;
  StatementIndex statement = 0;
  ScopeIndex scope = kNone;  ///< kNone: outside every scope
  trace::ConnectionId connection = 0;
  trace::StackId stack = 0;
  trace::Protocol protocol = trace::Protocol::simple;
  trace::TransactionState transaction_state = trace::TransactionState::unknown;
  std::uint16_t flags = 0;
  std::array<char, 5> sqlstate{};
  std::uint64_t rows = 0;
  std::uint64_t bytes_received = 0;
  std::uint64_t pipeline_batch = 0;

  /// From the request leaving the program to its reply being complete.
  [[nodiscard]] trace::Duration duration() const { return (ready ? ready : complete) - start; }
  [[nodiscard]] bool failed() const { return sqlstate[0] != '\0'; }
};

/// A value an execution was given: a parameter or, where the text has no $n, a literal of its text (the driver inlined
/// it). `bytes` are as sent, of a literal without quotes and escapes (empty when redacted); `value` is canonical.
struct Bind {
  std::uint32_t type_oid = 0;
  trace::ParameterForm form = trace::ParameterForm::null;
  std::string_view bytes;
  bool cut = false;
  trace::Value value;
};

struct ResultColumn {
  std::string_view name;
  std::uint32_t table_oid = 0;
  std::int16_t attribute_number = 0;
  std::uint32_t type_oid = 0;
  bool recorded = false;
};

/// The recorded values of one execution's result. columns()[recorded_columns[i]] is the origin of value(row, i).
struct RecordedResult {
  std::span<const ResultColumn> columns;
  std::span<const std::uint32_t> recorded_columns;
  std::uint32_t rows = 0;
  std::uint64_t total_rows = 0;
  /// `column` counts recorded columns. Appends nothing, allocates nothing.
  [[nodiscard]] trace::Value value(std::uint32_t row, std::uint32_t column) const;

  const std::uint8_t* packed = nullptr;  ///< the values as the workload keeps them (packed_values.hpp)
};

struct ConsumedResult {
  std::uint64_t rows_read = 0;
  std::uint64_t total_rows = 0;
  std::span<const std::uint8_t> columns_read;
};

/// A scope that no event told of, but the loader derived (see docs/detection.md, "Scopes").
inline constexpr std::string_view kTransactionScopeName = "(transaction)";
inline constexpr std::string_view kIdleGapScopeName = "(idle gap)";

struct WorkloadState;  // private to analyzer/model

/// Everything a trace says, in columns, sorted by start time; immutable after loading, so any number of threads may
/// read it. Views it returns live as long as it does.
class Workload {
 public:
  Workload();
  Workload(Workload&&) noexcept;
  Workload& operator=(Workload&&) noexcept;
  ~Workload();

  [[nodiscard]] const trace::Header& header() const;
  [[nodiscard]] const trace::Summary& summary() const;

  [[nodiscard]] std::span<const Statement> statements() const;
  [[nodiscard]] std::span<const Scope> scopes() const;
  [[nodiscard]] QueryIndex query_count() const;

  [[nodiscard]] Execution execution(QueryIndex query) const;
  [[nodiscard]] StatementIndex statement_of(QueryIndex query) const;
  [[nodiscard]] ScopeIndex scope_of(QueryIndex query) const;
  /// The text as sent (with this execution's own literals).
  [[nodiscard]] std::string_view text_of(QueryIndex query) const;
  [[nodiscard]] std::vector<Bind> binds(QueryIndex query) const;
  /// The canonical values of the binds alone, appended to `out`: what detection reads of every execution.
  void bind_values(QueryIndex query, std::vector<trace::Value>& out) const;
  [[nodiscard]] std::optional<RecordedResult> result(QueryIndex query) const;
  [[nodiscard]] std::optional<ConsumedResult> consumption(QueryIndex query) const;

  /// Executions of one scope / of one statement / outside every scope, in time order. An execution belongs to the
  /// innermost scope that was named with it.
  [[nodiscard]] std::span<const QueryIndex> queries_of_scope(ScopeIndex scope) const;
  [[nodiscard]] std::span<const QueryIndex> queries_of_statement(StatementIndex statement) const;
  [[nodiscard]] std::span<const QueryIndex> queries_without_scope() const;

  /// Innermost frame first; empty where unknown.
  [[nodiscard]] std::span<const CallSite> stack(trace::StackId stack) const;

  /// Name of a table by the OID seen in result columns, where some statement of the trace tells it, with its schema
  /// where the statement gives one; empty if unknown.
  [[nodiscard]] std::string_view table_name(std::uint32_t table_oid) const;

 private:
  friend class WorkloadBuilder;
  std::unique_ptr<WorkloadState> state_;
};

/// `progress(done, total)` in bytes of the file; may be empty; returning false cancels (then an Error is thrown).
using Progress = std::function<bool(std::uint64_t done, std::uint64_t total)>;

/// Reads a whole trace. Throws trace::TraceError (not a trace, newer version, ...); damage inside is in summary().
[[nodiscard]] Workload load_workload(const std::string& path, const Progress& progress = {});

}  // namespace quell::model
