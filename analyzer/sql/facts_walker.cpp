#include "analyzer/sql/facts_walker.hpp"

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include <boost/json.hpp>

#include "analyzer/sql/functions.hpp"

namespace quell::sql {
namespace {

namespace json = boost::json;

std::string_view string_at(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains(key);
  return value != nullptr && value->is_string() ? std::string_view(value->get_string()) : std::string_view();
}

const json::object* object_at(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains(key);
  return value != nullptr ? value->if_object() : nullptr;
}

const json::array* array_at(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains(key);
  return value != nullptr ? value->if_array() : nullptr;
}

const json::object* as_node(const json::value* value, std::string_view type) {
  const json::object* object = value != nullptr ? value->if_object() : nullptr;
  if (object == nullptr || object->size() != 1 || object->begin()->key() != type) return nullptr;
  return object->begin()->value().if_object();
}

/// The last name of a list of String nodes: of an operator or a function.
std::string_view last_name(const json::array* names) {
  if (names == nullptr || names->empty()) return {};
  const json::object* text = as_node(&names->back(), "String");
  return text != nullptr ? string_at(*text, "sval") : std::string_view();
}

struct NamedTable {
  std::string_view name;  ///< alias, or the table's own
  std::size_t index = Predicate::kUnresolved;
};

struct Level {
  explicit Level(const Level* outer_level) : outer(outer_level) {}
  const Level* outer;
  std::vector<NamedTable> tables;  ///< subqueries and CTEs too, with index kUnresolved
  std::vector<std::string_view> ctes;
};

struct Column {
  std::size_t table = Predicate::kUnresolved;
  std::string_view name;
};

/// A constant of the statement: a parameter or a literal.
struct Constant {
  int parameter = 0;
  int bind = 0;
  bool literal = false;
  std::string value;
};

class Walker {
 public:
  Walker(std::string_view text, std::span<const LiteralSpan> literals, StatementFacts& facts)
      : text_(text), literals_(literals), facts_(facts) {}

  void run(const json::value& tree) {
    const json::object* root = tree.if_object();
    const json::array* statements = root != nullptr ? array_at(*root, "stmts") : nullptr;
    if (statements == nullptr) return;
    bool first = true;
    for (const json::value& raw : *statements) {
      const json::object* statement = raw.if_object();
      const json::object* wrapper = statement != nullptr ? object_at(*statement, "stmt") : nullptr;
      if (wrapper == nullptr || wrapper->size() != 1) continue;
      const std::size_t tables_before = facts_.tables.size();
      const StatementKind kind = top_statement(wrapper->begin()->key(), wrapper->begin()->value(), tables_before);
      // Of several statements in one text the first that writes, else the first that reads, names the kind.
      if (first || (weight(kind) > weight(facts_.kind))) facts_.kind = kind;
      first = false;
    }
  }

 private:
  static int weight(StatementKind kind) {
    switch (kind) {
      case StatementKind::insert:
      case StatementKind::update:
      case StatementKind::delete_:
      case StatementKind::merge:
        return 4;
      case StatementKind::select:
      case StatementKind::copy:
      case StatementKind::ddl:
        return 3;
      case StatementKind::catalog:
        return 2;
      case StatementKind::other:
        return 1;
      case StatementKind::transaction_control:
      case StatementKind::session:
        return 0;
    }
    return 0;
  }

  StatementKind top_statement(std::string_view type, const json::value& node, std::size_t tables_before) {
    const json::object* object = node.if_object();
    if (object == nullptr) return StatementKind::other;
    Level top(nullptr);
    if (type == "SelectStmt") {
      select(*object, top, true);
      aggregates(*object);
      if (object->contains("intoClause")) return StatementKind::ddl;
      return read_kind(tables_before);
    }
    if (type == "InsertStmt" || type == "UpdateStmt" || type == "DeleteStmt" || type == "MergeStmt") {
      write(type, *object, top);
      if (type == "InsertStmt") return StatementKind::insert;
      if (type == "UpdateStmt") return StatementKind::update;
      return type == "DeleteStmt" ? StatementKind::delete_ : StatementKind::merge;
    }
    if (type == "TransactionStmt") return StatementKind::transaction_control;
    if (type == "CopyStmt") {
      visit(node, top);
      return StatementKind::copy;
    }
    if (type == "VariableSetStmt" || type == "VariableShowStmt" || type == "DiscardStmt" || type == "DeallocateStmt" ||
        type == "ListenStmt" || type == "UnlistenStmt" || type == "ConstraintsSetStmt") {
      return StatementKind::session;
    }
    if (type == "NotifyStmt" || type == "ExplainStmt" || type == "ExecuteStmt" || type == "PrepareStmt" ||
        type == "CallStmt" || type == "DoStmt" || type == "FetchStmt" || type == "ClosePortalStmt" ||
        type == "DeclareCursorStmt" || type == "LockStmt" || type == "VacuumStmt" || type == "CheckPointStmt") {
      visit(node, top);
      facts_.volatile_functions = facts_.volatile_functions || type == "CallStmt" || type == "DoStmt";
      return type == "DeclareCursorStmt" ? StatementKind::select : StatementKind::other;
    }
    temporary_table(type, *object);
    return StatementKind::ddl;
  }

