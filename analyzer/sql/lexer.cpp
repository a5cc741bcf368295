#include "analyzer/sql/lexer.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "analyzer/sql/hash.hpp"

namespace quell::sql {
namespace {

/// Brackets that are followed one by one; deeper ones only count. No statement worth grouping nests deeper.
constexpr std::size_t kFollowedLevels = 256;

constexpr std::uint64_t kLiteralHash = 0x3F;
constexpr std::uint64_t kEllipsisHash = 0x2E2E2E;

enum Class : std::uint8_t { other, space, letter, digit, op };

constexpr std::array<std::uint8_t, 256> make_classes() {
  std::array<std::uint8_t, 256> table{};
  for (const char c : {' ', '\t', '\n', '\r', '\f', '\v'}) table[static_cast<std::uint8_t>(c)] = space;
  for (int c = 'a'; c <= 'z'; ++c) table[static_cast<std::size_t>(c)] = letter;
  for (int c = 'A'; c <= 'Z'; ++c) table[static_cast<std::size_t>(c)] = letter;
  table['_'] = letter;
  for (std::size_t c = 0x80; c < 0x100; ++c) table[c] = letter;
  for (int c = '0'; c <= '9'; ++c) table[static_cast<std::size_t>(c)] = digit;
  for (const char c : {'+', '-', '*', '/', '<', '>', '=', '~', '!', '@', '#', '%', '^', '&', '|', '`', '?'}) {
    table[static_cast<std::uint8_t>(c)] = op;
  }
  return table;
}
constexpr std::array<std::uint8_t, 256> kClasses = make_classes();

Class class_of(char c) {
  return static_cast<Class>(kClasses[static_cast<std::uint8_t>(c)]);
}
bool is_word_byte(char c) {
  return class_of(c) == letter || class_of(c) == digit || c == '$';
}
char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
}

bool equals_word(std::string_view text, std::string_view lower_word) {
  if (text.size() != lower_word.size()) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (lower(text[i]) != lower_word[i]) return false;
  }
  return true;
}

template <std::size_t N>
bool is_one_of(std::string_view text, const std::array<std::string_view, N>& words) {
  return std::any_of(words.begin(), words.end(), [&](std::string_view word) { return equals_word(text, word); });
}

/// Words after which a minus is a sign.
constexpr std::array<std::string_view, 16> kBeforeSign{"and",   "or",     "not",    "in",       "between", "like",
                                                       "limit", "offset", "select", "when",     "then",    "else",
                                                       "where", "by",     "set",    "returning"};
/// Words that nest the parse tree without a bracket.
constexpr std::array<std::string_view, 11> kNestingWords{"not",    "case", "when", "else",    "union", "intersect",
                                                         "except", "join", "is",   "collate", "at"};

std::uint64_t word_hash(std::string_view word, bool fold) {
  if (!fold) return hash_bytes(word, 1);
  std::array<char, 64> folded{};  // NAMEDATALEN is 64: longer names are cut by the server, and here only compared
  const std::size_t size = std::min(word.size(), folded.size());
  for (std::size_t i = 0; i < size; ++i) folded[i] = lower(word[i]);
  const std::uint64_t h = hash_bytes({folded.data(), size}, 1);
  return word.size() > size ? hash_bytes(word.substr(size), h) : h;
}

void append_utf8(std::string& out, std::uint32_t code) {
  if (code < 0x80) {
    out.push_back(static_cast<char>(code));
  } else if (code < 0x800) {
    out.push_back(static_cast<char>(0xC0 | (code >> 6)));
    out.push_back(static_cast<char>(0x80 | (code & 0x3F)));
  } else if (code < 0x10000) {
    out.push_back(static_cast<char>(0xE0 | (code >> 12)));
    out.push_back(static_cast<char>(0x80 | ((code >> 6) & 0x3F)));
    out.push_back(static_cast<char>(0x80 | (code & 0x3F)));
  } else {
    out.push_back(static_cast<char>(0xF0 | ((code >> 18) & 0x07)));
    out.push_back(static_cast<char>(0x80 | ((code >> 12) & 0x3F)));
    out.push_back(static_cast<char>(0x80 | ((code >> 6) & 0x3F)));
    out.push_back(static_cast<char>(0x80 | (code & 0x3F)));
  }
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (lower(c) >= 'a' && lower(c) <= 'f') return lower(c) - 'a' + 10;
  return -1;
}

