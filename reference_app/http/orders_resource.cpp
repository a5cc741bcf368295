#include <algorithm>

#include <fmt/format.h>

#include "reference_app/domain/orders.hpp"
#include "reference_app/domain/payment.hpp"
#include "reference_app/domain/sales.hpp"
#include "reference_app/http/api.hpp"
#include "reference_app/http/idempotency_key.hpp"
#include "reference_app/http/resources.hpp"
#include "reference_app/http/shop_handlers.hpp"
#include "reference_app/http/shop_representations.hpp"

namespace quell::reference::http {

OrderView represent(const Order& order) {
  OrderView view{order.id, order.status, order.total, order.placed_at, {order.customer->id, order.customer->name}, {}};
  for (const OrderItem& item : order.items) {
    view.items.push_back({{item.product->id, item.product->sku, item.product->name}, item.quantity, item.unit_price});
  }
  return view;
}

OrderPage represent(const db::Objects<Order>& orders, const OrderListQuery& query) {
  OrderPage page;
  page.limit = query.limit;
  for (const Order& order : orders) page.items.push_back(represent(order));
  if (std::ssize(page.items) == query.limit) page.next_before = page.items.back().id;
  return page;
}

OrderFilter visible_orders(const RequestContext& context, const OrderListQuery& query) {
  OrderFilter filter{query.customer_id, query.status, query.before};
  if (filter.customer_id) {
    context.require_owner(*filter.customer_id);
  } else if (!context.identity().is_admin()) {
    filter.customer_id = context.identity().user_id;
  }
  return filter;
}

NewOrder new_order(const RequestContext& context, const OrderDraft& draft) {
  const Location body("body");
  const Location items(body, "items");
  ValidationErrors errors;
  for (std::size_t i = 0; i < draft.items.size(); ++i) {
    const auto before = std::ranges::find(draft.items, draft.items[i].product_id, &OrderLine::product_id);
    const Location item(items, i);
    if (before != draft.items.begin() + static_cast<std::ptrdiff_t>(i)) {
      detail::add_repeated(Location(item, "product_id"), errors);
    }
  }
  errors.throw_if_any();
  NewOrder order(draft.customer_id.value_or(context.identity().user_id), draft.items);
  context.require_owner(order.customer_id);
  std::ranges::sort(order.lines, {}, &OrderLine::product_id);
  return order;
}

void require_changeable(const RequestContext& context, std::int64_t customer_id, OrderStatus status) {
  context.require_owner(customer_id);
  if (status != OrderStatus::cancelled && !context.identity().is_admin()) {
    throw Problem(403, "forbidden", "Only administrators ship and deliver orders.");
  }
}

Problem problem_of(const OrderRefused& refusal) {
  switch (refusal.reason()) {
    case OrderRefused::Reason::unknown_product:
      return {409, "missing-reference", refusal.what()};
    case OrderRefused::Reason::out_of_stock:
      return {409, "out-of-stock", refusal.what()};
    case OrderRefused::Reason::wrong_status:
      return {409, "wrong-status", refusal.what()};
  }
  return {409, "conflict", refusal.what()};
}

namespace {

asio::awaitable<OrderPage> list(RequestContext& context, const Input<None, OrderListQuery>& input) {
  const OrderFilter filter = visible_orders(context, input.query);
  auto connection = co_await context.acquire();
  db::Session session(*connection);
  const auto orders = co_await list_orders(session, filter, input.query.limit, input.query.loading);
  co_return represent(orders, input.query);
}

asio::awaitable<OrderView> get(RequestContext& context, const Input<ById, LoadingQuery>& input) {
  auto connection = co_await context.acquire();
  db::Session session(*connection);
  const Order* order = co_await find_order(session, input.path.id, input.query.loading);
  if (order == nullptr) throw not_found("order", input.path.id);
  context.require_owner(order->customer_id);
  co_return represent(*order);
}

asio::awaitable<PlacedOrder> place(RequestContext& context,
                                   const Input<None, None, OrderDraft, IdempotencyHeader>& input) {
  const NewOrder order = new_order(context, input.body);
  const auto key = idempotency_key(context, input.header);
  co_await authorise_payment();  // before a connection is taken or a row locked
  auto connection = co_await context.acquire();
  auto transaction = co_await connection->begin();
  std::optional<std::int64_t> earlier;
  if (key) earlier = co_await key->claim(*connection);
  PlacedOrder placed;
  if (earlier) {
    placed = co_await find_placed(*connection, *earlier);
    context.response().set("Idempotency-Replayed", "true");
  } else {
    placed = co_await place_order(*connection, order);
    if (key) co_await key->keep(*connection, placed.id);
  }
  co_await transaction.commit();
  context.response().set("Location", fmt::format("/orders/{}", placed.id));
  co_return placed;
}

asio::awaitable<OrderView> change(RequestContext& context, const Input<ById, None, OrderChange>& input) {
  auto connection = co_await context.acquire();
  auto transaction = co_await connection->begin();
  const auto locked = co_await lock_order(*connection, input.path.id);
  if (!locked) throw not_found("order", input.path.id);
  require_changeable(context, locked->customer_id, input.body.status);
  co_await change_status(*connection, input.path.id, *locked, input.body.status);
  db::Session session(*connection);
  const Order* order = co_await find_order(session, input.path.id, Loading::joined);
  OrderView view = represent(*order);
  co_await transaction.commit();
  co_return view;
}

asio::awaitable<SalesReport> sales(RequestContext& context, const Input<None, SalesQuery>& input) {
  auto connection = co_await context.acquire();
  co_return co_await report_sales(*connection, input.query.year, input.query.top);
}

}  // namespace

void add_orders(Api& api) {
  api.add({.route = "/orders",
           .id = "list_orders",
           .summary = "One's own orders, newest first, with customer, items and products; all for administrators",
           .tag = "orders",
           .access = Access::user,
           .problems = {403}},
          &list);
  api.add({.route = "/orders/{id}",
           .id = "get_order",
           .summary = "One order of one's own",
           .tag = "orders",
           .access = Access::user,
           .problems = {403, 404}},
          &get);
  api.add({.method = Method::post,
           .route = "/orders",
           .id = "place_order",
           .summary = "Order products that are in stock",
           .tag = "orders",
           .status = 201,
           .access = Access::user,
           .limit = Limit::expensive,
           .problems = {403, 409}},
          &place);
  api.add({.method = Method::patch,
           .route = "/orders/{id}",
           .id = "change_order",
           .summary = "Cancel an order of one's own; administrators ship and deliver",
           .tag = "orders",
           .access = Access::user,
           .problems = {403, 404, 409}},
          &change);
  api.add({.route = "/reports/sales",
           .id = "report_sales",
           .summary = "Orders and revenue of a year by month, and the products sold best",
           .tag = "reports",
           .access = Access::admin,
           .limit = Limit::expensive},
          &sales);
}

}  // namespace quell::reference::http
