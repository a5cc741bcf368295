#include "analyzer/advise/unverified.hpp"

#include <algorithm>
#include <optional>
#include <tuple>

namespace quell::advise {

namespace {

constexpr double kWorthwhilePages = 64;  // half a megabyte: below, a sequential scan takes less than a millisecond
constexpr double kWorthwhileSelectivity = 0.1;

/// Share of the rows with one value in every column; an unknown column or a range is taken as a third.
double selectivity(const CatalogTable& table, const Candidate& candidate, std::string_view filter) {
  double share = 1;
  for (const KeyColumn& key : candidate.keys) {
    const CatalogColumn* column = table.column(key.column);
    if (!column || filter.find(key.column) == std::string_view::npos) break;  // only orders
    const bool compared = filter.find(key.column + " =") != std::string_view::npos;
    share *= compared && column->n_distinct ? 1 / std::max(1.0, *column->n_distinct) : 1.0 / 3;
  }
  return share;
}

}  // namespace

std::vector<Candidate> likely_candidates(const plan::Node& root, const std::vector<CatalogTable>& tables,
                                         const std::vector<Candidate>& candidates) {
  std::vector<Candidate> out;
  plan::walk(root, [&](const plan::Node& node, std::size_t) {
    const std::string_view filter = node.detail("Filter");
    if (node.type != "Seq Scan" || filter.empty()) return;
    std::optional<std::tuple<double, std::size_t, Candidate>> best;
    for (const Candidate& candidate : candidates) {
      const CatalogTable& table = tables[candidate.table];
      if (table.name != node.relation || (!node.schema.empty() && table.schema != node.schema)) continue;
      if (table.pages < kWorthwhilePages) continue;
      const double share = selectivity(table, candidate, filter);
      auto rank = std::tuple(share, candidate.keys.size(), candidate);
      if (share <= kWorthwhileSelectivity && (!best || rank < *best)) best = std::move(rank);
    }
    if (best) out.push_back(std::get<2>(*best));
  });
  std::sort(out.begin(), out.end());
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return out;
}

}  // namespace quell::advise
