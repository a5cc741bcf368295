#include "analyzer/lint/statement.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace quell::lint {

namespace json = boost::json;

const json::object* child(const json::object& node, std::string_view name) {
  const json::value* found = node.if_contains(name);
  return found != nullptr ? found->if_object() : nullptr;
}
const json::array& list(const json::object& node, std::string_view name) {
  static const json::array kNone;
  const json::value* found = node.if_contains(name);
  return found != nullptr && found->is_array() ? found->get_array() : kNone;
}
std::string_view text(const json::object& node, std::string_view name) {
  const json::value* found = node.if_contains(name);
  return found != nullptr && found->is_string() ? std::string_view(found->get_string()) : std::string_view();
}
bool flag(const json::object& node, std::string_view name) {
  const json::value* found = node.if_contains(name);
  return found != nullptr && found->is_bool() && found->get_bool();
}
const json::object* inner(const json::value& wrapped, std::string_view type) {
  const json::object* outer = wrapped.if_object();
  return outer != nullptr ? child(*outer, type) : nullptr;
}

std::string name_of(const json::object* range) {
  if (range == nullptr) return {};
  const std::string_view schema = text(*range, "schemaname");
  const std::string name(text(*range, "relname"));
  return schema.empty() || schema == "public" ? name : std::string(schema) + "." + name;
}
std::string dotted_name(const json::array& names) {
  std::string dotted;
  for (const json::value& name : names)
    if (const json::object* string = inner(name, "String")) {
      const std::string_view part = text(*string, "sval");
      if (dotted.empty() && part == "public" && names.size() > 1) continue;
      dotted += (dotted.empty() ? "" : ".") + std::string(part);
    }
  return dotted;
}
std::string last_name(const json::array& names) {
  const json::object* string = names.empty() ? nullptr : inner(names.back(), "String");
  return string != nullptr ? std::string(text(*string, "sval")) : std::string();
}

bool Context::is_known_not_null(const std::string& table, const std::string& column) const {
  return std::any_of(not_null_checks.begin(), not_null_checks.end(), [&](const auto& check) {
    return check.second == table + "." + column && validated.contains(check.first);
  });
}

namespace {

/// Of the options of VACUUM and REINDEX.
bool has_option(const json::array& options, std::string_view name) {
  return std::any_of(options.begin(), options.end(), [&](const json::value& option) {
    const json::object* element = inner(option, "DefElem");
    return element != nullptr && text(*element, "defname") == name;
  });
}

/// A timeout set to nothing: 0 or '0'.
bool is_zero(const json::array& arguments) {
  const json::object* constant = arguments.empty() ? nullptr : inner(arguments.front(), "A_Const");
  if (constant == nullptr) return false;
  if (const json::object* number = child(*constant, "ival")) return number->if_contains("ival") == nullptr;
  const json::object* string = child(*constant, "sval");
  return string != nullptr && text(*string, "sval") == "0";
}

}  // namespace

void StatementReader::report(std::string_view rule, std::string subject) {
  faults_.push_back({std::string(rule), std::move(subject)});
}

void StatementReader::read(const Object& node) {
  if (node.empty()) return;
  const std::string_view type = node.begin()->key();
  const json::object* statement = node.begin()->value().if_object();
  if (statement == nullptr) return;
  if (type == "CreateStmt") return create_table(*statement);
  if (type == "AlterTableStmt") return alter_table(*statement);
  if (type == "IndexStmt") return index(*statement);
  if (type == "DropStmt") return drop(*statement);
  if (type == "RenameStmt") return rename(*statement);
  if (type == "TruncateStmt") return truncate(*statement);
  if (type == "UpdateStmt") return write_rows(*statement, "update");
  if (type == "DeleteStmt") return write_rows(*statement, "delete from");
  if (type == "VariableSetStmt") return set_variable(*statement);
  other(type, *statement);
}

void StatementReader::create_table(const Object& statement) {
  const std::string table = name_of(child(statement, "relation"));
  context_.made_here.insert(table);
  const json::array& elements = list(statement, "tableElts");
  std::set<std::string> keys;
  for (const json::value& element : elements)
    if (const json::object* constraint = inner(element, "Constraint");
        constraint != nullptr && text(*constraint, "contype") == "CONSTR_PRIMARY")
      if (const json::array& columns = list(*constraint, "keys"); columns.size() == 1) keys.insert(last_name(columns));
  for (const json::value& element : elements)
    if (const json::object* column = inner(element, "ColumnDef"))
      check_type(table, *column, keys.contains(std::string(text(*column, "colname"))));
}

void StatementReader::check_type(const std::string& table, const Object& column, bool key) {
  const json::object* type = child(column, "typeName");
  if (type == nullptr) return;
  const std::string name = last_name(list(*type, "names"));
  const std::string subject = fmt::format("{}.{}", table, text(column, "colname"));
  const bool small_serial = name == "serial" || name == "serial4" || name == "smallserial" || name == "serial2";
  if (small_serial || name == "bigserial" || name == "serial8") report("serial-column", subject);
  for (const json::value& constraint : list(column, "constraints"))
    if (const json::object* inside = inner(constraint, "Constraint"))
      key = key || text(*inside, "contype") == "CONSTR_PRIMARY" || text(*inside, "contype") == "CONSTR_IDENTITY";
  if (small_serial || (key && (name == "int4" || name == "int2"))) report("narrow-key", subject);
  if (name == "bpchar") report("char-column", subject);
  if (name == "varchar" && !list(*type, "typmods").empty()) report("varchar-limit", subject);
  if (name == "timestamp") report("timestamp-without-zone", subject);
}

