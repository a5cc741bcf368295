#include <algorithm>

#include <fmt/format.h>

#include "reference_app/domain/orders.hpp"
#include "reference_app/domain/payment.hpp"
#include "reference_app/domain/sales.hpp"
#include "reference_app/http/api.hpp"
#include "reference_app/http/resources.hpp"
#include "reference_app/http/shop_handlers.hpp"
#include "reference_app/http/shop_representations.hpp"

namespace quell::reference::http {
namespace {

constexpr Field kIdempotencyKey{.name = "Idempotency-Key",
                                .description = "The same key again gives the same order again, not another one.",
                                .max_length = 100};

}  // namespace

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

NewOrder new_order(const OrderDraft& draft, const Request& request) {
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
  const std::string key(request.header(kIdempotencyKey.name));
  NewOrder order(draft.customer_id, draft.items, key.empty() ? std::nullopt : std::optional(key));
  std::ranges::sort(order.lines, {}, &OrderLine::product_id);
  return order;
}

Problem problem_of(const OrderRefused& refusal) {
  switch (refusal.reason()) {
    case OrderRefused::Reason::unknown_product:
      return {409, "missing-reference", refusal.what()};
    case OrderRefused::Reason::out_of_stock:
      return {409, "out-of-stock", refusal.what()};
    case OrderRefused::Reason::key_reused:
      return {409, "idempotency-key-reused", refusal.what()};
    case OrderRefused::Reason::wrong_status:
      return {409, "wrong-status", refusal.what()};
  }
  return {409, "conflict", refusal.what()};
}

namespace {

asio::awaitable<OrderPage> list(RequestContext& context, const Input<None, OrderListQuery, None>& input) {
  auto connection = co_await context.acquire();
  db::Session session(*connection);
  const OrderFilter filter{input.query.customer_id, input.query.status, input.query.before};
  const auto orders = co_await list_orders(session, filter, input.query.limit, input.query.loading);
  co_return represent(orders, input.query);
}

asio::awaitable<OrderView> get(RequestContext& context, const Input<ById, LoadingQuery, None>& input) {
  auto connection = co_await context.acquire();
  db::Session session(*connection);
  const Order* order = co_await find_order(session, input.path.id, input.query.loading);
  if (order == nullptr) throw not_found("order", input.path.id);
  co_return represent(*order);
}

asio::awaitable<PlacedOrder> place(RequestContext& context, const Input<None, None, OrderDraft>& input) {
  const NewOrder order = new_order(input.body, context.request());
  co_await authorise_payment();  // before a connection is taken or a row locked
  auto connection = co_await context.acquire();
  try {
    auto placed = co_await place_order(*connection, order);
    context.response().set("Location", fmt::format("/orders/{}", placed.id));
    co_return placed;
  } catch (const OrderRefused& refusal) {
    throw problem_of(refusal);
  }
}

asio::awaitable<OrderView> change(RequestContext& context, const Input<ById, None, OrderChange>& input) {
  auto connection = co_await context.acquire();
  try {
    if (!co_await change_status(*connection, input.path.id, input.body.status)) {
      throw not_found("order", input.path.id);
    }
  } catch (const OrderRefused& refusal) {
    throw problem_of(refusal);
  }
  db::Session session(*connection);
  const Order* order = co_await find_order(session, input.path.id, Loading::joined);
  co_return represent(*order);
}

asio::awaitable<SalesReport> sales(RequestContext& context, const Input<None, SalesQuery, None>& input) {
  auto connection = co_await context.acquire();
  co_return co_await report_sales(*connection, input.query.year, input.query.top);
}

}  // namespace

void add_orders(Api& api) {
  api.add({.route = "/orders",
           .id = "list_orders",
           .summary = "Newest orders first, with customer, items and products",
           .tag = "orders"},
          &list);
  api.add({.route = "/orders/{id}", .id = "get_order", .summary = "One order", .tag = "orders", .problems = {404}},
          &get);
  api.add({.method = Method::post,
           .route = "/orders",
           .id = "place_order",
           .summary = "Order products that are in stock",
           .tag = "orders",
           .status = 201,
           .headers = {kIdempotencyKey},
           .problems = {409}},
          &place);
  api.add({.method = Method::patch,
           .route = "/orders/{id}",
           .id = "change_order",
           .summary = "Ship, deliver or cancel an order",
           .tag = "orders",
           .problems = {404, 409}},
          &change);
  api.add({.route = "/reports/sales",
           .id = "report_sales",
           .summary = "Orders and revenue of a year by month, and the products sold best",
           .tag = "reports"},
          &sales);
}

}  // namespace quell::reference::http
