#include "tests/unit/report/sample_report.hpp"

namespace quell::test {
namespace {

void count(report::Report& report, trace::EventKind kind, std::uint64_t number) {
  report.trace.events[static_cast<std::size_t>(kind)] = number;
}

report::StatementSummary statement(std::string id, std::string text, std::uint64_t executions, double total_ms) {
  report::StatementSummary out;
  out.id = std::move(id);
  out.text = std::move(text);
  out.kind = "select";
  out.executions = executions;
  out.rows = executions;
  out.total_ms = total_ms;
  out.p50_ms = 0.25;
  out.p95_ms = 1.5;
  return out;
}

detect::Finding n_plus_one() {
  detect::Finding finding;
  finding.identity = "00000000000000aa";
  finding.kind = detect::Kind::n_plus_one;
  finding.confidence = detect::Confidence::proved;
  finding.severity = detect::Severity::high;
  finding.scope_name = "GET /books";
  finding.scopes_affected = 12;
  finding.scopes_total = 13;
  finding.parent = 0;
  finding.child = 1;
  finding.executions = 20;
  finding.distinct_values = 20;
  finding.total_executions = 240;
  finding.edge = detect::ValueEdge{"books", "publisher_id", "$1", "publishers", "id", 20, 20, 25, true};
  finding.scaling = detect::Scaling{0.98, 0.999, 12, 4};
  finding.call_sites = {{detect::LocatedCallSite::Role::parent, {"shop/books.cpp", 41, "list_books"}, 1},
                        {detect::LocatedCallSite::Role::child, {"shop/publishers.cpp", 17, "publisher_of"}, 20}};
  finding.cost = {19, 4.2, 228, 50.4, 0.38};
  finding.advice = {{detect::Advice::Kind::eager_load, "Load the publishers of all books at once.",
                     "co_await load_selectin(books, kPublisher);", "quell::db"}};
  return finding;
}

detect::Finding duplicate() {
  detect::Finding finding;
  finding.identity = "00000000000000bb";
  finding.kind = detect::Kind::duplicate_query;
  finding.confidence = detect::Confidence::likely;
  finding.severity = detect::Severity::low;
  finding.scope_name = "nightly";
  finding.scopes_affected = 1;
  finding.scopes_total = 1;
  finding.child = 2;
  finding.executions = 3;
  finding.distinct_values = 1;
  finding.total_executions = 3;
  finding.cost = {2, 0.5, 2, 0.5, 0.005};
  finding.advice = {{detect::Advice::Kind::memoize, "Keep the settings for the length of the job.", "", "sql"}};
  return finding;
}

report::StatementPlan plan_of_books() {
  plan::Node scan;
  scan.type = "Seq Scan";
  scan.relation = "books";
  scan.alias = "b";
  scan.total_cost = 180;
  scan.plan_rows = 5;
  scan.analyzed = true;
  scan.timed = true;
  scan.actual_total_ms = 3;
  scan.actual_rows = 400;
  scan.loops = 1;
  scan.rows_removed_by_filter = 9600;
  scan.buffers = plan::Buffers{.shared_hit = 80, .shared_read = 20};
  scan.details = {{"Filter", "((title = 'Winter Gardens'::text) AND (price > 12.5) AND (shelf_id = $1))"}};
  scan.self_ms = 3;
  plan::Node sort;
  sort.type = "Sort";
  sort.total_cost = 190.25;
  sort.plan_rows = 5;
  sort.analyzed = true;
  sort.timed = true;
  sort.actual_total_ms = 3.5;
  sort.actual_rows = 400;
  sort.loops = 1;
  sort.details = {{"Sort Key", "b.added DESC"}, {"Sort Space Used", "25"}};
  sort.self_ms = 0.5;
  sort.children = {scan};
  report::StatementPlan out;
  out.statement = 0;
  out.run.ok = true;
  out.run.mode = plan::RunMode::analyze;
  out.run.plan.root = sort;
  out.run.plan.analyzed = true;
  out.run.plan.planning_ms = 0.12;
  out.run.plan.execution_ms = 3.6;
  out.parameters = {"'Winter Gardens'", "7"};
  // Written out, so that the renderers are tested without the rules.
  out.insights = {{"discarding_scan", 1, 0.83, "Seq Scan on books throws nearly all away.",
                   "9600 of 10000 rows removed", "Make an index.", "CREATE INDEX ON books (title)",
                   "(title = 'Winter Gardens'::text)"}};
  return out;
}

}  // namespace

report::Report quiet_report() {
  report::Report report;
  report.header.program = "shop";
  report.header.agent = "quell-tracer 0.1.0";
  report.header.created_unix_ns = 1'769'860'800'000'000'000;  // 2026-01-31T12:00:00Z
  report.trace_path = "shop.qtr";
  report.trace.closed = true;
  report.span_ms = 2500;
  return report;
}

report::Report shop_report() {
  report::Report report = quiet_report();
  count(report, trace::EventKind::query, 1265);
  report.scopes = {{"GET /books", "request", 13, {1, 21, 26}, {2, 11, 20}, 130},
                   {"nightly", "job", 1, {5, 5, 5}, {100, 100, 100}, 20}};
  report.statements = {
      statement("1111111111111111", "SELECT * FROM books b WHERE title = $1 AND shelf_id = $2", 13, 70),
      statement("2222222222222222", "SELECT * FROM publishers WHERE id = $1", 240, 60),
      statement("3333333333333333", "SELECT * FROM settings", 3, 0.75)};
  report.statements[2].kind = "transaction control";
  report.statements[1].call_sites = {{"shop/publishers.cpp", 17, "publisher_of"}};
  report.findings = {n_plus_one(), duplicate()};
  report.examples = {{{0, 0.5, 3.75, 25, {"'Winter Gardens'", "7"}}, {1, 4.5, 0.25, 1, {"42"}}}, {}};
  report.silences = {{"GET /books", 2, "several foreign keys of one row", 3}};
  report.database_used = true;
  report.plans = {plan_of_books()};
  report.plans.push_back({1, {}, {}, {}});
  report.plans[1].run.note = "canceling statement due to statement timeout";
  report.index_advice = {{"CREATE INDEX CONCURRENTLY ON books (shelf_id, added DESC)",
                          "public",
                          "books",
                          {"shelf_id", "added DESC"},
                          {{0, 13, 190.25, 8.25}},
                          2473.25,
                          107.25,
                          245'760,
                          advise::Verification::what_if,
                          "what-if cost by HypoPG 9.9"}};
  report.rejected_indexes = {{"CREATE INDEX CONCURRENTLY ON books (title)", "saves too little"}};
  report.not_planned = {"3333333333333333: no condition an index could serve"};
  return report;
}

report::Report hostile_report() {
  report::Report report = shop_report();
  const std::string evil =
      "x`y``z```\n```\n\n| a | b |\n# head @octo #12 <script>alert(1)</script> \x1b[31mred\x1b[0m \xff\xfe "
      "https://evil.example www.evil.example \xE2\x80\xAE";
  report.trace_path = evil;
  report.scopes[0].name = evil;
  for (auto& each : report.statements) each.text = evil;
  for (auto& each : report.findings) {
    each.scope_name = evil;
    for (auto& site : each.call_sites) site.site = {evil, 1, evil};
    for (auto& advice : each.advice) {
      advice.sentence = evil;
      advice.code = evil;
    }
  }
  report.findings[0].edge->from_column = evil;
  report.silences[0].reason = evil;
  report.silences[0].scope_name = evil;
  report.index_advice[0].ddl = evil;
  report.index_advice[0].table = evil;
  report.index_advice[0].note = evil;
  report.not_planned = {evil};
  report.rejected_indexes = {{evil, evil}};
  report.plans[0].run.plan.root.relation = evil;
  report.plans[0].run.plan.root.details = {{evil, evil}, {"Filter", evil}};
  report.plans[0].insights = {{evil, 0, 0.5, evil, evil, evil, evil, evil}};
  report.plans[1].run.note = evil;
  report.trace.damage = {{trace::Damage::Kind::bad_block, 4096, 512, evil}};
  report.examples[0][0].parameters = {evil};
  return report;
}

}  // namespace quell::test
