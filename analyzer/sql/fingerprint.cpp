#include "analyzer/sql/fingerprint.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <vector>

#include <boost/json.hpp>

#include "analyzer/sql/hash.hpp"

namespace quell::sql {
namespace {

namespace json = boost::json;
using Hash = std::uint64_t;

constexpr Hash kConstant = 0xC0;
constexpr Hash kStar = 0x2A;

/// Marks positions and names that only point inside the statement: they carry no identity.
bool is_position(std::string_view key) {
  return key == "location" || key == "stmt_location" || key == "stmt_len";
}

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

/// A wrapped node is an object with one member: its type.
const json::object* as_node(const json::value& value, std::string_view type) {
  const json::object* object = value.if_object();
  if (object == nullptr || object->size() != 1 || object->begin()->key() != type) return nullptr;
  return object->begin()->value().if_object();
}

struct OutputColumn {
  std::string_view name;  ///< as a reference from outside would write it; empty: none
  Hash hash = 0;
};

/// Something FROM names.
struct Relation {
  std::string_view name;  ///< alias, or the table's own name where there is none
  Hash identity = 0;
  bool derived = false;  ///< a subquery or CTE: `columns` are what it returns
  std::vector<OutputColumn> columns;
};

struct Cte {
  std::string_view name;
  Hash identity = 0;
  std::vector<OutputColumn> columns;
};

/// One query level: what its names mean.
struct Level {
  explicit Level(const Level* outer_level) : outer(outer_level) {}
  const Level* outer;
  std::vector<Relation> relations;
  std::vector<Cte> ctes;
  std::vector<OutputColumn> outputs;  ///< explicit aliases of the select list, for ORDER BY and GROUP BY
};

class Walker {
 public:
  Hash run(const json::value& tree) {
    Level top(nullptr);
    const json::object* root = tree.if_object();
    const json::array* statements = root != nullptr ? array_at(*root, "stmts") : nullptr;
    if (statements == nullptr) return 0;
    Hash h = 0;
    for (const json::value& raw : *statements) {
      const json::object* statement = raw.if_object();
      const json::value* node = statement != nullptr ? statement->if_contains("stmt") : nullptr;
      if (node != nullptr) h = mix(h, value(*node, top));
    }
    return h;
  }

 private:
  Hash value(const json::value& v, Level& level) {
    switch (v.kind()) {
      case json::kind::object: {
        const json::object& object = v.get_object();
        if (object.size() == 1 && object.begin()->value().is_object()) {
          return node(object.begin()->key(), object.begin()->value().get_object(), level);
        }
        return fields(object, level);
      }
      case json::kind::array:
        return array(v.get_array(), level);
      case json::kind::string:
        return hash_bytes(v.get_string(), 11);
      case json::kind::int64:
        return mix(static_cast<Hash>(v.get_int64()), 12);
      case json::kind::uint64:
        return mix(v.get_uint64(), 12);
      case json::kind::double_:
        return hash_bytes(std::to_string(v.get_double()), 13);
      case json::kind::bool_:
        return v.get_bool() ? 15 : 14;
      case json::kind::null:
        return 16;
    }
    return 0;
  }

  Hash array(const json::array& items, Level& level) {
    Hash h = mix(items.size(), 17);
    for (const json::value& item : items) h = mix(h, value(item, level));
    return h;
  }

  /// Equal items that hold constants count once.
  Hash list(const json::array& items, Level& level, bool* only_constant = nullptr) {
    Hash h = 18;
    Hash last = 0;
    std::size_t kept = 0;
    for (const json::value& item : items) {
      const std::uint64_t constants_before = constants_;
      const Hash item_hash = value(item, level);
      if (kept > 0 && item_hash == last && constants_ != constants_before) continue;
      h = mix(h, item_hash);
      last = item_hash;
      ++kept;
    }
    if (only_constant != nullptr) *only_constant = kept == 1 && last == kConstant;
    return h;
  }

  /// All fields but positions, aliases and those in `skip`.
  Hash fields(const json::object& object, Level& level, std::initializer_list<std::string_view> skip = {}) {
    Hash h = 19;
    for (const auto& member : object) {
      const std::string_view key = member.key();
      if (is_position(key) || key == "alias") continue;
      if (std::find(skip.begin(), skip.end(), key) != skip.end()) continue;
      h = mix(mix(h, hash_bytes(key, 20)), value(member.value(), level));
    }
    return h;
  }

