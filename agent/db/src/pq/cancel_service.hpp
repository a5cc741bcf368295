#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <memory>
#include <mutex>
#include <thread>

struct pg_cancel;

namespace quell::db::detail {

/// Sends cancel requests on one helper thread: libpq 15 can only block while it does so. It posts nothing back into an
/// event loop that may be gone by then; whoever asked looks at the flag.
class CancelService {
 public:
  static CancelService& instance();
  ~CancelService();

  /// Set once the request has been sent or has failed.
  using Done = std::shared_ptr<const std::atomic<bool>>;
  /// Takes ownership. Null where too many requests wait: then close the connection instead.
  [[nodiscard]] Done submit(pg_cancel* cancel);

 private:
  struct Request {
    pg_cancel* cancel;
    std::shared_ptr<std::atomic<bool>> done;
  };
  /// Only servers that do not answer make the queue grow.
  static constexpr std::size_t kMaxWaiting = 64;

  CancelService() = default;
  void run();

  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Request> waiting_;
  std::thread thread_;
  bool stopping_ = false;
};

}  // namespace quell::db::detail
