#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace quell::demo {

struct HttpRequest {
  std::string method;
  std::string target;
  std::string body;  ///< JSON; empty: none
  unsigned expected_status = 200;
  bool logs_in = false;  ///< the reply's access token is sent with what the same client asks for later
};

/// Who writes in the demo; must be an administrator, because he writes in the name of others.
inline constexpr const char* kWriterEmail = "writer@example.org";
inline constexpr const char* kWriterPassword = "only for the demo";

/// Clients that work at the same time, each with its own connection and list of requests, sent one after the other.
struct TrafficPhase {
  std::vector<std::vector<HttpRequest>> clients;
};

/// The demo's script, the same every time: each endpoint in each loading mode and several sizes by one client, then
/// eight clients at once.
[[nodiscard]] std::vector<TrafficPhase> traffic_script();

[[nodiscard]] std::size_t request_count(const std::vector<TrafficPhase>& script);

/// Sends one phase to 127.0.0.1:`port` and returns when every reply was read. Throws Error for a reply with another
/// status than expected, a lost connection or ten seconds without a reply; cli::Interrupted on Ctrl-C.
void drive(const TrafficPhase& phase, std::uint16_t port);

}  // namespace quell::demo