  Hash constant() {
    ++constants_;
    return kConstant;
  }

  Hash node(std::string_view type, const json::object& object, Level& level) {
    if (type == "A_Const" || type == "ParamRef") return constant();
    if (type == "ColumnRef") return column_ref(object, level);
    if (type == "SelectStmt") {
      std::vector<OutputColumn> ignored;
      return select(object, level, ignored);
    }
    if (type == "A_Expr") return expression(object, level);
    if (type == "TypeCast") return type_cast(object, level);
    if (type == "RangeVar") return range_var(object, level);
    if (type == "RangeSubselect") return range_subselect(object, level);
    if (type == "RangeFunction") return range_function(object, level);
    if (type == "SubLink") return sub_link(object, level);
    if (type == "SortBy") return sort_by(object, level);
    if (type == "A_ArrayExpr") return array_expression(object, level);
    if (type == "InsertStmt" || type == "UpdateStmt" || type == "DeleteStmt" || type == "MergeStmt") {
      std::vector<OutputColumn> ignored;
      return write(type, object, level, ignored);
    }
    if (type == "TransactionStmt") return named(type, fields(object, level, {"savepoint_name", "gid"}));
    if (type == "PrepareStmt" || type == "DeallocateStmt") return named(type, fields(object, level, {"name"}));
    if (type == "DeclareCursorStmt" || type == "ClosePortalStmt")
      return named(type, fields(object, level, {"portalname"}));
    if (type == "FetchStmt") return named(type, fields(object, level, {"portalname", "howMany"}));
    if (type == "ResTarget") return named(type, fields(object, level, {"name"}));
    return named(type, fields(object, level));
  }

  static Hash named(std::string_view type, Hash h) { return mix(hash_bytes(type, 21), h); }

  // --- expressions ---

  Hash expression(const json::object& object, Level& level) {
    const std::string_view kind = string_at(object, "kind");
    const json::value* left = object.if_contains("lexpr");
    const json::value* right = object.if_contains("rexpr");
    if (kind == "AEXPR_IN" && left != nullptr && right != nullptr) return in_list(object, *left, *right, level);
    if ((kind == "AEXPR_OP_ANY" || kind == "AEXPR_OP_ALL") && left != nullptr && right != nullptr) {
      return any_of(kind, operator_hash(object, level), value(*left, level), array_operand(*right, level));
    }
    Hash h = mix(hash_bytes(kind, 22), operator_hash(object, level));
    h = mix(h, left != nullptr ? value(*left, level) : 0);
    return mix(h, right != nullptr ? value(*right, level) : 0);
  }

  Hash operator_hash(const json::object& object, Level& level) {
    const json::array* name = array_at(object, "name");
    return name != nullptr ? array(*name, level) : 0;
  }

  static Hash any_of(std::string_view kind, Hash op, Hash left, Hash right) {
    return mix(mix(mix(hash_bytes(kind, 22), op), left), right);
  }

  /// x IN (a) is x = a; x IN (a, b) is x = ANY (array); NOT IN likewise with <> and ALL.
  Hash in_list(const json::object& object, const json::value& left, const json::value& right, Level& level) {
    const json::object* list_node = as_node(right, "List");
    const json::array* items = list_node != nullptr ? array_at(*list_node, "items") : nullptr;
    const Hash op = operator_hash(object, level);
    const Hash left_hash = value(left, level);
    if (items == nullptr) return any_of("AEXPR_IN", op, left_hash, value(right, level));
    if (items->size() == 1) {
      return mix(mix(mix(hash_bytes("AEXPR_OP", 22), op), left_hash), value(items->front(), level));
    }
    bool only_constant = false;
    const Hash list_hash = list(*items, level, &only_constant);
    const json::array* name = array_at(object, "name");
    const json::object* text = name != nullptr && !name->empty() ? as_node(name->back(), "String") : nullptr;
    const bool negated = text != nullptr && string_at(*text, "sval") == "<>";
    return any_of(negated ? "AEXPR_OP_ALL" : "AEXPR_OP_ANY", op, left_hash, only_constant ? kConstant : list_hash);
  }

