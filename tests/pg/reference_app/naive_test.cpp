#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

#include <fmt/format.h>

#include <quell/db/sync_connection.hpp>

#include "tests/pg/reference_app/running_service.hpp"
#include "tests/pg/reference_app/shop_endpoint.hpp"

namespace quell::test {
namespace {

using testing::Gt;
using testing::HasSubstr;
using testing::SizeIs;

struct Call {
  std::string method;
  std::string target;
  std::string body = {};
  std::string headers = {};
};

std::vector<Call> reads() {
  std::vector<Call> calls;
  for (const char* target : {"/posts",
                             "/posts?limit=3&offset=998",
                             "/posts?offset=5000",
                             "/posts/334",
                             "/posts/1",
                             "/posts/999999",
                             "/users/17/posts",
                             "/users/17/posts?limit=2&offset=1",
                             "/users/999999/posts",
                             "/users/17",
                             "/users/999999",
                             "/products",
                             "/products?limit=5&after=42",
                             "/products?after=100000",
                             "/products?tags=home&limit=4&after=10",
                             "/products?metadata=%7B%22color%22:%22black%22%7D",
                             "/products/search?q=oak",
                             "/products/search?q=oak&limit=2&offset=2",
                             "/products/search?q=lamp+or+-oak&tags=home",
                             "/products/search?q=zeppelin",
                             "/products/7",
                             "/products/999999",
                             "/orders",
                             "/orders?limit=7&before=450",
                             "/orders?customer_id=17",
                             "/orders?status=cancelled&limit=3&before=400",
                             "/orders/1",
                             "/orders/500",
                             "/orders/999999",
                             "/reports/sales?year=2023&top=7",
                             "/reports/sales?year=2001",
                             "/posts?limit=0",
                             "/orders?loading=joined",
                             "/posts/334?loading=lazy"}) {
    calls.push_back({"GET", target});
  }
  return calls;
}

std::string order(int customer, std::string_view items) {
  return fmt::format(R"({{"customer_id":{},"items":[{}]}})", customer, items);
}

/// `placed` and `shipped`: orders of the seed in these states.
std::vector<Call> writes(std::int64_t placed, std::int64_t shipped) {
  const std::string key = "Idempotency-Key: k\r\n";
  const std::string two = R"({"product_id":9,"quantity":1},{"product_id":2,"quantity":3})";
  const std::string known = fmt::format("/orders/{}", placed);
  return {{"POST", "/posts", R"({"author_id":3,"title":"T","body":"B","tags":["zeta","sql","alpha","sql"]})"},
          {"GET", "/users/3"},
          {"POST", "/posts", R"({"author_id":999999,"title":"T","body":"B","tags":["x"]})"},
          {"POST", "/products/import",
           R"({"products":[{"sku":"NEW-1","name":"N","description":"D","price":"1.5","stock":1,"tags":["a","b"]},)"
           R"({"sku":"SKU-000002","name":"Again","description":"D","price":"2","stock":50,"metadata":{"a":{"b":[1]}}},)"
           R"({"sku":"NEW-2","name":"N","description":"D","price":"1","stock":1}]})"},
          {"POST", "/products/import",
           R"({"products":[{"sku":"NEW-3","name":"N","description":"D","price":"1","stock":1},)"
           R"({"sku":"NEW-4","name":"N","description":"D","price":"1","stock":1,"metadata":{"a":"\u0000"}}]})"},
          {"PUT", "/products/9", R"({"sku":"SKU-000009","name":"N","description":"D","price":"3.10","stock":20})"},
          {"POST", "/orders", order(5, two), key},
          {"POST", "/orders", order(5, two), key},
          {"POST", "/orders", order(5, R"({"product_id":9,"quantity":2})"), key},
          {"POST", "/orders", order(5, two)},
          {"POST", "/orders", order(5, R"({"product_id":9,"quantity":1},{"product_id":2,"quantity":1000})")},
          {"POST", "/orders", order(5, R"({"product_id":9,"quantity":1},{"product_id":999999,"quantity":1})")},
          {"POST", "/orders", order(999999, two)},
          {"POST", "/orders", R"({"items":[{"product_id":9,"quantity":1}]})"},
          {"PATCH", known, R"({"status":"cancelled"})"},
          {"PATCH", known, R"({"status":"shipped"})"},
          {"PATCH", fmt::format("/orders/{}", shipped), R"({"status":"delivered"})"},
          {"PATCH", "/orders/999999", R"({"status":"shipped"})"}};
}

/// Everything the writes may have changed, but for times and ids that only count attempts.
std::string contents(const std::string& dsn) {
  auto connection = db::SyncConnection::open(dsn);
  std::string all;
  for (const char* query :
       {"select string_agg(concat_ws(' ', sku, name, price, stock, tags, metadata), ';' order by sku) from products",
        "select string_agg(concat_ws(' ', customer_id, status, total), ';' order by id) from orders",
        "select string_agg(concat_ws(' ', sku, quantity, unit_price), ';' order by i.id)"
        " from order_items i join products p on p.id = product_id",
        "select string_agg(concat_ws(' ', post_id, name), ';' order by post_id, name)"
        " from post_tags join tags on tags.id = tag_id"}) {
    all += std::string(connection.query(query).value(0, 0)) + "\n";
  }
  return all;
}

/// Two services on databases with the same rows.
class Versions : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    good_ = std::make_unique<RunningService>(0.05);
    naive_ = std::make_unique<RunningService>(0.05, true);
  }
  static void TearDownTestSuite() {
    good_.reset();
    naive_.reset();
  }

