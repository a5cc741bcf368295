#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/proxy/wire_builder.hpp"

// What is kept, what is hidden, and what happens to bytes that are not PostgreSQL's.
namespace quell::proxy::wire {
namespace {

using testing::ElementsAre;
using trace::ParameterForm;
using trace::Value;
namespace flag = trace::query_flag;

class SessionParserLimitsTest : public SessionParserTest {};
INSTANTIATE_TEST_SUITE_P(Fragments, SessionParserLimitsTest, testing::Values(0, 1, 3));

TEST_P(SessionParserLimitsTest, ALongTextIsCutAndSaysSo) {
  Wire small(GetParam(), {.text_bytes = 20});
  small.log_in();
  const std::string sql = "select '" + std::string(100, 'x') + "'";
  small.client(query(sql));
  small.server(complete("SELECT 1") + ready());
  small.client(parse("", sql) + bind("", "") + execute() + sync());
  small.server(parsed() + bound() + complete("SELECT 1") + ready());
  const auto events = small.executed();
  ASSERT_EQ(events.size(), 2U);
  EXPECT_EQ(events[0].text->bytes, sql.substr(0, 20));
  EXPECT_EQ(events[0].flags, flag::kTextCut);
  EXPECT_EQ(events[0].text->full_size, sql.size() + 1);  // with the zero byte that ends it
  EXPECT_EQ(events[1].flags & flag::kTextCut, flag::kTextCut);
}

TEST_P(SessionParserLimitsTest, ALongParameterIsCutAndTheOthersStay) {
  Wire small(GetParam(), {.parameter_bytes = 4});
  small.log_in();
  small.client(parse("", "select $1, $2") + bind("", "", {"0123456789", "ab"}) + execute() + sync());
  small.server(parsed() + bound() + complete("SELECT 1") + ready());
  const Executed event = small.executed().at(0);
  EXPECT_EQ(event.flags, flag::kParametersCut);
  EXPECT_EQ(text_of(event, 0), "0123");
  EXPECT_EQ(event.parameters[0].full_size, 10U);
  EXPECT_EQ(text_of(event, 1), "ab");
}

TEST_P(SessionParserLimitsTest, AHugeBindKeepsItsFirstParameters) {
  Wire small(GetParam(), {.bind_bytes = 24});
  small.log_in();
  small.client(parse("", "select $1, $2, $3") + bind("", "", {"one", std::string(1'000, 'x'), "three"}) + execute() +
               sync());
  small.server(parsed() + bound() + complete("SELECT 1") + ready());
  const Executed event = small.executed().at(0);
  EXPECT_EQ(event.flags, flag::kParametersCut);
  ASSERT_EQ(event.parameters.size(), 2U);
  EXPECT_EQ(text_of(event, 0), "one");
  EXPECT_EQ(event.parameters[1].full_size, 1'000U);
  EXPECT_TRUE(small.parser.tracking());
}

TEST_P(SessionParserLimitsTest, TheFirstRowsAndColumnsAreRecorded) {
  Wire small(GetParam(), {.rows = 2, .columns = 1});
  small.log_in();
  small.client(query("select a, b from t"));
  small.server(row_description({{"a"}, {"b"}}) + row({"1", "10"}) + row({"2", "20"}) + row({"3", "30"}) +
               complete("SELECT 3") + ready());
  const Executed event = small.executed().at(0);
  EXPECT_EQ(event.rows, 3U);
  EXPECT_EQ(event.recorded_rows, 2U);
  EXPECT_THAT(event.values, ElementsAre(Value::integer(1), Value::integer(2)));
}

TEST_P(SessionParserLimitsTest, ByDefault256RowsAnd16ColumnsAreRecorded) {
  wire.log_in();
  std::vector<Field> fields(20, Field{"c"});
  std::string rows;
  for (int i = 0; i < 300; ++i) rows += row(Parameters(20, std::to_string(i)));
  wire.client(query("select"));
  wire.server(row_description(fields) + rows + complete("SELECT 300") + ready());
  const Executed event = wire.executed().at(0);
  EXPECT_EQ(event.recorded_rows, 256U);
  EXPECT_EQ(event.values.size(), 256U * 16U);
  EXPECT_EQ(event.values[255], Value::integer(255));
  EXPECT_EQ(event.values[256], Value::integer(0));  // the second column begins
}

TEST_P(SessionParserLimitsTest, ARowTooLongToKeepEndsTheRecordingAtWholeRows) {
  Wire small(GetParam(), {.row_bytes = 32});
  small.log_in();
  small.client(query("select a, b from t"));
  small.server(row_description({{"a"}, {"b", 25}}) + row({"1", "x"}) + row({"2", std::string(500, 'x')}) +
               row({"3", "z"}) + complete("SELECT 3") + ready());
  const Executed event = small.executed().at(0);
  EXPECT_EQ(event.rows, 3U);
  EXPECT_EQ(event.recorded_rows, 1U);
  EXPECT_EQ(event.values.size(), 2U);
}

TEST_P(SessionParserLimitsTest, StatementsPastTheLimitRunWithoutText) {
  Wire small(GetParam(), {.statements = 1});
  small.log_in();
  small.client(parse("a", "select 1") + parse("b", "select 2") + bind("", "a") + execute() + bind("", "b") + execute() +
               sync());
  small.server(parsed() + parsed() + bound() + complete("SELECT 1") + bound() + complete("SELECT 1") + ready());
  EXPECT_THAT(small.texts(), ElementsAre("select 1", "(none)"));
}

TEST_P(SessionParserLimitsTest, AnEndlessPipelineIsLetGoBeforeItsSync) {
  Wire small(GetParam(), {.waiting = 2});
  small.log_in();
  const std::string one = parse("", "select 1") + bind("", "") + execute();
  small.client(one + one + one + sync());
  const std::string answer = parsed() + bound() + complete("SELECT 1");
  small.server(answer + answer + answer);
  ASSERT_EQ(small.executed().size(), 1U);
  EXPECT_EQ(small.executed()[0].ready, 0);
  EXPECT_EQ(small.executed()[0].transaction_state, trace::TransactionState::unknown);
  EXPECT_EQ(small.executed()[0].flags, 0);
  small.server(ready(), 7);
  EXPECT_EQ(small.executed().size(), 3U);
  EXPECT_EQ(small.executed()[2].ready, 7);
}

TEST_P(SessionParserLimitsTest, MoreUnansweredRequestsThanAreFollowedMakeTheSessionOpaque) {
  Wire small(GetParam(), {.outstanding = 3});
  small.log_in();
  for (int i = 0; i < 4; ++i) small.client(query("select 1"));
  EXPECT_EQ(small.all<Untracked>().size(), 1U);
  EXPECT_FALSE(small.parser.tracking());
}

TEST_P(SessionParserLimitsTest, PasswordsInSqlAreHidden) {
  wire.log_in();
  wire.client(query("alter role ada password 'hunter2'"));
  wire.server(complete("ALTER ROLE") + ready());
  wire.client(parse("", "create user bob password 'hunter2'") + bind("", "") + execute() + sync());
  wire.server(parsed() + bound() + complete("CREATE ROLE") + ready());
  EXPECT_THAT(wire.texts(), ElementsAre("alter role ada password '?'", "create user bob password '?'"));
}

TEST_P(SessionParserLimitsTest, RedactionLeavesNoValueInClear) {
  Wire redacted(GetParam(), {}, true);
  redacted.log_in();
  redacted.client(query("select * from t where name = 'ada' and id = 42"));
  redacted.server(row_description({{"id"}}) + row({"42"}) + complete("SELECT 1") + ready());
  redacted.client(parse("", "select $1") + bind("", "", {"42", std::nullopt}) + execute() + sync());
  redacted.server(parsed() + bound() + complete("SELECT 1") + ready());
  const auto events = redacted.executed();
  ASSERT_EQ(events.size(), 2U);
  EXPECT_EQ(events[0].text->bytes, "select * from t where name = '?' and id = 0");
  ASSERT_EQ(events[0].values.size(), 1U);
  EXPECT_EQ(events[0].values[0].kind(), Value::Kind::hash);
  EXPECT_EQ(events[1].parameters[0].form, ParameterForm::canonical);
  EXPECT_EQ(events[1].parameters[0].value, events[0].values[0]);  // the edge is still there
  EXPECT_EQ(events[1].parameters[1].form, ParameterForm::null);
  EXPECT_EQ(events[1].parameter_bytes, "");
}

// Bytes that are not the protocol's.

struct Odd {
  const char* name;
  std::string client;
  std::string server;
};

TEST_P(SessionParserLimitsTest, WhatCannotBePairedMakesTheSessionOpaqueOnce) {
  const Odd cases[] = {
      {"unknown client message", message('?', "x"), ""},
      {"unknown server message", query("select 1"), message('?', "x")},
      {"reply to nothing", "", complete("SELECT 1")},
      {"ready without request", "", ready()},
      {"row in answer to Parse", parse("", "select 1"), row({"1"})},
      {"ParseComplete in answer to Query", query("select 1"), parsed()},
      {"ReadyForQuery before any result", query("select 1"), ready()},
      {"unknown transaction state", query(";"), message('I') + ready('?')},
      {"authentication in mid session", query("select 1"), authentication_ok()},
      {"length below four", std::string("Q\0\0\0\1", 5), ""},
      {"Query without its zero byte", message('Q', "select 1"), ""},
      {"Bind that promises more than it has", message('B', cstring("") + cstring("") + i16(0) + i16(3) + i32(9)), ""},
      {"Parse with a wrong count", message('P', cstring("") + cstring("x") + i16(2) + i32(1)), ""},
      {"Describe of neither", message('D', "Qx" + std::string(1, '\0')), ""},
      {"RowDescription cut short", query("select 1"), message('T', i16(3) + "x")},
      {"Error without a code", query("select 1"), message('E', std::string(1, '\0'))},
  };
  for (const Odd& odd : cases) {
    Wire one(GetParam());
    one.log_in();
    one.client(odd.client);
    one.server(odd.server);
    EXPECT_EQ(one.all<Untracked>().size(), 1U) << odd.name;
    EXPECT_FALSE(one.parser.tracking()) << odd.name;
    one.client(query("select 2"));
    one.server(complete("SELECT 1") + ready());
    one.parser.closed(9);
    EXPECT_EQ(one.all<Untracked>().size(), 1U) << odd.name;
    EXPECT_EQ(one.all<Disconnected>().size(), 1U) << odd.name;
  }
}

TEST_P(SessionParserLimitsTest, ClaimsOfHugeMessagesAreNotBelieved) {
  wire.log_in();
  wire.client(std::string("Q") + i32(0x7FFFFFFF) + "select 1");  // 2 GiB announced, nothing reserved
  EXPECT_TRUE(wire.parser.tracking());
  EXPECT_TRUE(wire.executed().empty());
}

}  // namespace
}  // namespace quell::proxy::wire
