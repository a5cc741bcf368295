#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/proxy/wire_builder.hpp"

// COPY in both directions, replication, and sessions that end badly.
namespace quell::proxy::wire {
namespace {

using testing::ElementsAre;
using trace::Protocol;
namespace flag = trace::query_flag;

class SessionParserCopyTest : public SessionParserTest {};
INSTANTIATE_TEST_SUITE_P(Fragments, SessionParserCopyTest, testing::Values(0, 1, 3));

std::string copy_in_response() {
  return message('G', std::string(1, '\0') + i16(1) + i16(0));
}
std::string copy_out_response() {
  return message('H', std::string(1, '\0') + i16(1) + i16(0));
}
std::string copy_data(std::string_view line) {
  return message('d', line);
}
std::string copy_done() {
  return message('c');
}
std::string copy_fail() {
  return message('f', cstring("stop"));
}

TEST_P(SessionParserCopyTest, CopyInCountsRowsAndBytes) {
  wire.log_in();
  const std::string request = query("copy t from stdin");
  const std::string data = copy_data("1\n") + copy_data("2\n") + copy_done();
  wire.client(request);
  wire.server(copy_in_response());
  wire.client(data);
  wire.server(complete("COPY 2") + ready());
  const auto events = wire.executed();
  ASSERT_THAT(wire.texts(), ElementsAre("copy t from stdin"));
  EXPECT_EQ(events[0].protocol, Protocol::copy);
  EXPECT_EQ(events[0].rows, 2U);
  EXPECT_EQ(events[0].bytes_sent, request.size() + data.size());
}

TEST_P(SessionParserCopyTest, CopyOutCountsRowsAndBytes) {
  wire.log_in();
  wire.client(query("copy t to stdout"));
  const std::string answer =
      copy_out_response() + copy_data("1\n") + copy_data("2\n") + copy_done() + complete("COPY 2");
  wire.server(answer + ready());
  EXPECT_EQ(wire.executed().at(0).rows, 2U);
  EXPECT_EQ(wire.executed().at(0).bytes_received, answer.size());
  EXPECT_EQ(wire.executed().at(0).protocol, Protocol::copy);
}

TEST_P(SessionParserCopyTest, SyncDuringCopyInGetsNoAnswer) {
  // Extended COPY as libpq sends it: Sync right behind Execute, and a second one behind CopyDone.
  wire.log_in();
  wire.client(parse("", "copy t from stdin") + bind("", "") + describe('P', "") + execute() + sync());
  wire.server(parsed() + bound() + no_data() + copy_in_response());
  wire.client(copy_data("1\n") + sync() + flush() + copy_data("2\n") + copy_done() + sync());
  wire.server(complete("COPY 2") + ready());
  wire.client(query("select 1"));
  wire.server(complete("SELECT 1") + ready());
  EXPECT_THAT(wire.texts(), ElementsAre("copy t from stdin", "select 1"));
  EXPECT_EQ(wire.executed()[0].rows, 2U);
}

TEST_P(SessionParserCopyTest, ACopySentAheadOfItsResponseIsFollowed) {
  wire.log_in();
  wire.client(query("copy t from stdin") + copy_data("1\n") + copy_done() + query("select 1"));
  wire.server(copy_in_response() + complete("COPY 1") + ready() + complete("SELECT 1") + ready());
  EXPECT_THAT(wire.texts(), ElementsAre("copy t from stdin", "select 1"));
}

TEST_P(SessionParserCopyTest, TwoCopiesInOneQueryAreTwoExecutions) {
  wire.log_in();
  wire.client(query("copy a from stdin; copy b from stdin"));
  wire.server(copy_in_response());
  wire.client(copy_data("1\n") + copy_done());
  wire.server(complete("COPY 1") + copy_in_response());
  wire.client(copy_data("1\n") + copy_data("2\n") + copy_done());
  wire.server(complete("COPY 2") + ready());
  ASSERT_THAT(wire.texts(), ElementsAre("copy a from stdin", "copy b from stdin"));
  EXPECT_EQ(wire.executed()[1].rows, 2U);
}

TEST_P(SessionParserCopyTest, CopyFailIsAnErrorOfTheCopy) {
  wire.log_in();
  wire.client(query("copy t from stdin"));
  wire.server(copy_in_response());
  wire.client(copy_data("1\n") + copy_fail());
  wire.server(error("57014") + ready());
  EXPECT_EQ(code(wire.executed().at(0)), "57014");
  wire.client(query("select 1"));
  wire.server(complete("SELECT 1") + ready());
  EXPECT_EQ(wire.texts().back(), "select 1");
}

TEST_P(SessionParserCopyTest, DataSentOnAfterTheServersErrorIsReadOver) {
  wire.log_in();
  wire.client(query("copy t from stdin"));
  wire.server(copy_in_response());
  wire.client(copy_data("bad\n"));
  wire.server(error("22P04") + ready());
  wire.client(copy_data("more\n") + copy_done());  // already under way
  wire.client(query("select 1"));
  wire.server(complete("SELECT 1") + ready());
  EXPECT_EQ(code(wire.executed().at(0)), "22P04");
  EXPECT_EQ(wire.texts().back(), "select 1");
  EXPECT_EQ(wire.executed().back().bytes_sent, query("select 1").size());
}

TEST_P(SessionParserCopyTest, AnExtendedCopyThatFailsIsSkippedToTheSyncAfterIt) {
  wire.log_in();
  wire.client(parse("", "copy t from stdin") + bind("", "") + execute() + sync());
  wire.server(parsed() + bound() + copy_in_response());
  wire.client(copy_data("bad\n"));
  wire.server(error("22P04"));
  wire.client(copy_data("more\n") + copy_done() + sync());
  wire.server(ready());
  wire.client(query("select 1"));
  wire.server(complete("SELECT 1") + ready());
  EXPECT_THAT(wire.texts(), ElementsAre("copy t from stdin", "select 1"));
}

TEST_P(SessionParserCopyTest, ReplicationSessionsAreOnlyRelayed) {
  wire.client(startup(0, cstring("replication") + cstring("database")));
  wire.server(welcome());
  ASSERT_EQ(wire.parser.events().size(), 2U);
  EXPECT_EQ(wire.all<Untracked>().at(0).why, Untracked::Why::replication);
  wire.client("anything at all");
  wire.server("anything at all");
  wire.parser.closed(5);
  EXPECT_EQ(wire.parser.events().size(), 3U);
}

TEST_P(SessionParserCopyTest, CopyBothTurnsTheSessionIntoARelay) {
  wire.log_in();
  wire.client(query("START_REPLICATION 0/0"));
  wire.server(message('W', std::string(1, '\0') + i16(0)));
  EXPECT_EQ(wire.all<Untracked>().at(0).why, Untracked::Why::replication);
}

// Ends.

TEST_P(SessionParserCopyTest, TerminateIsAnOrderlyEnd) {
  wire.log_in();
  wire.client(message('X'));
  wire.parser.closed(9, "the client closed the connection");
  ASSERT_EQ(wire.all<Disconnected>().size(), 1U);
  EXPECT_EQ(wire.all<Disconnected>()[0].reason, "");
  EXPECT_EQ(wire.all<Disconnected>()[0].time, 9);
}

TEST_P(SessionParserCopyTest, AFatalErrorWhileIdleIsTheReasonOfTheEnd) {
  wire.log_in();
  wire.server(error("57P01", "FATAL"));
  wire.parser.closed(9, "the server closed the connection");
  EXPECT_EQ(wire.all<Disconnected>().at(0).reason, "FATAL 57P01");
}

TEST_P(SessionParserCopyTest, WhatWasRunningWhenTheConnectionBrokeHasNoEnd) {
  wire.log_in();
  wire.client(query("select id from t"), 10);
  wire.server(row_description({{"id"}}) + row({"1"}), 20);
  wire.parser.closed(30, "the server closed the connection");
  const auto events = wire.executed();
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(events[0].flags, flag::kNoEndSeen);
  EXPECT_EQ(events[0].first_byte, 20);
  EXPECT_EQ(events[0].complete, 0);
  EXPECT_EQ(events[0].ready, 0);
}

TEST_P(SessionParserCopyTest, AnUnansweredPipelineHasNoEndButItsTexts) {
  wire.log_in();
  wire.client(parse("", "select $1") + bind("", "", {"1"}) + execute() + parse("", "select 2") + bind("", "") +
              execute() + sync());
  wire.server(parsed());
  wire.parser.closed(30);
  ASSERT_THAT(wire.texts(), ElementsAre("select $1", "select 2"));
  EXPECT_EQ(wire.executed()[0].flags, flag::kNoEndSeen);
  EXPECT_EQ(text_of(wire.executed()[0], 0), "1");
  EXPECT_EQ(wire.executed()[1].flags, flag::kNoEndSeen);
}

TEST_P(SessionParserCopyTest, AFatalErrorInAPipelineFailsItsExecutionAndTheRestHasNoEnd) {
  wire.log_in();
  wire.client(query("select pg_sleep(9)") + query("select 2"));
  wire.server(error("57P01", "FATAL"));
  wire.parser.closed(30);
  ASSERT_THAT(wire.texts(), ElementsAre("select pg_sleep(9)", "select 2"));
  EXPECT_EQ(code(wire.executed()[0]), "57P01");
  EXPECT_EQ(wire.executed()[1].flags, flag::kNoEndSeen);
}

}  // namespace
}  // namespace quell::proxy::wire
