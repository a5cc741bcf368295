#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
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
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;
  ~Session();

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
  enum class Next {
    keep_alive,
    close,  ///< after a last reply
    gone,   ///< there is nobody to tell anything
  };

  boost::asio::awaitable<Next> serve_one();
  boost::asio::awaitable<bool> wait_for_request();
  boost::asio::awaitable<boost::beast::error_code> read(Parser& parser);
  boost::asio::awaitable<Next> answer(const Request& request, const Parser& parser);
  boost::asio::awaitable<bool> write(Response response, bool is_head, bool keep_alive);
  boost::asio::awaitable<void> close();
  /// From now on reads end with timed_out_ set after `timeout`. tcp_stream's own timer would close the socket, and with
  /// it the way to say 408.
  void limit_reading(std::chrono::milliseconds timeout);
  void end_reading();

  boost::beast::tcp_stream stream_;
  boost::beast::flat_buffer buffer_;
  boost::asio::steady_timer read_timer_;
  /// Counts the limits set and ended: an expiry already queued when its read ends must do nothing. Shared with the
  /// queued handler, which may run after this session is gone.
  std::shared_ptr<std::uint64_t> read_limit_ = std::make_shared<std::uint64_t>(0);
  const ServerParams& params_;
  const RequestHandler& handler_;
  std::string peer_;
  bool idle_ = true;
  bool timed_out_ = false;
  bool draining_ = false;
};

}  // namespace quell::reference::http
