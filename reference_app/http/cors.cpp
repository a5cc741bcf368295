#include "reference_app/http/cors.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace quell::reference::http {
namespace {

constexpr std::string_view kAny = "*";

bool allows_any(const CorsParams& params) {
  return std::ranges::find(params.origins, kAny) != params.origins.end();
}

bool allows(const CorsParams& params, std::string_view origin) {
  return !origin.empty() && (allows_any(params) || std::ranges::find(params.origins, origin) != params.origins.end());
}

}  // namespace

bool is_preflight(const Request& request) {
  return request.method == Method::options && !request.header("Origin").empty() &&
         !request.header("Access-Control-Request-Method").empty();
}

Response answer_preflight(const Request& request, const std::vector<Method>& methods, const CorsParams& params) {
  Response response;
  response.status = 204;
  if (!allows(params, request.header("Origin"))) return response;
  std::vector<std::string_view> names;
  for (const Method method : methods) names.push_back(to_string(method));
  response.set("Access-Control-Allow-Methods", fmt::format("{}", fmt::join(names, ", ")));
  response.set("Access-Control-Allow-Headers",
               "Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match, X-Request-Id, traceparent");
  response.set("Access-Control-Max-Age", std::to_string(params.max_age.count()));
  return response;
}

void allow_origin(const Request& request, const CorsParams& params, Response& response) {
  if (params.origins.empty()) return;
  const bool any = allows_any(params);
  // Caches must keep replies for different origins apart, also those that name none.
  if (!any) response.set("Vary", "Origin");
  const auto origin = request.header("Origin");
  if (!allows(params, origin)) return;
  response.set("Access-Control-Allow-Origin", std::string(any ? kAny : origin));
  response.set("Access-Control-Expose-Headers",
               "ETag, Idempotency-Replayed, Location, Retry-After, X-Request-Id, traceparent");
}

}  // namespace quell::reference::http
