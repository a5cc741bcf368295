#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <thread>
#include <vector>

#include <fmt/format.h>
#include <boost/json/serialize.hpp>

#include <quell/db/sync_connection.hpp>

#include "tests/pg/reference_app/running_service.hpp"
#include "tests/pg/reference_app/shop_endpoint.hpp"

namespace quell::test {
namespace {

using testing::Each;
using testing::HasSubstr;
using testing::SizeIs;
using testing::StartsWith;

INSTANTIATE_TEST_SUITE_P(
    ListOrders, ShopEndpoint,
    testing::Values(
        ShopCase{"Unauthenticated", "GET", "/orders", "", 401, "problem:unauthenticated", Who::nobody},
        ShopCase{"OfSomebodyElse", "GET", "/orders?customer_id=17", "", 403, "This belongs to somebody else.",
                 Who::user},

        ShopCase{"Valid", "GET", "/orders", "", 200, R"("limit":20,"next_before":)"},
        ShopCase{"LimitTooLarge", "GET", "/orders?limit=101", "", 422, R"(["query","limit"],"code":"too_large")"},
        ShopCase{"BeforeZero", "GET", "/orders?before=0", "", 422, R"(["query","before"],"code":"too_small")"},
        ShopCase{"BeforeTheFirst", "GET", "/orders?before=1", "", 200, R"({"items":[],"limit":20,"next_before":null})"},
        ShopCase{"CustomerNoNumber", "GET", "/orders?customer_id=me", "", 422,
                 R"(["query","customer_id"],"code":"type")"},
        ShopCase{"StatusUnknown", "GET", "/orders?status=lost", "", 422,
                 R"("message":"must be one of placed, shipped, delivered, cancelled")"},
        ShopCase{"LoadingUnknown", "GET", "/orders?loading=eager", "", 422, R"(["query","loading"],"code":"enum")"},
        ShopCase{"WrongMethod", "DELETE", "/orders", "", 405, "method-not-allowed"}),
    &name_of_case);

INSTANTIATE_TEST_SUITE_P(
    GetOrder, ShopEndpoint,
    testing::Values(ShopCase{"Unauthenticated", "GET", "/orders/1", "", 401, "problem:unauthenticated", Who::nobody},
                    ShopCase{"OfSomebodyElse", "GET", "/orders/1", "", 403, "This belongs to somebody else.",
                             Who::user},
                    ShopCase{"Valid", "GET", "/orders/1", "", 200, R"({"id":1,"status":")"},
                    ShopCase{"Missing", "GET", "/orders/999999", "", 404, "There is no order with id 999999."},
                    ShopCase{"IdNoNumber", "GET", "/orders/x", "", 422, R"(["path","id"],"code":"type")"}),
    &name_of_case);

INSTANTIATE_TEST_SUITE_P(
    PlaceOrder, ShopEndpoint,
    testing::Values(
        ShopCase{"Unauthenticated", "POST", "/orders", R"({"customer_id":1,"items":[{"product_id":34,"quantity":1}]})",
                 401, "problem:unauthenticated", Who::nobody},
        ShopCase{"ForSomebodyElse", "POST", "/orders", R"({"customer_id":1,"items":[{"product_id":34,"quantity":1}]})",
                 403, "This belongs to somebody else.", Who::user},

        ShopCase{"CustomerMissing", "POST", "/orders",
                 R"({"customer_id":999999,"items":[{"product_id":34,"quantity":1}]})", 409, "orders_customer_id_fkey"},
        ShopCase{"ProductMissing", "POST", "/orders",
                 R"({"customer_id":1,"items":[{"product_id":999999,"quantity":1}]})", 409,
                 "There is no product with id 999999."},
        ShopCase{"NoItems", "POST", "/orders", R"({"customer_id":1,"items":[]})", 422,
                 R"(["body","items"],"code":"too_few")"},
        ShopCase{"QuantityZero", "POST", "/orders", R"({"customer_id":1,"items":[{"product_id":1,"quantity":0}]})", 422,
                 R"(["body","items",0,"quantity"],"code":"too_small")"},
        ShopCase{"ProductTwice", "POST", "/orders",
                 R"({"customer_id":1,"items":[{"product_id":1,"quantity":1},{"product_id":1,"quantity":2}]})", 422,
                 R"({"location":["body","items",1,"product_id"],"code":"repeated")"},
        ShopCase{"ItemFieldUnknown", "POST", "/orders",
                 R"({"customer_id":1,"items":[{"product_id":1,"quantity":1,"price":0}]})", 422,
                 R"(["body","items",0,"price"],"code":"unknown")"}),
    &name_of_case);

INSTANTIATE_TEST_SUITE_P(ChangeOrder, ShopEndpoint,
                         testing::Values(ShopCase{"Unauthenticated", "PATCH", "/orders/1", R"({"status":"cancelled"})",
                                                  401, "problem:unauthenticated", Who::nobody},
                                         ShopCase{"OfSomebodyElse", "PATCH", "/orders/1", R"({"status":"cancelled"})",
                                                  403, "This belongs to somebody else.", Who::user},
                                         ShopCase{"Missing", "PATCH", "/orders/999999", R"({"status":"shipped"})", 404,
                                                  "There is no order with id 999999."},
                                         ShopCase{"StatusUnknown", "PATCH", "/orders/1", R"({"status":"lost"})", 422,
                                                  R"(["body","status"],"code":"enum")"},
                                         ShopCase{"BackToPlaced", "PATCH", "/orders/1", R"({"status":"placed"})", 409,
                                                  "urn:quell-reference:problem:wrong-status"}),
                         &name_of_case);

INSTANTIATE_TEST_SUITE_P(
    ReportSales, ShopEndpoint,
    testing::Values(
        ShopCase{"Unauthenticated", "GET", "/reports/sales?year=2023", "", 401, "problem:unauthenticated", Who::nobody},
        ShopCase{"NoAdmin", "GET", "/reports/sales?year=2023", "", 403, "This is for administrators only.", Who::user},
        ShopCase{"Valid", "GET", "/reports/sales?year=2023", "", 200, R"({"year":2023,"months":[{"month":)"},
        ShopCase{"YearWithoutOrders", "GET", "/reports/sales?year=2001", "", 200,
                 R"({"year":2001,"months":[],"products":[]})"},
        ShopCase{"YearMissing", "GET", "/reports/sales", "", 422, R"(["query","year"],"code":"missing")"},
        ShopCase{"TopTooLarge", "GET", "/reports/sales?year=2023&top=101", "", 422,
                 R"(["query","top"],"code":"too_large")"}),
    &name_of_case);

Reply get(std::string_view target) {
  return running_service().call("GET", target, "", running_service().as_admin());
}

Reply patch(std::string_view target, std::string_view status, Who who = Who::admin) {
  const auto body = fmt::format(R"({{"status":"{}"}})", status);
  return running_service().call("PATCH", target, body, header_of(running_service(), who));
}

std::int64_t next_number() {
  static std::int64_t number = 0;
  return ++number;
}

/// A new product; returns its id.
std::int64_t add_product(std::string_view price, std::int64_t stock) {
  const auto reply = running_service().call(
      "POST", "/products",
      fmt::format(R"({{"sku":"ORDERED-{}","name":"N","description":"","price":"{}","stock":{}}})", next_number(), price,
                  stock),
      running_service().as_admin());
  return reply.json().at("id").as_int64();
}

std::int64_t stock_of(std::int64_t product) {
  return get(fmt::format("/products/{}", product)).json().at("stock").as_int64();
}

Reply order(std::string_view items, std::string_view headers = {}) {
  return running_service().call("POST", "/orders", fmt::format(R"({{"customer_id":5,"items":[{}]}})", items),
                                running_service().as_admin() + std::string(headers));
}

std::string line(std::int64_t product, std::int64_t quantity) {
  return fmt::format(R"({{"product_id":{},"quantity":{}}})", product, quantity);
}

TEST(Orders, APlacedOrderCostsItsItemsAndTakesThemOutOfStock) {
  const auto first = add_product("2.50", 10);
  const auto second = add_product("0.49", 5);
  const auto placed = order(line(second, 1) + "," + line(first, 3));
  ASSERT_EQ(placed.status, 201) << placed.body;
  EXPECT_THAT(placed.body, HasSubstr(R"("total":"7.99")"));
  EXPECT_EQ(stock_of(first), 7);
  EXPECT_EQ(stock_of(second), 4);

  const auto stored = get(placed.header_value("Location")).json();
  EXPECT_EQ(stored.at("status").as_string(), "placed");
  EXPECT_EQ(stored.at("customer").at("id").as_int64(), 5);
  const auto& items = stored.at("items").as_array();
  ASSERT_THAT(items, SizeIs(2));
  EXPECT_EQ(items[0].at("product").at("id").as_int64(), first);
  EXPECT_EQ(items[0].at("quantity").as_int64(), 3);
  EXPECT_EQ(items[1].at("unit_price").as_string(), "0.49");
}

TEST(Orders, PlacingTakesTwoStatementsAndTheirTransactionHoweverManyItemsThereAre) {
  std::string items;
  for (int i = 0; i < 12; ++i) items += (i == 0 ? "" : ",") + line(add_product("1", 1), 1);
  running_service().log().take();
  ASSERT_EQ(order(items).status, 201);
  // BEGIN, lock, write, COMMIT.
  EXPECT_THAT(running_service().log().take(), SizeIs(4));
}

TEST(Orders, WhatIsNotInStockIsRefusedAndNothingIsTaken) {
  const auto enough = add_product("1", 10);
  const auto scarce = add_product("1", 2);
  const auto refused = order(line(enough, 1) + "," + line(scarce, 3));
  EXPECT_EQ(refused.status, 409);
  EXPECT_THAT(refused.body, HasSubstr("urn:quell-reference:problem:out-of-stock"));
  EXPECT_THAT(refused.body, HasSubstr(fmt::format("Product {} is ordered 3 times, and 2 are in stock.", scarce)));
  EXPECT_EQ(stock_of(enough), 10);
  EXPECT_EQ(stock_of(scarce), 2);
}

/// The replies to `count` calls made at the same time.
template <class Call>
std::vector<Reply> at_once(std::size_t count, Call call) {
  std::vector<Reply> replies(count);
  std::vector<std::thread> clients;
  for (std::size_t i = 0; i < count; ++i) clients.emplace_back([&, i] { replies[i] = call(i); });
  for (auto& client : clients) client.join();
  return replies;
}

TEST(Orders, TheLastPiecesAreSoldOnce) {
  const auto product = add_product("1", 3);
  const auto replies = at_once(8, [&](std::size_t) { return order(line(product, 1)); });
  EXPECT_EQ(std::ranges::count(replies, 201, &Reply::status), 3);
  EXPECT_EQ(std::ranges::count(replies, 409, &Reply::status), 5);
  EXPECT_EQ(stock_of(product), 0);
}

TEST(Orders, ItemsInOppositeOrderDoNotBlockEachOther) {
  const auto a = add_product("1", 1000);
  const auto b = add_product("1", 1000);
  const auto replies = at_once(16, [&](std::size_t i) {
    return order(i % 2 == 0 ? line(a, 1) + "," + line(b, 1) : line(b, 1) + "," + line(a, 1));
  });
  EXPECT_EQ(std::ranges::count(replies, 201, &Reply::status), 16);
}

TEST(Orders, TheSameIdempotencyKeyGivesTheSameOrder) {
  const auto product = add_product("1", 10);
  const auto first = order(line(product, 2), "Idempotency-Key: once\r\n");
  const auto again = order(line(product, 2), "Idempotency-Key: once\r\n");
  EXPECT_EQ(first.status, 201) << first.body;
  EXPECT_EQ(again.status, 201);
  EXPECT_EQ(again.body, first.body);
  EXPECT_EQ(again.header_value("Location"), first.header_value("Location"));
  EXPECT_EQ(stock_of(product), 8);
  EXPECT_NE(order(line(product, 2), "Idempotency-Key: twice\r\n").body, first.body);
}

TEST(Orders, TheSameIdempotencyKeyAtTheSameTimeGivesOneOrder) {
  const auto product = add_product("1", 1);
  const auto replies =
      at_once(8, [&](std::size_t) { return order(line(product, 1), "Idempotency-Key: together\r\n"); });
  std::set<std::string> bodies;
  for (const Reply& reply : replies) {
    EXPECT_EQ(reply.status, 201) << reply.body;
    bodies.insert(reply.body);
  }
  EXPECT_THAT(bodies, SizeIs(1));
  EXPECT_EQ(stock_of(product), 0);
}

TEST(Orders, AnIdempotencyKeyIsForOneRequestOnly) {
  const auto product = add_product("1", 10);
  ASSERT_EQ(order(line(product, 1), "Idempotency-Key: mine\r\n").status, 201);
  const auto other = order(line(product, 2), "Idempotency-Key: mine\r\n");
  EXPECT_EQ(other.status, 422);
  EXPECT_THAT(other.body, HasSubstr("urn:quell-reference:problem:idempotency-key-reused"));
  EXPECT_EQ(stock_of(product), 9);
}

TEST(Orders, AnIdempotencyKeyThatIsTooLongIsRefused) {
  const auto reply = order(line(1, 1), fmt::format("Idempotency-Key: {}\r\n", std::string(101, 'k')));
  EXPECT_EQ(reply.status, 422);
  EXPECT_THAT(reply.body, HasSubstr(R"({"location":["header","Idempotency-Key"],"code":"too_long")"));
}

TEST(Orders, ACancelledOrderPutsItsPiecesBackOnce) {
  const auto product = add_product("1", 10);
  const auto target = order(line(product, 4)).header_value("Location");
  ASSERT_EQ(stock_of(product), 6);
  const auto cancelled = patch(target, "cancelled");
  EXPECT_EQ(cancelled.status, 200);
  EXPECT_THAT(cancelled.body, HasSubstr(R"("status":"cancelled")"));
  EXPECT_EQ(stock_of(product), 10);
  EXPECT_EQ(patch(target, "cancelled").status, 409);
  EXPECT_EQ(stock_of(product), 10);
}

TEST(Orders, StatusGoesFromPlacedOverShippedToDelivered) {
  const auto product = add_product("1", 1);
  const auto target = order(line(product, 1)).header_value("Location");
  EXPECT_EQ(patch(target, "delivered").status, 409);
  EXPECT_EQ(patch(target, "shipped").status, 200);
  EXPECT_EQ(patch(target, "cancelled").status, 409);
  EXPECT_EQ(patch(target, "delivered").status, 200);
}

TEST(Orders, AreTheirCustomersOwn) {
  auto& service = running_service();
  const auto product = add_product("1", 10);
  const auto placed =
      service.call("POST", "/orders", fmt::format(R"({{"items":[{}]}})", line(product, 1)), service.as_user());
  ASSERT_EQ(placed.status, 201) << placed.body;
  const auto target = placed.header_value("Location");
  const auto mine = service.call("GET", "/orders", "", service.as_user()).json();
  for (const auto& each : mine.at("items").as_array()) {
    EXPECT_EQ(each.at("customer").at("id").as_int64(), service.user_id());
  }
  EXPECT_EQ(mine.at("items").at(0).at("id").as_int64(), placed.json().at("id").as_int64());
  EXPECT_EQ(service.call("GET", target, "", service.as_user()).status, 200);
  EXPECT_EQ(patch(target, "shipped", Who::user).status, 403);
  EXPECT_EQ(patch(target, "cancelled", Who::user).status, 200);
}

TEST(Orders, ListsOnlyTheAskedCustomerAndStatus) {
  const auto page = get("/orders?status=cancelled&limit=100").json();
  ASSERT_FALSE(page.at("items").as_array().empty());
  for (const auto& each : page.at("items").as_array()) EXPECT_EQ(each.at("status").as_string(), "cancelled");
  // Rank 0 of the seed's skew: the best customer stands at id 50 / 3 + 1.
  const auto of_one = get("/orders?customer_id=17&limit=100").json();
  ASSERT_FALSE(of_one.at("items").as_array().empty());
  for (const auto& each : of_one.at("items").as_array()) EXPECT_EQ(each.at("customer").at("id").as_int64(), 17);
}

TEST(Orders, PagesJoinWithoutGapOrOverlap) {
  const auto ids_of = [](const std::string& target) {
    std::vector<std::int64_t> ids;
    const auto page = get(target).json();
    for (const auto& each : page.at("items").as_array()) ids.push_back(each.at("id").as_int64());
    return ids;
  };
  EXPECT_EQ(ids_of("/orders?limit=3&before=301"), (std::vector<std::int64_t>{300, 299, 298}));
  EXPECT_EQ(ids_of("/orders?limit=3&before=298"), (std::vector<std::int64_t>{297, 296, 295}));
}

TEST(Sales, ReportCountsEachMonthAndProductOfTheYearOnce) {
  RunningService service(0.01);
  auto connection = db::SyncConnection::open(service.dsn());
  connection.query(
      "insert into products (id, sku, name, description, price, stock)"
      " values (101, 'A', 'Apple', '', 1, 1), (102, 'B', 'Bread', '', 1, 1)");
  connection.query(
      "insert into orders (id, customer_id, status, total, placed_at) values"
      " (1001, 1, 'placed', 7.00, '2031-01-31 23:59:59Z'), (1002, 1, 'delivered', 2.50, '2031-02-01 00:00:00Z'),"
      " (1003, 1, 'cancelled', 99, '2031-02-02Z'), (1004, 1, 'placed', 1.00, '2032-01-01 00:00:00Z')");
  connection.query(
      "insert into order_items (order_id, product_id, quantity, unit_price) values"
      " (1001, 101, 2, 1.00), (1001, 102, 2, 2.50), (1002, 101, 5, 0.50), (1003, 102, 9, 11), (1004, 101, 1, 1.00)");
  EXPECT_EQ(
      service.call("GET", "/reports/sales?year=2031", "", service.as_admin()).body,
      R"({"year":2031,"months":[{"month":1,"orders":1,"revenue":"7.00"},{"month":2,"orders":1,"revenue":"2.50"}],)"
      R"("products":[{"id":102,"name":"Bread","units":2,"revenue":"5.00"},)"
      R"({"id":101,"name":"Apple","units":7,"revenue":"4.50"}]})");
}

}  // namespace
}  // namespace quell::test
