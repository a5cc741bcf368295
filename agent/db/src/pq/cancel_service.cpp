#include "agent/db/src/pq/cancel_service.hpp"

#include <array>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <utility>

#include <libpq-fe.h>

namespace quell::db::detail {
namespace {

/// Only servers that do not answer make the queue grow.
constexpr std::size_t kMaxWaiting = 64;
/// As many dead servers (or dead connections to one) may be waited for at the same time.
constexpr std::size_t kMaxThreads = 8;
/// A thread without work ends.
constexpr std::chrono::seconds kIdleTime{5};

struct Request {
  pg_cancel* cancel;
  std::shared_ptr<std::atomic<bool>> done;
};

}  // namespace

struct CancelService::Queue {
  ~Queue() {
    for (const Request& request : waiting) PQfreeCancel(request.cancel);
  }
  std::mutex mutex;
  std::condition_variable wake;
  std::deque<Request> waiting;
  std::size_t threads = 0;
  std::size_t idle = 0;  ///< of them
};

CancelService::CancelService() : queue_(std::make_shared<Queue>()) {}

CancelService& CancelService::instance() {
  static CancelService service;
  return service;
}

CancelService::Done CancelService::submit(pg_cancel* cancel) {
  auto done = std::make_shared<std::atomic<bool>>(false);
  const std::lock_guard lock(queue_->mutex);
  if (queue_->waiting.size() >= kMaxWaiting) {
    PQfreeCancel(cancel);
    return nullptr;
  }
  queue_->waiting.push_back({cancel, done});
  if (queue_->waiting.size() > queue_->idle && queue_->threads < kMaxThreads) {
    ++queue_->threads;
    std::thread([queue = queue_] { run(queue); }).detach();
  } else {
    queue_->wake.notify_one();
  }
  return done;
}

void CancelService::run(const std::shared_ptr<Queue>& queue) {
  std::unique_lock lock(queue->mutex);
  for (;;) {
    if (queue->waiting.empty()) {
      ++queue->idle;
      const bool work = queue->wake.wait_for(lock, kIdleTime, [&] { return !queue->waiting.empty(); });
      --queue->idle;
      if (!work) break;
    }
    const Request request = std::move(queue->waiting.front());
    queue->waiting.pop_front();
    lock.unlock();
    std::array<char, 256> message{};
    PQcancel(request.cancel, message.data(), static_cast<int>(message.size()));
    PQfreeCancel(request.cancel);
    request.done->store(true, std::memory_order_release);
    lock.lock();
  }
  --queue->threads;
}

}  // namespace quell::db::detail
