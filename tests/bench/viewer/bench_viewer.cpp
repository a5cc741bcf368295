// The work of the window on long traces. Run with QT_QPA_PLATFORM=offscreen. The argument is the number of queries.
#include <benchmark/benchmark.h>

#include <QApplication>
#include <QPixmap>
#include <cmath>
#include <map>
#include <random>

#include "gui/model/lanes.hpp"
#include "gui/model/query_order.hpp"
#include "gui/view/theme.hpp"
#include "gui/view/timeline.hpp"

namespace quell::gui {
namespace {

constexpr std::uint32_t kQueriesOfScope = 50;
constexpr std::uint32_t kNames = 20;
constexpr std::uint32_t kConnections = 8;
constexpr std::uint32_t kStatements = 400;

/// Eight connections that serve requests of 50 queries, one after the other, without rest.
SessionPtr make_session(std::uint32_t count) {
  auto session = std::make_shared<Session>();
  std::mt19937 random(1);
  for (std::uint32_t i = 0; i < kNames; ++i) session->scope_names.push_back("GET /resource/" + std::to_string(i));
  for (std::uint32_t i = 0; i < kStatements; ++i) {
    report::StatementSummary statement;
    statement.text = "SELECT a, b, c FROM table_" + std::to_string(random() % 1000) + " WHERE id = $1";
    session->report.statements.push_back(statement);
    session->statement_classes.push_back(i % 7 == 0 ? QueryClass::write : QueryClass::read);
  }
  auto& queries = session->queries;
  // Each connection runs a query every 400 µs, shifted by its share of that.
  for (std::uint32_t query = 0; query < count; ++query) {
    const auto connection = query % kConnections;
    const auto turn = query / kConnections;
    const auto scope = turn / kQueriesOfScope * kConnections + connection;
    const auto start = static_cast<trace::Time>(turn) * 400'000 + connection * 50'000;
    if (scope >= session->scopes.size()) session->scopes.resize(scope + 1, {0, 0, 0, 200});
    auto& span = session->scopes[scope];
    if (turn % kQueriesOfScope == 0) span = {start - 1'000, start, random() % kNames, 200};
    span.end = start + 380'000;
    queries.start.push_back(start);
    queries.duration.push_back(static_cast<float>(20'000 + random() % 300'000));
    queries.statement.push_back(random() % kStatements);
    queries.scope.push_back(scope);
    queries.connection.push_back(connection);
    queries.rows.push_back(random() % 100);
    queries.marks.push_back(random() % 4 == 0 ? mark::kInFinding : 0);
  }
  session->begin = 0;
  session->end = queries.end(count - 1) + 1'000'000;
  session->lanes = std::make_shared<const LaneSet>(build_lanes(*session, Grouping::scope_name));
  return session;
}

const SessionPtr& session_of(const benchmark::State& state) {
  static std::map<std::int64_t, SessionPtr> sessions;
  auto& session = sessions[state.range(0)];
  if (!session) session = make_session(static_cast<std::uint32_t>(state.range(0)));
  return session;
}

void BM_BuildLanes(benchmark::State& state) {
  const auto& session = session_of(state);
  for (auto _ : state) benchmark::DoNotOptimize(build_lanes(*session, Grouping::scope_name));
}

/// One frame of a timeline of 1,000 x 600 pixels; the second argument is the zoom as a power of ten.
void BM_TimelineFrame(benchmark::State& state) {
  const auto& session = session_of(state);
  Timeline timeline;
  timeline.resize(1'000, 600);
  timeline.set_session(session, session->lanes);
  const auto length = static_cast<double>(session->end - session->begin);
  const auto visible = static_cast<trace::Duration>(length / std::pow(10, static_cast<double>(state.range(1))));
  timeline.set_visible_range({session->end / 2, session->end / 2 + visible});
  QPixmap frame(timeline.size());
  timeline.render(&frame);  // the overview's profile is computed once a width
  for (auto _ : state) timeline.render(&frame);
}

void BM_SortByDuration(benchmark::State& state) {
  const auto& session = session_of(state);
  for (auto _ : state) benchmark::DoNotOptimize(order_queries(*session, {{}, QueryColumn::duration, true}));
}

void BM_SearchText(benchmark::State& state) {
  const auto& session = session_of(state);
  Filter filter;
  filter.text = "table_7";
  for (auto _ : state) benchmark::DoNotOptimize(order_queries(*session, {filter, QueryColumn::start, false}));
}

BENCHMARK(BM_BuildLanes)->Arg(1'000'000)->Arg(10'000'000)->Unit(benchmark::kMillisecond);
BENCHMARK(BM_TimelineFrame)->ArgsProduct({{1'000'000, 10'000'000}, {0, 1, 2, 3, 4, 5}})->Unit(benchmark::kMillisecond);
BENCHMARK(BM_SortByDuration)->Arg(1'000'000)->Arg(10'000'000)->Unit(benchmark::kMillisecond);
BENCHMARK(BM_SearchText)->Arg(1'000'000)->Arg(10'000'000)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace quell::gui

int main(int argc, char** argv) {
  qputenv("QT_QPA_PLATFORM", "offscreen");
  QApplication application(argc, argv);
  quell::gui::apply_theme(application, quell::gui::ThemeChoice::light);
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
