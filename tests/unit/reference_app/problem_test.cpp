#include "reference_app/http/problem.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace quell::reference::http {
namespace {

using testing::Contains;
using testing::Pair;

TEST(Problem, IsAProblemDetailsDocument) {
  const auto response = Problem(404, "not-found", "There is no post with id 7.").to_response("r1");
  EXPECT_EQ(response.status, 404);
  EXPECT_THAT(response.headers, Contains(Pair("Content-Type", "application/problem+json")));
  EXPECT_EQ(response.body, R"({"type":"urn:quell-reference:problem:not-found","title":"Not Found","status":404,)"
                           R"("detail":"There is no post with id 7.","request_id":"r1"})");
}

TEST(Problem, CarriesItsHeaders) {
  const auto response = Problem(503, "unavailable", "x").with("Retry-After", "1").to_response("r1");
  EXPECT_THAT(response.headers, Contains(Pair("Retry-After", "1")));
}

TEST(ValidationErrors, ThrowOneProblemWithAllOfThem) {
  ValidationErrors errors;
  const Location body("body");
  const Location items(body, "items");
  const Location first(items, std::size_t{0});
  errors.add(Location(first, "quantity"), "too_small", "must be at least 1");
  errors.add(Location(Location("query"), "limit"), "type", "must be an integer");
  try {
    errors.throw_if_any();
    FAIL() << "did not throw";
  } catch (const Problem& problem) {
    EXPECT_EQ(problem.status(), 422);
    EXPECT_THAT(
        problem.to_response("r").body,
        testing::EndsWith(
            R"("errors":[{"location":["body","items",0,"quantity"],"code":"too_small","message":"must be at least 1"},)"
            R"({"location":["query","limit"],"code":"type","message":"must be an integer"}]})"));
  }
}

TEST(ValidationErrors, NothingWrongThrowsNothing) {
  EXPECT_NO_THROW(ValidationErrors().throw_if_any());
}

}  // namespace
}  // namespace quell::reference::http
