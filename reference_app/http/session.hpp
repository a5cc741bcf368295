#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>

#include "reference_app/http/server.hpp"

namespace quell::reference::http {

/// One client connection on one worker: reads requests one after the other, answers each.
class Session {
 public:
  Session(boost::asio::ip::tcp::socket socket, const ServerParams& params, const RequestHandler& handler);

  /// Ends when the client leaves, a limit is broken or drain() was called. Does not throw.
  boost::asio::awaitable<void> run();

  /// Answers 503 and closes.
  boost::asio::awaitable<void> refuse();

  /// The reply being made is the last one; an idle connection is closed now.
  void drain();
  /// Closes whatever it does.
  void abort();

 private:
  using Parser = boost::beast::http::request_parser<boost::beast::http::string_body>;
  enum class Next { keep_alive, close };

  boost::asio::awaitable<Next> serve_one();
  boost::asio::awaitable<boost::beast::error_code> read(Parser& parser);
  boost::asio::awaitable<Next> answer(const Request& request, const Parser& parser);
  boost::asio::awaitable<bool> write(Response response, bool is_head, bool keep_alive);
  boost::asio::awaitable<void> close();

  boost::beast::tcp_stream stream_;
  boost::beast::flat_buffer buffer_;
  const ServerParams& params_;
  const RequestHandler& handler_;
  std::string peer_;
  bool idle_ = true;
  bool draining_ = false;
};

}  // namespace quell::reference::http