  void temporary_table(std::string_view type, const json::object& node) {
    const json::object* relation = nullptr;
    if (type == "CreateStmt") relation = object_at(node, "relation");
    if (type == "CreateTableAsStmt") {
      const json::object* into = object_at(node, "into");
      relation = into != nullptr ? object_at(*into, "rel") : nullptr;
    }
    if (relation != nullptr && string_at(*relation, "relpersistence") == "t") {
      facts_.created_temporary_table = std::string(string_at(*relation, "relname"));
    }
  }

  /// A SELECT without tables that only asks about the session is plumbing; one of catalogue tables or functions only is
  /// `catalog`.
  StatementKind read_kind(std::size_t tables_before) const {
    const auto begin = facts_.tables.begin() + static_cast<std::ptrdiff_t>(tables_before);
    if (begin == facts_.tables.end()) {
      if (saw_other_function_ || saw_subquery_) return StatementKind::select;
      return saw_catalog_function_ ? StatementKind::catalog : StatementKind::session;
    }
    const bool catalog = std::all_of(begin, facts_.tables.end(), [](const Table& table) {
      return table.schema == "pg_catalog" || table.schema == "information_schema" ||
             (table.schema.empty() && table.name.starts_with("pg_"));
    });
    return catalog ? StatementKind::catalog : StatementKind::select;
  }

  /// One row whatever the data: aggregates without GROUP BY, EXISTS, or a constant probe such as SELECT 1 ... LIMIT 1.
  void aggregates(const json::object& select_node) {
    const json::array* targets = array_at(select_node, "targetList");
    if (targets == nullptr || targets->empty() || select_node.contains("groupClause")) return;
    facts_.aggregates_only = std::all_of(targets->begin(), targets->end(), [&](const json::value& item) {
      const json::object* target = as_node(&item, "ResTarget");
      const json::value* inner = target != nullptr ? target->if_contains("val") : nullptr;
      return is_aggregate_value(inner, select_node.contains("fromClause"));
    });
  }

  static bool is_aggregate_value(const json::value* inner, bool probe) {
    if (const json::object* call = as_node(inner, "FuncCall")) {
      return is_aggregate(last_name(array_at(*call, "funcname"))) && !call->contains("over");
    }
    if (const json::object* cast = as_node(inner, "TypeCast"))
      return is_aggregate_value(cast->if_contains("arg"), probe);
    if (const json::object* coalesce = as_node(inner, "CoalesceExpr")) {
      const json::array* arguments = array_at(*coalesce, "args");
      return arguments != nullptr && !arguments->empty() && is_aggregate_value(&arguments->front(), probe);
    }
    if (const json::object* link = as_node(inner, "SubLink"))
      return string_at(*link, "subLinkType") == "EXISTS_SUBLINK";
    return probe && as_node(inner, "A_Const") != nullptr;
  }

  // --- names ---

  void add_table(const json::object& range, Level& level) {
    const std::string_view name = string_at(range, "relname");
    const std::string_view schema = string_at(range, "schemaname");
    const json::object* alias_node = object_at(range, "alias");
    const std::string_view alias = alias_node != nullptr ? string_at(*alias_node, "aliasname") : std::string_view();
    const std::string_view visible = alias.empty() ? name : alias;
    if (schema.empty() && is_cte(name, level)) {
      level.tables.push_back({visible, Predicate::kUnresolved});
      return;
    }
    level.tables.push_back({visible, facts_.tables.size()});
    facts_.tables.push_back({std::string(schema), std::string(name), std::string(alias)});
  }

  static bool is_cte(std::string_view name, const Level& from) {
    for (const Level* level = &from; level != nullptr; level = level->outer) {
      if (std::find(level->ctes.begin(), level->ctes.end(), name) != level->ctes.end()) return true;
    }
    return false;
  }

