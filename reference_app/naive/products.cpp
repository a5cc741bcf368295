#include <algorithm>

#include "reference_app/http/api.hpp"
#include "reference_app/http/shop_handlers.hpp"
#include "reference_app/naive/naive.hpp"

namespace quell::reference::naive {
namespace {

using http::asio::awaitable;

awaitable<std::optional<Product>> load(db::Connection& connection, std::int64_t id) {
  return connection.fetch_optional<Product>(
      "select id, sku, name, description, price, stock, tags, metadata, created_at from products where id = $1", id);
}

/// The first `limit` of `ids`, a statement each.
awaitable<std::vector<Product>> load_each(db::Connection& connection, const std::vector<std::int64_t>& ids,
                                          std::int64_t limit) {
  std::vector<Product> products;
  for (std::int64_t i = 0; i < std::min(limit, std::ssize(ids)); ++i) {
    auto product = co_await load(connection, ids[static_cast<std::size_t>(i)]);
    products.push_back(std::move(*product));
  }
  co_return products;
}

awaitable<http::ProductPage> list(http::RequestContext& context,
                                  const http::Input<http::None, http::ProductListQuery>& input) {
  auto connection = co_await context.acquire();
  // One text for every filter: no index fits it.
  const auto position = co_await connection->fetch_one<std::int64_t>(
      "select count(*) from products where id <= $3 and ($1::text[] = '{}' or tags @> $1)"
      " and ($2::jsonb is null or metadata @> $2)",
      input.query.tags, input.query.metadata, input.query.after);
  const auto ids = co_await connection->fetch<std::int64_t>(
      "select id from products where ($1::text[] = '{}' or tags @> $1) and ($2::jsonb is null or metadata @> $2)"
      " order by id offset $3",
      input.query.tags, input.query.metadata, position);
  auto products = co_await load_each(*connection, ids, input.query.limit);
  co_return represent(std::move(products), input.query);
}

awaitable<http::ProductHits> search(http::RequestContext& context,
                                    const http::Input<http::None, http::ProductSearchQuery>& input) {
  auto connection = co_await context.acquire();
  const auto ids = co_await connection->fetch<std::int64_t>(
      "select id from products where search @@ websearch_to_tsquery('english', $1) and ($2::text[] = '{}' or tags @> "
      "$2)"
      " and ($3::jsonb is null or metadata @> $3)"
      " order by ts_rank(search, websearch_to_tsquery('english', $1)) desc, id offset $4",
      input.query.q, input.query.tags, input.query.metadata, input.query.offset);
  auto products = co_await load_each(*connection, ids, input.query.limit);
  co_return represent(std::move(products), input.query);
}

awaitable<Product> get(http::RequestContext& context, const http::Input<http::ById>& input) {
  auto connection = co_await context.acquire();
  const auto exists = co_await load(*connection, input.path.id);
  if (!exists) throw http::not_found("product", input.path.id);
  const auto name = (co_await load(*connection, input.path.id))->name;
  auto product = co_await load(*connection, input.path.id);
  product->name = name;
  co_return std::move(*product);
}

awaitable<bool> create_or_replace(db::Connection& connection, const ProductDraft& draft) {
  const auto known =
      co_await connection.fetch_optional<std::int64_t>("select id from products where sku = $1", draft.sku);
  if (!known) {
    co_await create_product(connection, draft);
    co_return true;
  }
  co_await replace_product(connection, *known, draft);
  co_return false;
}

awaitable<ImportCounts> import(http::RequestContext& context,
                               const http::Input<http::None, http::None, http::ProductImport>& input) {
  http::require_distinct_skus(input.body.products);
  auto connection = co_await context.acquire();
  auto transaction = co_await connection->begin();
  ImportCounts counts;
  for (const ProductDraft& draft : input.body.products) {
    const bool is_new = co_await create_or_replace(*connection, draft);
    ++(is_new ? counts.created : counts.updated);
  }
  co_await transaction.commit();
  co_return counts;
}

}  // namespace

void add_products(http::Api& api) {
  api.add_naive("list_products", &list);
  api.add_naive("search_products", &search);
  api.add_naive("get_product", &get);
  api.add_naive("import_products", &import);
}

}  // namespace quell::reference::naive
