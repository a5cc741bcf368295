#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <quell/db/detail/relation.hpp>
#include <quell/db/expression.hpp>
#include <quell/db/select.hpp>
#include <quell/db/statement.hpp>

/// The statements that the mapping writes, put together from their parts. Only declared names and literals get into the
/// text; values are parameters, so one text serves all values.
namespace quell::db::detail {

class BoundStatement {
 public:
  BoundStatement(std::string text, std::string name, Parameters values)
      : statement(std::move(text), std::move(name)), parameters(std::move(values)) {}
  UnsafeStatement statement;
  Parameters parameters;
};

/// `alias."column"`
[[nodiscard]] std::string qualified(std::string_view alias, std::string_view column);
/// `"table" alias`; "schema.table" names a table of another schema.
[[nodiscard]] std::string table_as(std::string_view table, std::string_view alias);
/// `fragment` about the table that is called `alias`.
[[nodiscard]] Fragment with_alias(const Fragment& fragment, std::string_view alias);
/// `alias."a", alias."b"` appended for the columns of the set.
void append_columns(std::string& out, std::string_view alias, const std::string_view* names, std::size_t count,
                    const ColumnSet& set);

/// What joined relations add to a select.
struct JoinText {
  JoinText() = default;
  std::string columns;
  Fragment joins;
  Fragment order;  ///< of joined collections: children come in the order of their key
  int aliases = 1;
  bool has_collection = false;
  std::string next_alias() { return "t" + std::to_string(aliases++); }
};

/// A select over one table, called t0.
struct SelectParts {
  SelectParts() = default;
  Fragment what;
  std::string_view table;
  std::vector<std::string_view> key;
  Fragment condition;
  Fragment order;
  Fragment group;
  std::optional<std::int64_t> limit;
  std::optional<std::int64_t> offset;
  bool distinct = false;
  Fragment distinct_on;
  RowLock lock = RowLock::none;
  LockWait lock_wait = LockWait::wait;
  JoinText joined;
  std::string name;
};
[[nodiscard]] BoundStatement assemble(const SelectParts& parts);
/// select count(*) of the rows; select exists (the rows).
[[nodiscard]] BoundStatement assemble_count(const SelectParts& parts);
[[nodiscard]] BoundStatement assemble_exists(const SelectParts& parts);

/// The objects at the other end of a relation, of one parent or of many.
struct KeyedSelect {
  KeyedSelect() = default;
  RelationShape relation;
  std::vector<std::string_view> child_key;
  std::string columns;
  JoinText joined;
  Fragment condition;
  Fragment order;  ///< goes before the key
  bool collection = false;
  bool single = false;  ///< $1 instead of an array of keys
  std::string name;
};
/// With a link table its columns for the parent's key come first.
[[nodiscard]] BoundStatement assemble(const KeyedSelect& select, Parameters keys);

/// `a = $1` or `a = any($1)`; (a, b) = ($1, $2) or (a, b) in (select * from unnest($1, $2)).
[[nodiscard]] std::string key_filter(std::string_view alias, const std::vector<std::string_view>& columns, bool single);

}  // namespace quell::db::detail