  static std::optional<Column> column_of(const json::value* node, const Level& from) {
    const json::object* reference = as_node(node, "ColumnRef");
    const json::array* parts = reference != nullptr ? array_at(*reference, "fields") : nullptr;
    if (parts == nullptr || parts->empty()) return std::nullopt;
    Column column;
    column.name = last_name(parts);
    if (column.name.empty()) return std::nullopt;
    if (parts->size() == 1) {
      if (from.tables.size() == 1) column.table = from.tables.front().index;
      return column;
    }
    const json::object* qualifier = as_node(&(*parts)[parts->size() - 2], "String");
    const std::string_view name = qualifier != nullptr ? string_at(*qualifier, "sval") : std::string_view();
    for (const Level* level = &from; level != nullptr; level = level->outer) {
      for (const NamedTable& table : level->tables) {
        if (table.name == name) {
          column.table = table.index;
          return column;
        }
      }
    }
    return column;
  }

  // --- constants ---

  std::optional<Constant> constant_of(const json::value* node) const {
    while (const json::object* cast = as_node(node, "TypeCast")) node = cast->if_contains("arg");
    if (const json::object* parameter = as_node(node, "ParamRef")) {
      Constant constant;
      const json::value* number = parameter->if_contains("number");
      constant.parameter = number != nullptr && number->is_int64() ? static_cast<int>(number->get_int64()) : 0;
      constant.bind = constant.parameter;
      return constant;
    }
    if (const json::object* literal = as_node(node, "A_Const")) {
      Constant constant;
      constant.literal = true;
      const json::value* location = literal->if_contains("location");
      const std::size_t at =
          location != nullptr && location->is_int64() ? static_cast<std::size_t>(location->get_int64()) : 0;
      const auto found = std::lower_bound(literals_.begin(), literals_.end(), at,
                                          [](const LiteralSpan& l, std::size_t offset) { return l.end <= offset; });
      if (found != literals_.end() && found->begin <= at + 1) {
        std::string buffer;
        constant.value = std::string(literal_value(text_, *found, buffer));
        if (facts_.parameters == 0) constant.bind = static_cast<int>(found - literals_.begin()) + 1;
      }
      return constant;
    }
    return std::nullopt;
  }

  /// Of IN lists and arrays: the first constant stands for all.
  std::optional<Constant> first_constant(const json::value* node) const {
    while (const json::object* cast = as_node(node, "TypeCast")) node = cast->if_contains("arg");
    if (const json::object* array = as_node(node, "A_ArrayExpr")) {
      const json::array* elements = array_at(*array, "elements");
      return elements != nullptr && !elements->empty() ? constant_of(&elements->front()) : std::nullopt;
    }
    return constant_of(node);
  }

  // --- predicates ---

  void add(const Column& column, PredicateOperator op, const std::optional<Constant>& constant, bool conjunctive) {
    Predicate predicate;
    predicate.table = column.table;
    predicate.column = std::string(column.name);
    predicate.op = op;
    predicate.conjunctive = conjunctive;
    if (constant) {
      predicate.parameter = constant->parameter;
      predicate.bind = constant->bind;
      predicate.literal = constant->literal;
      predicate.literal_value = constant->value;
    }
    facts_.predicates.push_back(std::move(predicate));
  }

  static PredicateOperator operator_of(std::string_view name, bool flipped) {
    if (name == "=") return PredicateOperator::equal;
    if (name == "<" || name == "<=") return flipped ? PredicateOperator::greater : PredicateOperator::less;
    if (name == ">" || name == ">=") return flipped ? PredicateOperator::less : PredicateOperator::greater;
    if (name == "~~" || name == "~~*") return PredicateOperator::like;
    return PredicateOperator::other;
  }

  void condition(const json::value* node, Level& level, bool conjunctive) {
    if (node == nullptr) return;
    if (const json::object* boolean = as_node(node, "BoolExpr")) {
      const bool stays = conjunctive && string_at(*boolean, "boolop") == "AND_EXPR";
      if (const json::array* arguments = array_at(*boolean, "args")) {
        for (const json::value& argument : *arguments) condition(&argument, level, stays);
      }
      return;
    }
    if (const json::object* expression = as_node(node, "A_Expr")) {
      comparison(*expression, level, conjunctive);
      return;
    }
    if (const json::object* test = as_node(node, "NullTest")) {
      if (const auto column = column_of(test->if_contains("arg"), level)) {
        const bool is_null = string_at(*test, "nulltesttype") == "IS_NULL";
        add(*column, is_null ? PredicateOperator::is_null : PredicateOperator::other, std::nullopt, conjunctive);
        return;
      }
    }
    if (const auto column = column_of(node, level)) {  // WHERE active
      add(*column, PredicateOperator::other, std::nullopt, conjunctive);
      return;
    }
    visit(*node, level);
  }

