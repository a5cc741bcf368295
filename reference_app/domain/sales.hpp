#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <boost/describe/class.hpp>

#include <quell/db/connection.hpp>

namespace quell::reference {

struct MonthSales {
  std::int64_t month = 0;  ///< 1 to 12
  std::int64_t orders = 0;
  db::Numeric revenue;
};
BOOST_DESCRIBE_STRUCT(MonthSales, (), (month, orders, revenue))

struct ProductSales {
  std::int64_t id = 0;
  std::string name;
  std::int64_t units = 0;
  db::Numeric revenue;
};
BOOST_DESCRIBE_STRUCT(ProductSales, (), (id, name, units, revenue))

struct SalesReport {
  std::int64_t year = 0;
  std::vector<MonthSales> months;      ///< those with orders
  std::vector<ProductSales> products;  ///< by revenue, largest first
};
BOOST_DESCRIBE_STRUCT(SalesReport, (), (year, months, products))

/// Orders of one year (UTC) that were not cancelled, and their `top` products.
db::Awaitable<SalesReport> report_sales(db::Connection& connection, std::int64_t year, std::int64_t top);

}  // namespace quell::reference
