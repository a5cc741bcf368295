#include "reference_app/domain/seed.hpp"

#include <algorithm>

namespace quell::reference {
namespace {

template <class T>
std::vector<T> part(const std::vector<T>& column, std::size_t first, std::size_t count) {
  const auto begin = column.begin() + static_cast<std::ptrdiff_t>(first);
  return {begin, begin + static_cast<std::ptrdiff_t>(std::min(count, column.size() - first))};
}

// Rows of one statement: some megabytes at most.
constexpr std::size_t kBatch = 5'000;

template <class First, class... More>
db::Awaitable<void> insert(db::Connection& connection, db::Statement statement, const std::vector<First>& first,
                           const std::vector<More>&... more) {
  for (std::size_t at = 0; at < first.size(); at += kBatch) {
    db::Parameters parameters;
    parameters.add(part(first, at, kBatch));
    (parameters.add(part(more, at, kBatch)), ...);
    co_await connection.query(db::Call(statement), std::move(parameters));
  }
}

constexpr db::Statement kInsertUsers{
    "insert into users (name, email, created_at) select * from unnest($1::text[], $2::text[], $3::timestamptz[])"};
constexpr db::Statement kInsertPosts{
    "insert into posts (author_id, title, body, created_at)"
    " select * from unnest($1::bigint[], $2::text[], $3::text[], $4::timestamptz[])"};
constexpr db::Statement kInsertComments{
    "insert into comments (post_id, author_id, body, created_at)"
    " select * from unnest($1::bigint[], $2::bigint[], $3::text[], $4::timestamptz[])"};
constexpr db::Statement kInsertTags{"insert into tags (name) select * from unnest($1::text[])"};
constexpr db::Statement kInsertPostTags{
    "insert into post_tags (post_id, tag_id) select * from unnest($1::bigint[], $2::bigint[])"};

constexpr db::Statement kInsertProducts{
    "insert into products (sku, name, description, price, stock, tags, metadata, created_at)"
    " select sku, name, description, price_cents / 100.0, stock, string_to_array(tags, ','), metadata, created_at"
    " from unnest($1::text[], $2::text[], $3::text[], $4::bigint[], $5::bigint[], $6::text[], $7::jsonb[],"
    " $8::timestamptz[]) as row (sku, name, description, price_cents, stock, tags, metadata, created_at)"};
constexpr db::Statement kInsertOrders{
    "insert into orders (customer_id, status, total, placed_at) select customer_id, status, total_cents / 100.0,"
    " placed_at from unnest($1::bigint[], $2::text[], $3::bigint[], $4::timestamptz[])"
    " as row (customer_id, status, total_cents, placed_at)"};
constexpr db::Statement kInsertOrderItems{
    "insert into order_items (order_id, product_id, quantity, unit_price)"
    " select order_id, product_id, quantity, price_cents / 100.0 from unnest($1::bigint[], $2::bigint[], $3::bigint[],"
    " $4::bigint[]) as row (order_id, product_id, quantity, price_cents)"};

db::Awaitable<void> insert_shop(db::Connection& connection, const ShopRows& rows) {
  const auto& products = rows.products;
  co_await insert(connection, kInsertProducts, products.sku, products.name, products.description, products.price_cents,
                  products.stock, products.tags, products.metadata, products.created_at);
  co_await insert(connection, kInsertOrders, rows.orders.customer_id, rows.orders.status, rows.orders.total_cents,
                  rows.orders.placed_at);
  co_await insert(connection, kInsertOrderItems, rows.items.order_id, rows.items.product_id, rows.items.quantity,
                  rows.items.price_cents);
}

}  // namespace

db::Awaitable<void> seed(db::Connection& connection, SeedSize size) {
  if (co_await connection.fetch_one<bool>("select exists (select from users)")) {
    throw db::UsageError("the database has users already: seed fills an empty one (migrate --down base, then migrate)");
  }
  const SeedRows rows = make_seed_rows(size);
  auto transaction = co_await connection.begin();
  co_await insert(connection, kInsertUsers, rows.users.name, rows.users.email, rows.users.created_at);
  co_await insert(connection, kInsertPosts, rows.posts.author_id, rows.posts.title, rows.posts.body,
                  rows.posts.created_at);
  co_await insert(connection, kInsertComments, rows.comments.post_id, rows.comments.author_id, rows.comments.body,
                  rows.comments.created_at);
  co_await insert(connection, kInsertTags, rows.tags.name);
  co_await insert(connection, kInsertPostTags, rows.post_tags.post_id, rows.post_tags.tag_id);
  co_await insert_shop(connection, rows.shop);
  co_await transaction.commit();
  // Statistics and visibility map now, not whenever autovacuum comes by: plans should be the same from the first
  // request.
  co_await connection.execute("vacuum (analyze)");
}

}  // namespace quell::reference
