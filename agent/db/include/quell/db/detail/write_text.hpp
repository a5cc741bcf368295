#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <quell/db/detail/statement_text.hpp>

/// The texts of inserts, updates and deletes. Many rows are one array for each column, so the text is the same for any
/// number of them and the server's limit of 65,535 parameters is out of reach.
namespace quell::db::detail {

class WrittenColumn {
 public:
  WrittenColumn(std::string_view column, std::string_view server_type) : name(column), type(server_type) {}
  std::string_view name;
  std::string_view type;  ///< empty: as bound
};

struct WriteParts {
  WriteParts() = default;
  std::string_view table;
  std::vector<std::string_view> key;
  std::vector<WrittenColumn> columns;
  std::vector<std::string_view> returning;
  bool has_conflict = false;
  std::vector<std::string_view> conflict;  ///< columns of the index that decides
  std::vector<std::string_view> updated;   ///< on conflict; empty: do nothing
};

/// One value for each column.
[[nodiscard]] std::string insert_text(const WriteParts& parts);
/// One array for each column.
[[nodiscard]] std::string bulk_insert_text(const WriteParts& parts);
/// One value for each column, then the key's. A key column is not among `columns`.
[[nodiscard]] std::string update_text(const WriteParts& parts);
/// One array for each column, then the key's.
[[nodiscard]] std::string bulk_update_text(const WriteParts& parts, const std::vector<WrittenColumn>& key);
/// One array for each column of the key.
[[nodiscard]] std::string erase_text(std::string_view table, const std::vector<std::string_view>& key);

/// Throw UsageError where neither a condition nor all rows were asked for.
[[nodiscard]] BoundStatement assemble_update(std::string_view table, const Fragment& assignments,
                                             const Fragment& condition, bool all_rows, std::string_view returning);
[[nodiscard]] BoundStatement assemble_erase(std::string_view table, const Fragment& condition, bool all_rows,
                                            std::string_view returning);

[[noreturn]] void throw_row_count(std::string_view table, std::size_t expected, std::uint64_t actual);

}  // namespace quell::db::detail
