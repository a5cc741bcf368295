#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include <fmt/format.h>

#include "tests/pg/reference_app/running_service.hpp"

namespace quell::test {
namespace {

using testing::HasSubstr;
using testing::SizeIs;

class LoadingModes : public testing::TestWithParam<const char*> {};

TEST_P(LoadingModes, GiveTheSameBytes) {
  const std::string target = GetParam();
  const std::string sign = target.find('?') == std::string::npos ? "?" : "&";
  const auto get = [](const std::string& each) {
    return running_service().call("GET", each, "", running_service().as_admin());
  };
  const auto plain = get(target);
  ASSERT_EQ(plain.status, 200) << plain.body;
  for (const auto* mode : {"lazy", "selectin", "joined"}) {
    const auto reply = get(target + sign + "loading=" + mode);
    EXPECT_EQ(reply.status, 200) << mode;
    EXPECT_EQ(reply.body, plain.body) << mode;
  }
}

INSTANTIATE_TEST_SUITE_P(Endpoints, LoadingModes,
                         testing::Values("/posts", "/posts?limit=1", "/posts?limit=100&offset=500", "/posts?offset=999",
                                         "/posts?offset=5000", "/posts/1", "/posts/500", "/users/1/posts",
                                         "/users/50/posts?limit=100", "/users/7/posts?limit=3&offset=2", "/orders",
                                         "/orders?limit=100&before=300", "/orders?before=1", "/orders/1", "/orders/500",
                                         "/orders?customer_id=17&limit=5", "/orders?status=cancelled"));

std::set<std::int64_t> distinct_authors(const boost::json::value& page) {
  std::set<std::int64_t> ids;
  for (const auto& post : page.at("items").as_array()) ids.insert(post.at("author").at("id").as_int64());
  return ids;
}

// 1 for the posts and 1 for the comment counts, and then: for each author and each post's tags one; one for all authors
// and one for all tags; none.
TEST(LoadingModes, DifferInStatementsOnly) {
  auto& service = running_service();
  const auto authors = distinct_authors(service.get("/posts?limit=20").json()).size();
  EXPECT_THAT(service.statements_of("/posts?limit=20&loading=lazy"), SizeIs(2 + authors + 20));
  EXPECT_THAT(service.statements_of("/posts?limit=20&loading=selectin"), SizeIs(4));
  EXPECT_THAT(service.statements_of("/posts?limit=20&loading=joined"), SizeIs(2));
  EXPECT_THAT(service.statements_of("/posts?limit=20"), SizeIs(4));
}

TEST(LoadingModes, SelectinSendsTheSameTextForEveryPageSize) {
  auto& service = running_service();
  EXPECT_EQ(service.statements_of("/posts?limit=2&loading=selectin"),
            service.statements_of("/posts?limit=100&loading=selectin"));
}

TEST(LoadingModes, LazyReadsEachAuthorOfACommentOnce) {
  auto& service = running_service();
  // The most commented post: rank 0 of the seed's skew stands at id 1000 / 3 + 1.
  const auto post = service.get("/posts/334").json();
  std::set<std::int64_t> authors{post.at("author").at("id").as_int64()};
  for (const auto& comment : post.at("comments").as_array()) authors.insert(comment.at("author").at("id").as_int64());
  ASSERT_GT(authors.size(), 5U);
  const auto statements = service.statements_of("/posts/334?loading=lazy");
  // The post, its tags, its comments, and one for each author.
  EXPECT_THAT(statements, SizeIs(3 + authors.size()));
}

// Identity maps: each customer and each product once, however many orders have them.
TEST(LoadingModes, OfOrdersDifferInStatementsOnly) {
  auto& service = running_service();
  std::set<std::int64_t> customers, products;
  const auto page = service.call("GET", "/orders?limit=20", "", service.as_admin()).json();
  for (const auto& order : page.at("items").as_array()) {
    customers.insert(order.at("customer").at("id").as_int64());
    for (const auto& item : order.at("items").as_array()) {
      products.insert(item.at("product").at("id").as_int64());
    }
  }
  EXPECT_THAT(service.statements_of("/orders?limit=20&loading=lazy", service.as_admin()),
              SizeIs(1 + customers.size() + 20 + products.size()));
  EXPECT_THAT(service.statements_of("/orders?limit=20&loading=selectin", service.as_admin()), SizeIs(4));
  EXPECT_THAT(service.statements_of("/orders?limit=20&loading=joined", service.as_admin()), SizeIs(1));
}

TEST(LoadingModes, JoinedFetchesAPostWithEverythingInOneStatement) {
  EXPECT_THAT(running_service().statements_of("/posts/334?loading=joined"), SizeIs(1));
}

}  // namespace
}  // namespace quell::test
