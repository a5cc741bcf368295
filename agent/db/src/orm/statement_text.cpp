#include <quell/db/detail/statement_text.hpp>

#include <fmt/format.h>

#include "agent/db/src/orm/statement_writer.hpp"

namespace quell::db::detail {
namespace {

std::string comma_separated(std::string_view alias, const std::vector<std::string_view>& columns) {
  std::string text;
  for (const auto column : columns) {
    if (!text.empty()) text += ", ";
    text += qualified(alias, column);
  }
  return text;
}

/// a.x = b.y and …
std::string equal(std::string_view a, const std::vector<std::string_view>& a_columns, std::string_view b,
                  const std::vector<std::string_view>& b_columns) {
  std::string text;
  for (std::size_t i = 0; i < a_columns.size(); ++i) {
    if (i > 0) text += " and ";
    text += qualified(a, a_columns[i]) + " = " + qualified(b, b_columns[i]);
  }
  return text;
}

std::string lock_text(const SelectParts& parts) {
  std::string text;
  switch (parts.lock) {
    case RowLock::none:
      return text;
    case RowLock::for_update:
      text = " for update of t0";
      break;
    case RowLock::for_no_key_update:
      text = " for no key update of t0";
      break;
    case RowLock::for_share:
      text = " for share of t0";
      break;
  }
  switch (parts.lock_wait) {
    case LockWait::wait:
      break;
    case LockWait::skip_locked:
      text += " skip locked";
      break;
    case LockWait::no_wait:
      text += " nowait";
      break;
  }
  if (parts.distinct || !parts.distinct_on.empty())
    throw UsageError(fmt::format(
        "a select of '{}' is distinct and locks rows: PostgreSQL cannot tell which rows to lock", parts.table));
  return text;
}

std::string limit_text(Writer& writer, const SelectParts& parts) {
  std::string text;
  if (parts.limit) text += " limit " + writer.numbered(Fragment::bound(*parts.limit));
  if (parts.offset) text += " offset " + writer.numbered(Fragment::bound(*parts.offset));
  return text;
}

/// As far as the conditions; `joined` may be null.
void write_rows(Writer& writer, const SelectParts& parts, const JoinText* joined = nullptr) {
  writer << "select ";
  if (parts.distinct) writer << "distinct ";
  if (!parts.distinct_on.empty()) writer << "distinct on (" << parts.distinct_on << ") ";
  writer << parts.what;
  if (joined != nullptr && !joined->columns.empty()) writer << ", " << joined->columns;
  writer << " from " << table_as(parts.table, "t0");
  if (joined != nullptr) writer << joined->joins;
  if (!parts.condition.empty()) writer << " where " << parts.condition;
  if (!parts.group.empty()) writer << " group by " << parts.group;
}

/// Rows of a joined collection are children: what counts or compares rows has to see parents, before the join.
bool has_to_come_first(const SelectParts& parts) {
  return parts.joined.has_collection && (parts.limit || parts.offset || parts.distinct || !parts.distinct_on.empty());
}

}  // namespace

std::string qualified(std::string_view alias, std::string_view column) {
  return fmt::format("{}.{}", alias, quote_identifier(column));
}

std::string table_as(std::string_view table, std::string_view alias) {
  std::string quoted;
  while (true) {
    const std::size_t dot = table.find('.');
    quoted += quote_identifier(table.substr(0, dot));
    if (dot == std::string_view::npos) break;
    quoted += '.';
    table.remove_prefix(dot + 1);
  }
  return fmt::format("{} {}", quoted, alias);
}

Fragment with_alias(const Fragment& fragment, std::string_view alias) {
  std::string text;
  for (const char c : fragment.text()) {
    if (c == kAliasMark) {
      text += alias;
    } else {
      text += c;
    }
  }
  return Fragment(std::move(text), fragment.parameters(), fragment.depth());
}

void append_columns(std::string& out, std::string_view alias, const std::string_view* names, std::size_t count,
                    const ColumnSet& set) {
  for (std::size_t i = 0; i < count; ++i) {
    if (!set.empty() && !set[i]) continue;
    if (!out.empty()) out += ", ";
    out += qualified(alias, names[i]);
  }
}

BoundStatement assemble(const SelectParts& parts) {
  Writer writer;
  const std::string lock = lock_text(parts);
  if (has_to_come_first(parts)) {
    writer << "select " << parts.what << ", " << parts.joined.columns << " from (";
    write_rows(writer, parts);
    const std::string order = writer.numbered(parts.order);
    if (!order.empty()) writer << " order by " << order;
    writer << limit_text(writer, parts) << lock << ") t0" << parts.joined.joins << " order by ";
    if (!order.empty()) writer << order << ", ";
    writer << comma_separated("t0", parts.key) << ", " << parts.joined.order;
    return std::move(writer).finish(parts.name);
  }
  write_rows(writer, parts, &parts.joined);
  Fragment order = parts.order;
  if (parts.joined.has_collection) {
    for (const auto column : parts.key) append_term(order, Fragment(qualified("t0", column)));
    append_term(order, parts.joined.order);
  }
  if (!order.empty()) writer << " order by " << order;
  writer << limit_text(writer, parts) << lock;
  return std::move(writer).finish(parts.name);
}

BoundStatement assemble_count(const SelectParts& parts) {
  Writer writer;
  if (parts.distinct_on.empty()) {
    SelectParts counted;
    counted.what = Fragment("count(*)");
    counted.table = parts.table;
    counted.condition = parts.condition;
    write_rows(writer, counted);
  } else {
    SelectParts inner;
    inner.what = parts.distinct_on;
    inner.table = parts.table;
    inner.condition = parts.condition;
    inner.distinct = true;
    writer << "select count(*) from (";
    write_rows(writer, inner);
    writer << ") t0";
  }
  return std::move(writer).finish(parts.name);
}

BoundStatement assemble_exists(const SelectParts& parts) {
  SelectParts inner;
  inner.what = Fragment("1");
  inner.table = parts.table;
  inner.condition = parts.condition;
  Writer writer;
  writer << "select exists (";
  write_rows(writer, inner);
  writer << ")";
  return std::move(writer).finish(parts.name);
}

std::string key_filter(std::string_view alias, const std::vector<std::string_view>& columns, bool single) {
  if (columns.size() == 1) return qualified(alias, columns[0]) + (single ? " = $1" : " = any($1)");
  std::string numbers;
  for (std::size_t i = 1; i <= columns.size(); ++i) numbers += fmt::format("{}${}", i == 1 ? "" : ", ", i);
  const std::string left = "(" + comma_separated(alias, columns) + ")";
  return left + (single ? " = (" + numbers + ")" : " in (select * from unnest(" + numbers + "))");
}

BoundStatement assemble(const KeyedSelect& select, Parameters keys) {
  const RelationShape& relation = select.relation;
  const bool linked = !relation.link_table.empty();
  Writer writer;
  writer.lead(std::move(keys));
  writer << "select ";
  if (linked) writer << comma_separated("j0", relation.link_parent_columns) << ", ";
  writer << select.columns;
  if (!select.joined.columns.empty()) writer << ", " << select.joined.columns;
  writer << " from ";
  if (linked) {
    writer << table_as(relation.link_table, "j0") << " join " << table_as(relation.child_table, "t0") << " on "
           << equal("t0", relation.child_columns, "j0", relation.link_child_columns);
  } else {
    writer << table_as(relation.child_table, "t0");
  }
  writer << select.joined.joins << " where "
         << (linked ? key_filter("j0", relation.link_parent_columns, select.single)
                    : key_filter("t0", relation.child_columns, select.single));
  if (!select.condition.empty()) writer << " and (" << select.condition << ")";

  Fragment order = select.order;
  if (select.collection || select.joined.has_collection)
    for (const auto column : select.child_key) append_term(order, Fragment(qualified("t0", column)));
  if (select.joined.has_collection) append_term(order, select.joined.order);
  if (!order.empty()) writer << " order by " << order;
  return std::move(writer).finish(select.name);
}

std::string join_text(const RelationShape& relation, std::string_view parent, std::string_view child,
                      std::string_view link) {
  if (relation.link_table.empty())
    return fmt::format(" left join {} on {}", table_as(relation.child_table, child),
                       equal(child, relation.child_columns, parent, relation.parent_columns));
  return fmt::format(" left join ({} join {} on {}) on {}", table_as(relation.link_table, link),
                     table_as(relation.child_table, child),
                     equal(child, relation.child_columns, link, relation.link_child_columns),
                     equal(link, relation.link_parent_columns, parent, relation.parent_columns));
}

Fragment exists_text(const RelationShape& relation, const Fragment& condition) {
  const int depth = condition.depth() + 1;
  const std::string child = fmt::format("x{}", depth);
  const std::string link = fmt::format("y{}", depth);
  const std::string parent(1, kAliasMark);
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
