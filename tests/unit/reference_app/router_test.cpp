#include "reference_app/http/router.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>

namespace quell::reference::http {
namespace {

using testing::ElementsAre;
using Segments = std::vector<std::string>;

Router blog() {
  Router router;
  router.add(Method::get, "/", 0);
  router.add(Method::get, "/posts", 1);
  router.add(Method::post, "/posts", 2);
  router.add(Method::get, "/posts/{id}", 3);
  router.add(Method::get, "/posts/newest", 4);
  router.add(Method::get, "/users/{id}/posts/{post}", 5);
  return router;
}

Router::RouteIndex route_of(const Router::Result& result) {
  return std::get<Router::Match>(result).route;
}

TEST(Router, RootIsTheEmptyPath) {
  EXPECT_EQ(route_of(blog().find(Method::get, {})), 0U);
}

TEST(Router, MethodChoosesBetweenRoutesOfOnePath) {
  const Segments path{"posts"};
  EXPECT_EQ(route_of(blog().find(Method::get, path)), 1U);
  EXPECT_EQ(route_of(blog().find(Method::post, path)), 2U);
}

TEST(Router, ParametersAreGivenInTemplateOrder) {
  const Segments path{"users", "7", "posts", "a b"};
  const auto result = blog().find(Method::get, path);
  EXPECT_EQ(route_of(result), 5U);
  EXPECT_THAT(std::get<Router::Match>(result).parameters, ElementsAre("7", "a b"));
}

TEST(Router, LiteralWinsOverParameter) {
  const Segments literal{"posts", "newest"};
  const Segments parameter{"posts", "newer"};
  EXPECT_EQ(route_of(blog().find(Method::get, literal)), 4U);
  EXPECT_EQ(route_of(blog().find(Method::get, parameter)), 3U);
}

TEST(Router, ALiteralThatLeadsNowhereFallsBackToTheParameter) {
  Router router;
  router.add(Method::get, "/posts/newest/summary", 0);
  router.add(Method::get, "/posts/{id}/comments", 1);
  const Segments path{"posts", "newest", "comments"};
  const auto result = router.find(Method::get, path);
  EXPECT_EQ(route_of(result), 1U);
  EXPECT_THAT(std::get<Router::Match>(result).parameters, ElementsAre("newest"));
}

TEST(Router, HeadIsAnsweredByTheGetRoute) {
  const Segments path{"posts"};
  EXPECT_EQ(route_of(blog().find(Method::head, path)), 1U);
}

TEST(Router, WrongMethodNamesTheAllowedOnes) {
  const Segments path{"posts"};
  const auto result = blog().find(Method::del, path);
  EXPECT_THAT(std::get<Router::WrongMethod>(result).allowed, ElementsAre(Method::get, Method::head, Method::post));
}

TEST(Router, UnknownPathsHaveNoRoute) {
  const auto router = blog();
  for (const Segments& path : {Segments{"post"}, Segments{"users"}, Segments{"users", "1"}, Segments{"posts", ""},
                               Segments{"posts", "1", "x"}, Segments{"posts", "1", ""}}) {
    EXPECT_TRUE(std::holds_alternative<Router::NoRoute>(router.find(Method::get, path)))
        << testing::PrintToString(path);
  }
}

TEST(Router, RefusesMalformedTemplatesAndSecondRoutesOfOneShape) {
  Router router = blog();
  EXPECT_THROW(router.add(Method::get, "posts", 9), std::logic_error);
  EXPECT_THROW(router.add(Method::get, "/posts//x", 9), std::logic_error);
  EXPECT_THROW(router.add(Method::get, "/posts/id}", 9), std::logic_error);
  EXPECT_THROW(router.add(Method::get, "/posts/x{id}", 9), std::logic_error);
  EXPECT_THROW(router.add(Method::get, "/posts/{}", 9), std::logic_error);
  EXPECT_THROW(router.add(Method::get, "/posts/{other_name}", 9), std::logic_error);
}

TEST(Router, ListsParameterNames) {
  EXPECT_THAT(Router::parameter_names("/users/{id}/posts/{post}"), ElementsAre("id", "post"));
  EXPECT_TRUE(Router::parameter_names("/users").empty());
}

}  // namespace
}  // namespace quell::reference::http
