#include "agent/proxy/address.hpp"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <cerrno>
#include <charconv>
#include <cstring>
#include <memory>

#include <fmt/format.h>

namespace quell::proxy {
namespace {

constexpr std::string_view kForms = "write HOST:PORT, [IPV6]:PORT, PORT, /FOLDER, /FOLDER:PORT or unix:/PATH/OF/SOCKET";

std::uint16_t parse_port(std::string_view text, std::string_view whole) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc{} || end != text.data() + text.size() || text.empty()) {
    throw ProxyError(fmt::format("'{}' has no port number in '{}': {}", whole, text, kForms));
  }
  return port;
}

Endpoint unix_endpoint(const std::string& path) {
  Endpoint endpoint;
  sockaddr_un address{};
  if (path.size() >= sizeof address.sun_path) {
    throw ProxyError(fmt::format("the socket path '{}' is longer than the {} bytes the kernel allows", path,
                                 sizeof address.sun_path - 1));
  }
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.data(), path.size());
  std::memcpy(&endpoint.storage, &address, sizeof address);
  endpoint.size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size() + 1);
  endpoint.text = path;
  return endpoint;
}

std::string text_of(const sockaddr* address, socklen_t size) {
  char host[NI_MAXHOST] = "";
  char port[NI_MAXSERV] = "";
  if (getnameinfo(address, size, host, sizeof host, port, sizeof port, NI_NUMERICHOST | NI_NUMERICSERV) != 0)
    return "?";
  return address->sa_family == AF_INET6 ? fmt::format("[{}]:{}", host, port) : fmt::format("{}:{}", host, port);
}

/// A socket file that nobody listens on any more.
bool is_stale(const Endpoint& endpoint) {
  const Descriptor probe(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  return connect(probe.get(), endpoint.data(), endpoint.size) != 0 && errno == ECONNREFUSED;
}

}  // namespace

Address Address::parse(std::string_view text, std::uint16_t default_port) {
  Address address;
  address.port = default_port;
  if (text.starts_with("unix:")) {
    address.path = text.substr(5);
    if (!address.path.starts_with('/')) throw ProxyError(fmt::format("'{}' is no absolute path: {}", text, kForms));
    return address;
  }
  const std::size_t colon = text.rfind(':');
  if (text.starts_with('/')) {
    if (colon != std::string_view::npos) address.port = parse_port(text.substr(colon + 1), text);
    address.path = fmt::format("{}/.s.PGSQL.{}", text.substr(0, colon), address.port);
    return address;
  }
  if (text.starts_with('[')) {
    const std::size_t close = text.find(']');
    if (close == std::string_view::npos) throw ProxyError(fmt::format("'{}' lacks a ']': {}", text, kForms));
    address.host = text.substr(1, close - 1);
    if (close + 1 < text.size()) {
      if (text[close + 1] != ':') throw ProxyError(fmt::format("'{}' is no address: {}", text, kForms));
      address.port = parse_port(text.substr(close + 2), text);
    }
    return address;
  }
  if (colon != std::string_view::npos) {
    address.host = text.substr(0, colon);
    address.port = parse_port(text.substr(colon + 1), text);
  } else if (text.find_first_not_of("0123456789") == std::string_view::npos) {
    address.port = parse_port(text, text);
  } else {
    address.host = text;
  }
  if (address.host.find(':') != std::string::npos) {
    throw ProxyError(fmt::format("'{}' is no address: {}", text, kForms));
  }
  if (address.host.empty()) address.host = "127.0.0.1";
  return address;
}

std::string Address::text() const {
  if (is_unix()) return path;
  return host.find(':') == std::string::npos ? fmt::format("{}:{}", host, port) : fmt::format("[{}]:{}", host, port);
}

