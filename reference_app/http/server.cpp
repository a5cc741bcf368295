#include "reference_app/http/server.hpp"

#include <unistd.h>

#include <future>
#include <set>
#include <thread>

#include <fmt/format.h>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "reference_app/http/session.hpp"

namespace quell::reference::http {

namespace asio = boost::asio;
using asio::ip::tcp;

/// One thread, one event loop, one handler. All members are used on that thread but for start and stop.
class Server::Worker {
 public:
  Worker(const ServerParams& params, int listening_socket, const tcp& protocol)
      : params_(params), acceptor_(context_, protocol, listening_socket), drain_timer_(context_) {}

  void start(const HandlerFactory& factory, std::size_t worker) {
    handler_ = factory(context_.get_executor(), worker);
    asio::co_spawn(context_, accept(), asio::detached);
    thread_ = std::thread([this] { context_.run(); });
  }

  void begin_stop() {
    asio::post(context_, [this] { drain(); });
  }

  void join() {
    if (thread_.joinable()) thread_.join();
  }

 private:
  asio::awaitable<void> accept() {
    while (acceptor_.is_open()) {
      auto [error, socket] = co_await acceptor_.async_accept(asio::as_tuple(asio::use_awaitable));
      if (!error) {
        asio::co_spawn(context_, serve(std::move(socket)), asio::detached);
      } else if (acceptor_.is_open()) {
        // Out of file descriptors, most likely: let some connections end first.
        asio::steady_timer pause(context_, std::chrono::milliseconds(50));
        co_await pause.async_wait(asio::as_tuple(asio::use_awaitable));
      }
    }
  }

  asio::awaitable<void> serve(tcp::socket socket) {
    Session session(std::move(socket), params_, handler_);
    if (draining_ || sessions_.size() >= params_.max_connections) {
      co_await session.refuse();
      co_return;
    }
    sessions_.insert(&session);
    try {
      co_await session.run();
    } catch (const std::exception& error) {
      fmt::print(stderr, "a connection failed: {}\n", error.what());
    }
    sessions_.erase(&session);
    if (draining_ && sessions_.empty()) finish();
  }

  void drain() {
    draining_ = true;
    boost::system::error_code ignored;
    acceptor_.close(ignored);
    if (sessions_.empty()) return finish();
    for (Session* session : sessions_) session->drain();
    drain_timer_.expires_after(params_.drain_timeout);
    drain_timer_.async_wait([this](const boost::system::error_code& error) {
      if (error) return;
      for (Session* session : sessions_) session->abort();
      finish();
    });
  }

  // The handler goes first: its pool says good-bye to the server while the loop can still be used.
  void finish() {
    drain_timer_.cancel();
    if (sessions_.empty()) handler_ = nullptr;
    context_.stop();
  }

  const ServerParams params_;
  asio::io_context context_{1};
  RequestHandler handler_;
  tcp::acceptor acceptor_;
  asio::steady_timer drain_timer_;
  std::set<Session*> sessions_;
  bool draining_ = false;
  std::thread thread_;
};

Server::Server(ServerParams params, const HandlerFactory& factory) {
  boost::system::error_code error;
  const auto address = asio::ip::make_address(params.host, error);
  if (error)
    throw ListenError(fmt::format("cannot listen on \"{}\": give a numeric address such as 127.0.0.1", params.host));

  asio::io_context context;
  tcp::acceptor listener(context);
  const tcp::endpoint endpoint(address, params.port);
  const auto check = [&](const char* what) {
    if (error) throw ListenError(fmt::format("cannot {} {}:{}: {}", what, params.host, params.port, error.message()));
  };
  listener.open(endpoint.protocol(), error);
  check("open a socket for");
  listener.set_option(tcp::acceptor::reuse_address(true), error);
  listener.bind(endpoint, error);
  check("listen on");
  listener.listen(asio::socket_base::max_listen_connections, error);
  check("listen on");
  port_ = listener.local_endpoint().port();

  // Every worker waits on the same listening socket: one queue, so that no connection waits for a busy worker while
  // another is free.
  for (unsigned i = 0; i < params.workers; ++i) {
    workers_.push_back(std::make_unique<Worker>(params, ::dup(listener.native_handle()), endpoint.protocol()));
  }
  for (std::size_t i = 0; i < workers_.size(); ++i) workers_[i]->start(factory, i);
}

Server::~Server() {
  stop();
}

void Server::stop() {
  for (const auto& worker : workers_) worker->begin_stop();
  for (const auto& worker : workers_) worker->join();
  workers_.clear();
}

}  // namespace quell::reference::http