  void comparison(const json::object& expression, Level& level, bool conjunctive) {
    const std::string_view kind = string_at(expression, "kind");
    const std::string_view name = last_name(array_at(expression, "name"));
    const json::value* left = expression.if_contains("lexpr");
    const json::value* right = expression.if_contains("rexpr");
    if (kind == "AEXPR_IN" || kind == "AEXPR_OP_ANY") {
      membership(left, right, name, level, conjunctive);
    } else if (kind == "AEXPR_BETWEEN") {
      const json::object* bounds = as_node(right, "List");
      const json::array* items = bounds != nullptr ? array_at(*bounds, "items") : nullptr;
      const auto column = column_of(left, level);
      if (column && items != nullptr && !items->empty()) {
        add(*column, PredicateOperator::between, constant_of(&items->front()), conjunctive);
      }
    } else if (kind == "AEXPR_OP" || kind == "AEXPR_LIKE" || kind == "AEXPR_ILIKE") {
      binary(left, right, name, level, conjunctive);
    } else if (const auto column = column_of(left, level)) {
      add(*column, PredicateOperator::other, right != nullptr ? constant_of(right) : std::nullopt, conjunctive);
    }
    if (left != nullptr) visit(*left, level);
    if (right != nullptr) visit(*right, level);
  }

  void binary(const json::value* left, const json::value* right, std::string_view name, Level& level,
              bool conjunctive) {
    const json::object* left_row = as_node(left, "RowExpr");
    const json::object* right_row = as_node(right, "RowExpr");
    if (left_row != nullptr && right_row != nullptr) {
      const json::array* lefts = array_at(*left_row, "args");
      const json::array* rights = array_at(*right_row, "args");
      for (std::size_t i = 0; lefts != nullptr && rights != nullptr && i < std::min(lefts->size(), rights->size());
           ++i) {
        binary(&(*lefts)[i], &(*rights)[i], name, level, conjunctive);
      }
      return;
    }
    auto column = column_of(left, level);
    auto other = column_of(right, level);
    const bool flipped = !column && other;
    if (flipped) {
      std::swap(column, other);
      std::swap(left, right);
    }
    if (!column) return;
    add(*column, operator_of(name, flipped), constant_of(right), conjunctive);
    if (other) {
      Predicate& predicate = facts_.predicates.back();
      predicate.join = true;
      predicate.join_table = other->table;
      predicate.join_column = std::string(other->name);
    }
  }

  void membership(const json::value* left, const json::value* right, std::string_view name, Level& level,
                  bool conjunctive) {
    const json::object* list = as_node(right, "List");
    const json::array* items = list != nullptr ? array_at(*list, "items") : nullptr;
    const bool one = items != nullptr && items->size() == 1;
    const PredicateOperator op = name != "=" ? PredicateOperator::other
                                 : one       ? PredicateOperator::equal
                                             : PredicateOperator::any_of;
    const json::value* first = items != nullptr && !items->empty() ? &items->front() : right;
    const json::object* row = as_node(left, "RowExpr");
    const json::object* value_row = as_node(first, "RowExpr");
    if (row != nullptr && value_row != nullptr) {
      const json::array* columns = array_at(*row, "args");
      const json::array* values = array_at(*value_row, "args");
      for (std::size_t i = 0; columns != nullptr && values != nullptr && i < std::min(columns->size(), values->size());
           ++i) {
        if (const auto column = column_of(&(*columns)[i], level)) {
          add(*column, op, constant_of(&(*values)[i]), conjunctive);
        }
      }
      return;
    }
    if (const auto column = column_of(left, level)) add(*column, op, first_constant(first), conjunctive);
  }

  // --- everything else ---

  void visit_all(const json::array* items, Level& level) {
    if (items == nullptr) return;
    for (const json::value& item : *items) visit(item, level);
  }

