#pragma once

#include <cstdint>
#include <vector>

#include "gui/model/session.hpp"
#include "gui/model/view_state.hpp"

namespace quell::gui {

enum class QueryColumn : std::uint8_t { start, scope, duration, rows, kind, statement };
inline constexpr int kQueryColumns = 6;

struct OrderRequest {
  Filter filter;
  QueryColumn column = QueryColumn::start;
  bool descending = false;
};

/// Which statements and scope names a filter lets through; the text is searched once a statement, not once a query.
struct FilterMask {
  std::vector<bool> statements;
  std::vector<bool> scope_names;  ///< one more at the end: outside any scope
  std::vector<bool> text_in_statement;
  std::vector<bool> text_in_scope;
  [[nodiscard]] bool passes(const Session& session, const Filter& filter, std::uint32_t query) const;
};
[[nodiscard]] FilterMask mask_of(const Session& session, const Filter& filter);

/// The queries that pass the filter, sorted; equals keep the order of time. A pure function, for a worker thread.
[[nodiscard]] std::vector<std::uint32_t> order_queries(const Session& session, const OrderRequest& request);

}  // namespace quell::gui
