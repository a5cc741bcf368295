// Pipelines, SQL-level prepared statements, result values.
#include "agent/proxy/session_parser.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/proxy/wire_builder.hpp"

namespace quell::proxy::wire {
namespace {

using testing::ElementsAre;
using trace::ParameterForm;
using trace::Protocol;
using trace::TransactionState;
using trace::Value;
namespace flag = trace::query_flag;

class SessionParserPipelineTest : public SessionParserTest {};
INSTANTIATE_TEST_SUITE_P(Fragments, SessionParserPipelineTest, testing::Values(0, 1, 3));

// Pipelines.

std::string unnamed(std::string_view sql, const Parameters& parameters = {}) {
  return parse("", sql) + wire::bind("", "", parameters) + execute();
}

TEST_P(SessionParserPipelineTest, EachExecutionOfAPipelineHasItsOwnResult) {
  wire.log_in();
  wire.client(unnamed("select 1") + unnamed("insert into t select 1") + unnamed("update t set a=1") + sync(), 10);
  wire.server(parsed() + bound() + row({"1"}) + complete("SELECT 1"), 20);
  wire.server(parsed() + bound() + complete("INSERT 0 3"), 50);
  wire.server(parsed() + bound() + complete("UPDATE 5") + ready(), 60);
  const auto events = wire.executed();
  ASSERT_THAT(wire.texts(), ElementsAre("select 1", "insert into t select 1", "update t set a=1"));
  EXPECT_EQ(events[0].rows, 1U);
  EXPECT_EQ(events[1].rows, 3U);
  EXPECT_EQ(events[2].rows, 5U);
  for (const Executed& event : events) {
    EXPECT_EQ(event.protocol, Protocol::pipelined);
    EXPECT_EQ(event.pipeline_batch, events[0].pipeline_batch);
    EXPECT_EQ(event.ready, 60);
  }
  EXPECT_NE(events[0].pipeline_batch, 0U);
  // An execution begins when its predecessor is complete, not when it was sent.
  EXPECT_EQ(events[0].start, 10);
  EXPECT_EQ(events[1].start, 20);
  EXPECT_EQ(events[1].complete, 50);
  EXPECT_EQ(events[2].start, 50);
}

TEST_P(SessionParserPipelineTest, AfterAnErrorThePipelineIsSkippedUpToItsSyncOnly) {
  wire.log_in();
  wire.client(unnamed("select 1") + unnamed("select 1/0") + unnamed("select 3", {"a"}) + sync());
  wire.client(unnamed("select 4") + sync());
  wire.server(parsed() + bound() + complete("SELECT 1") + parsed() + bound() + error("22012") + ready());
  wire.server(parsed() + bound() + complete("SELECT 1") + ready());
  const auto events = wire.executed();
  ASSERT_THAT(wire.texts(), ElementsAre("select 1", "select 1/0", "select 3", "select 4"));
  EXPECT_EQ(code(events[1]), "22012");
  EXPECT_EQ(events[1].flags, 0);
  EXPECT_EQ(events[2].flags, flag::kSkippedAfterError);
  EXPECT_EQ(code(events[2]), "");
  EXPECT_EQ(text_of(events[2], 0), "a");
  EXPECT_EQ(events[3].flags, 0);
  EXPECT_EQ(code(events[3]), "");
}

TEST_P(SessionParserPipelineTest, WhatIsSentAfterTheErrorAndBeforeSyncIsSkippedToo) {
  wire.log_in();
  wire.client(unnamed("select 1/0") + flush());
  wire.server(parsed() + bound() + error("22012"));
  wire.client(unnamed("select 2"));
  wire.client(query("select 3"));  // even this: the server waits for a Sync
  wire.client(sync());
  wire.server(ready());
  const auto events = wire.executed();
  ASSERT_THAT(wire.texts(), ElementsAre("select 1/0", "select 2", "select 3"));
  EXPECT_EQ(events[1].flags, flag::kSkippedAfterError);
  EXPECT_EQ(events[2].flags, flag::kSkippedAfterError);
  wire.client(query("select 5"));
  wire.server(complete("SELECT 1") + ready());
  EXPECT_EQ(wire.texts().back(), "select 5");
}

TEST_P(SessionParserPipelineTest, AStatementThatDoesNotParseIsOneFailedExecution) {
  wire.log_in();
  wire.client(unnamed("selec 1", {"7"}) + sync(), 10);
  wire.server(error("42601"), 20);
  wire.server(ready(), 21);
  const auto events = wire.executed();
  ASSERT_THAT(wire.texts(), ElementsAre("selec 1"));
  EXPECT_EQ(code(events[0]), "42601");
  EXPECT_EQ(events[0].flags, 0);
  EXPECT_EQ(events[0].complete, 20);
  EXPECT_EQ(text_of(events[0], 0), "7");
  // Parse and Describe alone, as asyncpg prepares.
  wire.client(parse("a", "selec 2") + describe('S', "a") + flush());
  wire.server(error("42601"));
  wire.client(sync());
  wire.server(ready());
  ASSERT_THAT(wire.texts(), ElementsAre("selec 1", "selec 2"));
  EXPECT_EQ(code(wire.executed()[1]), "42601");
}

TEST_P(SessionParserPipelineTest, ABindThatFailsIsOneFailedExecutionOfItsStatement) {
  wire.log_in();
  wire.client(parse("s", "select $1::int") + sync());
  wire.server(parsed() + ready());
  wire.client(bind("", "s", {"x"}) + execute() + sync());
  wire.server(error("22P02") + ready());
  ASSERT_THAT(wire.texts(), ElementsAre("select $1::int"));
  EXPECT_EQ(code(wire.executed()[0]), "22P02");
  EXPECT_EQ(text_of(wire.executed()[0], 0), "x");
}

TEST_P(SessionParserPipelineTest, AFailedParseDoesNotTakeTheNameItWouldHaveHad) {
  wire.log_in();
  wire.client(parse("s", "select 1") + sync());
  wire.server(parsed() + ready());
  wire.client(parse("s", "select 2") + sync());
  wire.server(error("42P05") + ready());
  wire.client(bind("", "s") + execute() + sync());
  wire.server(bound() + complete("SELECT 1") + ready());
  EXPECT_EQ(wire.texts().back(), "select 1");
}

TEST_P(SessionParserPipelineTest, AFailedCommitAtSyncFailsTheLastExecution) {
  wire.log_in();
  wire.client(unnamed("insert into t values (1)") + sync());
  wire.server(parsed() + bound() + complete("INSERT 0 1") + error("23503") + ready());
  ASSERT_EQ(wire.executed().size(), 1U);
  EXPECT_EQ(code(wire.executed()[0]), "23503");
}

TEST_P(SessionParserPipelineTest, SeveralSyncsInFlightAreOneRoundTripAndKeepTheirResults) {
  wire.log_in();
  wire.client(parse("s", "select $1") + sync());
  wire.server(parsed() + ready());
  const std::string one = bind("", "s", {"1"}) + execute() + sync();
  wire.client(one + one + one);
  wire.server(bound() + complete("SELECT 1") + ready());
  wire.server(bound() + complete("SELECT 2") + ready() + bound() + complete("SELECT 3") + ready());
  wire.client(one);
  wire.server(bound() + complete("SELECT 4") + ready());
  const auto events = wire.executed();
  ASSERT_EQ(events.size(), 4U);
  EXPECT_EQ(events[0].rows, 1U);
  EXPECT_EQ(events[1].rows, 2U);
  EXPECT_EQ(events[2].rows, 3U);
  EXPECT_NE(events[0].pipeline_batch, 0U);
  EXPECT_EQ(events[0].pipeline_batch, events[1].pipeline_batch);
  EXPECT_EQ(events[0].pipeline_batch, events[2].pipeline_batch);
  EXPECT_EQ(events[3].pipeline_batch, 0U);
  EXPECT_EQ(events[3].protocol, Protocol::extended);
}

// SQL-level prepared statements.

TEST_P(SessionParserPipelineTest, SqlExecuteIsAnExecutionOfTheInnerStatement) {
  wire.log_in();
  wire.client(query("prepare find(int) as select * from t where id = $1"));
  wire.server(complete("PREPARE") + ready());
  wire.client(query("EXECUTE find(42)"));
  wire.server(row_description({{"id"}}) + row({"42"}) + complete("SELECT 1") + ready());
  const auto events = wire.executed();
  ASSERT_EQ(events.size(), 2U);
  EXPECT_EQ(events[1].text->bytes, "select * from t where id = $1");
  EXPECT_EQ(events[1].statement_name, "find");
  EXPECT_EQ(events[1].flags, flag::kPrepared);
  EXPECT_EQ(text_of(events[1], 0), "42");
}

TEST_P(SessionParserPipelineTest, SqlAndProtocolShareOneNamespaceOfStatements) {
  wire.log_in();
  wire.client(parse("s", "select $1") + sync());
  wire.server(parsed() + ready());
  wire.client(query("execute s(1); deallocate s"));
  wire.server(row_description({{"a"}}) + row({"1"}) + complete("SELECT 1") + complete("DEALLOCATE") + ready());
  EXPECT_THAT(wire.texts(), ElementsAre("select $1", "deallocate s"));
  wire.client(query("execute s(2)"));
  wire.server(error("26000") + ready());
  EXPECT_EQ(wire.texts().back(), "execute s(2)");
}

TEST_P(SessionParserPipelineTest, DiscardAllForgetsEveryStatement) {
  wire.log_in();
  wire.client(query("prepare a as select 1"));
  wire.server(complete("PREPARE") + ready());
  wire.client(query("discard all"));
  wire.server(complete("DISCARD ALL") + ready());
  wire.client(query("execute a"));
  wire.server(error("26000") + ready());
  EXPECT_EQ(wire.texts().back(), "execute a");
}

TEST_P(SessionParserPipelineTest, AFailedPrepareDefinesNothing) {
  wire.log_in();
  wire.client(query("prepare a as selec 1"));
  wire.server(error("42601") + ready());
  wire.client(query("execute a"));
  wire.server(error("26000") + ready());
  EXPECT_EQ(wire.texts().back(), "execute a");
}

// Result values.

TEST_P(SessionParserPipelineTest, KeyLikeColumnsAreRecordedColumnAfterColumnWhateverTheirFormat) {
  wire.log_in();
  const std::vector<Field> fields = {{"id", 20, 1234, 1}, {"price", 701, 1234, 2}, {"author_id", 23, 1234, 3}};
  wire.client(query("select id, price, author_id from posts"));
  wire.server(row_description(fields) + row({"1", "9.5", "7"}) + row({"2", "8.5", std::nullopt}) +
              complete("SELECT 2") + ready());
  std::vector<Field> binary = fields;
  for (Field& field : binary) field.format = 1;
  wire.client(parse("", "select id, price, author_id from posts") + bind("", "", {}, {}, {1}) + describe('P', "") +
              execute() + sync());
  wire.server(parsed() + bound() + row_description(binary) + row({number(1, 8), number(0, 8), i32(7)}) +
              row({number(2, 8), number(0, 8), std::nullopt}) + complete("SELECT 2") + ready());
  const auto events = wire.executed();
  ASSERT_EQ(events.size(), 2U);
  for (const Executed& event : events) {
    ASSERT_TRUE(event.shape);
    EXPECT_EQ(event.recorded_rows, 2U);
    EXPECT_THAT(event.values, ElementsAre(Value::integer(1), Value::integer(2), Value::integer(7), Value::null()));
    EXPECT_EQ(event.shape->columns[0].table_oid, 1234U);
    EXPECT_EQ(event.shape->columns[2].attribute_number, 3);
    EXPECT_EQ(event.shape->columns[2].name, "author_id");
    EXPECT_FALSE(event.shape->columns[1].recorded);
  }
}

TEST_P(SessionParserPipelineTest, ResultFormatsMayDifferColumnByColumn) {
  wire.log_in();
  wire.client(parse("s", "select a, b from t") + describe('S', "s") + sync());
  wire.server(parsed() + message('t', i16(0)) + row_description({{"a"}, {"b"}}) + ready());
  wire.client(bind("", "s", {}, {}, {0, 1}) + execute() + sync());
  wire.server(bound() + row({"5", i32(6)}) + complete("SELECT 1") + ready());
  EXPECT_THAT(wire.executed().at(0).values, ElementsAre(Value::integer(5), Value::integer(6)));
}

TEST_P(SessionParserPipelineTest, ARowOfAnotherWidthThanDescribedIsNotTakenForAValue) {
  // The table changed between Describe and Execute.
  wire.log_in();
  wire.client(parse("s", "select * from t") + describe('S', "s") + sync());
  wire.server(parsed() + message('t', i16(0)) + row_description({{"a"}}) + ready());
  wire.client(bind("", "s") + execute() + sync());
  wire.server(bound() + row({"5", "6"}) + complete("SELECT 1") + ready());
  EXPECT_EQ(wire.executed().at(0).recorded_rows, 0U);
  EXPECT_EQ(wire.executed().at(0).rows, 1U);
}

}  // namespace
}  // namespace quell::proxy::wire
