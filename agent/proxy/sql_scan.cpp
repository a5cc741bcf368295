#include "agent/proxy/sql_scan.hpp"

#include <algorithm>
#include <cstdint>
#include <utility>

namespace quell::proxy {
namespace {

enum class TokenKind : std::uint8_t { end, word, quoted_name, string, number, symbol };

struct Token {
  TokenKind kind = TokenKind::end;
  std::size_t begin = 0;
  std::size_t end = 0;
};

bool is_space(char c) {
  return c == ' ' || (c >= '\t' && c <= '\r');
}
bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool starts_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || static_cast<unsigned char>(c) >= 0x80;
}
bool continues_word(char c) {
  return starts_word(c) || is_digit(c) || c == '$';
}
char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

class Scanner {
 public:
  explicit Scanner(std::string_view sql) : sql_(sql) {}

  /// The next token that is neither space nor comment. Anything unterminated reaches to the end of the text.
  Token next() {
    skip_space_and_comments();
    if (at_ >= sql_.size()) return {TokenKind::end, sql_.size(), sql_.size()};
    const std::size_t begin = at_;
    const char c = sql_[at_];
    if (c == '\'') return quoted(begin, '\'', false, TokenKind::string);
    if (c == '"') return quoted(begin, '"', false, TokenKind::quoted_name);
    if (starts_word(c)) return word(begin);
    if (is_digit(c) || (c == '.' && is_digit(peek(1)))) return number(begin);
    if (c == '$') return dollar(begin);
    ++at_;
    return {TokenKind::symbol, begin, at_};
  }

  [[nodiscard]] std::string_view text(const Token& token) const {
    return sql_.substr(token.begin, token.end - token.begin);
  }
  [[nodiscard]] bool is(const Token& token, std::string_view keyword) const {
    const std::string_view word = text(token);
    return token.kind == TokenKind::word && std::equal(word.begin(), word.end(), keyword.begin(), keyword.end(),
                                                       [](char a, char b) { return lower(a) == b; });
  }
  [[nodiscard]] bool is(const Token& token, char symbol) const {
    return token.kind == TokenKind::symbol && sql_[token.begin] == symbol;
  }

 private:
  [[nodiscard]] char peek(std::size_t ahead) const { return at_ + ahead < sql_.size() ? sql_[at_ + ahead] : '\0'; }

  void skip_space_and_comments() {
    while (at_ < sql_.size()) {
      if (is_space(sql_[at_])) {
        ++at_;
      } else if (sql_[at_] == '-' && peek(1) == '-') {
        at_ = std::min(sql_.find_first_of("\n\r", at_), sql_.size());
      } else if (sql_[at_] == '/' && peek(1) == '*') {
        skip_block_comment();
      } else {
        return;
      }
    }
  }

  void skip_block_comment() {
    std::size_t depth = 0;
    while (at_ < sql_.size()) {
      if (sql_[at_] == '/' && peek(1) == '*') {
        ++depth;
        at_ += 2;
      } else if (sql_[at_] == '*' && peek(1) == '/') {
        at_ += 2;
        if (--depth == 0) return;
      } else {
        ++at_;
      }
    }
  }

  Token quoted(std::size_t begin, char quote, bool backslash_escapes, TokenKind kind) {
    ++at_;  // the opening quote
    while (at_ < sql_.size()) {
      if (backslash_escapes && sql_[at_] == '\\') {
        at_ = std::min(at_ + 2, sql_.size());
      } else if (sql_[at_] != quote) {
        ++at_;
      } else if (peek(1) == quote) {
        at_ += 2;
      } else {
        ++at_;
        break;
      }
    }
    return {kind, begin, at_};
  }

  Token word(std::size_t begin) {
    const char c = lower(sql_[at_]);
    if (peek(1) == '\'' && (c == 'e' || c == 'b' || c == 'x' || c == 'n')) {
      ++at_;
      return quoted(begin, '\'', c == 'e', TokenKind::string);
    }
    if (c == 'u' && peek(1) == '&' && (peek(2) == '\'' || peek(2) == '"')) {
      at_ += 2;
      const bool name = sql_[at_] == '"';
      return quoted(begin, sql_[at_], false, name ? TokenKind::quoted_name : TokenKind::string);
    }
    while (at_ < sql_.size() && continues_word(sql_[at_])) ++at_;
    return {TokenKind::word, begin, at_};
  }

  Token number(std::size_t begin) {
    while (at_ < sql_.size()) {
      const char c = lower(sql_[at_]);
      const bool exponent_sign =
          (c == '+' || c == '-') && lower(sql_[at_ - 1]) == 'e' && is_digit(peek(1)) && at_ > begin;
      if (!is_digit(c) && c != '.' && c != '_' && !(c >= 'a' && c <= 'z') && !exponent_sign) break;
      ++at_;
    }
    return {TokenKind::number, begin, at_};
  }

  Token dollar(std::size_t begin) {
    std::size_t tag_end = at_ + 1;
    if (is_digit(peek(1))) {  // $1
      ++at_;
      while (at_ < sql_.size() && is_digit(sql_[at_])) ++at_;
      return {TokenKind::symbol, begin, at_};
    }
    while (tag_end < sql_.size() && (starts_word(sql_[tag_end]) || is_digit(sql_[tag_end]))) ++tag_end;
    if (tag_end >= sql_.size() || sql_[tag_end] != '$') {
      ++at_;
      return {TokenKind::symbol, begin, at_};
    }
    const std::string_view tag = sql_.substr(begin, tag_end + 1 - begin);
    const std::size_t close = sql_.find(tag, tag_end + 1);
    at_ = close == std::string_view::npos ? sql_.size() : close + tag.size();
    return {TokenKind::string, begin, at_};
  }

