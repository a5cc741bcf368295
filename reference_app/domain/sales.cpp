#include "reference_app/domain/sales.hpp"

#include <chrono>

#include <quell/db/pipeline.hpp>

namespace quell::reference {
namespace {

db::Timestamp start_of(std::int64_t year) {
  return std::chrono::sys_days(std::chrono::year(static_cast<int>(year)) / 1 / 1);
}

}  // namespace

db::Awaitable<SalesReport> report_sales(db::Connection& connection, std::int64_t year, std::int64_t top) {
  db::Pipeline pipeline(connection);
  const auto months = pipeline.add<MonthSales>(
      "select extract(month from placed_at at time zone 'UTC')::bigint as month, count(*) as orders,"
      " sum(total) as revenue from orders"
      " where placed_at >= $1 and placed_at < $2 and status <> 'cancelled' group by 1 order by 1",
      start_of(year), start_of(year + 1));
  const auto products = pipeline.add<ProductSales>(
      "select products.id, name, sum(quantity)::bigint as units, sum(quantity * unit_price) as revenue"
      " from orders join order_items on order_id = orders.id join products on products.id = product_id"
      " where placed_at >= $1 and placed_at < $2 and status <> 'cancelled'"
      " group by products.id order by revenue desc, products.id limit $3",
      start_of(year), start_of(year + 1), top);
  co_await pipeline.run();
  SalesReport report;
  report.year = year;
  report.months = months.get();
  report.products = products.get();
  co_return report;
}

}  // namespace quell::reference
