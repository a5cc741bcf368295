#include <cstdlib>
#include <set>

#include <quell/trace/error.hpp>

#include "tests/unit/tracer/tracing.hpp"

namespace quell::tracer::testing {
namespace {

using trace::Value;

constexpr std::uint32_t kInt4 = 23;
constexpr std::uint32_t kText = 25;
constexpr std::uint32_t kFloat8 = 701;

/// A result of text values for the observer.
struct Table {
  std::vector<ColumnOrigin> columns;
  std::vector<std::vector<const char*>> rows;  ///< null: NULL

  [[nodiscard]] ResultView view() const {
    return {.result = this,
            .columns = static_cast<std::uint32_t>(columns.size()),
            .rows = rows.size(),
            .column = [](const void* table, std::uint32_t i) { return static_cast<const Table*>(table)->columns[i]; },
            .value = [](const void* table, std::uint64_t row, std::uint32_t column) -> std::string_view {
              const char* text = static_cast<const Table*>(table)->rows[row][column];
              return text == nullptr ? std::string_view{} : std::string_view{text};
            }};
  }
};

Table posts() {
  return {.columns = {{.name = "id", .table_oid = 16400, .attribute_number = 1, .type_oid = kInt4},
                      {.name = "score", .table_oid = 16400, .attribute_number = 2, .type_oid = kFloat8},
                      {.name = "slug", .table_oid = 16400, .attribute_number = 3, .type_oid = kText}},
          .rows = {{"7", "1.5", "first"}, {"8", "2.5", nullptr}}};
}

TEST_F(TracerTest, NothingIsRecordedAndEveryCallIsHarmlessWhileOff) {
  EXPECT_FALSE(enabled());
  EXPECT_FALSE(observer()->active(nullptr));
  Scope scope(trace::ScopeKind::request, "GET /posts");
  EXPECT_EQ(scope.id(), 0U);
  EXPECT_EQ(QuerySpan("SELECT 1", 1, scope.id()).end(), 0U);
  EXPECT_EQ(observer()->connection_opened(nullptr, {}), 0U);
  EXPECT_EQ(observer()->statement_finished(nullptr, {}), 0U);
  observer()->result_consumed(nullptr, {});
  observer()->pool_event(nullptr, {});
  EXPECT_EQ(stop().recorded_queries, 0U);
}

TEST_F(TracerTest, QuerySpanKeepsTextParametersScopeConnectionAndCallSite) {
  start(params());
  Scope scope(trace::ScopeKind::request, "GET /posts/{id}");
  const trace::ScopeId scope_id = scope.id();
  const std::array bound{BoundParameter{.type_oid = kInt4, .format = trace::Format::binary, .bytes = {"\0\0\0\7", 4}},
                         BoundParameter{.type_oid = kText, .bytes = "x"}, BoundParameter{.type_oid = kText}};
  QuerySpan span("SELECT * FROM posts WHERE id = $1", 3, scope.id(), bound);
  const int line = __LINE__ - 1;
  const trace::QueryId id = span.end(1, "23505");
  scope.end(200);
  EXPECT_EQ(stop().recorded_queries, 1U);

  const ReadTrace read(params().path);
  EXPECT_TRUE(read.summary().complete());
  EXPECT_EQ(read.reader->header().program, "tracer_test");
  ASSERT_EQ(read.of(EventKind::query).size(), 1U);
  const OwnedEvent query = read.of(EventKind::query)[0];
  EXPECT_EQ(query.numbers[query_at::kId], id);
  EXPECT_NE(id, 0U);
  EXPECT_EQ(query.numbers[query_at::kConnection], 3U);
  EXPECT_EQ(query.numbers[query_at::kScope], scope_id);
  EXPECT_EQ(read.texts.at(query.numbers[query_at::kText]), "SELECT * FROM posts WHERE id = $1");
  EXPECT_EQ(query.numbers[query_at::kRows], 1U);
  EXPECT_EQ(query.bytes, "23505");
  EXPECT_LT(query.numbers[query_at::kStart], query.numbers[query_at::kComplete]);
  ASSERT_EQ(query.parameters.size(), 3U);
  EXPECT_EQ(query.parameters[0].form, trace::ParameterForm::binary);
  EXPECT_EQ(query.parameters[0].bytes, std::string("\0\0\0\7", 4));
  EXPECT_EQ(query.parameters[1].form, trace::ParameterForm::text);
  EXPECT_EQ(query.parameters[1].bytes, "x");
  EXPECT_EQ(query.parameters[2].form, trace::ParameterForm::null);

  const OwnedEvent stack = read.of(EventKind::stack).at(0);
  EXPECT_EQ(query.numbers[query_at::kStack], stack.numbers[0]);
  EXPECT_EQ(read.texts.at(stack.numbers[1]), "TestBody");
  EXPECT_EQ(read.texts.at(stack.numbers[2]), "tests/unit/tracer/recording_test.cpp") << "relative to the repository";
  EXPECT_EQ(stack.numbers[3], static_cast<std::uint64_t>(line));
}

TEST_F(TracerTest, NestedScopesNameTheirParentAndEndInOrder) {
  start(params());
  {
    const trace::TraceContext context{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};
    Scope outer(trace::ScopeKind::request, "GET /posts", context);
    Scope inner(trace::ScopeKind::job, "render", {}, outer.id());
    Scope moved(std::move(inner));
    EXPECT_EQ(inner.id(), 0U);  // NOLINT(bugprone-use-after-move): a moved-from scope is empty
    moved.end(1);
    outer.end(503);
  }
  static_cast<void>(stop());
  const ReadTrace read(params().path);
  const auto begins = read.of(EventKind::scope_begin);
  const auto ends = read.of(EventKind::scope_end);
  ASSERT_EQ(begins.size(), 2U);
  ASSERT_EQ(ends.size(), 2U) << "an ended or moved-from scope does not end again";
  EXPECT_EQ(begins[0].numbers[2], 0U);
  EXPECT_EQ(begins[1].numbers[2], begins[0].numbers[1]);
  EXPECT_EQ(begins[1].numbers[3], static_cast<std::uint64_t>(trace::ScopeKind::job));
  EXPECT_EQ(read.texts.at(begins[0].numbers[6]), "GET /posts");
  EXPECT_EQ(begins[0].bytes[15], 16);
  EXPECT_EQ(ends[0].numbers[1], begins[1].numbers[1]);
  EXPECT_EQ(ends[0].numbers[2], 1U);
  EXPECT_EQ(ends[1].numbers[1], begins[0].numbers[1]);
  EXPECT_EQ(ends[1].numbers[2], 503U);
}

TEST_F(TracerTest, ObserverRecordsConnectionPoolAndConsumption) {
  start(params());
  const Observer& observed = *observer();
  EXPECT_TRUE(observed.active(observed.context));
  const trace::ConnectionId connection = observed.connection_opened(observed.context, {.database = "shop",
                                                                                       .user = "anna",
                                                                                       .application_name = "web",
                                                                                       .server_version = "15.4",
                                                                                       .peer = "/run/pg",
                                                                                       .backend_pid = 99});
  observed.pool_event(
      observed.context,
      {.action = trace::PoolAction::timeout, .pool = "main", .connection = connection, .scope = 5, .duration = 12345});
  const Table table = posts();
  const ResultView view = table.view();
  const trace::QueryId query =
      observed.statement_finished(observed.context, {.connection = connection, .text = "SELECT", .result = &view});
  const std::array<std::uint8_t, 3> columns_read{1, 0, 1};
  observed.result_consumed(observed.context,
                           {.query = query, .rows_read = 1, .total_rows = 2, .columns_read = columns_read});
  observed.connection_closed(observed.context, connection, "server went away");
  static_cast<void>(stop());

  const ReadTrace read(params().path);
  const OwnedEvent opened = read.of(EventKind::connection).at(0);
  EXPECT_EQ(opened.numbers[1], connection);
  EXPECT_EQ(read.texts.at(opened.numbers[2]), "shop");
  EXPECT_EQ(read.texts.at(opened.numbers[3]), "anna");
  EXPECT_EQ(read.texts.at(opened.numbers[4]), "web");
  EXPECT_EQ(read.texts.at(opened.numbers[5]), "15.4");
  EXPECT_EQ(read.texts.at(opened.numbers[6]), "/run/pg");
  EXPECT_EQ(opened.numbers[7], 99U);
  const OwnedEvent pool = read.of(EventKind::pool).at(0);
  EXPECT_EQ(pool.numbers[1], static_cast<std::uint64_t>(trace::PoolAction::timeout));
  EXPECT_EQ(read.texts.at(pool.numbers[2]), "main");
  EXPECT_EQ(pool.numbers[3], connection);
  EXPECT_EQ(pool.numbers[4], 5U);
  EXPECT_EQ(pool.numbers[5], 12345U);
  const OwnedEvent shape = read.of(EventKind::shape).at(0);
  const OwnedEvent consumption = read.of(EventKind::consumption).at(0);
  EXPECT_EQ(consumption.numbers, (std::vector<std::uint64_t>{query, shape.numbers[0], 1, 2}));
  EXPECT_EQ(consumption.bytes, std::string("\1\0\1", 3));
  const OwnedEvent closed = read.of(EventKind::connection_end).at(0);
  EXPECT_EQ(closed.numbers[1], connection);
  EXPECT_EQ(read.texts.at(closed.numbers[2]), "server went away");
}

TEST_F(TracerTest, ResultKeepsOriginsOfAllColumnsAndValuesOfKeyLikeOnes) {
  start(params());
  const Table table = posts();
  const ResultView view = table.view();
  const trace::QueryId query = observer()->statement_finished(nullptr, {.text = "SELECT", .result = &view});
  static_cast<void>(stop());
  const ReadTrace read(params().path);
  const trace::Canonicalizer canonicalizer(read.reader->header().key);
  const OwnedEvent shape = read.of(EventKind::shape).at(0);
  ASSERT_EQ(shape.numbers.size(), 1U + 3 * 5);
  EXPECT_EQ(read.texts.at(shape.numbers[1]), "id");
  EXPECT_EQ(shape.numbers[2], 16400U);
  EXPECT_EQ(shape.numbers[3], 1U);
  EXPECT_EQ(shape.numbers[4], kInt4);
  EXPECT_EQ(shape.numbers[5], 1U) << "an integer is key-like";
  EXPECT_EQ(shape.numbers[10], 0U) << "a float is not";
  EXPECT_EQ(shape.numbers[15], 1U);
  const OwnedEvent values = read.of(EventKind::result_values).at(0);
  EXPECT_EQ(values.numbers, (std::vector<std::uint64_t>{query, shape.numbers[0], 2, 2, 2}));
  EXPECT_EQ(values.values, (std::vector<Value>{Value::integer(7), Value::integer(8), canonicalizer.from_text("first"),
                                               Value::null()}));
}

TEST_F(TracerTest, ResultLimitsCutRowsAndColumnsAndLongValues) {
  TracerParams limits = params();
  limits.result_rows = 1;
  limits.result_columns = 1;
  limits.value_bytes = 3;
  start(limits);
  Table table = posts();
  ResultView view = table.view();
  observer()->statement_finished(nullptr, {.text = "SELECT", .result = &view});
  table.rows[0][0] = "1234";
  observer()->statement_finished(nullptr, {.text = "SELECT", .result = &view});
  static_cast<void>(stop());
  const ReadTrace read(params().path);
  const auto values = read.of(EventKind::result_values);
  EXPECT_EQ(values.at(0).numbers[4], 2U) << "the whole result has two rows";
  EXPECT_EQ(values.at(0).values, (std::vector<Value>{Value::integer(7)}));
  EXPECT_EQ(values.at(1).values, (std::vector<Value>{Value::null()})) << "four bytes are too long for a key here";
}

TEST_F(TracerTest, RedactionLeavesNoValueInTheFile) {
  TracerParams redacting = params();
  redacting.redact = true;
  start(redacting);
  Table table = posts();
  table.rows[0] = {"90125", "1", "tell-tale-slug"};
  const ResultView view = table.view();
  const std::array bound{BoundParameter{.type_oid = kInt4, .bytes = "90125"},
                         BoundParameter{.type_oid = kText, .bytes = "tell-tale-bind"}};
  observer()->statement_finished(nullptr, {.text = "SELECT $1", .parameters = bound, .result = &view});
  static_cast<void>(stop());
  const ReadTrace read(params().path);
  EXPECT_TRUE(read.reader->header().redacted);
  const OwnedEvent query = read.of(EventKind::query).at(0);
  const OwnedEvent values = read.of(EventKind::result_values).at(0);
  EXPECT_EQ(query.parameters[0].form, trace::ParameterForm::canonical);
  EXPECT_EQ(query.parameters[0].value.kind(), Value::Kind::hash);
  EXPECT_EQ(query.parameters[0].value, values.values[0]) << "the value edge can still be seen";
  EXPECT_EQ(values.values[0].kind(), Value::Kind::hash);
  for (const OwnedEvent& event : read.recorder.events) EXPECT_EQ(event.bytes.find("tell-tale"), std::string::npos);
  for (const auto& parameter : query.parameters) EXPECT_EQ(parameter.bytes, "");
}

TEST_F(TracerTest, RedactionTakesLiteralsOutOfStatementTexts) {
  TracerParams redacting = params();
  redacting.redact = true;
  start(redacting);
  IdSlot slot;
  observer()->statement_finished(nullptr, {.text = "SELECT 'tell-tale', 90125 FROM t", .slot = &slot});
  observer()->statement_finished(nullptr, {.text = "SELECT 'tell-tale', 90125 FROM t"});
  static_cast<void>(stop());
  const ReadTrace read(params().path);
  for (const OwnedEvent& query : read.of(EventKind::query)) {
    EXPECT_EQ(read.texts.at(query.numbers[7]), "SELECT '?', 0 FROM t");
  }
  for (const auto& [id, text] : read.texts) EXPECT_EQ(text.find("tell-tale"), std::string::npos) << text;
}

TEST_F(TracerTest, PasswordInAStatementIsNeverRecorded) {
  start(params());
  observer()->statement_finished(nullptr, {.text = "ALTER ROLE ada PASSWORD 'hush'"});
  observer()->statement_finished(nullptr, {.text = "SELECT 'kept'"});
  static_cast<void>(stop());
  const ReadTrace read(params().path);
  const auto queries = read.of(EventKind::query);
  EXPECT_EQ(read.texts.at(queries.at(0).numbers[7]), "ALTER ROLE ada PASSWORD '?'");
  EXPECT_EQ(read.texts.at(queries.at(1).numbers[7]), "SELECT 'kept'");
}

TEST_F(TracerTest, LongParameterIsCutAndSaysSo) {
  TracerParams limits = params();
  limits.parameter_bytes = 4;
  start(limits);
  const std::array bound{BoundParameter{.type_oid = kText, .bytes = "abcdef"}};
  observer()->statement_finished(nullptr, {.text = "SELECT $1", .parameters = bound});
  static_cast<void>(stop());
  const OwnedEvent query = ReadTrace(params().path).of(EventKind::query).at(0);
  EXPECT_EQ(query.parameters[0].bytes, "abcd");
  EXPECT_EQ(query.parameters[0].full_size, 6U);
  EXPECT_EQ(query.numbers[query_at::kFlags], trace::query_flag::kParametersCut);
}

TEST_F(TracerTest, NewRecordingInvalidatesSlots) {
  IdSlot slot;
  const Table table = posts();
  const ResultView view = table.view();
  const auto run = [&](std::string_view text) {
    observer()->statement_finished(nullptr, {.text = text, .slot = &slot, .result = &view});
  };
  start(params("first.qtr"));
  observer()->statement_finished(nullptr, {.text = "SELECT 'another text takes the first id'"});
  run("SELECT a");
  run("SELECT a");
  const IdSlot first = slot;
  static_cast<void>(stop());
  start(params("second.qtr"));
  run("SELECT a");
  static_cast<void>(stop());
  EXPECT_NE(slot.epoch, first.epoch);

  for (const char* name : {"first.qtr", "second.qtr"}) {
    const ReadTrace read(scratch.file(name));
    const OwnedEvent query = read.of(EventKind::query).back();
    EXPECT_EQ(read.texts.at(query.numbers[query_at::kText]), "SELECT a") << name;
    const OwnedEvent values = read.of(EventKind::result_values).back();
    EXPECT_EQ(values.numbers[1], read.of(EventKind::shape).at(0).numbers[0]) << name;
    EXPECT_TRUE(read.summary().complete()) << name;
  }
}

TEST_F(TracerTest, ScopeOfAnEarlierRecordingDoesNotEndInALaterOne) {
  start(params("first.qtr"));
  Scope scope(trace::ScopeKind::job, "import");
  static_cast<void>(stop());
  start(params("second.qtr"));
  scope.end(0);
  static_cast<void>(stop());
  EXPECT_TRUE(ReadTrace(scratch.file("second.qtr")).of(EventKind::scope_end).empty());
}

TEST_F(TracerTest, SecondRecordingAtOnceIsRefused) {
  start(params());
  try {
    start(params("other.qtr"));
    FAIL() << "two recordings at once";
  } catch (const trace::TraceError& error) {
    EXPECT_NE(std::string(error.what()).find("already"), std::string::npos) << error.what();
  }
}

TEST_F(TracerTest, RingThatIsNoPowerOfTwoIsRefused) {
  TracerParams odd = params();
  odd.ring_bytes = 5000;
  EXPECT_THROW(start(odd), trace::TraceError);
  EXPECT_FALSE(enabled());
}

TEST_F(TracerTest, FileThatCannotBeCreatedIsSaidAndNothingRecords) {
  TracerParams nowhere = params();
  nowhere.path = scratch.file("no/such/folder/t.qtr");
  try {
    start(nowhere);
    FAIL() << "no such folder";
  } catch (const trace::TraceError& error) {
    EXPECT_NE(std::string(error.what()).find(nowhere.path), std::string::npos) << error.what();
    EXPECT_NE(std::string(error.what()).find("No such file or directory"), std::string::npos) << error.what();
  }
  EXPECT_FALSE(enabled());
}

TEST_F(TracerTest, EnvironmentStartsARecording) {
  ::unsetenv("QUELL_TRACE");
  EXPECT_FALSE(start_from_environment("bookshop"));
  ::setenv("QUELL_TRACE", scratch.file("env.qtr").c_str(), 1);
  ::setenv("QUELL_REDACT", "1", 1);
  EXPECT_TRUE(start_from_environment("bookshop"));
  static_cast<void>(stop());
  const ReadTrace read(scratch.file("env.qtr"));
  EXPECT_EQ(read.reader->header().program, "bookshop");
  EXPECT_TRUE(read.reader->header().redacted);
  ::unsetenv("QUELL_REDACT");
  ::unsetenv("QUELL_TRACE");
}

TEST_F(TracerTest, EnvironmentWithAnUnwritableFileSaysSoAndGoesOn) {
  ::setenv("QUELL_TRACE", "/dev/full", 1);
  ::testing::internal::CaptureStderr();
  EXPECT_FALSE(start_from_environment("bookshop"));
  const std::string said = ::testing::internal::GetCapturedStderr();
  EXPECT_NE(said.find("/dev/full"), std::string::npos) << said;
  EXPECT_NE(said.find("No space left on device"), std::string::npos) << said;
  EXPECT_EQ(QuerySpan("SELECT 1", 1, 0).end(), 0U);
  ::unsetenv("QUELL_TRACE");
}

}  // namespace
}  // namespace quell::tracer::testing
