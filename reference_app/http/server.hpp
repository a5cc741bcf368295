#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include "reference_app/http/message.hpp"

namespace quell::reference::http {

/// The address cannot be listened on. The sentence names it.
class ListenError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

struct ServerParams {
  std::string host = "127.0.0.1";  ///< numeric address
  std::uint16_t port = 0;          ///< 0: a free one
  unsigned workers = 1;            ///< threads, each with its own event loop
  /// Request line and headers together; beyond: 431.
  std::size_t max_header_bytes = 8 * 1024;
  /// Beyond: 413, before the body is read where its length is declared.
  std::size_t max_body_bytes = 1024 * 1024;
  /// Connections of one worker; the next one is answered 503 and closed.
  std::size_t max_connections = 1024;
  /// Between two requests of a connection.
  std::chrono::milliseconds idle_timeout{60'000};
  /// From a request's first byte to the end of its header, then the same again for its body; beyond: 408.
  std::chrono::milliseconds read_timeout{10'000};
  /// For one reply; a client that takes longer is cut off.
  std::chrono::milliseconds write_timeout{30'000};
  /// How long stop() lets running requests finish.
  std::chrono::milliseconds drain_timeout{10'000};
};

/// Called on the worker's thread; must not throw.
using RequestHandler = std::function<boost::asio::awaitable<Response>(const Request&)>;
/// Called once for each worker, counted from 0, with its executor; what the handler owns is destroyed before the event
/// loop is.
using HandlerFactory = std::function<RequestHandler(const boost::asio::any_io_executor&, std::size_t worker)>;

/// HTTP/1.1 with keep-alive on `workers` threads.
class Server {
 public:
  /// Listens and starts the threads. Throws ListenError.
  Server(ServerParams params, const HandlerFactory& factory);
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;
  ~Server();  ///< as stop()

  [[nodiscard]] std::uint16_t port() const { return port_; }

  /// Takes no new connection, closes idle ones, lets running requests finish within drain_timeout, ends the threads.
  void stop();

 private:
  class Worker;
  std::vector<std::unique_ptr<Worker>> workers_;
  std::uint16_t port_ = 0;
};

}  // namespace quell::reference::http