  /// The array of ANY and ALL: one bind, or constants one by one.
  Hash array_operand(const json::value& operand, Level& level) {
    const json::value* inner = &operand;
    while (const json::object* cast = as_node(*inner, "TypeCast")) {
      const json::value* argument = cast->if_contains("arg");
      if (argument == nullptr) break;
      inner = argument;
    }
    if (const json::object* literal = as_node(*inner, "A_ArrayExpr")) {
      if (const json::array* elements = array_at(*literal, "elements")) {
        bool only_constant = false;
        const Hash h = list(*elements, level, &only_constant);
        return only_constant ? kConstant : h;
      }
    }
    return value(operand, level);
  }

  Hash array_expression(const json::object& object, Level& level) {
    const json::array* elements = array_at(object, "elements");
    return named("A_ArrayExpr", elements != nullptr ? list(*elements, level) : 0);
  }

  /// A cast constant is a constant: drivers spell the type of a bind or leave it out.
  Hash type_cast(const json::object& object, Level& level) {
    const json::value* argument = object.if_contains("arg");
    const Hash h = argument != nullptr ? value(*argument, level) : 0;
    if (h == kConstant) return kConstant;
    return named("TypeCast", mix(h, fields(object, level, {"arg"})));
  }

  Hash sub_link(const json::object& object, Level& level) {
    const json::value* query = object.if_contains("subselect");
    const json::value* test = object.if_contains("testexpr");
    const json::object* select_node = query != nullptr ? as_node(*query, "SelectStmt") : nullptr;
    const json::array* rows = select_node != nullptr ? array_at(*select_node, "valuesLists") : nullptr;
    if (string_at(object, "subLinkType") == "ANY_SUBLINK" && rows != nullptr && test != nullptr &&
        !object.contains("operName")) {
      // x IN (VALUES (a), (b)) is x IN (a, b).
      bool only_constant = false;
      Level inner(&level);
      json::array unwrapped;
      for (const json::value& row : *rows) {
        const json::object* columns = as_node(row, "List");
        const json::array* items = columns != nullptr ? array_at(*columns, "items") : nullptr;
        if (items != nullptr && items->size() == 1) unwrapped.push_back(items->front());
      }
      if (unwrapped.size() == rows->size()) {
        const Hash list_hash = list(unwrapped, inner, &only_constant);
        const Hash equals = mix(mix(1, 17), named("String", mix(mix(19, hash_bytes("sval", 20)), hash_bytes("=", 11))));
        return any_of("AEXPR_OP_ANY", equals, value(*test, level), only_constant ? kConstant : list_hash);
      }
    }
    return named("SubLink", fields(object, level));
  }

  // --- names ---

  static std::string_view field_name(const json::value& field) {
    const json::object* text = as_node(field, "String");
    return text != nullptr ? string_at(*text, "sval") : std::string_view();
  }

  static const Relation* find_relation(std::string_view name, const Level& from) {
    for (const Level* level = &from; level != nullptr; level = level->outer) {
      for (const Relation& relation : level->relations) {
        if (relation.name == name) return &relation;
      }
    }
    return nullptr;
  }

  static const Cte* find_cte(std::string_view name, const Level& from) {
    for (const Level* level = &from; level != nullptr; level = level->outer) {
      for (auto cte = level->ctes.rbegin(); cte != level->ctes.rend(); ++cte) {
        if (cte->name == name) return &*cte;
      }
    }
    return nullptr;
  }

  static Hash column_of(const Relation& relation, std::string_view column) {
    for (std::size_t i = 0; i < relation.columns.size(); ++i) {
      if (relation.columns[i].name == column) return mix(mix(relation.identity, 23), relation.columns[i].hash);
    }
    return mix(mix(relation.identity, 24), hash_bytes(column, 11));
  }

  Hash column_ref(const json::object& object, Level& level) {
    const json::array* parts = array_at(object, "fields");
    if (parts == nullptr || parts->empty()) return 0;
    const bool star = as_node(parts->back(), "A_Star") != nullptr;
    const std::string_view column = star ? std::string_view() : field_name(parts->back());
    if (parts->size() == 1) return unqualified(column, star, level);
    const std::string_view qualifier = field_name((*parts)[parts->size() - 2]);
    if (const Relation* relation = find_relation(qualifier, level)) {
      return star ? mix(relation->identity, kStar) : column_of(*relation, column);
    }
    return named("ColumnRef", array(*parts, level));
  }

