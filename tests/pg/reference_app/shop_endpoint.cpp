#include "tests/pg/reference_app/shop_endpoint.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <cctype>
#include <string_view>

namespace quell::test {

using testing::HasSubstr;

void PrintTo(const ShopCase& c, std::ostream* out) {
  *out << c.method << ' ' << c.target;
}

std::string header_of(const RunningService& service, Who who) {
  switch (who) {
    case Who::nobody:
      return {};
    case Who::user:
      return service.as_user();
    case Who::admin:
      return service.as_admin();
  }
  return {};
}

namespace {

bool fits(std::string_view route, std::string_view path) {
  while (!route.empty() || !path.empty()) {
    const auto step = [](std::string_view& text) {
      const auto end = std::min(text.find('/', 1), text.size());
      const auto segment = text.substr(0, end);
      text.remove_prefix(end);
      return segment;
    };
    const auto expected = step(route);
    const auto given = step(path);
    if (expected != given && (!expected.starts_with("/{") || given.size() < 2)) return false;
  }
  return true;
}

}  // namespace

const boost::json::object* described(std::string_view method, std::string_view target) {
  static const boost::json::value document = running_service().get("/openapi.json").json();
  std::string lower(method);
  for (char& c : lower) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  for (const auto& path : document.at("paths").as_object()) {
    if (!fits(path.key(), target.substr(0, target.find('?')))) continue;
    if (const auto* operation = path.value().as_object().if_contains(lower)) return &operation->as_object();
  }
  return nullptr;
}

TEST_P(ShopEndpoint, AnswersAsTheTableSays) {
  const ShopCase& c = GetParam();
  const auto reply = running_service().call(c.method, c.target, c.body, header_of(running_service(), c.who));
  EXPECT_EQ(reply.status, c.status) << reply.body;
  EXPECT_THAT(reply.body, HasSubstr(c.contains));
  const char* const type = c.status == 204 ? "" : c.status < 400 ? "application/json" : "application/problem+json";
  EXPECT_EQ(reply.header_value("Content-Type"), type);
  EXPECT_FALSE(reply.header_value("X-Request-Id").empty());
  if (const auto* operation = described(c.method, c.target)) {
    EXPECT_TRUE(operation->at("responses").as_object().contains(std::to_string(c.status)))
        << c.status << " is not in the OpenAPI document";
  } else {
    EXPECT_TRUE(c.status == 404 || c.status == 405 || c.status == 400);
  }
}

}  // namespace quell::test
