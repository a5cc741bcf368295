#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include "agent/proxy/descriptor.hpp"
#include "agent/proxy/recorder.hpp"
#include "agent/proxy/session.hpp"

namespace quell::proxy {

/// One thread with one epoll set and the sessions that were given to it; a session never changes its loop.
class EventLoop {
 public:
  /// Throws ProxyError where the kernel has no descriptors left.
  EventLoop(SessionContext& context, Recorder::Lane* lane);
  EventLoop(const EventLoop&) = delete;
  EventLoop& operator=(const EventLoop&) = delete;
  ~EventLoop();

  /// Accepts on these, handing connections to `loops` in turn (itself among them). Before start() only.
  void accept_for(std::vector<int> listeners, std::vector<EventLoop*> loops);
  void start();
  /// Ends all sessions. Idempotent; from another thread.
  void stop();
  /// From any thread.
  void adopt(Descriptor client);

 private:
  void run();
  void wake();
  void take_adopted();
  void accept_all();
  void listen(bool on);
  void tick();
  void destroy_finished();

  SessionContext& context_;
  Recorder::Lane* lane_;
  Descriptor epoll_;
  Descriptor wake_;
  std::thread thread_;
  std::atomic<bool> stopping_{false};
  std::mutex mutex_;
  std::vector<Descriptor> adopted_;  ///< guarded by mutex_
  std::unordered_map<Session*, std::unique_ptr<Session>> sessions_;
  std::vector<Session*> finished_;
  std::vector<int> listeners_;
  std::vector<EventLoop*> loops_;
  std::size_t next_loop_ = 0;
  bool listening_ = false;
  trace::Time now_ = 0;
  trace::Time next_tick_ = 0;
  std::string scratch_;
};

}  // namespace quell::proxy
