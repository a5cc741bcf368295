#include <quell/db/expression.hpp>

#include <cctype>
#include <charconv>

#include <fmt/format.h>

#include <quell/db/detail/relation.hpp>
#include <quell/db/detail/statement_text.hpp>

namespace quell::db::detail {
namespace {

std::string quote_literal(std::string_view text) {
  std::string quoted = "'";
  for (const char c : text) quoted.append(c == '\'' ? 2 : 1, c);
  return quoted + "'";
}

}  // namespace

Fragment aliased_column(std::string_view name) {
  std::string text(1, kAliasMark);
  return Fragment(text.append(".").append(quote_identifier(name)));
}

void append_condition(Fragment& condition, const Fragment& other) {
  if (condition.empty()) {
    condition = other;
    return;
  }
  Fragment both("(");
  both << condition << " and " << other << ")";
  condition = std::move(both);
}

void append_term(Fragment& list, const Fragment& term) {
  if (!list.empty()) list << ", ";
  list << term;
}

Fragment order_term(const Fragment& expression, bool descending, std::string_view nulls, bool backward) {
  Fragment term = expression;
  if (descending != backward) term << " desc";
  if (backward && !nulls.empty()) nulls = nulls == " nulls first" ? " nulls last" : " nulls first";
  term << nulls;
  return term;
}

Fragment keyset_condition(std::span<const KeysetPart> parts) {
  const auto comparison = [](const KeysetPart& part) { return part.ascending() ? " > " : " < "; };
  bool one_way = true;
  for (const KeysetPart& part : parts) one_way = one_way && part.ascending() == parts[0].ascending();
  Fragment text;
  if (parts.size() == 1) {
    text << parts[0].expression() << comparison(parts[0]) << parts[0].value();
    return text;
  }
  if (one_way) {
    Fragment values;
    text << "(";
    for (std::size_t i = 0; i < parts.size(); ++i) {
      text << (i == 0 ? "" : ", ") << parts[i].expression();
      values << (i == 0 ? "" : ", ") << parts[i].value();
    }
    text << ")" << comparison(parts[0]) << "(" << values << ")";
    return text;
  }
  // a >= x and (a > x or (the rest, where a = x)): the first half is what an index can use.
  const KeysetPart& first = parts[0];
  text << "(" << first.expression() << (first.ascending() ? " >= " : " <= ") << first.value() << " and ("
       << first.expression() << comparison(first) << first.value() << " or " << keyset_condition(parts.subspan(1))
       << "))";
  return text;
}

Fragment renumbered(std::string_view text, const std::vector<Parameters>& values) {
  Fragment out("(");
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\'') quoted = !quoted;
    std::size_t number = 0;
    const auto [end, error] = std::from_chars(text.data() + i + 1, text.data() + text.size(), number);
    if (quoted || text[i] != '$' || error != std::errc()) {
      out << text.substr(i, 1);
      continue;
    }
    if (number == 0 || number > values.size())
      throw UsageError(
          fmt::format("the condition \"{}\" uses ${}, but {} values were given", text, number, values.size()));
    out << Fragment(std::string(1, kParameterMark), values[number - 1]);
    i = static_cast<std::size_t>(end - text.data()) - 1;
  }
  out << ")";
  return out;
}

Fragment search_document(std::string_view configuration, const std::vector<std::string_view>& columns) {
  Fragment text;
  text << "to_tsvector(" << quote_literal(configuration) << ", ";
  if (columns.size() == 1) {
    text << aliased_column(columns[0]);
  } else {
    for (std::size_t i = 0; i < columns.size(); ++i)
      text << (i == 0 ? "" : " || ' ' || ") << "coalesce(" << aliased_column(columns[i]) << ", '')";
  }
  text << ")";
  return text;
}

Fragment search_query(std::string_view configuration, std::string_view words) {
  Fragment text;
  text << "websearch_to_tsquery(" << quote_literal(configuration) << ", " << Fragment::bound(words) << ")";
  return text;
}

Fragment exists_text(const RelationShape& relation, const Fragment& condition) {
  const int depth = condition.depth() + 1;
  const std::string child = fmt::format("x{}", depth);
  const std::string link = fmt::format("y{}", depth);
  const std::string parent(1, kAliasMark);
  const auto equal = [](std::string_view a, const auto& a_columns, std::string_view b, const auto& b_columns) {
    std::string text;
    for (std::size_t i = 0; i < a_columns.size(); ++i)
      text += fmt::format("{}{} = {}", i == 0 ? "" : " and ", qualified(a, a_columns[i]), qualified(b, b_columns[i]));
    return text;
  };
  std::string text = "exists (select 1 from ";
  if (relation.link_table.empty()) {
    text += table_as(relation.child_table, child) + " where " +
            equal(child, relation.child_columns, parent, relation.parent_columns);
  } else {
    text += table_as(relation.link_table, link) + " join " + table_as(relation.child_table, child) + " on " +
            equal(child, relation.child_columns, link, relation.link_child_columns) + " where " +
            equal(link, relation.link_parent_columns, parent, relation.parent_columns);
  }
  Fragment exists(std::move(text), {}, depth);
  if (!condition.empty()) exists << " and " << with_alias(condition, child);
  exists << ")";
  return exists;
}

}  // namespace quell::db::detail
