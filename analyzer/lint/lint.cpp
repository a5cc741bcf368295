#include "analyzer/lint/lint.hpp"

#include <pg_query.h>

#include <algorithm>
#include <cctype>
#include <optional>

#include <fmt/format.h>
#include <boost/json.hpp>

#include <quell/db/sql_script.hpp>

#include "analyzer/lint/rules.hpp"
#include "analyzer/lint/statement.hpp"
#include "analyzer/sql/lexer.hpp"

namespace quell::lint {
namespace {

namespace json = boost::json;

/// As deep as analyzer/sql goes, for the same reason: the parser recurses.
constexpr std::uint32_t kDeepestStatement = 1500;
constexpr std::size_t kJsonLevels = 6;
constexpr std::size_t kLongestIdentifier = 63;

struct Parsed {
  json::value tree;
  std::string error;  ///< empty: there is a tree
  std::size_t error_offset = 0;
};

Parsed parse(const std::string& statement) {
  sql::Lexer lexer;
  if (lexer.lex(statement).nesting > kDeepestStatement) return {{}, "it is nested too deep", 0};
  struct Freed {
    PgQueryParseResult result;
    ~Freed() { pg_query_free_parse_result(result); }
  } parsed{pg_query_parse(statement.c_str())};
  if (parsed.result.error != nullptr)
    return {
        {}, parsed.result.error->message, static_cast<std::size_t>(std::max(parsed.result.error->cursorpos - 1, 0))};
  json::parse_options options;
  options.max_depth = kDeepestStatement * kJsonLevels;
  options.allow_invalid_utf8 = true;
  json::error_code error;
  json::value tree = json::parse(parsed.result.parse_tree, error, {}, options);
  if (error) return {{}, "its parse tree cannot be read", 0};
  return {std::move(tree), {}, 0};
}

std::string lower(std::string_view text) {
  std::string lowered;
  for (const char c : text) lowered += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return lowered;
}

/// Names that the grammar cut: as long as can be, and in the text they go on.
void find_cut_names(const json::value& node, const std::string& lower_text, std::set<std::string>& cut) {
  if (const json::array* array = node.if_array()) {
    for (const json::value& element : *array) find_cut_names(element, lower_text, cut);
  } else if (const json::object* object = node.if_object()) {
    for (const auto& member : *object) find_cut_names(member.value(), lower_text, cut);
  } else if (const json::string* name = node.if_string()) {
    // A cut never splits a character of up to four bytes.
    if (name->size() > kLongestIdentifier || name->size() + 3 < kLongestIdentifier) return;
    const std::string wanted = lower(*name);
    for (std::size_t at = lower_text.find(wanted); at != std::string::npos; at = lower_text.find(wanted, at + 1)) {
      const std::size_t end = at + wanted.size();
      const unsigned char next = end < lower_text.size() ? static_cast<unsigned char>(lower_text[end]) : ' ';
      if (std::isalnum(next) != 0 || next == '_' || next >= 0x80) cut.insert(std::string(*name));
    }
  }
}

/// A comment `-- quell: allow RULE reason` and the statement it stands before.
struct Suppression {
  std::string rule;
  std::size_t line = 0;       ///< of the comment
  std::size_t statement = 0;  ///< line of the next statement
  bool used = false;
};

class RevisionLinter {
 public:
  RevisionLinter(const db::Revision& revision, Context& context, std::vector<Finding>& findings)
      : revision_(revision), context_(context), findings_(findings) {}

  void run() {
    const std::size_t first = findings_.size();
    context_.made_here.clear();
    context_.constraints_of_transaction.clear();
    file_ = fmt::format("{}_{}.up.sql", revision_.id, revision_.name);
    const db::SqlScript script = db::read_script(revision_.up_sql);
    read_suppressions(script);
    if (revision_.lock_timeout == std::chrono::milliseconds{0}) add("no-lock-timeout", 1, "-- quell: lock_timeout 0");
    for (const auto& statement : script.statements) {
      const bool in_transaction = revision_.transactional && !statement.autocommit;
      if (!in_transaction || !context_.in_transaction) context_.constraints_of_transaction.clear();
      context_.in_transaction = in_transaction;
      check(statement);
    }
    report_suppressions();
    std::stable_sort(findings_.begin() + static_cast<std::ptrdiff_t>(first), findings_.end(),
                     [](const Finding& a, const Finding& b) { return a.line < b.line; });
    if (revision_.down_sql) check_way_down();
  }

