#include "analyzer/report/wording.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

#include <fmt/format.h>

namespace quell::report {
namespace {

std::uint64_t event_count(const Report& report, trace::EventKind kind) {
  return report.trace.events[static_cast<std::size_t>(kind)];
}

std::uint64_t scope_count(const Report& report) {
  std::uint64_t count = 0;
  for (const ScopeSummary& scope : report.scopes) count += scope.count;
  return count;
}

std::string joined(const std::vector<std::string>& parts, std::string_view separator) {
  return fmt::format("{}", fmt::join(parts, separator));
}

std::string column_name(const std::string& table, const std::string& column) {
  return table.empty() ? column : table + "." + column;
}

std::string edge_origin(const detect::ValueEdge& edge) {
  const std::string from = column_name(edge.from_table, edge.from_column);
  if (edge.covered == edge.executions) return fmt::format("all {} from {}", grouped(edge.covered), from);
  return fmt::format("{} of {} from {}", grouped(edge.covered), grouped(edge.executions), from);
}

}  // namespace

std::string grouped(std::uint64_t number) {
  std::string digits = std::to_string(number);
  for (std::size_t at = digits.size(); at > 3;) digits.insert(at -= 3, ",");
  return digits;
}

std::string counted(std::uint64_t number, std::string_view noun) {
  std::string word(noun);
  if (number != 1) {
    if (word.ends_with('y')) {
      word.replace(word.size() - 1, 1, "ies");
    } else {
      word += 's';
    }
  }
  return grouped(number) + " " + word;
}

std::string milliseconds(double ms) {
  if (ms >= 100) return grouped(static_cast<std::uint64_t>(std::llround(ms))) + " ms";
  if (ms >= 10) return fmt::format("{:.1f} ms", ms);
  if (ms >= 1) return fmt::format("{:.2f} ms", ms);
  return fmt::format("{:.3f} ms", ms);
}

std::string estimate(double number) {
  if (number >= 1000) return grouped(static_cast<std::uint64_t>(std::llround(number)));
  const std::string text = fmt::format("{:.1f}", number);
  return text.ends_with(".0") ? text.substr(0, text.size() - 2) : text;
}

std::string percent(double share) {
  if (share > 0 && share < 0.01) return "under 1 %";
  return fmt::format("{:.0f} %", share * 100);
}

std::string bytes(std::uint64_t size) {
  if (size < 1024) return fmt::format("{} B", size);
  double scaled = static_cast<double>(size);
  std::size_t unit = 0;
  constexpr std::array<std::string_view, 5> kUnits = {"B", "KiB", "MiB", "GiB", "TiB"};
  for (; scaled >= 1024 && unit + 1 < kUnits.size(); ++unit) scaled /= 1024;
  return fmt::format("{:.1f} {}", scaled, kUnits[unit]);
}

std::string_view title(detect::Kind kind) {
  switch (kind) {
    case detect::Kind::n_plus_one:
      return "N+1";
    case detect::Kind::n_plus_one_write:
      return "N+1 write";
    case detect::Kind::duplicate_query:
      return "duplicate query";
    case detect::Kind::batch_plus_one:
      return "batch+1";
    case detect::Kind::slow_query:
      return "slow query";
  }
  return "";
}

std::string how_checked(const advise::IndexAdvice& advice) {
  const std::string_view verification = advise::to_string(advice.verification);
  if (advice.note.starts_with(verification)) return advice.note;
  return advice.note.empty() ? std::string(verification) : fmt::format("{}; {}", verification, advice.note);
}

std::string_view name(advise::Verification verification) {
  switch (verification) {
    case advise::Verification::not_verified:
      return "not_verified";
    case advise::Verification::what_if:
      return "what_if";
    case advise::Verification::measured:
      return "measured";
  }
  return "";
}

std::string_view name(advise::IndexRemoval::Kind kind) {
  using Kind = advise::IndexRemoval::Kind;
  switch (kind) {
    case Kind::invalid:
      return "invalid";
    case Kind::duplicate:
      return "duplicate";
    case Kind::redundant:
      return "redundant";
    case Kind::unused:
      return "unused";
  }
  return "";
}

std::string_view name(trace::EventKind kind) {
  switch (kind) {
    case trace::EventKind::text:
      return "text";
    case trace::EventKind::stack:
      return "stack";
    case trace::EventKind::shape:
      return "shape";
    case trace::EventKind::connection:
      return "connection";
    case trace::EventKind::connection_end:
      return "connection_end";
    case trace::EventKind::scope_begin:
      return "scope_begin";
    case trace::EventKind::scope_end:
      return "scope_end";
    case trace::EventKind::query:
      return "query";
    case trace::EventKind::result_values:
      return "result_values";
    case trace::EventKind::consumption:
      return "consumption";
    case trace::EventKind::pool:
      return "pool";
    case trace::EventKind::loss:
      return "loss";
  }
  return "";
}

std::string_view name(trace::Damage::Kind kind) {
  switch (kind) {
    case trace::Damage::Kind::torn_tail:
      return "torn_tail";
    case trace::Damage::Kind::bad_block:
      return "bad_block";
    case trace::Damage::Kind::unknown_block:
      return "unknown_block";
  }
  return "";
}

std::string scope_noun(const Report& report, std::string_view scope_name) {
  const auto found = std::find_if(report.scopes.begin(), report.scopes.end(),
                                  [&](const ScopeSummary& scope) { return scope.name == scope_name; });
  if (found == report.scopes.end()) return "scope";
  for (const char* noun : {"request", "job", "test", "transaction"}) {
    if (found->kind == noun) return noun;
  }
  return "scope";
}

std::string verdict(const Report& report) {
  if (report.findings.empty()) return "No findings.";
  std::array<std::uint64_t, 4> by_severity{};
  std::uint64_t round_trips = 0;
  double ms = 0;
  for (const detect::Finding& finding : report.findings) {
    ++by_severity[static_cast<std::size_t>(finding.severity)];
    round_trips += finding.cost.total_round_trips;
    ms += finding.cost.total_milliseconds;
  }
  std::vector<std::string> severities;
  for (const auto severity :
       {detect::Severity::high, detect::Severity::medium, detect::Severity::low, detect::Severity::info}) {
    if (const auto count = by_severity[static_cast<std::size_t>(severity)]; count > 0)
      severities.push_back(fmt::format("{} {}", grouped(count), detect::to_string(severity)));
  }
  double database_ms = 0;
  for (const ScopeSummary& scope : report.scopes) database_ms += scope.database_milliseconds;
  return fmt::format("{} ({}), worth {} and {} of {} spent in the database.",
                     counted(report.findings.size(), "finding"), joined(severities, ", "),
                     counted(round_trips, "round trip"), milliseconds(ms), milliseconds(database_ms));
}

std::string checked(const Report& report) {
  return fmt::format(
      "Checked {} of {} in {}: N+1 reads and writes ({} or more executions with varying values in one scope), "
      "duplicate queries ({} or more with the same values in one scope), slow queries ({} or longer).",
      counted(event_count(report, trace::EventKind::query), "execution"),
      counted(report.statements.size(), "statement"), counted(scope_count(report), "scope"),
      report.thresholds.n_plus_one_threshold, report.thresholds.duplicate_threshold,
      milliseconds(report.thresholds.slow_milliseconds));
}

std::string completeness(const Report& report) {
  const std::string content =
      fmt::format("{} in {} over {:.1f} s", counted(event_count(report, trace::EventKind::query), "query"),
                  counted(scope_count(report), "scope"), report.span_ms / 1000);
  if (report.trace.complete()) return "complete: " + content;
  std::vector<std::string> missing;
  for (std::size_t kind = 0; kind < trace::kEventKinds; ++kind) {
    if (report.trace.lost[kind] == 0) continue;
    std::string noun(name(static_cast<trace::EventKind>(kind)));
    std::replace(noun.begin(), noun.end(), '_', ' ');
    missing.push_back(fmt::format("{} dropped by the recorder", counted(report.trace.lost[kind], noun + " event")));
  }
  for (const trace::Damage& damage : report.trace.damage) missing.push_back(damage.sentence);
  if (!report.trace.closed) missing.emplace_back("its writer did not close it");
  return fmt::format("INCOMPLETE ({}): {}", joined(missing, "; "), content);
}

std::string evidence(const Report& report, const detect::Finding& finding) {
  const std::string noun = scope_noun(report, finding.scope_name);
  switch (finding.kind) {
    case detect::Kind::slow_query:
      return fmt::format("{} of {} or longer in one {}", counted(finding.executions, "execution"),
                         milliseconds(report.thresholds.slow_milliseconds), noun);
    case detect::Kind::duplicate_query:
      return fmt::format("{} in one {}, {}", counted(finding.executions, "execution"), noun,
                         finding.distinct_values <= 1
                             ? std::string("all with the same values")
                             : fmt::format("only {}", counted(finding.distinct_values, "distinct value")));
    case detect::Kind::n_plus_one:
    case detect::Kind::n_plus_one_write:
    case detect::Kind::batch_plus_one:
      break;
  }
  return fmt::format("{} in one {}, {}, {}", counted(finding.executions, "execution"), noun,
                     counted(finding.distinct_values, "distinct value"),
                     finding.edge ? edge_origin(*finding.edge) : "where they come from is not in the trace");
}

std::string extent(const Report& report, const detect::Finding& finding) {
  const std::string noun = scope_noun(report, finding.scope_name);
  return fmt::format("in {} of {}, {} in all", grouped(finding.scopes_affected), counted(finding.scopes_total, noun),
                     counted(finding.total_executions, "execution"));
}

std::string edge_words(const detect::ValueEdge& edge) {
  std::string out = fmt::format("{} -> {}", column_name(edge.from_table, edge.from_column), edge.to_parameter);
  if (!edge.to_column.empty()) out += fmt::format(" ({})", column_name(edge.to_table, edge.to_column));
  out += fmt::format(", {} of {}", grouped(edge.covered), counted(edge.executions, "execution"));
  if (edge.row_order) out += ", row by row";
  return out;
}

std::string growth(const detect::Scaling& scaling) {
  return fmt::format("{:.2f} executions for each more value in the parent, over {}", scaling.slope,
                     counted(scaling.scopes, "scope"));
}

std::string saving(const Report& report, const detect::Finding& finding) {
  const detect::Cost& cost = finding.cost;
  if (finding.kind == detect::Kind::slow_query)
    return fmt::format("{} a {} ({} of its time); {} in this trace", milliseconds(cost.milliseconds),
                       scope_noun(report, finding.scope_name), percent(cost.share),
                       milliseconds(cost.total_milliseconds));
  return fmt::format("{} and {} a {} ({} of its time); {} and {} in this trace",
                     counted(cost.round_trips, "round trip"), milliseconds(cost.milliseconds),
                     scope_noun(report, finding.scope_name), percent(cost.share),
                     counted(cost.total_round_trips, "round trip"), milliseconds(cost.total_milliseconds));
}

std::string located(const model::CallSite& site) {
  if (site.file.empty()) return site.function.empty() ? "call site not recorded" : site.function;
  const std::string place = fmt::format("{}:{}", site.file, site.line);
  return site.function.empty() ? place : place + "  " + site.function;
}

std::string no_index_advice(const Report& report) {
  if (!report.index_advice.empty()) return {};
  if (!report.database_used) return "Plans and index advice need a database: add --dsn.";
  return "No index would save enough of the planner's cost of the statements in this trace.";
}

std::optional<Measured> measured(const advise::IndexAdvice& advice) {
  Measured sum;
  bool any = false;
  for (const advise::ServedStatement& served : advice.statements) {
    if (!served.ms_before || !served.ms_after) continue;
    sum.before += *served.ms_before * static_cast<double>(served.executions);
    sum.after += *served.ms_after * static_cast<double>(served.executions);
    any = true;
  }
  return any ? std::optional(sum) : std::nullopt;
}

std::string gain_words(const advise::ServedStatement& served) {
  std::string out = fmt::format("{} -> {}", estimate(served.cost_before), estimate(served.cost_after));
  if (served.ms_before && served.ms_after)
    out += fmt::format(", {} -> {}", milliseconds(*served.ms_before), milliseconds(*served.ms_after));
  return out + " each";
}

std::vector<model::StatementIndex> costliest(const Report& report, std::size_t count) {
  std::vector<model::StatementIndex> order(report.statements.size());
  std::iota(order.begin(), order.end(), 0U);
  std::sort(order.begin(), order.end(), [&](model::StatementIndex a, model::StatementIndex b) {
    const StatementSummary& left = report.statements[a];
    const StatementSummary& right = report.statements[b];
    return left.total_ms != right.total_ms ? left.total_ms > right.total_ms : left.id < right.id;
  });
  order.resize(std::min(order.size(), count));
  return order;
}

}  // namespace quell::report
