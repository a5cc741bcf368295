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

INSTANTIATE_TEST_SUITE_P(Fragments, SessionParserTest, testing::Values(0, 1, 3));

// Start-up.

TEST_P(SessionParserTest, StartupNamesTheSession) {
  wire.client(startup(0, cstring("application_name") + cstring("api")), 5);
  wire.server(welcome(), 9);
  const auto events = wire.all<Connected>();
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(events[0].time, 9);
  EXPECT_EQ(events[0].user, "ada");
  EXPECT_EQ(events[0].database, "shop");
  EXPECT_EQ(events[0].application_name, "api");
  EXPECT_EQ(events[0].server_version, "15.4");
  EXPECT_EQ(events[0].backend_pid, 4711U);
  EXPECT_EQ(wire.parser.backend_key(), i32(4711) + "KEY!");
}

TEST_P(SessionParserTest, DatabaseIsTheUserWhereNoneIsGiven) {
  wire.client(packet(3U << 16, cstring("user") + cstring("ada") + '\0'));
  wire.server(welcome());
  EXPECT_EQ(wire.all<Connected>().at(0).database, "ada");
}

TEST_P(SessionParserTest, AnyMinorVersionIsFollowedThroughNegotiation) {
  wire.client(startup(9999, cstring("_pq_.test") + cstring("1")));
  wire.server(message('v', i32(2) + i32(1) + cstring("_pq_.test")) + welcome());
  EXPECT_EQ(wire.all<Connected>().size(), 1U);
  wire.client(query("select 1"));
  wire.server(complete("SELECT 1") + ready());
  EXPECT_THAT(wire.texts(), ElementsAre("select 1"));
}

TEST_P(SessionParserTest, BackendKeyMayBeLongOrAbsent) {
  wire.client(startup(2));
  wire.server(authentication_ok() + backend_key(7, std::string(256, 'k')) + ready());
  EXPECT_EQ(wire.parser.backend_key().size(), 260U);
  Wire without(GetParam());
  without.client(startup());
  without.server(authentication_ok() + ready());
  EXPECT_EQ(without.all<Connected>().at(0).backend_pid, 0U);
  EXPECT_EQ(without.parser.backend_key(), "");
}

TEST_P(SessionParserTest, EncryptionRequestsInAnyOrderEndInPlaintextWhereRefused) {
  wire.client(packet(kGssEncRequest));
  wire.server("N");
  wire.client(packet(kSslRequest));
  wire.server("N");
  wire.client(packet(kSslRequest));
  wire.server("N");
  wire.client(startup());
  wire.server(welcome());
  EXPECT_EQ(wire.all<Connected>().size(), 1U);
}

TEST_P(SessionParserTest, AnEncryptedSessionIsOnlyRelayed) {
  wire.client(packet(kSslRequest));
  wire.server("S");
  wire.client("\x16\x03\x01 anything");
  ASSERT_EQ(wire.all<Untracked>().size(), 1U);
  EXPECT_EQ(wire.all<Untracked>()[0].why, Untracked::Why::encrypted);
  Wire direct(GetParam());
  direct.client("\x16\x03\x01\x02");
  EXPECT_EQ(direct.all<Untracked>().at(0).why, Untracked::Why::encrypted);
}

TEST_P(SessionParserTest, PlaintextBehindAnEncryptionRequestIsNotFollowed) {
  wire.client(packet(kSslRequest) + startup());
  EXPECT_EQ(wire.all<Untracked>().at(0).why, Untracked::Why::lost);
}

TEST_P(SessionParserTest, ACancelRequestIsNoSession) {
  wire.client(packet(kCancelRequest, i32(4711) + "KEY!"));
  EXPECT_TRUE(wire.parser.is_cancel());
  wire.parser.closed(3);
  EXPECT_TRUE(wire.parser.events().empty());
}

