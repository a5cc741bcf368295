#include "analyzer/model/workload.hpp"

#include <unistd.h>

#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <quell/trace/error.hpp>
#include <quell/trace/writer.hpp>

#include "analyzer/model/workload_builder.hpp"
#include "tests/unit/detect/scenario.hpp"

namespace quell::model {
namespace {

using test::Call;
using test::Result;
using test::Scenario;
using testing::ElementsAre;

TEST(Workload, ExecutionComesBackAsItWasRecorded) {
  Scenario s;
  s.scope("GET /x");
  Call call;
  call.text = "SELECT a FROM t WHERE b = $1";
  call.binds = {std::int64_t{5}};
  call.connection = 7;
  call.duration = 6'000'000'000;  // beyond 32 bits of nanoseconds
  call.sqlstate = "40001";
  call.rows = 3'000'000'000;
  call.batch = 9;
  call.transaction_state = trace::TransactionState::failed;
  call.flags = trace::query_flag::kPrepared;
  s.call(call);
  s.end_scope(500);
  const Workload w = s.workload();
  ASSERT_EQ(w.query_count(), 1U);
  const Execution e = w.execution(0);
  EXPECT_EQ(e.start, 1'000'100'000);
  EXPECT_EQ(e.first_byte, e.start + 3'000'000'000);
  EXPECT_EQ(e.complete, e.start + 6'000'000'000);
  EXPECT_EQ(e.duration(), 6'000'000'000);
  EXPECT_EQ(e.connection, 7U);
  EXPECT_EQ(std::string(e.sqlstate.data(), 5), "40001");
  EXPECT_TRUE(e.failed());
  EXPECT_EQ(e.rows, 3'000'000'000U);
  EXPECT_EQ(e.pipeline_batch, 9U);
  EXPECT_EQ(e.flags, trace::query_flag::kPrepared);
  EXPECT_EQ(e.transaction_state, trace::TransactionState::failed);
  EXPECT_EQ(w.scopes()[e.scope].name, "GET /x");
  EXPECT_EQ(w.scopes()[e.scope].outcome, 500);
  EXPECT_TRUE(w.scopes()[e.scope].ended);
}

TEST(Workload, BindsAreParametersOrElseLiterals) {
  Scenario s;
  s.scope("GET /x");
  s.call("SELECT a FROM t WHERE b = $1 AND c = 'fixed' AND d = $2", {std::int64_t{5}, nullptr});
  s.call("SELECT a FROM t WHERE b = 5 AND c = 'it''s' AND d = NULL");
  const Workload w = s.workload();
  const auto parameters = w.binds(0);
  ASSERT_EQ(parameters.size(), 2U);
  EXPECT_EQ(parameters[0].bytes, "5");
  EXPECT_EQ(parameters[0].value, trace::Value::integer(5));
  EXPECT_TRUE(parameters[1].value.is_null());
  const auto literals = w.binds(1);
  ASSERT_EQ(literals.size(), 3U);
  EXPECT_EQ(literals[0].value, parameters[0].value);
  EXPECT_EQ(literals[1].bytes, "it's");
  EXPECT_EQ(literals[2].form, trace::ParameterForm::null);
  for (QueryIndex q = 0; q < 2; ++q) {
    std::vector<trace::Value> values;
    w.bind_values(q, values);
    ASSERT_EQ(values.size(), w.binds(q).size());
    for (std::size_t i = 0; i < values.size(); ++i) EXPECT_EQ(values[i], w.binds(q)[i].value);
  }
}

TEST(Workload, TextsOfOneShapeAreOneStatement) {
  Scenario s;
  s.scope("GET /x");
  s.call("SELECT a FROM t WHERE b = 1");
  s.call("select a from t x where x.b=$1", {std::int64_t{2}});
  s.call("SELECT a FROM t WHERE c = 1");
  const Workload w = s.workload();
  EXPECT_EQ(w.statements().size(), 2U);
  EXPECT_EQ(w.statements()[0].example_text, "SELECT a FROM t WHERE b = 1");
  EXPECT_THAT(w.queries_of_statement(0), ElementsAre(0, 1));
  EXPECT_EQ(w.text_of(1), "select a from t x where x.b=$1");
}

TEST(Workload, QueriesAreSortedByStart) {
  trace::Header header;
  WorkloadBuilder builder(header);
  builder.on(trace::Text{1, "SELECT a FROM t", 15}, trace::Source::proxy);
  for (const trace::Time start : {30, 10, 20}) {
    trace::Query query;
    query.id = static_cast<trace::QueryId>(start);
    query.text = 1;
    query.start = start;
    builder.on(query, trace::Source::proxy);
  }
  const Workload w = std::move(builder).finish({});
  EXPECT_EQ(w.execution(0).start, 10);
  EXPECT_EQ(w.execution(1).start, 20);
  EXPECT_EQ(w.execution(2).start, 30);
}

TEST(Workload, ResultsBelongToTheirQueryWhateverTheOrder) {
  Scenario s;
  s.scope("GET /x");
  s.call("SELECT a FROM t");
  s.call("SELECT id, name FROM users", {},
         {{{"id", "users", 1}, {"name", "users", 2}},
          {{std::int64_t{1}, std::string("ann")}, {std::int64_t{2}, nullptr}}});
  const Workload w = s.workload();
  EXPECT_FALSE(w.result(0));
  const auto result = w.result(1);
  ASSERT_TRUE(result);
  EXPECT_EQ(result->rows, 2U);
  EXPECT_EQ(result->columns[1].name, "name");
  EXPECT_EQ(result->value(1, 0), trace::Value::integer(2));
  EXPECT_TRUE(result->value(1, 1).is_null());
  EXPECT_EQ(w.table_name(result->columns[0].table_oid), "users");
}

TEST(Workload, TableNamesOfJoinsAreLearnedByElimination) {
  Scenario s;
  s.scope("GET /x");
  s.call("SELECT p.id, u.id FROM posts p JOIN users u ON u.id = p.author_id", {},
         {{{"id", "posts", 1}, {"id", "users", 1}}, {{std::int64_t{1}, std::int64_t{2}}}});
  const std::uint32_t users = s.table_oid("users");
  const std::uint32_t posts = s.table_oid("posts");
  s.call("SELECT id FROM app.users", {}, {{{"id", "users", 1}}, {{std::int64_t{2}}}});
  s.call("SELECT u.id FROM posts p JOIN app.users u ON true", {}, {{{"id", "posts", 1}}, {{std::int64_t{2}}}});
  const Workload w = s.workload();
  EXPECT_EQ(w.table_name(users), "app.users");
  EXPECT_EQ(w.table_name(posts), "posts");
  EXPECT_EQ(w.table_name(1), "");
}

TEST(Workload, ScopesAreSortedAndKeepTheirParents) {
  trace::Header header;
  WorkloadBuilder builder(header);
  builder.on(trace::Text{1, "inner", 5}, trace::Source::tracer);
  builder.on(trace::Text{2, "outer", 5}, trace::Source::tracer);
  trace::ScopeBegin inner;
  inner.time = 20;
  inner.id = 2;
  inner.parent = 1;
  inner.name = 1;
  builder.on(inner, trace::Source::tracer);  // another thread's ring may come first
  trace::ScopeBegin outer;
  outer.time = 10;
  outer.id = 1;
  outer.name = 2;
  builder.on(outer, trace::Source::tracer);
  const Workload w = std::move(builder).finish({});
  ASSERT_EQ(w.scopes().size(), 2U);
  EXPECT_EQ(w.scopes()[0].name, "outer");
  EXPECT_EQ(w.scopes()[1].name, "inner");
  EXPECT_EQ(w.scopes()[1].parent, 0U);
  EXPECT_EQ(w.scopes()[0].parent, kNone);
}

TEST(Workload, EndsOfUnendedScopesAreTheirLastReply) {
  Scenario s;
  s.scope("GET /x");
  s.call("SELECT a FROM t");
  const Workload w = s.workload();
  EXPECT_FALSE(w.scopes()[0].ended);
  EXPECT_EQ(w.scopes()[0].end, w.execution(0).ready);
}

TEST(Workload, EmptyTraceIsAnEmptyWorkload) {
  const Workload w = WorkloadBuilder(trace::Header{}).finish({});
  EXPECT_EQ(w.query_count(), 0U);
  EXPECT_TRUE(w.scopes().empty());
  EXPECT_TRUE(w.queries_without_scope().empty());
  EXPECT_TRUE(Workload().queries_without_scope().empty());
}

TEST(Workload, EventsThatNameWhatIsMissingAreTaken) {
  WorkloadBuilder builder((trace::Header()));
  trace::Query query;
  query.id = 1;
  query.text = 99;
  query.stack = 98;
  query.scope = 97;
  builder.on(query, trace::Source::tracer);
  trace::ResultValues values;
  values.query = 55;
  values.shape = 54;
  builder.on(values, trace::Source::tracer);
  values.query = 1;
  builder.on(values, trace::Source::tracer);
  trace::Consumption consumption;
  consumption.query = 55;
  builder.on(consumption, trace::Source::tracer);
  const Workload w = std::move(builder).finish({});
  EXPECT_EQ(w.query_count(), 1U);
  EXPECT_EQ(w.text_of(0), "");
  EXPECT_TRUE(w.stack(98).empty());
  EXPECT_FALSE(w.result(0));
  EXPECT_EQ(w.scopes()[0].name, "(unnamed)");
}

class TraceFile : public testing::Test {
 protected:
  ~TraceFile() override { std::filesystem::remove(path_); }
  const std::string path_ = testing::TempDir() + "quell_model_" + std::to_string(::getpid()) + ".quell";
};

TEST_F(TraceFile, IsLoadedWhole) {
  {
    const auto writer = trace::Writer::create(path_, {});
    trace::Query query;
    query.text = writer->text("SELECT a FROM t WHERE b = 7");
    query.start = 5;
    query.complete = query.ready = 9;
    query.id = 1;
    writer->write(query);
    trace::Column column;
    column.name = writer->text("a");
    column.table_oid = 4711;
    column.recorded = true;
    trace::ResultValues values;
    values.query = 1;
    values.shape = writer->shape(std::span(&column, 1));
    values.rows = values.columns = 1;
    values.total_rows = 1;
    const trace::Value value = trace::Value::integer(42);
    values.values = std::span(&value, 1);
    writer->write(values);
  }
  std::uint64_t calls = 0;
  const Workload w = load_workload(path_, [&](std::uint64_t, std::uint64_t) {
    ++calls;
    return true;
  });
  ASSERT_EQ(w.query_count(), 1U);
  EXPECT_EQ(w.binds(0)[0].value, trace::Value::integer(7));
  EXPECT_EQ(w.result(0)->value(0, 0), trace::Value::integer(42));
  EXPECT_EQ(w.table_name(4711), "t");
  EXPECT_TRUE(w.summary().complete());
}

TEST_F(TraceFile, ThatIsNoneIsRefusedWithASentence) {
  std::ofstream(path_) << "not a trace";
  EXPECT_THROW(static_cast<void>(load_workload(path_)), trace::TraceError);
}

}  // namespace
}  // namespace quell::model
