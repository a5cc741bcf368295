// What no packaged client does on demand: libpq used at its edges, and bytes written by hand, against the real server.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <libpq/libpq-fs.h>

#include <chrono>
#include <thread>

#include "tests/pg/proxy/proxied.hpp"
#include "tests/unit/proxy/relay_double.hpp"
#include "tests/unit/proxy/wire_builder.hpp"

namespace quell::proxy::pg {
namespace {

using test::TraceContents;
using testing::ElementsAre;
using testing::HasSubstr;
using trace::Protocol;
using trace::Value;
using namespace std::chrono_literals;

class ProtocolThroughProxy : public Proxied {
 protected:
  /// A session by hand, ready for its first query.
  relay::Peer raw() {
    relay::Peer peer = relay::Peer::connect_to(proxy_->listening().at(0));
    peer.send(wire::packet(3U << 16, wire::cstring("user") + wire::cstring("quell") + wire::cstring("database") +
                                         wire::cstring(kDatabase) + '\0'));
    until_ready(peer);
    return peer;
  }
  /// The types of the server's messages up to and with `count` ReadyForQuery.
  static std::string until_ready(relay::Peer& peer, int count = 1) {
    std::string types;
    while (count > 0) {
      const std::string head = peer.receive(5);
      if (head.size() < 5) return types + "(end)";
      Cursor cursor(std::string_view(head).substr(1));
      const std::uint32_t length = cursor.u32();
      peer.receive(length - 4);
      types += head[0];
      if (head[0] == 'Z') --count;
    }
    return types;
  }
};

TEST_F(ProtocolThroughProxy, CancelEndsTheQueryOfItsOwnSessionEveryTime) {
  const Connection other = connect();
  for (int i = 0; i < 20; ++i) {
    const Connection connection = connect();
    ASSERT_EQ(PQsendQuery(connection.get(), "select pg_sleep(30)"), 1);
    std::this_thread::sleep_for(5ms);
    PGcancel* cancel = PQgetCancel(connection.get());
    char reason[256] = "";
    EXPECT_EQ(PQcancel(cancel, reason, sizeof reason), 1) << reason;
    PQfreeCancel(cancel);
    const Result result(PQgetResult(connection.get()));
    ASSERT_STREQ(PQresultErrorField(result.get(), PG_DIAG_SQLSTATE), "57014");
    const Result untouched(PQexec(other.get(), "select 1"));
    EXPECT_EQ(PQresultStatus(untouched.get()), PGRES_TUPLES_OK);
  }
  const TraceContents trace = recorded();
  const auto sleeps = trace.of("select pg_sleep(30)");
  ASSERT_EQ(sleeps.size(), 20U);
  for (const auto& query : sleeps) EXPECT_EQ(query.sqlstate(), "57014");
  EXPECT_EQ(trace.connections.size(), 21U);  // cancel requests are no sessions
}

TEST_F(ProtocolThroughProxy, NotificationsReachAnIdleListener) {
  const Connection listener = connect();
  Result(PQexec(listener.get(), "listen news"));
  test::cluster().execute(kDatabase, "notify news, 'hello'");
  PGnotify* note = nullptr;
  for (int i = 0; i < 500 && !note; ++i) {
    std::this_thread::sleep_for(5ms);
    PQconsumeInput(listener.get());
    note = PQnotifies(listener.get());
  }
  ASSERT_TRUE(note);
  EXPECT_STREQ(note->extra, "hello");
  PQfreemem(note);
  EXPECT_THAT(recorded().query_texts(), ElementsAre("listen news"));
}

TEST_F(ProtocolThroughProxy, LargeObjectsAreFastpathCalls) {
  const Connection connection = connect();
  Result(PQexec(connection.get(), "begin"));
  const Oid object = lo_creat(connection.get(), INV_READ | INV_WRITE);
  ASSERT_NE(object, 0U);
  const int handle = lo_open(connection.get(), object, INV_WRITE);
  EXPECT_EQ(lo_write(connection.get(), handle, "12345", 5), 5);
  Result(PQexec(connection.get(), "commit"));
  const TraceContents trace = recorded();
  std::size_t calls = 0;
  for (const auto& query : trace.queries) calls += query.event.protocol == Protocol::fastpath ? 1U : 0U;
  EXPECT_EQ(calls, 3U);                            // lo_creat, lo_open, lowrite
  EXPECT_EQ(trace.of("fastpath 957").size(), 1U);  // lo_creat's oid in pg_proc.dat
  EXPECT_EQ(trace.queries.back().text, "commit");
}

TEST_F(ProtocolThroughProxy, APortalReadInPagesIsOneExecution) {
  relay::Peer peer = raw();
  peer.send(wire::query("begin"));
  EXPECT_EQ(until_ready(peer), "CZ");
  peer.send(wire::parse("", "select id from posts order by id") + wire::bind("C_2", "") + wire::describe('P', "C_2") +
            wire::execute("C_2", 8) + wire::sync());
  EXPECT_EQ(until_ready(peer), "12TDDDDDDDDsZ");
  peer.send(wire::execute("C_2", 8) + wire::sync());
  EXPECT_EQ(until_ready(peer), "DDDDDDDDsZ");
  peer.send(wire::execute("C_2", 8) + wire::sync());
  EXPECT_EQ(until_ready(peer), "DDDDCZ");
  peer.send(wire::query("commit"));
  until_ready(peer);
  const TraceContents trace = recorded();
  const auto paged = trace.of("select id from posts order by id");
  ASSERT_EQ(paged.size(), 1U);
  EXPECT_EQ(paged[0].event.rows, 20U);
  ASSERT_EQ(paged[0].values.size(), 20U);
  EXPECT_EQ(paged[0].values[19], Value::integer(20));
}

TEST_F(ProtocolThroughProxy, SyncAndFlushInsideCopyInAreNotAnswered) {
  relay::Peer peer = raw();
  peer.send(wire::query("create table fed (id int)"));
  until_ready(peer);
  peer.send(wire::parse("", "copy fed from stdin") + wire::bind("", "") + wire::execute() + wire::sync());
  EXPECT_EQ(peer.receive(5).front(), '1');  // ParseComplete, BindComplete, CopyInResponse come in one piece
  EXPECT_EQ(peer.receive(5).front(), '2');
  EXPECT_EQ(peer.receive(10).front(), 'G');
  peer.send(wire::message('d', "1\n") + wire::sync() + wire::flush() + wire::message('d', "2\n") + wire::message('c') +
            wire::sync() + wire::query("select count(*) from fed"));
  EXPECT_EQ(until_ready(peer, 2), "CZTDCZ");
  const TraceContents trace = recorded();
  ASSERT_EQ(trace.of("copy fed from stdin").size(), 1U);
  EXPECT_EQ(trace.of("copy fed from stdin")[0].event.rows, 2U);
  EXPECT_EQ(trace.of("select count(*) from fed").size(), 1U);
  EXPECT_TRUE(trace.summary.complete());
}

TEST_F(ProtocolThroughProxy, AnErrorInAPipelineSkipsItsBatchAndSparesTheNext) {
  const auto one = [](std::string_view sql) { return wire::parse("", sql) + wire::bind("", "") + wire::execute(); };
  relay::Peer peer = raw();
  peer.send(one("select 1") + one("select 1/0") + one("select 3") + wire::sync() + one("select 4") + wire::sync());
  EXPECT_EQ(until_ready(peer, 2), "12DC1EZ12DCZ");  // the planner folds 1/0: its Bind fails
  const TraceContents trace = recorded();
  ASSERT_THAT(trace.query_texts(), ElementsAre("select 1", "select 1/0", "select 3", "select 4"));
  EXPECT_EQ(trace.queries[1].sqlstate(), "22012");
  EXPECT_EQ(trace.queries[2].event.flags, trace::query_flag::kSkippedAfterError);
  EXPECT_EQ(trace.queries[3].event.flags, 0);
}

TEST_F(ProtocolThroughProxy, ADeferredConstraintFailsAtSync) {
  relay::Peer peer = raw();
  peer.send(wire::query("create table deferred (id int unique deferrable initially deferred)"));
  until_ready(peer);
  const std::string insert = "insert into deferred values (1), (1)";
  peer.send(wire::parse("", insert) + wire::bind("", "") + wire::execute() + wire::sync());
  EXPECT_EQ(until_ready(peer), "12CEZ");
  EXPECT_EQ(recorded().of(insert).at(0).sqlstate(), "23505");
}

TEST_F(ProtocolThroughProxy, OneByteAtATimeIsTheSameSession) {
  relay::Peer peer = raw();
  const std::string bytes =
      wire::parse("s", "select $1::int + 1") + wire::bind("", "s", {"41"}) + wire::execute() + wire::sync();
  for (const char byte : bytes) peer.send({&byte, 1});
  EXPECT_EQ(until_ready(peer), "12DCZ");
  const TraceContents trace = recorded();
  EXPECT_EQ(trace.of("select $1::int + 1").at(0).parameters.at(0).bytes, "41");
}

TEST_F(ProtocolThroughProxy, ATerminatedBackendsLastWordsArriveUnchanged) {
  relay::Peer peer = raw();
  peer.send(wire::query("select pg_backend_pid()"));
  until_ready(peer);
  peer.send(wire::query("select pg_sleep(30)"));
  std::this_thread::sleep_for(50ms);
  test::cluster().execute("postgres",
                          "select pg_terminate_backend(pid) from pg_stat_activity where query = 'select pg_sleep(30)'");
  const std::string last = peer.receive_all();
  EXPECT_THAT(last, HasSubstr(std::string("SFATAL\0VFATAL\0C57P01", 19)));
  EXPECT_THAT(last, testing::Not(HasSubstr("(broken)")));
  const TraceContents trace = recorded();
  EXPECT_EQ(trace.of("select pg_sleep(30)").at(0).sqlstate(), "57P01");
  EXPECT_EQ(trace.texts.at(trace.ends.at(0).reason), "FATAL 57P01");
}

TEST_F(ProtocolThroughProxy, PipelinedTimesBeginWhereThePredecessorEnded) {
  relay::Peer peer = raw();
  const auto one = [](std::string_view sql) {
    return wire::parse("", sql) + wire::bind("", "") + wire::execute() + wire::flush();
  };
  peer.send(one("select 1") + one("select pg_sleep(0.2)") + one("select 3") + wire::sync());
  EXPECT_EQ(until_ready(peer), "12DC12DC12DCZ");
  const TraceContents trace = recorded();
  ASSERT_EQ(trace.queries.size(), 3U);
  const auto milliseconds = [&](std::size_t i) {
    return (trace.queries[i].event.complete - trace.queries[i].event.start) / 1'000'000;
  };
  EXPECT_GE(milliseconds(1), 195);
  EXPECT_LT(milliseconds(2), 100);  // its own time, not its neighbour's
}

TEST_F(ProtocolThroughProxy, AMillionRowsReachASlowReaderWhole) {
  const std::string sql = "select i, repeat('x', 20) from generate_series(1, 1000000) i";
  const std::string command = tool("psql") + " -XqAt '" + dsn() + "' -c \"" + sql + "\" | (sleep 0.3; md5sum)";
  const std::string same = tool("psql") + " -XqAt '" + direct() + "' -c \"" + sql + "\" | md5sum";
  EXPECT_EQ(run(command).output, run(same).output);
  const TraceContents trace = recorded();
  ASSERT_EQ(trace.queries.size(), 1U);
  EXPECT_EQ(trace.queries[0].event.rows, 1'000'000U);
  EXPECT_EQ(trace.queries[0].columns.size(), 2U);
  EXPECT_EQ(trace.queries[0].values.size(), 512U);
  EXPECT_EQ(trace.queries[0].values[255], Value::integer(256));
}

TEST_F(ProtocolThroughProxy, ARefusedDatabaseIsToldInTheServersOwnWords) {
  const Connection connection(PQconnectdb(dsn("dbname=nowhere").c_str()));
  EXPECT_THAT(PQerrorMessage(connection.get()), HasSubstr("database \"nowhere\" does not exist"));
  const TraceContents trace = recorded();
  EXPECT_EQ(trace.texts.at(trace.ends.at(0).reason), "FATAL 3D000");
}

TEST_F(ProtocolThroughProxy, EmptyQueriesAndEmptyRowsAreExecutions) {
  const Connection connection = connect();
  Result(PQexec(connection.get(), ""));
  Result(PQexec(connection.get(), "select from posts where id <= 4"));
  Result(PQexecParams(connection.get(), "insert into posts values (100) returning id", 0, nullptr, nullptr, nullptr,
                      nullptr, 0));
  Result(PQexec(connection.get(), "delete from posts where id = 100"));
  const TraceContents trace = recorded();
  ASSERT_EQ(trace.queries.size(), 4U);
  EXPECT_EQ(trace.queries[0].event.rows, 0U);
  EXPECT_EQ(trace.queries[1].event.rows, 4U);
  EXPECT_EQ(trace.queries[2].event.rows, 1U);
  EXPECT_THAT(trace.queries[2].values, ElementsAre(Value::integer(100)));
  EXPECT_EQ(trace.queries[3].event.rows, 1U);
}

}  // namespace
}  // namespace quell::proxy::pg
