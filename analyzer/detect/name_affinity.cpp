#include <array>
#include <string>
#include <string_view>

#include "analyzer/detect/value_edges.hpp"

namespace quell::detect {
namespace {

/// Lower case, without schema and underscores: `public.order_lines` and `OrderLines` are one name.
std::string plain(std::string_view name) {
  const std::size_t dot = name.rfind('.');
  if (dot != std::string_view::npos) name.remove_prefix(dot + 1);
  std::string out;
  for (const char c : name) {
    if (c == '_') continue;
    out.push_back(c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c);
  }
  return out;
}

/// English plurals as frameworks make them; enough to tell `categories` and `category` for one word.
std::string singular(std::string word) {
  const auto ends = [&](std::string_view suffix) { return word.size() > suffix.size() + 1 && word.ends_with(suffix); };
  if (ends("ies")) return word.substr(0, word.size() - 3) + "y";
  for (const std::string_view suffix : {"sses", "shes", "ches", "xes", "zes"}) {
    if (ends(suffix)) return word.substr(0, word.size() - 2);
  }
  if (ends("s") && !ends("ss")) word.pop_back();
  return word;
}

/// `author_id`, `authorId`, `author_uuid` -> `author`; empty where the column is no reference.
std::string reference_stem(std::string_view column) {
  const std::string name = plain(column);
  static constexpr std::array<std::string_view, 5> kSuffixes{"uuid", "guid", "pk", "id", "fk"};
  for (const std::string_view suffix : kSuffixes) {
    if (name.size() > suffix.size() && name.ends_with(suffix)) return name.substr(0, name.size() - suffix.size());
  }
  return {};
}

bool is_key_name(std::string_view column) {
  const std::string name = plain(column);
  return name == "id" || name == "uuid" || name == "guid" || name == "pk";
}

bool names_table(const std::string& stem, std::string_view table) {
  const std::string name = plain(table);
  return !stem.empty() && !name.empty() && singular(stem) == singular(name);
}

/// `parent_user` names `users` too, with a role before it.
bool role_names_table(const std::string& stem, std::string_view table) {
  const std::string name = singular(plain(table));
  return name.size() > 2 && singular(stem).ends_with(name);
}

}  // namespace

int name_affinity(std::string_view from_table, std::string_view from_column, std::string_view to_table,
                  std::string_view to_column) {
  if (from_column.empty() || to_column.empty()) return 0;
  const std::string from_stem = reference_stem(from_column);
  const std::string to_stem = reference_stem(to_column);
  const bool same_table = !from_table.empty() && plain(from_table) == plain(to_table);
  const bool same_column = plain(from_column) == plain(to_column);
  if (same_table && same_column) return 3;  // the row is read again
  const bool from_key = is_key_name(from_column);
  const bool to_key = is_key_name(to_column);
  if (from_key && to_key) return from_table.empty() || to_table.empty() ? 0 : -2;
  if (from_key) {
    if (names_table(to_stem, from_table)) return 4;       // posts.id -> comments.post_id
    if (same_table && !to_stem.empty()) return 3;         // nodes.id -> nodes.parent_id
    if (role_names_table(to_stem, from_table)) return 3;  // users.id -> posts.edited_by_user_id
    return to_stem.empty() ? 0 : 1;
  }
  if (to_key) {
    if (names_table(from_stem, to_table)) return 4;  // comments.post_id -> posts.id
    if (role_names_table(from_stem, to_table)) return 3;
    return from_stem.empty() ? 0 : 2;  // posts.author_id -> users.id
  }
  if (same_column) return 3;
  if (!from_stem.empty() && !to_stem.empty()) return singular(from_stem) == singular(to_stem) ? 3 : -1;
  return 0;
}

TargetColumn target_of(const sql::StatementFacts& facts, std::uint32_t position) {
  const int bind = static_cast<int>(position) + 1;
  TargetColumn target;
  const auto table_at = [&](std::size_t index) {
    return index < facts.tables.size() ? std::string_view(facts.tables[index].name) : std::string_view();
  };
  for (const sql::Predicate& predicate : facts.predicates) {
    if (predicate.bind != bind) continue;
    target.column = predicate.column;
    target.table = table_at(predicate.table);
    if (predicate.op == sql::PredicateOperator::equal || predicate.op == sql::PredicateOperator::any_of) return target;
  }
  if (!target.column.empty()) return target;
  for (const sql::Assignment& assignment : facts.assignments) {
    if (assignment.bind == bind) return {table_at(0), assignment.column};
  }
  return target;
}

}  // namespace quell::detect
