#pragma once

#include <optional>
#include <string>
#include <vector>

#include <quell/db/session.hpp>

#include "reference_app/http/message.hpp"
#include "reference_app/http/problem.hpp"
#include "reference_app/http/shop_representations.hpp"

/// The parts of the shop's handlers that do not touch the database.
namespace quell::reference::http {

[[nodiscard]] ProductPage represent(std::vector<Product> products, const ProductListQuery& query);
[[nodiscard]] ProductHits represent(std::vector<Product> products, const ProductSearchQuery& query);
/// Throws Problem 422 naming each repetition.
void require_distinct_skus(const std::vector<ProductDraft>& drafts);

[[nodiscard]] OrderView represent(const Order& order);
[[nodiscard]] OrderPage represent(const db::Objects<Order>& orders, const OrderListQuery& query);
/// Throws Problem 422 where a product occurs twice.
[[nodiscard]] NewOrder new_order(const OrderDraft& draft, const Request& request);
[[nodiscard]] Problem problem_of(const OrderRefused& refusal);

}  // namespace quell::reference::http
