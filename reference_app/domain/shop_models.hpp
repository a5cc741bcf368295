#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include <boost/describe/class.hpp>

#include <quell/db/model.hpp>
#include <quell/db/types.hpp>

#include "reference_app/domain/models.hpp"

/// The shop's tables as objects.
namespace quell::reference {

struct Product {
  std::int64_t id = 0;
  std::string sku;
  std::string name;
  std::string description;
  db::Numeric price;
  std::int64_t stock = 0;
  std::vector<std::string> tags;
  db::Jsonb metadata;
  db::Timestamp created_at;
};
BOOST_DESCRIBE_STRUCT(Product, (), (id, sku, name, description, price, stock, tags, metadata, created_at))

struct OrderItem {
  std::int64_t id = 0;
  std::int64_t order_id = 0;
  std::int64_t product_id = 0;
  std::int64_t quantity = 0;
  db::Numeric unit_price;
  db::One<Product> product;
};
BOOST_DESCRIBE_STRUCT(OrderItem, (), (id, order_id, product_id, quantity, unit_price))

struct Order {
  std::int64_t id = 0;
  std::int64_t customer_id = 0;
  std::string status;
  db::Numeric total;
  db::Timestamp placed_at;
  db::One<User> customer;
  db::Many<OrderItem> items;
};
BOOST_DESCRIBE_STRUCT(Order, (), (id, customer_id, status, total, placed_at))

}  // namespace quell::reference

namespace quell::db {

template <>
struct Model<reference::Product> {
  static constexpr std::string_view kTable = "products";
  static constexpr auto kKey = &reference::Product::id;
  static constexpr auto kRelations = std::tuple();
};

template <>
struct Model<reference::OrderItem> {
  using OrderItem = reference::OrderItem;
  static constexpr std::string_view kTable = "order_items";
  static constexpr auto kKey = &OrderItem::id;
  static constexpr auto kRelations = std::tuple(many_to_one("product", &OrderItem::product, &OrderItem::product_id));
};

template <>
struct Model<reference::Order> {
  using Order = reference::Order;
  using OrderItem = reference::OrderItem;
  static constexpr std::string_view kTable = "orders";
  static constexpr auto kKey = &Order::id;
  static constexpr auto kRelations = std::tuple(many_to_one("customer", &Order::customer, &Order::customer_id),
                                                one_to_many("items", &Order::items, &OrderItem::order_id));
};

}  // namespace quell::db