/// Reads up to `most` digits of `base` at `i`, which moves past them.
std::uint32_t read_code(std::string_view s, std::size_t& i, std::size_t most, int base) {
  std::uint32_t code = 0;
  for (std::size_t n = 0; n < most && i < s.size(); ++n) {
    const int digit_value = hex_digit(s[i]);
    if (digit_value < 0 || digit_value >= base) break;
    code = code * static_cast<std::uint32_t>(base) + static_cast<std::uint32_t>(digit_value);
    ++i;
  }
  return code;
}

/// One escape of E'...'; `i` stands behind the backslash.
void append_escape(std::string& out, std::string_view s, std::size_t& i) {
  const char c = s[i];
  if (c >= '0' && c <= '7') {
    out.push_back(static_cast<char>(read_code(s, i, 3, 8)));
    return;
  }
  ++i;
  switch (c) {
    case 'b':
      out.push_back('\b');
      break;
    case 'f':
      out.push_back('\f');
      break;
    case 'n':
      out.push_back('\n');
      break;
    case 'r':
      out.push_back('\r');
      break;
    case 't':
      out.push_back('\t');
      break;
    case 'x':
      out.push_back(static_cast<char>(read_code(s, i, 2, 16)));
      break;
    case 'u':
      append_utf8(out, read_code(s, i, 4, 16));
      break;
    case 'U':
      append_utf8(out, read_code(s, i, 8, 16) & 0x1FFFFF);
      break;
    default:
      out.push_back(c);
      break;
  }
}

}  // namespace

std::string_view literal_value(std::string_view text, const LiteralSpan& literal, std::string& buffer) {
  std::string_view s = text.substr(literal.begin, literal.end - literal.begin);
  using enum LiteralSpan::Kind;
  switch (literal.kind) {
    case null:
      return {};
    case boolean:
      return equals_word(s, "true") ? "t" : "f";
    case number: {
      if (s.empty() || s[0] != '-' || s.size() < 2 || class_of(s[1]) != space) return s;
      buffer.assign(1, '-');
      buffer.append(s.substr(s.find_first_not_of(" \t\r\n\f\v", 1)));
      return buffer;
    }
    case dollar_string: {
      const std::size_t tag = s.find('$', 1);
      if (tag == std::string_view::npos) return {};
      s.remove_prefix(tag + 1);
      if (s.size() >= tag + 1) s.remove_suffix(tag + 1);
      return s;
    }
    case bit_string:
    case string:
    case escape_string:
      break;
  }
  const std::size_t quote = s.find('\'');
  if (quote == std::string_view::npos) return {};
  s.remove_prefix(quote + 1);
  if (!s.empty() && s.back() == '\'') s.remove_suffix(1);
  const bool escapes = literal.kind == escape_string;
  if (s.find('\'') == std::string_view::npos && (!escapes || s.find('\\') == std::string_view::npos)) return s;
  buffer.clear();
  for (std::size_t i = 0; i < s.size();) {
    const char c = s[i++];
    if (c == '\'' && i < s.size() && s[i] == '\'') ++i;
    if (c == '\\' && escapes && i < s.size()) {
      append_escape(buffer, s, i);
    } else {
      buffer.push_back(c);
    }
  }
  return buffer;
}

