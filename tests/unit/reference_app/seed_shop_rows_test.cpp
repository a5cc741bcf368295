#include "reference_app/domain/seed_shop_rows.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "reference_app/domain/seed_rows.hpp"

namespace quell::reference {
namespace {

constexpr ShopSize kSize{100, 200, 2'000};

TEST(SeedShop, TheSameSizeGivesTheSameRows) {
  const auto a = make_shop_rows(kSize);
  const auto b = make_shop_rows(kSize);
  EXPECT_EQ(a.products.name, b.products.name);
  EXPECT_EQ(a.products.metadata, b.products.metadata);
  EXPECT_EQ(a.orders.total_cents, b.orders.total_cents);
  EXPECT_EQ(a.items.product_id, b.items.product_id);
}

TEST(SeedShop, ScaleMultipliesTheShopToo) {
  EXPECT_EQ(SeedSize::scaled(0.5).products, 1'000);
  EXPECT_EQ(SeedSize::scaled(2).orders, 20'000);
  const auto rows = make_seed_rows(SeedSize::scaled(0.0001));
  EXPECT_EQ(rows.shop.products.sku.size(), 1U);
  EXPECT_EQ(rows.shop.orders.status.size(), 1U);
}

TEST(SeedShop, EveryReferenceIsToARowThatExists) {
  const auto rows = make_shop_rows(kSize);
  const auto within = [](const std::vector<std::int64_t>& ids, std::int64_t count) {
    return std::ranges::all_of(ids, [&](std::int64_t id) { return id >= 1 && id <= count; });
  };
  EXPECT_TRUE(within(rows.orders.customer_id, kSize.users));
  EXPECT_TRUE(within(rows.items.order_id, kSize.orders));
  EXPECT_TRUE(within(rows.items.product_id, kSize.products));
}

TEST(SeedShop, EveryOrderHasItemsOfDifferentProductsAndCostsWhatTheyDo) {
  const auto rows = make_shop_rows(kSize);
  std::set<std::pair<std::int64_t, std::int64_t>> lines;
  std::map<std::int64_t, std::int64_t> totals;
  for (std::size_t i = 0; i < rows.items.order_id.size(); ++i) {
    EXPECT_TRUE(lines.emplace(rows.items.order_id[i], rows.items.product_id[i]).second);
    EXPECT_GE(rows.items.quantity[i], 1);
    EXPECT_EQ(rows.items.price_cents[i],
              rows.products.price_cents[static_cast<std::size_t>(rows.items.product_id[i] - 1)]);
    totals[rows.items.order_id[i]] += rows.items.quantity[i] * rows.items.price_cents[i];
  }
  ASSERT_EQ(totals.size(), static_cast<std::size_t>(kSize.orders));
  for (const auto& [order, total] : totals) {
    EXPECT_EQ(total, rows.orders.total_cents[static_cast<std::size_t>(order - 1)]);
  }
}

// The share of the first k of n ranks is sqrt(k/n): a tenth of the customers should place about 32 % of the orders.
TEST(SeedShop, FewCustomersOrderMost) {
  const auto rows = make_shop_rows(kSize);
  std::map<std::int64_t, std::int64_t> orders_of;
  for (const auto customer : rows.orders.customer_id) ++orders_of[customer];
  std::vector<std::int64_t> counts;
  for (const auto& [customer, count] : orders_of) counts.push_back(count);
  std::ranges::sort(counts, std::greater<>());
  std::int64_t top_tenth = 0;
  for (std::size_t i = 0; i < 10; ++i) top_tenth += counts[i];
  EXPECT_NEAR(static_cast<double>(top_tenth) / static_cast<double>(kSize.orders), 0.32, 0.04);
}

TEST(SeedShop, OrdersAgeWithTheirIdAndOnlyYoungOnesAreOpen) {
  const auto rows = make_shop_rows(kSize);
  EXPECT_TRUE(std::ranges::is_sorted(rows.orders.placed_at));
  for (std::size_t i = 0; i < 1'800; ++i) {
    const auto& status = rows.orders.status[i];
    EXPECT_TRUE(status == "delivered" || status == "cancelled") << i << status;
  }
  for (const char* status : {"placed", "shipped", "delivered", "cancelled"}) {
    EXPECT_GT(std::ranges::count(rows.orders.status, status), 0) << status;
  }
}

}  // namespace
}  // namespace quell::reference
