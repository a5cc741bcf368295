#include "analyzer/detect/scaling.hpp"

#include <set>
#include <unordered_set>
#include <vector>

namespace quell::detect {
namespace {

struct Point {
  double parents = 0;
  double executions = 0;
};

Scaling fit(const std::vector<Point>& points) {
  Scaling scaling;
  scaling.scopes = points.size();
  std::set<double> sizes;
  double sum_x = 0;
  double sum_y = 0;
  for (const Point& p : points) {
    sizes.insert(p.parents);
    sum_x += p.parents;
    sum_y += p.executions;
  }
  scaling.sizes = sizes.size();
  const double n = static_cast<double>(points.size());
  const double mean_x = sum_x / n;
  const double mean_y = sum_y / n;
  double xx = 0;
  double xy = 0;
  double yy = 0;
  for (const Point& p : points) {
    xx += (p.parents - mean_x) * (p.parents - mean_x);
    xy += (p.parents - mean_x) * (p.executions - mean_y);
    yy += (p.executions - mean_y) * (p.executions - mean_y);
  }
  if (xx > 0) scaling.slope = xy / xx;
  if (xx > 0 && yy > 0) scaling.r_squared = xy * xy / (xx * yy);
  return scaling;
}

/// The values of the parent's column in one unit; nothing where the parent did not run or was not wholly recorded.
std::optional<std::unordered_set<trace::Value>> parent_values(const model::Workload& workload,
                                                              std::span<const model::QueryIndex> queries,
                                                              const Occurrence& example) {
  std::optional<std::unordered_set<trace::Value>> values;
  for (const model::QueryIndex query : queries) {
    if (workload.statement_of(query) != example.parent) continue;
    const auto result = workload.result(query);
    if (!result || result->total_rows > result->rows) return std::nullopt;
    if (!values) values.emplace();
    for (std::uint32_t c = 0; c < result->recorded_columns.size(); ++c) {
      const model::ResultColumn& column = result->columns[result->recorded_columns[c]];
      if (column.table_oid != example.edge_table_oid || column.attribute_number != example.edge_attribute_number ||
          column.name != example.edge->from_column) {
        continue;
      }
      for (std::uint32_t row = 0; row < result->rows; ++row) {
        const trace::Value value = result->value(row, c);
        if (!value.is_null()) values->insert(value);
      }
    }
  }
  return values;
}

}  // namespace

std::optional<Scaling> measure_scaling(const model::Workload& workload,
                                       std::span<const std::vector<model::ScopeIndex>> units,
                                       const Occurrence& example) {
  std::vector<Point> points;
  std::vector<model::QueryIndex> buffer;
  std::vector<trace::Value> binds;
  for (const std::vector<model::ScopeIndex>& scopes : units) {
    const auto queries = unit_queries(workload, scopes, buffer);
    const auto values = parent_values(workload, queries, example);
    if (!values) continue;
    Point point;
    point.parents = static_cast<double>(values->size());
    for (const model::QueryIndex query : queries) {
      if (workload.statement_of(query) != example.child) continue;
      binds.clear();
      workload.bind_values(query, binds);
      if (example.edge_position < binds.size() && values->contains(binds[example.edge_position])) point.executions += 1;
    }
    points.push_back(point);
  }
  if (points.empty()) return std::nullopt;
  return fit(points);
}

}  // namespace quell::detect
