#include "analyzer/sql/statement_facts.hpp"

#include <algorithm>
#include <array>
#include <memory>
#include <optional>

#include <fmt/format.h>
#include <pg_query.h>
#include <boost/json.hpp>

#include "analyzer/sql/facts_walker.hpp"
#include "analyzer/sql/fingerprint.hpp"
#include "analyzer/sql/hash.hpp"
#include "analyzer/sql/lexer.hpp"

namespace quell::sql {
namespace {

/// Deepest statement given to the parser. It and its JSON writer recurse on the caller's stack without a check that
/// holds in every thread; 1,500 levels need under 2 MiB there, and no statement a person or a driver writes is deeper.
constexpr std::uint32_t kDeepestStatement = 1500;
/// The JSON of one level of the tree nests at most this deep.
constexpr std::size_t kJsonLevels = 6;

/// The parse tree, or nothing where the grammar refuses the text.
std::optional<boost::json::value> parse(std::string_view text, const boost::json::storage_ptr& memory) {
  const std::string terminated(text);
  struct Freed {
    PgQueryParseResult result;
    ~Freed() { pg_query_free_parse_result(result); }
  } parsed{pg_query_parse(terminated.c_str())};
  if (parsed.result.error != nullptr || parsed.result.parse_tree == nullptr) return std::nullopt;
  boost::json::parse_options options;
  options.max_depth = kDeepestStatement * kJsonLevels;
  options.allow_invalid_utf8 = true;
  boost::json::error_code error;
  boost::json::value tree = boost::json::parse(parsed.result.parse_tree, error, memory, options);
  if (error) return std::nullopt;
  return tree;
}

const boost::json::array* statements_of(const boost::json::value& tree) {
  const boost::json::object* root = tree.if_object();
  const boost::json::value* statements = root != nullptr ? root->if_contains("stmts") : nullptr;
  return statements != nullptr ? statements->if_array() : nullptr;
}

/// Utility statements keep literals where the tree's fingerprint takes them for names (the payload of NOTIFY, the body
/// of DO, the options of COPY and EXPLAIN): their template, in which literals are folded, is their identity. The others
/// here hold queries, or names that drivers make up.
bool is_told_by_tree(const boost::json::array& statements) {
  static constexpr std::array<std::string_view, 12> kTypes{
      "SelectStmt",      "InsertStmt",     "UpdateStmt",  "DeleteStmt",        "MergeStmt", "TransactionStmt",
      "VariableSetStmt", "DeallocateStmt", "PrepareStmt", "DeclareCursorStmt", "FetchStmt", "ClosePortalStmt"};
  return std::all_of(statements.begin(), statements.end(), [](const boost::json::value& raw) {
    const boost::json::object* statement = raw.if_object();
    const boost::json::value* node = statement != nullptr ? statement->if_contains("stmt") : nullptr;
    const boost::json::object* wrapper = node != nullptr ? node->if_object() : nullptr;
    return wrapper != nullptr && wrapper->size() == 1 &&
           std::find(kTypes.begin(), kTypes.end(), std::string_view(wrapper->begin()->key())) != kTypes.end();
  });
}

}  // namespace

std::string to_hex(Fingerprint fingerprint) {
  return fmt::format("{:016x}", fingerprint);
}

std::string_view to_string(StatementKind kind) {
  switch (kind) {
    case StatementKind::select:
      return "select";
    case StatementKind::insert:
      return "insert";
    case StatementKind::update:
      return "update";
    case StatementKind::delete_:
      return "delete";
    case StatementKind::merge:
      return "merge";
    case StatementKind::copy:
      return "copy";
    case StatementKind::transaction_control:
      return "transaction control";
    case StatementKind::session:
      return "session";
    case StatementKind::catalog:
      return "catalog";
    case StatementKind::ddl:
      return "ddl";
    case StatementKind::other:
      return "other";
  }
  return "other";
}

StatementKind kind_of_first_word(std::string_view first_word) {
  struct Entry {
    std::string_view word;
    StatementKind kind;
  };
  using enum StatementKind;
  static constexpr std::array<Entry, 33> kWords{{{"select", select},
                                                 {"with", select},
                                                 {"table", select},
                                                 {"values", select},
                                                 {"insert", insert},
                                                 {"update", update},
                                                 {"delete", delete_},
                                                 {"merge", merge},
                                                 {"copy", copy},
                                                 {"begin", transaction_control},
                                                 {"start", transaction_control},
                                                 {"commit", transaction_control},
                                                 {"end", transaction_control},
                                                 {"rollback", transaction_control},
                                                 {"abort", transaction_control},
                                                 {"savepoint", transaction_control},
                                                 {"release", transaction_control},
                                                 {"set", session},
                                                 {"reset", session},
                                                 {"show", session},
                                                 {"discard", session},
                                                 {"deallocate", session},
                                                 {"listen", session},
                                                 {"unlisten", session},
                                                 {"create", ddl},
                                                 {"alter", ddl},
                                                 {"drop", ddl},
                                                 {"truncate", ddl},
                                                 {"grant", ddl},
                                                 {"revoke", ddl},
                                                 {"comment", ddl},
                                                 {"reindex", ddl},
                                                 {"refresh", ddl}}};
  std::string lower(first_word.substr(0, 16));
  for (char& c : lower) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  const auto found =
      std::find_if(kWords.begin(), kWords.end(), [&](const Entry& entry) { return entry.word == lower; });
  return found != kWords.end() ? found->kind : other;
}

StatementFacts analyze_statement(std::string_view text) {
  StatementFacts facts;
  Lexer lexer;
  const Lexed& lexed = lexer.lex(text);
  facts.normalized = lexer.normalized();
  facts.parameters = lexed.parameters;
  std::string buffer;
  facts.literals.reserve(lexed.literals.size());
  for (const LiteralSpan& literal : lexed.literals) {
    using enum LiteralSpan::Kind;
    facts.literals.push_back(
        {std::string(literal_value(text, literal, buffer)), literal.kind == null,
         literal.kind == string || literal.kind == escape_string || literal.kind == dollar_string});
  }
  if (!lexed.has_nul && lexed.nesting <= kDeepestStatement) {
    boost::json::monotonic_resource memory;
    const auto tree = parse(text, &memory);
    const boost::json::array* statements = tree ? statements_of(*tree) : nullptr;
    if (statements != nullptr && !statements->empty()) {
      facts.parsed = true;
      facts.fingerprint = is_told_by_tree(*statements) ? fingerprint_tree(*tree) : mix(lexed.template_hash, 61);
      collect_facts(*tree, text, lexed.literals, facts);
      return facts;
    }
  }
  facts.fingerprint = mix(lexed.template_hash, 60);
  facts.kind = kind_of_first_word(lexed.first_word);
  facts.volatile_functions = true;
  return facts;
}

}  // namespace quell::sql
