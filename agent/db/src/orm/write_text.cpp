#include <quell/db/detail/write_text.hpp>

#include <fmt/format.h>

#include "agent/db/src/orm/statement_writer.hpp"

namespace quell::db::detail {
namespace {

template <class Items, class Text>
std::string list(const Items& items, Text text) {
  std::string out;
  std::size_t number = 0;
  for (const auto& item : items) {
    if (!out.empty()) out += ", ";
    out += text(item, ++number);
  }
  return out;
}

std::string quoted(const WrittenColumn& column, std::size_t) {
  return quote_identifier(column.name);
}

std::string parameter(const WrittenColumn&, std::size_t number) {
  return fmt::format("${}", number);
}

/// The column of the unnested rows, as the table has it. A type is a name the model declares.
std::string from_rows(const WrittenColumn& column) {
  std::string text = qualified("u", column.name);
  if (!column.type.empty()) text.append("::").append(column.type);
  return text;
}

std::string conflict_text(const WriteParts& parts) {
  if (!parts.has_conflict) return {};
  const auto name = [](std::string_view column, std::size_t) { return quote_identifier(column); };
  std::string text = " on conflict (" + list(parts.conflict, name) + ") do ";
  if (parts.updated.empty()) return text + "nothing";
  return text + "update set " + list(parts.updated, [](std::string_view column, std::size_t) {
           return fmt::format("{0} = excluded.{0}", quote_identifier(column));
         });
}

std::string returning_text(const std::vector<std::string_view>& columns) {
  if (columns.empty()) return {};
  return " returning " + list(columns, [](std::string_view column, std::size_t) { return qualified("t0", column); });
}

std::string insert_head(const WriteParts& parts) {
  std::string text = "insert into " + table_as(parts.table, "as t0");
  if (!parts.columns.empty()) text += " (" + list(parts.columns, quoted) + ")";
  return text;
}

void write_condition(Writer& writer, std::string_view table, const Fragment& condition, bool all_rows) {
  if (condition.empty() && !all_rows)
    throw UsageError(fmt::format("an update or erase of '{}' has no condition: add where(…), or all_rows()", table));
  if (!condition.empty()) writer << " where " << condition;
}

}  // namespace

std::string insert_text(const WriteParts& parts) {
  const std::string values =
      parts.columns.empty() ? " default values" : " values (" + list(parts.columns, parameter) + ")";
  return insert_head(parts) + values + conflict_text(parts) + returning_text(parts.returning);
}

std::string bulk_insert_text(const WriteParts& parts) {
  // The order of the rows is that of the objects, so that what returns can be given back to them.
  return fmt::format("{} select {} from unnest({}) with ordinality as u({}, quell_row) order by u.quell_row{}{}",
                     insert_head(parts),
                     list(parts.columns, [](const WrittenColumn& column, std::size_t) { return from_rows(column); }),
                     list(parts.columns, parameter), list(parts.columns, quoted), conflict_text(parts),
                     returning_text(parts.returning));
}

std::string update_text(const WriteParts& parts) {
  if (parts.columns.empty())
    throw UsageError(fmt::format("an update of '{}' sets nothing: no column but its key is loaded", parts.table));
  std::size_t number = parts.columns.size();
  std::string filter;
  for (const auto key : parts.key)
    filter += fmt::format("{}{} = ${}", filter.empty() ? "" : " and ", qualified("t0", key), ++number);
  return fmt::format("update {} set {} where {}", table_as(parts.table, "t0"),
                     list(parts.columns,
                          [](const WrittenColumn& column, std::size_t place) {
                            return fmt::format("{} = ${}", quote_identifier(column.name), place);
                          }),
                     filter);
}

std::string bulk_update_text(const WriteParts& parts, const std::vector<WrittenColumn>& key) {
  std::vector<WrittenColumn> all = parts.columns;
  all.insert(all.end(), key.begin(), key.end());
  std::string filter;
  for (const WrittenColumn& column : key)
    filter += fmt::format("{}{} = {}", filter.empty() ? "" : " and ", qualified("t0", column.name), from_rows(column));
  return fmt::format("update {} set {} from unnest({}) as u({}) where {}", table_as(parts.table, "t0"),
                     list(parts.columns,
                          [](const WrittenColumn& column, std::size_t) {
                            return fmt::format("{} = {}", quote_identifier(column.name), from_rows(column));
                          }),
                     list(all, parameter), list(all, quoted), filter);
}

std::string erase_text(std::string_view table, const std::vector<std::string_view>& key) {
  return fmt::format("delete from {} where {}", table_as(table, "t0"), key_filter("t0", key, /*single=*/false));
}

BoundStatement assemble_update(std::string_view table, const Fragment& assignments, const Fragment& condition,
                               bool all_rows, std::string_view returning) {
  if (assignments.empty()) throw UsageError(fmt::format("an update of '{}' sets nothing: add set(…)", table));
  Writer writer;
  writer << "update " << table_as(table, "t0") << " set " << assignments;
  write_condition(writer, table, condition, all_rows);
  if (!returning.empty()) writer << " returning " << returning;
  return std::move(writer).finish(fmt::format("{} update", table));
}

BoundStatement assemble_erase(std::string_view table, const Fragment& condition, bool all_rows,
                              std::string_view returning) {
  Writer writer;
  writer << "delete from " << table_as(table, "t0");
  write_condition(writer, table, condition, all_rows);
  if (!returning.empty()) writer << " returning " << returning;
  return std::move(writer).finish(fmt::format("{} erase", table));
}

void throw_row_count(std::string_view table, std::size_t expected, std::uint64_t actual) {
  throw DecodeError(fmt::format("inserting {} rows into '{}' returned {}: a trigger or rule drops or adds some",
                                expected, table, actual),
                    "", fmt::format("{} rows", expected), fmt::format("{} rows", actual), DecodeError::kNoRow);
}

}  // namespace quell::db::detail
