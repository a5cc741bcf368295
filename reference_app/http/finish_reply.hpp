#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "reference_app/http/message.hpp"

namespace quell::reference::http {

/// What is done to every reply of an operation before it leaves.
struct FinishParams {
  /// Smaller bodies are sent as they are: they fit one packet either way.
  std::size_t min_gzip_bytes = 1024;
};

/// Whether an Accept-Encoding header wants gzip (RFC 9110, 12.5.3).
[[nodiscard]] bool accepts_gzip(std::string_view accept_encoding);
/// RFC 1952.
[[nodiscard]] std::string gzip(std::string_view bytes);

/// Gives a successful reply to GET its ETag and answers If-None-Match with 304; compresses the body where the client
/// takes that.
void finish_reply(const Request& request, const FinishParams& params, Response& response);

}  // namespace quell::reference::http
