#include "agent/proxy/session.hpp"

#include <sys/epoll.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <exception>
#include <utility>

#include <fmt/format.h>

#include "agent/proxy/wire.hpp"

namespace quell::proxy {
namespace {

/// How long a client may take to close after the server has.
constexpr trace::Duration kLinger = 5'000'000'000;
/// Requests for encryption that are answered before a client is refused: one of each kind, and one more of each.
constexpr int kEncryptionAnswers = 4;
/// Reads in a row from one side before the others get their turn.
constexpr int kReadsInARow = 8;

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

Session::Session(SessionContext& context, Recorder::Lane* lane, int epoll, Descriptor client, trace::Time now)
    : context_(context),
      lane_(lane),
      epoll_(epoll),
      client_(std::move(client)),
      client_watch_{this, true, 0, false, false},
      upstream_watch_{this, false, 0, false, false},
      now_(now),
      deadline_(now + context.handshake_nanoseconds) {
  ++context_.counters.open;
  tune(client_.descriptor());
  update_interest();
}

Session::~Session() {
  finish("the proxy was stopped");
  --context_.counters.open;
}

void Session::on_event(const Watch& watch, std::uint32_t events, std::string& scratch, trace::Time now) {
  now_ = now;
  step(watch, events, scratch);
  if (stage_ == Stage::relaying && (events & (EPOLLHUP | EPOLLERR))) {
    // What is still to be read is read on the way, as far as the other side takes it.
    forget(watch.client ? client_watch_ : upstream_watch_, watch.client ? client_ : upstream_);
    relay(watch.client, scratch);
  }
  update_interest();
}

void Session::on_tick(trace::Time now) {
  now_ = now;
  if (stage_ == Stage::relaying || stage_ == Stage::finished || now < deadline_) return;
  if (stage_ == Stage::connecting || stage_ == Stage::asking_for_tls || stage_ == Stage::upstream_handshake) {
    upstream_unreachable("it did not answer in time");
    update_interest();
  } else {
    finish();
  }
}

void Session::step(const Watch& watch, std::uint32_t events, std::string& scratch) {
  switch (stage_) {
    case Stage::greeting:
      greet(scratch);
      return;
    case Stage::client_handshake:
      client_handshake();
      if (stage_ == Stage::greeting) greet(scratch);  // TLS may hold bytes that epoll knows nothing of
      return;
    case Stage::connecting:
    case Stage::asking_for_tls:
    case Stage::upstream_handshake:
      if (watch.client) return finish();  // only a hang-up is reported now
      approach_upstream();
      // TLS may hold what the client sent behind its startup packet.
      if (stage_ == Stage::relaying && client_.encrypted()) relay(true, scratch);
      return;
    case Stage::relaying:
      if (events & EPOLLOUT) flush(watch.client, scratch);
      if (stage_ == Stage::relaying && (events & (EPOLLIN | EPOLLHUP | EPOLLERR | EPOLLRDHUP))) {
        relay(watch.client, scratch);
      }
      // TLS reads that waited for the socket to be writable.
      if (stage_ == Stage::relaying && (events & EPOLLOUT)) relay(watch.client, scratch);
      return;
    case Stage::lingering:
      linger(scratch);
      return;
    case Stage::finished:
      return;
  }
}

// --- The client's greeting
// ----------------------------------------------------------------------------------------------

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

// --- The server
// -----------------------------------------------------------------------------------------------------------

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
    upstream_.close();
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

// --- Relaying
// -------------------------------------------------------------------------------------------------------------

void Session::relay(bool from_client, std::string& scratch) {
  Channel& from = from_client ? client_ : upstream_;
  Pipe& pipe = from_client ? to_upstream_ : to_client_;
  // Read to the end what epoll will not report again: bytes that TLS holds, and a side that has hung up.
  const bool to_the_end = from.encrypted() || (from_client ? client_watch_ : upstream_watch_).forgotten;
  for (int reads = 0; stage_ == Stage::relaying && !pipe.blocked() && !pipe.ended; ++reads) {
    if (reads >= kReadsInARow && !to_the_end) return;
    const IoResult got = from.read(scratch.data(), scratch.size());
    switch (got.state) {
      case IoState::again:
        return;
      case IoState::done:
        deliver(from_client, std::string_view(scratch).substr(0, got.bytes));
        if (!to_the_end && got.bytes < scratch.size()) return;
        break;
      case IoState::failed:
        if (from_client) return finish("the client's connection broke");
        [[fallthrough]];
      case IoState::end:
        pipe.ended = true;
        source_ended(from_client);
        return;
    }
  }
}

/// Passes bytes on, then shows them to the parser.
void Session::deliver(bool from_client, std::string_view bytes) {
  Channel& to = from_client ? upstream_ : client_;
  Pipe& pipe = from_client ? to_upstream_ : to_client_;
  if (!from_client && filter_) {
    filtered_.clear();
    filter_->pass(bytes, filtered_);
    if (filter_->stripped()) ++context_.counters.stripped;
    if (filter_->done()) filter_.reset();
    if (!write_now(to, pipe, filtered_)) return finish("the client's connection broke");
  } else if (!write_now(to, pipe, bytes)) {
    // A server that is gone may have said why: read that first.
    if (from_client) {
      to_upstream_.ended = true;
    } else {
      return finish("the client's connection broke");
    }
  }
  observe(from_client, bytes);
}

bool Session::write_now(Channel& to, Pipe& pipe, std::string_view bytes) {
  while (!bytes.empty() && !pipe.blocked()) {
    const IoResult put = to.write(bytes.data(), bytes.size());
    if (put.state == IoState::again) break;
    if (put.state != IoState::done) return false;
    bytes.remove_prefix(put.bytes);
  }
  if (!bytes.empty()) {
    if (!pipe.blocked()) {
      pipe.held.clear();
      pipe.sent = 0;
    }
    pipe.held += bytes;
  }
  return true;
}

void Session::flush(bool to_client, std::string& scratch) {
  Channel& to = to_client ? client_ : upstream_;
  Pipe& pipe = to_client ? to_client_ : to_upstream_;
  while (pipe.blocked()) {
    const IoResult put = to.write(pipe.held.data() + pipe.sent, pipe.held.size() - pipe.sent);
    if (put.state == IoState::again) return;
    if (put.state != IoState::done) {
      if (to_client) return finish("the client's connection broke");
      pipe.ended = true;
      break;
    }
    pipe.sent += put.bytes;
  }
  pipe.held = {};
  pipe.sent = 0;
  if (pipe.ended) {
    source_ended(!to_client);
  } else {
    relay(!to_client, scratch);
  }
}

void Session::source_ended(bool from_client) {
  Pipe& pipe = from_client ? to_upstream_ : to_client_;
  if (pipe.blocked() || pipe.shut) return;
  pipe.shut = true;
  if (from_client) {
    upstream_.shut_writes();
  } else {
    server_gone();
  }
}

/// The server has said its last. Closing at once would let the kernel throw away what the client has not read yet.
void Session::server_gone() {
  const bool client_closed = to_upstream_.ended;
  if (parser_) parser_->closed(now_, "the server closed the connection");
  hand_over_events();
  upstream_.close();
  client_.shut_writes();
  if (client_closed) return finish();
  stage_ = Stage::lingering;
  deadline_ = now_ + kLinger;
}

void Session::linger(std::string& scratch) {
  while (true) {
    const IoResult got = client_.read(scratch.data(), scratch.size());
    if (got.state == IoState::again) return;
    if (got.state != IoState::done) return finish();
  }
}

void Session::observe(bool from_client, std::string_view bytes) {
  if (!parser_ || !parser_->tracking()) return;
  try {
    if (from_client) {
      parser_->client_bytes(bytes, now_);
    } else {
      parser_->server_bytes(bytes, now_);
      if (cancel_key_.empty() && !parser_->backend_key().empty() && context_.upstreams.size() > 1) {
        cancel_key_ = parser_->backend_key();
        context_.cancel_keys.add(cancel_key_, endpoint_);
      }
    }
    hand_over_events();
  } catch (const std::exception&) {
    // Out of memory, most likely: the session matters, its record does not.
    parser_.reset();
    std::vector<SessionEvent> lost;
    lost.emplace_back(Untracked{now_, Untracked::Why::lost, "the parser failed"});
    lane_->push(connection_, context_.upstream_names[endpoint_], lost);
  }
}

void Session::hand_over_events() {
  if (parser_ && !parser_->events().empty()) {
    lane_->push(connection_, context_.upstream_names[endpoint_], parser_->events());
  }
}

// --- Ends
// -----------------------------------------------------------------------------------------------------------------

void Session::refuse(std::string_view sqlstate, std::string_view text) {
  ++context_.counters.refused;
  const std::string message = fatal_error(sqlstate, text);
  client_.write(message.data(), message.size());
  client_.shut_writes();
  stage_ = Stage::lingering;
  deadline_ = now_ + kLinger;
}

void Session::upstream_unreachable(const std::string& reason) {
  upstream_.close();
  if (cancel_) return finish();  // a cancel request is never answered
  ++context_.counters.upstream_failed;
  const std::string message =
      fatal_error("08006", fmt::format("Quell's proxy cannot reach PostgreSQL at {}: {}",
                                       *context_.upstream_names[endpoint_], reason.empty() ? "no address" : reason));
  client_.write(message.data(), message.size());
  client_.shut_writes();
  stage_ = Stage::lingering;
  deadline_ = now_ + kLinger;
}

void Session::finish(const char* reason) {
  if (stage_ == Stage::finished) return;
  stage_ = Stage::finished;
  if (parser_) {
    parser_->closed(now_, reason);
    hand_over_events();
  }
  if (!cancel_key_.empty()) context_.cancel_keys.remove(cancel_key_);
  client_.close();
  upstream_.close();
}

void Session::update_interest() {
  if (stage_ == Stage::finished) return;
  std::uint32_t client = EPOLLIN;
  std::uint32_t upstream = 0;
  switch (stage_) {
    case Stage::greeting:
    case Stage::lingering:
      break;
    case Stage::client_handshake:
      if (client_.wants_write()) client = EPOLLOUT;
      break;
    case Stage::connecting:
      client = 0;
      upstream = EPOLLOUT;
      break;
    case Stage::asking_for_tls:
    case Stage::upstream_handshake:
      client = 0;
      upstream = upstream_.wants_write() ? EPOLLOUT : EPOLLIN;
      break;
    case Stage::relaying:
      client = upstream = 0;
      if (!to_upstream_.blocked() && !to_upstream_.ended) client |= client_.wants_write() ? EPOLLOUT : EPOLLIN;
      if (!to_client_.blocked() && !to_client_.ended) upstream |= upstream_.wants_write() ? EPOLLOUT : EPOLLIN;
      if (to_client_.blocked()) client |= EPOLLOUT;
      if (to_upstream_.blocked()) upstream |= EPOLLOUT;
      break;
    case Stage::finished:
      return;
  }
  set_interest(client_watch_, client_, client);
  if (upstream_.valid()) set_interest(upstream_watch_, upstream_, upstream);
}

void Session::forget(Watch& watch, const Channel& channel) {
  if (!std::exchange(watch.forgotten, true)) epoll_ctl(epoll_, EPOLL_CTL_DEL, channel.descriptor(), nullptr);
}

void Session::set_interest(Watch& watch, const Channel& channel, std::uint32_t interest) {
  if (watch.forgotten || (watch.registered && watch.interest == interest)) return;
  epoll_event event{};
  event.events = interest;
  event.data.ptr = &watch;
  epoll_ctl(epoll_, watch.registered ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, channel.descriptor(), &event);
  watch.registered = true;
  watch.interest = interest;
}

}  // namespace quell::proxy