const Lexed& Lexer::lex(std::string_view text) {
  text_ = text.substr(0, 0xFFFFFFFE);
  position_ = 0;
  space_ = false;
  depth_ = 0;
  open_levels_ = 0;
  tokens_.clear();
  literals_.clear();
  levels_.assign(1, Level{});
  result_ = Lexed{};
  scan();
  end_item();
  while (!tokens_.empty() && tokens_.back().kind == Kind::semicolon) tokens_.pop_back();
  std::uint64_t h = 0;
  for (const Token& token : tokens_) h = mix(h, token.hash);
  result_.template_hash = mix(h, tokens_.size());
  result_.literals = literals_;
  if (!tokens_.empty() && tokens_.front().kind == Kind::word) {
    result_.first_word = text_.substr(tokens_.front().begin, tokens_.front().end - tokens_.front().begin);
  }
  return result_;
}

void Lexer::scan() {
  for (;;) {
    skip_space();
    if (position_ >= text_.size()) return;
    const char c = text_[position_];
    switch (class_of(c)) {
      case letter:
        word();
        break;
      case digit:
        number(static_cast<std::uint32_t>(position_));
        break;
      case op:
        operator_token();
        break;
      case space:
      case other:
        if (c == '\'') {
          string(static_cast<std::uint32_t>(position_), LiteralSpan::Kind::string);
        } else if (c == '"') {
          quoted_word();
        } else if (c == '$') {
          dollar();
        } else if (c == '.' && class_of(at(position_ + 1)) == digit) {
          number(static_cast<std::uint32_t>(position_));
        } else {
          punctuation();
        }
        break;
    }
  }
}

void Lexer::skip_space() {
  while (position_ < text_.size()) {
    const char c = text_[position_];
    if (class_of(c) == space) {
      ++position_;
    } else if (c == '-' && at(position_ + 1) == '-') {
      const std::size_t end = text_.find_first_of("\r\n", position_);
      position_ = end == std::string_view::npos ? text_.size() : end;
    } else if (c == '/' && at(position_ + 1) == '*') {
      std::size_t open = 1;
      position_ += 2;
      while (position_ < text_.size() && open > 0) {
        if (text_[position_] == '*' && at(position_ + 1) == '/') {
          --open;
          position_ += 2;
        } else if (text_[position_] == '/' && at(position_ + 1) == '*') {
          ++open;
          position_ += 2;
        } else {
          ++position_;
        }
      }
      position_ = std::min(position_, text_.size());
    } else {
      return;
    }
    space_ = true;
  }
}

void Lexer::push(Kind kind, std::uint32_t begin, std::uint64_t hash, std::uint32_t number) {
  Token token;
  token.hash = mix(hash, static_cast<std::uint64_t>(kind));
  token.begin = begin;
  token.end = static_cast<std::uint32_t>(position_);
  token.number = number;
  token.kind = kind;
  token.space_before = space_;
  space_ = false;
  tokens_.push_back(token);
}

void Lexer::literal(std::uint32_t begin, LiteralSpan::Kind kind) {
  literals_.push_back({begin, static_cast<std::uint32_t>(position_), kind});
  push(Kind::literal, begin, kLiteralHash, static_cast<std::uint32_t>(literals_.size() - 1));
}

