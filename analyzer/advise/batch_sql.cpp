#include "analyzer/advise/batch_sql.hpp"

#include <algorithm>
#include <array>
#include <functional>

#include <fmt/format.h>

namespace quell::advise {

namespace {

bool is_word(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '$' ||
         static_cast<unsigned char>(c) >= 0x80;
}

char to_lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

/// Calls `visit(offset, depth)` for each byte outside quoted identifiers. Normalised text holds no string literals.
void scan(std::string_view text, const std::function<bool(std::size_t, int)>& visit) {
  int depth = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '"') {
      const std::size_t end = text.find('"', i + 1);
      if (end == std::string_view::npos) return;
      i = end;
      continue;
    }
    if (text[i] == ')') --depth;
    if (!visit(i, depth)) return;
    if (text[i] == '(') ++depth;
  }
}

/// Offset of a word at bracket depth 0, in any letter case; npos where there is none.
std::size_t find_word(std::string_view text, std::string_view word) {
  std::size_t found = std::string_view::npos;
  scan(text, [&](std::size_t i, int depth) {
    if (depth != 0 || i + word.size() > text.size() || (i > 0 && is_word(text[i - 1]))) return true;
    const std::size_t end = i + word.size();
    if (end < text.size() && is_word(text[end])) return true;
    if (!std::equal(word.begin(), word.end(), text.begin() + static_cast<std::ptrdiff_t>(i),
                    [](char a, char b) { return a == to_lower(b); }))
      return true;
    found = i;
    return false;
  });
  return found;
}

struct ParameterSpan {
  std::size_t begin = 0;
  std::size_t end = 0;
  int number = 0;
};

std::vector<ParameterSpan> parameters_of(std::string_view text) {
  std::vector<ParameterSpan> found;
  scan(text, [&](std::size_t i, int) {
    if (text[i] != '$' || (i > 0 && is_word(text[i - 1]))) return true;
    std::size_t end = i + 1;
    int number = 0;
    while (end < text.size() && text[end] >= '0' && text[end] <= '9' && number < 100'000) {
      number = number * 10 + (text[end++] - '0');
    }
    if (end > i + 1) found.push_back({i, end, number});
    return true;
  });
  return found;
}

std::string replace_parameters(std::string_view text, const std::function<std::string(int)>& replacement) {
  std::string out;
  std::size_t from = 0;
  for (const ParameterSpan& span : parameters_of(text)) {
    out += text.substr(from, span.begin - from);
    out += replacement(span.number);
    from = span.end;
  }
  return out + std::string(text.substr(from));
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.back() == ' ' || text.back() == ';')) text.remove_suffix(1);
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  return text;
}

/// The (qualified, maybe quoted) column before "= $n"; empty where something else stands there.
std::string_view compared_column(std::string_view text, const ParameterSpan& span) {
  std::string_view before = trimmed(text.substr(0, span.begin));
  if (!before.ends_with('=')) return {};
  before.remove_suffix(1);
  if (!before.empty() && std::string_view("<>!=~").find(before.back()) != std::string_view::npos) return {};
  before = trimmed(before);
  std::size_t begin = before.size();
  while (begin > 0) {
    if (before[begin - 1] == '"') {
      const std::size_t open = begin > 1 ? before.rfind('"', begin - 2) : std::string_view::npos;
      if (open == std::string_view::npos) return {};
      begin = open;
    } else if (is_word(before[begin - 1]) || before[begin - 1] == '.') {
      --begin;
    } else {
      break;
    }
  }
  return before.substr(begin);
}

/// Normalisation writes IN ($1, ...): the rest of the list is gone.
bool has_shortened_list(std::string_view text) {
  return text.find("...") != std::string_view::npos;
}

std::string type_of(const std::vector<std::string>& types, int parameter) {
  const auto index = static_cast<std::size_t>(parameter - 1);
  return parameter >= 1 && index < types.size() && !types[index].empty() ? types[index] : "bigint";
}

std::string lateral(std::string_view text, int parameter, const std::vector<std::string>& types) {
  const std::string inner = replace_parameters(
      text, [&](int number) { return number == parameter ? "batch.key" : fmt::format("${}", number); });
  return fmt::format("SELECT batch.key, found.* FROM unnest(${}::{}[]) AS batch (key) CROSS JOIN LATERAL ({}) AS found",
                     parameter, type_of(types, parameter), inner);
}

/// The key is selected under its own name, or everything is.
/// Whether an item of the select list gives `column` as the statement writes it. An item that only may (another table's
/// column of that name) does not count: selecting the key twice is harmless, leaving it out is not.
bool selects(std::string_view list, std::string_view column) {
  std::vector<std::string_view> items;
  std::size_t begin = 0;
  scan(list, [&](std::size_t i, int depth) {
    if (list[i] == ',' && depth == 0) {
      items.push_back(trimmed(list.substr(begin, i - begin)));
      begin = i + 1;
    }
    return true;
  });
  items.push_back(trimmed(list.substr(begin)));
  const std::size_t dot = column.rfind('.');
  const std::string star = dot == std::string_view::npos ? "*" : std::string(column.substr(0, dot + 1)) + "*";
  return std::any_of(items.begin(), items.end(), [&](std::string_view item) {
    if (item == "*" || item == star) return true;
    return item.substr(0, column.size()) == column && (item.size() == column.size() || item[column.size()] == ' ');
  });
}

