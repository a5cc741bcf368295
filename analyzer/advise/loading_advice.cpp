#include "analyzer/advise/loading_advice.hpp"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

#include "analyzer/advise/batch_sql.hpp"
#include "analyzer/advise/naming.hpp"

namespace quell::advise {

namespace {

using detect::Advice;

constexpr const char* kOurLayer = "quell::db";
constexpr const char* kSql = "sql";

bool is_count(const sql::StatementFacts& child) {
  return child.aggregates_only;
}

/// n of "$n"; otherwise that of the first equality with a parameter; 0: none.
int varying_parameter(const detect::Finding& finding, const sql::StatementFacts& child) {
  int number = 0;
  if (finding.edge && finding.edge->to_parameter.starts_with('$')) {
    const std::string& text = finding.edge->to_parameter;
    std::from_chars(text.data() + 1, text.data() + text.size(), number);
    return number;
  }
  for (const sql::Predicate& predicate : child.predicates) {
    if (predicate.parameter > 0 && predicate.op == sql::PredicateOperator::equal) return predicate.parameter;
  }
  return child.parameters > 0 || !child.literals.empty() ? 1 : 0;
}

std::string times(std::uint64_t executions) {
  return fmt::format("{} times", executions);
}

/// The table a statement is about: the edge's, or its only one.
std::string child_table(const detect::Finding& finding, const sql::StatementFacts& child) {
  if (finding.edge && !finding.edge->to_table.empty()) return finding.edge->to_table;
  return child.tables.size() == 1 ? child.tables.front().name : std::string();
}

void advise_eager_load(const detect::Finding& finding, const sql::StatementFacts& child, Layer layer,
                       std::vector<Advice>& out) {
  if (!finding.edge || is_count(child)) return;
  const auto relation = relation_of(*finding.edge, child);
  if (!relation) return;
  if (layer == Layer::unknown) {
    out.push_back(
        {Advice::Kind::eager_load,
         fmt::format("Load {} together with {} by your ORM's eager loading of that relation: it asks once for "
                     "all of them instead of {}.",
                     relation->member, finding.edge->from_table, times(finding.executions)),
         "", ""});
    return;
  }
  out.push_back(
      {Advice::Kind::eager_load,
       fmt::format("Load {0} together with {1}: the eager loader asks once for all of them instead of {2}; for "
                   "objects that are loaded already, session.load({1}, &{3}::{0}).",
                   relation->member, finding.edge->from_table, times(finding.executions), relation->parent_class),
       eager_load_call(*relation), kOurLayer});
}

void advise_batch(const detect::Finding& finding, const sql::StatementFacts& child,
                  const std::vector<std::string>& types, std::vector<Advice>& out) {
  const int parameter = varying_parameter(finding, child);
  std::string sql = parameter > 0 ? batched_select(child, parameter, types) : std::string();
  const std::string table = child_table(finding, child);
  const std::string what = table.empty() ? std::string("the statement") : table;
  const std::string source =
      finding.edge && !finding.edge->from_table.empty()
          ? fmt::format("every {}.{} of the parent's rows", finding.edge->from_table, finding.edge->from_column)
          : std::string("all values");
  std::string sentence =
      is_count(child)
          ? fmt::format("Ask for the aggregate of {} once for all rows, grouped, instead of {}.", what,
                        times(finding.executions))
          : fmt::format("Collect {} and ask {} once, instead of {}.", source, what, times(finding.executions));
  out.push_back({Advice::Kind::rewrite, std::move(sentence), std::move(sql), kSql});
}

void advise_write(const detect::Finding& finding, const sql::StatementFacts& child,
                  const std::vector<std::string>& types, std::vector<Advice>& out) {
  const std::string table = child_table(finding, child);
  out.push_back({Advice::Kind::rewrite,
                 fmt::format("Collect the rows and write {} with one statement, instead of {}.",
                             table.empty() ? std::string("them") : table, times(finding.executions)),
                 batched_write(child, types), kSql});
}

void advise_memoize(const detect::Finding& finding, const sql::StatementFacts& child, std::vector<Advice>& out) {
  const std::string table = child_table(finding, child);
  const bool by_key = child.kind == sql::StatementKind::select && !child.aggregates_only && child.tables.size() == 1 &&
                      child.predicates.size() == 1 && child.predicates[0].column == "id" &&
                      child.predicates[0].op == sql::PredicateOperator::equal;
  out.push_back({Advice::Kind::memoize,
                 fmt::format("Keep the first result for the rest of the scope: the same values were asked for {}{}.",
                             times(finding.executions), table.empty() ? "" : " of " + table),
                 "", kSql});
  if (by_key) {
    out.push_back({Advice::Kind::memoize,
                   "Use one Session for the whole scope: its identity map answers the second call without a query.",
                   fmt::format("co_await session.get<{}>(id)", class_name(table)), kOurLayer});
  }
}

}  // namespace

std::optional<Relation> relation_of(const detect::ValueEdge& edge, const sql::StatementFacts& child) {
  if (edge.from_table.empty()) return std::nullopt;
  const std::string parent = class_name(edge.from_table);
  const std::string foreign = relation_of_foreign_key(edge.from_column);
  const std::string back = relation_of_foreign_key(edge.to_column);
  if (!foreign.empty() && back.empty()) return Relation{Relation::Kind::many_to_one, parent, foreign};
  // posts.author_id → profiles.user_id has no single name; posts.id → comments.post_id has.
  if (!foreign.empty() || back.empty() || edge.to_table.empty()) return std::nullopt;
  for (const sql::Predicate& predicate : child.predicates) {
    // tags JOIN post_tags ON tag_id = tags.id: the other table is what is loaded.
    const bool joined = predicate.join && predicate.table < child.tables.size() &&
                        predicate.join_table < child.tables.size() && child.tables.size() == 2;
    if (!joined) continue;
    const std::string& one = child.tables[predicate.table].name;
    const std::string& other = child.tables[predicate.join_table].name;
    if (one == other || (one != edge.to_table && other != edge.to_table)) continue;
    const std::string& link_column = one == edge.to_table ? predicate.column : predicate.join_column;
    if (relation_of_foreign_key(link_column).empty() || link_column == edge.to_column) continue;
    return Relation{Relation::Kind::many_to_many, parent, one == edge.to_table ? other : one};
  }
  if (child.tables.size() > 1) return std::nullopt;
  return Relation{Relation::Kind::one_to_many, parent, edge.to_table};
}

std::string eager_load_call(const Relation& relation) {
  return fmt::format("select<{0}>().with(selectin(&{0}::{1}))", relation.parent_class, relation.member);
}

std::vector<Advice> loading_advice(const detect::Finding& finding, const sql::StatementFacts& child,
                                   const std::vector<std::string>& child_types, Layer layer) {
  std::vector<Advice> out;
  switch (finding.kind) {
    case detect::Kind::n_plus_one:
      advise_eager_load(finding, child, layer, out);
      advise_batch(finding, child, child_types, out);
      break;
    case detect::Kind::n_plus_one_write:
      advise_write(finding, child, child_types, out);
      break;
    case detect::Kind::duplicate_query:
      advise_memoize(finding, child, out);
      break;
    case detect::Kind::batch_plus_one:
      out.push_back({Advice::Kind::rewrite,
                     fmt::format("Load larger chunks: {} executions fetch what one with a longer array would.",
                                 finding.executions),
                     "", kSql});
      break;
    case detect::Kind::slow_query:
      out.push_back({Advice::Kind::investigate,
                     "See where its time goes: run the report with --dsn for its plan and for index advice.", "",
                     kSql});
      break;
  }
  return out;
}

}  // namespace quell::advise
