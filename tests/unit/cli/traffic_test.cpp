#include "cli/demo/traffic.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <regex>
#include <set>

namespace quell::demo {
namespace {

using testing::IsSupersetOf;

std::vector<HttpRequest> all_requests() {
  std::vector<HttpRequest> out;
  for (const TrafficPhase& phase : traffic_script()) {
    for (const auto& client : phase.clients) out.insert(out.end(), client.begin(), client.end());
  }
  return out;
}

/// "GET /posts/{id} lazy"
std::string shape(const HttpRequest& request) {
  const std::string path =
      std::regex_replace(request.target.substr(0, request.target.find('?')), std::regex("/[0-9]+"), "/{id}");
  std::smatch loading;
  const bool has_loading = std::regex_search(request.target, loading, std::regex("loading=([a-z]+)"));
  return request.method + " " + path + (has_loading ? " " + loading[1].str() : "");
}

TEST(TrafficScript, CallsEachEndpointInEachLoadingMode) {
  std::set<std::string> shapes;
  for (const HttpRequest& request : all_requests()) shapes.insert(shape(request));
  std::vector<std::string> wanted = {"GET /posts", "GET /users/{id}", "POST /users", "POST /posts"};
  for (const char* endpoint : {"GET /posts", "GET /posts/{id}", "GET /users/{id}/posts"}) {
    for (const char* loading : {"lazy", "selectin", "joined"}) wanted.push_back(std::string(endpoint) + " " + loading);
  }
  EXPECT_THAT(shapes, IsSupersetOf(wanted));
}

TEST(TrafficScript, AsksForListsOfSeveralSizes) {
  std::set<std::string> limits;
  for (const HttpRequest& request : all_requests()) {
    std::smatch limit;
    if (request.target.starts_with("/posts?") && std::regex_search(request.target, limit, std::regex("limit=([0-9]+)")))
      limits.insert(limit[1].str());
  }
  EXPECT_THAT(limits, IsSupersetOf({"5", "10", "20", "50"}));
}

TEST(TrafficScript, HasEightClientsAtOnceForPartOfIt) {
  const auto script = traffic_script();
  EXPECT_TRUE(std::any_of(script.begin(), script.end(), [](const TrafficPhase& p) { return p.clients.size() == 8; }));
  EXPECT_TRUE(std::any_of(script.begin(), script.end(), [](const TrafficPhase& p) { return p.clients.size() == 1; }));
}

TEST(TrafficScript, CreatesNothingTwice) {
  std::map<std::string, int> bodies;
  for (const HttpRequest& request : all_requests()) {
    if (request.target == "/users") ++bodies[request.body];
  }
  for (const auto& [body, times] : bodies) EXPECT_EQ(times, 1) << body;
}

TEST(TrafficScript, CountsItsRequests) {
  EXPECT_EQ(request_count(traffic_script()), all_requests().size());
  EXPECT_EQ(request_count({{{{{"GET", "/a", "", 200}}, {{"GET", "/b", "", 200}, {"GET", "/c", "", 200}}}}}), 3U);
}

}  // namespace
}  // namespace quell::demo