std::uint16_t Endpoint::port() const {
  if (family() == AF_INET) return ntohs(reinterpret_cast<const sockaddr_in*>(&storage)->sin_port);
  if (family() == AF_INET6) return ntohs(reinterpret_cast<const sockaddr_in6*>(&storage)->sin6_port);
  return 0;
}

std::vector<Endpoint> resolve(const Address& address) {
  if (address.is_unix()) return {unix_endpoint(address.path)};
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int failed = getaddrinfo(address.host.c_str(), std::to_string(address.port).c_str(), &hints, &found);
  if (failed != 0) {
    throw ProxyError(fmt::format("cannot find the host '{}': {}", address.host, gai_strerror(failed)));
  }
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> all(found, freeaddrinfo);
  std::vector<Endpoint> endpoints;
  for (const addrinfo* one = all.get(); one; one = one->ai_next) {
    Endpoint& endpoint = endpoints.emplace_back();
    std::memcpy(&endpoint.storage, one->ai_addr, one->ai_addrlen);
    endpoint.size = one->ai_addrlen;
    endpoint.text = text_of(one->ai_addr, one->ai_addrlen);
  }
  return endpoints;
}

Descriptor listen_on(const Endpoint& endpoint) {
  Descriptor listener(socket(endpoint.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  const auto refuse = [&](const char* next) {
    throw ProxyError(fmt::format("cannot listen on {}: {}{}", endpoint.text, std::strerror(errno), next));
  };
  if (!listener.valid()) refuse("");
  const int on = 1;
  mode_t mask = 0;
  if (endpoint.family() == AF_UNIX) {
    if (is_stale(endpoint)) unlink(endpoint.text.c_str());
    mask = umask(0077);
  } else {
    setsockopt(listener.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (endpoint.family() == AF_INET6) setsockopt(listener.get(), IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
  }
  const bool bound = bind(listener.get(), endpoint.data(), endpoint.size) == 0;
  if (endpoint.family() == AF_UNIX) umask(mask);
  if (!bound) refuse(errno == EADDRINUSE ? "; choose another with --listen" : "");
  if (listen(listener.get(), SOMAXCONN) != 0) refuse("");
  return listener;
}

Endpoint bound_endpoint(int socket) {
  Endpoint endpoint;
  endpoint.size = sizeof endpoint.storage;
  getsockname(socket, reinterpret_cast<sockaddr*>(&endpoint.storage), &endpoint.size);
  endpoint.text = endpoint.family() == AF_UNIX ? reinterpret_cast<const sockaddr_un*>(&endpoint.storage)->sun_path
                                               : text_of(endpoint.data(), endpoint.size);
  return endpoint;
}

Descriptor start_connect(const Endpoint& endpoint) {
  Descriptor descriptor(socket(endpoint.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!descriptor.valid()) return descriptor;
  tune(descriptor.get());
  if (connect(descriptor.get(), endpoint.data(), endpoint.size) != 0 && errno != EINPROGRESS) return {};
  return descriptor;
}

void tune(int socket) {
  const int on = 1;
  setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  setsockopt(socket, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
}

std::string client_name(int socket) {
  sockaddr_storage storage{};
  socklen_t size = sizeof storage;
  if (getpeername(socket, reinterpret_cast<sockaddr*>(&storage), &size) != 0) return {};
  if (storage.ss_family == AF_INET) {
    return fmt::format("p{}", ntohs(reinterpret_cast<const sockaddr_in*>(&storage)->sin_port));
  }
  if (storage.ss_family == AF_INET6) {
    return fmt::format("p{}", ntohs(reinterpret_cast<const sockaddr_in6*>(&storage)->sin6_port));
  }
  const auto* path = reinterpret_cast<const sockaddr_un*>(&storage)->sun_path;
  const std::size_t begin = offsetof(sockaddr_un, sun_path);
  if (storage.ss_family != AF_UNIX || size <= begin + 1 || path[0] != '\0') return {};
  return "u" + std::string(path + 1, size - begin - 1);
}

}  // namespace quell::proxy