  Hash unqualified(std::string_view column, bool star, const Level& level) {
    // The only relation of its level is what an unqualified column belongs to. (Of a correlated subquery with one
    // relation this may be wrong; it is the same for every text of the statement.)
    if (level.relations.size() == 1) {
      const Relation& only = level.relations.front();
      if (star) return mix(only.identity, kStar);
      if (only.name == column) return mix(only.identity, 25);
      return column_of(only, column);
    }
    if (star) return kStar;
    for (const Relation& relation : level.relations) {
      if (relation.name == column) return mix(relation.identity, 25);  // the whole row
      for (const OutputColumn& output : relation.columns) {
        if (output.name == column) return column_of(relation, column);
      }
    }
    return named("ColumnRef", hash_bytes(column, 11));
  }

  /// A relation of the same identity seen again in one level (a self-join) is another relation.
  static Hash distinct_identity(Hash identity, const Level& level) {
    const auto same = std::count_if(level.relations.begin(), level.relations.end(), [&](const Relation& relation) {
      return relation.identity == identity || relation.identity == mix(identity, 26);
    });
    return same == 0 ? identity : mix(identity, 26 + static_cast<Hash>(same) - 1);
  }

  static std::string_view alias_name(const json::object& object) {
    const json::object* alias = object_at(object, "alias");
    return alias != nullptr ? string_at(*alias, "aliasname") : std::string_view();
  }

  /// AS t (x, y): the names from outside.
  static void apply_column_aliases(const json::object& object, std::vector<OutputColumn>& columns) {
    const json::object* alias = object_at(object, "alias");
    const json::array* names = alias != nullptr ? array_at(*alias, "colnames") : nullptr;
    if (names == nullptr) return;
    for (std::size_t i = 0; i < names->size(); ++i) {
      if (i >= columns.size()) columns.push_back({{}, mix(27, i)});
      columns[i].name = field_name((*names)[i]);
    }
  }

  Hash range_var(const json::object& object, Level& level) {
    const std::string_view name = string_at(object, "relname");
    const std::string_view schema = string_at(object, "schemaname");
    const std::string_view alias = alias_name(object);
    Relation relation;
    relation.name = alias.empty() ? name : alias;
    const Cte* cte = schema.empty() ? find_cte(name, level) : nullptr;
    if (cte != nullptr) {
      relation.identity = cte->identity;
      relation.derived = true;
      relation.columns = cte->columns;
    } else {
      relation.identity = mix(hash_bytes(schema, 28), hash_bytes(name, 29));
      relation.identity = mix(relation.identity, hash_bytes(string_at(object, "catalogname"), 28));
    }
    apply_column_aliases(object, relation.columns);
    relation.identity = distinct_identity(relation.identity, level);
    const bool inherit = object.contains("inh");
    const Hash h = mix(relation.identity, inherit ? 30 : 31);
    level.relations.push_back(std::move(relation));
    return named("RangeVar", h);
  }

  Hash range_subselect(const json::object& object, Level& level) {
    const json::value* query = object.if_contains("subquery");
    const json::object* select_node = query != nullptr ? as_node(*query, "SelectStmt") : nullptr;
    Relation relation;
    relation.name = alias_name(object);
    relation.derived = true;
    Hash h = object.contains("lateral") ? 32 : 33;
    if (select_node != nullptr) h = mix(h, select(*select_node, level, relation.columns));
    relation.identity = distinct_identity(h, level);
    apply_column_aliases(object, relation.columns);
    level.relations.push_back(std::move(relation));
    return named("RangeSubselect", h);
  }

  Hash range_function(const json::object& object, Level& level) {
    const Hash h = fields(object, level);
    Relation relation;
    relation.name = alias_name(object);
    relation.derived = true;
    relation.identity = distinct_identity(h, level);
    apply_column_aliases(object, relation.columns);
    level.relations.push_back(std::move(relation));
    return named("RangeFunction", h);
  }

  // --- statements ---