void StatementReader::require_no_transaction(bool concurrently, const std::string& subject) {
  if (concurrently && context_.in_transaction) report("concurrently-in-transaction", subject);
}

void StatementReader::require_repeatable(bool concurrently, bool guarded, const std::string& subject) {
  if (concurrently && !context_.in_transaction && !guarded) report("not-repeatable", subject);
}

void StatementReader::index(const Object& statement) {
  const std::string table = name_of(child(statement, "relation"));
  const std::string subject = fmt::format("create index {} on {}", text(statement, "idxname"), table);
  const bool concurrently = flag(statement, "concurrent");
  if (!concurrently && !context_.is_new(table)) report("index-without-concurrently", subject);
  require_no_transaction(concurrently, subject);
  require_repeatable(concurrently, flag(statement, "if_not_exists"), subject);
}

void StatementReader::drop(const Object& statement) {
  const std::string_view type = text(statement, "removeType");
  const bool concurrently = flag(statement, "concurrent");
  for (const json::value& object : list(statement, "objects")) {
    const json::object* names = inner(object, "List");
    const std::string name = names != nullptr ? dotted_name(list(*names, "items")) : std::string();
    if (type == "OBJECT_TABLE" && !context_.is_new(name)) report("drop-table", "drop table " + name);
    if (type != "OBJECT_INDEX") continue;
    if (!concurrently) report("drop-index-without-concurrently", "drop index " + name);
    require_no_transaction(concurrently, "drop index " + name);
    require_repeatable(concurrently, flag(statement, "missing_ok"), "drop index " + name);
  }
  if (text(statement, "behavior") == "DROP_CASCADE") report("drop-cascade", "drop ... cascade");
}

void StatementReader::rename(const Object& statement) {
  const std::string_view type = text(statement, "renameType");
  const std::string table = name_of(child(statement, "relation"));
  const std::string_view to = text(statement, "newname");
  if (type == "OBJECT_TABLE") {
    if (context_.made_here.erase(table) > 0) {
      context_.made_here.insert(std::string(to));
    } else {
      report("rename-table", fmt::format("rename {} to {}", table, to));
    }
  }
  if (type == "OBJECT_COLUMN" && !context_.is_new(table))
    report("rename-column", fmt::format("rename {}.{} to {}", table, text(statement, "subname"), to));
}

void StatementReader::truncate(const Object& statement) {
  if (text(statement, "behavior") == "DROP_CASCADE") report("truncate-cascade", "truncate ... cascade");
}

void StatementReader::write_rows(const Object& statement, std::string_view verb) {
  const std::string table = name_of(child(statement, "relation"));
  if (context_.in_transaction && !context_.is_new(table) && !statement.contains("whereClause"))
    report("whole-table-write", fmt::format("{} {}", verb, table));
}

void StatementReader::set_variable(const Object& statement) {
  const std::string_view kind = text(statement, "kind");
  if (text(statement, "name") == "lock_timeout" &&
      (kind == "VAR_SET_DEFAULT" || kind == "VAR_RESET" || is_zero(list(statement, "args"))))
    report("no-lock-timeout", "set lock_timeout to none");
}

void StatementReader::other(std::string_view type, const Object& statement) {
  if (type == "CreateTableAsStmt") {
    if (const json::object* into = child(statement, "into")) context_.made_here.insert(name_of(child(*into, "rel")));
  } else if (type == "TransactionStmt") {
    report("transaction-control", "begin, commit, rollback or savepoint");
  } else if (type == "ReindexStmt") {
    const bool concurrently = has_option(list(statement, "params"), "concurrently");
    const std::string subject = "reindex " + name_of(child(statement, "relation"));
    if (!concurrently) report("reindex-without-concurrently", subject);
    require_no_transaction(concurrently, subject);
  } else if (type == "RefreshMatViewStmt") {
    const std::string view = name_of(child(statement, "relation"));
    if (!flag(statement, "concurrent") && !context_.is_new(view))
      report("refresh-without-concurrently", "refresh " + view);
  } else if (type == "VacuumStmt") {
    const std::string subject = has_option(list(statement, "options"), "full") ? "vacuum full" : "vacuum";
    if (subject == "vacuum full") report("table-rewrite", subject);
    require_no_transaction(flag(statement, "is_vacuumcmd"), subject);
  } else if (type == "ClusterStmt") {
    report("table-rewrite", "cluster " + name_of(child(statement, "relation")));
  } else if (type == "AlterEnumStmt") {
    if (statement.contains("newVal") && !statement.contains("newValNeighbor"))
      report("enum-value-without-position",
             fmt::format("add value '{}' to {}", text(statement, "newVal"), dotted_name(list(statement, "typeName"))));
  }
}

}  // namespace quell::lint
