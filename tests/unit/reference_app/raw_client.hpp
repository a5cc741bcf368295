#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace quell::test {

/// A TCP client that sends bytes as they are, for tests of what no HTTP library would send.
class RawClient {
 public:
  explicit RawClient(std::uint16_t port);
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;
  ~RawClient();

  void send(std::string_view bytes);
  /// One reply with its body, by Content-Length. Throws where the peer closes or five seconds pass first.
  std::string read_reply(bool has_body = true);
  /// Whatever comes until the peer closes; throws where it does not within five seconds.
  std::string read_to_end();

 private:
  bool receive();  ///< false at the end of the stream
  int socket_ = -1;
  std::string buffer_;
};

/// The status in a reply's first line; 0 where there is none.
int status_of(std::string_view reply);

}  // namespace quell::test