bool one_row_set_a_value(const sql::StatementFacts& facts, int parameter) {
  if (facts.has_limit || facts.has_offset || facts.distinct || !facts.group_by.empty() || facts.locks_rows)
    return false;
  return std::count_if(facts.predicates.begin(), facts.predicates.end(), [&](const sql::Predicate& predicate) {
           return predicate.parameter == parameter && predicate.conjunctive && !predicate.join &&
                  predicate.op == sql::PredicateOperator::equal;
         }) == 1;
}

std::string unnest(int parameters, const std::vector<std::string>& types) {
  std::string arrays;
  for (int n = 1; n <= parameters; ++n) arrays += fmt::format("{}${}::{}[]", n > 1 ? ", " : "", n, type_of(types, n));
  return "unnest(" + arrays + ")";
}

int highest_parameter(std::string_view text) {
  int highest = 0;
  for (const ParameterSpan& span : parameters_of(text)) highest = std::max(highest, span.number);
  return highest;
}

std::string batched_insert(std::string_view text, const std::vector<std::string>& types) {
  const std::size_t values = find_word(text, "values");
  const std::size_t open = values == std::string_view::npos ? values : text.find('(', values);
  const std::size_t close = open == std::string_view::npos ? open : text.find(')', open);
  if (close == std::string_view::npos) return {};
  // Only parameters, in order: anything else (DEFAULT, now()) stays a job for the reader.
  std::string expected;
  const int count = highest_parameter(text);
  for (int n = 1; n <= count; ++n) expected += fmt::format("{}${}", n > 1 ? "," : "", n);
  std::string list(text.substr(open + 1, close - open - 1));
  list.erase(std::remove(list.begin(), list.end(), ' '), list.end());
  if (list != expected) return {};
  return fmt::format("{}SELECT * FROM {}{}", text.substr(0, values), unnest(count, types), text.substr(close + 1));
}

}  // namespace

std::string batched_select(const sql::StatementFacts& original, int parameter, const std::vector<std::string>& types) {
  // Of a text with inlined literals, so that they are parameters in the predicates too.
  const sql::StatementFacts facts = original.literals.empty() ? original : sql::analyze_statement(original.normalized);
  const std::string_view text = trimmed(facts.normalized);
  std::vector<ParameterSpan> uses = parameters_of(text);
  std::erase_if(uses, [&](const ParameterSpan& span) { return span.number != parameter; });
  if (uses.empty() || has_shortened_list(text) || facts.kind != sql::StatementKind::select || facts.is_write())
    return {};
  const std::string_view column = compared_column(text, uses.front());
  const std::size_t select = find_word(text, "select");
  const std::size_t from = find_word(text, "from");
  const bool simple = uses.size() == 1 && !column.empty() && select == 0 && from != std::string_view::npos &&
                      find_word(text, "union") == std::string_view::npos && one_row_set_a_value(facts, parameter);
  if (!simple) return lateral(text, parameter, types);
  std::string out = replace_parameters(text, [&](int number) {
    return number == parameter ? fmt::format("ANY(${})", number) : fmt::format("${}", number);
  });
  constexpr std::size_t kSelect = 6;
  const std::string_view list = text.substr(kSelect, from - kSelect);
  if (facts.aggregates_only || !selects(list, column)) out.insert(kSelect, fmt::format(" {},", column));
  if (facts.aggregates_only) out += fmt::format(" GROUP BY {}", column);
  return out;
}

std::string batched_write(const sql::StatementFacts& facts, const std::vector<std::string>& types) {
  const std::string_view text = trimmed(facts.normalized);
  const int count = highest_parameter(text);
  if (count == 0 || facts.writes_in_cte || has_shortened_list(text)) return {};
  if (facts.kind == sql::StatementKind::insert) return batched_insert(text, types);
  const bool update = facts.kind == sql::StatementKind::update;
  if (!update && facts.kind != sql::StatementKind::delete_) return {};
  if (find_word(text, update ? "update" : "delete") != 0) return {};  // WITH ... UPDATE
  const std::size_t where = find_word(text, "where");
  const std::string_view joins = update ? "from" : "using";
  if (where == std::string_view::npos || find_word(text, joins) != std::string_view::npos) return {};
  const std::vector<ParameterSpan> uses = parameters_of(text);
  if (!update && uses.size() == 1 && !compared_column(text, uses.front()).empty()) {
    return replace_parameters(text, [](int number) { return fmt::format("ANY(${})", number); });
  }
  std::string names;
  for (int n = 1; n <= count; ++n) names += fmt::format("{}v{}", n > 1 ? ", " : "", n);
  const auto column = [](int number) { return fmt::format("batch.v{}", number); };
  return fmt::format("{}{} {} AS batch ({}) {}", replace_parameters(text.substr(0, where), column),
                     update ? "FROM" : "USING", unnest(count, types), names,
                     replace_parameters(text.substr(where), column));
}

std::string sql_type(std::uint32_t oid, bool looks_like_integer) {
  switch (oid) {
    case 16:
      return "boolean";
    case 20:
      return "bigint";
    case 21:
      return "smallint";
    case 23:
      return "integer";
    case 25:
    case 1042:
    case 1043:
      return "text";
    case 700:
      return "real";
    case 701:
      return "double precision";
    case 1082:
      return "date";
    case 1114:
      return "timestamp";
    case 1184:
      return "timestamptz";
    case 1700:
      return "numeric";
    case 2950:
      return "uuid";
    case 3802:
      return "jsonb";
    default:
      return looks_like_integer ? "bigint" : "text";
  }
}

}  // namespace quell::advise
