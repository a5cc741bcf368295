#include "tests/unit/gui/sample_session.hpp"

#include <algorithm>

namespace quell::gui::sample {
namespace {

constexpr trace::Time kMillisecond = 1'000'000;

const char* const kTexts[] = {
    "SELECT id, title, author_id FROM posts ORDER BY created_at DESC LIMIT $1",
    "SELECT id, name, email FROM users WHERE id = $1",
    "SELECT t.id, t.label FROM tags t WHERE t.visible ORDER BY t.label",
    "SELECT id, title, body, author_id FROM posts WHERE id = $1",
    "SELECT id, body, posted_at FROM comments WHERE post_id = $1 AND NOT hidden ORDER BY posted_at",
    "BEGIN",
    "INSERT INTO posts (title, body, author_id) VALUES ($1, $2, $3) RETURNING id",
    "COMMIT",
    "SELECT version()",
};
const QueryClass kClasses[] = {QueryClass::read,  QueryClass::read,        QueryClass::read,
                               QueryClass::read,  QueryClass::read,        QueryClass::transaction,
                               QueryClass::write, QueryClass::transaction, QueryClass::read};

class Builder {
 public:
  Session session;

  std::uint32_t scope(std::uint32_t name, trace::Time begin) {
    session.scopes.push_back({begin, begin, name, 200});
    clock_ = begin;
    return static_cast<std::uint32_t>(session.scopes.size() - 1);
  }