void Lexer::word() {
  const auto begin = static_cast<std::uint32_t>(position_);
  const char first = lower(text_[position_]);
  if (at(position_ + 1) == '\'' && (first == 'e' || first == 'b' || first == 'x' || first == 'n')) {
    ++position_;
    using LiteralKind = LiteralSpan::Kind;
    string(begin, first == 'e'   ? LiteralKind::escape_string
                  : first == 'n' ? LiteralKind::string
                                 : LiteralKind::bit_string);
    return;
  }
  if (first == 'u' && at(position_ + 1) == '&' && at(position_ + 2) == '\'') {
    position_ += 2;
    string(begin, LiteralSpan::Kind::string);
    return;
  }
  while (position_ < text_.size() && is_word_byte(text_[position_])) ++position_;
  const std::string_view text = text_.substr(begin, position_ - begin);
  const bool constant = equals_word(text, "null") || equals_word(text, "true") || equals_word(text, "false");
  if (constant && !tokens_.empty()) {
    const Token& before = tokens_.back();
    const std::string_view word_before = text_.substr(before.begin, before.end - before.begin);
    const bool part_of_test =
        before.kind == Kind::word && (equals_word(word_before, "is") || equals_word(word_before, "not"));
    const bool name = before.kind == Kind::other && word_before == ".";
    if (!part_of_test && !name) {
      literal(begin, equals_word(text, "null") ? LiteralSpan::Kind::null : LiteralSpan::Kind::boolean);
      return;
    }
  }
  Level& level = levels_.back();
  if (level.values && !tokens_.empty() && tokens_.back().kind == Kind::close) {
    end_item();  // the last row: RETURNING, ON CONFLICT, ... follow
    level.values = false;
  }
  push(Kind::word, begin, word_hash(text, true));
  keyword(tokens_.back());
}

void Lexer::keyword(const Token& token) {
  const std::string_view text = text_.substr(token.begin, token.end - token.begin);
  Level& level = levels_.back();
  static constexpr std::array<std::string_view, 5> kListWords{"in", "any", "some", "all", "array"};
  level.after_list_word = is_one_of(text, kListWords);
  if (is_one_of(text, kNestingWords)) count_operator();
  if (equals_word(text, "by")) level.by = true;
  if (equals_word(text, "values")) {
    level.values = true;
    level.item = level.last_item = static_cast<std::uint32_t>(tokens_.size());
  }
}

void Lexer::quoted_word() {
  const auto begin = static_cast<std::uint32_t>(position_++);
  bool doubled = false;
  while (position_ < text_.size()) {
    if (text_[position_] == '"') {
      if (at(position_ + 1) != '"') break;
      doubled = true;
      ++position_;
    }
    ++position_;
  }
  const std::string_view name = text_.substr(begin + 1, position_ - begin - 1);
  position_ = std::min(position_ + 1, text_.size());
  // A quoted name that needs no quotes is the same name without.
  push(Kind::word, begin, doubled ? hash_bytes(name, 2) : word_hash(name, false));
  tokens_.back().kind = Kind::quoted_word;
}

void Lexer::number(std::uint32_t begin) {
  const std::size_t first_digit = position_;
  if (text_[position_] == '0' && (lower(at(position_ + 1)) == 'x' || lower(at(position_ + 1)) == 'o')) {
    position_ += 2;
    while (hex_digit(at(position_)) >= 0 && position_ < text_.size()) ++position_;
  } else {
    const auto digits = [&] {
      while (class_of(at(position_)) == digit) ++position_;
    };
    digits();
    if (at(position_) == '.' && at(position_ + 1) != '.') {
      ++position_;
      digits();
    }
    if (lower(at(position_)) == 'e') {
      const std::size_t sign = at(position_ + 1) == '+' || at(position_ + 1) == '-' ? 1 : 0;
      if (class_of(at(position_ + 1 + sign)) == digit) {
        position_ += 1 + sign;
        digits();
      }
    }
  }
  const bool after_by =
      !tokens_.empty() &&
      ((tokens_.back().kind == Kind::comma && levels_.back().by) ||
       (tokens_.back().kind == Kind::word &&
        equals_word(text_.substr(tokens_.back().begin, tokens_.back().end - tokens_.back().begin), "by")));
  if (after_by && begin == first_digit) {
    push(Kind::ordinal, begin, hash_bytes(text_.substr(begin, position_ - begin), 3));
    return;
  }
  literal(begin, LiteralSpan::Kind::number);
}

void Lexer::string(std::uint32_t begin, LiteralSpan::Kind kind) {
  ++position_;  // the quote
  while (position_ < text_.size()) {
    const char c = text_[position_];
    if (c == '\\' && kind == LiteralSpan::Kind::escape_string) {
      ++position_;
    } else if (c == '\'') {
      if (at(position_ + 1) != '\'') break;
      ++position_;
    }
    ++position_;
  }
  position_ = std::min(position_ + 1, text_.size());
  literal(begin, kind);
}

