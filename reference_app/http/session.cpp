#include "reference_app/http/session.hpp"

#include <algorithm>
#include <array>
#include <ctime>

#include <fmt/chrono.h>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/write.hpp>

#include "reference_app/http/problem.hpp"

namespace quell::reference::http {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace bhttp = boost::beast::http;

namespace {

constexpr auto kNoThrow = asio::as_tuple(asio::use_awaitable);
constexpr std::size_t kFirstRead = 4096;  // holds most requests whole

// What a client that broke the protocol is told; nothing where it simply went away.
std::optional<Problem> problem_of_read_error(const beast::error_code& error) {
  if (error == bhttp::error::header_limit) return Problem(431, "header-too-large", "The header is too large.");
  if (error == bhttp::error::body_limit) return Problem(413, "body-too-large", "The body is too large.");
  if (error == bhttp::error::end_of_stream || error == bhttp::error::partial_message) return std::nullopt;
  if (error.category() == make_error_code(bhttp::error::bad_version).category()) {
    return Problem(400, "malformed-request", "The request is not HTTP/1.1: " + error.message() + ".");
  }
  return std::nullopt;
}

// RFC 9110, 6.6.1. One formatting a second and thread.
const std::string& http_date() {
  thread_local std::time_t formatted = 0;
  thread_local std::string text;
  if (const std::time_t now = std::time(nullptr); now != formatted) {
    formatted = now;
    text = fmt::format("{:%a, %d %b %Y %H:%M:%S} GMT", fmt::gmtime(now));
  }
  return text;
}

template <class Body>
void fill_header(bhttp::response<Body>& message, const Response& response, bool keep_alive) {
  message.version(11);
  message.result(static_cast<unsigned>(response.status));
  message.reason(reason(response.status));
  message.set(bhttp::field::date, http_date());
  for (const auto& [name, value] : response.headers) message.insert(name, value);
  message.keep_alive(keep_alive);
  // Neither has a body, nor may 204 say how long it were (RFC 9110, 8.6).
  if (response.status != 204 && response.status != 304) message.content_length(response.body.size());
}

std::string_view to_view(beast::string_view text) {
  return {text.data(), text.size()};
}

}  // namespace

Session::Session(asio::ip::tcp::socket socket, const ServerParams& params, const RequestHandler& handler)
    : stream_(std::move(socket)),
      buffer_(params.max_header_bytes + params.max_body_bytes),
      read_timer_(stream_.get_executor()),
      params_(params),
      handler_(handler) {
  beast::error_code ignored;
  stream_.socket().set_option(asio::ip::tcp::no_delay(true), ignored);
  const auto endpoint = stream_.socket().remote_endpoint(ignored);
  peer_ = endpoint.address().to_string();
}

asio::awaitable<void> Session::run() {
  Next next = Next::keep_alive;
  while (!draining_ && next == Next::keep_alive) next = co_await serve_one();
  if (next != Next::gone) co_await close();
}

asio::awaitable<void> Session::refuse() {
  idle_ = false;
  Response response = Problem(503, "too-many-connections", "The service has too many connections.")
                          .with("Retry-After", "1")
                          .to_response("");
  co_await write(std::move(response), false, false);
  co_await close();
}

void Session::drain() {
  draining_ = true;
  if (idle_) stream_.cancel();
}

void Session::abort() {
  draining_ = true;
  stream_.close();
}

Session::~Session() {
  end_reading();
}

void Session::limit_reading(std::chrono::milliseconds timeout) {
  timed_out_ = false;
  stream_.expires_never();
  read_timer_.expires_after(timeout);
  read_timer_.async_wait([this, limit = read_limit_, mine = ++*read_limit_](const beast::error_code& error) {
    if (error || *limit != mine) return;
    timed_out_ = true;
    stream_.cancel();
  });
}

void Session::end_reading() {
  ++*read_limit_;
  read_timer_.cancel();
}

asio::awaitable<beast::error_code> Session::read(Parser& parser) {
  limit_reading(params_.read_timeout);
  const auto [header_error, header_bytes] = co_await bhttp::async_read_header(stream_, buffer_, parser, kNoThrow);
  if (header_error || parser.is_done()) co_return header_error;
  if (beast::iequals(parser.get()[bhttp::field::expect], "100-continue")) {
    constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
    const auto [error, bytes] = co_await asio::async_write(stream_, asio::buffer(kContinue), kNoThrow);
    if (error) co_return error;
  }
  limit_reading(params_.read_timeout);
  const auto [body_error, body_bytes] = co_await bhttp::async_read(stream_, buffer_, parser, kNoThrow);
  co_return body_error;
}

// Waiting for a request's first byte is idling, not slowness.
asio::awaitable<bool> Session::wait_for_request() {
  if (buffer_.size() > 0) co_return true;
  idle_ = true;
  stream_.expires_after(params_.idle_timeout);
  const auto [error, bytes] =
      co_await stream_.async_read_some(buffer_.prepare(std::min(kFirstRead, buffer_.max_size())), kNoThrow);
  idle_ = false;
  buffer_.commit(bytes);
  co_return !error;
}

asio::awaitable<Session::Next> Session::serve_one() {
  if (!co_await wait_for_request()) co_return Next::gone;
  Parser parser;
  parser.header_limit(static_cast<std::uint32_t>(params_.max_header_bytes));
  parser.body_limit(params_.max_body_bytes);
  const beast::error_code error = co_await read(parser);
  end_reading();
  if (error) {
    const auto problem = timed_out_ ? std::optional(Problem(408, "timeout", "The request did not arrive in time."))
                                    : problem_of_read_error(error);
    if (!problem) co_return Next::gone;
    co_await write(problem->to_response(""), false, false);
    co_return Next::close;
  }

  const auto& message = parser.get();
  Request request;
  const auto method = parse_method(to_view(message.method_string()));
  if (!method || (message.version() >= 11 && message.count(bhttp::field::host) != 1)) {
    const Problem problem = method ? Problem(400, "malformed-request", "The request needs exactly one Host header.")
                                   : Problem(501, "unknown-method", "The service does not know this method.");
    co_await write(problem.to_response(""), false, false);
    co_return Next::close;
  }
  request.method = *method;
  request.target = to_view(message.target());
  request.body = message.body();
  request.peer = peer_;
  for (const auto& field : message) request.headers.emplace_back(to_view(field.name_string()), to_view(field.value()));
  co_return co_await answer(request, parser);
}

asio::awaitable<Session::Next> Session::answer(const Request& request, const Parser& parser) {
  Response response = co_await handler_(request);
  const bool keep_alive = parser.keep_alive() && !draining_;
  const bool written = co_await write(std::move(response), request.method == Method::head, keep_alive);
  co_return written&& keep_alive ? Next::keep_alive : Next::close;
}

asio::awaitable<bool> Session::write(Response response, bool is_head, bool keep_alive) {
  stream_.expires_after(params_.write_timeout);
  if (is_head) {
    bhttp::response<bhttp::empty_body> message;
    fill_header(message, response, keep_alive);
    bhttp::response_serializer<bhttp::empty_body> serializer(message);
    const auto [error, bytes] = co_await bhttp::async_write_header(stream_, serializer, kNoThrow);
    co_return !error;
  }
  bhttp::response<bhttp::string_body> message;
  fill_header(message, response, keep_alive);
  message.body() = std::move(response.body);
  const auto [error, bytes] = co_await bhttp::async_write(stream_, message, kNoThrow);
  co_return !error;
}

// A socket closed with unread bytes is reset, and the reset may overtake our last reply: read a little more first.
asio::awaitable<void> Session::close() {
  beast::error_code error;
  stream_.socket().shutdown(asio::ip::tcp::socket::shutdown_send, error);
  if (!error) {
    stream_.expires_after(std::chrono::seconds(1));
    std::array<char, 4096> unread{};
    for (std::size_t total = 0; total < params_.max_body_bytes;) {
      const auto [read_error, bytes] = co_await stream_.async_read_some(asio::buffer(unread), kNoThrow);
      if (read_error) break;
      total += bytes;
    }
  }
  stream_.close();
}

}  // namespace quell::reference::http