  void query(std::uint32_t scope, std::uint32_t statement, trace::Duration duration, std::uint32_t rows,
             std::uint32_t connection) {
    rows_.push_back({clock_ + 40'000, duration, statement, scope, rows, connection});
    clock_ += duration + 60'000;
    if (scope != model::kNone) session.scopes[scope].end = clock_;
  }

  void outside(trace::Time at) {
    clock_ = at;
    query(model::kNone, kVersion, 200'000, 1, 9);
  }

  void finish() {
    std::stable_sort(rows_.begin(), rows_.end(), [](const Row& a, const Row& b) { return a.start < b.start; });
    auto& queries = session.queries;
    for (const auto& row : rows_) {
      queries.start.push_back(row.start);
      queries.duration.push_back(static_cast<float>(row.duration));
      queries.statement.push_back(row.statement);
      queries.scope.push_back(row.scope);
      queries.rows.push_back(row.rows);
      queries.connection.push_back(row.connection);
      queries.marks.push_back(0);
    }
    session.begin = queries.start.front() - kMillisecond;
    session.end = queries.start.back() + 2 * kMillisecond;
  }

 private:
  struct Row {
    trace::Time start;
    trace::Duration duration;
    std::uint32_t statement;
    std::uint32_t scope;
    std::uint32_t rows;
    std::uint32_t connection;
  };
  trace::Time clock_ = 0;
  std::vector<Row> rows_;
};

void add_traffic(Builder& builder) {
  builder.outside(0);
  builder.outside(kMillisecond);
  for (std::uint32_t i = 0; i < kListRequests; ++i) {
    // 0 and 1 overlap.
    const auto scope = builder.scope(kGetPosts, i == 1 ? 12 * kMillisecond : (10 + i * 25) * kMillisecond);
    builder.query(scope, kList, 900'000, kChildren, i);
    for (std::uint32_t child = 0; child < kChildren; ++child)
      builder.query(scope, kAuthor, 180'000 + child * 4'000, 1, i);
  }
  for (std::uint32_t i = 0; i < 4; ++i) {
    const auto scope = builder.scope(kGetTags, (170 + i * 8) * kMillisecond);
    for (int repeat = 0; repeat < 3; ++repeat) builder.query(scope, kTag, 450'000, 12, i);
  }
  for (std::uint32_t i = 0; i < 10; ++i) {
    const auto scope = builder.scope(kGetPost, (40 + i * 16) * kMillisecond);
    builder.query(scope, kPost, 250'000, 1, 4);
    builder.query(scope, kComments, 4'200'000 + i * 100'000, 35, 4);
  }
  for (std::uint32_t i = 0; i < 3; ++i) {
    const auto scope = builder.scope(kPostPosts, (60 + i * 50) * kMillisecond);
    builder.query(scope, kBegin, 80'000, 0, 5);
    builder.query(scope, kInsert, 700'000, 1, 5);
    builder.query(scope, kCommit, 1'300'000, 0, 5);
  }
  builder.finish();
}

void add_statements(Session& session) {
  auto& statements = session.report.statements;
  for (std::size_t i = 0; i < std::size(kTexts); ++i) {
    report::StatementSummary summary;
    summary.id = "00000000000000a" + std::to_string(i);
    summary.text = kTexts[i];
    summary.kind = kClasses[i] == QueryClass::read ? "select" : "other";
    statements.push_back(summary);
    session.statement_classes.push_back(kClasses[i]);
  }
  std::vector<std::vector<float>> durations(statements.size());
  for (std::uint32_t query = 0; query < session.queries.size(); ++query) {
    const auto statement = session.queries.statement[query];
    ++statements[statement].executions;
    statements[statement].rows += session.queries.rows[query];
    statements[statement].total_ms += static_cast<double>(session.queries.duration[query]) / 1e6;
    durations[statement].push_back(session.queries.duration[query]);
  }
  for (std::size_t i = 0; i < statements.size(); ++i) {
    if (durations[i].empty()) continue;
    std::sort(durations[i].begin(), durations[i].end());
    statements[i].p50_ms = static_cast<double>(durations[i][(durations[i].size() - 1) / 2]) / 1e6;
    statements[i].p95_ms = static_cast<double>(durations[i][(durations[i].size() - 1) * 95 / 100]) / 1e6;
  }
}

void add_scopes(Session& session) {
  session.scope_names = {"GET /posts", "GET /tags", "GET /posts/{id}", "POST /posts"};
  session.report.scopes = {
      {"GET /posts", "request", 6, {21, 21, 21}, {5.9, 6.1, 6.3}, 32.0},
      {"GET /posts/{id}", "request", 10, {2, 2, 2}, {4.6, 5.1, 5.4}, 49.0},
      {"GET /tags", "request", 4, {3, 3, 3}, {1.5, 1.5, 1.5}, 5.4},
      {"POST /posts", "request", 3, {1, 1, 1}, {2.2, 2.3, 2.4}, 6.2},
  };
}

detect::Finding n_plus_one(const Session& session) {
  detect::Finding finding;
  finding.identity = "5f1e0c9a77d04b31";
  finding.kind = detect::Kind::n_plus_one;
  finding.confidence = detect::Confidence::proved;
  finding.severity = detect::Severity::high;
  finding.scope_name = "GET /posts";
  finding.scopes_affected = 6;
  finding.scopes_total = 6;
  finding.parent = kList;
  finding.child = kAuthor;
  finding.executions = kChildren;
  finding.distinct_values = kChildren;
  finding.total_executions = std::uint64_t{kChildren} * kListRequests;
  finding.edge = detect::ValueEdge{"posts", "author_id", "$1", "users", "id", 20, 20, 20, true};
  finding.call_sites = {
      {detect::LocatedCallSite::Role::parent, {"blog/posts.cpp", 41, "list_posts"}, 6},
      {detect::LocatedCallSite::Role::child, {"blog/render.cpp", 88, "render_author"}, 120},
  };
  for (std::uint32_t query = 0; query < session.queries.size() && finding.example_queries.size() < 6; ++query)
    if (session.queries.scope[query] == 2) finding.example_queries.push_back(query);
  finding.example_scope = 2;
  finding.cost = {19, 4.31, 114, 25.9, 0.71};
  finding.advice = {{detect::Advice::Kind::eager_load,
                     "Load the authors of all posts with one statement before rendering them.",
                     "co_await quell::db::selectin(connection, posts, &Post::author);", "quell::db"}};
  return finding;
}

detect::Finding duplicate() {
  detect::Finding finding;
  finding.identity = "03ab9d2e8c5514f7";
  finding.kind = detect::Kind::duplicate_query;
  finding.confidence = detect::Confidence::proved;
  finding.severity = detect::Severity::low;
  finding.scope_name = "GET /tags";
  finding.scopes_affected = 4;
  finding.scopes_total = 4;
  finding.child = kTag;
  finding.executions = 3;
  finding.distinct_values = 1;
  finding.total_executions = 12;
  finding.example_scope = kListRequests;
  finding.call_sites = {{detect::LocatedCallSite::Role::child, {"blog/tags.cpp", 17, "all_tags"}, 12}};
  finding.cost = {2, 0.9, 8, 3.6, 0.6};
  finding.advice = {{detect::Advice::Kind::memoize, "Keep the tags of the request after the first read.", "", ""}};
  return finding;
}

plan::Plan comments_plan() {
  plan::Node scan;
  scan.type = "Seq Scan";
  scan.parent_relationship = "Outer";
  scan.relation = "comments";
  scan.alias = "comments";
  scan.total_cost = 1893.0;
  scan.plan_rows = 2;
  scan.analyzed = true;
  scan.actual_total_ms = 3.9;
  scan.actual_rows = 35;
  scan.loops = 1;
  scan.rows_removed_by_filter = 99'965;
  scan.buffers = plan::Buffers{643, 0, 0, 0, 0, 0, 0, 0};
  scan.details = {{"Filter", "((NOT hidden) AND (post_id = 7))"}};
  scan.self_ms = 3.9;
  scan.self_interval = {3.9, 3.9};
  plan::Plan plan;
  plan.root.type = "Sort";
  plan.root.total_cost = 1893.1;
  plan.root.startup_cost = 1893.0;
  plan.root.plan_rows = 2;
  plan.root.analyzed = true;
  plan.root.actual_total_ms = 4.0;
  plan.root.actual_rows = 35;
  plan.root.loops = 1;
  plan.root.buffers = plan::Buffers{646, 0, 0, 0, 0, 0, 0, 0};
  plan.root.details = {{"Sort Key", "posted_at"}, {"Sort Method", "quicksort  Memory: 27kB"}};
  plan.root.self_ms = 0.1;
  plan.root.self_interval = {0.09, 0.11};
  plan.root.children = {scan};
  plan.analyzed = true;
  plan.planning_ms = 0.08;
  plan.execution_ms = 4.05;
  return plan;
}

void add_plans(Session& session) {
  report::StatementPlan comments;
  comments.statement = kComments;
  comments.run.ok = true;
  comments.run.mode = plan::RunMode::analyze;
  comments.run.plan = comments_plan();
  comments.insights = {
      {"discarding_scan", 1, 0.96, "Seq Scan on comments reads the whole table and throws away nearly all of it.",
       "99965 of 100000 rows removed by filter",
       "An index on the filter's columns would read only the rows it keeps; index advice checks the gain.", "",
       "((NOT hidden) AND (post_id = 7))"}};
  report::StatementPlan author;
  author.statement = kAuthor;
  author.run.ok = true;
  author.run.mode = plan::RunMode::analyze;
  author.run.plan.analyzed = true;
  author.run.plan.planning_ms = 0.06;
  author.run.plan.execution_ms = 0.03;
  auto& scan = author.run.plan.root;
  scan.type = "Index Scan";
  scan.index = "users_pkey";
  scan.relation = "users";
  scan.alias = "users";
  scan.startup_cost = 0.28;
  scan.total_cost = 8.3;
  scan.plan_rows = 1;
  scan.analyzed = true;
  scan.actual_total_ms = 0.021;
  scan.actual_rows = 1;
  scan.loops = 1;
  scan.buffers = plan::Buffers{3, 0, 0, 0, 0, 0, 0, 0};
  scan.details = {{"Index Cond", "(id = 7)"}};
  scan.self_ms = 0.021;
  scan.self_interval = {0.0205, 0.0215};
  session.report.plans = {comments, author};
  session.report.database_used = true;
  advise::IndexAdvice advice;
  advice.ddl = "CREATE INDEX CONCURRENTLY ON comments (post_id, posted_at)";
  advice.table = "comments";
  advice.columns = {"post_id", "posted_at"};
  advice.statements = {{kComments, 10, 1893.1, 9.4}};
  advice.cost_before = 18'931;
  advice.cost_after = 94;
  advice.verification = advise::Verification::what_if;
  session.report.index_advice = {advice};
}

}  // namespace

Session make_session() {
  Builder builder;
  add_traffic(builder);
  auto& session = builder.session;
  add_scopes(session);
  add_statements(session);
  session.report.trace_path = "blog.qtr";
  session.report.trace.closed = true;
  session.report.span_ms = static_cast<double>(session.end - session.begin) / 1e6;
  session.report.findings = {n_plus_one(session), duplicate()};
  add_plans(session);
  session.load_seconds = 0.012;
  session.detail = [](std::uint32_t query) {
    QueryDetail detail;
    detail.text = "SELECT id, name, email FROM users WHERE id = $1";
    detail.binds = {{"int8", std::to_string(query)}};
    detail.stack = {{"blog/render.cpp", 88, "render_author"}, {"blog/posts.cpp", 52, "get_posts"}};
    return detail;
  };
  mark_findings(session);
  return std::move(session);
}

SessionPtr shared_session() {
  static const SessionPtr session = std::make_shared<const Session>(make_session());
  return session;
}

Session make_long_session(std::uint32_t count) {
  Builder builder;
  builder.session.scope_names = {"job"};
  const auto scope = builder.scope(0, 0);
  for (std::uint32_t i = 0; i < count; ++i) builder.query(scope, i % 3, 100'000, i % 7, 0);
  builder.finish();
  add_statements(builder.session);
  return std::move(builder.session);
}

}  // namespace quell::gui::sample
