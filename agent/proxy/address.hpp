#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <sys/socket.h>

#include <quell/trace/error.hpp>

#include "agent/proxy/descriptor.hpp"

namespace quell::proxy {

/// The proxy cannot start: an address, a certificate, a port in use.
class ProxyError : public Error {
 public:
  using Error::Error;
};

/// Where to listen or to connect, as a user writes it: `host:port`, `[::1]:5432`, `5433` (a port of 127.0.0.1), or a
/// unix socket: `/run/postgresql` (a folder, with `:port` behind it for another than 5432) or `unix:/path/of/socket`.
struct Address {
  std::string host;  ///< name or number; empty for a unix socket
  std::uint16_t port = 0;
  std::string path;  ///< of a unix socket

  /// Throws ProxyError with the forms that are understood. `default_port` is taken where none is written.
  static Address parse(std::string_view text, std::uint16_t default_port = 5432);

  [[nodiscard]] bool is_unix() const { return !path.empty(); }
  [[nodiscard]] std::string text() const;
};

/// One address the kernel understands.
struct Endpoint {
  sockaddr_storage storage{};
  socklen_t size = 0;
  std::string text;  ///< for messages

  [[nodiscard]] const sockaddr* data() const { return reinterpret_cast<const sockaddr*>(&storage); }
  [[nodiscard]] int family() const { return storage.ss_family; }
  [[nodiscard]] std::uint16_t port() const;  ///< 0 for a unix socket
};

/// Every endpoint of an address, in the resolver's order. Blocks on DNS. Throws ProxyError naming the host.
std::vector<Endpoint> resolve(const Address& address);

/// A non-blocking listening socket. A unix socket is only for our own user, and replaces one that nobody listens on.
/// Throws ProxyError naming the address and the reason.
Descriptor listen_on(const Endpoint& endpoint);

/// The endpoint a listening socket really has (its port where 0 was asked for).
Endpoint bound_endpoint(int socket);

/// The client of an accepted connection as call-site hooks name it: `p` and its port, or `u` and the abstract name that
/// redirect_connect.c binds a unix socket to. Empty where it has neither.
std::string client_name(int socket);

/// Begins a non-blocking connect; invalid with errno set where even that failed.
Descriptor start_connect(const Endpoint& endpoint);

/// No delay, keep-alive; nothing for unix sockets.
void tune(int socket);

}  // namespace quell::proxy
