#include <algorithm>

#include <fmt/format.h>
#include <boost/describe/enum_to_string.hpp>

#include "reference_app/domain/payment.hpp"
#include "reference_app/http/api.hpp"
#include "reference_app/http/idempotency_key.hpp"
#include "reference_app/http/shop_handlers.hpp"
#include "reference_app/naive/naive.hpp"

namespace quell::reference::naive {

struct ItemRow {
  std::int64_t product_id = 0;
  std::int64_t quantity = 0;
  db::Numeric unit_price;
};
BOOST_DESCRIBE_STRUCT(ItemRow, (), (product_id, quantity, unit_price))

namespace {

using http::asio::awaitable;

awaitable<http::AuthorRef> customer_of(db::Connection& connection, const Order& order) {
  return connection.fetch_one<http::AuthorRef>("select id, name from users where id = $1", order.customer_id);
}

awaitable<std::vector<ItemRow>> items_of(db::Connection& connection, std::int64_t order_id) {
  return connection.fetch<ItemRow>(
      "select product_id, quantity, unit_price from order_items where order_id = $1 order by id", order_id);
}

/// One statement for the customer, one for the items and one for each item's product.
awaitable<http::OrderView> view_of(db::Connection& connection, const Order& order) {
  http::OrderView view{order.id, order.status, order.total, order.placed_at, {}, {}};
  view.customer = co_await customer_of(connection, order);
  const auto items = co_await items_of(connection, order.id);
  for (const ItemRow& item : items) {
    auto product = co_await connection.fetch_one<http::ProductRef>("select id, sku, name from products where id = $1",
                                                                   item.product_id);
    view.items.push_back({std::move(product), item.quantity, item.unit_price});
  }
  co_return view;
}

bool is_wanted(const Order& order, const OrderFilter& filter) {
  return (!filter.before || order.id < *filter.before) &&
         (!filter.customer_id || order.customer_id == *filter.customer_id) &&
         (!filter.status || order.status == boost::describe::enum_to_string(*filter.status, ""));
}

awaitable<http::OrderPage> list(http::RequestContext& context,
                                const http::Input<http::None, http::OrderListQuery>& input) {
  const OrderFilter filter = http::visible_orders(context, input.query);
  auto connection = co_await context.acquire();
  // All orders there are; the page is cut out below.
  const auto orders = co_await connection->fetch<Order>(
      "select id, customer_id, status, total, placed_at from orders order by id desc");
  http::OrderPage page;
  page.limit = input.query.limit;
  for (const Order& order : orders) {
    if (!is_wanted(order, filter)) continue;
    auto view = co_await view_of(*connection, order);
    page.items.push_back(std::move(view));
    if (std::ssize(page.items) == input.query.limit) {
      page.next_before = order.id;
      break;
    }
  }
  co_return page;
}

awaitable<std::optional<Order>> load(db::Connection& connection, std::int64_t id) {
  return connection.fetch_optional<Order>("select id, customer_id, status, total, placed_at from orders where id = $1",
                                          id);
}

awaitable<http::OrderView> get(http::RequestContext& context,
                               const http::Input<http::ById, http::LoadingQuery>& input) {
  auto connection = co_await context.acquire();
  const auto order = co_await load(*connection, input.path.id);
  if (!order) throw http::not_found("order", input.path.id);
  context.require_owner(order->customer_id);
  // For the greeting, for the address, for the reply: always the same row.
  co_await customer_of(*connection, *order);
  co_await customer_of(*connection, *order);
  co_return co_await view_of(*connection, *order);
}

awaitable<void> check_stock(db::Connection& connection, const OrderLine& line) {
  const auto stock = co_await connection.fetch<std::tuple<std::int64_t, std::int64_t>>(
      "select id, stock from products where id = $1 for update", line.product_id);
  const std::vector lines(1, line);
  require_stock(lines, stock);
}

/// Three writes for each line.
awaitable<void> add_line(db::Connection& connection, std::int64_t order_id, const OrderLine& line) {
  co_await connection.execute(
      "insert into order_items (order_id, product_id, quantity, unit_price)"
      " select $1::bigint, id, $3::bigint, price from products where id = $2",
      order_id, line.product_id, line.quantity);
  co_await connection.execute("update products set stock = stock - $2 where id = $1", line.product_id, line.quantity);
  co_await connection.execute(
      "update orders set total = total + $3::bigint * (select price from products where id = $2) where id = $1",
      order_id, line.product_id, line.quantity);
}

awaitable<PlacedOrder> place(db::Connection& connection, const NewOrder& order) {
  for (const OrderLine& line : order.lines) co_await check_stock(connection, line);
  // The rows stay locked while somebody else's computer is asked.
  co_await authorise_payment();
  const auto id = co_await connection.fetch_one<std::int64_t>(
      "insert into orders (customer_id, total) values ($1, 0) returning id", order.customer_id);
  for (const OrderLine& line : order.lines) co_await add_line(connection, id, line);
  co_return co_await find_placed(connection, id);
}

awaitable<PlacedOrder> place_once(
    http::RequestContext& context,
    const http::Input<http::None, http::None, http::OrderDraft, http::IdempotencyHeader>& input) {
  const NewOrder order = http::new_order(context, input.body);
  const auto key = http::idempotency_key(context, input.header);
  auto connection = co_await context.acquire();
  auto transaction = co_await connection->begin();
  std::optional<std::int64_t> earlier;
  if (key) earlier = co_await key->claim(*connection);
  PlacedOrder placed;
  if (earlier) {
    placed = co_await find_placed(*connection, *earlier);
    context.response().set("Idempotency-Replayed", "true");
  } else {
    placed = co_await place(*connection, order);
    if (key) co_await key->keep(*connection, placed.id);
  }
  co_await transaction.commit();
  context.response().set("Location", fmt::format("/orders/{}", placed.id));
  co_return placed;
}

awaitable<http::OrderView> change(http::RequestContext& context,
                                  const http::Input<http::ById, http::None, http::OrderChange>& input) {
  auto connection = co_await context.acquire();
  const auto order = co_await load(*connection, input.path.id);
  if (!order) throw http::not_found("order", input.path.id);
  http::require_changeable(context, order->customer_id, input.body.status);
  const std::string wanted = boost::describe::enum_to_string(input.body.status, "");
  const auto needed = predecessor(input.body.status);
  if (!needed || order->status != boost::describe::enum_to_string(*needed, "")) {
    throw wrong_status(order->status, input.body.status);
  }
  if (input.body.status == OrderStatus::cancelled) {
    const auto items = co_await items_of(*connection, order->id);
    for (const ItemRow& item : items) {
      co_await connection->execute("update products set stock = stock + $2 where id = $1", item.product_id,
                                   item.quantity);
    }
  }
  co_await connection->execute("update orders set status = $2 where id = $1", order->id, wanted);
  const auto changed = co_await load(*connection, order->id);
  co_return co_await view_of(*connection, *changed);
}

}  // namespace

void add_orders(http::Api& api) {
  api.add_naive("list_orders", &list);
  api.add_naive("get_order", &get);
  api.add_naive("place_order", &place_once);
  api.add_naive("change_order", &change);
}

}  // namespace quell::reference::naive
