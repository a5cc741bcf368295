#include "agent/proxy/sql_scan.hpp"

#include <algorithm>
#include <utility>

#include <quell/trace/sql_scanner.hpp>

namespace quell::proxy {
namespace {

using trace::is_sql_space;
using trace::lower_ascii;
using trace::SqlScanner;
using trace::SqlToken;
using trace::SqlTokenKind;
using trace::starts_sql_word;

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && is_sql_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_sql_space(text.back())) text.remove_suffix(1);
  return text;
}

std::string unquoted(std::string_view text, char quote) {
  std::string out;
  text = text.substr(1, text.size() >= 2 ? text.size() - 2 : 0);
  for (std::size_t i = 0; i < text.size(); ++i) {
    out += text[i];
    if (text[i] == quote && i + 1 < text.size() && text[i + 1] == quote) ++i;
  }
  return out;
}

std::string name_of(const SqlScanner& scanner, const SqlToken& token) {
  const std::string_view text = scanner.text(token);
  if (token.kind == SqlTokenKind::quoted_name) return unquoted(text, '"');
  std::string name(text);
  std::transform(name.begin(), name.end(), name.begin(), lower_ascii);
  return name;
}

/// `argument` as the parameter it becomes, where it is one plain literal.
bool read_argument(std::string_view argument, std::vector<std::optional<std::string>>& out) {
  SqlScanner scanner(argument);
  SqlToken token = scanner.next();
  const bool negative = scanner.is(token, '-');
  if (negative) token = scanner.next();
  const std::string_view text = scanner.text(token);
  if (token.kind == SqlTokenKind::number) {
    out.emplace_back((negative ? "-" : "") + std::string(text));
  } else if (!negative && token.kind == SqlTokenKind::string && text.front() == '\'') {
    out.emplace_back(unquoted(text, '\''));
  } else if (!negative && scanner.is(token, "null")) {
    out.emplace_back(std::nullopt);
  } else if (!negative && (scanner.is(token, "true") || scanner.is(token, "false"))) {
    out.emplace_back(scanner.is(token, "true") ? "t" : "f");
  } else {
    return false;
  }
  return scanner.next().kind == SqlTokenKind::end;
}

void read_arguments(std::string_view sql, SqlScanner& scanner, PreparedCommand& command) {
  SqlToken token = scanner.next();
  if (!scanner.is(token, '(')) return;
  std::size_t begin = token.end;
  for (int depth = 1; depth > 0;) {
    token = scanner.next();
    if (token.kind == SqlTokenKind::end) break;
    if (scanner.is(token, '(') || scanner.is(token, '[')) ++depth;
    if (scanner.is(token, ')') || scanner.is(token, ']')) --depth;
    if (depth == 0 || (depth == 1 && scanner.is(token, ','))) {
      if (!read_argument(sql.substr(begin, token.begin - begin), command.arguments)) command.arguments_known = false;
      begin = token.end;
    }
  }
  if (!command.arguments_known) command.arguments.clear();
}

void read_prepare(std::string_view sql, SqlScanner& scanner, PreparedCommand& command) {
  const SqlToken name = scanner.next();
  int depth = 0;
  for (SqlToken token = scanner.next(); token.kind != SqlTokenKind::end; token = scanner.next()) {
    if (scanner.is(token, '(')) ++depth;
    if (scanner.is(token, ')')) --depth;
    if (depth == 0 && scanner.is(token, "as")) {
      command.kind = PreparedCommand::Kind::prepare;
      command.name = name_of(scanner, name);
      std::string_view body = trimmed(sql.substr(token.end));
      if (body.ends_with(';')) body.remove_suffix(1);
      command.body = trimmed(body);
      return;
    }
    if (depth == 0 && scanner.is(token, "transaction")) return;  // PREPARE TRANSACTION
  }
}

}  // namespace

std::vector<std::string_view> split_statements(std::string_view sql) {
  std::vector<std::string_view> out;
  // Nearly every query is one statement, and a bulk INSERT may be a megabyte of it: no need to read its literals.
  const std::size_t first = std::min(sql.find(';'), sql.size());
  const std::string_view start = trimmed(sql.substr(0, first));
  if (!start.empty() && starts_sql_word(start.front()) &&
      sql.find_first_not_of("; \t\r\n", first) == std::string_view::npos) {
    out.push_back(start);
    return out;
  }
  SqlScanner scanner(sql);
  std::size_t begin = 0;
  bool something = false;
  while (true) {
    const SqlToken token = scanner.next();
    const bool ends = token.kind == SqlTokenKind::end;
    if (!ends && !scanner.is(token, ';')) {
      something = true;
      continue;
    }
    if (something) {
      out.push_back(trimmed(sql.substr(begin, token.begin - begin)));
    } else if (ends && !out.empty()) {
      // What follows the last semicolon is comments: tags of the last statement.
      const auto offset = static_cast<std::size_t>(out.back().data() - sql.data());
      if (!trimmed(sql.substr(begin)).empty()) out.back() = trimmed(sql.substr(offset));
    }
    if (ends) return out;
    begin = token.end;
    something = false;
  }
}

PreparedCommand read_prepared_command(std::string_view sql) {
  PreparedCommand command;
  SqlScanner scanner(sql);
  const SqlToken verb = scanner.next();
  if (scanner.is(verb, "prepare")) {
    read_prepare(sql, scanner, command);
  } else if (scanner.is(verb, "execute")) {
    command.kind = PreparedCommand::Kind::execute;
    command.name = name_of(scanner, scanner.next());
    read_arguments(sql, scanner, command);
  } else if (scanner.is(verb, "deallocate")) {
    SqlToken name = scanner.next();
    if (scanner.is(name, "prepare")) name = scanner.next();
    const bool all = scanner.is(name, "all");
    command.kind = all ? PreparedCommand::Kind::deallocate_all : PreparedCommand::Kind::deallocate;
    if (!all) command.name = name_of(scanner, name);
  } else if (scanner.is(verb, "discard") && scanner.is(scanner.next(), "all")) {
    command.kind = PreparedCommand::Kind::discard_all;
  }
  return command;
}

}  // namespace quell::proxy
