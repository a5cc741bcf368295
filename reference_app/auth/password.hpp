#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>

#include <boost/asio/awaitable.hpp>

namespace boost::asio {
class thread_pool;
}

namespace quell::reference::auth {

/// More passwords wait than the hasher takes; try again in a second.
class HasherBusy : public std::runtime_error {
 public:
  HasherBusy() : std::runtime_error("too many passwords are being checked") {}
};

struct PasswordHasherParams {
  /// Hashes one event loop may have waiting and running; each takes about 25 ms and `memory` of one core. Beyond:
  /// HasherBusy. 8 keep the longest wait near 0.2 s.
  std::size_t max_pending = 8;
  /// Argon2id's cost: OWASP's minimum, 19 MiB and two passes.
  std::uint64_t passes = 2;
  std::size_t memory = 19 * 1024 * 1024;
};

/// Hashes and checks passwords with argon2id on a thread of its own, never on the event loop. One for each event loop;
/// used on that loop's thread only.
class PasswordHasher {
 public:
  explicit PasswordHasher(PasswordHasherParams params = {});
  PasswordHasher(const PasswordHasher&) = delete;
  PasswordHasher& operator=(const PasswordHasher&) = delete;
  ~PasswordHasher();  ///< as stop()

  /// Waits for what is pending. Must happen before the event loop is destroyed.
  void stop();

  /// `$argon2id$v=19$m=…,t=…,p=1$salt$hash`: everything that checking needs.
  [[nodiscard]] boost::asio::awaitable<std::string> hash(std::string password);
  /// Where `stored` is empty, because there is no such user, the same work is done and the answer is no.
  [[nodiscard]] boost::asio::awaitable<bool> verify(std::string stored, std::string password);

 private:
  class Turn;
  PasswordHasherParams params_;
  std::string nobody_;  ///< hash of a password nobody knows, made at the same cost as real ones
  std::unique_ptr<boost::asio::thread_pool> thread_;
  std::size_t pending_ = 0;
};

/// The same on the calling thread, for tools.
[[nodiscard]] std::string hash_password(const std::string& password, const PasswordHasherParams& params = {});

}  // namespace quell::reference::auth
