#include "gui/model/query_order.hpp"

#include <algorithm>
#include <cctype>
#include <numeric>
#include <string_view>

namespace quell::gui {
namespace {

bool contains_ignoring_case(std::string_view text, std::string_view part) {
  const auto same = [](char a, char b) {
    return std::tolower(static_cast<unsigned char>(a)) == std::tolower(static_cast<unsigned char>(b));
  };
  return std::search(text.begin(), text.end(), part.begin(), part.end(), same) != text.end();
}

/// The place of each text in alphabetical order, so that rows compare as integers.
template <class Texts>
std::vector<std::uint32_t> ranks(std::size_t count, const Texts& text_of) {
  std::vector<std::uint32_t> order(count);
  std::iota(order.begin(), order.end(), 0U);
  std::sort(order.begin(), order.end(), [&](std::uint32_t a, std::uint32_t b) { return text_of(a) < text_of(b); });
  std::vector<std::uint32_t> rank(count);
  for (std::uint32_t i = 0; i < count; ++i) rank[order[i]] = i;
  return rank;
}

template <class Key>
void sort_by(std::vector<std::uint32_t>& order, bool descending, const Key& key) {
  // Keys beside the row: comparing them touches no other memory.
  using Value = decltype(key(0U));
  std::vector<std::pair<Value, std::uint32_t>> keyed(order.size());
  for (std::size_t i = 0; i < order.size(); ++i) keyed[i] = {key(order[i]), order[i]};
  std::sort(keyed.begin(), keyed.end(), [descending](const auto& a, const auto& b) {
    if (a.first != b.first) return descending ? b.first < a.first : a.first < b.first;
    return a.second < b.second;
  });
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = keyed[i].second;
}

}  // namespace

bool FilterMask::passes(const Session& session, const Filter& filter, std::uint32_t query) const {
  const auto& queries = session.queries;
  if (filter.range && (queries.start[query] < filter.range->begin || queries.start[query] >= filter.range->end))
    return false;
  const auto statement = queries.statement[query];
  const auto name = session.scope_name_of(query);
  const std::size_t scope = name == model::kNone ? session.scope_names.size() : name;
  return statements[statement] && scope_names[scope] && (text_in_statement[statement] || text_in_scope[scope]);
}

FilterMask mask_of(const Session& session, const Filter& filter) {
  const auto statements = session.report.statements.size();
  const auto names = session.scope_names.size();
  FilterMask mask;
  mask.statements.assign(statements, !filter.statement);
  if (filter.statement && *filter.statement < statements) mask.statements[*filter.statement] = true;
  mask.scope_names.assign(names + 1, !filter.scope_name);
  if (filter.scope_name) mask.scope_names[std::min<std::size_t>(*filter.scope_name, names)] = true;
  mask.text_in_statement.assign(statements, filter.text.empty());
  mask.text_in_scope.assign(names + 1, filter.text.empty());
  if (!filter.text.empty()) {
    for (std::size_t i = 0; i < statements; ++i)
      mask.text_in_statement[i] = contains_ignoring_case(session.report.statements[i].text, filter.text);
    for (std::size_t i = 0; i < names; ++i)
      mask.text_in_scope[i] = contains_ignoring_case(session.scope_names[i], filter.text);
  }
  return mask;
}

std::vector<std::uint32_t> order_queries(const Session& session, const OrderRequest& request) {
  const auto& queries = session.queries;
  std::vector<std::uint32_t> order;
  if (request.filter.empty()) {
    order.resize(queries.size());
    std::iota(order.begin(), order.end(), 0U);
  } else {
    const auto mask = mask_of(session, request.filter);
    for (std::uint32_t query = 0; query < queries.size(); ++query)
      if (mask.passes(session, request.filter, query)) order.push_back(query);
  }
  const bool down = request.descending;
  switch (request.column) {
    case QueryColumn::start:  // they stand in this order
      if (down) std::reverse(order.begin(), order.end());
      break;
    case QueryColumn::scope: {
      const auto rank = ranks(
          session.scope_names.size(), [&](std::uint32_t i) -> const auto& { return session.scope_names[i]; });
      sort_by(order, down, [&](std::uint32_t query) {
        const auto name = session.scope_name_of(query);
        return name == model::kNone ? model::kNone : rank[name];
      });
      break;
    }
    case QueryColumn::duration:
      sort_by(order, down, [&](std::uint32_t query) { return queries.duration[query]; });
      break;
    case QueryColumn::rows:
      sort_by(order, down, [&](std::uint32_t query) { return queries.rows[query]; });
      break;
    case QueryColumn::kind:
      sort_by(order, down, [&](std::uint32_t query) { return session.class_of(query); });
      break;
    case QueryColumn::statement: {
      const auto& statements = session.report.statements;
      const auto rank = ranks(
          statements.size(), [&](std::uint32_t i) -> const auto& { return statements[i].text; });
      sort_by(order, down, [&](std::uint32_t query) { return rank[queries.statement[query]]; });
      break;
    }
  }
  return order;
}

}  // namespace quell::gui
