#include "analyzer/advise/candidate.hpp"

#include <algorithm>
#include <optional>
#include <set>

namespace quell::advise {

namespace {

/// What one statement does with one table.
struct TableUse {
  std::vector<std::string> equalities;
  std::vector<std::string> ranges;
  std::vector<std::string> patterns;  ///< LIKE: a range where the pattern has a prefix
  std::vector<std::string> joins;
  std::vector<std::string> alternatives;  ///< under OR or NOT
  std::vector<KeyColumn> order;
  std::vector<KeyColumn> groups;
};

void add_once(std::vector<std::string>& list, const std::string& column) {
  if (std::find(list.begin(), list.end(), column) == list.end()) list.push_back(column);
}

class Resolver {
 public:
  Resolver(const std::vector<std::size_t>& table_of, const std::vector<CatalogTable>& tables)
      : table_of_(table_of), tables_(tables) {}

  /// The catalogue table a column belongs to. Where the statement does not say, the only one of its tables that has it.
  [[nodiscard]] std::optional<std::size_t> table(std::size_t fact_table, const std::string& column) const {
    if (fact_table < table_of_.size()) return usable(table_of_[fact_table], column);
    std::optional<std::size_t> found;
    for (const std::size_t candidate : std::set<std::size_t>(table_of_.begin(), table_of_.end())) {
      if (!usable(candidate, column)) continue;
      if (found) return std::nullopt;  // ambiguous here, so the server decides by a rule we do not know
      found = candidate;
    }
    return found;
  }

 private:
  [[nodiscard]] std::optional<std::size_t> usable(std::size_t index, const std::string& name) const {
    if (index == kNoTable) return std::nullopt;
    const CatalogColumn* column = tables_[index].column(name);
    return column && column->btree ? std::optional(index) : std::nullopt;
  }

  const std::vector<std::size_t>& table_of_;
  const std::vector<CatalogTable>& tables_;
};

void use_predicate(std::vector<TableUse>& uses, const Resolver& resolver, const sql::Predicate& predicate) {
  const auto table = resolver.table(predicate.table, predicate.column);
  if (predicate.join) {
    const auto other = resolver.table(predicate.join_table, predicate.join_column);
    if (table) add_once(uses[*table].joins, predicate.column);
    if (other) add_once(uses[*other].joins, predicate.join_column);
    return;
  }
  if (!table) return;
  TableUse& use = uses[*table];
  using sql::PredicateOperator;
  if (predicate.op == PredicateOperator::other) return;
  if (!predicate.conjunctive) return add_once(use.alternatives, predicate.column);
  switch (predicate.op) {
    case PredicateOperator::equal:
    case PredicateOperator::any_of:
    case PredicateOperator::is_null:
      return add_once(use.equalities, predicate.column);
    case PredicateOperator::less:
    case PredicateOperator::greater:
    case PredicateOperator::between:
      return add_once(use.ranges, predicate.column);
    case PredicateOperator::like:
      return add_once(use.patterns, predicate.column);
    case PredicateOperator::other:
      return;
  }
}

/// The leading part of an order or grouping that lies in one table; an expression ends it.
void use_order(std::vector<TableUse>& uses, const Resolver& resolver, const std::vector<sql::OrderColumn>& order,
               std::vector<KeyColumn> TableUse::*member) {
  std::optional<std::size_t> first;
  for (const sql::OrderColumn& column : order) {
    const auto table = column.column.empty() ? std::nullopt : resolver.table(column.table, column.column);
    if (!table || (first && *first != *table)) return;
    first = table;
    (uses[*table].*member).push_back({column.column, column.descending, column.nulls_first, false});
  }
}

/// Collects keys: no column twice, no wider than kWidestIndex, nothing for an empty list.
class Collector {
 public:
  Collector(std::size_t table, std::set<Candidate>& out) : table_(table), out_(out) {}

  void add(const std::vector<KeyColumn>& keys) {
    Candidate candidate{table_, {}};
    for (const KeyColumn& key : keys) {
      const bool repeated = std::any_of(candidate.keys.begin(), candidate.keys.end(),
                                        [&](const KeyColumn& other) { return other.column == key.column; });
      if (!repeated && candidate.keys.size() < kWidestIndex) candidate.keys.push_back(key);
    }
    if (!candidate.keys.empty()) out_.insert(std::move(candidate));
  }

  template <typename... Lists>
  void add_all(const Lists&... lists) {
    std::vector<KeyColumn> keys;
    (keys.insert(keys.end(), lists.begin(), lists.end()), ...);
    add(keys);
  }

