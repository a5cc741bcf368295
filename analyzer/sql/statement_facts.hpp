#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace quell::sql {

/// Statements of one shape have one fingerprint: literals and $n alike, comments gone, lists collapsed.
using Fingerprint = std::uint64_t;

/// 16 lower-case hexadecimal digits, as reports show it.
[[nodiscard]] std::string to_hex(Fingerprint fingerprint);

enum class StatementKind : std::uint8_t {
  select,
  insert,
  update,
  delete_,
  merge,
  copy,
  transaction_control,  ///< BEGIN, COMMIT, SAVEPOINT, ...
  session,              ///< SET, SHOW, DISCARD, DEALLOCATE, LISTEN
  catalog,              ///< reads only pg_catalog or information_schema
  ddl,
  other,
};

[[nodiscard]] std::string_view to_string(StatementKind kind);
[[nodiscard]] constexpr bool writes(StatementKind kind) {
  return kind == StatementKind::insert || kind == StatementKind::update || kind == StatementKind::delete_ ||
         kind == StatementKind::merge;
}

/// A table as the statement names it; `schema` is empty where it was not given.
struct Table {
  std::string schema;
  std::string name;
  std::string alias;  ///< empty: none
};

enum class PredicateOperator : std::uint8_t { equal, any_of, less, greater, between, like, is_null, other };

/// One condition of WHERE or JOIN ... ON that names a column. `table` is an index into StatementFacts::tables, or
/// kUnresolved where the statement alone does not tell (several tables, unqualified column).
struct Predicate {
  static constexpr std::size_t kUnresolved = static_cast<std::size_t>(-1);
  std::size_t table = kUnresolved;
  std::string column;
  PredicateOperator op = PredicateOperator::other;
  int parameter = 0;          ///< n of $n on the other side; 0: none
  int bind = 0;               ///< position (from 1) of the compared value among an execution's binds; 0: none
  bool literal = false;       ///< a constant on the other side
  std::string literal_value;  ///< its text where `literal`
  bool conjunctive = true;    ///< AND-ed at the top level; false under OR or NOT
  bool join = false;          ///< compared with a column of another table
  std::size_t join_table = kUnresolved;
  std::string join_column;
};

struct OrderColumn {
  std::size_t table = Predicate::kUnresolved;
  std::string column;  ///< empty: an expression
  bool descending = false;
  bool nulls_first = false;
};

/// A column that INSERT or UPDATE writes straight from a bind.
struct Assignment {
  std::string column;
  int bind = 0;  ///< position (from 1) among an execution's binds, of the first row where there are several
};

/// A literal of the statement text in the order of the text: what a driver inlined instead of binding.
struct Literal {
  std::string value;  ///< without quotes and escapes; "t" and "f" for booleans; "" for NULL
  bool is_null = false;
  bool is_string = false;
};

/// What the parse tree says about a statement. Computed once a text; immutable.
struct StatementFacts {
  Fingerprint fingerprint = 0;
  std::string normalized;  ///< literals as $n, comments removed, one space between words
  StatementKind kind = StatementKind::other;
  bool writes_in_cte = false;  ///< a data-modifying CTE: counts as a write
  bool parsed = false;         ///< false: the grammar refused it; fingerprint and kind come from the lexer
  std::vector<Table> tables;
  std::vector<Predicate> predicates;
  std::vector<OrderColumn> order_by;
  std::vector<OrderColumn> group_by;
  std::vector<std::string> written_columns;  ///< of INSERT (in order) and UPDATE SET
  std::vector<Assignment> assignments;       ///< those of them that take a bind
  bool has_limit = false;
  bool has_offset = false;
  int limit_bind = 0;            ///< position (from 1) of LIMIT's value among the binds; 0: none
  int offset_bind = 0;           ///< likewise OFFSET's
  bool locks_rows = false;       ///< FOR UPDATE / SHARE
  bool aggregates_only = false;  ///< select list of aggregates and no GROUP BY: count(*), max(x), exists
  bool distinct = false;
  bool volatile_functions = false;  ///< calls nextval, random, clock_timestamp, pg_* with effects, or unknown functions
  std::string created_temporary_table;  ///< of CREATE TEMPORARY TABLE
  /// In text order, without the column ordinals of ORDER BY and GROUP BY; only for the text these facts were made from.
  std::vector<Literal> literals;
  int parameters = 0;  ///< highest n of $n in the original text

  // Binds of an execution are its parameters or, where the text has no $n, its literals in text order.

  [[nodiscard]] bool is_write() const { return writes(kind) || writes_in_cte; }
};

/// Never throws on any bytes but std::bad_alloc. Thread-safe. Costs a parse (tens of microseconds): for many texts,
/// take the facts once for each template (lexer.hpp).
[[nodiscard]] StatementFacts analyze_statement(std::string_view text);

/// `text` begins like this kind of statement: what a lexer can tell. `first_word` in any letter case.
[[nodiscard]] StatementKind kind_of_first_word(std::string_view first_word);

}  // namespace quell::sql
