// The text of statements that the mapping writes. Only declared names get into it; values are parameters.

#include <fmt/format.h>

#include <quell/db/session.hpp>

namespace quell::db::detail {
namespace {

/// Replaces the marks of conditions and orders; `next` is the number of the next parameter.
std::string resolve(const std::string& text, std::string_view alias, int& next) {
  std::string out;
  for (const char c : text) {
    if (c == kParameterMark) {
      out += fmt::format("${}", next++);
    } else if (c == kAliasMark) {
      out += alias;
    } else {
      out += c;
    }
  }
  return out;
}

std::string resolve(const std::string& text, std::string_view alias) {
  int none = 1;
  return resolve(text, alias, none);
}

}  // namespace

std::string aliased_column(std::string_view name) {
  std::string text(1, kAliasMark);
  return text.append(".").append(quote_identifier(name));
}

std::string qualified(std::string_view alias, std::string_view column) {
  return fmt::format("{}.{}", alias, quote_identifier(column));
}

std::string table_as(std::string_view table, std::string_view alias) {
  std::string quoted;
  while (true) {  // "schema.table" names a table of another schema
    const std::size_t dot = table.find('.');
    quoted += quote_identifier(table.substr(0, dot));
    if (dot == std::string_view::npos) break;
    quoted += '.';
    table.remove_prefix(dot + 1);
  }
  return fmt::format("{} {}", quoted, alias);
}

std::string assemble(const SelectParts& parts) {
  int next = 1;
  std::string filter;
  if (!parts.condition.empty()) filter = " where " + resolve(parts.condition, "t0", next);
  std::string order = resolve(parts.order, "t0");
  std::string page;
  if (parts.limit) page += fmt::format(" limit ${}", next++);
  if (parts.offset) page += fmt::format(" offset ${}", next++);

  std::string from = table_as(parts.table, "t0");
  const std::string inner_order = order.empty() ? "" : " order by " + order;
  // Rows of a joined collection are children: the limit has to count parents, before the join.
  const bool wrap = !parts.join_order.empty() && (parts.limit || parts.offset);
  if (wrap) {
    from = fmt::format("(select {} from {}{}{}{}) t0", parts.inner_columns, from, filter, inner_order, page);
    filter.clear();
    page.clear();
  }
  if (!parts.join_order.empty())
    order += fmt::format("{}{}{}", order.empty() ? "" : ", ", qualified("t0", parts.key), parts.join_order);
  return fmt::format("select {} from {}{}{}{}{}", parts.columns, from, parts.joins, filter,
                     order.empty() ? "" : " order by " + order, page);
}

UnsafeStatement keyed_statement(const KeyedSelect& select, bool single) {
  return UnsafeStatement(
      fmt::format("select {} from {} where {} = {}{}", select.columns, select.from, select.key_column,
                  single ? "$1" : "any($1)", select.order.empty() ? "" : " order by " + select.order),
      select.name);
}

void RelationHolder::throw_unloaded() const {
  const std::string_view table = table_ != nullptr ? *table_ : "an object that was not loaded by a session";
  const std::string_view name = name_ != nullptr ? *name_ : "?";
  if (state_ == State::forbidden)
    throw UsageError(fmt::format("relation '{}' of '{}' was read, but its loading strategy is raise", name, table));
  throw UsageError(
      fmt::format("relation '{0}' of '{1}' was read before it was loaded: add .with(selectin(…)) to the select, "
                  "or co_await session.load(object, …)",
                  name, table));
}

void throw_raise(std::string_view table, std::string_view relation, const CallSite& site) {
  throw UsageError(fmt::format("relation '{}' of '{}' must not be loaded here (strategy raise), but {}:{} ({}) does",
                               relation, table, site.file_name(), site.line(), site.function_name()));
}

void throw_no_key(std::string_view table) {
  throw DecodeError(fmt::format("a row of '{}' has no key: its key column is NULL", table), "", "a key", "NULL",
                    DecodeError::kNoRow);
}

}  // namespace quell::db::detail