  /// Walks any node for what may stand anywhere: tables, subqueries, function calls.
  void visit(const json::value& value, Level& level) {
    if (const json::array* items = value.if_array()) {
      visit_all(items, level);
      return;
    }
    const json::object* object = value.if_object();
    if (object == nullptr) return;
    if (object->size() == 1 && object->begin()->value().is_object()) {
      const std::string_view type = object->begin()->key();
      const json::object& node = object->begin()->value().get_object();
      if (visit_node(type, node, level)) return;
      for (const auto& member : node) visit(member.value(), level);
      return;
    }
    for (const auto& member : *object) {
      if (member.key() == "relation" && member.value().is_object()) add_table(member.value().get_object(), level);
      visit(member.value(), level);
    }
  }

  /// True: nothing below is left to walk.
  bool visit_node(std::string_view type, const json::object& node, Level& level) {
    if (type == "SelectStmt") {
      saw_subquery_ = true;
      select(node, level, false);
      return true;
    }
    if (type == "RangeVar") {
      add_table(node, level);
      return true;
    }
    if (type == "InsertStmt" || type == "UpdateStmt" || type == "DeleteStmt" || type == "MergeStmt") {
      facts_.writes_in_cte = true;
      write(type, node, level);
      return true;
    }
    if (type == "RangeSubselect" || type == "RangeFunction") {
      for (const auto& member : node) {
        if (member.key() != "alias") visit(member.value(), level);
      }
      const json::object* alias = object_at(node, "alias");
      level.tables.push_back(
          {alias != nullptr ? string_at(*alias, "aliasname") : std::string_view(), Predicate::kUnresolved});
      return true;
    }
    if (type == "JoinExpr") {
      join(node, level);
      return true;
    }
    if (type == "FuncCall") {
      const std::string_view name = last_name(array_at(node, "funcname"));
      const bool session = is_session_function(name);
      if (!session) (is_catalog_function(name) ? saw_catalog_function_ : saw_other_function_) = true;
      if (!is_safe_function(name) && (!session || name == "set_config")) facts_.volatile_functions = true;
    }
    return type == "ColumnRef" || type == "A_Const" || type == "ParamRef" || type == "String";
  }

  void join(const json::object& node, Level& level) {
    const json::value* left = node.if_contains("larg");
    const json::value* right = node.if_contains("rarg");
    const std::size_t before = level.tables.size();
    if (left != nullptr) visit(*left, level);
    const std::size_t middle = level.tables.size();
    if (right != nullptr) visit(*right, level);
    condition(node.if_contains("quals"), level, true);
    const json::array* columns = array_at(node, "usingClause");
    if (columns == nullptr || before >= middle || middle >= level.tables.size()) return;
    for (const json::value& item : *columns) {
      const json::object* text = as_node(&item, "String");
      if (text == nullptr) continue;
      Predicate predicate;
      predicate.table = level.tables[before].index;
      predicate.column = std::string(string_at(*text, "sval"));
      predicate.op = PredicateOperator::equal;
      predicate.join = true;
      predicate.join_table = level.tables[middle].index;
      predicate.join_column = predicate.column;
      facts_.predicates.push_back(std::move(predicate));
    }
  }

  void with_clause(const json::object& node, Level& level) {
    const json::object* with = object_at(node, "withClause");
    const json::array* ctes = with != nullptr ? array_at(*with, "ctes") : nullptr;
    if (ctes == nullptr) return;
    for (const json::value& item : *ctes) {
      const json::object* cte = as_node(&item, "CommonTableExpr");
      if (cte == nullptr) continue;
      const std::string_view name = string_at(*cte, "ctename");
      if (with->contains("recursive")) level.ctes.push_back(name);
      if (const json::value* query = cte->if_contains("ctequery")) visit(*query, level);
      level.ctes.push_back(name);
    }
  }

  void order_columns(const json::object& node, std::string_view key, const Level& level,
                     std::vector<OrderColumn>& out) const {
    const json::array* items = array_at(node, key);
    if (items == nullptr) return;
    for (const json::value& item : *items) {
      const json::object* sort = as_node(&item, "SortBy");
      OrderColumn order;
      if (const auto column = column_of(sort != nullptr ? sort->if_contains("node") : &item, level)) {
        order.table = column->table;
        order.column = std::string(column->name);
      }
      if (sort != nullptr) {
        order.descending = string_at(*sort, "sortby_dir") == "SORTBY_DESC";
        const std::string_view nulls = string_at(*sort, "sortby_nulls");
        order.nulls_first = nulls == "SORTBY_NULLS_FIRST" || (order.descending && nulls != "SORTBY_NULLS_LAST");
      }
      out.push_back(std::move(order));
    }
  }

