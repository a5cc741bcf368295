#include "agent/proxy/session.hpp"

#include <sys/epoll.h>

#include <exception>
#include <utility>

#include <fmt/format.h>

namespace quell::proxy {
namespace {

/// How long a client may take to close after the server has.
constexpr trace::Duration kLinger = 5'000'000'000;
/// Reads in a row from one side before the others get their turn.
constexpr int kReadsInARow = 8;

}  // namespace

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
  if (lane_) client_name_ = client_name(client_.descriptor());
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

// Relaying.

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
  close(upstream_watch_, upstream_);
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
    for (SessionEvent& event : parser_->events()) {
      if (auto* connected = std::get_if<Connected>(&event)) connected->client = client_name_;
    }
    lane_->push(connection_, context_.upstream_names[endpoint_], parser_->events());
  }
}

// Ends.

void Session::refuse(std::string_view sqlstate, std::string_view text) {
  ++context_.counters.refused;
  const std::string message = fatal_error(sqlstate, text);
  client_.write(message.data(), message.size());
  client_.shut_writes();
  stage_ = Stage::lingering;
  deadline_ = now_ + kLinger;
}

void Session::upstream_unreachable(const std::string& reason) {
  close(upstream_watch_, upstream_);
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
  close(client_watch_, client_);
  close(upstream_watch_, upstream_);
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
  if (std::exchange(watch.forgotten, true) || !watch.registered) return;
  epoll_ctl(epoll_, EPOLL_CTL_DEL, channel.descriptor(), nullptr);
}

/// Closing alone does not end the watch: a child of the program, between fork and exec, still holds the connection, and
/// epoll would report it to a session that is no more.
void Session::close(Watch& watch, Channel& channel) {
  if (channel.valid()) forget(watch, channel);
  channel.close();
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
