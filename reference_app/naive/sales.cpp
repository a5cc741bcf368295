#include <algorithm>

#include "reference_app/http/api.hpp"
#include "reference_app/http/shop_representations.hpp"
#include "reference_app/naive/naive.hpp"

namespace quell::reference::naive {

struct ProductTotal {
  std::optional<std::int64_t> units;
  std::optional<db::Numeric> revenue;
  double revenue_number = 0;
};
BOOST_DESCRIBE_STRUCT(ProductTotal, (), (units, revenue, revenue_number))

namespace {

using http::asio::awaitable;

db::Timestamp start_of(std::int64_t year, std::int64_t month) {
  const std::chrono::year_month first(std::chrono::year(static_cast<int>(year)), std::chrono::month(1));
  return std::chrono::sys_days((first + std::chrono::months(month - 1)) / 1);
}

awaitable<std::vector<MonthSales>> sales_by_month(db::Connection& connection, std::int64_t year) {
  std::vector<MonthSales> months;
  for (std::int64_t month = 1; month <= 12; ++month) {
    const auto orders = co_await connection.fetch_one<std::int64_t>(
        "select count(*) from orders where placed_at >= $1 and placed_at < $2 and status <> 'cancelled'",
        start_of(year, month), start_of(year, month + 1));
    auto revenue = co_await connection.fetch_one<std::optional<db::Numeric>>(
        "select sum(total) from orders where placed_at >= $1 and placed_at < $2 and status <> 'cancelled'",
        start_of(year, month), start_of(year, month + 1));
    if (orders > 0) months.push_back({month, orders, std::move(*revenue)});
  }
  co_return months;
}

awaitable<ProductTotal> total_of(db::Connection& connection, std::int64_t product_id, std::int64_t year) {
  return connection.fetch_one<ProductTotal>(
      "select sum(quantity)::bigint as units, sum(quantity * unit_price) as revenue,"
      " coalesce(sum(quantity * unit_price), 0)::float8 as revenue_number"
      " from order_items join orders on orders.id = order_id"
      " where order_items.product_id = $1 and placed_at >= $2 and placed_at < $3 and status <> 'cancelled'",
      product_id, start_of(year, 1), start_of(year + 1, 1));
}

/// Adds up each product there is, sorts all of them and throws most away.
awaitable<std::vector<ProductSales>> sales_by_product(db::Connection& connection, std::int64_t year, std::int64_t top) {
  using Row = std::tuple<std::int64_t, std::string>;
  const auto products = co_await connection.fetch<Row>("select id, name from products order by id");
  std::vector<std::pair<double, ProductSales>> totals;
  for (const auto& [id, name] : products) {
    auto total = co_await total_of(connection, id, year);
    if (!total.units) continue;
    ProductSales sales{id, name, *total.units, std::move(*total.revenue)};
    totals.emplace_back(total.revenue_number, std::move(sales));
  }
  std::ranges::stable_sort(totals, std::ranges::greater(), [](const auto& each) { return each.first; });
  std::vector<ProductSales> best;
  for (auto& [revenue, sales] : totals) {
    if (std::ssize(best) < top) best.push_back(std::move(sales));
  }
  co_return best;
}

awaitable<SalesReport> report(http::RequestContext& context, const http::Input<http::None, http::SalesQuery>& input) {
  auto connection = co_await context.acquire();
  SalesReport sales;
  sales.year = input.query.year;
  sales.months = co_await sales_by_month(*connection, input.query.year);
  sales.products = co_await sales_by_product(*connection, input.query.year, input.query.top);
  co_return sales;
}

}  // namespace

void add_sales(http::Api& api) {
  api.add_naive("report_sales", &report);
}

}  // namespace quell::reference::naive
