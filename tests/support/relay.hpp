#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

namespace quell::test {

/// A TCP relay on 127.0.0.1 in front of one server, which breaks what passes through it. It knows no protocol: a fault
/// happens at a byte of the stream. Runs on a thread of its own; every member may be called from any thread and has
/// taken effect when it returns. Connections made through it are cut on destruction.
class Relay {
 public:
  enum class Direction : std::uint8_t { to_server, to_client };
  enum class Action : std::uint8_t {
    cut,   ///< both sides are reset
    drop,  ///< the peer is dead: this connection stays open, and nothing passes any more in either direction
    hold,  ///< nothing passes until `release`
  };
  /// Fires once, on the connection that first gets to its place; what comes before that byte passes.
  struct Fault {
    Direction direction = Direction::to_client;
    /// Counted from the beginning of the next occurrence of this text; empty: from the next byte.
    std::string after_text{};
    std::size_t bytes = 0;
    Action action = Action::cut;
  };

  /// `target`: a port on 127.0.0.1.
  explicit Relay(std::uint16_t target);
  ~Relay();
  Relay(const Relay&) = delete;
  Relay& operator=(const Relay&) = delete;

  [[nodiscard]] std::uint16_t port() const;

  /// Replaces a fault that has not fired.
  void arm(Fault fault);
  void disarm();
  [[nodiscard]] bool fired() const;

  /// All connections there are.
  void cut();
  /// All connections there are, and new ones until `heal`.
  void drop();
  void release();  ///< ends `hold`
  /// New connections are refused by the kernel, as where no server listens. Those there are stay.
  void refuse();
  /// Ends `drop` for new connections, and `refuse`, and `delay`.
  void heal();
  /// Every piece that passes waits this long before.
  void delay(std::chrono::milliseconds time);

  /// Since the start, cancel requests included.
  [[nodiscard]] std::size_t accepted() const;
  [[nodiscard]] std::size_t open() const;
  [[nodiscard]] std::size_t bytes_to_client() const;

 private:
  class Loop;
  std::unique_ptr<Loop> loop_;
};

}  // namespace quell::test