  std::string_view sql_;
  std::size_t at_ = 0;
};

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
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

std::string name_of(const Scanner& scanner, const Token& token) {
  const std::string_view text = scanner.text(token);
  if (token.kind == TokenKind::quoted_name) return unquoted(text, '"');
  std::string name(text);
  std::transform(name.begin(), name.end(), name.begin(), lower);
  return name;
}

/// `argument` as the parameter it becomes, where it is one plain literal.
bool read_argument(std::string_view argument, std::vector<std::optional<std::string>>& out) {
  Scanner scanner(argument);
  Token token = scanner.next();
  const bool negative = scanner.is(token, '-');
  if (negative) token = scanner.next();
  const std::string_view text = scanner.text(token);
  if (token.kind == TokenKind::number) {
    out.emplace_back((negative ? "-" : "") + std::string(text));
  } else if (!negative && token.kind == TokenKind::string && text.front() == '\'') {
    out.emplace_back(unquoted(text, '\''));
  } else if (!negative && scanner.is(token, "null")) {
    out.emplace_back(std::nullopt);
  } else if (!negative && (scanner.is(token, "true") || scanner.is(token, "false"))) {
    out.emplace_back(scanner.is(token, "true") ? "t" : "f");
  } else {
    return false;
  }
  return scanner.next().kind == TokenKind::end;
}

void read_arguments(std::string_view sql, Scanner& scanner, PreparedCommand& command) {
  Token token = scanner.next();
  if (!scanner.is(token, '(')) return;
  std::size_t begin = token.end;
  for (int depth = 1; depth > 0;) {
    token = scanner.next();
    if (token.kind == TokenKind::end) break;
    if (scanner.is(token, '(') || scanner.is(token, '[')) ++depth;
    if (scanner.is(token, ')') || scanner.is(token, ']')) --depth;
    if (depth == 0 || (depth == 1 && scanner.is(token, ','))) {
      if (!read_argument(sql.substr(begin, token.begin - begin), command.arguments)) command.arguments_known = false;
      begin = token.end;
    }
  }
  if (!command.arguments_known) command.arguments.clear();
}

void read_prepare(std::string_view sql, Scanner& scanner, PreparedCommand& command) {
  const Token name = scanner.next();
  int depth = 0;
  for (Token token = scanner.next(); token.kind != TokenKind::end; token = scanner.next()) {
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

template <class Replacement>
std::string replace_tokens(std::string_view sql, Replacement&& replacement) {
  std::string out;
  std::size_t copied = 0;
  Scanner scanner(sql);
  for (Token token = scanner.next(); token.kind != TokenKind::end; token = scanner.next()) {
    const std::string_view instead = replacement(scanner, token);
    if (instead.empty()) continue;
    out += sql.substr(copied, token.begin - copied);
    out += instead;
    copied = token.end;
  }
  out += sql.substr(copied);
  return out;
}

}  // namespace

std::vector<std::string_view> split_statements(std::string_view sql) {
  std::vector<std::string_view> out;
  // Nearly every query is one statement, and a bulk INSERT may be a megabyte of it: no need to read its literals.
  const std::size_t first = std::min(sql.find(';'), sql.size());
  const std::string_view start = trimmed(sql.substr(0, first));
  if (!start.empty() && starts_word(start.front()) &&
      sql.find_first_not_of("; \t\r\n", first) == std::string_view::npos) {
    out.push_back(start);
    return out;
  }
  Scanner scanner(sql);
  std::size_t begin = 0;
  bool something = false;
  while (true) {
    const Token token = scanner.next();
    const bool ends = token.kind == TokenKind::end;
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
  Scanner scanner(sql);
  const Token verb = scanner.next();
  if (scanner.is(verb, "prepare")) {
    read_prepare(sql, scanner, command);
  } else if (scanner.is(verb, "execute")) {
    command.kind = PreparedCommand::Kind::execute;
    command.name = name_of(scanner, scanner.next());
    read_arguments(sql, scanner, command);
  } else if (scanner.is(verb, "deallocate")) {
    Token name = scanner.next();
    if (scanner.is(name, "prepare")) name = scanner.next();
    const bool all = scanner.is(name, "all");
    command.kind = all ? PreparedCommand::Kind::deallocate_all : PreparedCommand::Kind::deallocate;
    if (!all) command.name = name_of(scanner, name);
  } else if (scanner.is(verb, "discard") && scanner.is(scanner.next(), "all")) {
    command.kind = PreparedCommand::Kind::discard_all;
  }
  return command;
}

bool may_hold_password(std::string_view sql) {
  constexpr std::string_view kWord = "password";
  const auto same = [](char a, char b) { return lower(a) == b; };
  return std::search(sql.begin(), sql.end(), kWord.begin(), kWord.end(), same) != sql.end();
}

std::string hide_passwords(std::string_view sql) {
  bool after_password = false;
  return replace_tokens(sql, [&](const Scanner& scanner, const Token& token) -> std::string_view {
    const bool hide = after_password && token.kind == TokenKind::string;
    after_password = scanner.is(token, "password");
    return hide ? "'?'" : "";
  });
}

std::string hide_literals(std::string_view sql) {
  return replace_tokens(sql, [](const Scanner&, const Token& token) -> std::string_view {
    if (token.kind == TokenKind::string) return "'?'";
    return token.kind == TokenKind::number ? "0" : "";
  });
}

}  // namespace quell::proxy
