#include <fmt/format.h>

#include "analyzer/lint/statement.hpp"
#include "analyzer/sql/functions.hpp"

namespace quell::lint {
namespace {

namespace json = boost::json;

/// Calls a function that may answer differently for each row.
bool is_volatile(const json::value& expression) {
  if (const json::array* array = expression.if_array()) {
    for (const json::value& element : *array)
      if (is_volatile(element)) return true;
    return false;
  }
  const json::object* node = expression.if_object();
  if (node == nullptr) return false;
  if (const json::object* call = child(*node, "FuncCall"))
    if (!sql::is_safe_function(last_name(list(*call, "funcname")))) return true;
  for (const auto& member : *node)
    if (is_volatile(member.value())) return true;
  return false;
}

/// "a" of a check `a is not null`; empty for any other.
std::string checked_not_null(const json::object& constraint) {
  const json::object* expression = child(constraint, "raw_expr");
  const json::object* test = expression != nullptr ? child(*expression, "NullTest") : nullptr;
  if (test == nullptr || text(*test, "nulltesttype") != "IS_NOT_NULL") return {};
  const json::object* argument = child(*test, "arg");
  const json::object* column = argument != nullptr ? child(*argument, "ColumnRef") : nullptr;
  return column != nullptr ? last_name(list(*column, "fields")) : std::string();
}

}  // namespace

void StatementReader::alter_table(const Object& statement) {
  const std::string table = name_of(child(statement, "relation"));
  const bool fresh = context_.is_new(table);
  for (const json::value& wrapped : list(statement, "cmds")) {
    const json::object* command = inner(wrapped, "AlterTableCmd");
    if (command == nullptr) continue;
    const std::string_view action = text(*command, "subtype");
    const std::string name(text(*command, "name"));
    const std::string title = table + "." + name;
    const json::object* definition = child(*command, "def");
    if (action == "AT_AddColumn") {
      if (const json::object* column = definition != nullptr ? child(*definition, "ColumnDef") : nullptr)
        add_column(table, *column);
    } else if (action == "AT_AddConstraint") {
      if (const json::object* constraint = definition != nullptr ? child(*definition, "Constraint") : nullptr)
        add_constraint(table, *constraint);
    } else if (action == "AT_ValidateConstraint") {
      if (context_.in_transaction && context_.constraints_of_transaction.contains(title))
        report("validate-in-same-transaction", "validate " + title);
      context_.validated.insert(title);
    } else if (action == "AT_DetachPartition") {
      const json::object* partition = definition != nullptr ? child(*definition, "PartitionCmd") : nullptr;
      const bool concurrently = partition != nullptr && flag(*partition, "concurrent");
      const std::string subject = "detach a partition of " + table;
      if (!concurrently && !fresh) report("detach-without-concurrently", subject);
      require_no_transaction(concurrently, subject);
    }
    if (fresh) continue;
    if (action == "AT_SetNotNull" && !context_.is_known_not_null(table, name))
      report("set-not-null", "set " + title + " not null");
    if (action == "AT_DropNotNull") report("drop-not-null", "let " + title + " be null");
    if (action == "AT_DropColumn") report("drop-column", "drop column " + title);
    if (action == "AT_AlterColumnType") report("change-type", "change the type of " + title);
    if (action == "AT_SetUnLogged" || action == "AT_SetLogged" || action == "AT_SetTableSpace" ||
        action == "AT_SetAccessMethod")
      report("table-rewrite", "rewrite " + table);
  }
}

void StatementReader::add_column(const std::string& table, const Object& column) {
  const std::string subject = fmt::format("add column {}.{}", table, text(column, "colname"));
  check_type(table, column, false);
  if (context_.is_new(table)) return;
  const json::object* type = child(column, "typeName");
  bool has_value = type != nullptr && last_name(list(*type, "names")).find("serial") != std::string::npos;
  if (has_value) report("volatile-default", subject);
  bool required = false;
  for (const json::value& wrapped : list(column, "constraints")) {
    const json::object* constraint = inner(wrapped, "Constraint");
    if (constraint == nullptr) continue;
    const std::string_view kind = text(*constraint, "contype");
    if (kind == "CONSTR_NOTNULL") required = true;
    if (kind == "CONSTR_DEFAULT") {
      has_value = true;
      if (const json::value* expression = constraint->if_contains("raw_expr"); expression && is_volatile(*expression))
        report("volatile-default", subject);
    } else if (kind == "CONSTR_IDENTITY") {
      has_value = true;
      report("volatile-default", subject);
    } else if (kind == "CONSTR_GENERATED") {
      has_value = true;
      report("stored-generated-column", subject);
    } else if (kind == "CONSTR_FOREIGN") {
      report("foreign-key-without-not-valid", subject);
    } else if (kind == "CONSTR_CHECK") {
      report("check-without-not-valid", subject);
    } else if (kind == "CONSTR_UNIQUE" || kind == "CONSTR_PRIMARY") {
      report("unique-constraint-in-place", subject);
    }
  }
  if (required && !has_value) report("adding-required-column", subject);
}

void StatementReader::add_constraint(const std::string& table, const Object& constraint) {
  const std::string_view kind = text(constraint, "contype");
  const std::string title = fmt::format("{}.{}", table, text(constraint, "conname"));
  const std::string subject = "add constraint " + title;
  const bool not_valid = flag(constraint, "skip_validation");
  if (const std::string column = checked_not_null(constraint); kind == "CONSTR_CHECK" && !column.empty()) {
    context_.not_null_checks[title] = table + "." + column;
    if (!not_valid) context_.validated.insert(title);
  }
  if (not_valid) context_.constraints_of_transaction.insert(title);
  if (context_.is_new(table) || not_valid) return;
  if (kind == "CONSTR_FOREIGN") report("foreign-key-without-not-valid", subject);
  if (kind == "CONSTR_CHECK") report("check-without-not-valid", subject);
  const bool builds = kind == "CONSTR_UNIQUE" || kind == "CONSTR_PRIMARY" || kind == "CONSTR_EXCLUSION";
  if (builds && text(constraint, "indexname").empty()) report("unique-constraint-in-place", subject);
}

}  // namespace quell::lint
