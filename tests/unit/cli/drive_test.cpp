#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/streambuf.hpp>
#include <boost/asio/write.hpp>
#include <latch>
#include <thread>

#include <quell/trace/error.hpp>

#include "cli/demo/traffic.hpp"

namespace quell::demo {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;

/// Answers every request on `connections` connections with `reply`, each on a thread of its own.
class Server {
 public:
  Server(std::size_t connections, std::string reply, std::latch* all_here = nullptr)
      : acceptor_(context_, tcp::endpoint(asio::ip::address_v4::loopback(), 0)) {
    thread_ = std::thread([this, connections, reply, all_here] {
      std::vector<std::thread> sessions;
      for (std::size_t i = 0; i < connections; ++i) {
        auto socket = std::make_shared<tcp::socket>(acceptor_.accept());
        sessions.emplace_back([this, socket, reply, all_here] { serve(*socket, reply, all_here); });
      }
      for (std::thread& session : sessions) session.join();
    });
  }
  ~Server() { thread_.join(); }

  [[nodiscard]] std::uint16_t port() const { return acceptor_.local_endpoint().port(); }
  [[nodiscard]] int requests() const { return requests_; }

 private:
  void serve(tcp::socket& socket, const std::string& reply, std::latch* all_here) {
    boost::system::error_code failure;
    asio::streambuf input;
    for (;;) {
      const std::size_t size = asio::read_until(socket, input, "\r\n\r\n", failure);
      if (failure) return;
      input.consume(size);
      ++requests_;
      if (all_here) all_here->arrive_and_wait();
      asio::write(socket, asio::buffer(reply), failure);
      if (reply.empty()) return;
    }
  }

  asio::io_context context_;
  tcp::acceptor acceptor_;
  std::thread thread_;
  std::atomic<int> requests_ = 0;
};

std::string reply(const std::string& status, const std::string& body) {
  return "HTTP/1.1 " + status + "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

TEST(Drive, SendsEveryRequestOverOneConnectionAClient) {
  Server server(2, reply("200 OK", "{}"));
  drive({{{{"GET", "/a", "", 200}, {"GET", "/b", "", 200}}, {{"GET", "/c", "", 200}}}}, server.port());
  EXPECT_EQ(server.requests(), 3);
}

TEST(Drive, SendsThemAtTheSameTime) {
  // Nobody is answered before all eight have asked: one client after the other would wait for ever.
  std::latch all_here(8);
  Server server(8, reply("200 OK", "{}"), &all_here);
  drive({std::vector<std::vector<HttpRequest>>(8, {{"GET", "/a", "", 200}})}, server.port());
  EXPECT_EQ(server.requests(), 8);
}

TEST(Drive, SaysWhatWasAnsweredInsteadOfWhatWasExpected) {
  Server server(1, reply("404 Not Found", "no such post"));
  try {
    drive({{{{"GET", "/posts/7", "", 200}}}}, server.port());
    FAIL();
  } catch (const Error& error) {
    EXPECT_STREQ(error.what(), "the reference API answered GET /posts/7 with 404: no such post");
  }
}

TEST(Drive, SaysSoWhereTheConnectionIsLost) {
  Server server(1, "");
  try {
    drive({{{{"GET", "/", "", 200}}}}, server.port());
    FAIL();
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), testing::StartsWith("the reference API did not answer: "));
  }
}

}  // namespace
}  // namespace quell::demo
