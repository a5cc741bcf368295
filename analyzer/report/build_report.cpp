#include <algorithm>
#include <map>
#include <numeric>
#include <string>
#include <string_view>
#include <utility>

#include <fmt/format.h>
#include <quell/trace/error.hpp>

#include "analyzer/advise/index_removal.hpp"
#include "analyzer/report/report.hpp"
#include "analyzer/report/safe_text.hpp"
#include "analyzer/report/value_text.hpp"
#include "analyzer/report/wording.hpp"

namespace quell::report {
namespace {

constexpr double kNanosecondsAMillisecond = 1e6;
constexpr std::string_view kOutsideScopes = "(outside any scope)";

double to_ms(trace::Duration duration) {
  return static_cast<double>(std::max<trace::Duration>(duration, 0)) / kNanosecondsAMillisecond;
}

/// The end of an execution that was never seen ending is not known: it counts no time.
double execution_ms(const model::Execution& execution) {
  return execution.ready == 0 && execution.complete == 0 ? 0 : to_ms(execution.duration());
}

bool is_plumbing(sql::StatementKind kind) {
  return kind == sql::StatementKind::transaction_control || kind == sql::StatementKind::session;
}

std::string_view scope_kind(trace::ScopeKind kind) {
  switch (kind) {
    case trace::ScopeKind::request:
      return "request";
    case trace::ScopeKind::job:
      return "job";
    case trace::ScopeKind::test:
      return "test";
    case trace::ScopeKind::transaction:
      return "transaction";
    case trace::ScopeKind::idle_gap:
      return "idle_gap";
  }
  return "";
}

struct ScopeSamples {
  std::vector<double> queries;
  std::vector<double> milliseconds;
  double database_ms = 0;
};

ScopeSummary summary_of(std::string name, std::string_view kind, ScopeSamples samples) {
  ScopeSummary summary;
  summary.name = std::move(name);
  summary.kind = kind;
  summary.count = samples.queries.size();
  summary.queries = spread_of(std::move(samples.queries));
  summary.milliseconds = spread_of(std::move(samples.milliseconds));
  summary.database_milliseconds = samples.database_ms;
  return summary;
}

std::vector<ScopeSummary> summarise_scopes(const model::Workload& workload) {
  const auto statements = workload.statements();
  std::map<std::pair<std::string_view, trace::ScopeKind>, ScopeSamples> by_name;
  const auto scopes = workload.scopes();
  for (model::ScopeIndex index = 0; index < scopes.size(); ++index) {
    const model::Scope& scope = scopes[index];
    ScopeSamples& samples = by_name[{scope.name, scope.kind}];
    double queries = 0;
    for (const model::QueryIndex query : workload.queries_of_scope(index)) {
      samples.database_ms += execution_ms(workload.execution(query));
      if (!is_plumbing(statements[workload.statement_of(query)].facts.kind)) ++queries;
    }
    samples.queries.push_back(queries);
    samples.milliseconds.push_back(to_ms(scope.end - scope.begin));
  }
  std::vector<ScopeSummary> out;
  for (auto& [key, samples] : by_name)
    out.push_back(summary_of(std::string(key.first), scope_kind(key.second), std::move(samples)));
  if (const auto outside = workload.queries_without_scope(); !outside.empty()) {
    ScopeSummary summary;
    summary.name = kOutsideScopes;
    summary.kind = "none";
    for (const model::QueryIndex query : outside)
      summary.database_milliseconds += execution_ms(workload.execution(query));
    out.push_back(std::move(summary));
  }
  std::stable_sort(out.begin(), out.end(), [](const ScopeSummary& a, const ScopeSummary& b) {
    return a.database_milliseconds > b.database_milliseconds;
  });
  return out;
}

std::vector<model::CallSite> call_sites_of(const model::Workload& workload, model::StatementIndex statement) {
  std::map<model::CallSite, std::uint64_t> executions;
  for (const model::QueryIndex query : workload.queries_of_statement(statement)) {
    if (const auto frames = workload.stack(workload.execution(query).stack); !frames.empty()) ++executions[frames[0]];
  }
  std::vector<std::pair<model::CallSite, std::uint64_t>> order(executions.begin(), executions.end());
  std::stable_sort(order.begin(), order.end(), [](const auto& a, const auto& b) { return a.second > b.second; });
  std::vector<model::CallSite> out;
  for (auto& [site, count] : order) out.push_back(site);
  return out;
}

std::vector<StatementSummary> summarise_statements(const model::Workload& workload) {
  std::vector<StatementSummary> out;
  const auto statements = workload.statements();
  for (model::StatementIndex index = 0; index < statements.size(); ++index) {
    const sql::StatementFacts& facts = statements[index].facts;
    StatementSummary summary;
    summary.id = sql::to_hex(facts.fingerprint);
    summary.text = facts.normalized;
    summary.kind = sql::to_string(facts.kind);
    std::vector<double> times;
    for (const model::QueryIndex query : workload.queries_of_statement(index)) {
      const model::Execution execution = workload.execution(query);
      ++summary.executions;
      summary.errors += execution.failed() ? 1 : 0;
      summary.rows += execution.rows;
      times.push_back(execution_ms(execution));
    }
    summary.total_ms = std::accumulate(times.begin(), times.end(), 0.0);
    summary.p50_ms = nearest_rank(times, 50);
    summary.p95_ms = nearest_rank(std::move(times), 95);
    summary.call_sites = call_sites_of(workload, index);
    out.push_back(std::move(summary));
  }
  return out;
}

std::vector<std::string> shown_binds(const model::Workload& workload, model::QueryIndex query) {
  std::vector<std::string> out;
  for (const model::Bind& bind : workload.binds(query)) out.push_back(value_text(bind));
  return out;
}

std::vector<ExampleExecution> example_of(const model::Workload& workload, const detect::Finding& finding) {
  std::vector<ExampleExecution> out;
  if (finding.example_queries.empty()) return out;
  const trace::Time begin = finding.example_scope != model::kNone
                                ? workload.scopes()[finding.example_scope].begin
                                : workload.execution(finding.example_queries.front()).start;
  for (const model::QueryIndex query : finding.example_queries) {
    const model::Execution execution = workload.execution(query);
    ExampleExecution example;
    example.statement = execution.statement;
    example.at_ms = to_ms(execution.start - begin);
    example.ms = execution_ms(execution);
    example.rows = execution.rows;
    example.parameters = shown_binds(workload, query);
    out.push_back(std::move(example));
  }
  return out;
}

bool is_explainable(const sql::StatementFacts& facts) {
  return facts.parsed && (facts.kind == sql::StatementKind::select || sql::writes(facts.kind));
}

bool holds_values(const model::Workload& workload, model::QueryIndex query) {
  const auto binds = workload.binds(query);
  return std::none_of(binds.begin(), binds.end(),
                      [](const model::Bind& bind) { return bind.cut || bind.form == trace::ParameterForm::canonical; });
}

/// The execution to explain, since value sets differ in what they cost: the longest that succeeded, before all others
/// one whose values are in the trace. kNone: there is none.
model::QueryIndex to_explain(const model::Workload& workload, model::StatementIndex statement) {
  model::QueryIndex best = model::kNone;
  std::pair<bool, double> best_rank{false, -1.0};
  for (const model::QueryIndex query : workload.queries_of_statement(statement)) {
    const model::Execution execution = workload.execution(query);
    if (execution.failed() || (execution.flags & trace::query_flag::kTextCut) != 0) continue;
    const std::pair<bool, double> rank{holds_values(workload, query), execution_ms(execution)};
    if (best == model::kNone || rank > best_rank) {
      best = query;
      best_rank = rank;
    }
  }
  return best;
}

StatementPlan explain(const model::Workload& workload, model::StatementIndex statement, plan::Runner& runner) {
  StatementPlan out;
  out.statement = statement;
  const model::QueryIndex query = to_explain(workload, statement);
  if (query == model::kNone) {
    out.run.note = "no execution that succeeded is in the trace with its whole text";
    return out;
  }
  const sql::StatementFacts& facts = workload.statements()[statement].facts;
  plan::RunRequest request;
  request.sql = workload.text_of(query);
  request.writes = facts.is_write();
  request.volatile_functions = facts.volatile_functions;
  // Literals of the text count as binds but stand in the text already.
  const auto binds = workload.binds(query);
  for (std::size_t i = 0; i < std::min(binds.size(), static_cast<std::size_t>(facts.parameters)); ++i)
    request.parameters.push_back({binds[i].type_oid, binds[i].form, std::string(binds[i].bytes), binds[i].cut});
  out.run = runner.run(request);
  if (out.run.ok) out.insights = plan::inspect(out.run.plan);
  if (!out.run.generic) out.parameters = shown_binds(workload, query);
  return out;
}

std::vector<model::StatementIndex> statements_to_explain(const model::Workload& workload, const Report& report,
                                                         const ReportParams& params) {
  std::vector<model::StatementIndex> out;
  for (const model::StatementIndex index : costliest(report, report.statements.size())) {
    if (!params.only_statement.empty()) {
      if (report.statements[index].id == params.only_statement) out.push_back(index);
    } else if (out.size() < params.plans && is_explainable(workload.statements()[index].facts)) {
      out.push_back(index);
    }
  }
  if (!params.only_statement.empty() && out.empty())
    throw Error(fmt::format("no statement of the trace has the fingerprint '{}'; quell report lists them",
                            params.only_statement));
  return out;
}

plan::Runner connect(const std::string& dsn, const plan::RunParams& params) {
  try {
    return plan::Runner::connect(dsn, params);
  } catch (const Error& error) {
    throw Error(fmt::format("no connection for plans and index advice: {}; check the DSN, or report without one",
                            printable(error.what())));
  }
}

void add_database_results(const model::Workload& workload, const ReportParams& params,
                          const std::function<void(const std::string&)>& tell, Report& report) {
  const auto wanted = statements_to_explain(workload, report, params);
  tell("connecting to the database");
  plan::RunParams run_params;
  run_params.statement_timeout = params.advise.statement_timeout;
  run_params.analyze_writes = params.analyze_writes;
  plan::Runner runner = connect(params.dsn, run_params);
  report.database_used = true;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    tell(fmt::format("explaining statement {} of {}", i + 1, wanted.size()));
    report.plans.push_back(explain(workload, wanted[i], runner));
  }
  if (!params.index_advice) return;
  tell(params.advise.prove ? "trying indexes, then building them in a transaction" : "trying indexes");
  advise::AdviseParams advise_params = params.advise;
  advise_params.dsn = params.dsn;
  advise::AdviseResult result = advise::advise_indexes(workload, advise_params);
  report.index_advice = std::move(result.advice);
  report.not_planned = std::move(result.not_planned);
  report.rejected_indexes = std::move(result.rejected);
  if (params.removals) {
    tell("judging the indexes there are");
    report.removals = advise::advise_removals(advise_params);
  }
}

}  // namespace

