#include "cli/demo/traffic.hpp"

#include <chrono>
#include <exception>
#include <iterator>
#include <memory>
#include <utility>

#include <fmt/format.h>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <boost/json/parse.hpp>
#include <quell/trace/error.hpp>

#include "cli/demo/interrupt.hpp"

namespace quell::demo {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;

constexpr std::chrono::seconds kReplyLimit{10};

HttpRequest get(std::string target) {
  return {"GET", std::move(target), "", 200};
}

HttpRequest new_user(int number) {
  return {"POST", "/users", fmt::format(R"({{"name": "Reader {0}", "email": "reader{0}@example.org"}})", number), 201};
}

HttpRequest new_post(int number) {
  return {"POST", "/posts",
          fmt::format(R"({{"author_id": {}, "title": "Note {}", "body": "Written by the demo.", "tags": ["demo"]}})",
                      number % 7 + 1, number),
          201};
}

HttpRequest login() {
  return {"POST", "/auth/login", fmt::format(R"({{"email": "{}", "password": "{}"}})", kWriterEmail, kWriterPassword),
          200, true};
}

/// What one visitor does: lists, a post, its author. `turn` moves the ids and pages so that visits differ.
std::vector<HttpRequest> visit(const std::string& loading, int turn) {
  return {get(fmt::format("/posts?loading={}&limit=20&offset={}", loading, 20 * turn)),
          get(fmt::format("/posts/{}?loading={}", 1 + 13 * turn, loading)),
          get(fmt::format("/users/{}/posts?loading={}&limit=10", 1 + turn, loading)),
          get(fmt::format("/users/{}", 1 + turn))};
}

void append(std::vector<HttpRequest>& list, std::vector<HttpRequest> more) {
  list.insert(list.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
}

TrafficPhase one_client() {
  std::vector<HttpRequest> requests;
  for (const char* loading : {"lazy", "selectin", "joined"}) {
    for (const int limit : {5, 10, 20, 50})
      requests.push_back(get(fmt::format("/posts?loading={}&limit={}", loading, limit)));
    for (int turn = 0; turn < 5; ++turn) append(requests, visit(loading, turn));
  }
  for (int page = 0; page < 5; ++page) requests.push_back(get(fmt::format("/posts?limit=10&offset={}", 10 * page)));
  requests.push_back(login());
  for (int number = 1; number <= 5; ++number) {
    requests.push_back(new_user(number));
    requests.push_back(new_post(number));
  }
  return {{std::move(requests)}};
}

TrafficPhase eight_clients() {
  TrafficPhase phase;
  for (int client = 0; client < 8; ++client) {
    std::vector<HttpRequest> requests;
    int turn = 0;
    for (const char* loading : {"lazy", "selectin", "joined"}) append(requests, visit(loading, client + turn++));
    requests.push_back(login());
    requests.push_back(new_user(100 + client));
    requests.push_back(new_post(100 + client));
    phase.clients.push_back(std::move(requests));
  }
  return phase;
}

/// A class with a constructor: g++ 12 destroys aggregates that a coroutine takes by value twice.
class Client {
 public:
  Client(asio::io_context& context, std::uint16_t port, const std::vector<HttpRequest>& requests)
      : stream_(context), port_(port), requests_(requests) {}

  asio::awaitable<void> run() {
    const asio::ip::tcp::endpoint server(asio::ip::address_v4::loopback(), port_);
    stream_.expires_after(kReplyLimit);
    co_await stream_.async_connect(server, asio::use_awaitable);
    for (const HttpRequest& request : requests_) co_await exchange(request);
    boost::system::error_code ignored;
    stream_.socket().shutdown(asio::ip::tcp::socket::shutdown_both, ignored);
  }

 private:
  asio::awaitable<void> exchange(const HttpRequest& request) {
    http::request<http::string_body> message(http::string_to_verb(request.method), request.target, 11, request.body);
    message.set(http::field::host, "127.0.0.1");
    if (!request.body.empty()) message.set(http::field::content_type, "application/json");
    if (!access_token_.empty()) message.set(http::field::authorization, "Bearer " + access_token_);
    message.prepare_payload();
    stream_.expires_after(kReplyLimit);
    co_await http::async_write(stream_, message, asio::use_awaitable);
    http::response<http::string_body> reply;
    co_await http::async_read(stream_, buffer_, reply, asio::use_awaitable);
    if (reply.result_int() != request.expected_status)
      throw Error(fmt::format("the reference API answered {} {} with {}: {}", request.method, request.target,
                              reply.result_int(), reply.body().substr(0, 300)));
    if (request.logs_in) access_token_ = boost::json::parse(reply.body()).at("access_token").as_string();
  }

  beast::tcp_stream stream_;
  beast::flat_buffer buffer_;
  std::string access_token_;
  std::uint16_t port_;
  const std::vector<HttpRequest>& requests_;
};

}  // namespace

std::vector<TrafficPhase> traffic_script() {
  return {one_client(), eight_clients()};
}

std::size_t request_count(const std::vector<TrafficPhase>& script) {
  std::size_t count = 0;
  for (const TrafficPhase& phase : script) {
    for (const auto& client : phase.clients) count += client.size();
  }
  return count;
}

void drive(const TrafficPhase& phase, std::uint16_t port) {
  asio::io_context context(1);
  std::vector<std::unique_ptr<Client>> clients;
  std::exception_ptr failure;
  for (const auto& requests : phase.clients) {
    clients.push_back(std::make_unique<Client>(context, port, requests));
    asio::co_spawn(context, clients.back()->run(), [&](std::exception_ptr error) {
      if (error && !failure) failure = error;
    });
  }
  while (!failure && !context.stopped()) {
    InterruptGuard::check();
    context.run_for(std::chrono::milliseconds(50));
  }
  if (!failure) return;
  try {
    std::rethrow_exception(failure);
  } catch (const boost::system::system_error& error) {
    throw Error(fmt::format("the reference API did not answer: {}", error.code().message()));
  }
}

}  // namespace quell::demo
