#include <quell/db/loading.hpp>

#include <charconv>

#include <fmt/format.h>

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

}  // namespace quell::db::detail
