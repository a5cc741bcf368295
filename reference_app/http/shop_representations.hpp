#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <boost/describe/class.hpp>

#include <quell/db/types.hpp>

#include "reference_app/domain/orders.hpp"
#include "reference_app/domain/products.hpp"
#include "reference_app/domain/sales.hpp"
#include "reference_app/http/representations.hpp"
#include "reference_app/http/schema.hpp"

/// What crosses HTTP of the shop, both ways.
namespace quell::reference::http {

inline constexpr std::string_view kPricePattern = R"((0|[1-9][0-9]{0,9})(\.[0-9]{1,2})?)";
inline constexpr Field kTagsField{.name = "tags",
                                  .description = "Products that have all of these, separated by commas.",
                                  .required = false,
                                  .max_length = 10,
                                  .pattern = kTagPattern};
inline constexpr Field kMetadataField{
    .name = "metadata",
    .description = "A JSON object: products whose metadata has these members with these values, and perhaps others."};

struct ProductListQuery {
  std::int64_t limit = 20;
  std::int64_t after = 0;
  std::vector<std::string> tags;
  std::optional<db::Jsonb> metadata;
};
BOOST_DESCRIBE_STRUCT(ProductListQuery, (), (limit, after, tags, metadata))
template <>
struct Schema<ProductListQuery> {
  static constexpr std::string_view kName = "ProductListQuery";
  static constexpr std::array kFields{kLimitField,
                                      Field{.name = "after",
                                            .description = "Products with a larger id: next_after of the page before.",
                                            .required = false,
                                            .minimum = 0,
                                            .maximum = kMaxId},
                                      kTagsField, kMetadataField};
};

struct ProductSearchQuery {
  std::string q;
  std::int64_t limit = 20;
  std::int64_t offset = 0;
  std::vector<std::string> tags;
  std::optional<db::Jsonb> metadata;
};
BOOST_DESCRIBE_STRUCT(ProductSearchQuery, (), (q, limit, offset, tags, metadata))
template <>
struct Schema<ProductSearchQuery> {
  static constexpr std::string_view kName = "ProductSearchQuery";
  static constexpr std::array kFields{
      Field{.name = "q",
            .description = "Words as in a search engine: \"a phrase\", OR, and -word for what must not occur.",
            .min_length = 1,
            .max_length = 200},
      kLimitField,
      Field{.name = "offset", .description = "Records to skip.", .required = false, .minimum = 0, .maximum = 10'000},
      kTagsField, kMetadataField};
};

template <>
struct Schema<Product> {
  static constexpr std::string_view kName = "Product";
  static constexpr std::array kFields{Field{.name = "price", .description = "A decimal number."}};
};

struct ProductPage {
  std::vector<Product> items;
  std::int64_t limit = 0;
  std::optional<std::int64_t> next_after;
};
BOOST_DESCRIBE_STRUCT(ProductPage, (), (items, limit, next_after))
template <>
struct Schema<ProductPage> {
  static constexpr std::string_view kName = "ProductPage";
  static constexpr std::array kFields{
      Field{.name = "next_after", .description = "`after` of the next page; null where this page was not full."}};
};

struct ProductHits {
  std::vector<Product> items;
  std::int64_t limit = 0;
  std::int64_t offset = 0;
  std::optional<std::int64_t> next_offset;
};
BOOST_DESCRIBE_STRUCT(ProductHits, (), (items, limit, offset, next_offset))
template <>
struct Schema<ProductHits> {
  static constexpr std::string_view kName = "ProductHits";
  static constexpr std::array kFields{
      Field{.name = "items", .description = "Best match first."},
      Field{.name = "next_offset", .description = "Offset of the next page; null where this page was not full."}};
};

template <>
struct Schema<ProductDraft> {
  static constexpr std::string_view kName = "ProductDraft";
  static constexpr std::array kFields{
      Field{.name = "sku", .description = "Unique.", .pattern = "[A-Z0-9][A-Z0-9-]{0,39}"},
      Field{.name = "name", .min_length = 1, .max_length = 200},
      Field{.name = "description", .max_length = 10'000},
      Field{.name = "price", .description = "A decimal number with at most two places.", .pattern = kPricePattern},
      Field{.name = "stock", .minimum = 0, .maximum = 1'000'000'000},
      Field{.name = "tags", .required = false, .max_length = 20, .pattern = kTagPattern},
      Field{.name = "metadata", .required = false}};
};

struct ProductImport {
  std::vector<ProductDraft> products;
};
BOOST_DESCRIBE_STRUCT(ProductImport, (), (products))
template <>
struct Schema<ProductImport> {
  static constexpr std::string_view kName = "ProductImport";
  static constexpr std::array kFields{
      Field{.name = "products", .description = "No SKU may occur twice.", .min_length = 1, .max_length = 1'000}};
};

template <>
struct Schema<ImportCounts> {
  static constexpr std::string_view kName = "ImportCounts";
  static constexpr std::array<Field, 0> kFields{};
};

struct CreatedProduct {
  std::int64_t id = 0;
};
BOOST_DESCRIBE_STRUCT(CreatedProduct, (), (id))
template <>
struct Schema<CreatedProduct> {
  static constexpr std::string_view kName = "CreatedProduct";
  static constexpr std::array<Field, 0> kFields{};
};

struct OrderListQuery {
  std::int64_t limit = 20;
  std::optional<std::int64_t> before;
  std::optional<std::int64_t> customer_id;
  std::optional<OrderStatus> status;
  Loading loading = Loading::selectin;
};
BOOST_DESCRIBE_STRUCT(OrderListQuery, (), (limit, before, customer_id, status, loading))
template <>
struct Schema<OrderListQuery> {
  static constexpr std::string_view kName = "OrderListQuery";
  static constexpr std::array kFields{kLimitField,
                                      Field{.name = "before",
                                            .description = "Orders with a smaller id: next_before of the page before.",
                                            .minimum = 1,
                                            .maximum = kMaxId},
                                      Field{.name = "customer_id",
                                            .description = "The sender's own, unless an administrator asks.",
                                            .minimum = 1,
                                            .maximum = kMaxId},
                                      kLoadingField};
};

struct ProductRef {
  std::int64_t id = 0;
  std::string sku;
  std::string name;
};
BOOST_DESCRIBE_STRUCT(ProductRef, (), (id, sku, name))
template <>
struct Schema<ProductRef> {
  static constexpr std::string_view kName = "ProductRef";
  static constexpr std::array<Field, 0> kFields{};
};

struct OrderItemView {
  ProductRef product;
  std::int64_t quantity = 0;
  db::Numeric unit_price;
};
BOOST_DESCRIBE_STRUCT(OrderItemView, (), (product, quantity, unit_price))
template <>
struct Schema<OrderItemView> {
  static constexpr std::string_view kName = "OrderItem";
  static constexpr std::array kFields{Field{.name = "unit_price", .description = "When it was ordered."}};
};

struct OrderView {
  std::int64_t id = 0;
  std::string status;
  db::Numeric total;
  db::Timestamp placed_at;
  AuthorRef customer;
  std::vector<OrderItemView> items;
};
BOOST_DESCRIBE_STRUCT(OrderView, (), (id, status, total, placed_at, customer, items))
template <>
struct Schema<OrderView> {
  static constexpr std::string_view kName = "Order";
  static constexpr std::array<Field, 0> kFields{};
};

struct OrderPage {
  std::vector<OrderView> items;
  std::int64_t limit = 0;
  std::optional<std::int64_t> next_before;
};
BOOST_DESCRIBE_STRUCT(OrderPage, (), (items, limit, next_before))
template <>
struct Schema<OrderPage> {
  static constexpr std::string_view kName = "OrderPage";
  static constexpr std::array kFields{
      Field{.name = "next_before", .description = "`before` of the next page; null where this page was not full."}};
};

template <>
struct Schema<OrderLine> {
  static constexpr std::string_view kName = "OrderLine";
  static constexpr std::array kFields{Field{.name = "product_id", .minimum = 1, .maximum = kMaxId},
                                      Field{.name = "quantity", .minimum = 1, .maximum = 1'000}};
};

struct OrderDraft {
  std::optional<std::int64_t> customer_id;
  std::vector<OrderLine> items;
};
BOOST_DESCRIBE_STRUCT(OrderDraft, (), (customer_id, items))
template <>
struct Schema<OrderDraft> {
  static constexpr std::string_view kName = "OrderDraft";
  static constexpr std::array kFields{
      Field{.name = "customer_id",
            .description = "The sender, unless an administrator orders for another.",
            .minimum = 1,
            .maximum = kMaxId},
      Field{.name = "items", .description = "Each product once.", .min_length = 1, .max_length = 50}};
};

template <>
struct Schema<PlacedOrder> {
  static constexpr std::string_view kName = "PlacedOrder";
  static constexpr std::array<Field, 0> kFields{};
};

struct OrderChange {
  OrderStatus status = OrderStatus::placed;
};
BOOST_DESCRIBE_STRUCT(OrderChange, (), (status))
template <>
struct Schema<OrderChange> {
  static constexpr std::string_view kName = "OrderChange";
  static constexpr std::array<Field, 0> kFields{};
};

struct SalesQuery {
  std::int64_t year = 0;
  std::int64_t top = 10;
};
BOOST_DESCRIBE_STRUCT(SalesQuery, (), (year, top))
template <>
struct Schema<SalesQuery> {
  static constexpr std::string_view kName = "SalesQuery";
  static constexpr std::array kFields{
      Field{.name = "year", .minimum = 2000, .maximum = 2100},
      Field{.name = "top", .description = "Products to name.", .required = false, .minimum = 1, .maximum = 100}};
};

template <>
struct Schema<MonthSales> {
  static constexpr std::string_view kName = "MonthSales";
  static constexpr std::array kFields{Field{.name = "month", .description = "1 is January."}};
};

template <>
struct Schema<ProductSales> {
  static constexpr std::string_view kName = "ProductSales";
  static constexpr std::array<Field, 0> kFields{};
};

template <>
struct Schema<SalesReport> {
  static constexpr std::string_view kName = "SalesReport";
  static constexpr std::array kFields{Field{.name = "months", .description = "Those with orders."},
                                      Field{.name = "products", .description = "Largest revenue first."}};
};

}  // namespace quell::reference::http
