#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// As much of SQL's lexical structure as an agent needs to know where literals stand. Not a parser. Backslashes escape
/// in E'' strings only (standard_conforming_strings is on since PostgreSQL 9.1).
namespace quell::trace {

inline bool is_sql_space(char c) {
  return c == ' ' || (c >= '\t' && c <= '\r');
}
inline bool starts_sql_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || static_cast<unsigned char>(c) >= 0x80;
}
inline char lower_ascii(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

enum class SqlTokenKind : std::uint8_t { end, word, quoted_name, string, number, symbol };

struct SqlToken {
  SqlTokenKind kind = SqlTokenKind::end;
  std::size_t begin = 0;
  std::size_t end = 0;
};

class SqlScanner {
 public:
  explicit SqlScanner(std::string_view sql) : sql_(sql) {}

  /// The next token that is neither space nor comment. Anything unterminated reaches to the end of the text.
  SqlToken next();

  [[nodiscard]] std::string_view text(const SqlToken& token) const {
    return sql_.substr(token.begin, token.end - token.begin);
  }
  /// Whether `token` is the word `keyword`, which is given in lower case.
  [[nodiscard]] bool is(const SqlToken& token, std::string_view keyword) const;
  [[nodiscard]] bool is(const SqlToken& token, char symbol) const {
    return token.kind == SqlTokenKind::symbol && sql_[token.begin] == symbol;
  }

 private:
  [[nodiscard]] char peek(std::size_t ahead) const { return at_ + ahead < sql_.size() ? sql_[at_ + ahead] : '\0'; }
  void skip_space_and_comments();
  void skip_block_comment();
  SqlToken quoted(std::size_t begin, char quote, bool backslash_escapes, SqlTokenKind kind);
  SqlToken word(std::size_t begin);
  SqlToken number(std::size_t begin);
  SqlToken dollar(std::size_t begin);

  std::string_view sql_;
  std::size_t at_ = 0;
};

/// What may be recorded of a statement's text where that is not the text itself: a literal after PASSWORD becomes '?',
/// and where `redact` is set every string becomes '?' and every number 0. Still SQL, with the same fingerprint.
std::optional<std::string> hide_values(std::string_view sql, bool redact);

}  // namespace quell::trace