double nearest_rank(std::vector<double> values, unsigned percent) {
  if (values.empty()) return 0;
  const std::size_t rank = (values.size() * percent + 99) / 100;
  const auto wanted = values.begin() + static_cast<std::ptrdiff_t>(std::max<std::size_t>(rank, 1) - 1);
  std::nth_element(values.begin(), wanted, values.end());
  return *wanted;
}

Spread spread_of(std::vector<double> values) {
  if (values.empty()) return {};
  const auto [min, max] = std::minmax_element(values.begin(), values.end());
  Spread spread{*min, 0, *max};
  spread.median = nearest_rank(std::move(values), 50);
  return spread;
}

Report build_report(const model::Workload& workload, const std::string& trace_path, const ReportParams& params,
                    const std::function<void(const std::string&)>& step) {
  const auto tell = [&](const std::string& sentence) {
    if (step) step(sentence);
  };
  tell("summarising the trace");
  Report report;
  report.header = workload.header();
  report.trace = workload.summary();
  report.trace_path = trace_path;
  report.span_ms = to_ms(report.trace.last - report.trace.first);
  report.thresholds = params.detect;
  report.scopes = summarise_scopes(workload);
  report.statements = summarise_statements(workload);
  tell("looking for N+1 and its kin");
  detect::Detection detection = detect::detect(workload, params.detect);
  advise::advise_loading(workload, detection.findings);
  report.findings = std::move(detection.findings);
  report.silences = std::move(detection.silences);
  for (const detect::Finding& finding : report.findings) report.examples.push_back(example_of(workload, finding));
  if (!params.dsn.empty()) add_database_results(workload, params, tell, report);
  return report;
}

}  // namespace quell::report
