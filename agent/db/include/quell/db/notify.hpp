#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include <quell/db/awaitable.hpp>
#include <quell/db/deadline.hpp>
#include <quell/db/statement.hpp>

namespace quell::db {

class Connection;

namespace detail {
class Link;
}

struct Notification {
  std::string channel;
  std::string payload;
  std::uint32_t backend_pid = 0;  ///< who sent it
};

/// LISTEN on one channel. Move-only; must not outlive its connection or lease. Notifications that arrive while the
/// connection runs statements are kept until they are asked for. Destroyed it stops listening before the connection's
/// next statement, and before a pool gives it to anybody else.
class Listener {
 public:
  Listener(Listener&& other) noexcept;
  Listener& operator=(Listener&&) = delete;
  ~Listener();

  /// The next notification in the order of their commits; nothing where `deadline` passed first. Uses the connection
  /// while it waits. Throws ConnectError where the server is gone.
  [[nodiscard]] Awaitable<std::optional<Notification>> next(Deadline deadline = {});
  [[nodiscard]] const std::string& channel() const { return channel_; }

 private:
  friend class Connection;
  Listener(std::shared_ptr<detail::Link> link, std::string channel);
  std::shared_ptr<detail::Link> link_;  ///< null: moved from
  std::string channel_;
};

}  // namespace quell::db
