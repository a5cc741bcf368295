#include "tests/unit/reference_app/raw_client.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <array>
#include <stdexcept>

namespace quell::test {

RawClient::RawClient(std::uint16_t port) : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  const timeval limit{.tv_sec = 5, .tv_usec = 0};
  ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    ::close(socket_);
    throw std::runtime_error("cannot connect");
  }
}

RawClient::~RawClient() {
  ::close(socket_);
}

void RawClient::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) throw std::runtime_error("the peer does not take our bytes");
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
}

bool RawClient::receive() {
  std::array<char, 4096> bytes{};
  const ssize_t received = ::recv(socket_, bytes.data(), bytes.size(), 0);
  if (received < 0) throw std::runtime_error("no answer within five seconds, or the connection was reset");
  buffer_.append(bytes.data(), static_cast<std::size_t>(received));
  return received > 0;
}

std::string RawClient::read_reply(bool has_body) {
  constexpr std::string_view kEndOfHeader = "\r\n\r\n";
  constexpr std::string_view kLength = "Content-Length: ";
  std::size_t end = 0;
  while ((end = buffer_.find(kEndOfHeader)) == std::string::npos) {
    if (!receive()) throw std::runtime_error("the peer closed before a whole header");
  }
  std::size_t size = end + kEndOfHeader.size();
  const auto length_at = buffer_.find(kLength);
  if (has_body && length_at < end) size += std::stoul(buffer_.substr(length_at + kLength.size()));
  while (buffer_.size() < size) {
    if (!receive()) throw std::runtime_error("the peer closed before a whole body");
  }
  std::string reply = buffer_.substr(0, size);
  buffer_.erase(0, size);
  return reply;
}

std::string RawClient::read_to_end() {
  while (receive()) {
  }
  return std::move(buffer_);
}

int status_of(std::string_view reply) {
  constexpr std::string_view kVersion = "HTTP/1.1 ";
  if (!reply.starts_with(kVersion)) return 0;
  return std::stoi(std::string(reply.substr(kVersion.size(), 3)));
}

}  // namespace quell::test
