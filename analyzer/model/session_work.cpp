#include "analyzer/model/session_work.hpp"

#include <algorithm>
#include <charconv>
#include <optional>

#include <quell/trace/sql_scanner.hpp>

#include "analyzer/sql/lexer.hpp"

namespace quell::model {
namespace {

using trace::SqlScanner;
using trace::SqlToken;
using trace::SqlTokenKind;

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

std::string string_value(std::string_view sql, const SqlToken& token) {
  sql::LiteralSpan span;
  span.begin = static_cast<std::uint32_t>(token.begin);
  span.end = static_cast<std::uint32_t>(token.end);
  const char first = sql[token.begin];
  span.kind = first == '$'                   ? sql::LiteralSpan::Kind::dollar_string
              : first == 'e' || first == 'E' ? sql::LiteralSpan::Kind::escape_string
                                             : sql::LiteralSpan::Kind::string;
  std::string buffer;
  return std::string(sql::literal_value(sql, span, buffer));
}

class ChangeReader {
 public:
  ChangeReader(std::string_view sql, std::span<const std::string> parameters)
      : sql_(sql), scanner_(sql), parameters_(parameters) {
    advance();
  }

  std::vector<VariableChange> read() {
    if (accept("set")) {
      set();
    } else if (accept("reset")) {
      if (accept("all")) {
        changes_.emplace_back();
      } else {
        changes_.push_back({name(), {}, false});
      }
    } else if (accept("discard")) {
      if (accept("all")) changes_.emplace_back();
    } else if (accept("select")) {
      while (token_.kind != SqlTokenKind::end) {
        const bool call = accept("set_config");
        if (call && accept('(')) set_config();
        if (!call) advance();
      }
    }
    return std::move(changes_);
  }

 private:
  void advance() { token_ = scanner_.next(); }
  bool accept(std::string_view word) {
    if (!scanner_.is(token_, word)) return false;
    advance();
    return true;
  }
  bool accept(char symbol) {
    if (!scanner_.is(token_, symbol)) return false;
    advance();
    return true;
  }

  /// `app.request_id`, quoted or not.
  std::string name() {
    std::string out;
    while (token_.kind == SqlTokenKind::word || token_.kind == SqlTokenKind::quoted_name) {
      std::string_view part = scanner_.text(token_);
      if (token_.kind == SqlTokenKind::quoted_name && part.size() >= 2) part = part.substr(1, part.size() - 2);
      out += lower(part);
      advance();
      if (!accept('.')) break;
      out += '.';
    }
    return out;
  }

  std::optional<std::string> value() {
    const SqlToken token = token_;
    advance();
    if (token.kind == SqlTokenKind::string) return string_value(sql_, token);
    const std::string_view text = scanner_.text(token);
    if (token.kind == SqlTokenKind::word || token.kind == SqlTokenKind::number) return std::string(text);
    std::size_t number = 0;
    if (!text.starts_with('$')) return std::nullopt;
    std::from_chars(text.data() + 1, text.data() + text.size(), number);
    if (number == 0 || number > parameters_.size()) return std::nullopt;
    return parameters_[number - 1];
  }

  void set() {
    VariableChange change;
    change.local = accept("local");
    if (!change.local) accept("session");
    change.name = name();
    if (!accept('=') && !accept("to")) return;
    const bool to_default = scanner_.is(token_, "default");
    const auto got = value();
    if (!got) return;
    if (!to_default) change.value = *got;
    changes_.push_back(std::move(change));
  }

  /// Behind the opening bracket: name, value, is_local; each may carry a cast.
  void set_config() {
    std::vector<std::optional<std::string>> arguments;
    while (token_.kind != SqlTokenKind::end && arguments.size() < 3) {
      arguments.push_back(value());
      while (token_.kind != SqlTokenKind::end && !scanner_.is(token_, ',') && !scanner_.is(token_, ')')) advance();
      const bool more = accept(',');
      if (!more) break;
    }
    if (arguments.size() != 3 || !arguments[0] || !arguments[1]) return;
    const std::string local = arguments[2] ? lower(*arguments[2]) : std::string();
    changes_.push_back({lower(*arguments[0]), *arguments[1], local.starts_with('t') || local == "1" || local == "on"});
  }

  std::string_view sql_;
  SqlScanner scanner_;
  std::span<const std::string> parameters_;
  SqlToken token_;
  std::vector<VariableChange> changes_;
};

bool begins(std::string_view text, std::string_view lower_case) {
  return lower(text.substr(0, lower_case.size())) == lower_case;
}

}  // namespace

SessionWork session_work(const sql::StatementFacts& facts) {
  const std::string_view text = facts.normalized;
  if (text.empty() || text == ";") return SessionWork::validation;
  switch (facts.kind) {
    case sql::StatementKind::transaction_control:
      return SessionWork::boundary;
    case sql::StatementKind::session:
      for (const std::string_view reset : {"discard all", "reset all", "deallocate all", "unlisten *"}) {
        if (begins(text, reset)) return SessionWork::reset;
      }
      return lower(text) == "select $1" ? SessionWork::validation : SessionWork::setting;
    case sql::StatementKind::catalog:
      return SessionWork::setting;
    case sql::StatementKind::select:
    case sql::StatementKind::other:
      // asyncpg's reset begins with these two.
      if (begins(text, "select pg_advisory_unlock_all(") || begins(text, "close all")) return SessionWork::reset;
      return SessionWork::none;
    case sql::StatementKind::insert:
    case sql::StatementKind::update:
    case sql::StatementKind::delete_:
    case sql::StatementKind::merge:
    case sql::StatementKind::copy:
    case sql::StatementKind::ddl:
      return SessionWork::none;
  }
  return SessionWork::none;
}

std::vector<VariableChange> variable_changes(std::string_view sql, std::span<const std::string> parameters) {
  return ChangeReader(sql, parameters).read();
}

}  // namespace quell::model
