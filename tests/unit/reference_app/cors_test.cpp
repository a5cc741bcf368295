#include "reference_app/http/cors.hpp"

#include <gtest/gtest.h>

namespace quell::reference::http {
namespace {

constexpr std::string_view kOrigin = "https://app.example.org";

Request from(std::string_view origin, Method method = Method::get) {
  Request request;
  request.method = method;
  if (!origin.empty()) request.headers.emplace_back("Origin", origin);
  return request;
}

std::string header(Response response, std::string_view name) {
  const std::string* value = response.find(name);
  return value == nullptr ? "" : *value;
}

Response allowed(const Request& request, std::vector<std::string> origins) {
  CorsParams params;
  params.origins = std::move(origins);
  Response response;
  allow_origin(request, params, response);
  return response;
}

TEST(Cors, OnlyNamedOriginsMayRead) {
  const std::vector<std::string> origins{std::string(kOrigin), "https://other.example.org"};
  EXPECT_EQ(header(allowed(from(kOrigin), origins), "Access-Control-Allow-Origin"), kOrigin);
  for (const auto* other : {"https://app.example.org.evil.example", "http://app.example.org", "null", ""}) {
    const auto response = allowed(from(other), origins);
    EXPECT_EQ(header(response, "Access-Control-Allow-Origin"), "") << other;
    EXPECT_EQ(header(response, "Vary"), "Origin");
  }
}

TEST(Cors, AStarAllowsAllAndNothingAllowsNone) {
  EXPECT_EQ(header(allowed(from("https://anywhere.example"), {"*"}), "Access-Control-Allow-Origin"), "*");
  EXPECT_TRUE(allowed(from(kOrigin), {}).headers.empty());
}

TEST(Cors, APreflightLearnsTheMethodsOfTheResource) {
  Request request = from(kOrigin, Method::options);
  EXPECT_FALSE(is_preflight(request));
  request.headers.emplace_back("Access-Control-Request-Method", "PATCH");
  EXPECT_TRUE(is_preflight(request));
  CorsParams params;
  params.origins = {std::string(kOrigin)};
  const auto answer = answer_preflight(request, {Method::get, Method::patch}, params);
  EXPECT_EQ(answer.status, 204);
  EXPECT_EQ(header(answer, "Access-Control-Allow-Methods"), "GET, PATCH");
  EXPECT_EQ(header(answer, "Access-Control-Max-Age"), "600");
  params.origins = {"https://other.example.org"};
  EXPECT_EQ(header(answer_preflight(request, {Method::get}, params), "Access-Control-Allow-Methods"), "");
}

}  // namespace
}  // namespace quell::reference::http
