#pragma once

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "agent/proxy/address.hpp"
#include "agent/proxy/proxy.hpp"

/// A server and a client made of plain sockets, for tests that care about bytes and not about SQL.
namespace quell::proxy::relay {

/// A blocking socket that gives up after ten seconds: a test fails instead of hanging.
class Peer {
 public:
  Peer() = default;
  explicit Peer(Descriptor descriptor) : descriptor_(std::move(descriptor)) {
    const timeval limit{10, 0};
    setsockopt(descriptor_.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    setsockopt(descriptor_.get(), SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
  }
  static Peer connect_to(const Endpoint& endpoint) {
    Descriptor descriptor(socket(endpoint.family(), SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (connect(descriptor.get(), endpoint.data(), endpoint.size) != 0) throw std::runtime_error("connect failed");
    return Peer(std::move(descriptor));
  }
  void send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t put = ::send(descriptor_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (put <= 0) throw std::runtime_error("send failed");
      bytes.remove_prefix(static_cast<std::size_t>(put));
    }
  }
  /// Exactly `count` bytes, or fewer where the other side ended or broke first.
  std::string receive(std::size_t count) {
    std::string out;
    std::string buffer(65'536, '\0');
    while (out.size() < count) {
      const ssize_t got = recv(descriptor_.get(), buffer.data(), std::min(buffer.size(), count - out.size()), 0);
      if (got <= 0) break;
      out.append(buffer, 0, static_cast<std::size_t>(got));
    }
    return out;
  }
  /// Everything up to the orderly end; "(broken)" behind it where it was none.
  std::string receive_all() {
    std::string out;
    std::string buffer(65'536, '\0');
    while (true) {
      const ssize_t got = recv(descriptor_.get(), buffer.data(), buffer.size(), 0);
      if (got == 0) return out;
      if (got < 0) return out + "(broken)";
      out.append(buffer, 0, static_cast<std::size_t>(got));
    }
  }
  /// One startup packet.
  std::string receive_packet() {
    std::string packet = receive(4);
    if (packet.size() < 4) return packet;
    std::size_t length = 0;
    for (const char byte : packet) length = length << 8 | static_cast<unsigned char>(byte);
    return packet + receive(length - 4);
  }
  void end_writing() { shutdown(descriptor_.get(), SHUT_WR); }
  void close() { descriptor_.reset(); }
  [[nodiscard]] int get() const { return descriptor_.get(); }

 private:
  Descriptor descriptor_;
};

/// Listens on a free loopback port and hands out what arrives.
class Server {
 public:
  explicit Server(const std::string& address = "127.0.0.1:0")
      : listener_(listen_on(resolve(Address::parse(address)).front())), endpoint_(bound_endpoint(listener_.get())) {}
  Peer accept() {
    pollfd wait{listener_.get(), POLLIN, 0};
    if (poll(&wait, 1, 10'000) != 1) throw std::runtime_error("nobody connected");
    return Peer(Descriptor(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC)));
  }
  /// Whether somebody connects within `milliseconds`.
  bool is_called(int milliseconds) {
    pollfd wait{listener_.get(), POLLIN, 0};
    return poll(&wait, 1, milliseconds) == 1;
  }
  [[nodiscard]] const Endpoint& endpoint() const { return endpoint_; }
  [[nodiscard]] Address address() const {
    return Address::parse(endpoint_.family() == AF_UNIX ? "unix:" + endpoint_.text : endpoint_.text);
  }

 private:
  Descriptor listener_;
  Endpoint endpoint_;
};

inline ProxyParams params_for(const Address& upstream) {
  ProxyParams params;
  params.listen = {Address::parse("127.0.0.1:0")};
  params.upstream = upstream;
  params.loops = 1;
  return params;
}

}  // namespace quell::proxy::relay
