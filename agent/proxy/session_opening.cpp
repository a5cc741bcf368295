// Session: from the client's first byte to a server that listens.
#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "agent/proxy/session.hpp"
#include "agent/proxy/wire.hpp"

namespace quell::proxy {
namespace {

/// Requests for encryption that are answered before a client is refused: one of each kind, and one more of each.
constexpr int kEncryptionAnswers = 4;

std::string ssl_request() {
  return std::string("\0\0\0\x08\x04\xd2\x16\x2f", 8);
}

int socket_error(int socket) {
  int error = 0;
  socklen_t size = sizeof error;
  getsockopt(socket, SOL_SOCKET, SO_ERROR, &error, &size);
  return error;
}

}  // namespace

void CancelKeys::add(const std::string& key, std::size_t endpoint) {
  const std::lock_guard lock(mutex_);
  endpoints_[key] = endpoint;
}
void CancelKeys::remove(const std::string& key) {
  const std::lock_guard lock(mutex_);
  endpoints_.erase(key);
}
std::size_t CancelKeys::find(const std::string& key) const {
  const std::lock_guard lock(mutex_);
  const auto found = endpoints_.find(key);
  return found == endpoints_.end() ? 0 : found->second;
}

// The client's greeting.

void Session::greet(std::string& scratch) {
  if (greeting_.empty() && !client_.encrypted() && direct_tls()) return;
  while (stage_ == Stage::greeting) {
    const IoResult got = client_.read(scratch.data(), kMaxStartupBytes + 1);
    if (got.state == IoState::again) return;
    if (got.state != IoState::done) return finish();
    greeting_.append(scratch, 0, got.bytes);
    const Greeting greeting = read_greeting(greeting_);
    switch (greeting) {
      case Greeting::incomplete:
        continue;
      case Greeting::ssl_request:
        answer_encryption(true);
        return;
      case Greeting::gss_request:
        answer_encryption(false);
        continue;
      case Greeting::cancel:
      case Greeting::startup:
        begin_session(greeting);
        return;
      case Greeting::direct_tls:  // not as the first byte of the connection, or inside of TLS
      case Greeting::bad_length:
        refuse("08P01", "this is Quell's PostgreSQL proxy: the first packet is not a startup packet of PostgreSQL");
        return;
      case Greeting::stuffed:
        refuse("08P01", "received unencrypted data after a request for encryption");
        return;
    }
  }
}

/// Whether the client begins with TLS itself (PostgreSQL 17, sslnegotiation=direct).
bool Session::direct_tls() {
  char first = 0;
  if (client_.peek(first).state != IoState::done || first != 0x16) return false;
  if (!context_.client_tls || encryption_answers_ > 0) {
    ++context_.counters.refused;
    finish();
    return true;
  }
  direct_ = true;
  stage_ = Stage::client_handshake;
  if (!client_.accept_tls(context_.client_tls.get())) return finish(), true;
  client_handshake();
  return true;
}

void Session::answer_encryption(bool ssl) {
  greeting_.clear();
  if (client_.encrypted() || ++encryption_answers_ > kEncryptionAnswers) {
    refuse("08P01", "too many requests for encryption");
    return;
  }
  const bool accept = ssl && context_.client_tls;
  if (client_.write(accept ? "S" : "N", 1).bytes != 1) return finish();
  if (!accept) return;
  stage_ = Stage::client_handshake;
  if (!client_.accept_tls(context_.client_tls.get())) return finish();
  client_handshake();
}

void Session::client_handshake() {
  const IoState state = client_.handshake();
  if (state == IoState::again) return;
  if (state != IoState::done || (direct_ && client_.alpn() != "postgresql")) {
    ++context_.counters.refused;
    return finish();
  }
  stage_ = Stage::greeting;
}

void Session::begin_session(Greeting greeting) {
  cancel_ = greeting == Greeting::cancel;
  if (cancel_) {
    Cursor cursor(greeting_);
    cursor.bytes(8);
    endpoint_ = context_.cancel_keys.find(std::string(cursor.rest()));
  } else if (context_.canonicalizer && lane_) {
    parser_.emplace(*context_.canonicalizer, context_.parser);
    connection_ = context_.next_connection++;
  }
  connect_next();
}

void Session::approach_upstream() {
  if (stage_ == Stage::connecting) return connected();
  if (stage_ == Stage::asking_for_tls) return read_tls_answer();
  upstream_handshake();
}

// The server.

void Session::connect_next() {
  stage_ = Stage::connecting;
  while (endpoints_tried_ < context_.upstreams.size()) {
    // A cancel request is of use at one address only.
    if (cancel_ && endpoints_tried_ > 0) break;
    if (!cancel_) endpoint_ = endpoints_tried_;
    ++endpoints_tried_;
    Descriptor descriptor = start_connect(context_.upstreams[endpoint_]);
    if (!descriptor.valid()) {
      last_failure_ = std::strerror(errno);
      continue;
    }
    upstream_ = Channel(std::move(descriptor));
    upstream_watch_.registered = upstream_watch_.forgotten = false;
    deadline_ = now_ + context_.handshake_nanoseconds;
    return;
  }
  upstream_unreachable(last_failure_);
}

void Session::connected() {
  if (const int error = socket_error(upstream_.descriptor())) {
    last_failure_ = std::strerror(error);
    close(upstream_watch_, upstream_);
    connect_next();
    return;
  }
  if (context_.upstream_tls) {
    ask_for_tls();
  } else {
    begin_relay();
  }
}

void Session::ask_for_tls() {
  const std::string request = ssl_request();
  if (upstream_.write(request.data(), request.size()).bytes != request.size()) {
    upstream_unreachable("it closed the connection");
    return;
  }
  stage_ = Stage::asking_for_tls;
}

void Session::read_tls_answer() {
  char answer = 0;
  const IoResult got = upstream_.read(&answer, 1);
  if (got.state == IoState::again) return;
  if (got.state != IoState::done) return upstream_unreachable("it closed the connection when asked for TLS");
  if (answer == 'S') {
    stage_ = Stage::upstream_handshake;
    const bool verify = context_.upstream_mode == UpstreamTls::verify_full;
    if (!upstream_.connect_tls(context_.upstream_tls.get(), context_.upstream_host, verify)) {
      return upstream_unreachable("its name cannot be verified");
    }
    upstream_handshake();
  } else if (context_.upstream_mode == UpstreamTls::prefer) {
    begin_relay();
  } else {
    upstream_unreachable("it does not accept TLS, which --upstream-tls asks for");
  }
}

void Session::upstream_handshake() {
  switch (upstream_.handshake()) {
    case IoState::again:
      return;
    case IoState::done:
      begin_relay();
      return;
    case IoState::end:
    case IoState::failed:
      upstream_unreachable("TLS failed: " + upstream_.tls_error());
      return;
  }
}

void Session::begin_relay() {
  stage_ = Stage::relaying;
  if (upstream_.encrypted() && !client_.encrypted() && !cancel_) filter_.emplace();
  deliver(true, std::exchange(greeting_, {}));
}

}  // namespace quell::proxy
