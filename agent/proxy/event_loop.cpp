#include "agent/proxy/event_loop.hpp"

#include <pthread.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <ctime>
#include <utility>

namespace quell::proxy {
namespace {

/// One read: large enough that a bulk result costs few system calls, small enough for the second-level cache.
constexpr std::size_t kScratchBytes = std::size_t{64} << 10;
constexpr trace::Duration kTick = 500'000'000;
constexpr int kTickMilliseconds = 500;
constexpr int kAcceptsInARow = 32;

trace::Time monotonic_now() {
  timespec time{};
  clock_gettime(CLOCK_MONOTONIC, &time);
  return static_cast<trace::Time>(time.tv_sec) * 1'000'000'000 + time.tv_nsec;
}

}  // namespace

EventLoop::EventLoop(SessionContext& context, Recorder::Lane* lane)
    : context_(context),
      lane_(lane),
      epoll_(epoll_create1(EPOLL_CLOEXEC)),
      wake_(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)),
      scratch_(kScratchBytes, '\0') {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.ptr = nullptr;
  if (!epoll_.valid() || !wake_.valid() || epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, wake_.get(), &event) != 0) {
    throw ProxyError("no file descriptors are left for an event loop; raise the limit (ulimit -n)");
  }
}

EventLoop::~EventLoop() {
  stop();
}

void EventLoop::accept_for(std::vector<int> listeners, std::vector<EventLoop*> loops) {
  listeners_ = std::move(listeners);
  loops_ = std::move(loops);
  listen(true);
}

void EventLoop::start() {
  thread_ = std::thread([this] { run(); });
}

void EventLoop::stop() {
  stopping_ = true;
  wake();
  if (thread_.joinable()) thread_.join();
  sessions_.clear();
}

void EventLoop::adopt(Descriptor client) {
  {
    const std::lock_guard lock(mutex_);
    adopted_.push_back(std::move(client));
  }
  wake();
}

void EventLoop::wake() {
  const std::uint64_t one = 1;
  // Full means that it is awake already.
  if (write(wake_.get(), &one, sizeof one) < 0) return;
}

void EventLoop::run() {
  // OpenSSL writes without MSG_NOSIGNAL; other signals are the program's business.
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, nullptr);
  std::array<epoll_event, 256> events{};
  while (!stopping_) {
    const int count = epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()), kTickMilliseconds);
    now_ = monotonic_now();
    bool wakened = false;
    for (int i = 0; i < count; ++i) {
      const auto* watch = static_cast<const Watch*>(events[static_cast<std::size_t>(i)].data.ptr);
      if (!watch) {
        wakened = true;
        continue;
      }
      Session& session = *watch->session;
      if (session.finished()) continue;  // earlier in this round
      if (i > 0) now_ = monotonic_now();
      session.on_event(*watch, events[static_cast<std::size_t>(i)].events, scratch_, now_);
      if (session.finished()) finished_.push_back(&session);
    }
    destroy_finished();
    if (wakened) {
      accept_all();
      take_adopted();
    }
    if (now_ >= next_tick_) tick();
  }
}

void EventLoop::take_adopted() {
  std::uint64_t ignored = 0;
  if (read(wake_.get(), &ignored, sizeof ignored) < 0 && errno != EAGAIN) return;
  std::vector<Descriptor> adopted;
  {
    const std::lock_guard lock(mutex_);
    std::swap(adopted, adopted_);
  }
  for (Descriptor& client : adopted) {
    auto session = std::make_unique<Session>(context_, lane_, epoll_.get(), std::move(client), now_);
    Session* key = session.get();
    sessions_.emplace(key, std::move(session));
  }
}

void EventLoop::accept_all() {
  for (const int listener : listeners_) {
    for (int i = 0; i < kAcceptsInARow; ++i) {
      Descriptor client(accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
      if (!client.valid()) {
        // No descriptors left: look again at the next tick instead of spinning.
        if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) listen(false);
        break;
      }
      ++context_.counters.accepted;
      EventLoop& loop = *loops_[next_loop_++ % loops_.size()];
      loop.adopt(std::move(client));
    }
  }
}

void EventLoop::listen(bool on) {
  if (listening_ == on) return;
  listening_ = on;
  for (const int listener : listeners_) {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.ptr = nullptr;
    epoll_ctl(epoll_.get(), on ? EPOLL_CTL_ADD : EPOLL_CTL_DEL, listener, &event);
  }
}

void EventLoop::tick() {
  next_tick_ = now_ + kTick;
  if (!listeners_.empty()) listen(true);
  for (const auto& [session, owner] : sessions_) {
    session->on_tick(now_);
    if (session->finished()) finished_.push_back(session);
  }
  destroy_finished();
}

void EventLoop::destroy_finished() {
  for (Session* session : finished_) sessions_.erase(session);
  finished_.clear();
}

}  // namespace quell::proxy
