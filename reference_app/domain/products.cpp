#include "reference_app/domain/products.hpp"

#include <string_view>

#include <fmt/format.h>

namespace quell::reference {
namespace {

/// A select with only those conditions that were asked for: one that is always true would still steer the plan. The
/// text is put together from literals, values are bound.
class ProductSelect {
 public:
  /// `text` may use $1, $2, … for `values` in their order.
  template <class... Values>
  explicit ProductSelect(std::string_view text, const Values&... values)
      : text_(text), parameters_(db::Parameters::of(values...)) {}

  void filter_by(const ProductFilter& filter) {
    if (!filter.tags.empty()) append(" and tags @> ${}", filter.tags);
    if (filter.metadata) append(" and metadata @> ${}", *filter.metadata);
  }
  /// `{}` in `clause` is the value's number.
  template <class Value>
  void append(std::string_view clause, const Value& value) {
    parameters_.add(value);
    text_ += fmt::format(fmt::runtime(clause), parameters_.size());
  }

  [[nodiscard]] db::Awaitable<std::vector<Product>> fetch(db::Connection& connection, db::CallSite site) const {
    const auto statement = db::unsafe_sql(text_);
    const db::Result result = co_await connection.query(db::Call(statement, site), parameters_);
    co_return result.as<Product>();
  }

 private:
  std::string text_;
  db::Parameters parameters_;
};

}  // namespace

db::Awaitable<std::vector<Product>> list_products(db::Connection& connection, const ProductFilter& filter,
                                                  std::int64_t after, std::int64_t limit) {
  ProductSelect select(
      "select id, sku, name, description, price, stock, tags, metadata, created_at from products where id > $1", after);
  select.filter_by(filter);
  select.append(" order by id limit ${}", limit);
  co_return co_await select.fetch(connection, db::CallSite::current());
}

db::Awaitable<std::vector<Product>> search_products(db::Connection& connection, const std::string& words,
                                                    const ProductFilter& filter, Slice slice) {
  ProductSelect select(
      "select id, sku, name, description, price, stock, tags, metadata, created_at"
      " from products, websearch_to_tsquery('english', $1) as wanted where search @@ wanted",
      words);
  select.filter_by(filter);
  select.append(" order by ts_rank(search, wanted) desc, id limit ${}", slice.limit);
  select.append(" offset ${}", slice.offset);
  co_return co_await select.fetch(connection, db::CallSite::current());
}

db::Awaitable<std::optional<Product>> find_product(db::Connection& connection, std::int64_t id) {
  return connection.fetch_optional<Product>(
      "select id, sku, name, description, price, stock, tags, metadata, created_at from products where id = $1", id);
}

db::Awaitable<std::int64_t> create_product(db::Connection& connection, const ProductDraft& draft) {
  return connection.fetch_one<std::int64_t>(
      "insert into products (sku, name, description, price, stock, tags, metadata)"
      " values ($1, $2, $3, $4, $5, $6, $7) returning id",
      draft.sku, draft.name, draft.description, draft.price, draft.stock, draft.tags, draft.metadata);
}

db::Awaitable<std::optional<Product>> replace_product(db::Connection& connection, std::int64_t id,
                                                      const ProductDraft& draft) {
  return connection.fetch_optional<Product>(
      "update products set sku = $2, name = $3, description = $4, price = $5, stock = $6, tags = $7, metadata = $8"
      " where id = $1 returning id, sku, name, description, price, stock, tags, metadata, created_at",
      id, draft.sku, draft.name, draft.description, draft.price, draft.stock, draft.tags, draft.metadata);
}

db::Awaitable<bool> delete_product(db::Connection& connection, std::int64_t id) {
  co_return co_await connection.execute("delete from products where id = $1", id) == 1;
}

db::Awaitable<ImportCounts> import_products(db::Connection& connection, const std::vector<ProductDraft>& drafts) {
  std::vector<std::string> skus, names, descriptions, tags;
  std::vector<db::Numeric> prices;
  std::vector<std::int64_t> stocks;
  std::vector<db::Jsonb> metadata;
  for (const ProductDraft& draft : drafts) {
    skus.push_back(draft.sku);
    names.push_back(draft.name);
    descriptions.push_back(draft.description);
    prices.push_back(draft.price);
    stocks.push_back(draft.stock);
    tags.push_back(fmt::format("{}", fmt::join(draft.tags, ",")));  // a tag has no comma
    metadata.push_back(draft.metadata);
  }
  // A row version that no transaction has replaced (xmax 0) was inserted.
  const auto created = co_await connection.fetch<bool>(
      "insert into products (sku, name, description, price, stock, tags, metadata)"
      " select sku, name, description, price, stock, string_to_array(tags, ','), metadata"
      " from unnest($1::text[], $2::text[], $3::text[], $4::numeric[], $5::bigint[], $6::text[], $7::jsonb[])"
      " as row (sku, name, description, price, stock, tags, metadata)"
      " on conflict (sku) do update set name = excluded.name, description = excluded.description,"
      " price = excluded.price, stock = excluded.stock, tags = excluded.tags, metadata = excluded.metadata"
      " returning xmax = 0",
      skus, names, descriptions, prices, stocks, tags, metadata);
  ImportCounts counts;
  for (const bool is_new : created) ++(is_new ? counts.created : counts.updated);
  co_return counts;
}

}  // namespace quell::reference
