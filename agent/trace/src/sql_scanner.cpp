#include <quell/trace/sql_scanner.hpp>

#include <algorithm>

namespace quell::trace {
namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool continues_word(char c) {
  return starts_sql_word(c) || is_digit(c) || c == '$';
}

bool contains(std::string_view text, std::string_view lower_case) {
  const auto same = [](char a, char b) { return lower_ascii(a) == b; };
  return std::search(text.begin(), text.end(), lower_case.begin(), lower_case.end(), same) != text.end();
}

}  // namespace

SqlToken SqlScanner::next() {
  skip_space_and_comments();
  if (at_ >= sql_.size()) return {SqlTokenKind::end, sql_.size(), sql_.size()};
  const std::size_t begin = at_;
  const char c = sql_[at_];
  if (c == '\'') return quoted(begin, '\'', false, SqlTokenKind::string);
  if (c == '"') return quoted(begin, '"', false, SqlTokenKind::quoted_name);
  if (starts_sql_word(c)) return word(begin);
  if (is_digit(c) || (c == '.' && is_digit(peek(1)))) return number(begin);
  if (c == '$') return dollar(begin);
  ++at_;
  return {SqlTokenKind::symbol, begin, at_};
}

bool SqlScanner::is(const SqlToken& token, std::string_view keyword) const {
  const std::string_view word = text(token);
  return token.kind == SqlTokenKind::word && std::equal(word.begin(), word.end(), keyword.begin(), keyword.end(),
                                                        [](char a, char b) { return lower_ascii(a) == b; });
}

void SqlScanner::skip_space_and_comments() {
  while (at_ < sql_.size()) {
    if (is_sql_space(sql_[at_])) {
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

void SqlScanner::skip_block_comment() {
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

SqlToken SqlScanner::quoted(std::size_t begin, char quote, bool backslash_escapes, SqlTokenKind kind) {
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

SqlToken SqlScanner::word(std::size_t begin) {
  const char c = lower_ascii(sql_[at_]);
  if (peek(1) == '\'' && (c == 'e' || c == 'b' || c == 'x' || c == 'n')) {
    ++at_;
    return quoted(begin, '\'', c == 'e', SqlTokenKind::string);
  }
  if (c == 'u' && peek(1) == '&' && (peek(2) == '\'' || peek(2) == '"')) {
    at_ += 2;
    const bool name = sql_[at_] == '"';
    return quoted(begin, sql_[at_], false, name ? SqlTokenKind::quoted_name : SqlTokenKind::string);
  }
  while (at_ < sql_.size() && continues_word(sql_[at_])) ++at_;
  return {SqlTokenKind::word, begin, at_};
}

SqlToken SqlScanner::number(std::size_t begin) {
  while (at_ < sql_.size()) {
    const char c = lower_ascii(sql_[at_]);
    const bool exponent_sign =
        (c == '+' || c == '-') && lower_ascii(sql_[at_ - 1]) == 'e' && is_digit(peek(1)) && at_ > begin;
    if (!is_digit(c) && c != '.' && c != '_' && !(c >= 'a' && c <= 'z') && !exponent_sign) break;
    ++at_;
  }
  return {SqlTokenKind::number, begin, at_};
}

SqlToken SqlScanner::dollar(std::size_t begin) {
  std::size_t tag_end = at_ + 1;
  if (is_digit(peek(1))) {  // $1
    ++at_;
    while (at_ < sql_.size() && is_digit(sql_[at_])) ++at_;
    return {SqlTokenKind::symbol, begin, at_};
  }
  while (tag_end < sql_.size() && (starts_sql_word(sql_[tag_end]) || is_digit(sql_[tag_end]))) ++tag_end;
  if (tag_end >= sql_.size() || sql_[tag_end] != '$') {
    ++at_;
    return {SqlTokenKind::symbol, begin, at_};
  }
  const std::string_view tag = sql_.substr(begin, tag_end + 1 - begin);
  const std::size_t close = sql_.find(tag, tag_end + 1);
  at_ = close == std::string_view::npos ? sql_.size() : close + tag.size();
  return {SqlTokenKind::string, begin, at_};
}

std::optional<std::string> hide_values(std::string_view sql, bool redact) {
  if (!redact && !contains(sql, "password")) return std::nullopt;
  std::string out;
  std::size_t copied = 0;
  bool after_password = false;
  SqlScanner scanner(sql);
  for (SqlToken token = scanner.next(); token.kind != SqlTokenKind::end; token = scanner.next()) {
    const bool string =
        token.kind == SqlTokenKind::string && (redact || after_password || contains(scanner.text(token), "password="));
    const bool number = token.kind == SqlTokenKind::number && redact;
    after_password = scanner.is(token, "password");
    if (!string && !number) continue;
    out += sql.substr(copied, token.begin - copied);
    out += string ? "'?'" : "0";
    copied = token.end;
  }
  out += sql.substr(copied);
  return out;
}

}  // namespace quell::trace
