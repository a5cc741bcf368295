#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <quell/trace/reader.hpp>

#include "analyzer/advise/index_advice.hpp"
#include "analyzer/detect/finding.hpp"
#include "analyzer/model/workload.hpp"
#include "analyzer/plan/insight.hpp"
#include "analyzer/plan/plan.hpp"
#include "analyzer/plan/runner.hpp"

namespace quell::report {

/// Version of the JSON report (docs/report.schema.json). Grows by one with every change that a reader could notice.
inline constexpr int kReportVersion = 2;

/// `median` is the nearest-rank 50th percentile: a value that occurred, the lower middle one of an even number.
struct Spread {
  double min = 0;
  double median = 0;
  double max = 0;
};

/// Nearest rank: the smallest of `values` that at least `percent` % of them do not exceed, i.e. element number
/// ceil(percent / 100 × n) in ascending order, counted from 1. 0 where there are none. 0 < percent <= 100.
[[nodiscard]] double nearest_rank(std::vector<double> values, unsigned percent);
[[nodiscard]] Spread spread_of(std::vector<double> values);

/// All scopes of one name, or all executions outside every scope (kind "none", count 0).
struct ScopeSummary {
  std::string name;
  std::string kind;  ///< "request", "job", "test", "transaction", "idle_gap", "none"
  std::uint64_t count = 0;
  Spread queries;                    ///< a scope, plumbing (transaction control, session) excluded
  Spread milliseconds;               ///< wall time of a scope
  double database_milliseconds = 0;  ///< in all
};

/// All executions of one fingerprint.
struct StatementSummary {
  std::string id;    ///< fingerprint, 16 hexadecimal digits
  std::string text;  ///< normalized: no literals
  std::string kind;
  std::uint64_t executions = 0;
  std::uint64_t errors = 0;
  std::uint64_t rows = 0;
  double total_ms = 0;
  double p50_ms = 0;
  double p95_ms = 0;
  std::vector<model::CallSite> call_sites;  ///< innermost frames, most executions first
};

/// One execution of a finding's example scope.
struct ExampleExecution {
  model::StatementIndex statement = model::kNone;
  double at_ms = 0;  ///< from the scope's begin (from the first example where there is no scope)
  double ms = 0;
  std::uint64_t rows = 0;
  std::vector<std::string> parameters;  ///< as shown; renderers keep them back unless told
};

struct StatementPlan {
  model::StatementIndex statement = model::kNone;
  plan::RunResult run;
  std::vector<plan::Insight> insights;  ///< what the rules say of the plan
  std::vector<std::string> parameters;  ///< as shown; renderers keep them back unless told
};

/// The only result of an analysis; every renderer shows this one value. Statement indices in findings, plans and advice
/// point into `statements` (same order as the workload's).
struct Report {
  trace::Header header;
  trace::Summary trace;
  std::string trace_path;
  double span_ms = 0;
  std::vector<ScopeSummary> scopes;          ///< by database time, descending
  std::vector<StatementSummary> statements;  ///< index = model::StatementIndex
  std::vector<detect::Finding> findings;
  std::vector<std::vector<ExampleExecution>> examples;  ///< one list a finding, in the order of its example_queries
  std::vector<detect::Silence> silences;
  detect::DetectParams thresholds;  ///< what was checked with
  std::vector<StatementPlan> plans;
  std::vector<advise::IndexAdvice> index_advice;
  std::vector<std::string> not_planned;
  std::vector<advise::RejectedIndex> rejected_indexes;  ///< shown with the silences
  std::optional<advise::RemovalResult> removals;        ///< of indexes; only where asked for
  bool database_used = false;                           ///< a DSN was given
};

struct ReportParams {
  std::string dsn;        ///< empty: no plans and no index advice
  std::size_t plans = 5;  ///< statements to EXPLAIN, by total time
  /// Fingerprint (16 hexadecimal digits): EXPLAIN this statement only. build_report throws where the trace has none
  /// such.
  std::string only_statement;
  bool index_advice = true;
  bool removals = false;  ///< also judge the indexes that exist
  bool analyze_writes = false;
  detect::DetectParams detect;
  advise::AdviseParams advise;
};

/// Runs the whole analysis. `step` is told what begins, for progress; may be empty. Throws quell::Error.
[[nodiscard]] Report build_report(const model::Workload& workload, const std::string& trace_path,
                                  const ReportParams& params, const std::function<void(const std::string&)>& step = {});

struct RenderParams {
  bool colour = false;           ///< text only
  std::size_t width = 100;       ///< text only, columns
  std::size_t top = 10;          ///< text and Markdown: statements in the table, by total time
  bool explain_silence = false;  ///< also what was looked at and is no finding or no advice, and why
  bool show_values = false;      ///< bind values in examples and plans; otherwise only how many there are
  bool plans_only = false;       ///< text and Markdown: the plans and nothing else
  bool indexes_only = false;     ///< text and Markdown: the index advice and nothing else
};

[[nodiscard]] std::string render_text(const Report& report, const RenderParams& params);
[[nodiscard]] std::string render_markdown(const Report& report, const RenderParams& params);
[[nodiscard]] std::string render_json(const Report& report, const RenderParams& params);

}  // namespace quell::report
