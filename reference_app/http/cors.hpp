#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "reference_app/http/message.hpp"

/// Cross-origin requests of browsers (https://fetch.spec.whatwg.org, 3.3).
namespace quell::reference::http {

struct CorsParams {
  /// Such as https://app.example.org, or * for all. Empty: no other origin may read replies. Credentials are never
  /// allowed: access tokens travel in a header that the page sets itself.
  std::vector<std::string> origins = {};
  /// How long a browser may remember the answer to a preflight request.
  std::chrono::seconds max_age{600};
};

/// Whether a browser asks, before it sends a request, if it may.
[[nodiscard]] bool is_preflight(const Request& request);
/// The answer, where the resource has `methods`.
[[nodiscard]] Response answer_preflight(const Request& request, const std::vector<Method>& methods,
                                        const CorsParams& params);

/// Marks a reply as readable by the request's origin, if it is.
void allow_origin(const Request& request, const CorsParams& params, Response& response);

}  // namespace quell::reference::http
