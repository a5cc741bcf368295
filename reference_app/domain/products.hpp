#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <boost/describe/class.hpp>

#include <quell/db/connection.hpp>

#include "reference_app/domain/posts.hpp"
#include "reference_app/domain/shop_models.hpp"

namespace quell::reference {

/// What a product must have; nothing asked for is every product.
class ProductFilter {
 public:
  ProductFilter(std::vector<std::string> all_tags, std::optional<db::Jsonb> contained)
      : tags(std::move(all_tags)), metadata(std::move(contained)) {}
  std::vector<std::string> tags;      ///< all of them
  std::optional<db::Jsonb> metadata;  ///< an object whose members the product's metadata has too
};

/// In the order of their ids, those after the id `after`.
db::Awaitable<std::vector<Product>> list_products(db::Connection& connection, const ProductFilter& filter,
                                                  std::int64_t after, std::int64_t limit);

/// Best match first. `words` as people write them into a search box: quotes, OR and a leading - are understood.
db::Awaitable<std::vector<Product>> search_products(db::Connection& connection, const std::string& words,
                                                    const ProductFilter& filter, Slice slice);

db::Awaitable<std::optional<Product>> find_product(db::Connection& connection, std::int64_t id);

/// Everything of a product that its maker decides.
struct ProductDraft {
  std::string sku;
  std::string name;
  std::string description;
  db::Numeric price;
  std::int64_t stock = 0;
  std::vector<std::string> tags;
  db::Jsonb metadata{"{}"};
};
BOOST_DESCRIBE_STRUCT(ProductDraft, (), (sku, name, description, price, stock, tags, metadata))

/// Returns the new id. Throws db::UniqueViolation where the SKU is taken.
db::Awaitable<std::int64_t> create_product(db::Connection& connection, const ProductDraft& draft);
/// The product as it is afterwards; nothing where there is none. Throws as create_product.
db::Awaitable<std::optional<Product>> replace_product(db::Connection& connection, std::int64_t id,
                                                      const ProductDraft& draft);
/// False where there is none. Throws db::ForeignKeyViolation where it has been ordered.
db::Awaitable<bool> delete_product(db::Connection& connection, std::int64_t id);

struct ImportCounts {
  std::int64_t created = 0;
  std::int64_t updated = 0;
};
BOOST_DESCRIBE_STRUCT(ImportCounts, (), (created, updated))

/// Creates each product, or replaces the one with its SKU; all of them or none. No SKU may occur twice.
db::Awaitable<ImportCounts> import_products(db::Connection& connection, const std::vector<ProductDraft>& drafts);

}  // namespace quell::reference
