#pragma once

#include <optional>
#include <string>
#include <vector>

#include <quell/db/session.hpp>

#include "reference_app/http/api.hpp"
#include "reference_app/http/problem.hpp"
#include "reference_app/http/shop_representations.hpp"

/// The parts of the shop's handlers that do not touch the database: both versions of an operation share them.
namespace quell::reference::http {

[[nodiscard]] ProductPage represent(std::vector<Product> products, const ProductListQuery& query);
[[nodiscard]] ProductHits represent(std::vector<Product> products, const ProductSearchQuery& query);
/// Throws Problem 422 naming each repetition.
void require_distinct_skus(const std::vector<ProductDraft>& drafts);

[[nodiscard]] OrderView represent(const Order& order);
[[nodiscard]] OrderPage represent(const db::Objects<Order>& orders, const OrderListQuery& query);
/// Which orders the sender may see of those he asks for. Throws Problem 403 where they are somebody else's.
[[nodiscard]] OrderFilter visible_orders(const RequestContext& context, const OrderListQuery& query);
/// Throws Problem 422 where a product occurs twice, 403 where the sender may not order for this customer.
[[nodiscard]] NewOrder new_order(const RequestContext& context, const OrderDraft& draft);
/// Throws Problem 403 unless the sender may change an order of this customer so: he may cancel his own.
void require_changeable(const RequestContext& context, std::int64_t customer_id, OrderStatus status);
[[nodiscard]] Problem problem_of(const OrderRefused& refusal);

}  // namespace quell::reference::http