void Lexer::dollar() {
  const auto begin = static_cast<std::uint32_t>(position_);
  std::size_t i = position_ + 1;
  if (class_of(at(i)) == digit) {
    std::uint32_t n = 0;
    while (class_of(at(i)) == digit) {
      n = std::min<std::uint32_t>(n * 10 + static_cast<std::uint32_t>(at(i) - '0'), 65536);
      ++i;
    }
    position_ = i;
    if (n <= 65535) result_.parameters = std::max(result_.parameters, static_cast<int>(n));
    push(Kind::parameter, begin, kLiteralHash, n);
    tokens_.back().hash = mix(kLiteralHash, static_cast<std::uint64_t>(Kind::literal));
    return;
  }
  while (i < text_.size() && is_word_byte(text_[i]) && text_[i] != '$') ++i;
  if (at(i) != '$') {
    ++position_;
    push(Kind::other, begin, hash_bytes("$", 4));
    return;
  }
  const std::string_view tag = text_.substr(begin, i + 1 - begin);
  const std::size_t end = text_.find(tag, i + 1);
  position_ = end == std::string_view::npos ? text_.size() : end + tag.size();
  literal(begin, LiteralSpan::Kind::dollar_string);
}

bool Lexer::minus_is_sign() const {
  if (tokens_.empty()) return true;
  const Token& before = tokens_.back();
  switch (before.kind) {
    case Kind::operator_:
    case Kind::open:
    case Kind::comma:
    case Kind::semicolon:
      return true;
    case Kind::word:
      return is_one_of(text_.substr(before.begin, before.end - before.begin), kBeforeSign);
    case Kind::other:
      return text_[before.begin] == '[';
    case Kind::quoted_word:
    case Kind::literal:
    case Kind::ordinal:
    case Kind::parameter:
    case Kind::close:
    case Kind::ellipsis:
      return false;
  }
  return false;
}

void Lexer::operator_token() {
  const auto begin = static_cast<std::uint32_t>(position_);
  std::size_t end = position_;
  bool special = false;
  while (end < text_.size() && class_of(text_[end]) == op) {
    const char c = text_[end];
    const bool comment = (c == '-' && at(end + 1) == '-') || (c == '/' && at(end + 1) == '*');
    if (comment && end > position_) break;
    special = special || std::string_view("~!@#%^&|`?").find(c) != std::string_view::npos;
    ++end;
  }
  // A multi-character operator ends in + or - only if it holds one of the special characters (scan.l).
  while (end - position_ > 1 && !special && (text_[end - 1] == '+' || text_[end - 1] == '-')) --end;
  std::string_view name = text_.substr(position_, end - position_);
  if (name == "-" && minus_is_sign()) {
    std::size_t i = end;
    while (class_of(at(i)) == space) ++i;
    if (class_of(at(i)) == digit || (at(i) == '.' && class_of(at(i + 1)) == digit)) {
      position_ = i;
      number(begin);
      return;
    }
  }
  position_ = end;
  if (name == "!=") name = "<>";
  push(Kind::operator_, begin, hash_bytes(name, 5));
  count_operator();
}

void Lexer::count_operator() {
  ++levels_.back().operators;
  ++depth_;
  result_.nesting = std::max(result_.nesting, depth_);
}