 private:
  std::size_t table_;
  std::set<Candidate>& out_;
};

std::vector<KeyColumn> ascending(const std::vector<std::string>& columns) {
  std::vector<KeyColumn> keys;
  for (const std::string& column : columns) keys.push_back({column, false, false, false});
  return keys;
}

/// The most selective first: among equalities any order serves this statement, and that one serves the most others.
std::vector<KeyColumn> by_selectivity(const std::vector<std::string>& columns, const CatalogTable& table) {
  std::vector<std::string> sorted = columns;
  const auto distinct = [&](const std::string& name) { return table.column(name)->n_distinct.value_or(0); };
  std::stable_sort(sorted.begin(), sorted.end(), [&](const std::string& a, const std::string& b) {
    return std::pair(-distinct(a), a) < std::pair(-distinct(b), b);
  });
  return ascending(sorted);
}

void collect(const TableUse& use, const CatalogTable& table, std::size_t index, std::set<Candidate>& out) {
  Collector collector(index, out);
  const std::vector<KeyColumn> equal = by_selectivity(use.equalities, table);
  std::vector<KeyColumn> ranges = ascending(use.ranges);
  for (const std::string& column : use.patterns) {
    ranges.push_back({column, false, false, table.column(column)->textual && !table.column(column)->plain_order});
  }
  const std::vector<KeyColumn> joins = ascending(use.joins);
  for (const auto& list : {equal, ranges, joins, ascending(use.alternatives)}) {
    for (const KeyColumn& key : list) collector.add({key});
  }
  collector.add(equal);
  collector.add(use.order);
  collector.add(use.groups);
  collector.add_all(equal, use.order);
  collector.add_all(equal, use.groups);
  for (const KeyColumn& range : ranges) {
    collector.add_all(equal, std::vector{range});
    collector.add_all(use.order, std::vector{range});
  }
  for (const KeyColumn& join : joins) {
    const std::vector<KeyColumn> one{join};
    collector.add_all(equal, one);
    collector.add_all(one, equal);
    collector.add_all(one, use.order);
    for (const KeyColumn& range : ranges) {
      collector.add_all(one, std::vector{range});
      collector.add_all(equal, one, std::vector{range});
    }
  }
  collector.add(joins);
  // Pairs of equalities, both ways round: one of them may share its first column with another statement.
  for (const KeyColumn& a : equal) {
    for (const KeyColumn& b : equal) {
      if (a != b) collector.add({a, b});
    }
  }
  // OR of ANDs: (a AND b) OR c. The facts do not say which belong together.
  const std::vector<KeyColumn> alternatives = ascending(use.alternatives);
  for (const KeyColumn& a : alternatives) {
    for (const KeyColumn& b : alternatives) {
      if (a != b && alternatives.size() <= 4) collector.add({a, b});
    }
    collector.add_all(equal, std::vector{a});
  }
}

}  // namespace

std::vector<Candidate> candidates_for(const sql::StatementFacts& facts, const std::vector<std::size_t>& table_of,
                                      const std::vector<CatalogTable>& tables) {
  const Resolver resolver(table_of, tables);
  std::vector<TableUse> uses(tables.size());
  for (const sql::Predicate& predicate : facts.predicates) use_predicate(uses, resolver, predicate);
  use_order(uses, resolver, facts.order_by, &TableUse::order);
  use_order(uses, resolver, facts.group_by, &TableUse::groups);
  std::set<Candidate> found;
  for (std::size_t i = 0; i < tables.size(); ++i) collect(uses[i], tables[i], i, found);
  return {found.begin(), found.end()};
}

const CatalogIndex* serving_index(const CatalogTable& table, const std::vector<KeyColumn>& keys) {
  const auto serves = [&](const CatalogIndex& index) {
    if (index.method != "btree" || !index.valid || index.partial || index.keys.size() < keys.size()) return false;
    const auto begins = [&](bool reversed) {
      for (std::size_t i = 0; i < keys.size(); ++i) {
        const IndexKey& have = index.keys[i];
        if (have.column != keys[i].column || have.default_operators == keys[i].pattern) return false;
        // A single ascending column serves either direction; several must agree or all be reversed.
        if (have.descending != (keys[i].descending != reversed)) return false;
        if (have.nulls_first != (keys[i].nulls_first != reversed)) return false;
      }
      return true;
    };
    return begins(false) || begins(true);
  };
  const auto found = std::find_if(table.indexes.begin(), table.indexes.end(), serves);
  return found == table.indexes.end() ? nullptr : &*found;
}

}  // namespace quell::advise