  static Reply send(const RunningService& service, const Call& call, Who who) {
    return service.call(call.method, call.target, call.body,
                        "X-Request-Id: same\r\n" + call.headers + header_of(service, who));
  }
  static void expect_same(const std::vector<Call>& calls, Who who) {
    for (const Call& call : calls) {
      SCOPED_TRACE(call.method + " " + call.target + " " + call.body);
      const Reply good = send(*good_, call, who);
      const Reply naive = send(*naive_, call, who);
      EXPECT_LT(good.status, 500);
      EXPECT_EQ(naive.status, good.status);
      EXPECT_EQ(naive.body, good.body);
      EXPECT_EQ(naive.header_value("Location"), good.header_value("Location"));
    }
  }
  static std::int64_t first_with(std::string_view status) {
    const auto page =
        good_->call("GET", fmt::format("/orders?limit=1&status={}", status), "", good_->as_admin()).json();
    return page.at("items").at(0).at("id").as_int64();
  }

  static std::unique_ptr<RunningService> good_;
  static std::unique_ptr<RunningService> naive_;
};
std::unique_ptr<RunningService> Versions::good_;
std::unique_ptr<RunningService> Versions::naive_;

TEST_F(Versions, ReadTheSameBytes) {
  for (const Who who : {Who::admin, Who::user, Who::nobody}) expect_same(reads(), who);
}

TEST_F(Versions, GoOnFromTheSameCursors) {
  for (const std::string target : {"/posts?limit=7", "/users/17/posts?limit=3"}) {
    const auto cursor = std::string(good_->get(target).json().at("next_cursor").as_string());
    const auto good = good_->get(target + "&cursor=" + cursor);
    EXPECT_EQ(good.status, 200) << target;
    EXPECT_EQ(naive_->get(target + "&cursor=" + cursor).body, good.body) << target;
  }
}

TEST_F(Versions, WriteTheSameRowsAndAnswerTheSameBytes) {
  const auto calls = writes(first_with("placed"), first_with("shipped"));
  for (const Who who : {Who::nobody, Who::user, Who::admin}) expect_same(calls, who);
  EXPECT_EQ(contents(naive_->dsn()), contents(good_->dsn()));
}

TEST_F(Versions, OfEveryOperationThatHasTwoAreCompared) {
  std::set<std::string> compared, with_two;
  auto calls = reads();
  const auto more = writes(1, 1);
  calls.insert(calls.end(), more.begin(), more.end());
  for (const Call& call : calls) {
    const auto* operation = described(call.method, call.target);
    ASSERT_NE(operation, nullptr) << call.target;
    compared.emplace(operation->at("operationId").as_string());
  }
  const auto document = good_->get("/openapi.json").json();
  for (const auto& path : document.at("paths").as_object()) {
    for (const auto& operation : path.value().as_object()) {
      if (!operation.value().as_object().contains("x-quell-naive")) continue;
      with_two.emplace(operation.value().at("operationId").as_string());
    }
  }
  EXPECT_THAT(with_two, SizeIs(Gt(10U)));
  for (const auto& id : with_two) EXPECT_TRUE(compared.contains(id)) << id;
}

TEST_F(Versions, AreChosenByTheSettingAndByTheHeader) {
  const auto statements = [](RunningService& service, const std::string& headers) {
    service.log().take();
    EXPECT_EQ(service.call("GET", "/products/3", "", headers).status, 200);
    return service.log().take().size();
  };
  EXPECT_EQ(statements(*good_, ""), 1U);
  EXPECT_EQ(statements(*naive_, ""), 3U);
  EXPECT_EQ(statements(*good_, "X-Quell-Reference-Mode: naive\r\n"), 3U);
  EXPECT_EQ(statements(*naive_, "X-Quell-Reference-Mode: good\r\n"), 1U);
}

TEST_F(Versions, AnUnknownOneIsRefused) {
  const auto reply = good_->call("GET", "/products/3", "", "X-Quell-Reference-Mode: bad\r\n");
  EXPECT_EQ(reply.status, 422);
  EXPECT_THAT(reply.body, HasSubstr(R"({"location":["header","X-Quell-Reference-Mode"],"code":"enum")"
                                    R"(,"message":"must be one of good, naive"})"));
}

}  // namespace
}  // namespace quell::test
