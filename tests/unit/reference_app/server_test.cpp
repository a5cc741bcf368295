#include "reference_app/http/server.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>
#include <thread>

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "tests/unit/reference_app/raw_client.hpp"

namespace quell::reference::http {
namespace {

using namespace std::chrono_literals;
using test::RawClient;
using test::status_of;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;

constexpr std::string_view kGet = "GET /echo HTTP/1.1\r\nHost: test\r\n\r\n";

/// Answers with what it got; /slow takes 300 ms.
boost::asio::awaitable<Response> echo(const Request& request) {
  if (request.target == "/slow") {
    boost::asio::steady_timer timer(co_await boost::asio::this_coro::executor, 300ms);
    co_await timer.async_wait(boost::asio::use_awaitable);
  }
  Response response;
  response.body =
      std::string(to_string(request.method)) + " " + std::string(request.target) + " " + std::string(request.body);
  co_return response;
}

ServerParams small_limits() {
  ServerParams params;
  params.max_header_bytes = 1024;
  params.max_body_bytes = 100;
  params.max_connections = 3;
  params.read_timeout = 200ms;
  params.idle_timeout = 400ms;
  params.drain_timeout = 2s;
  return params;
}

class ServerTest : public testing::Test {
 protected:
  static RequestHandler make_handler(const boost::asio::any_io_executor&, std::size_t) { return &echo; }
  Server server_{small_limits(), &make_handler};
  RawClient client_{server_.port()};
};

TEST_F(ServerTest, AnswersSeveralRequestsOnOneConnection) {
  client_.send(kGet);
  EXPECT_THAT(client_.read_reply(), EndsWith("\r\n\r\nGET /echo "));
  client_.send("POST /echo HTTP/1.1\r\nHost: test\r\nContent-Length: 2\r\n\r\nhi");
  EXPECT_THAT(client_.read_reply(), EndsWith("\r\n\r\nPOST /echo hi"));
}

TEST_F(ServerTest, AnswersPipelinedRequestsInOrder) {
  client_.send("GET /slow HTTP/1.1\r\nHost: test\r\n\r\nGET /second HTTP/1.1\r\nHost: test\r\n\r\n");
  EXPECT_THAT(client_.read_reply(), EndsWith("GET /slow "));
  EXPECT_THAT(client_.read_reply(), EndsWith("GET /second "));
}

TEST_F(ServerTest, ReadsChunkedBodies) {
  client_.send("POST /c HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n");
  EXPECT_THAT(client_.read_reply(), EndsWith("POST /c abc"));
}

TEST_F(ServerTest, ClosesWhereTheClientAsksForIt) {
  client_.send("GET /echo HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n");
  EXPECT_THAT(client_.read_to_end(), HasSubstr("Connection: close"));
}

TEST_F(ServerTest, HeadHasTheHeaderOfGetAndNoBody) {
  client_.send("HEAD /echo HTTP/1.1\r\nHost: test\r\n\r\n");
  const auto reply = client_.read_reply(false);
  EXPECT_EQ(status_of(reply), 200);
  EXPECT_THAT(reply, HasSubstr("Content-Length: 11"));  // "HEAD /echo "
  client_.send(kGet);
  EXPECT_THAT(client_.read_reply(), EndsWith("GET /echo "));
}

TEST_F(ServerTest, InvitesABodyTheClientHoldsBack) {
  client_.send("POST /e HTTP/1.1\r\nHost: test\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(status_of(client_.read_reply(false)), 100);
  client_.send("ok");
  EXPECT_THAT(client_.read_reply(), EndsWith("POST /e ok"));
}

TEST_F(ServerTest, RefusesABodyByItsDeclaredLengthBeforeReadingIt) {
  client_.send("POST /e HTTP/1.1\r\nHost: test\r\nContent-Length: 101\r\nExpect: 100-continue\r\n\r\n");
  const auto reply = client_.read_to_end();
  EXPECT_EQ(status_of(reply), 413);
  EXPECT_THAT(reply, HasSubstr("application/problem+json"));
  EXPECT_THAT(reply, HasSubstr("Connection: close"));
}

TEST_F(ServerTest, TakesABodyOfExactlyTheLimit) {
  client_.send("POST /e HTTP/1.1\r\nHost: test\r\nContent-Length: 100\r\n\r\n" + std::string(100, 'x'));
  EXPECT_EQ(status_of(client_.read_reply()), 200);
}

TEST_F(ServerTest, RefusesAChunkedBodyThatGrowsTooLarge) {
  client_.send("POST /e HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n65\r\n" + std::string(0x65, 'x') +
               "\r\n0\r\n\r\n");
  EXPECT_EQ(status_of(client_.read_to_end()), 413);
}

TEST_F(ServerTest, RefusesALargeHeader) {
  client_.send("GET /echo HTTP/1.1\r\nHost: test\r\nX-Long: " + std::string(2000, 'x') + "\r\n\r\n");
  EXPECT_EQ(status_of(client_.read_to_end()), 431);
}

TEST_F(ServerTest, RefusesWhatIsNotHttp) {
  client_.send("hello\r\n\r\n");
  EXPECT_EQ(status_of(client_.read_to_end()), 400);
}

TEST_F(ServerTest, RefusesARequestWithoutHostAndAnUnknownMethod) {
  client_.send("GET /echo HTTP/1.1\r\n\r\n");
  EXPECT_EQ(status_of(client_.read_to_end()), 400);
  RawClient other(server_.port());
  other.send("BREW /echo HTTP/1.1\r\nHost: test\r\n\r\n");
  EXPECT_EQ(status_of(other.read_to_end()), 501);
}

TEST_F(ServerTest, TellsAClientThatSendsTooSlowly) {
  client_.send("GET /echo HTTP/1.1\r\nHost: te");
  EXPECT_EQ(status_of(client_.read_to_end()), 408);
  RawClient other(server_.port());
  other.send("POST /e HTTP/1.1\r\nHost: test\r\nContent-Length: 2\r\n\r\nx");
  EXPECT_EQ(status_of(other.read_to_end()), 408);
}

TEST_F(ServerTest, ClosesIdleConnectionsWithoutAWord) {
  EXPECT_EQ(client_.read_to_end(), "");
}

TEST_F(ServerTest, RefusesConnectionsBeyondTheLimit) {
  client_.send(kGet);
  client_.read_reply();
  RawClient second(server_.port());
  RawClient third(server_.port());
  second.send(kGet);
  second.read_reply();
  third.send(kGet);
  third.read_reply();
  RawClient fourth(server_.port());
  const auto reply = fourth.read_to_end();
  EXPECT_EQ(status_of(reply), 503);
  EXPECT_THAT(reply, HasSubstr("Retry-After: 1"));
}

TEST_F(ServerTest, DrainFinishesARunningRequestAndClosesIdleConnections) {
  RawClient idle(server_.port());
  idle.send(kGet);
  idle.read_reply();
  client_.send("GET /slow HTTP/1.1\r\nHost: test\r\n\r\n");
  std::this_thread::sleep_for(100ms);  // let it arrive; the handler takes 300 ms
  auto stopped = std::async(std::launch::async, [this] { server_.stop(); });
  const auto reply = client_.read_to_end();
  EXPECT_EQ(status_of(reply), 200);
  EXPECT_THAT(reply, HasSubstr("Connection: close"));
  EXPECT_EQ(idle.read_to_end(), "");
  stopped.get();
  EXPECT_THROW(RawClient{server_.port()}, std::runtime_error);
}

TEST(Server, DrainDoesNotWaitForEverForASlowRequest) {
  auto params = small_limits();
  params.drain_timeout = 50ms;
  Server server(params, [](const boost::asio::any_io_executor&, std::size_t) { return RequestHandler(&echo); });
  RawClient client(server.port());
  client.send("GET /slow HTTP/1.1\r\nHost: test\r\n\r\n");
  std::this_thread::sleep_for(50ms);
  const auto before = std::chrono::steady_clock::now();
  server.stop();
  EXPECT_LT(std::chrono::steady_clock::now() - before, 200ms);
}

TEST(Server, SaysWhyItCannotListen) {
  Server first(ServerParams{}, [](const boost::asio::any_io_executor&, std::size_t) { return RequestHandler(&echo); });
  ServerParams same;
  same.port = first.port();
  const auto start = [](ServerParams params) {
    try {
      Server(params, [](const boost::asio::any_io_executor&, std::size_t) { return RequestHandler(&echo); });
    } catch (const ListenError& error) {
      return std::string(error.what());
    }
    return std::string();
  };
  EXPECT_THAT(start(same), HasSubstr("Address already in use"));
  ServerParams name;
  name.host = "no address";
  EXPECT_THAT(start(name), HasSubstr("give a numeric address"));
}

TEST(Server, SeveralWorkersShareThePort) {
  auto params = small_limits();
  params.workers = 3;
  params.max_connections = 6;
  Server server(params, [](const boost::asio::any_io_executor&, std::size_t) { return RequestHandler(&echo); });
  std::vector<std::future<int>> statuses;
  for (int i = 0; i < 6; ++i) {
    statuses.push_back(std::async(std::launch::async, [&] {
      RawClient client(server.port());
      client.send("GET /slow HTTP/1.1\r\nHost: test\r\n\r\n");
      return status_of(client.read_reply());
    }));
  }
  for (auto& status : statuses) EXPECT_EQ(status.get(), 200);
}

}  // namespace
}  // namespace quell::reference::http
