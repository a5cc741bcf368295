#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <boost/json.hpp>

namespace quell::lint {

/// What is known when a statement is reached. Tables and constraints are named without `public.`.
struct Context {
  // Of the revision.
  std::set<std::string> made_here;  ///< tables and materialised views
  bool in_transaction = true;
  // Of the transaction.
  std::set<std::string> constraints_of_transaction;  ///< "table.constraint", added NOT VALID
  // Of all revisions so far.
  std::map<std::string, std::string> not_null_checks;  ///< "table.constraint" to "table.column"
  std::set<std::string> validated;                     ///< "table.constraint"

  [[nodiscard]] bool is_new(const std::string& table) const { return made_here.contains(table); }
  /// A validated check says it already.
  [[nodiscard]] bool is_known_not_null(const std::string& table, const std::string& column) const;
};

/// A broken rule, without its place.
struct Fault {
  std::string rule;
  std::string subject;
};

/// Reads the parse tree of one statement: {"AlterTableStmt": {...}}.
class StatementReader {
 public:
  StatementReader(Context& context, std::vector<Fault>& faults) : context_(context), faults_(faults) {}
  void read(const boost::json::object& node);

 private:
  using Object = boost::json::object;
  void report(std::string_view rule, std::string subject);
  /// A column of CREATE TABLE or ADD COLUMN. `key`: it alone is the primary key.
  void check_type(const std::string& table, const Object& column, bool key);

  void create_table(const Object& statement);
  void alter_table(const Object& statement);
  void add_column(const std::string& table, const Object& column);
  void add_constraint(const std::string& table, const Object& constraint);
  void index(const Object& statement);
  void drop(const Object& statement);
  void rename(const Object& statement);
  void truncate(const Object& statement);
  void write_rows(const Object& statement, std::string_view verb);
  void set_variable(const Object& statement);
  void other(std::string_view type, const Object& statement);
  void require_no_transaction(bool concurrently, const std::string& subject);
  void require_repeatable(bool concurrently, bool guarded, const std::string& subject);

  Context& context_;
  std::vector<Fault>& faults_;
};

// Reading trees.

/// The member that is an object; null where there is none.
[[nodiscard]] const boost::json::object* child(const boost::json::object& node, std::string_view name);
[[nodiscard]] const boost::json::array& list(const boost::json::object& node, std::string_view name);
[[nodiscard]] std::string_view text(const boost::json::object& node, std::string_view name);
[[nodiscard]] bool flag(const boost::json::object& node, std::string_view name);
/// The inner object of {"Type": {...}}.
[[nodiscard]] const boost::json::object* inner(const boost::json::value& wrapped, std::string_view type);
/// A RangeVar as "table" or "schema.table".
[[nodiscard]] std::string name_of(const boost::json::object* range);
/// The last of a list of {"String": {"sval": ...}}.
[[nodiscard]] std::string last_name(const boost::json::array& names);
/// All of them, with dots between.
[[nodiscard]] std::string dotted_name(const boost::json::array& names);

}  // namespace quell::lint
