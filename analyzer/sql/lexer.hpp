#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace quell::sql {

/// A constant as it stands in a statement's text.
struct LiteralSpan {
  enum class Kind : std::uint8_t { number, string, escape_string, dollar_string, bit_string, boolean, null };
  std::uint32_t begin = 0;  ///< offset of the first byte; of the minus sign of a negative number
  std::uint32_t end = 0;
  Kind kind = Kind::number;
};

/// The value without quotes and escapes. A string that needs no unescaping is a view into `text`; otherwise into
/// `buffer`. Empty for NULL.
[[nodiscard]] std::string_view literal_value(std::string_view text, const LiteralSpan& literal, std::string& buffer);

/// What one pass over a text finds. Valid until the next call of the same Lexer.
struct Lexed {
  /// Texts that differ only in literals, white space, comments, letter case of words, and the length of IN, ARRAY and
  /// VALUES lists have one template. Texts of one template have one Fingerprint.
  std::uint64_t template_hash = 0;
  std::span<const LiteralSpan> literals;  ///< in text order; column ordinals of ORDER BY and GROUP BY are not literals
  int parameters = 0;                     ///< highest n of $n
  std::uint32_t nesting = 0;              ///< an upper bound of the parse tree's depth
  bool has_nul = false;                   ///< the text holds a NUL byte: no PostgreSQL statement
  std::string_view first_word;            ///< as written; empty if the text does not begin with a word
};

/// A single pass over SQL text after PostgreSQL's scanner (scan.l), with reused buffers: cheap enough for every text of
/// a trace. Never fails: an unterminated string or comment ends with the text. Not thread-safe; make one a thread.
class Lexer {
 public:
  const Lexed& lex(std::string_view text);

  /// The last text with literals as $n (numbered after the text's own parameters), lists as `($1, ...)`, comments
  /// dropped and one space where white space stood.
  [[nodiscard]] std::string normalized() const;

 private:
  enum class Kind : std::uint8_t {
    word,
    quoted_word,
    literal,
    ordinal,
    parameter,
    operator_,
    open,
    close,
    comma,
    semicolon,
    other,
    ellipsis
  };
  struct Token {
    std::uint64_t hash = 0;
    std::uint32_t begin = 0;
    std::uint32_t end = 0;
    std::uint32_t number = 0;  ///< of a literal: its index; of a parameter: n
    Kind kind = Kind::other;
    bool space_before = false;
  };
  /// One open bracket.
  struct Level {
    std::uint32_t operators = 0;   ///< since the last comma: each may nest the tree once
    std::uint32_t item = 0;        ///< token index where the current list item begins
    std::uint32_t last_item = 0;   ///< of the item before; == item: none
    bool list = false;             ///< the bracket of IN, ANY, ARRAY: equal items collapse
    bool values = false;           ///< inside VALUES at this level: equal rows collapse
    bool by = false;               ///< after ORDER BY / GROUP BY: integers are ordinals
    bool after_list_word = false;  ///< IN, ANY, SOME, ALL or ARRAY stood before the next bracket
  };

  void scan();
  void skip_space();
  void word();
  void quoted_word();
  void number(std::uint32_t begin);
  void string(std::uint32_t begin, LiteralSpan::Kind kind);
  void dollar();
  void operator_token();
  void punctuation();
  void keyword(const Token& token);
  void literal(std::uint32_t begin, LiteralSpan::Kind kind);
  void push(Kind kind, std::uint32_t begin, std::uint64_t hash, std::uint32_t number = 0);
  void end_item();
  void open_bracket();
  void close_bracket();
  void count_operator();
  [[nodiscard]] bool minus_is_sign() const;
  [[nodiscard]] char at(std::size_t i) const { return i < text_.size() ? text_[i] : '\0'; }

  std::string_view text_;
  std::size_t position_ = 0;
  bool space_ = false;
  std::uint32_t depth_ = 0;
  std::uint32_t open_levels_ = 0;  ///< brackets beyond those in levels_
  std::vector<Token> tokens_;
  std::vector<LiteralSpan> literals_;
  std::vector<Level> levels_;
  Lexed result_;
};

}  // namespace quell::sql
