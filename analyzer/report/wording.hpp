#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "analyzer/report/report.hpp"

/// The sentences that the text and the Markdown report share. Texts of the trace in them are raw: the renderer makes
/// them fit to show.
namespace quell::report {

/// "1,234".
[[nodiscard]] std::string grouped(std::uint64_t number);
/// "1 query", "20 executions", "3 queries".
[[nodiscard]] std::string counted(std::uint64_t number, std::string_view noun);
/// Milliseconds with three significant digits: "0.042 ms", "12.3 ms", "4,210 ms".
[[nodiscard]] std::string milliseconds(double ms);
/// A planner cost or a row estimate: "8.3", "1,240".
[[nodiscard]] std::string estimate(double number);
/// "38 %"; "under 1 %" rather than 0.
[[nodiscard]] std::string percent(double share);
/// "120 B", "16 KiB", "3.2 MiB".
[[nodiscard]] std::string bytes(std::uint64_t size);

[[nodiscard]] std::string_view title(detect::Kind kind);
/// "what-if cost by HypoPG 1.3.1", "not verified; install postgresql-15-hypopg".
[[nodiscard]] std::string how_checked(const advise::IndexAdvice& advice);
/// Names of the JSON report.
[[nodiscard]] std::string_view name(advise::Verification verification);
[[nodiscard]] std::string_view name(advise::IndexRemoval::Kind kind);
[[nodiscard]] std::string_view name(trace::EventKind kind);
[[nodiscard]] std::string_view name(trace::Damage::Kind kind);

/// "request", "job", "test", "transaction" or "scope": what a finding's scope is called in a sentence.
[[nodiscard]] std::string scope_noun(const Report& report, std::string_view scope_name);

/// How many there are and what they cost: the first lines of a report.
[[nodiscard]] std::string verdict(const Report& report);
/// What was looked for, in how much, with which thresholds.
[[nodiscard]] std::string checked(const Report& report);
/// Whether the trace is whole, and if not, what is missing: "complete: 1,204 queries in 40 scopes, 3.2 s".
[[nodiscard]] std::string completeness(const Report& report);

/// "20 executions in one request, 20 distinct values, all 20 from posts.author_id".
[[nodiscard]] std::string evidence(const Report& report, const detect::Finding& finding);
/// "in 12 of 12 requests, 240 executions in all".
[[nodiscard]] std::string extent(const Report& report, const detect::Finding& finding);
/// "posts.author_id -> $1 (users.id), row by row".
[[nodiscard]] std::string edge_words(const detect::ValueEdge& edge);
/// "1.00 executions for each more value in the parent, over 12 scopes".
[[nodiscard]] std::string growth(const detect::Scaling& scaling);
/// "19 round trips and 4.2 ms a request (38 % of its time); 228 round trips and 50.4 ms in this trace".
[[nodiscard]] std::string saving(const Report& report, const detect::Finding& finding);
/// "reference_app/domain/posts.cpp:41 list_posts"; "call site not recorded" where the file is empty.
[[nodiscard]] std::string located(const model::CallSite& site);

/// Why there is no index advice; empty where there is some.
[[nodiscard]] std::string no_index_advice(const Report& report);

/// Time over the trace that an index was measured to save, in milliseconds.
struct Measured {
  double before = 0;
  double after = 0;
};
[[nodiscard]] std::optional<Measured> measured(const advise::IndexAdvice& advice);
/// "1,206 -> 59, 2.27 ms -> 0.041 ms each".
[[nodiscard]] std::string gain_words(const advise::ServedStatement& served);

/// Statements by total time, descending, then by fingerprint; at most `count`.
[[nodiscard]] std::vector<model::StatementIndex> costliest(const Report& report, std::size_t count);

}  // namespace quell::report
