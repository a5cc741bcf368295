#pragma once

#include <atomic>
#include <cstddef>
#include <memory>

struct pg_cancel;

namespace quell::db::detail {

/// Sends cancel requests on helper threads: libpq 15 can only block while it does so, and blocks as long as the kernel
/// likes where the server has gone silent. A few may hang without keeping the others waiting, and none of them keeps
/// the process from ending. It posts nothing back into an event loop that may be gone by then; whoever asked looks at
/// the flag.
class CancelService {
 public:
  static CancelService& instance();

  /// Set once the request has been sent or has failed.
  using Done = std::shared_ptr<const std::atomic<bool>>;
  /// Takes ownership. Null where too many requests wait: then close the connection instead.
  [[nodiscard]] Done submit(pg_cancel* cancel);

 private:
  struct Queue;
  static void run(const std::shared_ptr<Queue>& queue);

  CancelService();

  /// Shared with the threads, which may outlive this.
  std::shared_ptr<Queue> queue_;
};

}  // namespace quell::db::detail