  void select(const json::object& node, const Level& outer, bool top) {
    Level level(&outer);
    with_clause(node, level);
    for (const std::string_view key : {std::string_view("larg"), std::string_view("rarg")}) {
      if (const json::object* side = object_at(node, key)) select(*side, level, false);
    }
    visit_all(array_at(node, "fromClause"), level);
    condition(node.if_contains("whereClause"), level, true);
    visit_all(array_at(node, "targetList"), level);
    visit_all(array_at(node, "valuesLists"), level);
    for (const std::string_view key : {std::string_view("groupClause"), std::string_view("sortClause"),
                                       std::string_view("havingClause"), std::string_view("windowClause")}) {
      if (const json::value* part = node.if_contains(key)) visit(*part, level);
    }
    if (node.contains("lockingClause")) facts_.locks_rows = true;
    if (!top) return;
    order_columns(node, "sortClause", level, facts_.order_by);
    order_columns(node, "groupClause", level, facts_.group_by);
    limits(node);
    facts_.distinct = node.contains("distinctClause");
  }

  void limits(const json::object& node) {
    if (const json::value* limit = node.if_contains("limitCount")) {
      facts_.has_limit = true;
      if (const auto constant = constant_of(limit)) facts_.limit_bind = constant->bind;
    }
    if (const json::value* offset = node.if_contains("limitOffset")) {
      facts_.has_offset = true;
      if (const auto constant = constant_of(offset)) facts_.offset_bind = constant->bind;
    }
  }

  void write(std::string_view type, const json::object& node, const Level& outer) {
    Level level(&outer);
    with_clause(node, level);
    if (const json::object* relation = object_at(node, "relation")) add_table(*relation, level);
    visit_all(array_at(node, "fromClause"), level);
    visit_all(array_at(node, "usingClause"), level);
    if (const json::value* source = node.if_contains("sourceRelation")) visit(*source, level);
    condition(node.if_contains("whereClause"), level, true);
    condition(node.if_contains("joinCondition"), level, true);
    if (type == "InsertStmt") inserted(node, level);
    if (type == "UpdateStmt") {
      if (const json::array* targets = array_at(node, "targetList")) assigned(*targets);
      visit_all(array_at(node, "targetList"), level);
    }
    if (const json::value* source = node.if_contains("selectStmt")) {
      if (const json::object* query = as_node(source, "SelectStmt")) select(*query, level, false);
    }
    for (const std::string_view key : {std::string_view("onConflictClause"), std::string_view("mergeWhenClauses"),
                                       std::string_view("returningList")}) {
      if (const json::value* part = node.if_contains(key)) visit(*part, level);
    }
  }

  void inserted(const json::object& node, const Level&) {
    const json::array* columns = array_at(node, "cols");
    if (columns == nullptr) return;
    const json::object* query = as_node(node.if_contains("selectStmt"), "SelectStmt");
    const json::array* rows = query != nullptr ? array_at(*query, "valuesLists") : nullptr;
    const json::object* row = rows != nullptr && !rows->empty() ? as_node(&rows->front(), "List") : nullptr;
    const json::array* values = row != nullptr ? array_at(*row, "items") : nullptr;
    for (std::size_t i = 0; i < columns->size(); ++i) {
      const json::object* target = as_node(&(*columns)[i], "ResTarget");
      if (target == nullptr) continue;
      written(string_at(*target, "name"), values != nullptr && i < values->size() ? &(*values)[i] : nullptr);
    }
  }

  void assigned(const json::array& targets) {
    for (const json::value& item : targets) {
      const json::object* target = as_node(&item, "ResTarget");
      if (target != nullptr) written(string_at(*target, "name"), target->if_contains("val"));
    }
  }

  void written(std::string_view column, const json::value* source) {
    facts_.written_columns.emplace_back(column);
    const auto constant = constant_of(source);
    if (constant && constant->bind > 0) facts_.assignments.push_back({std::string(column), constant->bind});
  }

  std::string_view text_;
  std::span<const LiteralSpan> literals_;
  StatementFacts& facts_;
  bool saw_other_function_ = false;
  bool saw_catalog_function_ = false;
  bool saw_subquery_ = false;
};

}  // namespace

void collect_facts(const json::value& tree, std::string_view text, std::span<const LiteralSpan> literals,
                   StatementFacts& facts) {
  Walker(text, literals, facts).run(tree);
}

}  // namespace quell::sql
