#pragma once

#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include <boost/describe/class.hpp>
#include <boost/describe/enum.hpp>

#include <quell/db/session.hpp>

#include "reference_app/domain/posts.hpp"
#include "reference_app/domain/shop_models.hpp"

namespace quell::reference {

enum class OrderStatus : std::uint8_t { placed, shipped, delivered, cancelled };
BOOST_DESCRIBE_ENUM(OrderStatus, placed, shipped, delivered, cancelled)

/// Which orders of a list; trivially destructible, so that coroutines may take it by value.
struct OrderFilter {
  std::optional<std::int64_t> customer_id = {};
  std::optional<OrderStatus> status = {};
  std::optional<std::int64_t> before = {};  ///< only ids below
};

/// Newest first, with customer, items and their products loaded. The session must outlive the result.
db::Awaitable<db::Objects<Order>> list_orders(db::Session& session, OrderFilter filter, std::int64_t limit,
                                              Loading loading);

/// As in the list; null where there is none.
db::Awaitable<Order*> find_order(db::Session& session, std::int64_t id, Loading loading);

struct OrderLine {
  std::int64_t product_id = 0;
  std::int64_t quantity = 0;
  friend bool operator==(const OrderLine&, const OrderLine&) = default;
};
BOOST_DESCRIBE_STRUCT(OrderLine, (), (product_id, quantity))

class NewOrder {
 public:
  NewOrder(std::int64_t customer, std::vector<OrderLine> order_lines)
      : customer_id(customer), lines(std::move(order_lines)) {}
  std::int64_t customer_id;
  std::vector<OrderLine> lines;  ///< at least one, ascending by product, each product once
};

struct PlacedOrder {
  std::int64_t id = 0;
  db::Numeric total;
};
BOOST_DESCRIBE_STRUCT(PlacedOrder, (), (id, total))

/// Why an order was not placed or changed; nothing was stored. what() is a sentence for the client.
class OrderRefused : public std::runtime_error {
 public:
  enum class Reason : std::uint8_t { unknown_product, out_of_stock, wrong_status };
  OrderRefused(Reason reason, const std::string& sentence) : std::runtime_error(sentence), reason_(reason) {}
  [[nodiscard]] Reason reason() const { return reason_; }

 private:
  Reason reason_;
};

/// Throws OrderRefused unless every line's product is in `stock` (pairs of id and pieces, ascending by id) often
/// enough.
void require_stock(const std::vector<OrderLine>& lines,
                   const std::vector<std::tuple<std::int64_t, std::int64_t>>& stock);

/// An order that was placed before.
db::Awaitable<PlacedOrder> find_placed(db::Connection& connection, std::int64_t id);

/// Takes the pieces out of stock and stores the order, inside the caller's transaction. Throws OrderRefused, and
/// db::ForeignKeyViolation where there is no such customer.
db::Awaitable<PlacedOrder> place_order(db::Connection& connection, const NewOrder& order);

struct LockedOrder {
  std::int64_t customer_id = 0;
  std::string status;
};
BOOST_DESCRIBE_STRUCT(LockedOrder, (), (customer_id, status))

/// An order that nobody else can change until the transaction ends; nothing where there is none.
db::Awaitable<std::optional<LockedOrder>> lock_order(db::Connection& connection, std::int64_t id);
/// Shipped follows placed, delivered follows shipped, and a placed order may be cancelled: its pieces go back. Throws
/// OrderRefused where the locked order's status does not allow the change.
db::Awaitable<void> change_status(db::Connection& connection, std::int64_t id, const LockedOrder& order,
                                  OrderStatus status);

/// The status an order must have to become `status`; nothing: no order can.
[[nodiscard]] std::optional<OrderStatus> predecessor(OrderStatus status);
/// The refusal of a change the status `found` does not allow.
[[nodiscard]] OrderRefused wrong_status(std::string_view found, OrderStatus wanted);

}  // namespace quell::reference