  void with_clause(const json::object& object, Level& level, Hash& h) {
    const json::object* with = object_at(object, "withClause");
    const json::array* ctes = with != nullptr ? array_at(*with, "ctes") : nullptr;
    if (ctes == nullptr) return;
    const bool recursive = with->contains("recursive");
    for (const json::value& item : *ctes) {
      const json::object* node_object = as_node(item, "CommonTableExpr");
      if (node_object == nullptr) continue;
      const Hash identity = mix(34, level.ctes.size());
      const std::string_view name = string_at(*node_object, "ctename");
      std::vector<OutputColumn> columns;
      if (recursive) level.ctes.push_back({name, identity, {}});
      const json::value* query = node_object->if_contains("ctequery");
      Hash query_hash = 0;
      if (query != nullptr) {
        if (const json::object* select_node = as_node(*query, "SelectStmt")) {
          query_hash = select(*select_node, level, columns);
        } else if (query->is_object() && query->get_object().size() == 1) {
          const auto& member = *query->get_object().begin();
          if (member.value().is_object()) query_hash = write(member.key(), member.value().get_object(), level, columns);
        }
      }
      if (const json::array* names = array_at(*node_object, "aliascolnames")) {
        for (std::size_t i = 0; i < names->size(); ++i) {
          if (i >= columns.size()) columns.push_back({{}, mix(27, i)});
          columns[i].name = field_name((*names)[i]);
        }
      }
      if (recursive) level.ctes.pop_back();
      level.ctes.push_back({name, identity, std::move(columns)});
      h = mix(mix(h, query_hash), hash_bytes(string_at(*node_object, "ctematerialized"), 35));
      h = mix(h, recursive ? 36 : 37);
    }
  }

  /// A select list, or RETURNING. `outputs` are the columns as the outside names them.
  Hash targets(const json::array& items, Level& level, std::vector<OutputColumn>& outputs) {
    Hash h = mix(items.size(), 38);
    for (const json::value& item : items) {
      const json::object* target = as_node(item, "ResTarget");
      const json::value* expression_value = target != nullptr ? target->if_contains("val") : nullptr;
      if (expression_value == nullptr) {
        h = mix(h, value(item, level));
        continue;
      }
      const Hash expression_hash = value(*expression_value, level);
      h = mix(h, expression_hash);
      std::string_view name = string_at(*target, "name");
      if (!name.empty()) {
        level.outputs.push_back({name, expression_hash});
      } else if (const json::object* reference = as_node(*expression_value, "ColumnRef")) {
        const json::array* parts = array_at(*reference, "fields");
        if (parts != nullptr && !parts->empty()) name = field_name(parts->back());
      }
      outputs.push_back({name, expression_hash});
    }
    return h;
  }

  Hash select(const json::object& object, const Level& outer, std::vector<OutputColumn>& outputs) {
    Level level(&outer);
    Hash h = hash_bytes(string_at(object, "op"), 39);
    with_clause(object, level, h);
    const json::object* left = object_at(object, "larg");
    const json::object* right = object_at(object, "rarg");
    if (left != nullptr && right != nullptr) {
      std::vector<OutputColumn> ignored;
      h = mix(h, select(*left, level, outputs));
      h = mix(h, select(*right, level, ignored));
      for (const OutputColumn& output : outputs) level.outputs.push_back(output);
    }
    if (const json::array* from = array_at(object, "fromClause")) {
      for (const json::value& item : *from) h = mix(h, value(item, level));
      h = mix(h, 40);
    }
    if (const json::array* items = array_at(object, "targetList")) h = mix(h, targets(*items, level, outputs));
    if (const json::array* rows = array_at(object, "valuesLists")) h = mix(mix(h, 41), list(*rows, level));
    for (const std::string_view key :
         {std::string_view("groupClause"), std::string_view("sortClause"), std::string_view("distinctClause")}) {
      if (const json::array* items = array_at(object, key))
        h = mix(mix(h, hash_bytes(key, 20)), by_list(*items, level));
    }
    if (const json::array* locks = array_at(object, "lockingClause")) h = mix(h, locking(*locks, level));
    return named("SelectStmt",
                 mix(h, fields(object, level,
                               {"op", "withClause", "larg", "rarg", "fromClause", "targetList", "valuesLists",
                                "groupClause", "sortClause", "distinctClause", "lockingClause"})));
  }

  /// FOR UPDATE OF t names relations of the level; it adds none.
  Hash locking(const json::array& locks, Level& level) {
    Hash h = 42;
    for (const json::value& lock : locks) {
      const json::object* clause = as_node(lock, "LockingClause");
      if (clause == nullptr) continue;
      h = mix(h, fields(*clause, level, {"lockedRels"}));
      const json::array* relations = array_at(*clause, "lockedRels");
      if (relations == nullptr) continue;
      for (const json::value& item : *relations) {
        const json::object* range = as_node(item, "RangeVar");
        const std::string_view name = range != nullptr ? string_at(*range, "relname") : std::string_view();
        const Relation* relation = find_relation(name, level);
        h = mix(h, relation != nullptr ? relation->identity : hash_bytes(name, 11));
      }
    }
    return h;
  }

