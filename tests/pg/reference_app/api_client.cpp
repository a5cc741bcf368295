#include "tests/pg/reference_app/api_client.hpp"

#include <fmt/format.h>
#include <boost/json/parse.hpp>

#include "tests/unit/reference_app/raw_client.hpp"

namespace quell::test {

boost::json::value Reply::json() const {
  return boost::json::parse(body);
}

std::string Reply::header_value(std::string_view name) const {
  const auto at = header.find(fmt::format("\r\n{}: ", name));
  if (at == std::string::npos) return {};
  const auto begin = at + name.size() + 4;
  return header.substr(begin, header.find("\r\n", begin) - begin);
}

Reply call(std::uint16_t port, std::string_view method, std::string_view target, std::string_view body,
           std::string_view more_headers) {
  RawClient client(port);
  std::string request = fmt::format("{} {} HTTP/1.1\r\nHost: test\r\n{}", method, target, more_headers);
  if (!body.empty()) request += fmt::format("Content-Type: application/json\r\nContent-Length: {}\r\n", body.size());
  client.send(request + "\r\n" + std::string(body));
  const std::string reply = client.read_reply(method != "HEAD");
  const auto end = reply.find("\r\n\r\n") + 2;
  return {status_of(reply), reply.substr(0, end), reply.substr(end + 2)};
}

}  // namespace quell::test
