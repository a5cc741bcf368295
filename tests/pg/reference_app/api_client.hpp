#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <boost/json/value.hpp>

namespace quell::test {

struct Reply {
  int status = 0;
  std::string header;
  std::string body;

  [[nodiscard]] boost::json::value json() const;
  /// First header of that name as sent; empty where there is none.
  [[nodiscard]] std::string header_value(std::string_view name) const;
};

/// One request on a connection of its own. A body is sent as application/json.
Reply call(std::uint16_t port, std::string_view method, std::string_view target, std::string_view body = {},
           std::string_view more_headers = {});

}  // namespace quell::test
