#include "agent/db/src/pq/cancel_service.hpp"

#include <array>
#include <utility>

#include <libpq-fe.h>

namespace quell::db::detail {

CancelService& CancelService::instance() {
  static CancelService service;
  return service;
}

CancelService::~CancelService() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  if (thread_.joinable()) thread_.join();
  for (const auto& request : waiting_) PQfreeCancel(request.cancel);
}

CancelService::Done CancelService::submit(pg_cancel* cancel) {
  auto done = std::make_shared<std::atomic<bool>>(false);
  {
    const std::lock_guard lock(mutex_);
    if (waiting_.size() >= kMaxWaiting) {
      PQfreeCancel(cancel);
      return nullptr;
    }
    if (!thread_.joinable()) thread_ = std::thread([this] { run(); });
    waiting_.push_back({cancel, done});
  }
  wake_.notify_one();
  return done;
}

void CancelService::run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    wake_.wait(lock, [this] { return stopping_ || !waiting_.empty(); });
    if (stopping_) return;
    const Request request = std::move(waiting_.front());
    waiting_.pop_front();
    lock.unlock();
    std::array<char, 256> message{};
    PQcancel(request.cancel, message.data(), static_cast<int>(message.size()));
    PQfreeCancel(request.cancel);
    request.done->store(true, std::memory_order_release);
    lock.lock();
  }
}

}  // namespace quell::db::detail
