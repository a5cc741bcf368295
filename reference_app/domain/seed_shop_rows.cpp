#include "reference_app/domain/seed_shop_rows.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <string_view>

#include <fmt/format.h>

#include "reference_app/domain/seed_random.hpp"

namespace quell::reference {
namespace {

using namespace std::chrono_literals;

constexpr std::array<std::string_view, 16> kQualities{"Compact",  "Folding", "Sturdy", "Quiet",   "Bright", "Narrow",
                                                      "Portable", "Heavy",   "Simple", "Layered", "Woven",  "Polished",
                                                      "Slim",     "Rugged",  "Plain",  "Modular"};
constexpr std::array<std::string_view, 10> kMaterials{"oak",    "steel",   "linen", "glass",  "cork",
                                                      "bamboo", "ceramic", "wool",  "walnut", "aluminium"};
constexpr std::array<std::string_view, 20> kThings{
    "lamp", "chair",   "shelf",  "kettle", "notebook", "desk",   "basket", "mug",     "clock", "stool",
    "tray", "blanket", "drawer", "bottle", "keyboard", "mirror", "vase",   "toolbox", "stand", "organiser"};
constexpr std::array<std::string_view, 16> kTags{"home",    "office", "kitchen",  "garden",     "sale",    "new",
                                                 "gift",    "travel", "workshop", "outdoor",    "classic", "handmade",
                                                 "storage", "light",  "kids",     "refurbished"};
constexpr std::array<std::string_view, 8> kColors{"black", "white", "grey", "green", "blue", "red", "amber", "violet"};
constexpr std::array<std::string_view, 12> kMakers{"Tarnwerk",   "Fjordline", "Knoll & Heath", "Pebble",
                                                   "Larchfield", "Duneworks", "Ridgeway",      "Ember Forge",
                                                   "Islet",      "Northmade", "Quarry",        "Spruceton"};

constexpr db::Timestamp kFirstDay{std::chrono::sys_days(std::chrono::year(2023) / 1 / 1)};

std::string describe(SeedRandom& random, std::string_view material, std::string_view thing) {
  std::string text = fmt::format("A {} made of {}.", thing, material);
  for (std::int64_t i = 1 + random.below(3); i > 0; --i) {
    text += fmt::format(" Goes well with a {} {}, and with anything {}.", random.pick(kMaterials), random.pick(kThings),
                        random.pick(kColors));
  }
  return text;
}

std::string tags_of(SeedRandom& random) {
  std::vector<std::string_view> chosen;
  for (std::int64_t i = random.below(5); i > 0; --i) {
    const auto tag = random.pick_skewed(kTags);
    if (std::ranges::find(chosen, tag) == chosen.end()) chosen.push_back(tag);
  }
  return fmt::format("{}", fmt::join(chosen, ","));
}

db::Jsonb metadata_of(SeedRandom& random) {
  std::string text = fmt::format(R"({{"color":"{}","maker":"{}","weight_g":{})", random.pick_skewed(kColors),
                                 random.pick_skewed(kMakers), 50 + 10 * random.skewed_below(1000));
  if (random.below(4) == 0) text += fmt::format(R"(,"warranty":{{"years":{}}})", 1 + random.below(5));
  return db::Jsonb(text + "}");
}

ShopRows::Products make_products(SeedRandom& random, std::int64_t count) {
  ShopRows::Products products;
  for (std::int64_t i = 0; i < count; ++i) {
    const auto material = random.pick_skewed(kMaterials);
    const auto thing = random.pick(kThings);
    products.sku.push_back(fmt::format("SKU-{:06}", i + 1));
    products.name.push_back(fmt::format("{} {} {}", random.pick(kQualities), material, thing));
    products.description.push_back(describe(random, material, thing));
    products.price_cents.push_back(299 + 50 * random.skewed_below(1'000));
    products.stock.push_back(random.skewed_below(500));
    products.tags.push_back(tags_of(random));
    products.metadata.push_back(metadata_of(random));
    products.created_at.push_back(kFirstDay + i * 3h);
  }
  return products;
}

// Older orders have come further.
std::string_view status_of(SeedRandom& random, std::int64_t order, std::int64_t count) {
  if (random.below(20) == 0) return "cancelled";
  if (order < count * 9 / 10) return "delivered";
  return random.below(2) == 0 ? "shipped" : "placed";
}

/// Returns what the items cost.
std::int64_t add_items(SeedRandom& random, std::int64_t order, const ShopRows::Products& products,
                       ShopRows::Items& items) {
  const auto count = std::ssize(products.sku);
  std::int64_t total = 0;
  std::vector<std::int64_t> chosen;
  for (std::int64_t i = 1 + random.skewed_below(6); i > 0; --i) {
    const auto product = id_of_rank(random.skewed_below(count), count);
    if (std::ranges::find(chosen, product) == chosen.end()) chosen.push_back(product);
  }
  std::ranges::sort(chosen);
  for (const auto product : chosen) {
    const auto quantity = 1 + random.skewed_below(4);
    const auto price = products.price_cents[static_cast<std::size_t>(product - 1)];
    items.order_id.push_back(order);
    items.product_id.push_back(product);
    items.quantity.push_back(quantity);
    items.price_cents.push_back(price);
    total += quantity * price;
  }
  return total;
}

}  // namespace

ShopRows make_shop_rows(ShopSize size) {
  SeedRandom random(20240302);
  ShopRows rows;
  rows.products = make_products(random, size.products);
  for (std::int64_t i = 0; i < size.orders; ++i) {
    rows.orders.customer_id.push_back(id_of_rank(random.skewed_below(size.users), size.users));
    rows.orders.status.emplace_back(status_of(random, i, size.orders));
    rows.orders.total_cents.push_back(add_items(random, i + 1, rows.products, rows.items));
    rows.orders.placed_at.push_back(kFirstDay + 90 * 24h + i * 67min + random.below(3600) * 1s);
  }
  return rows;
}

}  // namespace quell::reference
