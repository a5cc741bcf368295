#include <fmt/format.h>
#include <regex>
#include <string>

#include "analyzer/plan/rules/rule.hpp"

namespace quell::plan {

namespace {
constexpr double kWorthARow = 1000;
constexpr double kDiscarded = 0.9;
constexpr double kShare = 0.1;
constexpr std::size_t kLongestFilter = 500;  // the regular expressions are linear, but machine-written filters are huge
const std::regex kCast(R"re(\([a-z_][a-z_0-9.]{0,100}\)::(numeric|double precision|real) (=|<|>))re");
const std::regex kFunction(
    R"re(\((lower|upper|date|date_trunc|abs|length|substr|left|btrim)\([^()]{0,100}\) (=|<|>))re");
}  // namespace

/// A cast or a function around the column: a plain index on the column cannot serve. PostgreSQL shows varchar as
/// (column)::text, which blocks nothing, so casts to text are not reported.
void rule_blocked_index(const PlacedPlan& plan, std::vector<Insight>& out) {
  for (std::size_t i = 0; i < plan.nodes().size(); ++i) {
    const Node& node = *plan.nodes()[i].node;
    if (node.type != "Seq Scan" || !node.timed) continue;
    const double removed = node.rows_removed_by_filter.value_or(0) * node.loops;
    const double share = plan.share(node.self_ms);
    if (removed < kWorthARow || removed < kDiscarded * (removed + rows_of(node)) || share < kShare) continue;
    std::cmatch match;
    const std::string filter(node.detail("Filter").substr(0, kLongestFilter));
    const bool cast = std::regex_search(filter.c_str(), match, kCast);
    if (!cast && !std::regex_search(filter.c_str(), match, kFunction)) continue;
    out.push_back(
        {"blocked_index", i, share,
         fmt::format("The filter of {} compares an expression, not the column: no index on the column can serve it.",
                     title(node)),
         fmt::format("{:.0f} of {:.0f} rows removed by filter", removed, removed + rows_of(node)),
         cast ? "Send the parameter with the column's own type, so that the cast goes."
              : "Create an index on this expression, or compare the bare column.",
         "", filter});
  }
}

}  // namespace quell::plan
