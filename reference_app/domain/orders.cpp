#include "reference_app/domain/orders.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <boost/describe/enum_to_string.hpp>

namespace quell::reference {
namespace {

using db::col;
using db::desc;
using db::joined;
using db::selectin;

std::string name_of(OrderStatus status) {
  return boost::describe::enum_to_string(status, "");
}

db::Select<Order> newest_orders(const OrderFilter& filter, std::int64_t limit) {
  auto query = db::select<Order>().limit(limit);
  if (filter.customer_id) query.where(col(&Order::customer_id) == *filter.customer_id);
  if (filter.status) query.where(col(&Order::status) == name_of(*filter.status));
  if (filter.before) {
    query.before(&Order::id, *filter.before);
  } else {
    query.order_by(desc(&Order::id));
  }
  return query;
}

void add_relations(db::Select<Order>& query, Loading loading) {
  switch (loading) {
    case Loading::selectin:
      query.with(selectin(&Order::customer), selectin(&Order::items).with(selectin(&OrderItem::product)));
      break;
    case Loading::joined:
      query.with(joined(&Order::customer), joined(&Order::items).with(joined(&OrderItem::product)));
      break;
    case Loading::lazy:
      break;
  }
}

db::Awaitable<void> load_lazily(db::Session& session, Order& order) {
  co_await session.load(order, &Order::customer);
  co_await session.load(order, &Order::items);
  for (OrderItem& item : order.items) {
    co_await session.load(item, &OrderItem::product);
  }
}

}  // namespace

db::Awaitable<db::Objects<Order>> list_orders(db::Session& session, OrderFilter filter, std::int64_t limit,
                                              Loading loading) {
  auto query = newest_orders(filter, limit);
  add_relations(query, loading);
  auto orders = co_await session.all(std::move(query));
  if (loading == Loading::lazy) {
    for (Order& order : orders) co_await load_lazily(session, order);
  }
  co_return orders;
}

db::Awaitable<Order*> find_order(db::Session& session, std::int64_t id, Loading loading) {
  auto query = db::select<Order>().where(col(&Order::id) == id);
  add_relations(query, loading);
  Order* order = co_await session.first(std::move(query));
  if (order != nullptr && loading == Loading::lazy) co_await load_lazily(session, *order);
  co_return order;
}

void require_stock(const std::vector<OrderLine>& lines,
                   const std::vector<std::tuple<std::int64_t, std::int64_t>>& stock) {
  for (const OrderLine& line : lines) {
    const auto found = std::ranges::find(stock, line.product_id, [](const auto& row) { return std::get<0>(row); });
    if (found == stock.end()) {
      throw OrderRefused(OrderRefused::Reason::unknown_product,
                         fmt::format("There is no product with id {}.", line.product_id));
    }
    if (std::get<1>(*found) < line.quantity) {
      throw OrderRefused(OrderRefused::Reason::out_of_stock,
                         fmt::format("Product {} is ordered {} times, and {} are in stock.", line.product_id,
                                     line.quantity, std::get<1>(*found)));
    }
  }
}

db::Awaitable<PlacedOrder> find_placed(db::Connection& connection, std::int64_t id) {
  return connection.fetch_one<PlacedOrder>("select id, total from orders where id = $1", id);
}

db::Awaitable<PlacedOrder> place_order(db::Connection& connection, const NewOrder& order) {
  std::vector<std::int64_t> products, quantities;
  for (const OrderLine& line : order.lines) {
    products.push_back(line.product_id);
    quantities.push_back(line.quantity);
  }
  // Locked in the order of ids, so that two orders never wait for each other.
  const auto stock = co_await connection.fetch<std::tuple<std::int64_t, std::int64_t>>(
      "select id, stock from products where id = any($1) order by id for update", products);
  require_stock(order.lines, stock);
  co_return co_await connection.fetch_one<PlacedOrder>(
      "with wanted as (select w.product_id, w.quantity, price from unnest($2::bigint[], $3::bigint[])"
      " as w (product_id, quantity) join products on id = w.product_id),"
      " placed as (insert into orders (customer_id, total)"
      " values ($1, (select sum(quantity * price) from wanted)) returning id, total),"
      " items as (insert into order_items (order_id, product_id, quantity, unit_price)"
      " select placed.id, product_id, quantity, price from placed, wanted order by product_id),"
      " taken as (update products set stock = stock - quantity from wanted where products.id = product_id)"
      " select id, total from placed",
      order.customer_id, products, quantities);
}

std::optional<OrderStatus> predecessor(OrderStatus status) {
  switch (status) {
    case OrderStatus::placed:
      return std::nullopt;
    case OrderStatus::shipped:
    case OrderStatus::cancelled:
      return OrderStatus::placed;
    case OrderStatus::delivered:
      return OrderStatus::shipped;
  }
  return std::nullopt;
}

OrderRefused wrong_status(std::string_view found, OrderStatus wanted) {
  return {OrderRefused::Reason::wrong_status,
          fmt::format("An order that is {} cannot become {}.", found, name_of(wanted))};
}

db::Awaitable<std::optional<LockedOrder>> lock_order(db::Connection& connection, std::int64_t id) {
  return connection.fetch_optional<LockedOrder>("select customer_id, status from orders where id = $1 for update", id);
}

db::Awaitable<void> change_status(db::Connection& connection, std::int64_t id, const LockedOrder& order,
                                  OrderStatus status) {
  const auto needed = predecessor(status);
  if (!needed || order.status != name_of(*needed)) throw wrong_status(order.status, status);
  if (status == OrderStatus::cancelled) {
    co_await connection.execute(
        "with back as (select product_id, quantity from order_items join products on products.id = product_id"
        " where order_id = $1 order by product_id for update of products)"
        " update products set stock = stock + quantity from back where products.id = product_id",
        id);
  }
  co_await connection.execute("update orders set status = $2 where id = $1", id, name_of(status));
}

}  // namespace quell::reference
