#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <quell/db/types.hpp>

namespace quell::reference {

/// The shop's part of SeedRows. Few products are ordered most, few customers order most, most orders are small, old
/// ones are delivered.
struct ShopRows {
  struct Products {
    std::vector<std::string> sku, name, description;
    std::vector<std::int64_t> price_cents, stock;
    std::vector<std::string> tags;  ///< of each product, joined by commas
    std::vector<db::Jsonb> metadata;
    std::vector<db::Timestamp> created_at;
  } products;
  struct Orders {
    std::vector<std::int64_t> customer_id;
    std::vector<std::string> status;
    std::vector<std::int64_t> total_cents;
    std::vector<db::Timestamp> placed_at;  ///< ascending with the id
  } orders;
  struct Items {
    std::vector<std::int64_t> order_id, product_id, quantity, price_cents;
  } items;
};

struct ShopSize {
  std::int64_t users;
  std::int64_t products;
  std::int64_t orders;
};

/// From random numbers of its own: the blog's rows do not depend on the shop's.
[[nodiscard]] ShopRows make_shop_rows(ShopSize size);

}  // namespace quell::reference