  /// ORDER BY, GROUP BY, DISTINCT ON: an output alias means its expression, an integer the column of that number.
  Hash by_list(const json::array& items, Level& level) {
    Hash h = mix(items.size(), 43);
    for (const json::value& item : items) h = mix(h, by_item(item, level));
    return h;
  }

  Hash by_item(const json::value& item, Level& level) {
    if (const json::object* sort = as_node(item, "SortBy")) return sort_by(*sort, level);
    if (const json::object* constant_node = as_node(item, "A_Const")) {
      if (const json::object* number = object_at(*constant_node, "ival")) return mix(44, fields(*number, level));
    }
    if (const json::object* reference = as_node(item, "ColumnRef")) {
      const json::array* parts = array_at(*reference, "fields");
      if (parts != nullptr && parts->size() == 1) {
        const std::string_view name = field_name(parts->front());
        for (const OutputColumn& output : level.outputs) {
          if (!name.empty() && output.name == name) return output.hash;
        }
      }
    }
    return value(item, level);
  }

  Hash sort_by(const json::object& object, Level& level) {
    const json::value* expression_value = object.if_contains("node");
    Hash h = expression_value != nullptr ? by_item(*expression_value, level) : 0;
    const std::string_view direction = string_at(object, "sortby_dir");
    h = mix(h, hash_bytes(direction == "SORTBY_ASC" ? "SORTBY_DEFAULT" : direction, 45));
    return mix(h, fields(object, level, {"node", "sortby_dir"}));
  }

  /// INSERT, UPDATE, DELETE, MERGE; `outputs` are the columns of RETURNING.
  Hash write(std::string_view type, const json::object& object, const Level& outer,
             std::vector<OutputColumn>& outputs) {
    Level level(&outer);
    Hash h = 46;
    with_clause(object, level, h);
    if (const json::object* relation = object_at(object, "relation")) h = mix(h, range_var(*relation, level));
    for (const std::string_view key : {std::string_view("fromClause"), std::string_view("usingClause")}) {
      if (const json::array* items = array_at(object, key)) {
        for (const json::value& item : *items) h = mix(h, value(item, level));
        h = mix(h, hash_bytes(key, 20));
      }
    }
    if (const json::value* source = object.if_contains("sourceRelation")) h = mix(h, value(*source, level));
    if (const json::array* columns = array_at(object, "cols")) h = mix(h, assignments(*columns, level));
    if (const json::array* columns = array_at(object, "targetList")) h = mix(h, assignments(*columns, level));
    if (const json::value* source = object.if_contains("selectStmt")) {
      std::vector<OutputColumn> ignored;
      const json::object* query = as_node(*source, "SelectStmt");
      Level inner(&outer);  // the inserted query does not see the target
      inner.ctes = level.ctes;
      h = mix(h, query != nullptr ? select(*query, inner, ignored) : 0);
    }
    if (const json::object* conflict = object_at(object, "onConflictClause")) {
      level.relations.push_back({"excluded", 47, false, {}});
      h = mix(h, fields(*conflict, level, {"targetList"}));
      if (const json::array* columns = array_at(*conflict, "targetList")) h = mix(h, assignments(*columns, level));
      level.relations.pop_back();
    }
    if (const json::array* items = array_at(object, "returningList"))
      h = mix(mix(h, 48), targets(*items, level, outputs));
    return named(type, mix(h, fields(object, level,
                                     {"withClause", "relation", "fromClause", "usingClause", "sourceRelation", "cols",
                                      "targetList", "selectStmt", "onConflictClause", "returningList"})));
  }

  /// Written columns: their names are identity.
  Hash assignments(const json::array& items, Level& level) {
    Hash h = mix(items.size(), 49);
    for (const json::value& item : items) {
      const json::object* target = as_node(item, "ResTarget");
      if (target == nullptr) {
        h = mix(h, value(item, level));
        continue;
      }
      h = mix(h, hash_bytes(string_at(*target, "name"), 50));
      h = mix(h, fields(*target, level, {"name"}));
    }
    return h;
  }

  std::uint64_t constants_ = 0;
};

}  // namespace

Fingerprint fingerprint_tree(const boost::json::value& tree) {
  return Walker().run(tree);
}

}  // namespace quell::sql
