#include <set>
#include <string_view>

#include <fmt/format.h>

#include "reference_app/domain/products.hpp"
#include "reference_app/http/api.hpp"
#include "reference_app/http/resources.hpp"
#include "reference_app/http/shop_handlers.hpp"
#include "reference_app/http/shop_representations.hpp"

namespace quell::reference::http {

ProductPage represent(std::vector<Product> products, const ProductListQuery& query) {
  ProductPage page;
  page.limit = query.limit;
  if (std::ssize(products) == query.limit) page.next_after = products.back().id;
  page.items = std::move(products);
  return page;
}

ProductHits represent(std::vector<Product> products, const ProductSearchQuery& query) {
  ProductHits hits;
  hits.limit = query.limit;
  hits.offset = query.offset;
  if (std::ssize(products) == query.limit) hits.next_offset = query.offset + query.limit;
  hits.items = std::move(products);
  return hits;
}

void require_distinct_skus(const std::vector<ProductDraft>& drafts) {
  const Location body("body");
  const Location products(body, "products");
  ValidationErrors errors;
  std::set<std::string_view> seen;
  for (std::size_t i = 0; i < drafts.size(); ++i) {
    const Location product(products, i);
    if (!seen.insert(drafts[i].sku).second) detail::add_repeated(Location(product, "sku"), errors);
  }
  errors.throw_if_any();
}

namespace {

asio::awaitable<ProductPage> list(RequestContext& context, const Input<None, ProductListQuery>& input) {
  auto connection = co_await context.acquire();
  const ProductFilter filter(input.query.tags, input.query.metadata);
  auto products = co_await list_products(*connection, filter, input.query.after, input.query.limit);
  co_return represent(std::move(products), input.query);
}

asio::awaitable<ProductHits> search(RequestContext& context, const Input<None, ProductSearchQuery>& input) {
  auto connection = co_await context.acquire();
  const ProductFilter filter(input.query.tags, input.query.metadata);
  const Slice slice{input.query.limit, input.query.offset};
  auto products = co_await search_products(*connection, input.query.q, filter, slice);
  co_return represent(std::move(products), input.query);
}

asio::awaitable<Product> get(RequestContext& context, const Input<ById>& input) {
  auto connection = co_await context.acquire();
  auto product = co_await find_product(*connection, input.path.id);
  if (!product) throw not_found("product", input.path.id);
  co_return std::move(*product);
}

asio::awaitable<CreatedProduct> create(RequestContext& context, const Input<None, None, ProductDraft>& input) {
  auto connection = co_await context.acquire();
  const std::int64_t id = co_await create_product(*connection, input.body);
  context.response().set("Location", fmt::format("/products/{}", id));
  co_return CreatedProduct{id};
}

asio::awaitable<Product> replace(RequestContext& context, const Input<ById, None, ProductDraft>& input) {
  auto connection = co_await context.acquire();
  auto product = co_await replace_product(*connection, input.path.id, input.body);
  if (!product) throw not_found("product", input.path.id);
  co_return std::move(*product);
}

asio::awaitable<None> remove(RequestContext& context, const Input<ById>& input) {
  auto connection = co_await context.acquire();
  if (!co_await delete_product(*connection, input.path.id)) throw not_found("product", input.path.id);
  co_return None{};
}

asio::awaitable<ImportCounts> import(RequestContext& context, const Input<None, None, ProductImport>& input) {
  require_distinct_skus(input.body.products);
  auto connection = co_await context.acquire();
  co_return co_await import_products(*connection, input.body.products);
}

}  // namespace

void add_products(Api& api) {
  api.add({.route = "/products",
           .id = "list_products",
           .summary = "Products by id, filtered by tags and metadata",
           .tag = "products"},
          &list);
  api.add({.route = "/products/search",
           .id = "search_products",
           .summary = "Full-text search, best match first",
           .tag = "products"},
          &search);
  api.add(
      {.route = "/products/{id}", .id = "get_product", .summary = "One product", .tag = "products", .problems = {404}},
      &get);
  api.add({.method = Method::post,
           .route = "/products",
           .id = "create_product",
           .summary = "Add a product",
           .tag = "products",
           .status = 201,
           .access = Access::admin,
           .problems = {409}},
          &create);
  api.add({.method = Method::put,
           .route = "/products/{id}",
           .id = "replace_product",
           .summary = "Replace a product",
           .tag = "products",
           .access = Access::admin,
           .problems = {404, 409}},
          &replace);
  api.add({.method = Method::del,
           .route = "/products/{id}",
           .id = "delete_product",
           .summary = "Delete a product that nobody ordered",
           .tag = "products",
           .status = 204,
           .access = Access::admin,
           .problems = {404, 409}},
          &remove);
  api.add({.method = Method::post,
           .route = "/products/import",
           .id = "import_products",
           .summary = "Create or replace many products by SKU, all or none",
           .tag = "products",
           .access = Access::admin,
           .limit = Limit::expensive},
          &import);
}

}  // namespace quell::reference::http