TEST_P(SessionParserTest, AStartupPacketOfImpossibleLengthIsNotAwaited) {
  wire.client(i32(10'001));
  EXPECT_EQ(wire.all<Untracked>().size(), 1U);
  Wire garbage(GetParam());
  garbage.client("GET / HTTP/1.1\r\n");
  EXPECT_EQ(garbage.all<Untracked>().size(), 1U);
}

TEST_P(SessionParserTest, AuthenticationIsPassedOverAndNotKept) {
  wire.client(startup());
  wire.server(message('R', i32(10) + cstring("SCRAM-SHA-256") + '\0'));
  wire.client(message('p', cstring("SCRAM-SHA-256") + i32(6) + "n,,n=,"));
  wire.server(message('R', i32(11) + "r=nonce,s=salt,i=4096"));
  wire.client(message('p', "c=biws,r=nonce,p=proof"));
  wire.server(message('R', i32(12) + "v=signature") + welcome());
  ASSERT_EQ(wire.parser.events().size(), 1U);
  EXPECT_EQ(wire.all<Connected>().size(), 1U);
}

TEST_P(SessionParserTest, ARefusedLoginIsAConnectionThatEndsWithItsCode) {
  wire.client(startup());
  wire.server(message('R', i32(3)));
  wire.client(message('p', cstring("hunter2")));
  wire.server(error("28P01", "FATAL"));
  wire.parser.closed(8);
  ASSERT_EQ(wire.parser.events().size(), 2U);
  EXPECT_EQ(wire.all<Connected>().at(0).user, "ada");
  EXPECT_EQ(wire.all<Disconnected>().at(0).reason, "FATAL 28P01");
}

// Simple protocol.

TEST_P(SessionParserTest, ASimpleQueryHasItsTimesRowsAndBytes) {
  wire.log_in();
  const std::string request = query("select id from t");
  const std::string answer = row_description({{"id"}}) + row({"1"}) + row({"2"}) + complete("SELECT 2");
  wire.client(request, 100);
  wire.server(row_description({{"id"}}), 150);
  wire.server(row({"1"}) + row({"2"}), 160);
  wire.server(complete("SELECT 2"), 170);
  wire.server(ready(), 180);
  const auto events = wire.executed();
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(events[0].text->bytes, "select id from t");
  EXPECT_EQ(events[0].protocol, Protocol::simple);
  EXPECT_EQ(events[0].start, 100);
  EXPECT_EQ(events[0].first_byte, 150);
  EXPECT_EQ(events[0].complete, 170);
  EXPECT_EQ(events[0].ready, 180);
  EXPECT_EQ(events[0].rows, 2U);
  EXPECT_EQ(events[0].bytes_sent, request.size());
  EXPECT_EQ(events[0].bytes_received, answer.size());
  EXPECT_EQ(events[0].transaction_state, TransactionState::idle);
  EXPECT_EQ(events[0].pipeline_batch, 0U);
  EXPECT_EQ(code(events[0]), "");
}

TEST_P(SessionParserTest, EveryStatementOfASimpleQueryIsAnExecutionOfOneRoundTrip) {
  wire.log_in();
  wire.client(query("select 1; update t set a=1; select 2"), 10);
  wire.server(row_description({{"a"}}) + row({"1"}) + complete("SELECT 1"), 20);
  wire.server(complete("UPDATE 7"), 30);
  wire.server(row_description({{"a"}}) + row({"2"}) + complete("SELECT 1") + ready(), 40);
  const auto events = wire.executed();
  ASSERT_THAT(wire.texts(), ElementsAre("select 1", "update t set a=1", "select 2"));
  EXPECT_EQ(events[0].rows, 1U);
  EXPECT_EQ(events[1].rows, 7U);
  EXPECT_EQ(events[1].start, 20);
  EXPECT_EQ(events[1].complete, 30);
  EXPECT_EQ(events[2].start, 30);
  EXPECT_NE(events[0].pipeline_batch, 0U);
  EXPECT_EQ(events[0].pipeline_batch, events[2].pipeline_batch);
  EXPECT_EQ(events[1].protocol, Protocol::simple);
}

TEST_P(SessionParserTest, AnErrorInASimpleQuerySkipsItsOtherStatements) {
  wire.log_in();
  wire.client(query("select 1; select 1/0; select 3"));
  wire.server(row_description({{"a"}}) + row({"1"}) + complete("SELECT 1") + error("22012") + ready());
  const auto events = wire.executed();
  ASSERT_THAT(wire.texts(), ElementsAre("select 1", "select 1/0", "select 3"));
  EXPECT_EQ(code(events[0]), "");
  EXPECT_EQ(code(events[1]), "22012");
  EXPECT_EQ(events[1].flags & flag::kSkippedAfterError, 0);
  EXPECT_EQ(events[2].flags & flag::kSkippedAfterError, flag::kSkippedAfterError);
}

TEST_P(SessionParserTest, ASyntaxErrorBelongsToTheWholeQueryText) {
  wire.log_in();
  wire.client(query("select 1; selec 2"));
  wire.server(error("42601") + ready());
  EXPECT_THAT(wire.texts(), ElementsAre("select 1; selec 2"));
  EXPECT_EQ(code(wire.executed().at(0)), "42601");
}

TEST_P(SessionParserTest, WhereResultsAndStatementsDoNotMatchTheWholeTextStands) {
  // BEGIN ATOMIC bodies hold semicolons that are not ends.
  const std::string sql = "create function f() returns int begin atomic select 1; select 2; end";
  wire.log_in();
  wire.client(query(sql));
  wire.server(complete("CREATE FUNCTION") + ready());
  EXPECT_THAT(wire.texts(), ElementsAre(sql));
}

TEST_P(SessionParserTest, AnEmptyQueryIsAnExecutionWithoutRows) {
  wire.log_in();
  wire.client(query(";"));
  wire.server(message('I') + ready());
  EXPECT_THAT(wire.texts(), ElementsAre(";"));
  EXPECT_EQ(wire.executed().at(0).rows, 0U);
}

TEST_P(SessionParserTest, TransactionStateIsTheServersNotTheTexts) {
  wire.log_in();
  for (const auto& [sql, answer] :
       std::vector<std::pair<std::string, std::string>>{{"/*c*/ start transaction", complete("BEGIN") + ready('T')},
                                                        {"selec", error("42601") + ready('E')},
                                                        {"rollback to savepoint s", complete("ROLLBACK") + ready('T')},
                                                        {"abort", complete("ROLLBACK") + ready('I')}}) {
    wire.client(query(sql));
    wire.server(answer);
  }
  std::vector<TransactionState> states;
  for (const Executed& event : wire.executed()) states.push_back(event.transaction_state);
  EXPECT_THAT(states, ElementsAre(TransactionState::in_transaction, TransactionState::failed,
                                  TransactionState::in_transaction, TransactionState::idle));
}

TEST_P(SessionParserTest, NoticesAndNotificationsBelongToNoQuery) {
  wire.log_in();
  wire.server(message('A', i32(1) + cstring("channel") + cstring("hello")));  // idle
  wire.client(query("select 1"));
  wire.server(message('N', "SNOTICE") + row_description({{"a"}}) + parameter_status("TimeZone", "UTC") + row({"1"}) +
              message('A', i32(1) + cstring("c") + cstring("")) + complete("SELECT 1") + message('N') + ready());
  EXPECT_THAT(wire.texts(), ElementsAre("select 1"));
  EXPECT_EQ(wire.executed()[0].bytes_received, (row_description({{"a"}}) + row({"1"}) + complete("SELECT 1")).size());
  EXPECT_TRUE(wire.parser.tracking());
}

// Extended protocol.

TEST_P(SessionParserTest, AnUnnamedStatementHasTextParametersAndNoPreparedFlag) {
  wire.log_in();
  wire.client(parse("", "select $1, $2, $3", {23, 25, 25}) + bind("", "", {"42", "", std::nullopt}) +
              describe('P', "") + execute() + sync());
  wire.server(parsed() + bound() + row_description({{"a"}}) + row({"42"}) + complete("SELECT 1") + ready());
  const auto events = wire.executed();
  ASSERT_EQ(events.size(), 1U);
  const Executed& event = events[0];
  EXPECT_EQ(event.text->bytes, "select $1, $2, $3");
  EXPECT_EQ(event.protocol, Protocol::extended);
  EXPECT_EQ(event.flags, 0);
  ASSERT_EQ(event.parameters.size(), 3U);
  EXPECT_EQ(event.parameters[0].form, ParameterForm::text);
  EXPECT_EQ(event.parameters[0].type_oid, 23U);
  EXPECT_EQ(text_of(event, 0), "42");
  EXPECT_EQ(event.parameters[1].form, ParameterForm::text);  // '' is not NULL
  EXPECT_EQ(text_of(event, 1), "");
  EXPECT_EQ(event.parameters[2].form, ParameterForm::null);
  EXPECT_EQ(event.rows, 1U);
  EXPECT_EQ(event.pipeline_batch, 0U);
}

TEST_P(SessionParserTest, ParameterFormatsMayBeNoneOneOrOneEach) {
  wire.log_in();
  const std::string two = i32(2);
  const auto run = [&](std::initializer_list<int> formats) {
    wire.client(bind("", "s", {"1", two}, formats) + execute() + sync());
    wire.server(bound() + complete("UPDATE 1") + ready());
  };
  wire.client(parse("s", "update t set a=$1 where b=$2", {25, 23}) + sync());
  wire.server(parsed() + ready());
  run({});
  run({1});
  run({0, 1});
  std::vector<std::pair<ParameterForm, ParameterForm>> forms;
  for (const Executed& event : wire.executed()) forms.emplace_back(event.parameters[0].form, event.parameters[1].form);
  EXPECT_THAT(forms, ElementsAre(std::pair(ParameterForm::text, ParameterForm::text),
                                 std::pair(ParameterForm::binary, ParameterForm::binary),
                                 std::pair(ParameterForm::text, ParameterForm::binary)));
  EXPECT_EQ(text_of(wire.executed()[2], 1), two);
}

TEST_P(SessionParserTest, ANamedStatementIsKnownByItsNameEverAfter) {
  wire.log_in();
  wire.client(parse("s1", "select $1") + sync());
  wire.server(parsed() + ready());
  for (const char* value : {"1", "2"}) {
    wire.client(bind("", "s1", {value}) + describe('P', "") + execute() + sync());
    wire.server(bound() + row_description({{"a"}}) + row({value}) + complete("SELECT 1") + ready());
  }
  const auto events = wire.executed();
  ASSERT_THAT(wire.texts(), ElementsAre("select $1", "select $1"));
  EXPECT_EQ(events[0].text, events[1].text);  // kept once
  EXPECT_EQ(events[1].statement_name, "s1");
  EXPECT_EQ(events[1].flags, flag::kPrepared);
  EXPECT_EQ(text_of(events[1], 0), "2");
}

TEST_P(SessionParserTest, ParameterTypesThatTheServerChoseAreKnownFromDescribe) {
  wire.log_in();
  wire.client(parse("s", "select $1") + describe('S', "s") + flush());
  wire.server(parsed() + message('t', i16(1) + i32(20)) + row_description({{"a", 20}}));
  wire.client(bind("", "s", {number(7, 8)}, {1}, {1}) + execute() + sync());
  wire.server(bound() + row({number(7, 8)}) + complete("SELECT 1") + ready());
  const auto events = wire.executed();
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(events[0].parameters.at(0).type_oid, 20U);
  // The shape came with the statement, the format with the Bind.
  ASSERT_EQ(events[0].values.size(), 1U);
  EXPECT_EQ(events[0].values[0], Value::integer(7));
}

TEST_P(SessionParserTest, FlushIsAnsweredBeforeAnySync) {
  wire.log_in();
  wire.client(parse("", "insert into t values (1)") + bind("", "") + execute() + flush());
  wire.server(parsed() + bound() + complete("INSERT 0 1"), 20);
  EXPECT_TRUE(wire.executed().empty());  // its transaction state is not known yet
  wire.client(sync());
  wire.server(ready(), 30);
  ASSERT_EQ(wire.executed().size(), 1U);
  EXPECT_EQ(wire.executed()[0].complete, 20);
  EXPECT_EQ(wire.executed()[0].ready, 30);
}

TEST_P(SessionParserTest, PortalsAndStatementsAreSeparateNamespaces) {
  wire.log_in();
  wire.client(parse("x", "select 'statement x'") + bind("x", "x") + execute("x") + close('P', "x") + bind("y", "x") +
              execute("y") + sync());
  wire.server(parsed() + bound() + complete("SELECT 1") + closed() + bound() + complete("SELECT 1") + ready());
  EXPECT_THAT(wire.texts(), ElementsAre("select 'statement x'", "select 'statement x'"));
}

TEST_P(SessionParserTest, ExecuteTakesThePortalsBindNotTheLastOne) {
  wire.log_in();
  wire.client(parse("a", "select 'a', $1") + parse("b", "select 'b', $1") + bind("p1", "a", {"1"}) +
              bind("p2", "b", {"2"}) + execute("p1") + execute("p2") + sync());
  wire.server(parsed() + parsed() + bound() + bound() + complete("SELECT 1") + complete("SELECT 1") + ready());
  const auto events = wire.executed();
  ASSERT_THAT(wire.texts(), ElementsAre("select 'a', $1", "select 'b', $1"));
  EXPECT_EQ(text_of(events[0], 0), "1");
  EXPECT_EQ(text_of(events[1], 0), "2");
}

TEST_P(SessionParserTest, ClosingWhatDoesNotExistIsNoError) {
  wire.log_in();
  wire.client(close('S', "ghost") + close('P', "ghost") + sync());
  wire.server(closed() + closed() + ready());
  EXPECT_TRUE(wire.parser.tracking());
}

TEST_P(SessionParserTest, AStatementParsedAgainHasItsNewText) {
  wire.log_in();
  for (const char* sql : {"select 1", "select 2"}) {
    wire.client(parse("", sql) + bind("", "") + execute() + sync());
    wire.server(parsed() + bound() + complete("SELECT 1") + ready());
  }
  EXPECT_THAT(wire.texts(), ElementsAre("select 1", "select 2"));
}

TEST_P(SessionParserTest, PagesOfAPortalAreOneExecution) {
  wire.log_in();
  wire.client(query("begin"));
  wire.server(complete("BEGIN") + ready('T'));
  wire.client(parse("", "select id from t") + bind("C_2", "") + describe('P', "C_2") + execute("C_2", 2) + sync(), 100);
  wire.server(parsed() + bound() + row_description({{"id"}}) + row({"1"}) + row({"2"}) + message('s') + ready('T'),
              110);
  wire.client(execute("C_2", 2) + sync(), 500);  // the client took its time
  wire.server(row({"3"}) + row({"4"}) + message('s') + ready('T'), 505);
  wire.client(execute("C_2", 2) + sync(), 900);
  wire.server(row({"5"}) + complete("SELECT 1") + ready('T'), 902);
  const auto events = wire.executed();
  ASSERT_THAT(wire.texts(), ElementsAre("begin", "select id from t"));
  EXPECT_EQ(events[1].rows, 5U);
  EXPECT_EQ(events[1].fetches, 3U);
  EXPECT_EQ(events[1].start, 100);
  EXPECT_EQ(events[1].complete, 100 + 10 + 5 + 2);  // the server's time, not the client's
  EXPECT_EQ(events[1].portal_name, "C_2");
  EXPECT_EQ(events[1].pipeline_batch, 0U);
  EXPECT_THAT(events[1].values, ElementsAre(Value::integer(1), Value::integer(2), Value::integer(3), Value::integer(4),
                                            Value::integer(5)));
}

TEST_P(SessionParserTest, APortalLeftHalfReadIsRecordedWhenItEnds) {
  wire.log_in();
  wire.client(parse("", "select id from t") + bind("p", "") + execute("p", 2) + sync());
  wire.server(parsed() + bound() + row({"1"}) + row({"2"}) + message('s') + ready('T'));
  EXPECT_TRUE(wire.executed().empty());
  wire.client(query("commit"));
  wire.server(complete("COMMIT") + ready('I'));
  ASSERT_THAT(wire.texts(), testing::UnorderedElementsAre("commit", "select id from t"));
}

TEST_P(SessionParserTest, AFunctionCallIsRecordedAsFastpath) {
  wire.log_in();
  wire.client(message('F', i32(953) + i16(0) + i16(0) + i16(1)));
  wire.server(message('V', i32(-1)) + ready());
  EXPECT_THAT(wire.texts(), ElementsAre("fastpath 953"));
  EXPECT_EQ(wire.executed()[0].protocol, Protocol::fastpath);
  wire.client(message('F', i32(954) + i16(0) + i16(0) + i16(1)));
  wire.server(error("42883") + ready());
  EXPECT_EQ(code(wire.executed().at(1)), "42883");
}

}  // namespace
}  // namespace quell::proxy::wire
