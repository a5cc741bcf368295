#include "analyzer/advise/naming.hpp"

#include <gtest/gtest.h>

namespace quell::advise {
namespace {

struct Case {
  const char* plural;
  const char* one;
};

class Singular : public testing::TestWithParam<Case> {};

TEST_P(Singular, OfTableName) {
  EXPECT_EQ(singular(GetParam().plural), GetParam().one);
}

INSTANTIATE_TEST_SUITE_P(English, Singular,
                         testing::Values(Case{"posts", "post"}, Case{"users", "user"},
                                         Case{"order_items", "order_item"}, Case{"categories", "category"},
                                         Case{"addresses", "address"}, Case{"boxes", "box"}, Case{"branches", "branch"},
                                         Case{"people", "person"}, Case{"children", "child"},
                                         Case{"statuses", "status"}, Case{"status", "status"}, Case{"news", "news"},
                                         Case{"movies", "movie"}, Case{"heroes", "hero"}, Case{"houses", "house"},
                                         Case{"sizes", "size"}, Case{"analysis", "analysis"}, Case{"user", "user"},
                                         Case{"orderItems", "orderItem"}, Case{"Users", "User"}, Case{"", ""},
                                         Case{"s", "s"}));

TEST(ClassName, IsTheSingularInCamelCase) {
  EXPECT_EQ(class_name("posts"), "Post");
  EXPECT_EQ(class_name("order_items"), "OrderItem");
  EXPECT_EQ(class_name("orderItems"), "OrderItem");
  EXPECT_EQ(class_name("app_user_addresses"), "AppUserAddress");
  EXPECT_EQ(class_name("2fa_tokens"), "FaToken");  // a class cannot begin with a digit
}

TEST(RelationOfForeignKey, IsTheColumnWithoutItsSuffix) {
  EXPECT_EQ(relation_of_foreign_key("author_id"), "author");
  EXPECT_EQ(relation_of_foreign_key("authorId"), "author");
  EXPECT_EQ(relation_of_foreign_key("owner_uuid"), "owner");
  EXPECT_EQ(relation_of_foreign_key("id"), "");
  EXPECT_EQ(relation_of_foreign_key("title"), "");
  EXPECT_EQ(relation_of_foreign_key("paid"), "");
}

}  // namespace
}  // namespace quell::advise