void Lexer::punctuation() {
  const auto begin = static_cast<std::uint32_t>(position_++);
  const char c = text_[begin];
  switch (c) {
    case '(':
    case '[':
      open_bracket();
      break;
    case ')':
    case ']':
      close_bracket();
      break;
    case ',': {
      end_item();
      Level& level = levels_.back();
      if (open_levels_ == 0) {
        depth_ -= level.operators;
        level.operators = 0;
      }
      push(Kind::comma, begin, hash_bytes(",", 4));
      level.item = static_cast<std::uint32_t>(tokens_.size());
      break;
    }
    case ';':
      end_item();
      depth_ -= levels_.back().operators;
      levels_.back() = Level{};
      push(Kind::semicolon, begin, hash_bytes(";", 4));
      break;
    case '\0':
      result_.has_nul = true;
      [[fallthrough]];
    default:
      if (c == ':') {
        if (at(position_) == ':' || at(position_) == '=') ++position_;
        count_operator();
      }
      push(Kind::other, begin, hash_bytes(text_.substr(begin, position_ - begin), 4));
      break;
  }
}

void Lexer::open_bracket() {
  const auto begin = static_cast<std::uint32_t>(position_ - 1);
  const bool list = levels_.back().after_list_word;
  levels_.back().after_list_word = false;
  push(Kind::open, begin, hash_bytes(text_.substr(begin, 1), 4));
  ++depth_;
  result_.nesting = std::max(result_.nesting, depth_);
  if (levels_.size() >= kFollowedLevels) {
    ++open_levels_;
    return;
  }
  Level level;
  level.item = level.last_item = static_cast<std::uint32_t>(tokens_.size());
  level.list = list;
  levels_.push_back(level);
}

void Lexer::close_bracket() {
  end_item();
  if (open_levels_ > 0) {
    --open_levels_;
    --depth_;
  } else if (levels_.size() > 1) {
    depth_ -= levels_.back().operators + 1;
    levels_.pop_back();
  }
  const auto begin = static_cast<std::uint32_t>(position_ - 1);
  push(Kind::close, begin, hash_bytes(text_.substr(begin, 1), 4));
}

/// Drops the list item that ends here if it equals the one before, leaving one mark for all that were dropped.
void Lexer::end_item() {
  Level& level = levels_.back();
  if ((!level.list && !level.values) || open_levels_ > 0) return;
  const auto end = static_cast<std::uint32_t>(tokens_.size());
  if (level.item >= end) return;
  const std::uint32_t size = end - level.item;
  // Before `item` stand a comma and perhaps the mark; before those the item to compare with.
  std::uint32_t last_end = level.item;
  if (last_end > level.last_item && tokens_[last_end - 1].kind == Kind::comma) --last_end;
  bool marked = false;
  if (last_end > level.last_item && tokens_[last_end - 1].kind == Kind::ellipsis) {
    --last_end;
    marked = true;
  }
  if (level.item > level.last_item && last_end - level.last_item == size) {
    const auto same = [](const Token& a, const Token& b) { return a.hash == b.hash; };
    const auto constant = [](const Token& t) { return t.kind == Kind::literal || t.kind == Kind::parameter; };
    if (std::equal(tokens_.begin() + level.item, tokens_.end(), tokens_.begin() + level.last_item, same) &&
        std::any_of(tokens_.begin() + level.item, tokens_.end(), constant)) {
      tokens_.resize(last_end + (marked ? 1U : 0U));
      if (!marked) {
        push(Kind::ellipsis, static_cast<std::uint32_t>(position_), kEllipsisHash);
      }
      level.item = static_cast<std::uint32_t>(tokens_.size());
      return;
    }
  }
  level.last_item = level.item;
}

std::string Lexer::normalized() const {
  std::string out;
  out.reserve(text_.size());
  for (const Token& token : tokens_) {
    if (token.kind == Kind::ellipsis) {
      out += ", ...";
      continue;
    }
    if (token.space_before && !out.empty()) out.push_back(' ');
    if (token.kind == Kind::literal) {
      fmt::format_to(std::back_inserter(out), "${}", static_cast<std::uint32_t>(result_.parameters) + token.number + 1);
    } else {
      out += text_.substr(token.begin, token.end - token.begin);
    }
  }
  return out;
}

}  // namespace quell::sql