 private:
  void read_suppressions(const db::SqlScript& script) {
    for (const auto& directive : script.directives) {
      if (!directive.text.starts_with("allow")) continue;
      const std::string_view words = directive.text.substr(std::min<std::size_t>(6, directive.text.size()));
      const std::size_t space = words.find(' ');
      const std::string rule(words.substr(0, space));
      if (find_rule(rule) == nullptr) {
        add("suppression", directive.line, fmt::format("there is no rule '{}'", rule));
        continue;
      }
      if (space == std::string_view::npos) {
        add("suppression", directive.line, fmt::format("it gives no reason to allow {}", rule));
        continue;
      }
      const auto next = std::find_if(script.statements.begin(), script.statements.end(),
                                     [&](const auto& statement) { return statement.line > directive.line; });
      suppressions_.push_back({rule, directive.line, next == script.statements.end() ? 0 : next->line});
    }
  }

  void report_suppressions() {
    for (const Suppression& suppression : suppressions_)
      if (!suppression.used)
        add("suppression", suppression.line, fmt::format("the statement after it has no {}", suppression.rule));
  }

  void check(const db::SqlScript::Statement& statement) {
    const std::string sql(statement.text);
    const Parsed parsed = parse(sql);
    if (!parsed.error.empty()) {
      add("syntax", line_at(statement, parsed.error_offset), parsed.error);
      return;
    }
    std::vector<Fault> faults;
    StatementReader reader(context_, faults);
    const json::object* root = parsed.tree.if_object();
    for (const json::value& raw : list(*root, "stmts"))
      if (const json::object* node = inner(raw, "stmt")) reader.read(*node);
    std::set<std::string> cut;
    find_cut_names(parsed.tree, lower(sql), cut);
    for (const std::string& name : cut) faults.push_back({"long-identifier", name + "..."});
    for (const Fault& fault : faults)
      if (!is_allowed(fault.rule, statement.line)) add(fault.rule, statement.line, fault.subject);
  }

  bool is_allowed(std::string_view rule, std::size_t statement_line) {
    bool allowed = false;
    for (Suppression& suppression : suppressions_) {
      if (suppression.rule != rule || suppression.statement != statement_line) continue;
      suppression.used = allowed = true;
    }
    return allowed;
  }

  static std::size_t line_at(const db::SqlScript::Statement& statement, std::size_t offset) {
    const std::string_view before = statement.text.substr(0, offset);
    return statement.line + static_cast<std::size_t>(std::count(before.begin(), before.end(), '\n'));
  }

  void check_way_down() {
    file_ = fmt::format("{}_{}.down.sql", revision_.id, revision_.name);
    for (const auto& statement : db::read_script(*revision_.down_sql).statements)
      if (const Parsed parsed = parse(std::string(statement.text)); !parsed.error.empty())
        add("syntax", line_at(statement, parsed.error_offset), parsed.error);
  }

  void add(std::string_view rule, std::size_t line, std::string subject) {
    findings_.push_back({std::string(rule), revision_.id, file_, line, std::move(subject)});
  }

  const db::Revision& revision_;
  Context& context_;
  std::vector<Finding>& findings_;
  std::vector<Suppression> suppressions_;
  std::string file_;
};

}  // namespace

std::vector<Finding> lint(const std::vector<db::Revision>& revisions, const LintParams& params) {
  std::vector<Finding> findings;
  Context context;
  for (const db::Revision& revision : revisions) RevisionLinter(revision, context, findings).run();
  std::erase_if(findings, [&](const Finding& finding) {
    return (!params.only_revisions.empty() && !params.only_revisions.contains(finding.revision)) ||
           params.without_rules.contains(finding.rule);
  });
  return findings;
}

}  // namespace quell::lint
