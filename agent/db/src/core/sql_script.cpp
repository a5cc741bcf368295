#include <quell/db/sql_script.hpp>

#include <algorithm>
#include <cctype>

#include <fmt/format.h>

#include <quell/db/migrate.hpp>

namespace quell::db {
namespace {

constexpr std::string_view kDirective = "-- quell:";

bool is_space(char c) {
  return std::isspace(static_cast<unsigned char>(c)) != 0;
}
bool is_word(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || static_cast<unsigned char>(c) >= 0x80;
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

bool same_word(std::string_view word, std::string_view lower) {
  return std::equal(word.begin(), word.end(), lower.begin(), lower.end(), [](char a, char b) {
    return std::tolower(static_cast<unsigned char>(a)) == static_cast<unsigned char>(b);
  });
}

class Scanner {
 public:
  explicit Scanner(std::string_view sql) : sql_(sql) {}

  SqlScript run() {
    while (at_ < sql_.size()) step();
    end_statement();
    if (autocommit_) fail("an autocommit block is opened but not closed with '-- quell: end autocommit'");
    return std::move(script_);
  }

 private:
  static constexpr std::size_t kNone = std::string_view::npos;

  [[noreturn]] void fail(std::string_view what) const { throw MigrationError(fmt::format("line {}: {}", line_, what)); }
  [[nodiscard]] bool starts(std::string_view what) const { return sql_.substr(at_).starts_with(what); }
  void advance_to(std::size_t end) {
    end = std::min(end, sql_.size());
    line_ += static_cast<std::size_t>(std::count(sql_.begin() + static_cast<std::ptrdiff_t>(at_),
                                                 sql_.begin() + static_cast<std::ptrdiff_t>(end), '\n'));
    at_ = end;
  }

  void step() {
    const char c = sql_[at_];
    if (is_space(c)) return advance_to(at_ + 1);
    if (starts("--")) return line_comment();
    if (starts("/*")) return block_comment();
    if (c == ';' && depth_ == 0 && atomic_ == 0) {
      end_statement();
      return advance_to(at_ + 1);
    }
    if (begin_ == kNone) {
      begin_ = at_;
      begin_line_ = line_;
    }
    if (c == '\'') return quoted('\'', false);
    if (c == '"') return quoted('"', false);
    if (c == '$') return dollar();
    if (is_word(c)) return word();
    if (c == '(') ++depth_;
    if (c == ')' && depth_ > 0) --depth_;
    advance_to(at_ + 1);
    end_ = at_;
  }

  void line_comment() {
    const std::size_t end = std::min(sql_.find('\n', at_), sql_.size());
    const std::string_view comment = sql_.substr(at_, end - at_);
    const bool alone = trimmed(sql_.substr(sql_.rfind('\n', at_) + 1, at_ - (sql_.rfind('\n', at_) + 1))).empty();
    if (alone && comment.starts_with(kDirective)) directive(trimmed(comment.substr(kDirective.size())));
    advance_to(end);
  }

  void directive(std::string_view text) {
    if (text == "begin autocommit" || text == "end autocommit") {
      const bool begins = text.front() == 'b';
      if (begin_ != kNone) fail(fmt::format("'{}{}' cuts a statement", kDirective, text));
      if (begins == autocommit_)
        fail(begins ? "an autocommit block is opened inside of another" : "no autocommit block is open here");
      autocommit_ = begins;
      return;
    }
    script_.directives.push_back({text, line_, script_.statements.empty() && begin_ == kNone});
  }

  void block_comment() {
    std::size_t nesting = 0;
    std::size_t at = at_;
    do {
      const std::string_view two = sql_.substr(at, 2);
      if (two == "/*") {
        ++nesting;
        at += 2;
      } else if (two == "*/") {
        --nesting;
        at += 2;
      } else {
        ++at;
      }
    } while (nesting > 0 && at < sql_.size());
    advance_to(at);
  }

  /// A doubled quote ends one string and begins the next: the same to us.
  void quoted(char quote, bool backslashes) {
    std::size_t at = at_ + 1;
    while (at < sql_.size() && sql_[at] != quote) at += backslashes && sql_[at] == '\\' ? 2 : 1;
    advance_to(at + 1);
    end_ = at_;
  }

  /// $tag$ ... $tag$, or a parameter's dollar.
  void dollar() {
    std::size_t close = at_ + 1;
    while (close < sql_.size() && is_word(sql_[close])) ++close;
    const bool tag =
        close < sql_.size() && sql_[close] == '$' && std::isdigit(static_cast<unsigned char>(sql_[at_ + 1])) == 0;
    if (!tag) {
      advance_to(at_ + 1);
    } else {
      const std::string_view delimiter = sql_.substr(at_, close + 1 - at_);
      const std::size_t end = sql_.find(delimiter, close + 1);
      advance_to(end == kNone ? sql_.size() : end + delimiter.size());
    }
    end_ = at_;
  }

  void word() {
    std::size_t end = at_;
    while (end < sql_.size() && (is_word(sql_[end]) || sql_[end] == '$')) ++end;
    const std::string_view text = sql_.substr(at_, end - at_);
    if (same_word(text, "atomic") && last_word_is_begin_) {
      atomic_ = 1;
    } else if (atomic_ > 0 && (same_word(text, "case") || same_word(text, "begin"))) {
      ++atomic_;
    } else if (atomic_ > 0 && same_word(text, "end")) {
      --atomic_;
    }
    last_word_is_begin_ = same_word(text, "begin");
    advance_to(end);
    end_ = at_;
    if (same_word(text, "e") && at_ < sql_.size() && sql_[at_] == '\'') quoted('\'', true);
  }

  void end_statement() {
    if (begin_ != kNone) script_.statements.push_back({sql_.substr(begin_, end_ - begin_), begin_line_, autocommit_});
    begin_ = kNone;
    depth_ = 0;
    atomic_ = 0;
    last_word_is_begin_ = false;
  }

  std::string_view sql_;
  std::size_t at_ = 0;
  std::size_t line_ = 1;
  std::size_t begin_ = kNone;  ///< of the statement that is open
  std::size_t end_ = 0;        ///< of its last word
  std::size_t begin_line_ = 1;
  std::size_t depth_ = 0;   ///< open brackets
  std::size_t atomic_ = 0;  ///< open BEGIN ATOMIC, BEGIN and CASE
  bool last_word_is_begin_ = false;
  bool autocommit_ = false;
  SqlScript script_;
};

}  // namespace

SqlScript read_script(std::string_view sql) {
  return Scanner(sql).run();
}

std::vector<ScriptPart> parts_of(std::string_view sql, bool autocommit) {
  std::vector<ScriptPart> parts;
  const char* begin = nullptr;  // of the last part
  for (const auto& statement : read_script(sql).statements) {
    const bool alone = autocommit || statement.autocommit;
    if (!alone && !parts.empty() && !parts.back().autocommit) {
      // As it stands in the file, so that an error's position leads to its line.
      parts.back().text.assign(begin, statement.text.data() + statement.text.size());
      continue;
    }
    begin = statement.text.data();
    parts.push_back({std::string(statement.text), statement.line, alone});
  }
  return parts;
}

}  // namespace quell::db
