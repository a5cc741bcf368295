#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <random>
#include <thread>

#include "agent/proxy/proxy.hpp"
#include "tests/unit/proxy/relay_double.hpp"
#include "tests/unit/proxy/trace_contents.hpp"
#include "tests/unit/proxy/wire_builder.hpp"

namespace quell::proxy::relay {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using namespace std::chrono_literals;

std::string random_bytes(std::size_t size, unsigned seed) {
  std::mt19937 random(seed);
  std::string out(size, '\0');
  for (char& byte : out) byte = static_cast<char>(random() & 0xFF);
  return out;
}

/// Sends in random pieces, now and then with a pause, so that they arrive as they were cut.
void send_in_pieces(Peer& peer, std::string_view bytes, unsigned seed) {
  std::mt19937 random(seed);
  while (!bytes.empty()) {
    const std::size_t size =
        std::min<std::size_t>(bytes.size(), random() % 3 == 0 ? 1 + random() % 7 : 1 + random() % 9'000);
    peer.send(bytes.substr(0, size));
    bytes.remove_prefix(size);
    if (random() % 8 == 0) std::this_thread::sleep_for(200us);
  }
}

struct Pair {
  Peer client;
  Peer server;
};

/// A client that has sent its startup packet, and the server's end of its session.
Pair open_session(const Proxy& proxy, Server& server) {
  Pair pair{Peer::connect_to(proxy.listening().front()), {}};
  pair.client.send(wire::startup());
  pair.server = server.accept();
  EXPECT_EQ(pair.server.receive_packet(), wire::startup());
  return pair;
}

class RelayTest : public testing::Test {
 protected:
  void TearDown() override { std::filesystem::remove(path); }
  std::unique_ptr<trace::Writer> writer() { return trace::Writer::create(path, {}); }
  /// What was recorded, once the proxy has stopped.
  test::TraceContents recorded() { return test::TraceContents(path); }

  const std::string path = testing::TempDir() + "quell_relay_test_" + std::to_string(getpid()) + ".qtr";
  Server server;
};

TEST_F(RelayTest, BytesOfBothDirectionsAreEqualUnderRandomFragmentationWhateverTheyMean) {
  Proxy proxy(params_for(server.address()), writer());
  for (unsigned seed = 1; seed <= 6; ++seed) {
    Pair pair = open_session(proxy, server);
    const std::string up = '?' + random_bytes(300'000, seed);  // no message begins so
    const std::string down = random_bytes(500'000, seed + 100);
    std::string got_up;
    std::string got_down;
    std::thread reads_up([&] { got_up = pair.server.receive(up.size()); });
    std::thread reads_down([&] { got_down = pair.client.receive(down.size()); });
    std::thread sends_down([&] { send_in_pieces(pair.server, down, seed); });
    send_in_pieces(pair.client, up, seed + 7);
    sends_down.join();
    reads_up.join();
    reads_down.join();
    EXPECT_TRUE(got_up == up) << "seed " << seed;
    EXPECT_TRUE(got_down == down) << "seed " << seed;
  }
  proxy.stop();
  // Noise is not PostgreSQL: each session was given up and counted, and relayed all the same.
  EXPECT_EQ(proxy.stats().recorder.untracked, 6U);
  const test::TraceContents trace = recorded();
  ASSERT_EQ(trace.losses.size(), 6U);
  EXPECT_EQ(trace.losses[0].reason, trace::LossReason::parser_lost);
  EXPECT_FALSE(trace.summary.complete());
}

TEST_F(RelayTest, AForkedChildThatHoldsItsConnectionsIsNotHeardOfOnceASessionHasEnded) {
  Proxy proxy(params_for(server.address()), writer());
  Pair ended = open_session(proxy, server);
  // Between fork and exec a child holds every descriptor of the program, so that closing one of ours ends nothing.
  const pid_t child = fork();
  if (child == 0) {
    ended.client.close();  // the child's copies of the far ends only, so that the session does end
    ended.server.close();
    pause();
    _exit(0);
  }
  ended.client.close();
  ended.server.close();
  std::this_thread::sleep_for(100ms);
  Pair next = open_session(proxy, server);
  next.server.send("?");
  EXPECT_EQ(next.client.receive(1), "?");
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
}

TEST_F(RelayTest, ARecordedSessionInRandomPiecesIsRelayedUnchangedAndRecordedTheSame) {
  using namespace wire;
  const std::string request = parse("s", "select id from t where a = $1") + bind("", "s", {"5"}) + describe('P', "") +
                              execute() + sync() + query("update t set a = 1; select 2") + message('X');
  const std::string answer = welcome() + parsed() + bound() + row_description({{"id"}}) + row({"1"}) + row({"2"}) +
                             complete("SELECT 2") + ready() + complete("UPDATE 3") + row_description({{"x"}}) +
                             row({"2"}) + complete("SELECT 1") + ready();
  Proxy proxy(params_for(server.address()), writer());
  for (unsigned seed = 1; seed <= 20; ++seed) {
    Pair pair = open_session(proxy, server);
    // The server double does not wait for requests; a real one does, so that a reply never overtakes.
    send_in_pieces(pair.client, request, seed);
    EXPECT_EQ(pair.server.receive(request.size()), request);
    send_in_pieces(pair.server, answer, seed + 50);
    pair.server.close();
    EXPECT_EQ(pair.client.receive_all(), answer);
  }
  proxy.stop();
  const test::TraceContents trace = recorded();
  ASSERT_EQ(trace.queries.size(), 60U);
  for (std::size_t i = 0; i < trace.queries.size(); i += 3) {
    EXPECT_EQ(trace.queries[i].text, "select id from t where a = $1");
    EXPECT_EQ(trace.queries[i].parameters.at(0).bytes, "5");
    EXPECT_THAT(trace.queries[i].values, ElementsAre(trace::Value::integer(1), trace::Value::integer(2)));
    EXPECT_EQ(trace.queries[i].event.rows, 2U);
    EXPECT_EQ(trace.queries[i + 1].text, "update t set a = 1");
    EXPECT_EQ(trace.queries[i + 1].event.rows, 3U);
    EXPECT_EQ(trace.queries[i + 2].text, "select 2");
  }
  EXPECT_EQ(trace.connections.size(), 20U);
  EXPECT_EQ(trace.ends.size(), 20U);
  EXPECT_TRUE(trace.summary.complete());
}

TEST_F(RelayTest, ASlowReaderHoldsTheSenderBackInsteadOfFillingMemory) {
  Proxy proxy(params_for(server.address()), writer());
  Pair pair = open_session(proxy, server);
  // Nobody reads at the client: the sender must come to a stop within the sockets' buffers and one read of ours.
  const timeval limit{0, 300'000};
  setsockopt(pair.server.get(), SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
  const std::string block(65'536, 'x');
  std::size_t sent = 0;
  while (sent < (std::size_t{256} << 20)) {
    const ssize_t put = send(pair.server.get(), block.data(), block.size(), MSG_NOSIGNAL);
    if (put <= 0) break;
    sent += static_cast<std::size_t>(put);
  }
  EXPECT_LT(sent, std::size_t{64} << 20);
  pair.server.close();
  EXPECT_EQ(pair.client.receive_all().size(), sent);  // and nothing of it is lost
}

TEST_F(RelayTest, ASideThatStopsWritingMayStillRead) {
  Proxy proxy(params_for(server.address()), writer());
  Pair pair = open_session(proxy, server);
  pair.client.send("last words");
  pair.client.end_writing();
  EXPECT_EQ(pair.server.receive_all(), "last words");
  pair.server.send("the answer");
  pair.server.close();
  EXPECT_EQ(pair.client.receive_all(), "the answer");
}

TEST_F(RelayTest, TheServersLastBytesReachAClientThatIsStillSending) {
  Proxy proxy(params_for(server.address()), writer());
  Pair pair = open_session(proxy, server);
  const std::string farewell = wire::error("57P01", "FATAL");
  pair.server.send(wire::welcome() + farewell);
  pair.server.close();
  pair.client.send(wire::query("select 1"));  // nobody will read it
  EXPECT_EQ(pair.client.receive_all(), wire::welcome() + farewell);
  pair.client.close();
  proxy.stop();
  const test::TraceContents trace = recorded();
  EXPECT_EQ(trace.texts.at(trace.ends.at(0).reason), "FATAL 57P01");
}

TEST_F(RelayTest, AClientThatVanishesEndsTheServersSession) {
  Proxy proxy(params_for(server.address()), writer());
  Pair pair = open_session(proxy, server);
  pair.server.send(wire::welcome());
  EXPECT_EQ(pair.client.receive(wire::welcome().size()), wire::welcome());
  const linger hard{1, 0};
  setsockopt(pair.client.get(), SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
  pair.client.close();  // a reset
  EXPECT_THAT(pair.server.receive_all(), testing::AnyOf("", "(broken)"));
}

TEST_F(RelayTest, UpstreamDownIsAFatalErrorWithItsReason) {
  Address nowhere;
  {
    const Server gone;
    nowhere = gone.address();
  }
  Proxy proxy(params_for(nowhere), writer());
  Peer client = Peer::connect_to(proxy.listening().front());
  client.send(wire::startup());
  const std::string answer = client.receive_all();
  EXPECT_EQ(answer.front(), 'E');
  EXPECT_THAT(answer, HasSubstr(std::string("SFATAL\0VFATAL\0C08006\0", 20)));
  EXPECT_THAT(answer, HasSubstr("Quell's proxy cannot reach PostgreSQL at " + nowhere.text() + ": Connection refused"));
  EXPECT_EQ(proxy.stats().upstream_failed, 1U);
}

TEST_F(RelayTest, ASecondAddressOfTheServerIsTriedWhenTheFirstRefuses) {
  // "localhost" is ::1 and 127.0.0.1 on most machines; the server listens on one of them.
  Address upstream = server.address();
  upstream.host = "localhost";
  Proxy proxy(params_for(upstream), writer());
  Pair pair = open_session(proxy, server);
  pair.server.send("hello");
  EXPECT_EQ(pair.client.receive(5), "hello");
}

// Greetings.

TEST_F(RelayTest, EncryptionIsRefusedAndTheSessionGoesOnInPlaintext) {
  Proxy proxy(params_for(server.address()), writer());
  Peer client = Peer::connect_to(proxy.listening().front());
  client.send(wire::packet(kGssEncRequest));
  EXPECT_EQ(client.receive(1), "N");
  client.send(wire::packet(kSslRequest));
  EXPECT_EQ(client.receive(1), "N");
  client.send(wire::startup(2));
  EXPECT_EQ(server.accept().receive_packet(), wire::startup(2));
}

TEST_F(RelayTest, PlaintextBehindARequestForEncryptionIsRefused) {
  Proxy proxy(params_for(server.address()), writer());
  Peer client = Peer::connect_to(proxy.listening().front());
  client.send(wire::packet(kSslRequest) + wire::startup());
  EXPECT_THAT(client.receive_all(), HasSubstr("received unencrypted data after a request for encryption"));
  EXPECT_FALSE(server.is_called(50));
  EXPECT_EQ(proxy.stats().refused, 1U);
}

TEST_F(RelayTest, WhatIsNoStartupPacketIsRefusedWithoutBotheringTheServer) {
  Proxy proxy(params_for(server.address()), writer());
  for (const std::string& garbage :
       {std::string("GET / HTTP/1.1\r\n\r\n"), wire::i32(0), wire::i32(10'001), std::string(8, '\xFF')}) {
    Peer client = Peer::connect_to(proxy.listening().front());
    client.send(garbage);
    EXPECT_THAT(client.receive_all(), HasSubstr("not a startup packet of PostgreSQL"));
  }
  EXPECT_FALSE(server.is_called(50));
}

TEST_F(RelayTest, DirectTlsWithoutACertificateIsClosedAtOnce) {
  Proxy proxy(params_for(server.address()), writer());
  Peer client = Peer::connect_to(proxy.listening().front());
  client.send("\x16\x03\x01\x02");
  EXPECT_THAT(client.receive_all(), testing::AnyOf("", "(broken)"));
  EXPECT_FALSE(server.is_called(50));
}

TEST_F(RelayTest, ASilentClientIsPutOutAfterTheHandshakeTime) {
  ProxyParams params = params_for(server.address());
  params.handshake_nanoseconds = 100'000'000;
  Proxy proxy(params, writer());
  Peer client = Peer::connect_to(proxy.listening().front());
  EXPECT_EQ(client.receive_all(), "");
}

TEST_F(RelayTest, AServerThatNeverAnswersTheConnectIsReportedAfterTheHandshakeTime) {
  ProxyParams params = params_for(Address::parse("192.0.2.1:5432"));  // TEST-NET-1: packets to it are lost
  params.handshake_nanoseconds = 100'000'000;
  Proxy proxy(params, writer());
  Peer client = Peer::connect_to(proxy.listening().front());
  client.send(wire::startup());
  EXPECT_THAT(client.receive_all(), HasSubstr("Quell's proxy cannot reach PostgreSQL at 192.0.2.1:5432"));
}

TEST_F(RelayTest, ACancelRequestIsPassedOnAloneAndTheClientWaitsForTheServer) {
  Proxy proxy(params_for(server.address()), writer());
  Peer client = Peer::connect_to(proxy.listening().front());
  const std::string cancel = wire::packet(kCancelRequest, wire::i32(4711) + "KEY!");
  client.send(wire::packet(kSslRequest));
  EXPECT_EQ(client.receive(1), "N");
  client.send(cancel);
  Peer upstream = server.accept();
  EXPECT_EQ(upstream.receive_packet(), cancel);
  pollfd wait{client.get(), POLLIN, 0};
  EXPECT_EQ(poll(&wait, 1, 100), 0) << "closed before the server had";
  upstream.close();
  EXPECT_EQ(client.receive_all(), "");
  proxy.stop();
  EXPECT_TRUE(recorded().connections.empty());
}

TEST_F(RelayTest, ACancelRequestGoesToTheAddressOfItsSession) {
  Address upstream = server.address();
  upstream.host = "localhost";
  const std::vector<Endpoint> endpoints = resolve(upstream);
  if (endpoints.size() < 2 || endpoints[0].text == server.endpoint().text) {
    GTEST_SKIP() << "localhost has no second address behind another here";
  }
  Proxy proxy(params_for(upstream), writer());
  Pair pair = open_session(proxy, server);  // the first address refuses
  pair.server.send(wire::welcome());
  pair.client.receive(wire::welcome().size());
  Server first(endpoints[0].text);  // and now it would not
  Peer client = Peer::connect_to(proxy.listening().front());
  const std::string cancel = wire::packet(kCancelRequest, wire::i32(4711) + "KEY!");
  client.send(cancel);
  EXPECT_EQ(server.accept().receive_packet(), cancel);
  EXPECT_FALSE(first.is_called(50));
}

// Sockets.

TEST_F(RelayTest, UnixSocketsWorkOnBothSides) {
  const std::string folder = testing::TempDir() + "quell_relay_" + std::to_string(getpid());
  std::filesystem::create_directory(folder);
  {
    Server unix_server("unix:" + folder + "/upstream");
    ProxyParams params = params_for(unix_server.address());
    params.listen = {Address::parse(folder + ":6543")};
    Proxy proxy(params, writer());
    EXPECT_EQ(proxy.listening()[0].text, folder + "/.s.PGSQL.6543");
    EXPECT_EQ(std::filesystem::status(folder + "/.s.PGSQL.6543").permissions(),
              std::filesystem::perms::owner_all);  // nobody else may use our access
    Pair pair = open_session(proxy, unix_server);
    const std::string down = random_bytes(3'000'000, 5);
    std::thread sends([&] {
      pair.server.send(down);
      pair.server.close();
    });
    EXPECT_TRUE(pair.client.receive_all() == down);
    sends.join();
  }
  EXPECT_FALSE(std::filesystem::exists(folder + "/.s.PGSQL.6543")) << "the proxy leaves its socket behind";
  std::filesystem::remove_all(folder);
}

TEST_F(RelayTest, ASocketFileThatNobodyListensOnIsReplaced) {
  const std::string socket_path = testing::TempDir() + "quell_stale_" + std::to_string(getpid());
  { const Server crashed("unix:" + socket_path); }  // leaves its file
  ASSERT_TRUE(std::filesystem::exists(socket_path));
  ProxyParams params = params_for(server.address());
  params.listen = {Address::parse("unix:" + socket_path)};
  EXPECT_NO_THROW(Proxy(params, writer()));
}

TEST_F(RelayTest, SeveralListenersAmongThemIpv6) {
  ProxyParams params = params_for(server.address());
  params.listen = {Address::parse("127.0.0.1:0"), Address::parse("[::1]:0")};
  Proxy proxy(params, writer());
  ASSERT_EQ(proxy.listening().size(), 2U);
  for (const Endpoint& endpoint : proxy.listening()) {
    Peer client = Peer::connect_to(endpoint);
    client.send(wire::startup());
    EXPECT_EQ(server.accept().receive_packet(), wire::startup());
  }
}

TEST_F(RelayTest, APortInUseIsNamedWithTheNextStep) {
  ProxyParams params = params_for(server.address());
  params.listen = {server.address()};
  try {
    Proxy proxy(params, writer());
    FAIL();
  } catch (const ProxyError& error) {
    EXPECT_EQ(std::string(error.what()),
              "cannot listen on " + server.endpoint().text + ": Address already in use; choose another with --listen");
  }
}

TEST_F(RelayTest, AFolderThatDoesNotExistIsNamed) {
  ProxyParams params = params_for(server.address());
  params.listen = {Address::parse("/nonexistent:5433")};
  try {
    Proxy proxy(params, writer());
    FAIL();
  } catch (const ProxyError& error) {
    EXPECT_STREQ(error.what(), "cannot listen on /nonexistent/.s.PGSQL.5433: No such file or directory");
  }
}

TEST_F(RelayTest, AMissingCertificateIsNamed) {
  ProxyParams params = params_for(server.address());
  params.client_tls.certificate = "/nonexistent/server.crt";
  try {
    Proxy proxy(params, writer());
    FAIL();
  } catch (const ProxyError& error) {
    EXPECT_THAT(error.what(), HasSubstr("cannot use the certificate '/nonexistent/server.crt': "));
  }
}

// The recorder.

/// Runs `count` queries to and fro; each must come through.
void converse(Pair& pair, int count) {
  pair.server.send(wire::welcome());
  pair.client.receive(wire::welcome().size());
  const std::string request = wire::query("select 1");
  const std::string answer = wire::complete("SELECT 1") + wire::ready();
  for (int i = 0; i < count; ++i) {
    pair.client.send(request);
    ASSERT_EQ(pair.server.receive(request.size()), request);
    pair.server.send(answer);
    ASSERT_EQ(pair.client.receive(answer.size()), answer);
  }
}

TEST_F(RelayTest, AStalledRecorderDoesNotStopTheSessionAndEveryDropIsCounted) {
  ProxyParams params = params_for(server.address());
  params.recorder.lane_events = 10;
  params.recorder.interval = std::chrono::hours(1);  // it does not come by before the end
  Proxy proxy(params, writer());
  Pair pair = open_session(proxy, server);
  converse(pair, 500);
  proxy.stop();
  const test::TraceContents trace = recorded();
  ASSERT_EQ(trace.connections.size(), 1U);
  EXPECT_EQ(trace.queries.size(), 9U);  // the lane holds ten events, the connection's among them
  std::uint64_t lost = 0;
  for (const trace::Loss& loss : trace.losses) {
    EXPECT_EQ(loss.reason, trace::LossReason::ring_full);
    if (loss.kind == trace::EventKind::query) lost += loss.count;
  }
  EXPECT_EQ(lost, 491U);
  EXPECT_FALSE(trace.summary.complete());
  EXPECT_EQ(proxy.stats().recorder.queries, 9U);
}

TEST_F(RelayTest, ADiskThatTakesNoMoreDoesNotStopTheSessionAndIsReported) {
  std::unique_ptr<trace::Writer> limited = writer();
  signal(SIGXFSZ, SIG_IGN);
  rlimit before{};
  getrlimit(RLIMIT_FSIZE, &before);
  const rlimit full{std::filesystem::file_size(path), before.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &full), 0);
  Proxy proxy(params_for(server.address()), std::move(limited));
  Pair pair = open_session(proxy, server);
  converse(pair, 50);
  proxy.stop();
  setrlimit(RLIMIT_FSIZE, &before);
  EXPECT_THAT(proxy.stats().recorder.write_error, HasSubstr("File too large"));
}

TEST_F(RelayTest, WithoutAWriterTheProxyOnlyRelays) {
  Proxy proxy(params_for(server.address()), nullptr);
  Pair pair = open_session(proxy, server);
  pair.server.send(wire::welcome());
  EXPECT_EQ(pair.client.receive(wire::welcome().size()), wire::welcome());
}

TEST_F(RelayTest, StoppingEndsSessionsAndRecordsWhatRan) {
  auto proxy = std::make_unique<Proxy>(params_for(server.address()), writer());
  Pair pair = open_session(*proxy, server);
  pair.server.send(wire::welcome());
  pair.client.receive(wire::welcome().size());
  pair.client.send(wire::query("select pg_sleep(100)"));
  pair.server.receive(wire::query("select pg_sleep(100)").size());
  proxy->stop();
  const test::TraceContents trace = recorded();
  EXPECT_THAT(trace.query_texts(), ElementsAre("select pg_sleep(100)"));
  EXPECT_EQ(trace.queries.at(0).event.flags, trace::query_flag::kNoEndSeen);
  EXPECT_EQ(trace.texts.at(trace.ends.at(0).reason), "the proxy was stopped");
}

}  // namespace
}  // namespace quell::proxy::relay
